"""The first tables: accounts, care, records."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import run_statements

ID = "2026-11-21T10:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Accounts with their keys and sessions; practices, invitations, relations; sealed records and the feed."

# {bytes} and {instant} are the engine's types; UUID is native on PostgreSQL and 16 bytes on SQLite.
FORWARDS = """
CREATE TABLE IF NOT EXISTS installation (name VARCHAR PRIMARY KEY, value {bytes} NOT NULL);

CREATE TABLE IF NOT EXISTS throttles (
    key {bytes} PRIMARY KEY, failures INTEGER NOT NULL, until {instant} NOT NULL, updated_at {instant} NOT NULL
);
CREATE INDEX IF NOT EXISTS throttles_updated_at ON throttles (updated_at);

CREATE TABLE IF NOT EXISTS accounts (
    id UUID PRIMARY KEY,
    role VARCHAR NOT NULL CHECK (role IN ('patient', 'therapist')),
    email VARCHAR NOT NULL UNIQUE,
    email_verified_at {instant},
    gen INTEGER NOT NULL CHECK (gen >= 1),
    locale VARCHAR NOT NULL,
    time_zone VARCHAR NOT NULL,
    settings_record UUID,
    ledger_record UUID,
    created_at {instant} NOT NULL
);
CREATE TABLE IF NOT EXISTS counters (
    account UUID PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE, value BIGINT NOT NULL
){narrow};
CREATE TABLE IF NOT EXISTS identities (
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key_id VARCHAR NOT NULL,
    public_key {bytes} NOT NULL,
    private_sealed {bytes} NOT NULL,
    gen INTEGER NOT NULL,
    current BOOLEAN NOT NULL,
    created_at {instant} NOT NULL,
    PRIMARY KEY (account, key_id)
);
CREATE TABLE IF NOT EXISTS key_slots (
    id UUID PRIMARY KEY,
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    method VARCHAR NOT NULL CHECK (method IN ('passphrase', 'recovery', 'passkey')),
    params TEXT NOT NULL,
    gen INTEGER NOT NULL,
    sealed {bytes} NOT NULL,
    auth_hash {bytes},
    created_at {instant} NOT NULL
);
CREATE INDEX IF NOT EXISTS key_slots_account ON key_slots (account, method);
CREATE TABLE IF NOT EXISTS sessions (
    id UUID PRIMARY KEY,
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash {bytes} NOT NULL UNIQUE,
    label VARCHAR NOT NULL,
    created_at {instant} NOT NULL,
    seen_at {instant} NOT NULL,
    proved_at {instant} NOT NULL,
    expires_at {instant} NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_account ON sessions (account);
CREATE INDEX IF NOT EXISTS sessions_expires_at ON sessions (expires_at);

CREATE TABLE IF NOT EXISTS practices (
    id UUID PRIMARY KEY,
    name VARCHAR NOT NULL,
    phone VARCHAR NOT NULL,
    emergency_number VARCHAR NOT NULL,
    reading_line VARCHAR NOT NULL,
    time_zone VARCHAR NOT NULL,
    created_at {instant} NOT NULL
);
CREATE TABLE IF NOT EXISTS first_therapist_links (
    token_hash {bytes} PRIMARY KEY,
    practice UUID NOT NULL REFERENCES practices (id) ON DELETE CASCADE,
    expires_at {instant} NOT NULL,
    used_by UUID
);
CREATE TABLE IF NOT EXISTS memberships (
    practice UUID NOT NULL REFERENCES practices (id) ON DELETE CASCADE,
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    since {instant} NOT NULL,
    PRIMARY KEY (practice, account)
);
CREATE INDEX IF NOT EXISTS memberships_account ON memberships (account);
CREATE TABLE IF NOT EXISTS relations (
    patient UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    therapist UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    since {instant} NOT NULL,
    ended_at {instant},
    ended_by UUID,
    closes_at {instant},
    PRIMARY KEY (patient, therapist)
);
CREATE INDEX IF NOT EXISTS relations_therapist ON relations (therapist);
CREATE INDEX IF NOT EXISTS relations_closing ON relations (closes_at) WHERE closes_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS invitations (
    id UUID PRIMARY KEY,
    inviter UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    practice UUID NOT NULL REFERENCES practices (id) ON DELETE CASCADE,
    redeem_hash {bytes} NOT NULL,
    inviter_tag {bytes} NOT NULL,
    inviter_card {bytes} NOT NULL,
    inviter_key {bytes} NOT NULL,
    adult_confirmed_at {instant} NOT NULL,
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    withdrawn_at {instant},
    invitee UUID,
    invitee_tag {bytes},
    invitee_card {bytes},
    answered_at {instant}
);
CREATE INDEX IF NOT EXISTS invitations_inviter ON invitations (inviter);

CREATE TABLE IF NOT EXISTS records (
    id UUID PRIMARY KEY,
    owner UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    about UUID,
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    head {bytes} NOT NULL,
    created_at {instant} NOT NULL,
    changed_at {instant} NOT NULL,
    tombstone {bytes}
);
CREATE INDEX IF NOT EXISTS records_owner ON records (owner);
CREATE INDEX IF NOT EXISTS records_about ON records (about) WHERE about IS NOT NULL;
CREATE TABLE IF NOT EXISTS revisions (
    record UUID NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    owner UUID NOT NULL,
    epoch INTEGER NOT NULL,
    request UUID NOT NULL,
    base {bytes},
    body {bytes} NOT NULL,
    size INTEGER NOT NULL,
    proof {bytes} NOT NULL,
    saved_at {instant} NOT NULL,
    PRIMARY KEY (record, revision)
);
CREATE UNIQUE INDEX IF NOT EXISTS revisions_request ON revisions (owner, request);
CREATE INDEX IF NOT EXISTS revisions_saved_at ON revisions (saved_at);
CREATE TABLE IF NOT EXISTS wraps (
    record UUID NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    gen INTEGER NOT NULL,
    wrapped {bytes} NOT NULL,
    PRIMARY KEY (record, epoch)
);
CREATE TABLE IF NOT EXISTS grants (
    record UUID NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    grantee UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    attention SMALLINT NOT NULL CHECK (attention BETWEEN 0 AND 2),
    sealed {bytes} NOT NULL,
    granted_at {instant} NOT NULL,
    PRIMARY KEY (record, grantee)
);
CREATE INDEX IF NOT EXISTS grants_grantee ON grants (grantee);
CREATE TABLE IF NOT EXISTS readings (
    record UUID NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    reader UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    read_at {instant},
    read_revision INTEGER,
    reviewed_at {instant},
    reviewed_revision INTEGER,
    PRIMARY KEY (record, reader)
);
CREATE INDEX IF NOT EXISTS readings_reader ON readings (reader);
CREATE TABLE IF NOT EXISTS changes (
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    record UUID NOT NULL,
    counter BIGINT NOT NULL,
    PRIMARY KEY (account, record)
);
CREATE UNIQUE INDEX IF NOT EXISTS changes_counter ON changes (account, counter);
"""

TABLES = (
    "changes", "readings", "grants", "wraps", "revisions", "records", "invitations", "relations", "memberships",
    "first_therapist_links", "practices", "sessions", "key_slots", "identities", "counters", "accounts", "throttles", "installation",
)  # fmt: skip


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await run_statements(FORWARDS)

    async def drop() -> None:
        await run_statements(";".join(f"DROP TABLE IF EXISTS {table}" for table in TABLES))

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
