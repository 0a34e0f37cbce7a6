"""Sending one reminder by push or by mail, and deciding what follows from how it went."""

import hashlib
import random
import secrets
from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import uuid4

from server.channels.letters import Button, Letter
from server.channels.mailing import MailOutcome
from server.channels.push import PushMessage, PushOutcome
from server.clock import MINUTE, SECOND
from server.reminders.accounting import Attempt, Onward, Outcome, Tried
from server.reminders.context import Known
from server.reminders.payload import page_of, push_message
from server.reminders.placing import placed
from server.reminders.settling import Settled
from server.reminders.structs import IN_PASSING, MAILED, Why
from server.reminders.wording import language_of

RECEIPT_WAIT = 15 * MINUTE
"""How long a device may take to say that it showed a notice before the mail goes out as well."""
FIRST_PAUSE, LONGEST_PAUSE = 15 * SECOND, 15 * MINUTE
TRIES_BEFORE_MAIL = 5


class Pusher(Protocol):
    """What hands a push to a push service."""

    async def send(self, message: PushMessage, *, by: float) -> PushOutcome:
        """Send one, beginning by a time of the running loop; never raises."""


class Mailer(Protocol):
    """What hands a letter to a mail server."""

    async def send(self, to: str, letter: Letter) -> MailOutcome:
        """Send one; never raises."""


class Push(NamedTuple):
    """One push that is about to go out."""

    attempt: Attempt
    message: PushMessage


def pushes_of(known: Known, origin: str, now: int) -> list[Push]:
    """Make the pushes of a reminder, one for each device."""
    made = []
    for device in known.devices:
        token = secrets.token_bytes(32)
        attempt = Attempt(
            uuid4(),
            known.row["id"],
            known.row["lease"],
            known.row["account"],
            "push",
            device.id,
            hashlib.sha256(token).digest(),
        )
        made.append(Push(attempt, push_message(known, device, token, origin, now)))
    return made


def pause(attempts: int, retry_after: int | None) -> int:
    """Return how long to wait before the next try (milliseconds): what the service asks for, else longer each time, with jitter."""
    if retry_after is not None:
        return retry_after + int(random.uniform(0, retry_after / 10 + 1_000))  # noqa: S311 - to spread load, not to hide
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempts)
    return int(longest * random.uniform(0.5, 1.0))  # noqa: S311 - as above


def onward(known: Known, state: str, channel: str, next_at: int, why: str | None = None, crashes: int = 0) -> Outcome:
    """Say what is next for a reminder."""
    row = known.row
    return Outcome(onward=Onward(row["id"], row["lease"], state, channel, next_at, why, crashes))  # type: ignore[arg-type]  # of their literals


def settled(known: Known, outcome: str, *, channel: str | None = None, why: Why | None = None) -> Outcome:
    """Say what became of a reminder."""
    row = known.row
    return Outcome(settled=Settled(row["id"], outcome, channel, why, row["lease"]))  # type: ignore[arg-type]  # of their literals


def before_sending(known: Known, now: int) -> Outcome | None:
    """Settle what isn't to be sent any more; None for what is."""
    row = known.row
    if row["useful_until"] <= now:
        if row["state"] == "sent":
            return settled(known, "failed", why="not-shown")
        if row["attempts"] == 0:
            return settled(known, "not-wanted", why="too-late")
        return settled(known, "failed", why="mail-server" if row["channel"] == "mail" else "push-service")
    if known.words is None:
        return settled(known, "not-wanted", why="nothing-new")
    return _after_quiet_hours(known, now)


def _after_quiet_hours(known: Known, now: int) -> Outcome | None:
    """Put off what would ring in quiet hours, because it is late or tried again; None for what may go out now."""
    row = known.row
    at = now if row["kind"] == "test" else placed(known.person, now, row["useful_until"], now)
    if at == now:
        return None
    if at is not None:
        return onward(known, "sent" if row["state"] == "sent" else "planned", row["channel"], at, row["why"])
    if row["state"] == "sent":
        return onward(known, "sent", "close", row["useful_until"])
    if row["attempts"] == 0:
        return settled(known, "not-wanted", why="quiet-hours")
    return settled(known, "failed", why="mail-server" if row["channel"] == "mail" else "push-service")


