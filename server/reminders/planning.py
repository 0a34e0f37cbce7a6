"""What is to be told to a person and when: from rules, sessions and hours to instants. No database, no clock of its own.

A reminder's id follows from what it is for (person, rule, subject and its generation, occurrence): planning twice makes it
once, and a rule that only moves it (quiet hours, another time zone) doesn't send it twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from server.appointments.structs import State
from server.clock import DAY, HOUR, MINUTE
from server.reminders.placing import Person, is_off, next_at, placed
from server.reminders.structs import IN_PASSING, MAILED, Channel, Kind, Rule, Why

IDS = UUID("5f1d0c62-7a55-4d0a-9d3b-0c8d5a1f7e21")
"""The namespace of reminders' ids (RFC 9562, version 5)."""
AHEAD = 8 * DAY
"""How far ahead what repeats is planned; a slow sweep plans on."""
MORNING = "09:00"
OPEN: tuple[State, ...] = ("proposed", "confirmed", "change-requested")

RANKS = {"first-words": 1, "next-morning": 1, "answers": 2, "measure": 2, "digest": 2, "nudge": 3}
ONE_A_DAY = ("next-morning", "first-words", "answers", "measure", "nudge")
"""Of these a person gets one a day, the first named that day; sessions and what a therapist needs are besides."""
LASTS = {
    "first-words": 6 * HOUR, "next-morning": 12 * HOUR, "answers": 24 * HOUR, "measure": 12 * HOUR, "digest": 9 * HOUR, "nudge": 3 * HOUR,
}  # fmt: skip


class Session(NamedTuple):
    """An appointment as planning sees it; `generation` counts its times: 1, and one more with each move or reopening."""

    id: UUID
    kind: str
    starts_at: int
    minutes: int
    state: str
    generation: int

    @property
    def ends_at(self) -> int:
        """When it is over."""
        return self.starts_at + self.minutes * MINUTE


class SessionStep(NamedTuple):
    """A step of preparation with an hour: so many days before the session's day, on the patient's clock."""

    appointment: UUID
    step: UUID
    days_before: int
    clock: str


class Planned(NamedTuple):
    """A reminder with its instant, or with the reason why it has none."""

    id: UUID
    kind: Kind
    appointment: UUID | None
    generation: int | None
    due: int
    useful_until: int
    rank: int
    """0 goes out first."""
    why_not: Why | None = None


@dataclass(frozen=True)
class Situation:
    """All that planning looks at."""

    account: UUID
    person: Person
    rules: Sequence[Rule]
    sessions: Sequence[Session]
    steps: Sequence[SessionStep] = ()
    answers_since: int | None = None
    """Since when an answer waits to be told."""
    told: frozenset[tuple[str, UUID]] = field(default_factory=frozenset)
    """Days on which a notice that counts as the day's one has gone out, each with its reminder."""
    channels: frozenset[Channel] = frozenset({"push", "mail"})
    """How the person can be reached."""

    def has_a_way_for(self, kind: Kind) -> bool:
        """Tell whether a notice is planned that may go nowhere: one about a session is, because its failure says who can't be reached."""
        return kind not in IN_PASSING or "push" in self.channels or (kind in MAILED and "mail" in self.channels)


def reminder_id(account: UUID, kind: Kind, *parts: object) -> UUID:
    """Return the id that follows from what a reminder is for."""
    return uuid5(IDS, "|".join(str(part) for part in (account, kind, *parts)))


def plan(situation: Situation, now: int) -> list[Planned]:
    """Return every reminder that the rules ask for and that is still of use, each once, in order of their instants.

    One whose instant has passed says `too-late`: it isn't planned any more, but stays where it was planned in time.
    """
    about_sessions = _about_sessions(situation, now)
    besides = [*_after_dosing(situation, now), *_repeating(situation, now), *_answers(situation, now)]
    found = [_place(situation.person, one, now) for one in [*about_sessions, *besides]]
    once = {one.id: one for one in found}
    return sorted(_one_a_day(situation, once.values()), key=lambda one: (one.due, one.id))


def _place(person: Person, one: Planned, now: int) -> Planned:
    if one.why_not is not None:
        return one
    if one.due <= now:  # an offset that was past when it was planned is never "now"
        return one._replace(why_not="too-late")
    due = placed(person, one.due, one.useful_until, now)
    return one._replace(why_not="quiet-hours") if due is None else one._replace(due=due)


def before(person: Person, rule: Rule, instant: int) -> int:
    """Return when a rule rings before an instant: whole days keep the wall clock, minutes are time that passes."""
    if rule.minutes is not None:
        return instant - rule.minutes * MINUTE
    return person.at(person.day_of(instant) - timedelta(days=rule.days or 0), rule.clock or MORNING)


def _about_sessions(situation: Situation, now: int) -> Iterator[Planned]:
    """Plan reminders before sessions and before steps of preparation that have an hour."""
    ahead = {one.id: one for one in situation.sessions if one.state in OPEN and one.starts_at > now}
    at_once: set[tuple[UUID, int]] = set()
    for rule in _of(situation, "session"):
        for session in ahead.values():
            due = before(situation.person, rule, session.starts_at)
            if due >= session.starts_at:
                continue  # "on the day at 18:00", of a session in the morning
            at_once.add((session.id, due))
            yield _session_reminder(situation.account, "session", rule, session, due)
    for rule in _of(situation, "step"):
        for step in situation.steps:
            its_session = ahead.get(step.appointment)
            if its_session is None:
                continue
            day = situation.person.day_of(its_session.starts_at) - timedelta(days=step.days_before)
            due = before(situation.person, rule, situation.person.at(day, step.clock))
            # What rings for the session itself then says that there is something to do.
            if due < its_session.starts_at and (its_session.id, due) not in at_once:
                at_once.add((its_session.id, due))
                yield _session_reminder(situation.account, "step", rule, its_session, due, step.step)


