"""Wall times: from what the clock on the wall shows to the instant.

The one place where gaps and doubled hours are decided. Zone rules are those of the pinned tzdata wheel (`server/__init__.py`).
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.accounts.errors import UnknownTimeZone
from server.accounts.zones import is_zone
from server.appointments.errors import NoSuchTime

FIRST_YEAR, LAST_YEAR = 2000, 2100

_FORM = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_of(wall: str, zone: str) -> int:
    """Turn a wall time (`YYYY-MM-DDTHH:MM`) in an IANA zone into milliseconds since 1970 UTC.

    A time that daylight saving skips moves forward by the gap (RFC 5545 would drop it), one that occurs twice means the
    first. Raises UnknownTimeZone, NoSuchTime.
    """
    if not is_zone(zone):
        raise UnknownTimeZone
    found = _FORM.fullmatch(wall)
    if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        raise NoSuchTime
    year, month, day, hour, minute = map(int, found.groups())
    try:
        # Built from numbers: fromisoformat takes more forms with each Python, "24:00" among them.
        naive = datetime(year, month, day, hour, minute)  # noqa: DTZ001 - a wall time; its zone stands beside it
    except ValueError:
        raise NoSuchTime from None
    return _instant(naive, zone)


def instant_on(day: date, clock: str, zone: str) -> int:
    """Return the instant at which clocks in a known zone show `clock` (`HH:MM`) on `day`, as `instant_of` does."""
    return _instant(datetime.combine(day, time.fromisoformat(clock)), zone)


def _instant(naive: datetime, zone: str) -> int:
    moment = naive.replace(tzinfo=ZoneInfo(zone))
    # PEP 495: `fold` is 0, so in a gap the offset from before it counts, and of a doubled hour the first.
    return (moment - _EPOCH) // timedelta(milliseconds=1)
