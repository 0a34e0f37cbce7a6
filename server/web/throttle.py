"""Failures slow the next try down: exponentially for one account from one address, by ceilings for each alone.

Counters live in the database, so that every process sees them; addresses are kept as keyed hashes for a day.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection

from server import database
from server.clock import DAY, MINUTE, SECOND
from server.web.problems import Refusal


class SlowDown(Refusal):
    """Too many failures: try again later."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted, and how many failures are free before each further one doubles the wait."""

    subject: str
    free: int
    longest: int = 15 * MINUTE


def client_address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the address a request comes from; behind a proxy that the settings trust, the one the proxy names."""
    peer = connection.client.host if connection.client is not None else "unknown"
    if peer in connection.app.state.settings.proxies:
        return connection.headers.get("x-forwarded-for", peer).rpartition(",")[2].strip() or peer
    return peer


class Throttle:
    """The limits of one request, checked before the work and told its outcome."""

    def __init__(self, secret: bytes, now: int, limits: list[Limit]) -> None:
        """Throttle by `limits` at the instant `now`; `secret` keys the hashes that are stored."""
        self._now = now
        self._limits = {hmac.digest(secret, limit.subject.encode(), hashlib.sha256): limit for limit in limits}

    async def check(self) -> None:
        """Raise SlowDown while a limit says to wait."""
        keys = list(self._limits)
        row = await database.fetch_one(
            f"SELECT MAX(until) AS until FROM throttles WHERE key IN ({database.parameters(1, len(keys))})", *keys
        )
        until = row["until"] if row is not None else None
        if until is not None and until > self._now:
            seconds = -(-(until - self._now) // SECOND)
            raise SlowDown(headers={"Retry-After": str(seconds)}, retry_after=seconds)

    async def failed(self) -> None:
        """Count a failure on every limit."""
        for key, limit in self._limits.items():
            row = await database.fetch_one(
                "INSERT INTO throttles (key, failures, until, updated_at) VALUES ($1, 1, $2, $3) "
                "ON CONFLICT (key) DO UPDATE SET updated_at = excluded.updated_at, "
                "failures = CASE WHEN throttles.updated_at < $4 THEN 1 ELSE throttles.failures + 1 END RETURNING failures",
                key, 0, self._now, self._now - DAY,
            )  # fmt: skip
            failures = row["failures"] if row is not None else 0
            if failures > limit.free:
                wait = min(limit.longest, SECOND << min(failures - limit.free, 20))
                await database.fetch("UPDATE throttles SET until = $2 WHERE key = $1", key, self._now + wait)

    async def succeeded(self) -> None:
        """Forget the failures of the first limit: this person, from here, has shown who they are."""
        await database.fetch("DELETE FROM throttles WHERE key = $1", next(iter(self._limits)))


async def forget_old_failures(now: int) -> None:
    """Delete counters that are older than a day."""
    await database.fetch("DELETE FROM throttles WHERE updated_at < $1", now - DAY)
