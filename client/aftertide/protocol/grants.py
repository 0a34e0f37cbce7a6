"""Grants: a record key sealed from its owner to one reader, and what a reader checks of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from aftertide.protocol.encoding import ctx
from aftertide.protocol.errors import (
    AttentionDiffersError,
    GrantToAnotherError,
    OwnRecordGrantError,
    ReaderNotNamedError,
    UnknownOwnerError,
)
from aftertide.protocol.hpke import hpke_open, hpke_seal
from aftertide.protocol.ijson import JsonObject
from aftertide.protocol.keys import Identity, RecordKey, key_id_of
from aftertide.protocol.kinds import Attention, readers_of


@dataclass(frozen=True, slots=True)
class Grant:
    """A record key for one reader, bound to record, owner, reader, both keys, epoch and attention."""

    record: str
    owner: str
    grantee: str
    epoch: int
    attention: int
    sealed: bytes


def _info(grant: Grant, sender_key_id: str, grantee_key_id: str) -> bytes:
    return ctx(
        "aftertide/1/grant",
        grant.record,
        grant.owner,
        sender_key_id,
        grant.grantee,
        grantee_key_id,
        grant.epoch,
        grant.attention,
    )


def seal_grant(
    identity: Identity,
    record: str,
    owner: str,
    grantee: str,
    epoch: int,
    attention: Attention,
    pinned: bytes,
    key: RecordKey,
) -> Grant:
    """Seal a record key from the owner's identity to the key pinned for the grantee (32 bytes).

    `SmallOrderKeyError` or `KeyLengthError` for a key that nothing can be sealed to.
    """
    unsealed = Grant(record, owner, grantee, epoch, attention, b"")
    info = _info(unsealed, identity.key_id, key_id_of(pinned))
    return Grant(record, owner, grantee, epoch, attention, hpke_seal(pinned, info, key.reveal, identity.private))


def open_grant(identity: Identity, account: str, grant: Grant, pinned: bytes | None) -> RecordKey:
    """Open a grant to `account`; `pinned` is the key pinned for its owner, `None` where there is no such contact.

    `GrantToAnotherError`, `OwnRecordGrantError`, `UnknownOwnerError`; `DoesNotOpenError` when another key sealed it or
    any field was changed.
    """
    if grant.grantee != account:
        raise GrantToAnotherError("a grant to somebody else")
    if grant.owner == account:
        raise OwnRecordGrantError("a grant of an own record")
    if pinned is None:
        raise UnknownOwnerError("a grant from somebody who isn't a contact")
    info = _info(grant, key_id_of(pinned), identity.key_id)
    return RecordKey(hpke_open(identity.private, info, grant.sealed, pinned))


def check_named(content: JsonObject, account: str, key_id: str, attention: int) -> None:
    """Check that the owner named this reader in the body, with this key and `attention`.

    `ReaderNotNamedError` when the account or its key isn't there, `AttentionDiffersError` when the server shows
    another.
    """
    for reader in readers_of(content):
        if reader["account"] == account and reader["key_id"] == key_id:
            if reader["attention"] != attention:
                raise AttentionDiffersError("the server shows another attention than the owner wrote")
            return
    raise ReaderNotNamedError("the owner didn't name this reader")


def check_grants(content: JsonObject, shown: Iterable[tuple[str, int]]) -> None:
    """Check the grants that the server shows for an own record, as (grantee, attention), against the body's `readers`.

    `ReaderNotNamedError` for one more than the owner named, `AttentionDiffersError`. One less is no fault: the server closes
    grants with the record that this one is about, or with a relation.
    """
    named = {reader["account"]: reader["attention"] for reader in readers_of(content)}
    for account, attention in shown:
        if account not in named:
            raise ReaderNotNamedError("the server shows a reader whom the owner didn't name")
        if named[account] != attention:
            raise AttentionDiffersError("the server shows another attention than the owner wrote")
