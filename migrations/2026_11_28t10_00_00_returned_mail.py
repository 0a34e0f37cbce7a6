"""Mail that comes back: by when a mailbox was last known to be read."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import add_column, run_statements

ID = "2026-11-28T10:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "When the letter was sent by which a mailbox was last confirmed."


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await add_column("mailboxes", "reached_at", "{instant}")

    async def drop() -> None:
        await run_statements("ALTER TABLE mailboxes DROP COLUMN reached_at")

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
