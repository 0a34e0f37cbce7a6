"""What travels to and from a server while keys are renewed; as in `aftertide.wire`, nothing here has been checked."""

import msgspec

from aftertide.wire import Confidential, Identity, NewSlot


class NewKeys(Confidential, kw_only=True, frozen=True):
    """The keys to come."""

    gen: int
    slots: list[NewSlot]
    previous: bytes
    identity: Identity


class OldIdentity(msgspec.Struct, kw_only=True, frozen=True):
    """A private key as it is sealed so far."""

    key_id: str
    gen: int
    private_sealed: bytes


class OldWrap(msgspec.Struct, kw_only=True, frozen=True):
    """A record key as it is sealed so far."""

    record: str
    epoch: int
    wrapped: bytes


class OldProof(msgspec.Struct, kw_only=True, frozen=True):
    """A revision as it is proved so far, with the hash of its body."""

    record: str
    epoch: int
    revision: int
    hash: bytes
    proof: bytes


class OldTombstone(msgspec.Struct, kw_only=True, frozen=True):
    """A deletion as it is proved so far."""

    record: str
    revision: int
    mac: bytes


class ToRenew(msgspec.Struct, kw_only=True, frozen=True):
    """A page of what isn't made anew yet, and where the next one begins."""

    identities: list[OldIdentity]
    wraps: list[OldWrap]
    proofs: list[OldProof]
    tombstones: list[OldTombstone]
    after: str | None
    records: int


class NewIdentity(msgspec.Struct, kw_only=True, frozen=True):
    """A former private key under the keys to come."""

    key_id: str
    private_sealed: bytes


class NewWrap(msgspec.Struct, kw_only=True, frozen=True):
    """A record key under the keys to come."""

    record: str
    epoch: int
    wrapped: bytes


class NewProof(msgspec.Struct, kw_only=True, frozen=True):
    """A revision proved with the keys to come."""

    record: str
    revision: int
    proof: bytes


class NewTombstone(msgspec.Struct, kw_only=True, frozen=True):
    """A deletion proved with the keys to come."""

    record: str
    mac: bytes


class Renewed(msgspec.Struct, kw_only=True, frozen=True):
    """A page of what was made anew, under the keys that `key_id` names."""

    gen: int
    key_id: str
    identities: list[NewIdentity]
    wraps: list[NewWrap]
    proofs: list[NewProof]
    tombstones: list[NewTombstone]


class Finish(msgspec.Struct, frozen=True):
    """Which keys are to be the current ones."""

    gen: int
    key_id: str
