"""Reminders through what happens to servers: killed, paused, cut off from the database; counted out to the last one."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from server import database
from server.channels.push import AT_ONCE
from tests.conftest import run_on_postgresql, with_database
from tests.faults.reminded import SHORT_LEASE, Case, Sender, due, is_dead, sender
from tests.pushing import PushService, push_service

KILLS = 50
LEASE = 10
"""Seconds: longer than a batch takes on a busy machine."""


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[PushService]:
    async with push_service(tmp_path / "push") as running:
        yield running


async def arrived(service: PushService, count: int) -> None:
    """Wait until the push service has received so many in all."""
    while len(service.received) < count:
        service.arrived.clear()
        await service.arrived.wait()


async def first_of(*waits: Coroutine[Any, Any, None]) -> None:
    """Wait until one of several things has happened."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def kill_at_random(case: Case, senders: Sender, kills: int) -> None:
    """Kill the sender so many times, each time after it handed over a few more; the last one is left to finish."""
    chance = random.Random(5)  # noqa: S311 - the same moments each time
    for _ in range(kills):
        child = await senders.start()
        more = len(case.service.received) + chance.randint(1, 16)
        await senders.while_running(first_of(arrived(case.service, more), case.until_sent()))
        await asyncio.sleep(chance.random() * 0.02)  # not always at the same place in the code
        senders.kill(child)
    await senders.start()


async def test_a_sender_that_cannot_start_fails_its_test_at_once_with_what_it_said(
    service: PushService, tmp_path: Path
) -> None:
    async with sender(f"sqlite:{tmp_path}/empty.sqlite", service) as senders:
        await senders.start()
        with pytest.raises(AssertionError, match="run `aftertide-server migrate` first"):
            await senders.while_running(arrived(service, 1))
        senders.parent.kill()
        with pytest.raises(AssertionError, match="what forks senders has died"):
            await senders.start()


