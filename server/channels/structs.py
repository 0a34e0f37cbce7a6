"""What travels to and from the routes of channels."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from server.accounts.fields import Bytes16

PushState = Literal["works", "not-shown-yet", "failing", "ended"]
"""Whether a device shows what is sent to it: its last push was shown; none was so far; they fail now; it must subscribe anew."""
EndedWhy = Literal["gone", "replaced", "refused"]
"""The push service knows it no longer; another sign-in in the same browser has it now; the push service takes nothing for it."""
Bytes65 = Annotated[bytes, msgspec.Meta(min_length=65, max_length=65)]
MailTokenText = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)")]
"""32 random bytes, base64url without padding."""


class PushKey(msgspec.Struct, frozen=True):
    """What a browser subscribes with (`applicationServerKey`): an uncompressed point on P-256, base64url without padding."""

    key: str


class NewSubscription(msgspec.Struct, kw_only=True, frozen=True):
    """A browser's subscription, as its `toJSON` has it; the keys in the encoding of all bytes here."""

    endpoint: Annotated[str, msgspec.Meta(max_length=2_000)]
    p256dh: Bytes65
    auth: Bytes16


class SubscriptionView(msgspec.Struct, kw_only=True, frozen=True):
    """A device's subscription as it stands."""

    state: PushState
    why: EndedWhy | None
    """Why it has ended, if it has."""
    since: datetime
    last_shown: datetime | None
    """When the device last said that it had shown a push."""


class OwnSubscription(msgspec.Struct, frozen=True):
    """The calling device's subscription, where there is one."""

    subscription: SubscriptionView | None


class PushDevice(msgspec.Struct, kw_only=True, frozen=True):
    """A signed-in device that takes pushes, or did."""

    device: UUID
    label: str
    current: bool
    subscription: SubscriptionView


class MailView(msgspec.Struct, kw_only=True, frozen=True):
    """Whether and why not one gets mail."""

    available: bool
    """Whether this server sends mail at all."""
    email: str
    confirmed: datetime | None
    wanted: bool
    stopped: datetime | None
    """When a link in a mail stopped them all."""
    refused: datetime | None
    """When the mail server said that this address takes no mail."""


class MailWish(msgspec.Struct, frozen=True):
    """Whether one wants mail."""

    wanted: bool


class MailLink(msgspec.Struct, frozen=True):
    """What a link in a mail carried."""

    token: MailTokenText


class Confirmed(msgspec.Struct, frozen=True):
    """What a confirmation did: the address is confirmed, by this tap or since before."""

    confirmed: Literal["now", "before"]
