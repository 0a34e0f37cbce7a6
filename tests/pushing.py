"""A push service on this machine, over real TLS: it keeps what it takes, or does what real ones do to a sender."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal
from uuid import uuid4

import http_ece
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from server.phone import certificates_for
from server.settings import Settings
from tests.api.pushes import Browser

Mode = Literal[
    "accept", "gone", "missing", "too-large", "busy", "down", "key", "bad", "redirect", "hang", "slow", "garbage", "close", "endless"
]  # fmt: skip
STATUSES: dict[Mode, str] = {
    "accept": "201 Created",
    "slow": "201 Created",
    "endless": "201 Created",
    "gone": "410 Gone",
    "missing": "404 Not Found",
    "too-large": "413 Content Too Large",
    "busy": "429 Too Many Requests",
    "down": "503 Service Unavailable",
    "key": "403 Forbidden",
    "bad": "400 Bad Request",
    "redirect": "307 Temporary Redirect",
}


@dataclass(frozen=True)
class Received:
    """One request, as the push service has it."""

    path: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes

    def opened(self, browser: Browser) -> bytes:
        """What the browser reads: decrypted by its keys, padding taken off."""
        content: bytes = http_ece.decrypt(
            self.body, private_key=browser.private_key, auth_secret=browser.auth, version="aes128gcm"
        )
        return content


@dataclass
class PushService:
    """What runs on `port`, and what it was sent."""

    authority: Path
    """A PEM file."""
    port: int = 0
    mode: Mode = "accept"
    modes: dict[str, Mode] = field(default_factory=dict)
    """By path, for a subscription that fares otherwise."""
    retry_after: str = "120"
    """What "busy" and "down" ask for."""
    slow: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, "slow" answers."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with every request that has come whole."""
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def host(self) -> str:
        """As `AFTERTIDE_PUSH_SERVICES` names it."""
        return f"127.0.0.1:{self.port}"

    def settings(self, base: Settings) -> Settings:
        """The settings of a server that sends to this service besides the real ones."""
        return replace(
            base, environment="development", push_services=f"{base.push_services},{self.host}", push_ca=str(self.authority)
        )  # fmt: skip

    def browser(self, mode: Mode | None = None) -> Browser:
        """A browser that has subscribed here; with `mode`, this one fares so whatever the others do."""
        path = f"/push/{uuid4().hex}"
        if mode is not None:
            self.modes[path] = mode
        return Browser(endpoint=f"https://{self.host}{path}")

    def received_by(self, browser: Browser) -> list[Received]:
        """What was sent to a browser."""
        return [one for one in self.received if browser.endpoint.endswith(one.path)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests."""
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._answer(reader, writer):
                pass

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one request and answer it; False when the connection is over."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        path = head[0].split(" ")[1]
        self.received.append(Received(path, headers, await reader.readexactly(int(headers["content-length"]))))
        self.arrived.set()
        mode = self.modes.get(path, self.mode)
        if mode == "hang":
            await reader.read()  # until the sender has gone
        if mode in ("hang", "close"):
            return False
        if mode == "garbage":
            writer.write(b"\x00\xff\r\nthis is no HTTP\r\n\r\n")
            return False
        if mode == "slow":
            await self.slow.wait()
        extra = f"Retry-After: {self.retry_after}\r\n" if mode in ("busy", "down") else ""
        extra += f"Location: https://{self.host}/elsewhere\r\n" if mode == "redirect" else ""
        length = 10**9 if mode == "endless" else 0
        writer.write(f"HTTP/1.1 {STATUSES[mode]}\r\n{extra}Content-Length: {length}\r\n\r\n".encode())
        while mode == "endless":
            writer.write(bytes(2**16))
            await writer.drain()
        return True


@contextlib.asynccontextmanager
async def push_service(folder: Path) -> AsyncIterator[PushService]:
    """Run a push service until the block ends; its certificates lie in `folder`."""
    made = certificates_for(IPv4Address("127.0.0.1"), folder, datetime.now(UTC))
    authority = folder / "authority.pem"
    authority.write_bytes(x509.load_der_x509_certificate(made.authority.read_bytes()).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    service = PushService(authority)
    serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving[task] = writer
        # Shaking hands is done here, so that whoever is killed meanwhile is known, too, when the block ends.
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.start_tls(context)
            await service.serve(reader, writer)
            writer.close()
            await writer.wait_closed()
        del serving[task]

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        # Whoever was killed just now may have been accepted in this very round of the loop. It takes it some rounds to make a
        # task of that, and until then nobody but the loop holds the socket; closed meanwhile, a server loses it (Server._attach).
        for _ in range(10):
            await asyncio.sleep(0)
        server.close()
        for task, writer in list(serving.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*serving, return_exceptions=True)
