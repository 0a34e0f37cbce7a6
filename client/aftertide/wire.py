"""What travels to and from a server: the shapes of `docs/api.md`, in MessagePack, bytes raw.

Ids are strings as the protocol writes them. Nothing here has been checked: whoever reads an answer treats it as a server's
word.
"""

from datetime import datetime
from typing import Any

import msgspec

from aftertide.protocol.kinds import Role
from aftertide.protocol.slots import Method


class Confidential(msgspec.Struct, frozen=True):
    """What a log or a traceback must not show."""

    def __repr__(self) -> str:
        """Show the type only."""
        return f"{type(self).__name__}(…)"


class KdfParams(msgspec.Struct, frozen=True):
    """The parameters of a passphrase slot."""

    kdf: str
    m: int
    t: int
    p: int
    salt: bytes


class Slot(msgspec.Struct, kw_only=True, frozen=True):
    """One sealed way to the account key."""

    id: str
    method: str
    params: KdfParams | None = None
    gen: int
    sealed: bytes
    credential: bytes | None = None
    """With `passkey`: the id of the credential that opens it."""


class NewSlot(Confidential, kw_only=True, frozen=True):
    """A slot with what will prove who opens it."""

    id: str
    method: Method
    params: KdfParams | None
    gen: int
    sealed: bytes
    auth: bytes


class Identity(msgspec.Struct, kw_only=True, frozen=True):
    """A public key and its private part, sealed."""

    key_id: str
    public_key: bytes
    private_sealed: bytes
    gen: int
    current: bool = True


class NewAccount(Confidential, kw_only=True, frozen=True):
    """All that makes an account."""

    id: str
    email: str
    slots: list[NewSlot]
    identity: Identity
    locale: str
    time_zone: str
    device: str
    bearer: bool = True


class KeysToCome(Confidential, kw_only=True, frozen=True):
    """The new keys of a rotation that has begun."""

    gen: int
    previous: bytes
    slots: list[Slot]
    identity: Identity


class Me(Confidential, kw_only=True, frozen=True):
    """The account as its own devices see it."""

    id: str
    role: Role
    email: str
    gen: int
    locale: str
    time_zone: str
    settings_record: str | None = None
    ledger_record: str | None = None
    slots: list[Slot]
    identities: list[Identity]
    session: str
    cursor: int
    rotation: KeysToCome | None = None
    token: str | None = None


class SaltQuestion(msgspec.Struct, frozen=True):
    """Which e-mail wants to sign in."""

    email: str


class Salt(msgspec.Struct, frozen=True):
    """The salt of an e-mail."""

    salt: bytes


class SignIn(Confidential, kw_only=True, frozen=True):
    """A proof of who one is, for a new session."""

    email: str
    method: Method
    auth: bytes
    device: str
    bearer: bool = True


class Proof(Confidential, frozen=True):
    """A fresh proof for a running session."""

    method: Method
    auth: bytes


class ReplaceSlot(Confidential, frozen=True):
    """A new slot in the place of the one with its method."""

    slot: NewSlot


class Pointer(msgspec.Struct, frozen=True):
    """The record that a pointer of the account names."""

    record: str


class Device(msgspec.Struct, kw_only=True, frozen=True):
    """A signed-in device."""

    id: str
    label: str
    created: datetime
    seen: datetime
    current: bool


class Practice(msgspec.Struct, kw_only=True, frozen=True):
    """What people see of a practice."""

    id: str
    name: str
    phone: str
    emergency_number: str
    reading_line: str
    time_zone: str


class BeginLink(Confidential, frozen=True):
    """The token of a first therapist's one-time link."""

    token: bytes


class Begin(Confidential, frozen=True):
    """A first therapist's sign-up."""

    token: bytes
    account: NewAccount


class NewInvitation(msgspec.Struct, kw_only=True, frozen=True):
    """An invitation as its inviter publishes it."""

    id: str
    redeem_hash: bytes
    tag: bytes
    card: bytes
    adult: bool


class Redeem(Confidential, frozen=True):
    """What shows that one holds an invitation's secret."""

    redeem: bytes


class OpenedInvitation(msgspec.Struct, kw_only=True, frozen=True):
    """What an invitation shows to who holds its secret."""

    id: str
    inviter: str
    inviter_role: Role
    inviter_key: bytes
    tag: bytes
    card: bytes
    practice: Practice
    expires: datetime
    answered: bool


class Answer(Confidential, frozen=True):
    """An invitee's answer."""

    redeem: bytes
    tag: bytes
    card: bytes


class Join(Confidential, frozen=True):
    """An invitee's sign-up and answer in one."""

    answer: Answer
    account: NewAccount


class InvitationView(msgspec.Struct, kw_only=True, frozen=True):
    """An invitation as the server shows it to its inviter."""

    id: str
    state: str
    created: datetime
    expires: datetime
    invitee: str | None = None
    invitee_key: bytes | None = None
    tag: bytes | None = None
    card: bytes | None = None
    answered: datetime | None = None