def _session_reminder(
    account: UUID, kind: Kind, rule: Rule, session: Session, due: int, step: UUID | None = None
) -> Planned:
    key = (rule.days, rule.minutes, rule.clock, session.id, step, session.generation)
    soon = session.starts_at - due <= 3 * HOUR or kind == "step"
    return Planned(
        reminder_id(account, kind, *key), kind, session.id, session.generation, due, session.starts_at, 0 if soon else 1
    )  # fmt: skip


def _after_dosing(situation: Situation, now: int) -> Iterator[Planned]:
    """Plan the notice of first words after a dosing session, and the morning after it."""
    person = situation.person
    for session in situation.sessions:
        if session.kind != "dosing" or session.state not in (*OPEN, "fulfilled"):
            continue
        for rule in situation.rules:
            if rule.kind == "first-words":
                due = session.ends_at + (rule.minutes or 0) * MINUTE
            elif rule.kind == "next-morning":
                due = person.at(person.day_of(session.ends_at) + timedelta(days=1), rule.clock or MORNING)
            else:
                continue
            if due + LASTS[rule.kind] <= now:
                continue
            key = (rule.minutes, rule.clock, session.id, session.generation)
            yield Planned(
                reminder_id(situation.account, rule.kind, *key), rule.kind, session.id, session.generation, due,
                due + LASTS[rule.kind], RANKS[rule.kind],
            )  # fmt: skip


def _repeating(situation: Situation, now: int) -> Iterator[Planned]:
    """Plan what rings at an hour on days of the week."""
    person, today = situation.person, situation.person.day_of(now)
    for rule in situation.rules:
        if rule.kind not in ("nudge", "measure", "digest") or not situation.has_a_way_for(rule.kind):
            continue
        for number in range(-1, AHEAD // DAY):
            day = today + timedelta(days=number)
            due = person.at(day, rule.clock or MORNING)
            if due + LASTS[rule.kind] <= now or not (rule.weekdays or 127) >> day.weekday() & 1 or is_off(person, day):
                continue
            one = Planned(
                reminder_id(situation.account, rule.kind, rule.clock, day), rule.kind, None, None, due, due + LASTS[rule.kind],
                RANKS[rule.kind],
            )  # fmt: skip
            yield one._replace(why_not="session-day") if _quiet_after_dosing(situation, rule, due) else one


def _answers(situation: Situation, now: int) -> Iterator[Planned]:
    """Plan the notice of what the therapist answered, gathered: on the first day with room for it."""
    since = situation.answers_since
    for rule in _of(situation, "answers"):
        if since is None or not situation.has_a_way_for("answers"):
            return
        after = max(since, now)
        for _ in range(AHEAD // DAY):
            after = due = next_at(situation.person, rule.clock or MORNING, after)
            day = situation.person.day_of(due)
            own = reminder_id(situation.account, "answers", since)
            taken = any(told == day.isoformat() and by != own for told, by in situation.told)
            if not taken and not _quiet_after_dosing(situation, rule, due) and not _morning_after(situation, day):
                yield Planned(own, "answers", None, None, due, due + LASTS["answers"], RANKS["answers"])
                return


def _quiet_after_dosing(situation: Situation, rule: Rule, due: int) -> bool:
    """Tell whether an instant lies between the beginning of a dosing session and the next morning."""
    person = situation.person
    return rule.kind != "digest" and any(
        session.starts_at <= due < person.at(person.day_of(session.ends_at) + timedelta(days=1), MORNING)
        for session in situation.sessions
        if session.kind == "dosing" and session.state in (*OPEN, "fulfilled")
    )


def _morning_after(situation: Situation, day: date) -> bool:
    """Tell whether a day has the notice of the morning after a dosing session."""
    person = situation.person
    return any(_of(situation, "next-morning")) and any(
        person.day_of(session.ends_at) + timedelta(days=1) == day
        for session in situation.sessions
        if session.kind == "dosing" and session.state in (*OPEN, "fulfilled")
    )


def _one_a_day(situation: Situation, found: Iterable[Planned]) -> Iterator[Planned]:
    """Keep one notice a day of those that there is one a day of; the others say why they aren't wanted."""
    taken = dict(situation.told)
    inclined = sorted(
        found, key=lambda one: (ONE_A_DAY.index(one.kind) if one.kind in ONE_A_DAY else -1, one.due, one.id)
    )
    for one in inclined:
        if one.kind not in ONE_A_DAY or one.why_not is not None:
            yield one
            continue
        day = _iso(situation.person, one.due)
        if taken.setdefault(day, one.id) == one.id:
            yield one
        else:
            yield one._replace(why_not="one-a-day")


def _of(situation: Situation, kind: Kind) -> Iterator[Rule]:
    return (rule for rule in situation.rules if rule.kind == kind)


def _iso(person: Person, instant: int) -> str:
    return person.day_of(instant).isoformat()
