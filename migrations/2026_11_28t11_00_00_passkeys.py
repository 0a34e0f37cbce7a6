"""Passkeys, and the challenges that they sign."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import run_statements

ID = "2026-11-28T11:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Passkeys, each with the key slot that it opens, and challenges."

FORWARDS = """
CREATE TABLE IF NOT EXISTS passkeys (
    id UUID PRIMARY KEY,
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    slot UUID UNIQUE REFERENCES key_slots (id) ON DELETE SET NULL,
    credential_id {bytes} NOT NULL UNIQUE,
    public_key {bytes} NOT NULL,
    sign_count BIGINT NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backed_up BOOLEAN NOT NULL,
    transports VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    created_at {instant} NOT NULL,
    last_used_at {instant},
    copied_at {instant}
);
CREATE INDEX IF NOT EXISTS passkeys_account ON passkeys (account);
CREATE TABLE IF NOT EXISTS passkey_challenges (hash {bytes} PRIMARY KEY, expires_at {instant} NOT NULL);
CREATE INDEX IF NOT EXISTS passkey_challenges_expires_at ON passkey_challenges (expires_at);
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await run_statements(FORWARDS)

    async def drop() -> None:
        await run_statements("DROP TABLE IF EXISTS passkey_challenges; DROP TABLE IF EXISTS passkeys")

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
