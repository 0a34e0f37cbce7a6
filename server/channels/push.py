"""Handing a push to the browser's push service (RFC 8030): one connection pool, one outcome for each push, no surprises."""

import asyncio
import math
import re
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple
from weakref import WeakValueDictionary

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver
from yarl import URL

from server.channels.addresses import PrivateAddress, public_socket
from server.channels.endpoints import check_endpoint
from server.channels.errors import UnknownPushService
from server.channels.sealing import TooLong, seal
from server.channels.vapid import Signer
from server.clock import HOUR, SECOND, Clock
from server.settings import Settings

log = structlog.get_logger()

Urgency = Literal["very-low", "low", "normal", "high"]
Result = Literal["accepted", "gone", "too-large", "later", "our-key", "refused", "not-begun"]

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 5.0
ANSWER_BYTES = 1_024
LONGEST_WAIT = HOUR
AT_ONCE = 100
"""Pushes on their way to one service; more wait here, so that a slow service holds up none but its own."""
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
_RESULTS: Mapping[int, Result] = {
    401: "our-key",
    403: "our-key",
    404: "gone",
    408: "later",
    410: "gone",
    413: "too-large",
    425: "later",
    429: "later",
}
_FAULTS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((TimeoutError,), "time-out"),
    ((aiohttp.ClientConnectorDNSError,), "unknown-host"),
    ((aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError), "certificate"),
    ((aiohttp.ClientConnectorError,), "connection"),
    ((aiohttp.ServerDisconnectedError, ConnectionError), "closed"),
    ((aiohttp.ClientResponseError, aiohttp.ClientPayloadError), "garbage"),
    ((aiohttp.ClientError, OSError), "network"),
)
"""The first that fits: several of aiohttp's errors are also ones of the others."""


class PushMessage(NamedTuple):
    """One push to one browser, not yet sealed."""

    endpoint: str
    service: str
    p256dh: bytes
    """The browser's key, an uncompressed point on P-256."""
    auth: bytes
    """16 bytes."""
    payload: bytes
    """At most 2,800 bytes."""
    topic: str
    """1 to 32 characters of base64url: the same topic replaces what the service still holds. Not of a length of 1 mod 4."""
    ttl: int
    """Seconds for which the service keeps it while the phone is away."""
    urgency: Urgency


class PushOutcome(NamedTuple):
    """What became of it."""

    result: Result
    status: int | None
    """The service's answer, where there was one."""
    retry_after: int | None
    """Milliseconds to wait before the next one, at most an hour, where the service says so."""
    why: str
    """A few fixed words, never an address: "time-out", "redirect", the status."""


