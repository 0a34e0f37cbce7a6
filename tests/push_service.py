"""A push service of the tests' own: browsers subscribe at it, the server hands pushes to it over TLS, and it passes them on.

Towards Firefox it speaks what Mozilla's push service speaks (`hello`, `register`, `unregister`, `notification`, `ack` over a
WebSocket); towards the server RFC 8030. It opens nothing: what passes is sealed for the browser.
"""

import asyncio
import contextlib
import ssl
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from server.phone import certificates_for

PATIENCE = 20  # seconds, for a machine that is busy with other things


@dataclass(frozen=True)
class Sealed:
    """One push as it was handed over."""

    channel: str
    """The last part of the address that it was sent to."""
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes


@dataclass
class PushService:
    """What runs: `port` takes pushes over TLS, `browsers_port` browsers' WebSockets."""

    authority: Path
    """A PEM file."""
    port: int = 0
    browsers_port: int = 0
    gone: set[str] = field(default_factory=set)
    """Channels that it no longer knows."""
    took: asyncio.Queue[Sealed] = field(default_factory=asyncio.Queue)
    acknowledged: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """Versions of pushes that a browser says it has."""
    subscribed: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """Channels, each when a browser first asks for it."""
    _names: set[str] = field(default_factory=set)
    _browsers: dict[str, web.WebSocketResponse] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """As `AFTERTIDE_PUSH_SERVICES` names it."""
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a server that sends here and nowhere else."""
        return {"AFTERTIDE_PUSH_SERVICES": self.host, "AFTERTIDE_PUSH_CA": str(self.authority)}

    def endpoint(self, channel: str | None = None) -> str:
        """An address for one subscription."""
        return f"https://{self.host}/push/{channel or uuid4().hex}"

    async def next(self) -> Sealed:
        """Wait for the next push; raises TimeoutError where none comes."""
        async with asyncio.timeout(PATIENCE):
            return await self.took.get()

    async def acknowledgement(self) -> str:
        """Wait until a browser says that it has a push, and return its version; raises TimeoutError where none does."""
        async with asyncio.timeout(PATIENCE):
            return await self.acknowledged.get()

    async def subscription(self) -> str:
        """Wait until a browser subscribes, and return its channel; raises TimeoutError where none does."""
        async with asyncio.timeout(PATIENCE):
            return await self.subscribed.get()

    async def forget_browsers(self) -> None:
        """Know no browser and no channel any more: who comes back gets another name, at which a browser drops what it had subscribed."""
        browsers = set(self._browsers.values())
        self.gone |= self._browsers.keys()
        self._browsers.clear()
        self._names.clear()
        for browser in browsers:
            await browser.close()

    async def take(self, request: web.Request) -> web.Response:
        """Take a push (RFC 8030, 5), and pass it on where its browser is here."""
        channel = request.match_info["channel"]
        if channel in self.gone:
            return web.Response(status=410)
        headers = {name.lower(): value for name, value in request.headers.items()}
        sealed = Sealed(channel, headers, await request.read())
        self.took.put_nowait(sealed)
        browser = self._browsers.get(channel)
        if browser is not None:
            await browser.send_json(
                {
                    "messageType": "notification", "channelID": channel, "version": uuid4().hex,
                    "data": urlsafe_b64encode(sealed.body).rstrip(b"=").decode(),
                    "headers": {"encoding": headers["content-encoding"]},
                }
            )  # fmt: skip
        return web.Response(status=201, headers={"Location": f"/sent/{uuid4().hex}"})

    async def talk(self, request: web.Request) -> web.WebSocketResponse:
        """Talk to one browser until it goes."""
        browser = web.WebSocketResponse(protocols=("push-notification",))
        await browser.prepare(request)
        async for message in browser:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._answer(browser, message.json())
        return browser

    async def _answer(self, browser: web.WebSocketResponse, said: dict[str, Any]) -> None:
        match said.get("messageType"):
            case "hello":
                known = said["uaid"] if said.get("uaid") in self._names else uuid4().hex
                self._names.add(known)
                await browser.send_json(
                    {"messageType": "hello", "uaid": known, "status": 200, "use_webpush": True, "broadcasts": {}}
                )
            case "register":
                channel = said["channelID"]
                # While it shakes hands, Firefox may send one request twice: at once, and with those that had waited.
                if channel not in self._browsers:
                    self.subscribed.put_nowait(channel)
                self._browsers[channel] = browser
                await browser.send_json(
                    {
                        "messageType": "register", "channelID": channel, "status": 200,
                        "pushEndpoint": self.endpoint(channel),
                    }
                )  # fmt: skip
            case "unregister":
                self._browsers.pop(said["channelID"], None)
                await browser.send_json({"messageType": "unregister", "channelID": said["channelID"], "status": 200})
            case "ack":
                for update in said["updates"]:
                    self.acknowledged.put_nowait(update["version"])
            case None:  # a ping is an empty object, and is answered by one
                await browser.send_json({})


@contextlib.asynccontextmanager
async def push_service(folder: Path) -> AsyncIterator[PushService]:
    """Run a push service until the block ends; its certificates lie in `folder`."""
    made = certificates_for(IPv4Address("127.0.0.1"), folder, datetime.now(UTC))
    authority = folder / "authority.pem"
    authority.write_bytes(x509.load_der_x509_certificate(made.authority.read_bytes()).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    service = PushService(authority)
    taking, talking = web.Application(), web.Application()
    taking.router.add_post("/push/{channel}", service.take)
    talking.router.add_get("/", service.talk)
    runners = []
    for app, tls in ((taking, context), (talking, None)):
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        runners.append(runner)
    service.port, service.browsers_port = (runner.addresses[0][1] for runner in runners)
    try:
        yield service
    finally:
        for runner in runners:
            await runner.cleanup()
