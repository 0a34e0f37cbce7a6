"""The one source of the time. Instants are whole milliseconds since 1970 UTC inside, RFC 3339 with `Z` outside."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def system_clock() -> int:
    """Return the present instant in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def to_datetime(instant: int) -> datetime:
    """Turn milliseconds since 1970 UTC into an aware datetime in UTC."""
    seconds, milliseconds = divmod(instant, 1_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1_000)


def to_optional_datetime(instant: int | None) -> datetime | None:
    """Do as `to_datetime`, and keep what hasn't happened as None."""
    return None if instant is None else to_datetime(instant)
