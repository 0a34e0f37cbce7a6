"""A real mail server on this machine: it keeps what it takes, or does what real ones do to a sender."""

import asyncio
import contextlib
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from typing import Any, Literal

from aiosmtpd.smtp import SMTP

from server.settings import Settings

Mode = Literal[
    "take", "no-such-mailbox", "full-later", "on-a-block-list", "no-such-mailbox-after-all", "mind-the-letter", "hang-up", "say-nothing",
    "slow",
]  # fmt: skip
AT_RECIPIENT: dict[Mode, str] = {
    "no-such-mailbox": "550 5.1.1 <a-canary@x>: no such mailbox",
    "full-later": "452 4.2.2 mailbox full",
    "on-a-block-list": "550 5.7.1 your address is on a block list",
}
AT_LETTER: dict[Mode, str] = {
    "no-such-mailbox-after-all": "550 5.1.1 no such mailbox",
    "mind-the-letter": "554 this looks like something nobody asked for",
}


@dataclass
class MailServer:
    """What runs on `port`, and what it took."""

    port: int = 0
    mode: Mode = "take"
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    return_paths: list[str] = field(default_factory=list)
    """Of each letter, the sender on its envelope."""
    connections: int = 0
    open_now: int = 0
    most_at_once: int = 0
    silences: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """One more for each recipient that was met with silence, and each letter that is taken slowly."""
    slow: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, "slow" takes the letters that it was given."""
    goodbyes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """One more for each connection that has ended."""
    encrypted: list[bool] = field(default_factory=list)
    """Of each letter, whether it came over TLS."""

    def settings(self, base: Settings) -> Settings:
        """The settings of a server that sends by this one."""
        sender = "Aftertide <reminders@journal.example.org>"
        return replace(base, environment="development", smtp=f"smtp://127.0.0.1:{self.port}", mail_from=sender)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        if self.mode in AT_RECIPIENT:
            return AT_RECIPIENT[self.mode]
        if self.mode == "hang-up":
            assert server.transport is not None
            server.transport.close()
            return "250 OK"
        if self.mode == "say-nothing":
            self.silences.release()
            await asyncio.Event().wait()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: object, envelope: Any) -> str:  # noqa: N802 - as above
        if self.mode == "slow":
            self.silences.release()
            await self.slow.wait()
        if self.mode in AT_LETTER:
            return AT_LETTER[self.mode]
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        assert isinstance(parsed, EmailMessage)
        self.letters.append(parsed)
        self.recipients += envelope.rcpt_tos
        self.return_paths.append(envelope.mail_from)
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 2.0.0 taken"


class _Counted(SMTP):
    """One connection, counted."""

    def __init__(self, kept: MailServer, starttls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(kept, hostname="localhost", tls_context=starttls, require_starttls=bool(starttls), loop=loop)
        self._kept = kept

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._kept.connections += 1
        self._kept.open_now += 1
        self._kept.most_at_once = max(self._kept.most_at_once, self._kept.open_now)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._kept.open_now -= 1
        self._kept.goodbyes.release()


@contextlib.asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    """Run a mail server until the block ends; with `starttls` it takes nothing before, with `tls` it begins with it."""
    kept = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Counted(kept, starttls), "127.0.0.1", 0, ssl=tls)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()


def text_of(letter: EmailMessage) -> str:
    """What a reader of plain text sees."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(letter: EmailMessage) -> str:
    """What a reader of HTML is given."""
    body = letter.get_body(("html",))
    assert body is not None
    return str(body.get_content())
