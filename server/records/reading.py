"""What readers do: a body was on the screen, a revision is marked reviewed."""

from collections.abc import Sequence
from uuid import UUID

from server import database
from server.records.counters import stamp
from server.records.errors import NoSuchRecord, StaleRevision
from server.web.access import Caller


async def _granted(caller: Caller, record: UUID, revision: int | None) -> UUID:
    """Return the owner of a record that is shared with the caller and has that revision; raises NoSuchRecord, StaleRevision."""
    row = await database.fetch_one(
        "SELECT r.owner, r.revision FROM grants g JOIN records r ON r.id = g.record WHERE g.record = $1 AND g.grantee = $2",
        record, caller.account,
    )  # fmt: skip
    if row is None:
        raise NoSuchRecord
    if revision is not None and revision > row["revision"]:
        raise StaleRevision("The record has no such revision yet.")
    owner: UUID = row["owner"]
    return owner


async def _mark(caller: Caller, record: UUID, revision: int | None, sql: str, *args: object) -> None:
    """Write a mark on a record that is shared with the caller and, where it changes something, stamp that for both sides."""

    async def work() -> None:
        owner = await _granted(caller, record, revision)
        if await database.fetch(sql, record, caller.account, *args):
            await stamp([(caller.account, record), (owner, record)])

    try:
        await database.in_transaction(work)
    except Exception as error:
        if database.is_missing_reference(error):  # its owner, or the caller, has erased their account meanwhile
            raise NoSuchRecord from error
        raise


async def mark_read(caller: Caller, record: UUID, revision: int, now: int) -> None:
    """Note that a revision was on the reader's screen; the first time counts, an older revision changes nothing.

    Raises NoSuchRecord when the record isn't shared with the caller, StaleRevision for one that doesn't exist.
    """
    await _mark(
        caller,
        record,
        revision,
        "INSERT INTO readings (record, reader, read_at, read_revision) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (record, reader) DO UPDATE SET read_at = excluded.read_at, read_revision = excluded.read_revision "
        "WHERE readings.read_revision IS NULL OR readings.read_revision < excluded.read_revision RETURNING record",
        now,
        revision,
    )


async def mark_reviewed(caller: Caller, record: UUID, revision: int | None, now: int) -> None:
    """Mark a revision reviewed, or take the mark off with None; the same mark again changes nothing.

    Raises NoSuchRecord when the record isn't shared with the caller, StaleRevision for a revision that doesn't exist.
    """
    await _mark(
        caller,
        record,
        revision,
        "INSERT INTO readings (record, reader, reviewed_at, reviewed_revision) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (record, reader) DO UPDATE SET reviewed_at = excluded.reviewed_at, reviewed_revision = excluded.reviewed_revision "
        "WHERE readings.reviewed_revision IS DISTINCT FROM excluded.reviewed_revision RETURNING record",
        None if revision is None else now,
        revision,
    )


async def waiting_to_read(readers: Sequence[UUID]) -> dict[UUID, int]:
    """Count what was shared with each reader to be read and isn't marked reviewed as it stands; none: nothing. One statement."""
    table, values = database.as_table("w", {"id": "uuid"}, [(one,) for one in readers], first=1)
    rows = await database.fetch(
        f"SELECT g.grantee, COUNT(*) AS records FROM grants g JOIN {table} ON w.id = g.grantee "
        "JOIN records r ON r.id = g.record LEFT JOIN readings d ON d.record = g.record AND d.reader = g.grantee "
        "WHERE g.attention > 0 AND r.tombstone IS NULL AND COALESCE(d.reviewed_revision, 0) < r.revision GROUP BY g.grantee",
        *values,
    )
    return {row["grantee"]: row["records"] for row in rows}


async def unread_answers(accounts: Sequence[UUID]) -> set[UUID]:
    """Return those of the accounts to whom something about an own record was shared that they haven't had on the screen."""
    if not accounts:
        return set()
    table, values = database.as_table("w", {"id": "uuid"}, [(one,) for one in accounts], first=1)
    rows = await database.fetch(
        f"SELECT DISTINCT g.grantee FROM grants g JOIN {table} ON w.id = g.grantee JOIN records r ON r.id = g.record "
        "JOIN records p ON p.id = r.about LEFT JOIN readings d ON d.record = g.record AND d.reader = g.grantee "
        "WHERE p.owner = g.grantee AND r.tombstone IS NULL AND d.read_at IS NULL",
        *values,
    )
    return {row["grantee"] for row in rows}
