"""A thousand reminders to send, the processes that send them, and the sum that must be zero afterwards."""

import asyncio
import contextlib
import hashlib
import os
import signal
import sys
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec

from server import database
from server.app import create_app
from server.clock import HOUR, SECOND, system_clock
from server.opening import TABLES
from server.reminders.planner import insert
from server.reminders.planning import Planned
from server.settings import Settings
from tests.api.appointments import pair
from tests.api.pushes import Browser
from tests.conftest import ORIGIN, Running, Time, living
from tests.faults.processes import free_port
from tests.pushing import PushService

T = TypeVar("T")
SHORT_LEASE = 1
"""For senders that die or are paused: nobody waits a minute for theirs to run out. Seconds."""


LAST_WORDS = 3_000
"""Of what processes said on standard error, so much is shown when one has died. Bytes."""


def is_dead(child: int) -> bool:
    """Tell whether a process has died (its parent leaves no zombies)."""
    return not Path(f"/proc/{child}").exists()


@dataclass
class Sender:
    """What forks sending processes, and those that it has forked."""

    parent: asyncio.subprocess.Process
    log: Path
    """What all of them say on standard error."""
    children: list[int] = field(default_factory=list)
    alive: set[int] = field(default_factory=set)
    """Those that should be running: started, and not told to end."""

    async def start(self) -> int:
        """Start a process; returns its number. Raises AssertionError where there is nobody left to fork it."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        with contextlib.suppress(ConnectionError):  # the answer tells
            self.parent.stdin.write(b"start\n")
            await self.parent.stdin.drain()
        answer = await self.parent.stdout.readline()
        if not answer:
            raise AssertionError(f"what forks senders has died:\n{self.said()}")
        child = int(answer)
        self.children.append(child)
        self.alive.add(child)
        return child

    def kill(self, child: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a process a signal; one that is gone is gone."""
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.alive.discard(child)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    async def while_running(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for what the running processes bring about.

        Raises AssertionError, with what they said, once one of them has died by itself: nobody would bring it about any more.
        """
        task = asyncio.create_task(work)
        try:
            while not (await asyncio.wait([task], timeout=0.1))[0]:
                dead = [child for child in self.alive if is_dead(child)]
                assert not dead, f"a sender died by itself:\n{self.said()}"
            return task.result()
        finally:
            task.cancel()

    async def until_dead(self, child: int) -> None:
        """Wait until a process that was told to end has; raises AssertionError with what they said when it doesn't within a minute."""
        try:
            async with asyncio.timeout(60):
                while not is_dead(child):  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"a sender didn't end:\n{self.said()}") from None

    def said(self) -> str:
        """The end of what the processes said on standard error."""
        return self.log.read_bytes()[-LAST_WORDS:].decode(errors="replace")


@contextlib.asynccontextmanager
async def sender(
    database_url: str, service: PushService, *, lease: int = SHORT_LEASE, **options: str
) -> AsyncIterator[Sender]:
    """Have processes at hand that send what is due in a database to a push service of the tests' own."""
    environment = {
        **os.environ, "DATABASE_URL": database_url, "AFTERTIDE_ENV": "development", "AFTERTIDE_ORIGIN": ORIGIN,
        "PORT": str(free_port()), "AFTERTIDE_PUSH_SERVICES": service.host, "AFTERTIDE_PUSH_CA": str(service.authority),
        "AFTERTIDE_LEASE_SECONDS": str(lease), "AFTERTIDE_POOL": "4",
    }  # fmt: skip
    log = service.authority.with_name(f"senders-{uuid4().hex}.log")
    with log.open("wb") as standard_error:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.sending_process", *(f"{name}={value}" for name, value in options.items()),
            env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=standard_error,
        )  # fmt: skip
    made = Sender(parent, log)
    try:
        yield made
    finally:
        for child in made.children:
            made.kill(child, signal.SIGCONT)
            made.kill(child)
        with contextlib.suppress(ProcessLookupError):
            parent.kill()
        await parent.wait()


@dataclass
class Case:
    """A database with reminders that are due, one phone that they go to, and its push service."""

    url: str
    service: PushService
    browser: Browser
    reminders: list[UUID]

    async def left(self) -> int:
        """How many haven't been accepted yet."""
        rows = await database.fetch("SELECT COUNT(*) AS count FROM reminders WHERE state <> 'sent'")
        return int(rows[0]["count"])

    async def until_sent(self) -> None:
        """Wait until everything has been accepted or settled."""
        while await self.left():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.05)

    def received(self) -> Counter[bytes]:
        """How often the phone got each attempt, by the hash of its token."""
        found: Counter[bytes] = Counter()
        for one in self.service.received:
            token = msgspec.json.decode(one.opened(self.browser))["notification"]["data"]["token"]
            found[hashlib.sha256(urlsafe_b64decode(token + "=")).digest()] += 1
        return found

    async def account(self) -> Counter[str]:
        """Hold what the phone got against the books; returns the counts that a report wants.

        Nothing is lost, no attempt arrives twice, and a reminder that arrived more than once has an attempt of which nobody
        knows how it went: one that was in flight when its sender died.
        """
        assert await database.fetch("SELECT id FROM reminders WHERE lease IS NOT NULL") == []
        received = self.received()
        assert max(received.values()) == 1
        attempts = await database.fetch("SELECT reminder, token_hash, result FROM deliveries")
        arrived: Counter[UUID] = Counter()
        unknown: Counter[UUID] = Counter()
        for attempt in attempts:
            arrived[attempt["reminder"]] += received[bytes(attempt["token_hash"])]
            unknown[attempt["reminder"]] += attempt["result"] is None
        lost = [one for one in self.reminders if arrived[one] == 0]
        assert lost == []
        unexplained = [one for one in self.reminders if arrived[one] > 1 + unknown[one]]
        assert unexplained == []
        states = await database.fetch(
            "SELECT state FROM reminders WHERE kind = 'test' UNION ALL SELECT outcome FROM settled_reminders WHERE kind = 'test'"
        )
        assert len(states) - len(self.reminders) == 0
        return Counter(
            reminders=len(self.reminders), arrived=sum(arrived.values()), twice=sum(count - 1 for count in arrived.values()),
            unknown=sum(unknown.values()),
        )  # fmt: skip


@contextlib.asynccontextmanager
async def due(database_url: str, service: PushService, count: int, folder: Path) -> AsyncIterator[Case]:
    """Make a database in which so many reminders are due to one phone; the block runs with it open for looking."""
    settings = Settings(database_url=database_url, origin=ORIGIN, pool="4", pwa=str(folder))
    app = create_app(settings, Time())
    browser = service.browser()
    async with living(app):
        _, patient = await pair(Running(app, settings, Time()))
        session = await database.fetch_one("SELECT id FROM sessions WHERE account = $1", patient.id)
        assert session is not None
        await database.fetch(
            "INSERT INTO push_subscriptions (id, account, session, endpoint, service, p256dh, auth, created_at, checked_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 1)",
            uuid4(), patient.id, session["id"], browser.endpoint, service.host, browser.p256dh, browser.auth,
        )  # fmt: skip
        await patient.http.get("/api/reminders/settings")
        now = system_clock()
        wanted = [Planned(uuid4(), "test", None, None, now - SECOND, now + HOUR, 0) for _ in range(count)]
        await database.in_transaction(partial(insert, patient.id, wanted))
    await database.connect(database_url, 2, TABLES)
    try:
        yield Case(database_url, service, browser, [one.id for one in wanted])
    finally:
        await database.disconnect()
