"""Saving a record: compare and set, new epochs with their grants, taking back.

One transaction. Locks are taken in one order everywhere: the record's row, the row of the record it is about, then change
counters in id order.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from aftertide.protocol.padding import is_sealed_length

from server import database
from server.care.relations import active_partners
from server.records.alone import write_alone
from server.records.counters import stamp
from server.records.errors import (
    MalformedRecord,
    NoLongerShared,
    NoSuchRecord,
    NotARelation,
    RecordDeleted,
    RequestReused,
    StaleGen,
    StaleRevision,
)
from server.records.feed import record_view
from server.records.structs import Save, Saved, TombstoneView
from server.web.access import Caller


class Shared(NamedTuple):
    """A record that readers were given, in a save that isn't committed yet."""

    record: UUID
    owner: UUID
    about_owner: UUID | None
    """Whose the record is that this one is about."""
    attention: Mapping[UUID, int]
    """What is asked of each reader: 0 for our session, 1 to read, 2 please read soon."""
    new: frozenset[UUID]
    """Those who couldn't read it before."""


WhenShared = Callable[[Shared, int], Awaitable[None]]
_when_shared: list[WhenShared] = []


def when_shared(hook: WhenShared) -> WhenShared:
    """Register what a domain above does, in the same transaction, when a record is shared: `hook(shared, now)`."""
    _when_shared.append(hook)
    return hook


STANDING = (
    "SELECT a.gen, r.owner, r.about, r.epoch, r.revision, r.head, r.tombstone, c.counter, v.record AS saved_record, "
    "v.revision AS saved_revision, v.body AS saved_body, (SELECT COUNT(*) FROM grants g WHERE g.record = $2) AS readers "
    "FROM accounts a LEFT JOIN records r ON r.id = $2 LEFT JOIN changes c ON c.account = a.id AND c.record = r.id "
    "LEFT JOIN revisions v ON v.owner = a.id AND v.request = $3 WHERE a.id = $1"
)


async def save(caller: Caller, record: UUID, new: Save, now: int) -> Saved:
    """Save one revision of a record, in one transaction; repeated with the same request id it is one revision.

    A record that nobody else reads costs one read and one statement that writes, whatever else there is; any other one
    statement for each rule. Raises NoSuchRecord (somebody else's), StaleRevision and RecordDeleted (with what the server
    has), StaleGen, NoLongerShared, NotARelation, MalformedRecord, RequestReused.
    """
    _check_parts(new)
    try:
        if new.about is None and not new.grants:
            saved = await _save_alone(caller, record, new, now)
            if saved is not None:
                return saved
        return await database.in_transaction(partial(_save_shared, caller, record, new, now))
    except Exception as error:
        if database.is_missing_reference(error):  # a reader, or the caller, has erased their account meanwhile
            raise (NotARelation if new.grants else NoSuchRecord) from error
        raise


async def _save_shared(caller: Caller, record: UUID, new: Save, now: int) -> Saved:
    """Save a record that others read or that is about another one, inside the running transaction."""
    if database.for_update():
        await _hold(caller.account, record, new)
    current = await _standing(caller, record, new.request)
    if current["saved_revision"] is not None:
        return _repeated(current, new)
    await _check(caller, record, new, current)
    parent = await _parent(caller.account, new.about)
    before = await _readers(record)
    after = before if new.grants is None else [grant.grantee for grant in new.grants]
    await _check_readers(caller.account, after, parent)
    await _write(caller.account, record, new, first=current["owner"] is None, now=now)
    if new.grants:
        attention = {grant.grantee: grant.attention for grant in new.grants}
        shared = Shared(record, caller.account, parent and parent.owner, attention, frozenset(attention) - set(before))
        for hook in _when_shared:
            await hook(shared, now)
    closed = [] if new.grants is None else await close_about(record, [r for r in before if r not in after])
    counters = await stamp(
        [(caller.account, record), *((reader, record) for reader in sorted({*before, *after})), *closed]
    )
    return Saved(cursor=counters[caller.account], revision=new.revision)


