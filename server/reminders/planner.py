"""Planning a person's reminders: from what stands in the database to what is on its way, in the transaction of the change."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from server import database
from server.accounts.preferences import Ways
from server.appointments.reading import times_of
from server.channels.mailbox import mailboxes_of
from server.channels.subscriptions import subscriptions_of
from server.clock import DAY
from server.reminders.placing import Person, next_at, placed
from server.reminders.planning import (
    AHEAD,
    ONE_A_DAY,
    OPEN,
    Planned,
    Session,
    SessionStep,
    Situation,
    plan,
    reminder_id,
)
from server.reminders.preferences import held_settings, person_of, rules_of
from server.reminders.settling import Settled, settle
from server.reminders.structs import Channel, Kind, Rule, Why
from server.reminders.waking import wake_at

BY_ITSELF = ("change", "read-soon", "snoozed", "test", "sign-in")
"""Kinds that follow from something that happened, once: no rule plans them anew."""
REPEATING: tuple[Kind, ...] = ("nudge", "measure", "digest")
PLAN_ON = 4 * DAY
AT_ONCE = 50


class Standing(NamedTuple):
    """A person and what planning found there, held until the running transaction ends."""

    account: UUID
    ways: Ways
    settings: database.Row
    rules: list[Rule]
    sessions: dict[UUID, Session]

    @property
    def person(self) -> Person:
        """Whom a reminder goes to, as far as time is concerned."""
        return person_of(self.ways, self.settings)

    def has(self, kind: Kind) -> bool:
        """Tell whether the person has a rule of a kind."""
        return any(rule.kind == kind for rule in self.rules)


async def standing(account: UUID, now: int) -> Standing | None:
    """Hold a person's settings and read what their reminders follow from; None when there is no such account. Four statements."""
    held = await held_settings(account)
    if held is None:
        return None
    ways, settings = held
    times = await times_of(account, now - 3 * DAY)
    sessions = {
        row["id"]: Session(row["id"], row["kind"], row["starts_at"], row["minutes"], row["state"], row["generation"])
        for row in times
    }
    return Standing(account, ways, settings, await rules_of(account), sessions)


async def replan(account: UUID, now: int) -> None:
    """Make what is on its way to a person what their rules ask for, inside the running transaction.

    What is new is planned, what isn't wanted any more is settled with its reason, what moved rings at its new time; what has
    been handed over stays, unless its session has another time or is off. About a dozen statements, however many there are.
    """
    found = await standing(account, now)
    if found is not None:
        await _replan(found, now)


async def _replan(found: Standing, now: int) -> None:
    there = {
        row["id"]: row for row in await database.fetch("SELECT * FROM reminders WHERE account = $1", found.account)
    }
    situation = await _situation(found, there.values(), now)
    wanted = {one.id: one for one in plan(situation, now)}
    reasons = [(row["id"], _why_not(found, situation, row, wanted.get(row["id"]), now)) for row in there.values()]
    await settle([Settled(one, "not-wanted", why=why) for one, why in reasons if why is not None], now)
    await _move([one for one in wanted.values() if one.why_not is None and _moved(there.get(one.id), one)])
    await _add(found.account, [one for one in wanted.values() if one.id not in there], now)
    await _take_from_workers(found.account, now)
    repeats = any(found.has(kind) and situation.has_a_way_for(kind) for kind in REPEATING)
    await database.fetch(
        "UPDATE reminder_settings SET planned_until = $2 WHERE account = $1",
        found.account,
        now + AHEAD if repeats else None,
    )


async def _situation(found: Standing, there: Iterable[database.Row], now: int) -> Situation:
    steps = await database.fetch("SELECT * FROM reminder_steps WHERE account = $1", found.account)
    kinds = ", ".join(f"'{kind}'" for kind in ONE_A_DAY)
    gone_out = await database.fetch(
        f"SELECT id, due_at FROM settled_reminders WHERE account = $1 AND due_at > $2 AND kind IN ({kinds}) AND outcome <> 'not-wanted'",
        found.account, now - 2 * DAY,
    )  # fmt: skip
    on_its_way = [row for row in there if row["kind"] in ONE_A_DAY and row["state"] != "planned"]
    person = found.person
    told = {(person.day_of(row["due_at"]).isoformat(), row["id"]) for row in [*gone_out, *on_its_way]}
    return Situation(
        account=found.account, person=person, rules=found.rules, sessions=list(found.sessions.values()),
        steps=[SessionStep(row["appointment"], row["step"], row["days"], row["clock"]) for row in steps],
        answers_since=found.settings["answers_since"], told=frozenset(told), channels=await channels_of(found.account),
    )  # fmt: skip