@pytest.mark.timeout(300)
async def test_killed_fifty_times_over_a_thousand_reminders(
    database_url: str, service: PushService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with due(database_url, service, 1_000, tmp_path) as case, sender(database_url, service) as senders:
        await kill_at_random(case, senders, KILLS)
        await senders.while_running(case.until_sent())
        counts = await case.account()
    with capsys.disabled():
        print(f"\n{database_url.split(':', maxsplit=1)[0]}: {KILLS} kills, {dict(counts)}")


@pytest.fixture
async def on_postgresql(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A database on PostgreSQL."""

    server, template = request.getfixturevalue("postgresql_url"), request.getfixturevalue("postgresql_template")
    name = f"test_{uuid4().hex[:12]}"
    await run_on_postgresql(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield with_database(server, name)
    await run_on_postgresql(server, f"DROP DATABASE {name} WITH (FORCE)")


async def test_two_workers_share_the_work_and_send_nothing_twice(
    on_postgresql: str, service: PushService, tmp_path: Path
) -> None:
    async with (
        due(on_postgresql, service, 600, tmp_path) as case,
        sender(on_postgresql, service, lease=LEASE) as senders,
    ):
        await senders.start()
        await senders.start()
        await senders.while_running(case.until_sent())
        counts = await case.account()
    assert counts["arrived"] == 600


async def test_a_worker_that_was_paused_past_its_lease_sends_nothing_of_it(
    on_postgresql: str, service: PushService, tmp_path: Path
) -> None:
    service.mode = "slow"
    async with due(on_postgresql, service, 400, tmp_path) as case, sender(on_postgresql, service) as senders:
        paused = await senders.start()
        await senders.while_running(arrived(service, AT_ONCE))  # as many as are on their way at once
        # In the middle of a transaction it would hold its rows, until PostgreSQL ends that after a minute.
        await senders.while_running(begun(400))
        senders.kill(paused, signal.SIGSTOP)
        service.slow.set()
        service.mode = "accept"
        await asyncio.sleep(1.5 * SHORT_LEASE)  # the lease's own time, which is what this is about
        await senders.start()
        await senders.while_running(case.until_sent())
        received = len(service.received)
        await case.account()  # what it had in flight, whose answers it doesn't know, is all that arrived twice
        unknown = await no_outcome()
        senders.kill(paused, signal.SIGCONT)
        senders.kill(paused, signal.SIGTERM)
        await senders.until_dead(paused)  # it writes down what it learns before it stops
        assert await no_outcome() < unknown
        assert len(service.received) == received


async def test_connections_that_are_cut_again_and_again_lose_nothing(
    on_postgresql: str, service: PushService, tmp_path: Path
) -> None:
    async with (
        due(on_postgresql, service, 400, tmp_path) as case,
        sender(on_postgresql, service, lease=LEASE) as senders,
    ):
        child = await senders.start()
        for number in range(8):
            await senders.while_running(arrived(service, 40 * (number + 1)))
            await database.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await senders.while_running(case.until_sent())
        await case.account()
        assert await pool_is_whole(on_postgresql)
        senders.kill(child, signal.SIGTERM)


async def pool_is_whole(url: str) -> bool:
    """Tell whether no connection is stuck inside a transaction."""
    connection = await asyncpg.connect(url)
    try:
        stuck = await connection.fetchval(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        )
    finally:
        await connection.close()
    return bool(stuck == 0)


async def test_a_transaction_held_open_elsewhere_slows_nothing(
    on_postgresql: str, service: PushService, tmp_path: Path
) -> None:
    async with (
        due(on_postgresql, service, 400, tmp_path) as case,
        sender(on_postgresql, service, lease=LEASE) as senders,
    ):
        holder = await asyncpg.connect(on_postgresql)
        try:
            await holder.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT COUNT(*) FROM reminders; SELECT id FROM deliveries"
            )
            await senders.start()
            await senders.while_running(case.until_sent())
        finally:
            await holder.close()
        counts = await case.account()
    assert counts["arrived"] == 400


async def test_one_reminder_that_kills_whoever_touches_it_is_given_up_and_stops_no_other(
    database_url: str, service: PushService, tmp_path: Path
) -> None:
    async with due(database_url, service, 60, tmp_path) as case:
        poison = case.reminders.pop(30)
        async with sender(database_url, service, poison=str(poison)) as senders:
            deaths = 0
            child = await senders.start()
            while await given_up(poison) is None:
                await asyncio.sleep(0.1)
                if is_dead(child):
                    deaths += 1
                    assert deaths <= 5, senders.said()
                    senders.alive.discard(child)
                    child = await senders.start()
            await senders.while_running(case.until_sent())
            assert await given_up(poison) == ("failed", "crashed")
            assert deaths == 5  # once with its batch, once with a group, three times alone
            case.reminders.append(poison)
            assert set(await arrivals(case)) == set(case.reminders) - {poison}


async def begun(count: int) -> None:
    """Wait until so many attempts are written down."""
    while len(await database.fetch("SELECT id FROM deliveries")) < count:  # noqa: ASYNC110 - in another process
        await asyncio.sleep(0.05)


async def no_outcome() -> int:
    """Count the attempts of which nobody knows how they went."""
    rows = await database.fetch("SELECT COUNT(*) AS count FROM deliveries WHERE result IS NULL")
    return int(rows[0]["count"])


async def given_up(reminder: object) -> tuple[str, str] | None:
    row = await database.fetch_one("SELECT outcome, why FROM settled_reminders WHERE id = $1", reminder)
    return None if row is None else (row["outcome"], row["why"])


async def arrivals(case: Case) -> list[object]:
    received = case.received()
    attempts = await database.fetch("SELECT reminder, token_hash FROM deliveries")
    return [attempt["reminder"] for attempt in attempts if received[bytes(attempt["token_hash"])]]
