"""What travels to and from the routes of records."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from aftertide.protocol.padding import MAX_SEALED, SEAL_OVERHEAD, padded_length

from server.accounts.fields import Bytes32, Gen, SealedKey

SealedBody = Annotated[bytes, msgspec.Meta(min_length=padded_length(1) + SEAL_OVERHEAD, max_length=MAX_SEALED)]
SealedGrant = Annotated[bytes, msgspec.Meta(min_length=80, max_length=80)]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Attention = Annotated[int, msgspec.Meta(ge=0, le=2)]


class NewGrant(msgspec.Struct, kw_only=True, frozen=True):
    """The record key sealed for one reader."""

    grantee: UUID
    attention: Attention
    sealed: SealedGrant


class Save(msgspec.Struct, kw_only=True, frozen=True):
    """One save of a record. A new epoch comes with its key and with grants for exactly its readers."""

    request: UUID
    """The same for every retry of this save."""
    gen: Gen
    about: UUID | None = None
    epoch: Count
    revision: Count
    base: Bytes32 | None = None
    """Hash of the body this one replaces; none on the first revision."""
    wrapped: SealedKey | None = None
    """With a new epoch only."""
    body: SealedBody
    proof: Bytes32
    grants: Annotated[list[NewGrant], msgspec.Meta(max_length=64)] | None = None
    """With a new epoch only."""


class Saved(msgspec.Struct, frozen=True):
    """A save that is kept."""

    cursor: int
    """The account's change counter as of this save."""
    revision: int


class Delete(msgspec.Struct, kw_only=True, frozen=True):
    """A deletion, proved."""

    gen: Gen = 1
    """Of the keys that prove it; sealed before clients said so, it was the first."""
    revision: Count
    """The last one saved."""
    tombstone: Bytes32


class MarkRead(msgspec.Struct, frozen=True):
    """A revision whose body was on the reader's screen."""

    revision: Count


class MarkReviewed(msgspec.Struct, frozen=True):
    """A revision that a therapist marks reviewed; none takes the mark off."""

    revision: Count | None


class ReaderView(msgspec.Struct, kw_only=True, frozen=True):
    """A grant as the record's owner sees it, with what its reader did."""

    account: UUID
    epoch: int
    attention: int
    granted: datetime
    read: datetime | None
    read_revision: int | None
    reviewed: datetime | None
    reviewed_revision: int | None


class GrantView(msgspec.Struct, kw_only=True, frozen=True):
    """A grant as its reader sees it, with what they did."""

    epoch: int
    attention: int
    sealed: bytes
    granted: datetime
    read: datetime | None
    read_revision: int | None
    reviewed: datetime | None
    reviewed_revision: int | None


class RecordView(msgspec.Struct, kw_only=True, frozen=True):
    """A record where it stands, for its owner or for a reader."""

    id: UUID
    owner: UUID
    about: UUID | None
    epoch: int
    revision: int
    base: bytes | None
    body: bytes
    proof: bytes
    saved: datetime
    wrapped: bytes | None
    """For the owner."""
    readers: list[ReaderView]
    """For the owner."""
    grant: GrantView | None
    """For a reader."""


class TombstoneView(msgspec.Struct, kw_only=True, frozen=True):
    """What is left of a deleted record, for its owner."""

    revision: int
    mac: bytes


class Change(msgspec.Struct, kw_only=True, frozen=True):
    """One row of the feed: what is now true of a record for this account."""

    counter: int
    id: UUID
    state: Literal["record", "tombstone", "gone"]
    record: RecordView | None = None
    tombstone: TombstoneView | None = None


class Changes(msgspec.Struct, kw_only=True, frozen=True):
    """A page of the feed."""

    changes: list[Change]
    cursor: int
    """Ask with this one next time."""
    more: bool
    """Whether there is another page already."""
    counter: int
    """The account's change counter: a cursor above it comes from a database that is gone."""
    access: int
    """Another one than before: the account's key slots or signed-in devices have changed."""
    gen: int
    """Of the keys under which the page's own records are sealed and proved: who has former ones can't judge them."""


class RevisionView(msgspec.Struct, kw_only=True, frozen=True):
    """An earlier revision, for the record's owner."""

    revision: int
    epoch: int
    base: bytes | None
    body: bytes
    proof: bytes
    wrapped: bytes
    saved: datetime


class History(msgspec.Struct, kw_only=True, frozen=True):
    """The kept revisions of a record, the newest first."""

    revisions: list[RevisionView]
    before: int | None
    """Ask with this for older ones; none when there are no more."""
