"""Waking the worker: whoever plans a reminder says when it is due, and a worker that would sleep past that wakes.

In one process by an event; across processes by PostgreSQL's NOTIFY, sent after the commit on a connection of its own.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from server import database

log = structlog.get_logger()

Listener = Callable[[int], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> Callable[[], None]:
    """Call `listener` with the instant of each reminder planned in this process; returns what ends that."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def tell(due: int) -> None:
    """Tell this process's listeners that something is due at an instant."""
    for listener in _listeners:
        listener(due)


def wake_at(due: int) -> None:
    """Tell, once the running transaction is committed, that something is due at an instant."""
    database.after_commit(lambda: tell(due))


class Alarm:
    """Sleeps until an instant that may come nearer meanwhile."""

    def __init__(self) -> None:
        """Make one that nobody has set."""
        self._nearer = asyncio.Event()
        self._at: int | None = None

    def set(self, due: int) -> None:
        """Bring the instant nearer, if it is."""
        if self._at is None or due < self._at:
            self._at = due
            self._nearer.set()

    async def sleep(self, seconds: float, until: int | None) -> None:
        """Sleep so many seconds, which lead to `until`; end at once when something nearer is set."""
        if self._at is not None and (until is None or self._at < until):
            self._at = None
            self._nearer.clear()
            return
        self._at = until
        self._nearer.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._nearer.wait()
        except TimeoutError:
            pass
        finally:
            self._at = None
            self._nearer.clear()


CHANNEL = "aftertide_due"
GATHER_SECONDS = 0.05
HEARTBEAT_SECONDS = 30.0
ANSWER_SECONDS = 10.0


class DueNotices:
    """Carries "due at" between the processes on one PostgreSQL. It may lose some: each worker looks once a minute anyway."""

    def __init__(self, url: str) -> None:
        """Carry notices between this process and the others on the database at `url`."""
        self._url = url
        self._nearest: int | None = None
        self._wake = asyncio.Event()
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._task: asyncio.Task[None] | None = None
        self._silence: Callable[[], None] | None = None

    async def start(self) -> None:
        """Begin to speak and to listen; a database that doesn't answer yet is tried again."""
        self._silence = listen(self._gather)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Close the connection."""
        if self._silence is not None:
            self._silence()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            self._connection.terminate()

    def _gather(self, due: int) -> None:
        if self._nearest is None or due < self._nearest:
            self._nearest = due
            self._wake.set()

    def _hear(self, connection: Any, pid: int, _channel: str, payload: object) -> None:
        if pid == connection.get_server_pid():
            return  # of this process, whose worker, if it has one, was told when it happened
        for listener in _listeners:
            if listener != self._gather:
                listener(int(str(payload)))

    async def _run(self) -> None:
        while True:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self._url, timeout=ANSWER_SECONDS)
                    await self._connection.add_listener(CHANNEL, self._hear)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await self._wake.wait()
                await asyncio.sleep(GATHER_SECONDS)
                self._wake.clear()
                due, self._nearest = self._nearest, None
                await self._connection.execute(
                    *("SELECT 1",) if due is None else ("SELECT pg_notify($1, $2)", CHANNEL, str(due)),
                    timeout=ANSWER_SECONDS,
                )
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                log.warning("telling what is due again")
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
                await asyncio.sleep(1)
