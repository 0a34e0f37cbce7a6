"""The feeds that calendars read."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import run_statements

ID = "2026-11-25T11:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A private calendar feed for each account that wants one."

FORWARDS = """
CREATE TABLE IF NOT EXISTS calendar_feeds (
    account UUID PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash {bytes} NOT NULL UNIQUE,
    wording VARCHAR NOT NULL CHECK (wording IN ('discreet', 'plain')),
    created_at {instant} NOT NULL,
    last_read_day {instant}
);
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await run_statements(FORWARDS)

    async def drop() -> None:
        await run_statements("DROP TABLE IF EXISTS calendar_feeds")

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
