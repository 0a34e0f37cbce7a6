"""Letters that come back after a mail server had taken them: each has a return path of its own that nobody else can make.

The path names the letter and has a mac over it and the address that it went to. So a report counts only for a letter that was
sent, and only while the account has that address.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from server import database
from server.channels.reports import Fate, NoReport, read_report

MAC_BYTES = 10
_TAG = re.compile(r"[a-z2-7]{42}")
"""26 bytes in base32, which survives mail servers that don't keep capitals."""

Said = Literal["gone", "lost", "delayed", "unknown"]


class Sent(NamedTuple):
    """A letter that was sent."""

    account: UUID
    at: int


class Returned(msgspec.Struct, frozen=True):
    """A letter that came back: which, and what was said of it; not yet known to be one of ours."""

    letter: UUID
    mac: bytes
    fate: Fate
    status: str


FindLetter = Callable[[UUID], Awaitable[Sent | None]]
WhenReturned = Callable[[UUID, Fate, int], Awaitable[None]]
_finders: list[FindLetter] = []
_when_returned: list[WhenReturned] = []


def finds_letters(hook: FindLetter) -> FindLetter:
    """Register where letters are written down: `hook(letter)` returns the letter, or None where it isn't one of these."""
    _finders.append(hook)
    return hook


def when_letter_returns(hook: WhenReturned) -> WhenReturned:
    """Register what follows, in one transaction, when a letter came back or is late: `hook(letter, fate, now)`, once or more often."""
    _when_returned.append(hook)
    return hook


class ReturnPaths(NamedTuple):
    """Makes the return paths of letters, and knows them again."""

    address: str
    """`returned@journal.example.org`; empty: letters come back to whom they are from."""
    secret: bytes

    def of(self, letter: UUID, email: str) -> str | None:
        """Return the return path of a letter to `email`."""
        if not self.address:
            return None
        local, _, host = self.address.rpartition("@")
        tag = base64.b32encode(letter.bytes + self.mac(letter, email)).decode().rstrip("=").lower()
        return f"{local}+{tag}@{host}"

    def mac(self, letter: UUID, email: str) -> bytes:
        """Return what only this server can say of a letter to `email`."""
        return hmac.digest(self.secret, b"returned|" + letter.bytes + email.encode(), hashlib.sha256)[:MAC_BYTES]


NO_RETURNS = ReturnPaths("", b"")
"""Letters come back to whom they are from."""


def read_returned(content: bytes, address: str, recipient: str = "") -> Returned:
    """Read a message that was sent to a return path below `address`; raises NoReport.

    `recipient` is where it was sent to by the envelope, where that is known; else the message's own head says it.
    """
    report = read_report(content)
    for sent_to in [recipient.lower()] if recipient else report.sent_to:
        tag = _tag_in(sent_to, address)
        if tag is not None:
            made = base64.b32decode(tag.upper() + "======")
            return Returned(UUID(bytes=made[:16]), made[16:], report.fate, report.status)
    raise NoReport("of no letter of ours")


def _tag_in(sent_to: str, address: str) -> str | None:
    local, _, host = address.rpartition("@")
    if not sent_to.startswith(f"{local}+") or not sent_to.endswith(f"@{host}"):
        return None
    tag = sent_to[len(local) + 1 : -len(host) - 1]
    return tag if _TAG.fullmatch(tag) else None


async def take_back(returned: Returned, paths: ReturnPaths, now: int) -> Said:
    """Note that a letter came back, or is late: an address that takes none is closed until it is confirmed anew.

    What is forged, of a letter that is forgotten, or of an address that the account doesn't have any more is `unknown` and
    changes nothing. The same again changes nothing.
    """

    async def work() -> Said:
        sent = await _found(returned.letter)
        if sent is None:
            return "unknown"
        row = await database.fetch_one("SELECT email FROM accounts WHERE id = $1", sent.account)
        if row is None or not hmac.compare_digest(paths.mac(returned.letter, row["email"]), returned.mac):
            return "unknown"
        if returned.fate == "gone":
            await _close(sent, now)
        for hook in _when_returned:
            await hook(returned.letter, returned.fate, now)
        return returned.fate

    return await database.in_transaction(work)


async def _found(letter: UUID) -> Sent | None:
    for find in _finders:
        sent = await find(letter)
        if sent is not None:
            return sent
    return None


async def _close(sent: Sent, now: int) -> None:
    """Close a mailbox, unless its reader has confirmed it by a letter that was sent later than the one that came back."""
    await database.fetch(
        "UPDATE mailboxes SET refused_at = $2, refused_why = 'returned' WHERE account = $1 AND refused_at IS NULL "
        "AND (reached_at IS NULL OR reached_at < $3)",
        sent.account, now, sent.at,
    )  # fmt: skip
