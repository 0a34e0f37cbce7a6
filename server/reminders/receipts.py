"""What comes back from a notice: that it was shown, and what the person said on it. The token in it is all that is asked for."""

import hashlib
from base64 import urlsafe_b64decode
from functools import partial
from typing import NamedTuple
from uuid import UUID

from server import database
from server.appointments.answering import answer
from server.appointments.errors import (
    AlreadyBegun,
    NoSuchAppointment,
    NotARelation,
    StaleAppointment,
    WrongState,
)
from server.appointments.reading import standing_of
from server.appointments.structs import PatientsAnswer
from server.channels.subscriptions import note_shown
from server.clock import DAY, HOUR
from server.reminders.errors import NoSuchReminder, TooLateToAct
from server.reminders.planner import add_by_itself, standing
from server.reminders.settling import Settled, settle
from server.reminders.structs import Action, Done
from server.web.access import Role

LASTS = 35 * DAY
"""How long a token is known after its attempt."""
SNOOZE = HOUR


class Notice(NamedTuple):
    """The attempt that a token belongs to, and its reminder."""

    delivery: UUID
    subscription: UUID | None
    shown: bool
    reminder: UUID
    account: UUID
    appointment: UUID | None
    generation: int | None


class Patient(NamedTuple):
    """Who holds a notice, acting on the appointment that it is about and on nothing else."""

    account: UUID
    role: Role = "patient"


async def note_receipt(token: str, now: int) -> None:
    """Note that a device showed a notice; the first time counts. Raises NoSuchReminder for a token that is unknown or too old.

    Its reminder is delivered, also where it was settled otherwise meanwhile.
    """
    await database.in_transaction(partial(_shown, token, now))


async def _shown(token: str, now: int) -> Notice:
    notice = await _notice(token, now)
    if notice.shown or notice.subscription is None:
        return notice
    await note_shown(notice.subscription, now)
    await database.fetch("UPDATE deliveries SET shown_at = $2 WHERE id = $1", notice.delivery, now)
    await settle([Settled(notice.reminder, "delivered", "push")], now)
    await database.fetch(
        "UPDATE settled_reminders SET outcome = 'delivered', channel = 'push', why = NULL WHERE id = $1 AND outcome <> 'delivered'",
        notice.reminder,
    )
    return notice


async def _notice(token: str, now: int) -> Notice:
    hashed = hashlib.sha256(urlsafe_b64decode(token + "=")).digest()
    row = await database.fetch_one(
        "SELECT d.id, d.subscription, d.shown_at, d.reminder, d.account, r.id AS on_its_way, r.appointment, r.generation, "
        "s.appointment AS settled_appointment, s.generation AS settled_generation FROM deliveries d LEFT JOIN reminders r ON r.id = d.reminder "
        "LEFT JOIN settled_reminders s ON s.id = d.reminder WHERE d.token_hash = $1 AND d.attempted_at > $2",
        hashed, now - LASTS,
    )  # fmt: skip
    if row is None:
        raise NoSuchReminder
    which = "" if row["on_its_way"] is not None else "settled_"
    return Notice(
        row["id"], row["subscription"], row["shown_at"] is not None, row["reminder"], row["account"], row[f"{which}appointment"],
        row[f"{which}generation"],
    )  # fmt: skip


async def act(said: Action, now: int) -> Done:
    """Do what a person says on a notice, once: confirm the session's time, or be told again in an hour.

    A tap shows, too, that the notice was seen. Raises NoSuchReminder, and TooLateToAct when the session has begun, has
    another time, or is off: then nothing changes.
    """
    notice = await database.in_transaction(partial(_shown, said.token, now))
    if said.action == "snooze":
        return await database.in_transaction(partial(_snooze, notice, now))
    if notice.appointment is None:
        raise TooLateToAct
    row = await standing_of(notice.account, notice.appointment)
    if row is None or row["generation"] != notice.generation:
        raise TooLateToAct
    if row["state"] == "confirmed":
        return Done("already")
    try:
        await answer(
            Patient(notice.account), notice.appointment, PatientsAnswer(version=row["version"], answer="confirm"), now
        )
    except (AlreadyBegun, NoSuchAppointment, NotARelation, StaleAppointment, WrongState) as error:
        raise TooLateToAct from error
    return Done("done")


async def _snooze(notice: Notice, now: int) -> Done:
    found = await standing(notice.account, now)
    session = None if found is None else found.sessions.get(notice.appointment or UUID(int=0))
    if found is None or session is None or session.generation != notice.generation or session.state == "cancelled":
        raise TooLateToAct
    if now + SNOOZE >= session.starts_at:
        raise TooLateToAct
    before = await database.fetch_one(
        "SELECT 1 AS one FROM deliveries WHERE id = $1 AND snoozed_at IS NOT NULL", notice.delivery
    )
    if before is not None:
        return Done("already")
    await database.fetch("UPDATE deliveries SET snoozed_at = $2 WHERE id = $1", notice.delivery, now)
    await add_by_itself(
        found, "snoozed", (notice.delivery,), session, due=now + SNOOZE, useful_until=session.starts_at, now=now
    )
    return Done("done")
