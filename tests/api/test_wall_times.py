"""Wall times to instants: what the function makes equals what a slow, plain reference finds by looking at every minute."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.accounts.errors import UnknownTimeZone
from server.appointments.errors import NoSuchTime
from server.appointments.walltime import instant_of

FORM = "%Y-%m-%dT%H:%M"
MINUTE = timedelta(minutes=1)
ZONES = sorted(available_timezones())
MOVING = ["Europe/Madrid", "America/New_York", "America/Vancouver", "Australia/Lord_Howe", "Europe/Dublin", "Africa/Casablanca",
          "Asia/Gaza", "America/Santiago", "Pacific/Apia", "Pacific/Chatham", "America/St_Johns", "Antarctica/Troll"]  # fmt: skip


def reference(wall: str, zone: str) -> datetime:
    """Walk the minutes in which the wall time could lie, in UTC, and look at the clock on the wall in each."""
    info, wanted = ZoneInfo(zone), datetime.strptime(wall, FORM)  # noqa: DTZ007 - a wall time
    minute = wanted.replace(tzinfo=UTC) - timedelta(hours=15)
    before = (minute - MINUTE).astimezone(info).replace(tzinfo=None)
    for _ in range(60 * 30):
        shown = minute.astimezone(info).replace(tzinfo=None)
        if shown == wanted:
            return minute
        if before < wanted < shown:  # skipped: as much later on the wall as the clock was put forward
            gap = shown - before - MINUTE
            return reference((wanted + gap).strftime(FORM), zone)
        before, minute = shown, minute + MINUTE
    raise AssertionError("no minute shows this wall time, and none skips it")


@cache
def changes(zone: str, year: int) -> list[datetime]:
    """The hours of a year, as wall times, in which a zone's clocks are changed."""
    info = ZoneInfo(zone)
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(365 * 24)]
    offsets = [hour.astimezone(info).utcoffset() for hour in hours]
    return [
        hours[number].astimezone(info).replace(tzinfo=None)
        for number in range(1, len(hours))
        if offsets[number] != offsets[number - 1]
    ]


@st.composite
def wall_and_zone(draw: st.DrawFn) -> tuple[str, str]:
    """Any minute of a century in any zone; every other one within hours of a change of clocks, where there is one."""
    zone = draw(st.one_of(st.sampled_from(MOVING), st.sampled_from(ZONES)))
    year = draw(st.integers(2000, 2100))
    near = changes(zone, year) if draw(st.booleans()) else []
    if near:
        at = draw(st.sampled_from(near)) + timedelta(minutes=draw(st.integers(-200, 200)))
        at = min(max(at, datetime(2000, 1, 1)), datetime(2100, 12, 31, 23, 59))  # noqa: DTZ001 - wall times
    else:
        at = draw(st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31, 23, 59)))  # noqa: DTZ001 - wall times
    return at.strftime(FORM), zone


@given(wall_and_zone())
@example(("2011-12-30T12:00", "Pacific/Apia"))  # a day that Samoa skipped
@example(("2010-04-01T00:30", "Asia/Gaza"))
@example(("2026-04-05T01:45", "Australia/Lord_Howe"))  # half an hour twice
@settings(max_examples=300, deadline=None, derandomize=True)
def test_an_instant_is_the_one_that_looking_at_every_minute_finds(case: tuple[str, str]) -> None:
    wall, zone = case
    assert datetime.fromtimestamp(instant_of(wall, zone) / 1000, UTC) == reference(wall, zone)


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        ("2026-12-01T14:00", "Europe/Madrid", "2026-12-01T13:00:00Z"),
        ("2027-03-28T02:30", "Europe/Madrid", "2027-03-28T01:30:00Z"),  # skipped: it is 03:30
        ("2026-10-25T02:30", "Europe/Madrid", "2026-10-25T00:30:00Z"),  # twice: the first
        ("2026-12-01T14:00", "America/Vancouver", "2026-12-01T21:00:00Z"),  # for good at UTC-7 since 2026
        ("2000-01-01T00:00", "UTC", "2000-01-01T00:00:00Z"),
        ("2100-12-31T23:59", "UTC", "2100-12-31T23:59:00Z"),
    ],
)
def test_examples(wall: str, zone: str, instant: str) -> None:
    assert instant_of(wall, zone) == datetime.fromisoformat(instant).timestamp() * 1000


@pytest.mark.parametrize(
    "wall",
    ["1999-12-31T23:59", "2101-01-01T00:00", "2026-02-30T12:00", "2026-12-01T24:00", "2026-12-01T12:60", "2026-13-01T12:00",
     "2026-12-01 14:00", "2026-12-01T14:00:00", "2026-12-01T14:00Z", "2026-12-01", "2026-12-1T14:00", "2026-W49-2T14:00",
     "٢٠٢٦-12-01T14:00", "2026-12-01T14:00\n", ""],
)  # fmt: skip
def test_what_is_no_wall_time_is_refused(wall: str) -> None:
    with pytest.raises(NoSuchTime):
        instant_of(wall, "Europe/Madrid")


@pytest.mark.parametrize("zone", ["Nowhere/Shore", "", "Europe", "../../etc/localtime", "europe/madrid"])
def test_a_zone_that_doesnt_exist_is_refused(zone: str) -> None:
    with pytest.raises(UnknownTimeZone):
        instant_of("2026-12-01T14:00", zone)


def test_zone_rules_come_from_the_wheel_alone() -> None:
    assert zoneinfo.TZPATH == ()
