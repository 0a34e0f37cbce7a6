"""Deleting: a proved tombstone stays, everything else goes at once."""

from functools import partial
from uuid import UUID

from server import database
from server.accounts.erasure import before_erasing
from server.care.relations import when_relation_closes
from server.records.counters import stamp
from server.records.errors import NoSuchRecord, RecordDeleted, StaleGen, StaleRevision
from server.records.feed import record_view
from server.records.saving import close_about, gen_held
from server.records.structs import Delete, Saved, TombstoneView
from server.web.access import Caller


async def delete(caller: Caller, record: UUID, data: Delete, now: int) -> Saved:
    """Delete a record, leaving its tombstone; bodies, wraps, grants and history go in the same transaction.

    Repeating it changes nothing. Raises NoSuchRecord, StaleGen, StaleRevision when the record has moved on, RecordDeleted (with the
    tombstone) when another device was quicker.
    """
    return await database.in_transaction(partial(_delete, caller, record, data, now))


async def _delete(caller: Caller, record: UUID, data: Delete, now: int) -> Saved:
    if await gen_held(caller.account) != data.gen:
        raise StaleGen
    row = await database.fetch_one(
        "SELECT r.owner, r.revision, r.tombstone, c.counter FROM records r "
        "LEFT JOIN changes c ON c.account = r.owner AND c.record = r.id WHERE r.id = $1"
        + (" FOR UPDATE OF r" if database.for_update() else ""),
        record,
    )  # fmt: skip
    if row is None or row["owner"] != caller.account:
        raise NoSuchRecord
    if row["tombstone"] is not None:
        if bytes(row["tombstone"]) != data.tombstone:
            raise RecordDeleted(current=TombstoneView(revision=row["revision"], mac=bytes(row["tombstone"])))
        return Saved(cursor=row["counter"], revision=row["revision"])
    if row["revision"] != data.revision:
        raise StaleRevision(current=await record_view(caller.account, record))
    lost = await database.fetch("DELETE FROM grants WHERE record = $1 RETURNING grantee", record)
    readers = [r["grantee"] for r in lost]
    closed = await close_about(record, readers)
    for table in ("revisions", "wraps", "readings"):
        await database.fetch(f"DELETE FROM {table} WHERE record = $1", record)
    await database.fetch(
        "UPDATE records SET tombstone = $2, changed_at = $3 WHERE id = $1", record, data.tombstone, now
    )
    counters = await stamp([(caller.account, record), *((reader, record) for reader in sorted(readers)), *closed])
    return Saved(cursor=counters[caller.account], revision=data.revision)


_TAKEN = "RETURNING record, grantee, (SELECT owner FROM records WHERE id = grants.record) AS owner"


def _lost(rows: list[database.Row]) -> list[tuple[UUID, UUID]]:
    """Return the (account, record) pairs to stamp for grants that are gone: who had them, and whose records they are."""
    return [pair for row in rows for pair in ((row["grantee"], row["record"]), (row["owner"], row["record"]))]


@when_relation_closes
async def close_grants(patient: UUID, therapist: UUID, now: int) -> None:  # noqa: ARG001 - the hook's shape
    """Remove the grants between a patient and a therapist, both ways, and to what others wrote about the other's records."""
    rows: list[database.Row] = []
    for grantee, owner in sorted([(patient, therapist), (therapist, patient)]):
        rows += await database.fetch(
            "DELETE FROM grants WHERE grantee = $1 AND record IN (SELECT r.id FROM records r "
            f"LEFT JOIN records parent ON parent.id = r.about WHERE r.owner = $2 OR parent.owner = $2) {_TAKEN}",
            grantee, owner,
        )  # fmt: skip
    await stamp(_lost(rows))


@before_erasing
async def let_others_know(account: UUID, now: int) -> None:  # noqa: ARG001 - the hook's shape
    """Close all grants of and to an account, and to what was written about its records, and tell everybody concerned.

    Its records are held first, so that no share slips in between; its own counter is raised with the others', in their order.
    """
    if database.for_update():
        await database.fetch("SELECT id FROM records WHERE owner = $1 ORDER BY id FOR UPDATE", account)
    rows = await database.fetch(
        "DELETE FROM grants WHERE grantee = $1 OR record IN (SELECT r.id FROM records r "
        f"LEFT JOIN records parent ON parent.id = r.about WHERE r.owner = $1 OR parent.owner = $1) {_TAKEN}",
        account,
    )
    await stamp(_lost(rows))
