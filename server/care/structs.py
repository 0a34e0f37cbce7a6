"""What travels to and from the routes of care."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from server.accounts.fields import Bytes32
from server.accounts.structs import NewAccount

SealedCard = Annotated[bytes, msgspec.Meta(min_length=1053, max_length=16413)]
"""A sealed name, padded as a body."""


class PracticeView(msgspec.Struct, kw_only=True, frozen=True):
    """What people see of a practice."""

    id: UUID
    name: str
    phone: str
    emergency_number: str
    reading_line: str
    time_zone: str


class BeginLink(msgspec.Struct, frozen=True):
    """The token of the first therapist's one-time link."""

    token: Bytes32


class Begin(msgspec.Struct, kw_only=True, frozen=True):
    """The first therapist's sign-up."""

    token: Bytes32
    account: NewAccount


class NewInvitation(msgspec.Struct, kw_only=True, frozen=True):
    """An invitation as its inviter publishes it."""

    id: UUID
    redeem_hash: Bytes32
    tag: Bytes32
    card: SealedCard
    adult: bool = False
    """The therapist has confirmed that the person is 18 or older; nobody asks it of a patient who invites."""


class Redeem(msgspec.Struct, frozen=True):
    """What shows that one holds the invitation's secret."""

    redeem: Bytes32


class OpenedInvitation(msgspec.Struct, kw_only=True, frozen=True):
    """What an invitation shows to who holds its secret."""

    id: UUID
    inviter: UUID
    inviter_role: Literal["patient", "therapist"]
    inviter_key: bytes
    tag: bytes
    card: bytes
    practice: PracticeView
    expires: datetime
    answered: bool


class Answer(msgspec.Struct, kw_only=True, frozen=True):
    """An invitee's answer, with an account that exists."""

    redeem: Bytes32
    tag: Bytes32
    card: SealedCard


class Join(msgspec.Struct, kw_only=True, frozen=True):
    """An invitee's sign-up and answer in one."""

    answer: Answer
    account: NewAccount


class InvitationView(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """An invitation as its inviter sees it."""

    id: UUID
    state: Literal["open", "answered", "withdrawn", "expired"]
    created: datetime
    expires: datetime
    invitee: UUID | None = None
    invitee_key: bytes | None = None
    tag: bytes | None = None
    card: bytes | None = None
    answered: datetime | None = None


class RelationView(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A relation as either side sees it."""

    account: UUID
    """The other side."""
    role: Literal["patient", "therapist"]
    """The other side's."""
    key_id: str
    """The other side's current key, as the server says; clients compare it with the one they pinned."""
    since: datetime
    ended: datetime | None = None
    ended_by_me: bool = False
    closes: datetime | None = None


class EndRelation(msgspec.Struct, frozen=True):
    """How a relation ends; `now` is the patient's to say."""

    now: bool = False