async def _save_alone(caller: Caller, record: UUID, new: Save, now: int) -> Saved | None:
    """Save a record that nobody else reads; None when it has readers or has just moved on, and the long way must decide."""
    current = await _standing(caller, record, new.request)
    if current["saved_revision"] is not None:
        return _repeated(current, new)
    try:
        await _check(caller, record, new, current)
    except (StaleRevision, NoSuchRecord):
        return None
    if current["readers"]:
        return None
    counter = await write_alone(caller.account, record, new, current, now)
    return None if counter is None else Saved(cursor=counter, revision=new.revision)


def _check_parts(new: Save) -> None:
    if not is_sealed_length(len(new.body)):
        raise MalformedRecord("The body has a length that sealing never gives.")
    if (new.wrapped is None) != (new.grants is None):
        raise MalformedRecord("A new epoch comes with its sealed key and its grants; any other save with neither.")
    if (new.base is None) != (new.revision == 1):
        raise MalformedRecord("Every revision but the first names the body it replaces.")
    if new.grants is not None and len({grant.grantee for grant in new.grants}) != len(new.grants):
        raise MalformedRecord("A reader has one grant.")


async def _hold(account: UUID, record: UUID, new: Save) -> None:
    """Hold what a save is decided by until the transaction ends: relations, then accounts, the own gen among them, then the record.

    Erasing takes them in the same order, and so neither waits for the other's locks while it holds some.
    """
    readers = await _readers(record) if new.grants is None else [grant.grantee for grant in new.grants]
    await active_partners(account, readers)
    held = sorted({account, *readers})
    await database.fetch(
        f"SELECT id FROM accounts WHERE id IN ({database.parameters(1, len(held))}) ORDER BY id FOR KEY SHARE", *held
    )
    await database.fetch("SELECT id FROM records WHERE id = $1 FOR UPDATE", record)


async def _standing(caller: Caller, record: UUID, request: UUID) -> Mapping[str, Any]:
    """Return where a record stands (no owner: there is none), how many read it, the account's gen and what `request` made.

    Raises NoSuchRecord for somebody else's record.
    """
    row = await database.fetch_one(STANDING, caller.account, record, request)
    if row is None or row["owner"] not in (None, caller.account):
        raise NoSuchRecord
    if row["saved_record"] not in (None, record):
        raise RequestReused
    return row


async def gen_held(account: UUID) -> int | None:
    """Return the gen of an account and keep its keys from being renewed until the transaction ends; None where it is gone."""
    row = await database.fetch_one("SELECT gen FROM accounts WHERE id = $1" + database.for_key_share(), account)
    return None if row is None else row["gen"]


def _repeated(current: Mapping[str, Any], new: Save) -> Saved:
    if current["saved_revision"] != new.revision or bytes(current["saved_body"]) != new.body:
        raise RequestReused
    return Saved(cursor=current["counter"], revision=new.revision)


async def _check(caller: Caller, record: UUID, new: Save, current: Mapping[str, Any]) -> None:
    """Compare a save with where the record stands."""
    if current["gen"] != new.gen:
        raise StaleGen
    if current["owner"] is None:
        _check_first(record, new)
    else:
        await _check_next(caller, record, new, current)


def _check_first(record: UUID, new: Save) -> None:
    if new.revision != 1:
        raise NoSuchRecord
    if new.epoch != 1 or new.wrapped is None:
        raise MalformedRecord("The first revision begins the first epoch.")
    if new.about == record:
        raise MalformedRecord("A record isn't about itself.")


async def _check_next(caller: Caller, record: UUID, new: Save, current: Mapping[str, Any]) -> None:
    if current["tombstone"] is not None:
        raise RecordDeleted(current=TombstoneView(revision=current["revision"], mac=bytes(current["tombstone"])))
    if new.about != current["about"]:
        raise MalformedRecord("What a record is about never changes.")
    moved_on = new.revision != current["revision"] + 1 or new.base != bytes(current["head"])
    if moved_on or new.epoch not in (current["epoch"], current["epoch"] + 1):
        raise StaleRevision(current=await record_view(caller.account, record))
    if (new.epoch == current["epoch"]) != (new.wrapped is None):
        raise MalformedRecord("A new epoch comes with its sealed key and its grants; any other save with neither.")


