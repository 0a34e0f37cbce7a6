"""Reminders a second before and after each fault, by the same worker: others never come back to what they were.

Both are measured in the same minute, several times, and the medians compared: one round by itself differs from the next by a
quarter where other work shares the cores. Beside the clock stands what a reminder costs the worker and the database of a core,
which other work hardly changes.
"""

import asyncio
import signal
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import psutil

from bench.push import FAILS
from bench.reminders import Sink, left, own_postgresql, people, plan_due, processes, sink, transactions
from server import database
from server.opening import TABLES
from server.reminders.waking import CHANNEL
from tests.faults.processes import ServerProcess
from tests.faults.test_reminders_database import all_connections

COUNT, ROUNDS = 6_000, 5
LEASE = 2
"""Seconds, so that a worker can be paused past it."""


@dataclass
class World:
    """What a fault may happen to."""

    postgresql: Any
    url: str
    push: Sink
    worker: ServerProcess


class Rate(NamedTuple):
    """How fast reminders went out."""

    a_second: float
    of_a_core: float
    """A second of one core, the worker's and the database's time together."""
    transactions: float
    """For a thousand reminders."""


def core_seconds(world: World) -> float:
    """Return what the worker and the database, its ended connections left out, have taken of the cores."""
    database_itself = psutil.Process(world.postgresql.get_pid())
    watched = [psutil.Process(world.worker.process.pid), *database_itself.children()]
    return sum(sum(process.cpu_times()[:2]) for process in watched)


async def rate(world: World, accounts: list[UUID]) -> Rate:
    """Have reminders fall due, and watch the worker send them."""
    await database.fetch("DELETE FROM reminders")
    await database.fetch("DELETE FROM deliveries")
    # What the rounds before have left behind is no fault's doing; it would be cleared away in the middle of some later one.
    for table in ("reminders", "deliveries", "push_subscriptions"):
        await database.fetch(f"VACUUM ANALYZE {table}")
    await plan_due(accounts, COUNT)
    committed = await transactions()
    await database.fetch("SELECT pg_notify($1, '0')", CHANNEL)
    whole = await left()
    looks = 1
    while await left() == whole:
        looks += 1
        await asyncio.sleep(0.01)
    core = core_seconds(world)
    began, first = time.perf_counter(), whole - await left()
    while await left():
        looks += 1
        await asyncio.sleep(0.1)
    seconds, core = time.perf_counter() - began, core_seconds(world) - core
    await asyncio.sleep(1.5)  # a backend tells what it has committed within a second
    sent = whole - first
    return Rate(sent / seconds, sent / core, (await transactions() - committed - looks) * 1_000 / COUNT)


async def rates(world: World, accounts: list[UUID]) -> Rate:
    """Measure several times; returns the medians."""
    measured = [await rate(world, accounts) for _ in range(ROUNDS)]
    return Rate(*(statistics.median(column) for column in zip(*measured, strict=True)))


async def paused(world: World) -> None:
    """Pause the worker past its lease while it sends."""
    world.worker.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(LEASE + 1)
    world.worker.process.send_signal(signal.SIGCONT)


async def cut_off(_world: World) -> None:
    """Cut all connections of the worker, eight times."""
    for _ in range(8):
        await database.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aftertide' AND pid <> pg_backend_pid()"
        )
        await asyncio.sleep(0.2)


async def without_connections(world: World) -> None:
    """Take every connection that is left, for two seconds."""
    taken = await all_connections(world.url)
    await asyncio.sleep(2)
    for connection in taken:
        await connection.close()


async def restarted(world: World) -> None:
    """Restart the database."""
    await database.disconnect()
    await asyncio.to_thread(world.postgresql.stop)
    await asyncio.to_thread(world.postgresql.start)
    await database.connect(world.url, 2, TABLES)


async def all_sent() -> None:
    """Wait until nothing that is due is left."""
    while await left():  # noqa: ASYNC110 - it happens in another process
        await asyncio.sleep(0.1)


async def held_open(world: World) -> None:
    """Hold a transaction open elsewhere, over thousands of rows that change; it ends with this process."""
    connection = await asyncpg.connect(world.url)
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    await connection.fetch("SELECT COUNT(*) FROM reminders")
    HELD.append(connection)


async def held_for_a_while(world: World) -> None:
    """Hold a transaction open elsewhere until all that was due has been sent."""
    await held_open(world)
    await all_sent()
    await HELD.pop().close()


HELD: "list[asyncpg.Connection[asyncpg.Record]]" = []


async def untouched(_world: World) -> None:
    """Do nothing: what then differs between before and after is this machine's doing."""


async def refused(world: World) -> None:
    """Have the push service fail with everything for five seconds."""
    fails = world.push.authority.with_name(FAILS)
    fails.touch()
    await asyncio.sleep(5)
    fails.unlink()


Fault = Callable[[World], Awaitable[None]]
FAULTS: dict[str, Fault] = {
    "nothing, for comparison": untouched,
    "the worker paused past its lease": paused,
    "all connections cut, eight times": cut_off,
    "no connection left for two seconds": without_connections,
    "the database restarted": restarted,
    "the push service failing for five seconds": refused,
    "nothing, once more": untouched,
    "a transaction held open elsewhere, and ended": held_for_a_while,
    "a transaction held open elsewhere, still": held_open,
}


async def measure(world: World, accounts: list[UUID]) -> None:
    """Print a row a fault."""
    await rate(world, accounts)  # the first one warms up
    for what, fault in FAULTS.items():
        before = await rates(world, accounts)
        await plan_due(accounts, COUNT)
        await database.fetch("SELECT pg_notify($1, '0')", CHANNEL)
        await asyncio.sleep(0.3)  # in the middle of sending
        await fault(world)
        over = time.perf_counter()
        await all_sent()
        waited = time.perf_counter() - over
        after = await rates(world, accounts)
        print(
            f"| {what} | {waited:.0f} | {before.a_second:,.0f} | {after.a_second:,.0f} | {after.a_second / before.a_second:.0%} | "
            f"{after.of_a_core / before.of_a_core:.0%} | {before.transactions:.0f} | {after.transactions:.0f} |",
            flush=True,
        )


async def on_postgresql(postgresql: Any, url: str, push: Sink) -> None:
    """Measure with one worker."""
    await database.connect(url, 2, TABLES)
    accounts = await people(push)
    with processes(url, push, "worker", lease=LEASE) as (worker,):
        await measure(World(postgresql, url, push, worker), accounts)
    await database.disconnect()


def main() -> None:
    """Print everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "push").mkdir()
        with sink(folder / "push") as push:
            print("\n### Reminders before and after a fault\n")
            print(
                "| what happened | seconds until all was sent | a second before | after | ratio | of a core: ratio | "
                "transactions for 1,000 before | after |\n|---|---|---|---|---|---|---|---|"
            )
            with own_postgresql(folder / "postgresql") as (server, url):
                asyncio.run(on_postgresql(server, url, push))


if __name__ == "__main__":
    main()
