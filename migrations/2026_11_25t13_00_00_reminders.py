"""Reminders: what people want to be told, what is planned, and what became of it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import run_statements

ID = "2026-11-25T13:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Rules, planned reminders, settled ones, and every attempt to deliver one."

FORWARDS = """
CREATE TABLE IF NOT EXISTS reminder_settings (
    account UUID PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    version INTEGER NOT NULL CHECK (version >= 1),
    quiet_from VARCHAR,
    quiet_to VARCHAR,
    wording VARCHAR NOT NULL CHECK (wording IN ('discreet', 'plain')),
    buttons BOOLEAN NOT NULL,
    days_off INTEGER NOT NULL CHECK (days_off BETWEEN 0 AND 127),
    answers_since {instant},
    planned_until {instant},
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);
CREATE INDEX IF NOT EXISTS reminder_settings_planned ON reminder_settings (planned_until);
CREATE TABLE IF NOT EXISTS reminder_rules (
    id UUID PRIMARY KEY,
    account UUID NOT NULL REFERENCES reminder_settings (account) ON DELETE CASCADE,
    kind VARCHAR NOT NULL CHECK (kind IN
        ('session', 'step', 'change', 'first-words', 'next-morning', 'nudge', 'measure', 'answers', 'digest', 'read-soon')),
    days INTEGER,
    minutes INTEGER,
    clock VARCHAR,
    weekdays INTEGER
);
CREATE INDEX IF NOT EXISTS reminder_rules_account ON reminder_rules (account);
CREATE TABLE IF NOT EXISTS reminder_steps (
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    appointment UUID NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    step UUID NOT NULL,
    days INTEGER NOT NULL,
    clock VARCHAR NOT NULL,
    PRIMARY KEY (appointment, account, step)
);
CREATE TABLE IF NOT EXISTS reminders (
    id UUID PRIMARY KEY,
    account UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind VARCHAR NOT NULL,
    appointment UUID,
    generation INTEGER,
    due_at {instant} NOT NULL,
    useful_until {instant} NOT NULL,
    rank INTEGER NOT NULL,
    channel VARCHAR NOT NULL CHECK (channel IN ('push', 'mail', 'close')),
    state VARCHAR NOT NULL CHECK (state IN ('planned', 'sending', 'sent')),
    next_at {instant} NOT NULL,
    lease UUID,
    worker UUID,
    crashes INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    why VARCHAR
);
CREATE INDEX IF NOT EXISTS reminders_due ON reminders (channel, rank, next_at);
CREATE INDEX IF NOT EXISTS reminders_account ON reminders (account);
CREATE TABLE IF NOT EXISTS settled_reminders (
    id UUID PRIMARY KEY,
    account UUID NOT NULL,
    kind VARCHAR NOT NULL,
    appointment UUID,
    generation INTEGER,
    due_at {instant} NOT NULL,
    outcome VARCHAR NOT NULL CHECK (outcome IN ('delivered', 'not-wanted', 'failed')),
    channel VARCHAR,
    why VARCHAR,
    settled_at {instant} NOT NULL
);
CREATE INDEX IF NOT EXISTS settled_reminders_account ON settled_reminders (account, due_at);
CREATE INDEX IF NOT EXISTS settled_reminders_settled ON settled_reminders (settled_at);
CREATE TABLE IF NOT EXISTS deliveries (
    id UUID PRIMARY KEY,
    reminder UUID NOT NULL,
    account UUID NOT NULL,
    channel VARCHAR NOT NULL CHECK (channel IN ('push', 'mail')),
    subscription UUID,
    token_hash {bytes} UNIQUE,
    attempted_at {instant} NOT NULL,
    result VARCHAR,
    why VARCHAR,
    result_at {instant},
    shown_at {instant},
    snoozed_at {instant}
);
CREATE INDEX IF NOT EXISTS deliveries_reminder ON deliveries (reminder);
CREATE INDEX IF NOT EXISTS deliveries_account ON deliveries (account);
CREATE INDEX IF NOT EXISTS deliveries_attempted ON deliveries (attempted_at);
"""

TABLES = ("deliveries", "settled_reminders", "reminders", "reminder_steps", "reminder_rules", "reminder_settings")


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await run_statements(FORWARDS)

    async def drop() -> None:
        await run_statements(";".join(f"DROP TABLE IF EXISTS {table}" for table in TABLES))

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
