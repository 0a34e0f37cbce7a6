"""Whether mail may go to a person: they confirmed the address themselves, want mail, and nobody stopped it."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from server import database
from server.accounts.emails import confirm_email
from server.accounts.preferences import held_ways
from server.accounts.sessions import hash_token, new_token
from server.channels.errors import MailboxRefused, MailLinkNotValid, MailNotSent, MailOff
from server.channels.letters import Button, Language, Letter, language_of
from server.channels.mailing import MailSender
from server.channels.reachable import now_reachable
from server.channels.returns import ReturnPaths, Sent, finds_letters
from server.channels.structs import Confirmed, MailView
from server.clock import DAY, HOUR, SECOND, to_optional_datetime
from server.database import Row
from server.web.access import NotSignedIn
from server.web.throttle import SlowDown, spend

CONFIRMATION_LASTS = DAY
CONFIRMATIONS_A_DAY = 3
TRIES_AN_HOUR = 20
"""Of asking for a confirmation while the mail server fails."""
STOP_LASTS = 90 * DAY
"""After the last mail that carried the address; a mailbox keeps old mails, and their links should work."""

Purpose = Literal["confirm", "stop"]

_CONFIRMATION: dict[Language, tuple[str, tuple[str, ...], str]] = {
    "en": (
        "Confirm this address",
        (
            "You asked to be reminded at this address. Confirm it within 24 hours, and reminders can come here.",
            "If it wasn't you, there is nothing to do: no other mail comes.",
        ),
        "Confirm this address",
    ),
    "es": (
        "Confirma esta dirección",
        (
            "Has pedido que te lleguen recordatorios a esta dirección. Confírmala en 24 horas y podrán llegar aquí.",
            "Si no lo has pedido, no hace falta que hagas nada: no llegará ningún otro correo.",
        ),
        "Confirmar esta dirección",
    ),
}

_OWN_SECRET = secrets.token_bytes(32)
"""Of this process alone, never stored: see `stop_address`."""


class Mailbox(NamedTuple):
    """Where mail to an account may go, and in which language."""

    email: str
    locale: str


class MailboxState(NamedTuple):
    """Whether and why not mail may go to an account."""

    confirmed: bool
    wanted: bool
    stopped: bool
    refused: bool

    @property
    def open(self) -> bool:
        """Whether mail may go there."""
        return self.confirmed and self.wanted and not (self.stopped or self.refused)


async def view(account: UUID, *, available: bool) -> MailView:
    """Return whether and why not an account gets mail; `available` is whether the server sends any."""
    row = await database.fetch_one(
        "SELECT a.email, a.email_verified_at, m.wanted, m.stopped_at, m.refused_at "
        "FROM accounts a LEFT JOIN mailboxes m ON m.account = a.id WHERE a.id = $1",
        account,
    )
    if row is None:
        raise NotSignedIn
    return MailView(
        available=available,
        email=row["email"],
        confirmed=to_optional_datetime(row["email_verified_at"]),
        wanted=bool(row["wanted"]),
        stopped=to_optional_datetime(row["stopped_at"]),
        refused=to_optional_datetime(row["refused_at"]),
    )


async def want(account: UUID, wanted: bool, now: int) -> None:  # noqa: FBT001 - the answer to one yes-or-no question
    """Note whether a person wants mail; wanting it again takes back that a link had stopped it."""

    async def work() -> None:
        if await held_ways(account) is None:  # the caller has erased their account meanwhile
            raise NotSignedIn
        await database.fetch(
            "INSERT INTO mailboxes (account, wanted) VALUES ($1, $2) ON CONFLICT (account) DO UPDATE "
            "SET wanted = excluded.wanted, stopped_at = CASE WHEN excluded.wanted THEN NULL ELSE mailboxes.stopped_at END",
            account, wanted,
        )  # fmt: skip
        if wanted:
            await now_reachable(account, now)

    await database.in_transaction(work)


async def ask_for_confirmation(account: UUID, sender: MailSender, origin: str, now: int, *, secret: bytes) -> None:
    """Mail the link that confirms an account's address, where it isn't confirmed or took no mail; asking is wanting mail.

    The link lies in the database before the letter goes, and is taken back when it doesn't. Raises MailOff, MailboxRefused,
    MailNotSent, and SlowDown after three letters within a day.
    """
    if not sender.available:
        raise MailOff
    row = await database.fetch_one(
        "SELECT a.email, a.locale, a.email_verified_at, m.refused_at FROM accounts a "
        "LEFT JOIN mailboxes m ON m.account = a.id WHERE a.id = $1",
        account,
    )
    if row is None:
        raise NotSignedIn
    if row["email_verified_at"] is not None and row["refused_at"] is None:
        return
    await spend(secret, now, f"mail|{account}", most=TRIES_AN_HOUR, window=HOUR)
    email, token = row["email"], new_token()
    await want(account, True, now)

    async def work() -> None:
        await _check_how_many(account, now)
        await _keep(token, account, "confirm", email, now, now + CONFIRMATION_LASTS)

    await database.in_transaction(work)
    letter = _confirmation(row["locale"], f"{origin}/mail#confirm={token}")
    path = ReturnPaths(sender.returns, secret).of(_letter_of(token), email)
    outcome = await sender.send(email, letter._replace(return_path=path))
    if outcome.result == "sent":
        await database.fetch("UPDATE mailboxes SET confirmation_sent_at = $2 WHERE account = $1", account, now)
        return
    await database.fetch("DELETE FROM mail_tokens WHERE token_hash = $1", hash_token(token))
    if outcome.result == "refused":
        await note_refused(account, outcome.why, now)
        raise MailboxRefused
    raise MailNotSent


def _letter_of(token: str) -> UUID:
    """Return what a confirmation's letter is called on its envelope: it follows from the token and doesn't lead back to it."""
    return UUID(bytes=hash_token(token)[:16])


@finds_letters
async def find_confirmation(letter: UUID) -> Sent | None:
    """Return the confirmation that a letter was, as long as its link works; a range of the key."""
    row = await database.fetch_one(
        "SELECT account, created_at FROM mail_tokens WHERE token_hash >= $1 AND token_hash <= $2 AND purpose = 'confirm'",
        letter.bytes + bytes(16), letter.bytes + b"\xff" * 16,
    )  # fmt: skip
    return None if row is None else Sent(row["account"], row["created_at"])


def _confirmation(locale: str, address: str) -> Letter:
    subject, paragraphs, words = _CONFIRMATION[language_of(locale)]
    return Letter(locale, subject, paragraphs, Button(words, address))


async def _check_how_many(account: UUID, now: int) -> None:
    """Raise SlowDown when three confirmations went out within a day; holds the mailbox, so that one is counted after the other."""
    await database.fetch(f"SELECT account FROM mailboxes WHERE account = $1{database.for_update()}", account)
    sent = await database.fetch(
        "SELECT created_at FROM mail_tokens WHERE account = $1 AND purpose = 'confirm' AND created_at > $2 ORDER BY created_at",
        account, now - DAY,
    )  # fmt: skip
    if len(sent) >= CONFIRMATIONS_A_DAY:
        seconds = -(-(sent[-CONFIRMATIONS_A_DAY]["created_at"] + DAY - now) // SECOND)
        raise SlowDown(headers={"Retry-After": str(seconds)}, retry_after=seconds)


async def _keep(token: str, account: UUID, purpose: Purpose, email: str, now: int, expires: int) -> None:
    await database.fetch(
        "INSERT INTO mail_tokens (token_hash, account, purpose, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (token_hash) DO UPDATE SET expires_at = excluded.expires_at",
        hash_token(token), account, purpose, email, now, expires,
    )  # fmt: skip


async def _found(token: str, purpose: Purpose, now: int) -> Row:
    """Return whose a link is, as long as it is about the address that the account has; raises MailLinkNotValid."""
    row = await database.fetch_one(
        "SELECT t.account, t.email, t.created_at FROM mail_tokens t JOIN accounts a ON a.id = t.account AND a.email = t.email "
        "WHERE t.token_hash = $1 AND t.purpose = $2 AND t.expires_at > $3",
        hash_token(token), purpose, now,
    )  # fmt: skip
    if row is None:
        raise MailLinkNotValid
    return row


async def confirm(token: str, now: int) -> Confirmed:
    """Take the tap on a confirmation's link: the address is the person's. A second tap changes nothing.

    That the address took no mail is forgotten when the link was mailed after that. Raises MailLinkNotValid.
    """

    async def work() -> Confirmed:
        link = await _found(token, "confirm", now)
        first = await confirm_email(link["account"], link["email"], now)
        await database.fetch(
            "UPDATE mailboxes SET reached_at = $2, refused_at = CASE WHEN refused_at <= $2 THEN NULL ELSE refused_at END, "
            "refused_why = CASE WHEN refused_at <= $2 THEN NULL ELSE refused_why END "
            "WHERE account = $1 AND (reached_at IS NULL OR reached_at <= $2)",
            link["account"], link["created_at"],
        )  # fmt: skip
        await now_reachable(link["account"], now)
        return Confirmed("now" if first else "before")

    return await database.in_transaction(work)


async def stop(token: str, now: int) -> None:
    """Take the tap on a letter's stop address: no more mail until the person turns it on again. Raises MailLinkNotValid."""
    link = await _found(token, "stop", now)
    await database.fetch(
        "UPDATE mailboxes SET stopped_at = COALESCE(stopped_at, $2) WHERE account = $1", link["account"], now
    )


