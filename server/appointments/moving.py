"""Moving: another time for one appointment or the rest of a series, all of it or nothing."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from server import database
from server.appointments.booking import check_each_once
from server.appointments.changing import OPEN, hold, note
from server.appointments.errors import NotARelation, StaleAppointment, WrongState
from server.appointments.reading import appointment_view
from server.appointments.structs import AppointmentView, Move
from server.appointments.walltime import instant_of
from server.web.access import Caller


async def move(caller: Caller, moves: Sequence[Move], now: int) -> list[AppointmentView]:
    """Move appointments of a therapist in one transaction; each is `proposed` again. Repeating it moves once.

    Costs about five statements and one more for each appointment. Raises NoSuchAppointment, StaleAppointment and WrongState
    (with where the first such appointment stands), NotARelation, UnknownTimeZone, NoSuchTime, and Malformed for an id that
    stands twice.
    """
    check_each_once([one.id for one in moves])
    starts = {one.id: instant_of(one.starts, one.zone) for one in moves}
    return await database.in_transaction(partial(_move, caller, moves, starts, now))


async def _move(caller: Caller, moves: Sequence[Move], starts: Mapping[UUID, int], now: int) -> list[AppointmentView]:
    rows, partners = await hold(caller, [one.id for one in moves])
    wanted = []
    for one in moves:
        row = rows[one.id]
        if row["version"] != one.version:
            if not await _was_done(one):
                raise StaleAppointment(current=appointment_view(row))
            continue
        if row["state"] not in OPEN:
            raise WrongState(current=appointment_view(row))
        if row["patient"] not in partners:
            raise NotARelation
        wanted.append(one)
    moved = [await _write(one, starts[one.id], now) for one in wanted]
    await note(moved, "moved", caller.account)
    rows |= {row["id"]: row for row in moved}
    return [appointment_view(rows[one.id]) for one in moves]


async def _was_done(move: Move) -> bool:
    """Tell whether this very move made the version after the one that it names: its answer was lost, and it is sent again."""
    row = await database.fetch_one(
        "SELECT 1 AS one FROM appointment_changes WHERE appointment = $1 AND version = $2 AND what = 'moved' "
        "AND starts_wall = $3 AND zone = $4 AND minutes = $5",
        move.id, move.version + 1, move.starts, move.zone, move.minutes,
    )  # fmt: skip
    return row is not None


async def _write(move: Move, starts_at: int, now: int) -> database.Row:
    rows = await database.fetch(
        "UPDATE appointments SET starts_wall = $2, zone = $3, starts_at = $4, minutes = $5, state = 'proposed', "
        "version = version + 1, changed_at = $6 WHERE id = $1 RETURNING *",
        move.id, move.starts, move.zone, starts_at, move.minutes, now,
    )  # fmt: skip
    return rows[0]
