"""Handing a letter to the mail server (RFC 5321): a few connections, one outcome for each letter, no surprises."""

import asyncio
import re
import ssl
import sys
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Literal, NamedTuple

import aiosmtplib
import structlog

from server.channels.letters import Letter, UnfitAddress, write
from server.clock import Clock
from server.settings import MailServer, Settings

log = structlog.get_logger()

CONNECTIONS = 4
STEP_SECONDS = 20.0
TOTAL_SECONDS = 60.0
_ENHANCED = re.compile(r"5\.([0-9]{1,3})\.[0-9]{1,3}(?![0-9])")
"""The reason that a server gives besides its code (RFC 3463)."""
_ABOUT_THE_ADDRESS = ("1", "2")
_POLICY = "7"
_FAULTS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((TimeoutError,), "time-out"),
    ((OSError,), "connection"),
    ((aiosmtplib.SMTPException,), "unfit"),
)
"""The first that fits: what asyncio and aiosmtplib raise is often several of them. The last has no STARTTLS, say."""


class MailOutcome(NamedTuple):
    """What became of a letter."""

    result: Literal["sent", "refused", "later"]
    """`refused` is about the address: no letter reaches it. `later` is about anything else."""
    code: int | None
    """The mail server's, where it gave one."""
    why: str
    """A few fixed words, never an address."""


class MailSender:
    """Sends letters by the mail server of the settings; in development without one, shows them on the console."""

    def __init__(self, settings: Settings, clock: Clock, *, tls: ssl.SSLContext | None = None) -> None:
        """Make a sender; `tls` says whom to trust in place of the system's authorities."""
        self._server = settings.mail_server
        self._from = settings.mail_from
        self.returns = settings.mail_returns
        """Where letters come back to; empty: nobody looks."""
        self._strict = not settings.development
        self._clock = clock
        self._tls = tls
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._waiting = 0
        self._idle: list[aiosmtplib.SMTP] = []

    @property
    def available(self) -> bool:
        """Whether letters go anywhere at all."""
        return self._server is not None or not self._strict

    async def send(self, to: str, letter: Letter) -> MailOutcome:
        """Hand a letter over and say what became of it. Raises nothing but CancelledError.

        Only "sent" means that the mail server has it. What comes back as "later" may have arrived.
        """
        try:
            message = write(letter, sender=self._from, to=to, now=self._clock())
        except UnfitAddress:
            return MailOutcome("refused", None, "address")
        except ValueError as error:
            log.error("a letter can't be written", kind=type(error).__name__)
            return MailOutcome("later", None, "letter")
        if self._server is None:
            return _show(message) if self.available else MailOutcome("later", None, "off")
        self._waiting += 1
        try:
            await self._turns.acquire()
        except asyncio.CancelledError:
            self._waiting -= 1
            self._close_unneeded()
            raise
        self._waiting -= 1
        try:
            sender = letter.return_path or parseaddr(self._from)[1]
            return await self._hand_over(self._server, sender, to, message.as_bytes())
        finally:
            self._turns.release()

    async def _hand_over(self, server: MailServer, sender: str, to: str, content: bytes) -> MailOutcome:
        connection: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                connection = self._taken() or await self._connected(server)
                await connection.sendmail(sender, [to], content)
        except Exception as error:  # noqa: BLE001 - a letter that fails in a new way must not stop the others
            return _outcome(error)
        else:
            # Kept for whoever waits already, and not longer: a server ends idle connections when it likes.
            self._idle.append(connection)
            connection = None
            self._close_unneeded()
            return MailOutcome("sent", 250, "sent")
        finally:
            if connection is not None:
                connection.close()

    def _close_unneeded(self) -> None:
        """Close what is kept beyond one connection for each letter that waits: nobody would take it."""
        while len(self._idle) > self._waiting:
            self._idle.pop().close()

    def _taken(self) -> aiosmtplib.SMTP | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_connected:
                return connection
            connection.close()
        return None

    async def _connected(self, server: MailServer) -> aiosmtplib.SMTP:
        connection = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            timeout=STEP_SECONDS,
            use_tls=server.tls,
            # None takes STARTTLS where the server offers it.
            start_tls=False if server.tls else (True if self._strict else None),
            tls_context=self._tls,
        )
        await connection.connect()
        return connection


def _show(message: EmailMessage) -> MailOutcome:
    body = message.get_body(("plain",))
    text = "" if body is None else str(body.get_content())
    lines = [f"To: {message['To']}", f"Subject: {message['Subject']}", "", *text.splitlines()]
    edge = "─" * 78
    sys.stdout.write(f"\n┌{edge}\n" + "".join(f"│ {line}\n" for line in lines) + f"└{edge}\n")
    sys.stdout.flush()
    return MailOutcome("sent", None, "console")


def _outcome(error: Exception) -> MailOutcome:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _answer(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _answer(error)
    why = next((word for kinds, word in _FAULTS if isinstance(error, kinds)), "fault")
    if why in ("unfit", "fault"):
        log.error("a letter can't be sent", why=why, kind=type(error).__name__)
    return MailOutcome("later", None, why)


def _answer(error: aiosmtplib.SMTPResponseException) -> MailOutcome:
    """Judge what the mail server said: about the address, for good, or about anything else."""
    for_good = error.code >= 500  # noqa: PLR2004 - where permanent failures begin
    found = _ENHANCED.match(error.message)
    reason = found[1] if found is not None else None
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        # What policy refuses (a block list, a relay) says nothing about the address.
        refused, why = for_good and reason != _POLICY, "recipient"
    elif isinstance(error, aiosmtplib.SMTPDataError):
        # Some servers look at the address only now; without a reason that names it, the letter is what they mind.
        refused, why = for_good and reason in _ABOUT_THE_ADDRESS, "letter"
    elif isinstance(error, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPSenderRefused):
        refused, why = False, "sender"
        log.error("the mail server refuses us", kind=type(error).__name__, code=error.code)
    else:
        refused, why = False, "answer"
    return MailOutcome("refused", error.code, "address") if refused else MailOutcome("later", error.code, why)
