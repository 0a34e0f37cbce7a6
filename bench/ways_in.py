"""Whether the time of an answer tells who is there: wrong proofs for accounts that exist and for ones that don't, interleaved."""

import asyncio
import http.client
import ipaddress
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from bench.reminders import own_postgresql
from tests.api.authenticator import Authenticator
from tests.api.passkeys import add, assertion, challenge
from tests.api.people import Person, b64, join
from tests.browser.conftest import practice_on
from tests.conftest import Running, aftertide_server
from tests.faults.processes import free_port, server_process

TRIES = int(os.environ.get("BENCH_TRIES", "2000"))
"""Of each kind, for an account that is there and for one that isn't."""
WARM_UP = 100
PEOPLE = 40
"""So many accounts share the tries: one that is tried more than 200 times a day is slowed down, whoever tries."""
ALPHA = 0.01


@dataclass(frozen=True)
class Ranked:
    """The rank test of Mann and Whitney, two-sided, by the normal approximation with its correction for ties."""

    z: float
    p: float
    larger: float
    """How often a value of the second sample is the larger one, ties halved: 0.5 where nothing tells them apart."""


def rank_test(first: list[float], second: list[float]) -> Ranked:
    """Compare two samples of at least twenty values each, from which on the approximation holds."""
    m, n = len(first), len(second)
    ordered = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks_of_second, ties, at = 0.0, 0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        shared = (at + 1 + end) / 2
        ranks_of_second += shared * sum(which for _, which in ordered[at:end])
        ties += (end - at) ** 3 - (end - at)
        at = end
    u = ranks_of_second - n * (n + 1) / 2
    both = m + n
    spread = (m * n / 12 * (both + 1 - ties / (both * (both - 1)))) ** 0.5
    z = (u - m * n / 2) / spread if spread else 0.0
    return Ranked(z, 2 * statistics.NormalDist().cdf(-abs(z)), u / (m * n))


class Elsewhere:
    """The server as a process of its own, as far as people speak to it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def program(self) -> httpx.AsyncClient:
        """Open a connection as a program does, each from an address of its own."""
        return httpx.AsyncClient(base_url=self.origin, headers={"X-Forwarded-For": somewhere()})


def somewhere() -> str:
    """Make an address that nobody has tried from: tries from one address are slowed down."""
    return str(ipaddress.IPv6Address((0x20010DB8 << 96) | (random.getrandbits(64) << 32)))


@dataclass
class Crowd:
    """Who is there, and who isn't."""

    there: list[str]
    not_there: list[str]
    device: Authenticator
    http: httpx.AsyncClient


async def crowd(origin: str, link: str) -> Crowd:
    """Sign everybody up; the therapist, who has a passkey, too."""
    running = cast("Running", Elsewhere(origin))
    therapist = Person(running, "therapist@example.org")
    fragment = link.split("#")[1]
    token = fragment.replace("-", "+").replace("_", "/") + "="
    body = {"token": token, "account": await therapist.new_account()}
    therapist.use((await therapist.http.post("/api/begin", json=body)).raise_for_status().json()["token"])
    people = [await join(therapist, f"p{number:02}@example.org") for number in range(PEOPLE)]
    device = Authenticator(origin=origin, rp_id="localhost")
    (await add(therapist, device)).raise_for_status()
    strangers = [f"s{number:02}@example.org" for number in range(PEOPLE)]
    return Crowd([person.email for person in people], strangers, device, running.program())


Body = Callable[[bool, int], Awaitable[dict[str, Any]]]


