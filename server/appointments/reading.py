"""What people see of appointments: their list, one appointment's history."""

from collections.abc import Sequence
from uuid import UUID

from server import database
from server.appointments.errors import NoSuchAppointment
from server.appointments.structs import AppointmentChangeView, AppointmentView
from server.clock import DAY, to_datetime
from server.web.access import Caller, Role

SHOWN_AFTERWARDS = 396 * DAY
"""13 months."""


def appointment_view(row: database.Row) -> AppointmentView:
    """Make what both sides see of an appointment from its row."""
    return AppointmentView(
        id=row["id"], therapist=row["therapist"], patient=row["patient"], practice=row["practice"], kind=row["kind"],
        starts=row["starts_wall"], zone=row["zone"], starts_at=to_datetime(row["starts_at"]), minutes=row["minutes"],
        state=row["state"], series=row["series"], details=row["details"], version=row["version"],
        changed=to_datetime(row["changed_at"]),
    )  # fmt: skip


async def appointments_of(account: UUID, role: Role, now: int) -> list[AppointmentView]:
    """List the appointments of an account from 13 months ago on, in order of start; one statement, by index."""
    rows = await database.fetch(
        f"SELECT * FROM appointments WHERE {role} = $1 AND starts_at >= $2 ORDER BY starts_at, id",
        account, now - SHOWN_AFTERWARDS,
    )  # fmt: skip
    return [appointment_view(row) for row in rows]


async def appointment_of(caller: Caller, appointment: UUID) -> AppointmentView:
    """Give one appointment of the caller's; raises NoSuchAppointment."""
    row = await database.fetch_one(
        f"SELECT * FROM appointments WHERE id = $1 AND {caller.role} = $2", appointment, caller.account
    )
    if row is None:
        raise NoSuchAppointment
    return appointment_view(row)


async def history(caller: Caller, appointment: UUID) -> list[AppointmentChangeView]:
    """List what happened to an appointment of the caller's, the newest first; raises NoSuchAppointment."""
    rows = await database.fetch(
        "SELECT c.* FROM appointments a JOIN appointment_changes c ON c.appointment = a.id "
        f"WHERE a.id = $1 AND a.{caller.role} = $2 ORDER BY c.version DESC",
        appointment, caller.account,
    )  # fmt: skip
    if not rows:
        raise NoSuchAppointment
    return [
        AppointmentChangeView(
            version=row["version"], by=row["changed_by"], at=to_datetime(row["changed_at"]), what=row["what"],
            starts=row["starts_wall"], zone=row["zone"], minutes=row["minutes"], state=row["state"],
        )
        for row in rows
    ]  # fmt: skip


async def times_of(account: UUID, since: int) -> list[database.Row]:
    """Return the times of an account's appointments from `since` on: id, kind, starts_at, minutes, state, and `generation`.

    The generation counts the times that an appointment has had: 1, and one more with each move or reopening. One statement.
    """
    return await database.fetch(
        "SELECT a.id, a.kind, a.starts_at, a.minutes, a.state, 1 + (SELECT COUNT(*) FROM appointment_changes c "
        "WHERE c.appointment = a.id AND c.what IN ('moved', 'reopened')) AS generation "
        "FROM appointments a WHERE (a.patient = $1 OR a.therapist = $1) AND a.starts_at >= $2",
        account, since,
    )  # fmt: skip


async def subjects_of(appointments: Sequence[UUID]) -> list[database.Row]:
    """Return appointments of whomever by id, for what runs on its own: no request asks for these. One statement."""
    table, values = database.as_table("w", {"id": "uuid"}, [(one,) for one in appointments], first=1)
    return await database.fetch(f"SELECT a.* FROM appointments a JOIN {table} ON w.id = a.id", *values)


async def unconfirmed_of(therapists: Sequence[UUID], since: int, until: int) -> dict[UUID, int]:
    """Count each therapist's sessions between two instants that wait for the patient's answer, or for another time."""
    table, values = database.as_table("w", {"id": "uuid"}, [(one,) for one in therapists], first=3)
    rows = await database.fetch(
        f"SELECT a.therapist, COUNT(*) AS sessions FROM appointments a JOIN {table} ON w.id = a.therapist "
        "WHERE a.starts_at BETWEEN $1 AND $2 AND a.state IN ('proposed', 'change-requested') GROUP BY a.therapist",
        since, until, *values,
    )  # fmt: skip
    return {row["therapist"]: row["sessions"] for row in rows}


async def standing_of(patient: UUID, appointment: UUID) -> database.Row | None:
    """Return where a patient's appointment stands, with its `generation` as in `times_of`; None where there is none."""
    return await database.fetch_one(
        "SELECT a.*, 1 + (SELECT COUNT(*) FROM appointment_changes c WHERE c.appointment = a.id "
        "AND c.what IN ('moved', 'reopened')) AS generation FROM appointments a WHERE a.id = $1 AND a.patient = $2",
        appointment, patient,
    )  # fmt: skip
