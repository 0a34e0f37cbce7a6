"""Bringing a database to the present form: one at a time, repeatable, both engines."""

import contextlib
import fcntl
import io
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg

from server import database
from server.opening import TABLES
from server.settings import Settings

ADVISORY_LOCK = 0x4166746572  # "After"


class DatabaseInUse(Exception):
    """Another process holds the SQLite file."""


class MigrationFailed(Exception):
    """A migration step didn't run through; the message carries what Piccolo said."""


@contextlib.contextmanager
def own_file(url: str) -> Iterator[None]:
    """Hold the lock beside a SQLite file: one process serves or changes it. PostgreSQL needs none. Raises DatabaseInUse."""
    if not url.startswith("sqlite:"):
        yield
        return
    lock = Path(url.removeprefix("sqlite:") + ".lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DatabaseInUse(f"another Aftertide process is using {lock.with_suffix('')}; stop it first") from None
        yield


@contextlib.asynccontextmanager
async def _alone(settings: Settings) -> AsyncIterator[None]:
    if settings.database_url.startswith("sqlite:"):
        yield  # the file lock is held already
        return
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
        yield
    finally:
        await connection.close()


async def migrate(settings: Settings) -> str:
    """Run the migrations that haven't run, alone on the database; returns what Piccolo says. Raises MigrationFailed.

    The caller holds `own_file`. A step that was cut off is run again: each is repeatable.
    """
    # Brings a formatter and a terminal's colours along: a fifth of the time that a server takes to start.
    from piccolo.apps.migrations.commands.forwards import run_forwards  # noqa: PLC0415 - see above

    os.environ["PICCOLO_CONF"] = "server.piccolo_conf"
    said = io.StringIO()
    async with _alone(settings):
        await database.connect(settings.database_url, 1, TABLES, hurried=False)
        try:
            with contextlib.redirect_stdout(said):
                result = await run_forwards(app_name="aftertide")
        finally:
            await database.disconnect()
    if not result.success:
        raise MigrationFailed(f"{result.message}\n{said.getvalue()}")
    return said.getvalue()
