"""Pushes a second to a push service on this machine, over TLS: ours, and pywebpush as it is used with a kept connection."""

import asyncio
import base64
import multiprocessing
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Address
from multiprocessing.connection import Connection
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from py_vapid import Vapid02
from pywebpush import webpush

from server.channels.push import AT_ONCE, PushMessage, PushSender
from server.clock import system_clock
from server.phone import certificates_for
from server.settings import Settings
from tests.api.pushes import Browser

KEY = (7).to_bytes(32, "big")
CONTACT = "mailto:us@shoreline.care"
PAYLOAD = bytes(300)
BROWSERS = 200
OURS, THEIRS = 6_000, 600
ROUNDS = 3
ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
FAILURE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
FAILS = "fails"
"""While a file of this name lies in its folder, the push service fails."""


class Sink(asyncio.Protocol):
    """Takes requests and says 201: as little as a push service can do."""

    def __init__(self, folder: Path) -> None:
        self._fails = folder / FAILS

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin a connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._came = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come whole."""
        self._came += data
        while (end := self._came.find(b"\r\n\r\n") + 4) > 3:
            head = self._came[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self._came) < end + length:
                return
            self._came = self._came[end + length :]
            self._transport.write(FAILURE if self._fails.exists() else ANSWER)


def serve(tell: Connection, folder: Path) -> None:
    """Be the push service, in a process of its own, and tell the port."""
    made = certificates_for(IPv4Address("127.0.0.1"), folder, datetime.now(UTC))
    authority = x509.load_der_x509_certificate(made.authority.read_bytes())
    (folder / "authority.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Sink(folder), "127.0.0.1", 0, ssl=context)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


def timed(work: Callable[[], None], count: int) -> tuple[float, float]:
    """Return how many a second `work` sends, by the clock and by this process's time on a core."""
    clock, core = time.perf_counter(), time.process_time()
    work()
    return count / (time.perf_counter() - clock), count / (time.process_time() - core)


def ours(sender: PushSender, host: str, browsers: list[Browser], loop: asyncio.Runner) -> Callable[[], None]:
    """Make what sends by our sender, which is open in `loop`."""
    messages = [PushMessage(b.endpoint, host, b.p256dh, b.auth, PAYLOAD, "T" * 32, 3_600, "high") for b in browsers]

    async def send() -> None:
        async def one(first: int) -> None:
            for number in range(OURS // AT_ONCE):
                outcome = await sender.send(messages[(first + number) % BROWSERS])
                assert outcome.result == "accepted", outcome

        await asyncio.gather(*(one(first) for first in range(AT_ONCE)))

    return lambda: loop.run(send())


def theirs(authority: Path, browsers: list[Browser]) -> Callable[[], None]:
    """Make what sends by pywebpush."""
    session = requests.Session()
    session.trust_env = False  # an authority of the environment would come before this one
    session.verify = str(authority)
    key = Vapid02.from_raw(base64.urlsafe_b64encode(KEY))

    def b64url(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode()

    infos = [{"endpoint": b.endpoint, "keys": {"p256dh": b64url(b.p256dh), "auth": b64url(b.auth)}} for b in browsers]

    def send() -> None:
        for number in range(THEIRS):
            answer = webpush(
                infos[number % BROWSERS],
                PAYLOAD,
                vapid_private_key=key,
                vapid_claims={"sub": CONTACT},
                ttl=3_600,
                requests_session=session,
            )
            assert answer.status_code == 201

    return send


def main() -> None:
    """Print the two side by side, alternating in rounds, medians kept."""
    with tempfile.TemporaryDirectory() as name, asyncio.Runner() as loop:
        folder = Path(name)
        here, there = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, folder), daemon=True)
        process.start()
        host = f"127.0.0.1:{here.recv()}"
        authority = folder / "authority.pem"
        browsers = [Browser(endpoint=f"https://{host}/push/{number}") for number in range(BROWSERS)]
        settings = Settings(environment="development", push_services=host, push_ca=str(authority), contact=CONTACT)
        sender = PushSender(settings, KEY, system_clock)
        loop.run(sender.open())
        ways = {
            "ours": (ours(sender, host, browsers, loop), OURS),
            "pywebpush, connection kept": (theirs(authority, browsers), THEIRS),
        }
        taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for work, _ in ways.values():
            work()  # connections are made before the first round
        for _ in range(ROUNDS):
            for way, (work, count) in ways.items():
                taken[way].append(timed(work, count))
        loop.run(sender.close())
        process.kill()
        process.join()
    print("\n### Pushes, sealed, signed and handed over\n")
    print("| how | a second | a second of one core |\n|---|---|---|")
    for way, rounds in taken.items():
        clock, core = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"| {way} | {clock:,.0f} | {core:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