class Parent(NamedTuple):
    """The record that a save is about."""

    owner: UUID
    readers: frozenset[UUID]


async def _parent(account: UUID, about: UUID | None) -> Parent | None:
    """Return the record that a save is about and who reads it, and hold that so until the commit.

    Raises NoLongerShared when `account` neither owns nor reads it.
    """
    if about is None:
        return None
    row = await database.fetch_one("SELECT owner, tombstone FROM records WHERE id = $1" + database.for_share(), about)
    if row is None or row["tombstone"] is not None:
        raise NoLongerShared
    parent = Parent(row["owner"], frozenset(await _readers(about)))
    if account != parent.owner and account not in parent.readers:
        raise NoLongerShared
    return parent


async def _readers(record: UUID) -> list[UUID]:
    return [row["grantee"] for row in await database.fetch("SELECT grantee FROM grants WHERE record = $1", record)]


async def _check_readers(owner: UUID, readers: list[UUID], parent: Parent | None) -> None:
    """Refuse a reader who isn't in a running relation with the owner of the save.

    What is about another record may also go to those of its readers who are in a running relation with its owner.
    """
    if owner in readers:
        raise NotARelation
    outside = set(readers) - await active_partners(owner, readers)
    if outside and parent is not None and outside <= parent.readers:
        outside -= await active_partners(parent.owner, sorted(outside))
    if outside:
        raise NotARelation


async def _write(owner: UUID, record: UUID, new: Save, *, first: bool, now: int) -> None:
    head = hashlib.sha256(new.body).digest()
    if first:
        made = await database.fetch(
            "INSERT INTO records (id, owner, about, epoch, revision, head, created_at, changed_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING RETURNING id",
            record, owner, new.about, new.epoch, new.revision, head, now,
        )  # fmt: skip
        if not made:
            raise database.TryAgain("a record with this id was made since the look-up")
    else:
        await database.fetch(
            "UPDATE records SET epoch = $2, revision = $3, head = $4, changed_at = $5 WHERE id = $1",
            record, new.epoch, new.revision, head, now,
        )  # fmt: skip
    await database.fetch(
        "INSERT INTO revisions (record, revision, owner, epoch, request, base, body, size, proof, saved_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        record, new.revision, owner, new.epoch, new.request, new.base, new.body, len(new.body), new.proof, now,
    )  # fmt: skip
    if new.grants is None:
        return
    await database.fetch(
        "INSERT INTO wraps (record, epoch, gen, wrapped) VALUES ($1, $2, $3, $4)",
        record,
        new.epoch,
        new.gen,
        new.wrapped,
    )
    await database.fetch("DELETE FROM grants WHERE record = $1", record)
    for grant in new.grants:
        await database.fetch(
            "INSERT INTO grants (record, grantee, epoch, attention, sealed, granted_at) VALUES ($1, $2, $3, $4, $5, $6)",
            record, grant.grantee, new.epoch, grant.attention, grant.sealed, now,
        )  # fmt: skip


async def close_about(record: UUID, readers: list[UUID]) -> list[tuple[UUID, UUID]]:
    """Delete the grants of `readers` to everything about a record, inside the running transaction.

    Returns the (account, record) pairs to stamp: who lost a grant, and the owners, who seal anew before their next revision.
    """
    if not readers:
        return []
    rows = await database.fetch(
        "DELETE FROM grants WHERE record IN (SELECT id FROM records WHERE about = $1) "
        f"AND grantee IN ({database.parameters(2, len(readers))}) "
        "RETURNING record, grantee, (SELECT owner FROM records WHERE id = grants.record) AS owner",
        record, *readers,
    )  # fmt: skip
    return [pair for row in rows for pair in ((row["grantee"], row["record"]), (row["owner"], row["record"]))]
