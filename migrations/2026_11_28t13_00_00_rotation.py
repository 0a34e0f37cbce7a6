"""Rotation: keys to come, and what is being made anew under them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import add_column, run_statements

ID = "2026-11-28T13:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An account's rotation that has begun, and beside each key and proof the one made anew for it."

FORWARDS = """
CREATE TABLE IF NOT EXISTS rotations (
    account UUID PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    gen INTEGER NOT NULL,
    previous {bytes} NOT NULL,
    key_id VARCHAR NOT NULL,
    public_key {bytes} NOT NULL,
    private_sealed {bytes} NOT NULL,
    started_at {instant} NOT NULL
)
"""
RENEWED = ("wraps", "revisions", "records", "identities")


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await run_statements(FORWARDS)
        for table in RENEWED:
            await add_column(table, "renewed", "{bytes}")

    async def drop() -> None:
        await run_statements("DROP TABLE IF EXISTS rotations")
        for table in RENEWED:
            await run_statements(f"ALTER TABLE {table} DROP COLUMN renewed")

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
