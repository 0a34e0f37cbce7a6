"""Patients invite, too, when they reconnect with a therapist: nobody confirms then that somebody is an adult."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import drop_not_null

ID = "2026-11-28T14:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An invitation that a patient makes has no adult_confirmed_at."


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await drop_not_null("invitations", "adult_confirmed_at", "{instant}")

    manager.add_raw(make)
    return manager