async def channels_of(account: UUID) -> frozenset[Channel]:
    """Return how an account can be reached; two statements."""
    ways: dict[Channel, bool] = {
        "push": bool(await subscriptions_of([account])),
        "mail": bool(await mailboxes_of([account])),
    }
    return frozenset(channel for channel, there in ways.items() if there)


def _moved(row: database.Row | None, one: Planned) -> bool:
    return (
        row is not None
        and row["state"] == "planned"
        and (row["due_at"], row["useful_until"]) != (one.due, one.useful_until)
    )


def _why_not(found: Standing, situation: Situation, row: database.Row, wanted: Planned | None, now: int) -> Why | None:
    """Return why a reminder isn't wanted any more; None while it is."""
    session = found.sessions.get(row["appointment"])
    if (
        row["appointment"] is not None and session is None
    ):  # it went with the other side's account, which a notice tells
        return None if row["kind"] == "change" else "account-closed"
    if session is not None and session.state == "cancelled" and row["kind"] != "change":
        return "cancelled"
    if session is not None and session.generation != row["generation"] and row["kind"] != "change":
        return "moved"
    if row["kind"] in BY_ITSELF or row["state"] != "planned":
        return None
    if wanted is None:
        return _why_no_rule_wants(found, situation, row, now)
    # What was planned in time and is past now is the dispatcher's to send, or to say that it is too late.
    return None if wanted.why_not == "too-late" else wanted.why_not


def _why_no_rule_wants(found: Standing, situation: Situation, row: database.Row, now: int) -> Why:
    """Return why what was planned isn't any more though its session stands."""
    session = found.sessions.get(row["appointment"])
    if row["useful_until"] <= now:
        return "too-late"
    if not situation.has_a_way_for(row["kind"]):
        return "nowhere-to-send"
    over = session is not None and session.state not in OPEN and row["kind"] in ("session", "step")
    return "over" if over else "rule-changed"


async def _move(moved: Sequence[Planned]) -> None:
    """Give planned reminders other instants; whoever holds one under a lease finds it gone."""
    if not moved:
        return
    columns = {"id": "uuid", "due_at": "bigint", "useful_until": "bigint"}
    rows = sorted((one.id, one.due, one.useful_until) for one in moved)
    table, values = database.as_table("m", columns, rows, first=1)
    await database.fetch(
        "UPDATE reminders SET due_at = m.due_at, useful_until = m.useful_until, next_at = m.due_at, lease = NULL, worker = NULL "
        f"FROM {table} WHERE reminders.id = m.id AND reminders.state = 'planned'",
        *values,
    )
    wake_at(min(one.due for one in moved))


async def _take_from_workers(account: UUID, now: int) -> None:
    """Have what a worker has claimed, and not begun to send, be looked at anew: it may know quiet hours or devices that were."""
    taken = await database.fetch(
        "UPDATE reminders SET lease = NULL, worker = NULL, next_at = $2 "
        "WHERE account = $1 AND lease IS NOT NULL AND state <> 'sending' RETURNING id",
        account, now,
    )  # fmt: skip
    if taken:
        wake_at(now)


async def _add(account: UUID, new: Sequence[Planned], now: int) -> None:
    """Plan what is new; what was settled as not wanted and is wanted again comes back, what went out stays so."""
    if not new:
        return
    table, values = database.as_table("p", {"id": "uuid"}, sorted((one.id,) for one in new), first=1)
    before = await database.fetch(
        f"SELECT s.id, s.outcome FROM settled_reminders s JOIN {table} ON p.id = s.id", *values
    )
    settled = {row["id"]: row["outcome"] for row in before}
    wanted = [one for one in new if one.why_not is None and settled.get(one.id, "not-wanted") == "not-wanted"]
    again = [(one.id,) for one in wanted if one.id in settled]
    if again:
        table, values = database.as_table("p", {"id": "uuid"}, sorted(again), first=1)
        await database.fetch(f"DELETE FROM settled_reminders WHERE id IN (SELECT p.id FROM {table})", *values)
    await insert(account, wanted)
    unwanted = [one for one in new if one.id not in settled and _is_told_of(one)]
    await _note_unwanted(account, unwanted, now)