def has_nowhere_to_go(known: Known) -> bool:
    """Tell whether what comes again, and hasn't been tried, finds neither a device nor a mailbox."""
    row = known.row
    by_mail = known.mailbox is not None and row["kind"] in MAILED
    return row["kind"] in IN_PASSING and row["attempts"] == 0 and not known.devices and not by_mail


def mail_instead(known: Known, now: int, why: Why) -> Outcome:
    """Go on by mail, where the person may get it; else this is the end."""
    if known.mailbox is not None and known.row["kind"] in MAILED:
        return onward(known, "planned", "mail", now, why)
    return settled(known, "failed", why=why)


def after_push(known: Known, tried: Sequence[Tried], outcomes: Sequence[PushOutcome], now: int) -> Outcome:
    """Decide what follows from how a reminder's pushes went."""
    row = known.row
    if any(one.result == "accepted" for one in tried):
        by_mail = known.mailbox is not None and row["kind"] in MAILED
        at = _mail_at(known, now) if by_mail else row["useful_until"]
        return onward(known, "sent", "mail" if at < row["useful_until"] else "close", at)._replace(tried=tried)
    if any(outcome.result == "not-begun" for outcome in outcomes):
        return onward(known, "planned", "push", now, row["why"])._replace(tried=tried)
    again = [outcome for outcome in outcomes if outcome.result in ("later", "our-key")]
    if not again:
        return mail_instead(known, now, "no-way-to-reach")._replace(tried=tried)
    asked = [outcome.retry_after for outcome in again if outcome.retry_after is not None]
    at = now + pause(row["attempts"], min(asked) if len(asked) == len(again) else None)
    by_mail = known.mailbox is not None and row["kind"] in MAILED
    if at >= row["useful_until"] or (by_mail and row["attempts"] + 1 >= TRIES_BEFORE_MAIL):
        return mail_instead(known, now, "push-service")._replace(tried=tried)
    return onward(known, "planned", "push", at, "push-service")._replace(tried=tried)


def _mail_at(known: Known, now: int) -> int:
    """Return when the mail follows a push that no device says it showed: at once where quiet hours leave no room for later."""
    useful_until = known.row["useful_until"]
    at = min(now + RECEIPT_WAIT, useful_until)
    place = at if known.row["kind"] == "test" else placed(known.person, at, useful_until, now)
    return now if place is None else place


def letter_of(known: Known, origin: str, token: bytes, stop: str) -> Letter:
    """Write the mail of a reminder: the same words, and one link to the page on which one can confirm or snooze."""
    if known.words is None:
        raise ValueError("there is nothing to tell")
    language = language_of(known.ways.locale)
    return Letter(
        locale=known.ways.locale, subject=language.mail_subject, paragraphs=[known.words.title, known.words.body, language.mail_why],
        button=Button(language.open, page_of(known.row["kind"], token, origin)), stop=stop,
    )  # fmt: skip


def after_mail(known: Known, attempt: Attempt, outcome: MailOutcome, now: int) -> Outcome:
    """Decide what follows from how a reminder's mail went."""
    row = known.row
    if outcome.result == "sent":
        return settled(known, "delivered", channel="mail")._replace(
            tried=[Tried(attempt.id, None, "accepted", outcome.why)]
        )
    was_pushed = row["state"] == "sent"
    if outcome.result == "refused":
        tried = [Tried(attempt.id, None, "refused", outcome.why)]
        if was_pushed:
            return onward(known, "sent", "close", row["useful_until"])._replace(tried=tried)
        return settled(known, "failed", why="mailbox-refused")._replace(tried=tried)
    tried = [Tried(attempt.id, None, "later", outcome.why)]
    at = now + pause(row["attempts"], None)
    if at < row["useful_until"]:
        return onward(known, "sent" if was_pushed else "planned", "mail", at, "mail-server")._replace(tried=tried)
    if was_pushed:
        return onward(known, "sent", "close", row["useful_until"])._replace(tried=tried)
    return settled(known, "failed", why="mail-server")._replace(tried=tried)


def mail_attempt(known: Known, token: bytes) -> Attempt:
    """Make the record of a mail that is about to go out."""
    row = known.row
    return Attempt(uuid4(), row["id"], row["lease"], row["account"], "mail", None, hashlib.sha256(token).digest())
