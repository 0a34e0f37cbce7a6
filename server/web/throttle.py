"""Failures slow the next try down: exponentially for one account from one address, by ceilings for each alone.

Counters live in the database, so that every process sees them; addresses are kept as keyed hashes for a day. What is
no failure but costs something is allowed so many times in a window.
"""

import contextlib
import hashlib
import hmac
import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection

from server import database
from server.clock import DAY, MINUTE, SECOND
from server.settings import Network
from server.web.problems import Refusal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# $3 is now, $4 a day ago, $5 how many failures are free, $6 the longest wait. No row comes back while one has to wait.
_COUNT = """
    INSERT INTO throttles (key, failures, until, updated_at) VALUES ($1, 1, $2, $3)
    ON CONFLICT (key) DO UPDATE SET updated_at = excluded.updated_at,
        failures = CASE WHEN throttles.updated_at < $4 THEN 1 ELSE throttles.failures + 1 END,
        until = CASE WHEN throttles.updated_at < $4 OR throttles.failures < $5 THEN 0
            WHEN throttles.failures - $5 > 8 OR (2000 << (throttles.failures - $5)) > $6 THEN excluded.updated_at + $6
            ELSE excluded.updated_at + (2000 << (throttles.failures - $5)) END
    WHERE throttles.until <= excluded.updated_at RETURNING until
"""

# $3 is now, $4 when the window ends, $5 how often it may be. No row comes back when it was that often.
_SPEND = """
    INSERT INTO throttles (key, failures, until, updated_at) VALUES ($1, $2, $4, $3)
    ON CONFLICT (key) DO UPDATE SET updated_at = excluded.updated_at, until = excluded.until,
        failures = CASE WHEN throttles.until <= excluded.updated_at THEN 1 ELSE throttles.failures + 1 END
    WHERE throttles.until <= excluded.updated_at OR throttles.failures < $5 RETURNING failures
"""


class SlowDown(Refusal):
    """Too many failures: try again later."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted, and how many failures are free before each further one doubles the wait."""

    subject: str
    free: int
    longest: int = 15 * MINUTE
    forgiving: bool = False
    """Whether a success forgets all failures before it, and not only itself."""


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_trusted(address: Address, proxies: tuple[Network, ...]) -> bool:
    return any(address in network for network in proxies)


def originating_address(peer: str, forwarded: list[str], proxies: tuple[Network, ...]) -> str:
    """Return whom a request comes from: the last address of X-Forwarded-For that isn't a trusted proxy.

    `forwarded` are the header's lines in their order. Only a trusted proxy is believed about who is before it, and only
    an address; where it names none, it stands for itself. An IPv6 address counts by its /64: whoever has one has them all.
    """
    address = _parsed(peer)
    if address is None:
        return peer
    for part in reversed(",".join(forwarded).split(",")):
        before = _parsed(part) if _is_trusted(address, proxies) else None
        if before is None:
            break
        address = before
    if isinstance(address, ipaddress.IPv6Address):
        return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)


def client_address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the address a request comes from; behind a proxy that the settings trust, the one the proxy names."""
    peer = connection.client.host if connection.client is not None else "unknown"
    return originating_address(
        peer, connection.headers.getall("x-forwarded-for", []), connection.app.state.settings.proxies
    )


class Throttle:
    """The limits of one try: counted before the work, so that tries side by side can't pass together."""

    def __init__(self, secret: bytes, now: int, limits: list[Limit]) -> None:
        """Throttle by `limits` at the instant `now`; `secret` keys the hashes that are stored.

        Limits come in the same order of kinds everywhere: their rows are locked in that order.
        """
        self._now = now
        self._limits = {hmac.digest(secret, limit.subject.encode(), hashlib.sha256): limit for limit in limits}

    @contextlib.asynccontextmanager
    async def count(self, *failures: type[Refusal]) -> AsyncIterator[None]:
        """Count the try that the block makes; it stays counted when the block raises one of `failures`, else it is undone.

        Raises SlowDown, and counts nothing, while a limit says to wait. Costs a statement a limit before the block and,
        unless it failed, as many after it.
        """
        waits = await self._begin()
        try:
            yield
        except failures:
            raise
        except BaseException:  # a cancelled try, too: it has told nobody anything
            await self._undo(waits, succeeded=False)
            raise
        await self._undo(waits, succeeded=True)

    async def _begin(self) -> dict[bytes, int]:
        """Count a try on every limit, on all or on none; returns until when each now waits."""
        waits: dict[bytes, int] = {}
        try:
            async with database.transaction():
                for key, limit in self._limits.items():
                    row = await database.fetch_one(
                        _COUNT, key, 0, self._now, self._now - DAY, limit.free, limit.longest
                    )
                    if row is None:
                        raise SlowDown
                    waits[key] = row["until"]
        except SlowDown:
            seconds = await self._seconds_to_wait()
            raise SlowDown(headers={"Retry-After": str(seconds)}, retry_after=seconds) from None
        return waits

    async def _seconds_to_wait(self) -> int:
        row = await database.fetch_one(
            f"SELECT MAX(until) AS until FROM throttles WHERE key IN ({database.parameters(1, len(self._limits))})",
            *self._limits,
        )
        until: int = (row["until"] if row is not None else None) or 0
        return max(1, -(-(until - self._now) // SECOND))

    async def _undo(self, waits: dict[bytes, int], *, succeeded: bool) -> None:
        for key, limit in self._limits.items():
            if succeeded and limit.forgiving:
                await database.fetch("DELETE FROM throttles WHERE key = $1", key)
            else:
                await database.fetch(
                    "UPDATE throttles SET failures = failures - 1, until = CASE WHEN until = $2 THEN 0 ELSE until END "
                    "WHERE key = $1 AND failures > 0",
                    key, waits[key],
                )  # fmt: skip


async def spend(secret: bytes, now: int, subject: str, *, most: int, window: int) -> None:
    """Count one of `most` times that `subject` may happen in a window of so many milliseconds, which stand side by side.

    `secret` keys the hash that is stored. One statement. Raises SlowDown until the window is over.
    """
    key = hmac.digest(secret, subject.encode(), hashlib.sha256)
    until = now - now % window + window
    if await database.fetch_one(_SPEND, key, 1, now, until, most) is None:
        seconds = -(-(until - now) // SECOND)
        raise SlowDown(headers={"Retry-After": str(seconds)}, retry_after=seconds)


async def forget_old_failures(now: int) -> None:
    """Delete counters that are older than a day."""
    await database.fetch("DELETE FROM throttles WHERE updated_at < $1", now - DAY)