def _is_told_of(one: Planned) -> bool:
    """Tell whether a history should say that this was never planned: what merely repeats was for another day."""
    return one.why_not is not None and not (one.why_not == "too-late" and one.kind not in ("session", "step"))


async def insert(account: UUID, new: Sequence[Planned], channel: Channel = "push") -> None:
    """Put reminders on their way, first by one channel, inside the running transaction; one that is there stays as it is. One statement."""
    if not new:
        return
    columns = {
        "id": "uuid", "kind": "text", "appointment": "uuid", "generation": "int", "due_at": "bigint", "useful_until": "bigint",
        "rank": "int",
    }  # fmt: skip
    rows = [
        (one.id, one.kind, one.appointment, one.generation, one.due, one.useful_until, one.rank)
        for one in sorted(new, key=lambda one: one.id)
    ]
    table, values = database.as_table("n", columns, rows, first=3)
    await database.fetch(
        "INSERT INTO reminders (id, account, kind, appointment, generation, due_at, useful_until, rank, channel, state, next_at, "
        "crashes, attempts) SELECT n.id, $1, n.kind, n.appointment, n.generation, n.due_at, n.useful_until, n.rank, $2, "
        f"'planned', n.due_at, 0, 0 FROM {table} WHERE TRUE ON CONFLICT (id) DO NOTHING",
        account, channel, *values,
    )  # fmt: skip
    wake_at(min(one.due for one in new))


async def _note_unwanted(account: UUID, unwanted: Sequence[Planned], now: int) -> None:
    if not unwanted:
        return
    columns = {
        "id": "uuid",
        "kind": "text",
        "appointment": "uuid",
        "generation": "int",
        "due_at": "bigint",
        "why": "text",
    }
    rows = [
        (one.id, one.kind, one.appointment, one.generation, one.due, one.why_not)
        for one in sorted(unwanted, key=lambda one: one.id)
    ]
    table, values = database.as_table("u", columns, rows, first=3)
    await database.fetch(
        "INSERT INTO settled_reminders (id, account, kind, appointment, generation, due_at, outcome, why, settled_at) "
        f"SELECT u.id, $1, u.kind, u.appointment, u.generation, u.due_at, 'not-wanted', u.why, $2 FROM {table} WHERE TRUE "
        "ON CONFLICT (id) DO NOTHING",
        account, now, *values,
    )  # fmt: skip


async def add_by_itself(
    found: Standing,
    kind: Kind,
    key: Sequence[object],
    session: Session | None,
    *,
    due: int,
    useful_until: int,
    now: int,
    channel: Channel = "push",
) -> UUID:
    """Plan a reminder of something that happened, first by one channel, inside the running transaction; returns its id.

    It moves out of quiet hours like any other, and a therapist's out of days off; where it has no place it is settled at once.
    """
    rank = 0
    one = Planned(
        reminder_id(found.account, kind, *key), kind, session and session.id, session and session.generation, due, useful_until, rank
    )  # fmt: skip
    place: int | None = due
    if kind != "test":  # somebody who asks for one is awake
        place = placed(found.person, due, useful_until, now)
    if place is None or place >= useful_until:
        await _note_unwanted(found.account, [one._replace(why_not="quiet-hours")], now)
    else:
        await insert(found.account, [one._replace(due=place)], channel)
    return one.id


def next_working_moment(found: Standing, now: int) -> int:
    """Return the first instant from `now` on that isn't on one of a therapist's days off."""
    person = found.person
    day = person.day_of(now)
    if not person.days_off >> day.weekday() & 1:
        return now
    return next_at(person, person.quiet[1] if person.quiet else "08:00", now)


async def plan_on(now: int) -> int:
    """Plan on for those whose planned days run short; returns how many. Each has its own transaction, a few at a time."""
    rows = await database.fetch(
        "SELECT account FROM reminder_settings WHERE planned_until < $1 ORDER BY planned_until LIMIT $2",
        now + PLAN_ON,
        AT_ONCE,
    )
    for row in rows:
        await database.in_transaction(partial(replan, row["account"], now))
    return len(rows)