class PushSender:
    """Sends pushes. `send` never raises: each message has its outcome."""

    def __init__(
        self, settings: Settings, private_key: bytes, clock: Clock, *, resolver: AbstractResolver | None = None
    ) -> None:
        """Make a sender that signs with `private_key`; `resolver` looks names up in place of the system's."""
        self._allowed = settings.push_hosts
        self._own_ports = frozenset(int(host.rpartition(":")[2]) for host in self._allowed if ":" in host)
        self._authority = settings.push_ca or None
        self._signer = Signer(private_key, settings.contact, clock)
        self._clock = clock
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None
        # A semaphore lives as long as somebody waits or sends; services are named by clients, and could be many.
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._alarm_hour = 0
        self._alarmed: set[str] = set()

    async def open(self) -> None:
        """Open the pool; nothing connects before the first push."""
        context = ssl.create_default_context()
        if self._authority is not None:
            context.load_verify_locations(self._authority)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ssl=context, resolver=self._resolver, socket_factory=public_socket(self._own_ports)
            ),
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            read_bufsize=ANSWER_BYTES,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        )

    async def close(self) -> None:
        """Close the pool; what is on its way is cut off."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, message: PushMessage, *, by: float = math.inf) -> PushOutcome:
        """Seal a push, hand it over and say what became of it. Raises nothing but CancelledError.

        Only "accepted" means that the service has it. What comes back as "later" may have arrived: the topic then replaces it.
        `by` is the time of the running loop by which it must have had its turn; past that it is "not-begun".
        """
        if not self._is_allowed(message):
            return _refused("service")
        if _TOPIC.fullmatch(message.topic) is None or len(message.topic) % 4 == 1:
            return _refused("topic")
        turn = self._turns.get(message.service)
        if turn is None:
            turn = self._turns[message.service] = asyncio.Semaphore(AT_ONCE)
        # Sealed only once it is its turn: what waits takes no room.
        async with turn:
            if asyncio.get_running_loop().time() > by:
                return PushOutcome("not-begun", None, None, "waited")
            try:
                body = seal(message.payload, message.p256dh, message.auth)
            except TooLong:
                return PushOutcome("too-large", None, None, "payload")
            except ValueError:
                return _refused("keys")
            return await self._post(message, body)

    def _is_allowed(self, message: PushMessage) -> bool:
        try:
            return check_endpoint(message.endpoint, self._allowed) == message.service
        except UnknownPushService:
            return False

    async def _post(self, message: PushMessage, body: bytes) -> PushOutcome:
        if self._session is None:
            raise RuntimeError("the sender isn't open")
        try:
            headers = {
                "Authorization": self._signer.authorization(message.service),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(max(0, message.ttl)),
                "Topic": message.topic,
                "Urgency": message.urgency,
            }
            # Encoded already: the address goes out as the browser gave it.
            where = URL(message.endpoint, encoded=True)
            async with self._session.post(where, data=body, headers=headers, allow_redirects=False) as response:
                return self._outcome(message.service, response)
        except Exception as error:  # noqa: BLE001 - a push that fails in a new way must not stop the others
            return PushOutcome("later", None, None, _fault(error))

    def _outcome(self, service: str, response: aiohttp.ClientResponse) -> PushOutcome:
        """Read an answer's head. Its body is left unread: what hasn't come with the head is cut off."""
        status = response.status
        if 200 <= status < 300:  # noqa: PLR2004 - success
            return PushOutcome("accepted", status, None, str(status))
        if 300 <= status < 400:  # noqa: PLR2004 - redirects, which are never followed
            return PushOutcome("later", status, None, "redirect")
        result: Result = _RESULTS.get(status, "later" if status >= 500 else "refused")  # noqa: PLR2004 - server errors
        if result == "our-key":
            self._alarm(service, status)
        wait = self._wait(response.headers.get("Retry-After")) if result == "later" else None
        return PushOutcome(result, status, wait, str(status))

    def _wait(self, header: str | None) -> int | None:
        """Return the milliseconds that Retry-After asks for (RFC 9110, 10.2.3), at most an hour; None for what is none."""
        if header is None:
            return None
        text = header.strip()
        if text.isascii() and text.isdigit():
            return min(int(text[:9]) * SECOND, LONGEST_WAIT)
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        return min(max(0, int(until.timestamp() * 1000) - self._clock()), LONGEST_WAIT)

    def _alarm(self, service: str, status: int) -> None:
        """Tell the operator, once a service and hour, that a service doesn't take our key: it, the contact or the clock is wrong."""
        hour = self._clock() // HOUR
        if hour != self._alarm_hour:
            self._alarm_hour = hour
            self._alarmed.clear()
        if service not in self._alarmed:
            self._alarmed.add(service)
            log.error("a push service refuses our key", service=service, status=status)


def _fault(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, PrivateAddress):
        return "address"
    why = next((word for kinds, word in _FAULTS if isinstance(error, kinds)), "fault")
    if why == "fault":
        log.error("a push failed", kind=type(error).__name__)
    return why


def _refused(why: str) -> PushOutcome:
    return PushOutcome("refused", None, None, why)


__all__ = ["PushMessage", "PushOutcome", "PushSender", "Result", "Urgency"]
