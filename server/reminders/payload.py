"""What a push carries: a notification in the declarative form (webkit.org/blog/16535), which our service worker reads, too.

It shows even where a service worker fails. The token in it stands for this one reminder: it can say that the notice was shown,
confirm, and snooze, and it reads nothing.
"""

import hashlib
from base64 import urlsafe_b64encode
from uuid import UUID

import msgspec

from server.channels.push import PushMessage, Urgency
from server.channels.subscriptions import Subscription
from server.clock import SECOND
from server.reminders.context import Known
from server.reminders.wording import language_of

NOTICE, DEVICES = "/notice", "/you/devices"
"""The pages that a tap opens; the token is the fragment of the first, which never reaches the server."""
URGENT = ("session", "step", "change", "snoozed", "read-soon", "test", "sign-in")
SNOOZABLE = ("session", "step")
LONGEST_TTL = 28 * 24 * 3_600


def token_text(token: bytes) -> str:
    """Encode a token as 43 characters of base64url."""
    return urlsafe_b64encode(token).rstrip(b"=").decode()


def page_of(kind: str, token: bytes, origin: str) -> str:
    """Return the address that a tap on a notice, or a mail, leads to."""
    return f"{origin}{DEVICES}" if kind == "sign-in" else f"{origin}{NOTICE}#{token_text(token)}"


def topic_of(account: UUID, kind: str, appointment: UUID | None) -> str:
    """Return the topic of a reminder, 32 characters of base64url: what is about one appointment replaces what was before.

    Apple refuses a length of 1 mod 4, RFC 8030 more than 32.
    """
    subject = kind if appointment is None else str(appointment)
    return urlsafe_b64encode(hashlib.sha256(f"{account}|{subject}".encode()).digest()[:24]).decode()


def push_message(known: Known, device: Subscription, token: bytes, origin: str, now: int) -> PushMessage:
    """Make the push of a reminder to one device; it is of use until its reminder isn't."""
    row, words = known.row, known.words
    if words is None:
        raise ValueError("there is nothing to tell")
    topic = topic_of(row["account"], row["kind"], row["appointment"])
    text = token_text(token)
    address = page_of(row["kind"], token, origin)
    language = language_of(known.ways.locale)
    actions = []
    if known.buttons and row["appointment"] is not None:
        if known.can_confirm and row["kind"] in (*SNOOZABLE, "change", "snoozed"):
            actions.append(("confirm", language.confirm))
        if row["kind"] in SNOOZABLE:
            actions.append(("snooze", language.snooze))
        actions.append(("open", language.open))
    payload = {
        "web_push": 8030,
        # Else a browser that reads this form shows the notice by itself, and no service worker is there to say that it did.
        "mutable": True,
        "notification": {
            "title": words.title,
            "body": words.body,
            "lang": known.ways.locale,
            "tag": topic,
            "navigate": address,
            "silent": False,
            "actions": [{"action": name, "title": title, "navigate": address} for name, title in actions],
            "data": {"token": text, "kind": row["kind"]},
        },
    }
    urgency: Urgency = "high" if row["kind"] in URGENT else "normal"
    ttl = max(0, min(LONGEST_TTL, (row["useful_until"] - now) // SECOND))
    return PushMessage(
        endpoint=device.endpoint, service=device.service, p256dh=device.p256dh, auth=device.auth,
        payload=msgspec.json.encode(payload), topic=topic, ttl=ttl, urgency=urgency,
    )  # fmt: skip
