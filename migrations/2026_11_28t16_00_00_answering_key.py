"""The key that answered an invitation, as it was then: the account may have another one by the time it is looked at."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import add_column, run_statements

ID = "2026-11-28T16:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An answered invitation keeps the public key that its answer is about."


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        # Of answers from before nobody knows.
        await add_column("invitations", "invitee_key", "{bytes}")

    async def drop() -> None:
        await run_statements("ALTER TABLE invitations DROP COLUMN invitee_key")

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
