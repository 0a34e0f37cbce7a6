"""Saving a record: compare and set, new epochs with their grants, taking back.

One transaction. Locks are taken in one order everywhere: the record's row, the row of the record it is about, then change
counters in id order.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aftertide.protocol.padding import is_sealed_length

from server import database
from server.care.relations import active_partners
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


async def save(caller: Caller, record: UUID, new: Save, now: int) -> Saved:
    """Save one revision of a record, in one transaction; repeated with the same request id it is one revision.

    Raises NoSuchRecord (somebody else's), StaleRevision and RecordDeleted (with what the server has), StaleGen,
    NoLongerShared, NotARelation, MalformedRecord, RequestReused.
    """
    _check_parts(new)
    async with database.transaction():
        current = await _locked(record, new.request, caller.account)
        if current is not None and current["owner"] != caller.account:
            raise NoSuchRecord
        if current is not None and current["saved_revision"] is not None:
            return _repeated(current, new)
        if (await _gen(caller.account)) != new.gen:
            raise StaleGen
        if current is None:
            await _check_first(caller, record, new)
        else:
            await _check_next(caller, record, new, current)
        parent = await _parent(caller.account, new.about)
        before = [] if current is None else await _readers(record)
        if new.grants is None:
            await _check_readers(caller.account, before, parent)
            after = before
        else:
            after = [grant.grantee for grant in new.grants]
            await _check_readers(caller.account, after, parent)
        await _write(caller.account, record, new, current, now)
        closed = [] if new.grants is None else await close_about(record, [r for r in before if r not in after])
        counters = await stamp(
            [(caller.account, record), *((reader, record) for reader in sorted({*before, *after})), *closed]
        )
        return Saved(cursor=counters[caller.account], revision=new.revision)


def _check_parts(new: Save) -> None:
    if not is_sealed_length(len(new.body)):
        raise MalformedRecord("The body has a length that sealing never gives.")
    if (new.wrapped is None) != (new.grants is None):
        raise MalformedRecord("A new epoch comes with its sealed key and its grants; any other save with neither.")
    if (new.base is None) != (new.revision == 1):
        raise MalformedRecord("Every revision but the first names the body it replaces.")
    if new.grants is not None and len({grant.grantee for grant in new.grants}) != len(new.grants):
        raise MalformedRecord("A reader has one grant.")


async def _locked(record: UUID, request: UUID, owner: UUID) -> Mapping[str, Any] | None:
    """Lock the record's row and return it, with the revision that `request` made of it, if it did."""
    return await database.fetch_one(
        "SELECT r.id, r.owner, r.about, r.epoch, r.revision, r.head, r.tombstone, "
        "v.revision AS saved_revision, v.body AS saved_body, c.counter FROM records r "
        "LEFT JOIN revisions v ON v.record = r.id AND v.owner = $3 AND v.request = $2 "
        "LEFT JOIN changes c ON c.account = r.owner AND c.record = r.id WHERE r.id = $1"
        + (" FOR UPDATE OF r" if database.for_update() else ""),
        record, request, owner,
    )  # fmt: skip


def _repeated(current: Mapping[str, Any], new: Save) -> Saved:
    if current["saved_revision"] != new.revision or bytes(current["saved_body"]) != new.body:
        raise RequestReused
    return Saved(cursor=current["counter"], revision=new.revision)


async def _gen(account: UUID) -> int:
    row = await database.fetch_one("SELECT gen FROM accounts WHERE id = $1", account)
    if row is None:
        raise NoSuchRecord
    gen: int = row["gen"]
    return gen


async def _check_first(caller: Caller, record: UUID, new: Save) -> None:
    if new.revision != 1:
        raise NoSuchRecord
    if new.epoch != 1 or new.wrapped is None:
        raise MalformedRecord("The first revision begins the first epoch.")
    if new.about == record:
        raise MalformedRecord("A record isn't about itself.")
    reused = await database.fetch_one(
        "SELECT 1 AS one FROM revisions WHERE owner = $1 AND request = $2", caller.account, new.request
    )
    if reused is not None:
        raise RequestReused


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


async def _parent(account: UUID, about: UUID | None) -> set[UUID]:
    """Return who may read the record that a save is about, its owner among them, and hold that so until the commit.

    Raises NoLongerShared when `account` isn't one of them.
    """
    if about is None:
        return set()
    row = await database.fetch_one("SELECT owner, tombstone FROM records WHERE id = $1" + database.for_share(), about)
    if row is None or row["tombstone"] is not None:
        raise NoLongerShared
    readers = {row["owner"], *(await _readers(about))}
    if account not in readers:
        raise NoLongerShared
    return readers


async def _readers(record: UUID) -> list[UUID]:
    return [row["grantee"] for row in await database.fetch("SELECT grantee FROM grants WHERE record = $1", record)]


async def _check_readers(owner: UUID, readers: list[UUID], parent: set[UUID]) -> None:
    """Refuse a reader who isn't in a running relation with the owner, nor reads what the record is about."""
    outside = [reader for reader in readers if reader not in parent]
    if owner in readers or (outside and set(outside) - await active_partners(owner, outside)):
        raise NotARelation


async def _write(owner: UUID, record: UUID, new: Save, current: Mapping[str, Any] | None, now: int) -> None:
    head = hashlib.sha256(new.body).digest()
    if current is None:
        made = await database.fetch(
            "INSERT INTO records (id, owner, about, epoch, revision, head, created_at, changed_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING RETURNING id",
            record, owner, new.about, new.epoch, new.revision, head, now,
        )  # fmt: skip
        if not made:  # made by somebody else since the look-up: a retry will see it
            raise StaleRevision
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