def kinds(of: Crowd) -> dict[str, tuple[str, Body]]:
    """Say what is asked: a path, and the body for somebody who is there or isn't, in the so-manieth try."""

    def email(there: bool, number: int) -> str:  # noqa: FBT001 - one of two groups
        return (of.there if there else of.not_there)[number % PEOPLE]

    def proof(method: str) -> Body:
        async def body(there: bool, number: int) -> dict[str, Any]:  # noqa: FBT001 - as above
            return {
                "email": email(there, number), "method": method, "auth": b64(os.urandom(32)), "device": "another", "bearer": True,
            }  # fmt: skip

        return body

    async def salt(there: bool, number: int) -> dict[str, Any]:  # noqa: FBT001 - as above
        return {"email": email(there, number)}

    async def future(there: bool, number: int) -> dict[str, Any]:  # noqa: FBT001, ARG001 - as above; any id will do
        (known,) = of.device.passkeys
        return {"account": str(known.account if there else uuid4())}

    async def passkey(there: bool, number: int) -> dict[str, Any]:  # noqa: FBT001, ARG001 - as above; one passkey will do
        of.http.headers["X-Forwarded-For"] = somewhere()
        if there:
            answer = await assertion(of.http, of.device)
        else:
            stranger = Authenticator(origin=of.device.origin, rp_id=of.device.rp_id)
            stranger.make(await challenge(of.http, "sign-up", uuid4()), uuid4())
            answer = await assertion(of.http, stranger)
        # Well formed, and of another text.
        other = await assertion(of.http, of.device)
        answer["answer"]["signature"] = other["answer"]["signature"]
        return answer

    return {
        "salt": ("/api/salt", salt),
        "wrong passphrase": ("/api/sign-in", proof("passphrase")),
        "wrong kit": ("/api/sign-in", proof("recovery")),
        "challenge to sign up": ("/api/passkeys/challenges/sign-up", future),
        "wrong passkey": ("/api/sign-in/passkey", passkey),
    }


@dataclass
class Times:
    """Milliseconds of each answer."""

    there: list[float] = field(default_factory=list)
    not_there: list[float] = field(default_factory=list)


async def measure(origin: str, path: str, body: Body) -> Times:
    """Ask in pairs, whose order is drawn anew each time, over one connection; the first of them don't count."""
    parts = urlsplit(origin)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    times = Times()
    statuses = set()
    for number in range(WARM_UP + TRIES):
        pair = [(True, await body(True, number)), (False, await body(False, number))]
        random.shuffle(pair)
        for there, said in pair:
            headers = {"Content-Type": "application/json", "X-Forwarded-For": somewhere()}
            sent = json.dumps(said).encode()
            began = time.perf_counter_ns()
            connection.request("POST", path, sent, headers)
            answer = connection.getresponse()
            answer.read()
            taken = (time.perf_counter_ns() - began) / 1e6
            statuses.add(answer.status)
            if number >= WARM_UP:
                (times.there if there else times.not_there).append(taken)
    if len(statuses) > 1:
        raise RuntimeError(f"answers of {path} differ: {statuses}")
    return times


def quartiles(times: list[float]) -> str:
    """Write median and quartiles."""
    low, middle, high = statistics.quantiles(times, n=4)
    return f"{middle:.3f} ({low:.3f}-{high:.3f})"


def show(engine: str, what: str, times: Times) -> None:
    """Print one row."""
    ranked = rank_test(times.not_there, times.there)
    told = "**yes**" if ranked.p < ALPHA / 5 else "no"
    print(
        f"| {engine} | {what} | {quartiles(times.there)} | {quartiles(times.not_there)} | {ranked.larger:.3f} | {ranked.p:.2f} | {told} |",
        flush=True,
    )


async def ask_all(engine: str, origin: str, link: str) -> None:
    """Measure every kind on one server."""
    of = await crowd(origin, link)
    for what, (path, body) in kinds(of).items():
        show(engine, what, await measure(origin, path, body))


def on(engine: str, url: str) -> None:
    """Start a server on an engine and print its rows."""
    port = free_port()
    link = practice_on(url, f"http://localhost:{port}")
    with server_process(url, port=port, name="localhost") as server:
        asyncio.run(ask_all(engine, server.origin, link))


def main() -> None:
    """Print the table of docs/benchmarks.md."""
    print(f"\n## Who is there, by the time of an answer ({TRIES:,} tries of each kind)\n")
    print("| engine | question | there, ms | not there, ms | there is slower | p | told apart |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:{folder}/bench.sqlite"
        aftertide_server(url, "migrate")
        on("SQLite", url)
        with own_postgresql(Path(folder) / "postgresql") as (_, url):
            on("PostgreSQL", url)
