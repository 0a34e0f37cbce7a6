"""What the two sides say of an appointment: the patient's answer to its time, the therapist's word on what became of it."""

from functools import partial
from uuid import UUID

from server import database
from server.appointments.changing import OPEN, Side, hold, set_state
from server.appointments.errors import AlreadyBegun, NotARelation, NotBegun, StaleAppointment, WrongState
from server.appointments.reading import appointment_view
from server.appointments.structs import Answered, AppointmentView, Outcome, PatientsAnswer, State
from server.web.access import Caller

ANSWERS: dict[str, Answered] = {"confirm": "confirmed", "ask-for-another-time": "change-requested"}


async def answer(caller: Side, appointment: UUID, said: PatientsAnswer, now: int) -> AppointmentView:
    """Confirm the time of an appointment, or ask for another one; the same answer to the same version counts once.

    A version before the last move is stale, so that nobody confirms a time that they haven't seen. One between it and the
    present counts: the time is the same. Raises NoSuchAppointment, StaleAppointment and WrongState (with where it stands),
    AlreadyBegun, NotARelation.
    """
    return await database.in_transaction(partial(_answer, caller, appointment, said, now))


async def _answer(caller: Side, appointment: UUID, said: PatientsAnswer, now: int) -> AppointmentView:
    rows, partners = await hold(caller, [appointment])
    row, wanted = rows[appointment], ANSWERS[said.answer]
    since = await _since(appointment, said.version)
    if said.version > row["version"] or "moved" in since:
        raise StaleAppointment(current=appointment_view(row))
    if row["state"] == wanted or wanted in since:  # it is so, or this very answer is sent again
        return appointment_view(row)
    if row["state"] not in OPEN:
        raise WrongState(current=appointment_view(row))
    if row["starts_at"] <= now:
        raise AlreadyBegun
    if row["therapist"] not in partners:
        raise NotARelation
    return appointment_view(await set_state(appointment, wanted, wanted, caller.account, now))


async def _since(appointment: UUID, version: int) -> list[str]:
    """Return what was done to an appointment after a version, in order."""
    rows = await database.fetch(
        "SELECT what FROM appointment_changes WHERE appointment = $1 AND version > $2 ORDER BY version",
        appointment,
        version,
    )
    return [row["what"] for row in rows]


async def settle(caller: Caller, appointment: UUID, said: Outcome, now: int) -> AppointmentView:
    """Say what became of an appointment, or undo that; the same outcome for the same version counts once.

    Only what has begun was held or missed. What is undone is `proposed` again; what still lies ahead only while the
    relation runs. Raises NoSuchAppointment, StaleAppointment and WrongState (with where it stands), NotBegun, NotARelation.
    """
    return await database.in_transaction(partial(_settle, caller, appointment, said, now))


async def _settle(caller: Caller, appointment: UUID, said: Outcome, now: int) -> AppointmentView:
    rows, partners = await hold(caller, [appointment])
    row, outcome = rows[appointment], said.outcome
    if row["version"] != said.version:
        if (await _since(appointment, said.version))[:1] == [outcome]:  # sent again
            return appointment_view(row)
        raise StaleAppointment(current=appointment_view(row))
    if row["state"] == outcome:
        return appointment_view(row)
    if (row["state"] in OPEN) is (outcome == "reopened"):
        raise WrongState(current=appointment_view(row))
    if outcome in ("fulfilled", "missed") and row["starts_at"] > now:
        raise NotBegun
    if outcome == "reopened" and row["starts_at"] > now and row["patient"] not in partners:
        raise NotARelation
    state: State = "proposed" if outcome == "reopened" else outcome
    return appointment_view(await set_state(appointment, state, outcome, caller.account, now))