class MailboxGone(Exception):
    """The account was erased meanwhile: the letter isn't to be sent."""


async def stop_address(account: UUID, email: str, origin: str, now: int) -> str:
    """Return the address that stops mail to `email`, for one letter; it works for 90 days after the last one that carries it.

    The token must stand in each letter again but is stored hashed only. So it follows from the account, the address and a
    secret of this process that is never stored: a copy of the database gives none away, and there is one row for each
    mailbox and life of a process, however many letters go. Raises MailboxGone.
    """
    made = hmac.digest(_OWN_SECRET, f"{account}|{email}".encode(), hashlib.sha256)
    token = base64.urlsafe_b64encode(made).rstrip(b"=").decode()
    try:
        await _keep(token, account, "stop", email, now, now + STOP_LASTS)
    except Exception as error:
        if database.is_missing_reference(error):
            raise MailboxGone from None
        raise
    return f"{origin}/mail/stop/{token}"


async def mailboxes_of(accounts: Sequence[UUID]) -> dict[UUID, Mailbox]:
    """Return the mailboxes of those accounts that mail may go to: confirmed, wanted, not stopped, not refused. One statement."""
    if not accounts:
        return {}
    rows = await database.fetch(
        "SELECT a.id, a.email, a.locale FROM mailboxes m JOIN accounts a ON a.id = m.account "
        "WHERE a.email_verified_at IS NOT NULL AND m.wanted AND m.stopped_at IS NULL AND m.refused_at IS NULL "
        f"AND m.account IN ({database.parameters(1, len(accounts))})",
        *accounts,
    )
    return {row["id"]: Mailbox(row["email"], row["locale"]) for row in rows}


async def mailbox_states(accounts: Sequence[UUID]) -> dict[UUID, MailboxState]:
    """Return whether and why not mail may go to each of the accounts. One statement."""
    if not accounts:
        return {}
    rows = await database.fetch(
        "SELECT a.id, a.email_verified_at, m.wanted, m.stopped_at, m.refused_at FROM accounts a "
        f"LEFT JOIN mailboxes m ON m.account = a.id WHERE a.id IN ({database.parameters(1, len(accounts))})",
        *accounts,
    )
    return {
        row["id"]: MailboxState(
            confirmed=row["email_verified_at"] is not None,
            wanted=bool(row["wanted"]),
            stopped=row["stopped_at"] is not None,
            refused=row["refused_at"] is not None,
        )
        for row in rows
    }


async def note_refused(account: UUID, why: str, now: int) -> None:
    """Note that the mail server takes nothing for a person's address; `why` is a few fixed words."""
    await database.fetch("UPDATE mailboxes SET refused_at = $2, refused_why = $3 WHERE account = $1", account, now, why)


async def forget_old_links(now: int) -> None:
    """Delete what links in mails carried once its time is over."""
    await database.fetch("DELETE FROM mail_tokens WHERE expires_at <= $1", now)
