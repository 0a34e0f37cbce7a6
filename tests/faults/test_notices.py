"""Live updates across processes: a database that has gone silent is noticed, and one change is told once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit, urlunsplit
from uuid import uuid4

import pytest

from server.web import notices
from server.web.live import Listener, Live
from server.web.notices import Notices

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Wire:
    """A wire to PostgreSQL that can go dead without a word: connections stay open, nothing passes any more."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._passing = asyncio.Event()
        self._passing.set()
        self._tasks = set[asyncio.Task[None]]()
        self._writers = list[asyncio.StreamWriter]()
        self.accepted = asyncio.Semaphore(0)
        self.url = ""

    def go_dead(self) -> None:
        self._passing.clear()

    def recover(self) -> None:
        self._passing.set()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = self._parts.port or 5432
        (folder,) = parse_qs(self._parts.query).get("host", [""])
        if folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._parts.hostname or folder, port)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                await self._passing.wait()
                writer.write(data)
        writer.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await self._dial()
        self._writers += [writer, back]
        self.accepted.release()
        for one, other in ((reader, back), (there, writer)):
            self._tasks.add(asyncio.create_task(self._pass_on(one, other)))

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Wire"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        user = f"{self._parts.username or ''}:{self._parts.password or ''}@"
        port = server.sockets[0].getsockname()[1]
        self.url = urlunsplit(self._parts._replace(netloc=f"{user}127.0.0.1:{port}", query="sslmode=disable"))
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
            await server.wait_closed()


@contextlib.asynccontextmanager
async def process(url: str) -> AsyncIterator[tuple[Live, Listener, Callable[[], None]]]:
    """One process with somebody who listens, and what changes something for them in it."""
    live = Live()
    account = uuid4()
    listener = live.listen(account, uuid4())
    ears = Notices(url, live)
    await ears.start()
    try:
        yield live, listener, lambda: live.changed([account])
    finally:
        await ears.stop()


async def test_a_change_is_told_once_in_its_own_process_and_once_in_another(database_url: str) -> None:
    async with process(database_url) as (_, here, change), process(database_url) as (there, _, _):
        elsewhere = there.listen(here.account, uuid4())
        change()
        assert await here.wait(0)
        assert await elsewhere.wait(10)
        assert not await here.wait(0.5)


async def test_a_database_that_has_gone_silent_is_left_for_a_new_connection(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "ANSWER_SECONDS", 0.5)
    async with Wire(database_url).open() as wire, process(wire.url) as (_, listener, change):
        wire.go_dead()
        change()
        assert await listener.wait(0)
        async with asyncio.timeout(10):
            for _ in range(3):  # the second finds the wire dead, too
                await wire.accepted.acquire()
        wire.recover()
        # Something may have been missed: everybody is told to pull.
        assert await listener.wait(10)


async def test_what_changed_on_a_dead_wire_reaches_the_others_afterwards(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "ANSWER_SECONDS", 0.5)
    async with (
        Wire(database_url).open() as wire,
        process(wire.url) as (_, here, change),
        process(database_url) as (there, _, _),
    ):
        elsewhere = there.listen(here.account, uuid4())
        wire.go_dead()
        change()
        assert not await elsewhere.wait(1)
        wire.recover()
        assert await elsewhere.wait(10)
