"""When a reminder may ring: quiet hours and days off, on a person's own clock. No database, no clock of its own."""

from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from server.appointments.walltime import instant_on
from server.clock import MINUTE, to_datetime

BEFORE_QUIET = 15 * MINUTE
"""How long before quiet hours a reminder rings that can't wait for their end."""


class Person(NamedTuple):
    """Whom a reminder goes to, as far as time is concerned."""

    zone: str
    quiet: tuple[str, str] | None
    """Clock times, `HH:MM`; the second before the first means over midnight."""
    days_off: int = 0
    """A bit for each day of the week, Monday the lowest."""

    def day_of(self, instant: int) -> date:
        """Return the day that an instant falls on, on the person's calendar."""
        return to_datetime(instant).astimezone(ZoneInfo(self.zone)).date()

    def at(self, day: date, clock: str) -> int:
        """Return the instant at which the person's clock shows `clock` on `day` (RFC 5545 would drop one in a gap; here it moves)."""
        return instant_on(day, clock, self.zone)


def placed(person: Person, due: int, useful_until: int, now: int) -> int | None:
    """Move an instant out of the person's quiet hours: to their end, or before their start where that would be too late.

    A place before the start must lie in the future. None when there is no place.
    """
    night = _quiet_around(person, due)
    if night is None:
        return due
    begins, ends = night
    if ends < useful_until:
        return ends
    early = begins - BEFORE_QUIET
    return early if now < early else None


def _quiet_around(person: Person, instant: int) -> tuple[int, int] | None:
    """Return the quiet hours that an instant falls in, as [start, end), or None."""
    if person.quiet is None or person.quiet[0] == person.quiet[1]:
        return None
    start, to = person.quiet
    day = person.day_of(instant)
    for begins_on in (day - timedelta(days=1), day):
        begins = person.at(begins_on, start)
        ends = person.at(begins_on if start < to else begins_on + timedelta(days=1), to)
        if begins <= instant < ends:
            return begins, ends
    return None


def is_off(person: Person, day: date) -> bool:
    """Tell whether a day is one of the person's days without notices."""
    return bool(person.days_off >> day.weekday() & 1)


def next_at(person: Person, clock: str, after: int) -> int:
    """Return the first instant after `after` at which the person's clock shows `clock` on a day that isn't off."""
    day = person.day_of(after)
    for number in range(9):
        candidate = day + timedelta(days=number)
        instant = person.at(candidate, clock)
        if instant > after and not is_off(person, candidate):
            return instant
    return person.at(day + timedelta(days=1), clock)  # every day is off: the next one, rather than never


def days_later(person: Person, instant: int, days: int) -> int:
    """Return the instant so many days later on the person's clock, days off not counted; within two weeks where most are off."""
    then = to_datetime(instant).astimezone(ZoneInfo(person.zone))
    counted = [
        day for day in (then.date() + timedelta(days=number) for number in range(1, 15)) if not is_off(person, day)
    ]
    day = counted[days - 1] if len(counted) >= days else then.date() + timedelta(days=14)
    return person.at(day, f"{then:%H:%M}")
