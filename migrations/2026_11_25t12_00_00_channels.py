"""Devices that take pushes, mailboxes, and the key that signs pushes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import run_statements

ID = "2026-11-25T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The ways to reach a person: push subscriptions and mailboxes."

# Two sessions never share a running subscription; an ended one may name the same address as the one that took its place.
FORWARDS = """
CREATE TABLE IF NOT EXISTS push_subscriptions (
    id UUID PRIMARY KEY,
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    session UUID NOT NULL UNIQUE REFERENCES sessions (id) ON DELETE CASCADE,
    endpoint VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    p256dh {bytes} NOT NULL,
    auth {bytes} NOT NULL,
    created_at {instant} NOT NULL,
    checked_at {instant} NOT NULL,
    accepted_at {instant},
    shown_at {instant},
    failing_since {instant},
    ended_at {instant},
    ended_why VARCHAR CHECK (ended_why IN ('gone', 'replaced', 'refused')),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
){narrow};
CREATE UNIQUE INDEX IF NOT EXISTS push_subscriptions_endpoint ON push_subscriptions (endpoint) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS push_subscriptions_account ON push_subscriptions (account);
CREATE TABLE IF NOT EXISTS push_keys (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    private_key {bytes} NOT NULL,
    created_at {instant} NOT NULL
);
CREATE TABLE IF NOT EXISTS mailboxes (
    account UUID PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    wanted BOOLEAN NOT NULL,
    confirmation_sent_at {instant},
    stopped_at {instant},
    refused_at {instant},
    refused_why VARCHAR
);
CREATE TABLE IF NOT EXISTS mail_tokens (
    token_hash {bytes} PRIMARY KEY,
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    purpose VARCHAR NOT NULL CHECK (purpose IN ('confirm', 'stop')),
    email VARCHAR NOT NULL,
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL
);
CREATE INDEX IF NOT EXISTS mail_tokens_account ON mail_tokens (account, purpose, created_at);
CREATE INDEX IF NOT EXISTS mail_tokens_expiry ON mail_tokens (expires_at);
"""

TABLES = ("mail_tokens", "mailboxes", "push_keys", "push_subscriptions")


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await run_statements(FORWARDS)

    async def drop() -> None:
        await run_statements(";".join(f"DROP TABLE IF EXISTS {table}" for table in TABLES))

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