class Relation(msgspec.Struct, kw_only=True, frozen=True):
    """Somebody one works with, as the server says."""

    account: str
    role: Role
    key_id: str
    since: datetime
    ended: datetime | None = None
    ended_by_me: bool = False
    closes: datetime | None = None


class EndRelation(msgspec.Struct, frozen=True):
    """How a relation ends."""

    now: bool


class NewGrant(msgspec.Struct, frozen=True):
    """A record key sealed for one reader."""

    grantee: str
    attention: int
    sealed: bytes


class Save(msgspec.Struct, kw_only=True, frozen=True):
    """One save of a record; `wrapped` and `grants` come with a new epoch only."""

    request: str
    gen: int
    about: str | None
    epoch: int
    revision: int
    base: bytes | None
    wrapped: bytes | None
    body: bytes
    proof: bytes
    grants: list[NewGrant] | None


class Saved(msgspec.Struct, frozen=True):
    """A save that the server keeps."""

    cursor: int
    revision: int


class Delete(msgspec.Struct, frozen=True):
    """A deletion, proved under the keys of a generation."""

    revision: int
    tombstone: bytes
    gen: int


class MarkRead(msgspec.Struct, frozen=True):
    """A revision whose body was on the screen."""

    revision: int


class MarkReviewed(msgspec.Struct, frozen=True):
    """A revision marked reviewed; none takes the mark off."""

    revision: int | None


class ReaderView(msgspec.Struct, kw_only=True, frozen=True):
    """A grant as the server shows it to the record's owner, with what its reader did."""

    account: str
    epoch: int
    attention: int
    granted: datetime
    read: datetime | None
    read_revision: int | None
    reviewed: datetime | None
    reviewed_revision: int | None


class GrantView(msgspec.Struct, kw_only=True, frozen=True):
    """A grant as the server shows it to its reader, with what they did."""

    epoch: int
    attention: int
    sealed: bytes
    granted: datetime
    read: datetime | None
    read_revision: int | None
    reviewed: datetime | None
    reviewed_revision: int | None


class RecordView(msgspec.Struct, kw_only=True, frozen=True):
    """A record where it stands, sealed."""

    id: str
    owner: str
    about: str | None
    epoch: int
    revision: int
    base: bytes | None
    body: bytes
    proof: bytes
    saved: datetime
    wrapped: bytes | None
    readers: list[ReaderView]
    grant: GrantView | None


class TombstoneView(msgspec.Struct, kw_only=True, frozen=True):
    """What is left of a deleted record."""

    revision: int
    mac: bytes


class Change(msgspec.Struct, kw_only=True, frozen=True):
    """One row of the feed; `state` is record, tombstone or gone."""

    counter: int
    id: str
    state: str
    record: RecordView | None = None
    tombstone: TombstoneView | None = None


class Changes(msgspec.Struct, kw_only=True, frozen=True):
    """A page of the feed."""

    changes: list[Change]
    cursor: int
    more: bool
    counter: int
    gen: int


class RevisionView(msgspec.Struct, kw_only=True, frozen=True):
    """An earlier revision of an own record, sealed."""

    revision: int
    epoch: int
    base: bytes | None
    body: bytes
    proof: bytes
    wrapped: bytes
    saved: datetime


class History(msgspec.Struct, frozen=True):
    """A page of earlier revisions, the newest first."""

    revisions: list[RevisionView]
    before: int | None


class NewAppointment(msgspec.Struct, kw_only=True, frozen=True):
    """One appointment to book; `starts` is a wall time in `zone`."""

    id: str
    patient: str
    kind: str
    starts: str
    zone: str
    minutes: int
    series: str | None
    details: str | None


class Book(msgspec.Struct, frozen=True):
    """What is booked together: all of it or nothing."""

    appointments: list[NewAppointment]


class Appointment(msgspec.Struct, kw_only=True, frozen=True):
    """An appointment where it stands."""

    id: str
    therapist: str
    patient: str
    practice: str
    kind: str
    starts: str
    zone: str
    starts_at: datetime
    minutes: int
    state: str
    series: str | None
    details: str | None
    version: int
    changed: datetime


class Move(msgspec.Struct, frozen=True):
    """Another time for one appointment; `version` is the one that was seen."""

    id: str
    version: int
    starts: str
    zone: str
    minutes: int


class Moves(msgspec.Struct, frozen=True):
    """What is moved together: all of it or nothing."""

    moves: list[Move]


class PatientsAnswer(msgspec.Struct, frozen=True):
    """What a patient says to a time."""

    version: int
    answer: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of an appointment."""

    version: int
    outcome: str


class Problem(msgspec.Struct, kw_only=True, frozen=True):
    """The body of every error answer (RFC 9457)."""

    type: str
    detail: str = ""
    current: Any = (
        None  # with `stale` a record or an appointment, with `deleted` a tombstone: read by who knows the type
    )
    retry_after: int | None = None
