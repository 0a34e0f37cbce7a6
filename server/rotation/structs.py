"""What travels to and from the routes of a rotation."""

from typing import Annotated
from uuid import UUID

import msgspec

from server.accounts.fields import Bytes32, Gen, KeyId, SealedKey
from server.accounts.structs import Identity, NewSlot
from server.records.structs import Count

PAGE = 200
"""Rows of each sort in a page: what comes back with them fits into the largest body."""


class NewKeys(msgspec.Struct, kw_only=True, frozen=True):
    """The keys to come: how they are opened, the account key so far sealed under the new one, a new identity."""

    gen: Gen
    slots: Annotated[list[NewSlot], msgspec.Meta(min_length=2, max_length=2)]
    """A passphrase and a recovery slot; passkeys are made anew afterwards."""
    previous: SealedKey
    identity: Identity


class OldWrap(msgspec.Struct, kw_only=True, frozen=True):
    """A record key as it is sealed so far."""

    record: UUID
    epoch: int
    wrapped: bytes


class OldProof(msgspec.Struct, kw_only=True, frozen=True):
    """A revision as it is proved so far; `hash` is that of its body."""

    record: UUID
    epoch: int
    revision: int
    hash: bytes
    proof: bytes


class OldTombstone(msgspec.Struct, kw_only=True, frozen=True):
    """A deletion as it is proved so far."""

    record: UUID
    revision: int
    mac: bytes


class OldIdentity(msgspec.Struct, kw_only=True, frozen=True):
    """A private key as it is sealed so far."""

    key_id: str
    gen: int
    private_sealed: bytes


class ToRenew(msgspec.Struct, kw_only=True, frozen=True):
    """What isn't made anew yet: a page of it."""

    identities: list[OldIdentity]
    wraps: list[OldWrap]
    proofs: list[OldProof]
    tombstones: list[OldTombstone]
    after: UUID | None
    """Where the next page begins; none after the last."""
    records: int
    """How many records the account has, deleted ones included: so that progress can be shown."""


class NewIdentity(msgspec.Struct, kw_only=True, frozen=True):
    """A former private key, sealed under the keys to come."""

    key_id: KeyId
    private_sealed: SealedKey


class NewWrap(msgspec.Struct, kw_only=True, frozen=True):
    """A record key, sealed under the keys to come."""

    record: UUID
    epoch: Count
    wrapped: SealedKey


class NewProof(msgspec.Struct, kw_only=True, frozen=True):
    """A revision, proved with the keys to come."""

    record: UUID
    revision: Count
    proof: Bytes32


class NewTombstone(msgspec.Struct, kw_only=True, frozen=True):
    """A deletion, proved with the keys to come."""

    record: UUID
    mac: Bytes32


class Renewed(msgspec.Struct, kw_only=True, frozen=True):
    """A page of what was made anew, under the keys that `key_id` names: two devices may have begun with different ones."""

    gen: Gen
    key_id: KeyId
    identities: Annotated[list[NewIdentity], msgspec.Meta(max_length=PAGE)] = []
    wraps: Annotated[list[NewWrap], msgspec.Meta(max_length=PAGE)] = []
    proofs: Annotated[list[NewProof], msgspec.Meta(max_length=PAGE)] = []
    tombstones: Annotated[list[NewTombstone], msgspec.Meta(max_length=PAGE)] = []


class Finish(msgspec.Struct, frozen=True):
    """Which keys are to be the current ones."""

    gen: Gen
    key_id: KeyId
