"""The server under test with bare handlers beside it: the same statements, the session look-up included, through the bare driver."""

import asyncio
import hashlib
import importlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Litestar, Router, get, put
from litestar.params import FromPath, JSONBody, QueryParameter

from server import serving
from server.accounts.sessions import LOOK_UP
from server.app import create_app
from server.database import _highest, _numbered
from server.records.alone import POSTGRESQL, SQLITE
from server.records.saving import STANDING
from server.records.structs import Save, Saved
from server.settings import Settings, read_settings
from server.web.access import Who, allow
from server.web.messages import ApiRequest

# The library that the server has put in its place, not the interpreter's own.
sqlite3: Any = importlib.import_module("sqlite3")


class BareChanges(msgspec.Struct):
    """What "nothing new" says."""

    changes: list[int]
    cursor: int
    more: bool
    counter: int


class Driver:
    """The bare driver of either engine."""

    def __init__(self, url: str) -> None:
        """Speak to the database at `url`."""
        self.url = url
        self.pool: Any = None
        self.thread = ThreadPoolExecutor(1)
        self.connection: Any = None

    async def open(self) -> None:
        """Connect, on first use."""
        if self.url.startswith("sqlite:"):
            if self.connection is None:
                self.connection = sqlite3.connect(
                    self.url.removeprefix("sqlite:"),
                    isolation_level=None,
                    check_same_thread=False,
                    detect_types=sqlite3.PARSE_DECLTYPES,
                )
                for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000", "foreign_keys = 1"):
                    self.connection.execute(f"PRAGMA {pragma}")
        elif self.pool is None:
            self.pool = await asyncpg.create_pool(self.url, min_size=1, max_size=10)

    async def _in_thread(self, work: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)

    async def session(self, token: str, now: int) -> Any:
        """Look a session up."""
        hashed = hashlib.sha256(token.encode()).digest()
        if self.pool is not None:
            return (await self.pool.fetch(LOOK_UP, hashed, now))[0]
        return await self._in_thread(lambda: self.connection.execute(_numbered(LOOK_UP), (hashed, now)).fetchone())

    async def save(self, owner: UUID, record: UUID, new: Save, now: int) -> int:
        """Do what a save of a new record does."""
        args = (
            record, owner, new.epoch, new.revision, hashlib.sha256(new.body).digest(), now, new.base, new.request, new.body,
            len(new.body), new.proof, new.gen, new.wrapped,
        )  # fmt: skip
        if self.pool is not None:
            await self.pool.fetch(STANDING, owner, record, new.request)
            value: int = (await self.pool.fetch(POSTGRESQL[True], *args))[0]["value"]
            return value

        def work() -> int:
            self.connection.execute(_numbered(STANDING), (owner, record, new.request)).fetchone()
            self.connection.execute("BEGIN IMMEDIATE")
            rows = [self.connection.execute(_numbered(s), args[: _highest(s)]).fetchall() for s in SQLITE[True]]
            self.connection.execute("COMMIT")
            counted: int = rows[3][0][0]
            return counted

        found: int = await self._in_thread(work)
        return found


def with_bare_handlers(settings: Settings) -> Litestar:
    """Make the app with `/bare/...` beside `/api/...`."""
    driver = Driver(settings.database_url)

    @put("/records/{record:uuid}", **allow(Who.ANYBODY))
    async def save(request: ApiRequest, record: FromPath[UUID], data: JSONBody[Save]) -> Saved:
        await driver.open()
        now = request.app.state.clock()
        session = await driver.session(request.headers["authorization"][7:], now)
        return Saved(
            cursor=await driver.save(session["account"] if driver.pool else session[1], record, data, now),
            revision=data.revision,
        )

    @get("/changes", **allow(Who.ANYBODY))
    async def changes(request: ApiRequest, after: Annotated[int, QueryParameter(ge=0)] = 0) -> BareChanges:
        await driver.open()
        session = await driver.session(request.headers["authorization"][7:], request.app.state.clock())
        return BareChanges([], after, more=False, counter=session["counter"] if driver.pool else session[7])

    @get("/nothing", **allow(Who.ANYBODY))
    async def nothing() -> dict[str, str]:
        return {}

    app = create_app(settings)
    app.register(Router("/bare", route_handlers=[save, changes, nothing]))
    return app


def main() -> None:
    """Serve until stopped."""
    settings = read_settings()
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(asyncio.run(serving.serve(settings, with_bare_handlers(settings))))


if __name__ == "__main__":
    main()
