"""Booking: one appointment or a whole series, all of it or nothing."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from server import database
from server.appointments.changing import note
from server.appointments.errors import AppointmentTaken, NotARelation
from server.appointments.reading import appointment_view
from server.appointments.structs import AppointmentView, NewAppointment
from server.appointments.walltime import instant_of
from server.care.practices import practice_of
from server.care.relations import active_partners
from server.web.access import Caller
from server.web.messages import Malformed


def check_each_once(appointments: Sequence[UUID]) -> None:
    """Raise Malformed when an id stands twice in one request."""
    if len(set(appointments)) != len(appointments):
        raise Malformed("An appointment stands in a request once.")


async def book(caller: Caller, new: Sequence[NewAppointment], now: int) -> list[AppointmentView]:
    """Book appointments of a therapist in one transaction; repeating it books once and answers the same.

    A start may lie in the past: a session that was held can be noted later. Costs about six statements, however many there
    are. Raises UnknownTimeZone, NoSuchTime, AppointmentTaken, NotARelation, and Malformed for an id that stands twice.
    """
    check_each_once([one.id for one in new])
    starts = {one.id: instant_of(one.starts, one.zone) for one in new}
    practice = await practice_of(caller.account)
    return await database.in_transaction(partial(_book, caller, new, starts, practice, now))


async def _book(
    caller: Caller, new: Sequence[NewAppointment], starts: Mapping[UUID, int], practice: UUID, now: int
) -> list[AppointmentView]:
    partners = await active_partners(caller.account, sorted({one.patient for one in new}))
    there = await database.fetch(
        f"SELECT * FROM appointments WHERE id IN ({database.parameters(1, len(new))})", *(one.id for one in new)
    )
    rows = {row["id"]: row for row in there}
    if any(one.id in rows and not _is_same(caller, one, rows[one.id]) for one in new):
        raise AppointmentTaken
    # What was booked before is answered as it was, even if the relation has ended since.
    missing = [one for one in new if one.id not in rows]
    if any(one.patient not in partners for one in missing):
        raise NotARelation
    if missing:
        made = await _insert(caller.account, missing, starts, practice, now)
        await note(made, "booked", caller.account)
        rows |= {row["id"]: row for row in made}
    return [appointment_view(rows[one.id]) for one in new]


def _is_same(caller: Caller, new: NewAppointment, row: database.Row) -> bool:
    """Tell whether an appointment is the one being booked, untouched since."""
    wanted = (caller.account, new.patient, new.kind, new.starts, new.zone, new.minutes, new.series, new.details, 1)
    names = ("therapist", "patient", "kind", "starts_wall", "zone", "minutes", "series", "details", "version")
    return wanted == tuple(row[name] for name in names)


async def _insert(
    therapist: UUID, new: Sequence[NewAppointment], starts: Mapping[UUID, int], practice: UUID, now: int
) -> list[database.Row]:
    # In id order: two requests with the same ids then wait for each other rather than lock each other out.
    values = [
        (
            one.id, therapist, one.patient, practice, one.kind, one.starts, one.zone, starts[one.id], one.minutes, "proposed",
            one.series, one.details, 1, now,
        )
        for one in sorted(new, key=lambda one: one.id)
    ]  # fmt: skip
    made = await database.fetch(
        "INSERT INTO appointments (id, therapist, patient, practice, kind, starts_wall, zone, starts_at, minutes, state, series, "
        f"details, version, changed_at) VALUES {database.value_rows(values)} ON CONFLICT DO NOTHING RETURNING *",
        *(value for row_of in values for value in row_of),
    )
    if len(made) != len(new):
        raise database.TryAgain("an appointment with one of these ids was booked since the look-up")
    return made
