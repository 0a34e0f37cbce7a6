"""Ways to meet each problem, registered from wherever they are written."""

from collections.abc import Awaitable, Callable

import httpx

from tests.api.people import Person
from tests.conftest import Running

CANARY = "the-water-again-I-was-the-shore"
Cause = Callable[[Running, Person, Person], Awaitable[httpx.Response]]
CAUSES: dict[str, tuple[int, Cause]] = {}


def cause(code: str, status: int) -> Callable[[Cause], Cause]:
    """Register a way to meet the problem `code`; several ways may share one code."""

    def keep(make: Cause) -> Cause:
        CAUSES[f"{code}: {make.__name__}"] = (status, make)
        return make

    return keep
