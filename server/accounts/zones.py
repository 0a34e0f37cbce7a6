"""Time zones by name, from the pinned tzdata wheel."""

from functools import lru_cache
from zoneinfo import available_timezones


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Tell whether `name` is an IANA time zone."""
    return name in _zones()
