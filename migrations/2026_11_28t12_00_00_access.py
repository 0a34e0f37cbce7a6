"""Which way each session was opened, and how often an account's ways in have changed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import add_column, run_statements

ID = "2026-11-28T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The way by which a session was opened, its passkey, and a count of changes of key slots and sessions."


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await add_column("accounts", "access_version", "INTEGER NOT NULL DEFAULT 0")
        # Of sessions from before nobody knows.
        await add_column("sessions", "method", "VARCHAR")
        # No reference: a session keeps which passkey opened it when that is gone.
        await add_column("sessions", "passkey", "UUID")
        await run_statements(
            "CREATE INDEX IF NOT EXISTS sessions_passkey ON sessions (passkey) WHERE passkey IS NOT NULL"
        )

    async def drop() -> None:
        await run_statements(
            "DROP INDEX IF EXISTS sessions_passkey; ALTER TABLE sessions DROP COLUMN passkey; "
            "ALTER TABLE sessions DROP COLUMN method; ALTER TABLE accounts DROP COLUMN access_version"
        )

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
