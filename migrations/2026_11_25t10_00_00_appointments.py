"""Appointments and what happened to them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from migrations.engines import run_statements

ID = "2026-11-25T10:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Sessions in the calendar, with the history of each."

FORWARDS = """
CREATE TABLE IF NOT EXISTS appointments (
    id UUID PRIMARY KEY,
    therapist UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    patient UUID NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    practice UUID NOT NULL REFERENCES practices (id) ON DELETE CASCADE,
    kind VARCHAR NOT NULL CHECK (kind IN ('preparation', 'dosing', 'integration', 'check-in')),
    starts_wall VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    starts_at {instant} NOT NULL,
    minutes INTEGER NOT NULL CHECK (minutes BETWEEN 5 AND 1440),
    state VARCHAR NOT NULL CHECK (state IN ('proposed', 'confirmed', 'change-requested', 'cancelled', 'fulfilled', 'missed')),
    series UUID,
    details UUID,
    version INTEGER NOT NULL CHECK (version >= 1),
    changed_at {instant} NOT NULL
);
CREATE INDEX IF NOT EXISTS appointments_patient ON appointments (patient, starts_at);
CREATE INDEX IF NOT EXISTS appointments_therapist ON appointments (therapist, starts_at);
CREATE TABLE IF NOT EXISTS appointment_changes (
    appointment UUID NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    changed_by UUID NOT NULL,
    changed_at {instant} NOT NULL,
    what VARCHAR NOT NULL CHECK (what IN
        ('booked', 'moved', 'confirmed', 'change-requested', 'cancelled', 'fulfilled', 'missed', 'reopened')),
    starts_wall VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    minutes INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    PRIMARY KEY (appointment, version)
);
"""

TABLES = ("appointment_changes", "appointments")


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="aftertide", description=DESCRIPTION)

    async def make() -> None:
        await run_statements(FORWARDS)

    async def drop() -> None:
        await run_statements(";".join(f"DROP TABLE IF EXISTS {table}" for table in TABLES))

    manager.add_raw(make)
    manager.add_raw_backwards(drop)
    return manager
