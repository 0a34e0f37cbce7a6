"""A slow, plain way to say what is to be told and when: minute by minute along the person's own clock."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.clock import HOUR, MINUTE
from server.reminders.placing import Person
from server.reminders.planning import Session, SessionStep
from server.reminders.structs import Rule

LIVE = ("proposed", "confirmed", "change-requested")
LASTS = {
    "first-words": 6 * HOUR,
    "next-morning": 12 * HOUR,
    "answers": 24 * HOUR,
    "measure": 12 * HOUR,
    "nudge": 3 * HOUR,
}
TURN = ["next-morning", "first-words", "answers", "measure", "nudge"]


def wall(instant: int, zone: str) -> datetime:
    """What the clock on the wall shows, to the minute."""
    return (
        datetime.fromtimestamp(instant / 1000, UTC)
        .astimezone(ZoneInfo(zone))
        .replace(tzinfo=None, second=0, microsecond=0)
    )


def when_it_shows(day: date, clock: str, zone: str) -> int:
    """The first minute at which the wall shows a time; where it never does, as many minutes after the jump as the time lies in it."""
    sought = datetime.combine(day, time.fromisoformat(clock))
    minute = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000 - 16 * HOUR
    before = minute
    for _ in range(60 * 56):
        shown = wall(minute, zone)
        if shown == sought:
            return minute
        if shown > sought and wall(before, zone) < sought:
            return before + int((sought - wall(before, zone)).total_seconds()) * 1000
        before, minute = minute, minute + MINUTE
    raise AssertionError("the wall never came near")


def out_of_quiet(person: Person, due: int, useful_until: int, now: int) -> int | None:
    """Where a reminder rings that falls into quiet hours."""
    if person.quiet is None or person.quiet[0] == person.quiet[1]:
        return due
    start, to = person.quiet
    for number in (-2, -1, 0, 1):
        day = wall(due, person.zone).date() + timedelta(days=number)
        begins = when_it_shows(day, start, person.zone)
        ends = when_it_shows(day if start < to else day + timedelta(days=1), to, person.zone)
        if begins <= due < ends:
            if ends < useful_until:
                return ends
            return begins - 15 * MINUTE if begins - 15 * MINUTE > now else None
    return due


Told = tuple[str, object, int, str | None]
"""Kind, what it is about, when, and why not."""


Found = tuple[str, object, int, int, str | None]
"""As Told, with how long it is of use before the reason."""


def told(
    person: Person, rules: Sequence[Rule], sessions: Sequence[Session], steps: Sequence[SessionStep], now: int
) -> set[Told]:
    """Everything that is to be told from now on, and what isn't and why; nothing of the past but what was to precede a session."""
    found: list[Found] = []
    for session in sessions:
        if session.state in LIVE and session.starts_at > now:
            found += _before_session(person, rules, session, [step for step in steps if step.appointment == session.id])
        if session.kind == "dosing" and session.state in (*LIVE, "fulfilled"):
            found += _after_dosing(person, rules, session)
    for rule in rules:
        if rule.kind in ("nudge", "measure"):
            found += _on_weekdays(person, rule, sessions, now)
    return _one_a_day(person, [_placed(person, one, now) for one in found], now)


def _before_session(
    person: Person, rules: Sequence[Rule], session: Session, steps: Sequence[SessionStep]
) -> Iterator[Found]:
    rung = set()
    for rule in rules:
        due = _before(person, rule, session.starts_at)
        if rule.kind == "session" and due < session.starts_at:
            rung.add(due)
            yield "session", (session.id, rule.days, rule.minutes, rule.clock), due, session.starts_at, None
    for rule in rules:
        for step in steps if rule.kind == "step" else ():
            day = wall(session.starts_at, person.zone).date() - timedelta(days=step.days_before)
            due = _before(person, rule, when_it_shows(day, step.clock, person.zone))
            if due < session.starts_at and due not in rung:
                rung.add(due)
                yield "step", (session.id, step.step, rule.days, rule.minutes, rule.clock), due, session.starts_at, None


def _after_dosing(person: Person, rules: Sequence[Rule], session: Session) -> Iterator[Found]:
    for rule in rules:
        if rule.kind == "first-words":
            due = session.ends_at + (rule.minutes or 0) * MINUTE
        elif rule.kind == "next-morning":
            day = wall(session.ends_at, person.zone).date() + timedelta(days=1)
            due = when_it_shows(day, rule.clock or "", person.zone)
        else:
            continue
        yield rule.kind, (session.id, rule.minutes, rule.clock), due, due + LASTS[rule.kind], None


def _on_weekdays(person: Person, rule: Rule, sessions: Sequence[Session], now: int) -> Iterator[Found]:
    for number in range(8):
        day = wall(now, person.zone).date() + timedelta(days=number)
        if (rule.weekdays or 0) & 1 << day.weekday():
            due = when_it_shows(day, rule.clock or "", person.zone)
            why = "session-day" if _near_dosing(person, sessions, due) else None
            yield rule.kind, (rule.clock, day), due, due + LASTS[rule.kind], why


def _placed(
    person: Person, one: tuple[str, object, int, int, str | None], now: int
) -> tuple[str, object, int, int, str | None]:
    kind, about, due, useful, why = one
    if why is not None:
        return one
    if due <= now:
        return kind, about, due, useful, "too-late"
    place = out_of_quiet(person, due, useful, now)
    return (kind, about, due, useful, "quiet-hours") if place is None else (kind, about, place, useful, None)


def _one_a_day(person: Person, everything: list[tuple[str, object, int, int, str | None]], now: int) -> set[Told]:
    result: set[Told] = set()
    taken: set[date] = set()
    for kind, about, due, useful, why in sorted(
        everything, key=lambda one: (TURN.index(one[0]) if one[0] in TURN else -1, one[2])
    ):
        if kind in TURN and why is None:
            day = wall(due, person.zone).date()
            if day in taken:
                why = "one-a-day"  # noqa: PLW2901
            taken.add(day)
        if useful > now and not (why == "too-late" and kind in TURN):
            result.add((kind, about, due, why))
    return result


def _near_dosing(person: Person, sessions: Sequence[Session], due: int) -> bool:
    for session in sessions:
        if session.kind == "dosing" and session.state in (*LIVE, "fulfilled"):
            morning = wall(session.ends_at, person.zone).date() + timedelta(days=1)
            if session.starts_at <= due < when_it_shows(morning, "09:00", person.zone):
                return True
    return False


def _before(person: Person, rule: Rule, instant: int) -> int:
    if rule.kind not in ("session", "step"):
        return instant
    if rule.minutes is not None:
        return instant - rule.minutes * MINUTE
    day = wall(instant, person.zone).date()
    for _ in range(rule.days or 0):
        day -= timedelta(days=1)
    return when_it_shows(day, rule.clock or "", person.zone)
