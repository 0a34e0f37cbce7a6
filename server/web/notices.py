"""Live updates across processes: PostgreSQL's LISTEN and NOTIFY.

Notices go out after the commit, gathered for a moment, on a connection of their own: a NOTIFY inside the transaction would
serialise all commits. LISTEN can die silently, so the process notifies itself every 30 seconds, and on silence it connects
again and wakes every stream.
"""

import asyncio
import contextlib
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from server.web.live import Live

log = structlog.get_logger()

CHANNEL = "aftertide_changed"
GATHER_SECONDS = 0.05
HEARTBEAT_SECONDS = 30.0
ANSWER_SECONDS = 10.0
"""How long the database may take to answer; a peer that has gone silently never does."""
MOST_IN_ONE = 200
"""A notice holds 8,000 bytes; an id takes 33 of them."""


class Notices:
    """One process's ear and voice."""

    def __init__(self, url: str, live: Live) -> None:
        """Carry notices between `live` and the other processes on the database at `url`."""
        self._url = url
        self._live = live
        self._waiting: set[UUID] = set()
        self._wake = asyncio.Event()
        self._heard_at = 0.0
        self._connection: Any = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and begin to listen."""
        await self._connect()
        self._live.forward(self._gather)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop listening and close the connection."""
        self._live.forward_no_more(self._gather)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            self._connection.terminate()

    def _gather(self, accounts: frozenset[UUID]) -> None:
        self._waiting |= accounts
        self._wake.set()

    def _hear(self, connection: Any, pid: int, _channel: str, payload: str) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        if pid == connection.get_server_pid():
            return  # of this process, whose streams were told when it happened
        self._live.tell_here([UUID(hex=part) for part in payload.split(",") if part])

    async def _connect(self) -> None:
        self._connection = await asyncpg.connect(self._url, timeout=ANSWER_SECONDS)
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._connection.add_listener(CHANNEL, self._hear)
        self._heard_at = asyncio.get_running_loop().time()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            told, self._waiting = sorted(self._waiting), set()
            try:
                if asyncio.get_running_loop().time() - self._heard_at > 2.5 * HEARTBEAT_SECONDS:
                    raise ConnectionError("nothing heard")
                for start in range(0, max(len(told), 1), MOST_IN_ONE):
                    payload = ",".join(account.hex for account in told[start : start + MOST_IN_ONE])
                    await self._connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload, timeout=ANSWER_SECONDS)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                self._waiting |= set(told)
                await self._reconnect()

    async def _reconnect(self) -> None:
        log.warning("listening again")
        self._connection.terminate()
        try:
            await self._connect()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(1)
        else:
            self._live.tell_everybody_here()
        self._wake.set()  # what waits goes out now, or the next try to connect is made now
