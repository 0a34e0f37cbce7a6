"""The change feed, and a record as one account may see it.

A row of `changes` only says when a record last changed for an account; what is true of it is read when it is asked for,
so that the feed can never show more than the grants of that moment allow.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from server import database
from server.clock import to_datetime, to_optional_datetime
from server.records.errors import NoSuchRecord
from server.records.structs import Change, Changes, GrantView, ReaderView, RecordView, TombstoneView
from server.web.access import Caller

PAGE_ROWS = 500
PAGE_BYTES = 2**20

_VISIBLE = """
    r.owner, r.about, r.epoch, r.revision, r.tombstone, v.base, v.body, v.proof, v.saved_at, w.wrapped,
    g.epoch AS grant_epoch, g.attention, g.sealed, g.granted_at,
    d.read_at, d.read_revision, d.reviewed_at, d.reviewed_revision
"""
# $1 is the account that looks; `c.record` the record.
_JOINS = """
    LEFT JOIN records r ON r.id = c.record
    LEFT JOIN grants g ON g.record = c.record AND g.grantee = $1
    LEFT JOIN revisions v ON v.record = r.id AND v.revision = r.revision AND (r.owner = $1 OR g.record IS NOT NULL)
    LEFT JOIN wraps w ON w.record = r.id AND w.epoch = r.epoch AND r.owner = $1
    LEFT JOIN readings d ON d.record = g.record AND d.reader = g.grantee
"""


async def changes_after(caller: Caller, cursor: int) -> Changes:
    """Return what has changed for an account after `cursor`, a page of at most 500 rows and about a mebibyte.

    With nothing new it asks nothing further: the session look-up brought the counter. A page costs two statements.
    """
    if caller.counter == cursor:
        return Changes(
            changes=[], cursor=cursor, more=False, counter=caller.counter, access=caller.access, gen=caller.gen
        )
    # The gen of this very reading: a rotation may have ended since the session was looked up.
    rows = await database.fetch(
        f"SELECT c.counter, c.record, (SELECT gen FROM accounts WHERE id = $1) AS gen, {_VISIBLE} FROM ("
        "SELECT counter, record, SUM(size) OVER (ORDER BY counter) - size AS before FROM ("
        "SELECT h.counter, h.record, 400 + COALESCE(v.size, 0) AS size FROM changes h LEFT JOIN records r ON r.id = h.record "
        "LEFT JOIN revisions v ON v.record = r.id AND v.revision = r.revision "
        f"WHERE h.account = $1 AND h.counter > $2 ORDER BY h.counter LIMIT {PAGE_ROWS}) AS sizes"
        f") AS c {_JOINS} WHERE c.before < {PAGE_BYTES} ORDER BY c.counter",
        caller.account, cursor,
    )  # fmt: skip
    last = rows[-1]["counter"] if rows else cursor
    readers = await _readers_between(caller.account, cursor, last) if rows else {}
    return Changes(
        changes=[_change(caller.account, row, readers) for row in rows],
        cursor=last,
        more=last < caller.counter,
        counter=max(caller.counter, last) if rows else caller.counter,
        access=caller.access,
        gen=rows[0]["gen"] if rows else caller.gen,
    )


async def record_view(account: UUID, record: UUID) -> RecordView:
    """Return a record where it stands, as `account` may see it; raises NoSuchRecord when it may not."""
    row = await database.fetch_one(
        f"SELECT c.record, {_VISIBLE} FROM (SELECT id AS record FROM records WHERE id = $2) AS c {_JOINS}",
        account,
        record,
    )
    if row is None or row["body"] is None:
        raise NoSuchRecord
    readers = await database.fetch(_READERS + "WHERE g.record = $1", record) if row["owner"] == account else []
    return _record(account, record, row, [_reader(reader) for reader in readers])


_READERS = """
    SELECT g.record, g.grantee, g.epoch, g.attention, g.granted_at, d.read_at, d.read_revision, d.reviewed_at, d.reviewed_revision
    FROM grants g LEFT JOIN readings d ON d.record = g.record AND d.reader = g.grantee
"""


async def _readers_between(account: UUID, after: int, until: int) -> dict[UUID, list[ReaderView]]:
    """Return the readers of the account's own records that changed after one counter and until another."""
    rows = await database.fetch(
        _READERS + "JOIN records r ON r.id = g.record AND r.owner = $1 JOIN changes c ON c.account = $1 AND c.record = g.record "
        "WHERE c.counter > $2 AND c.counter <= $3",
        account, after, until,
    )  # fmt: skip
    readers = defaultdict(list)
    for row in rows:
        readers[row["record"]].append(_reader(row))
    return readers


def _change(account: UUID, row: Mapping[str, Any], readers: Mapping[UUID, list[ReaderView]]) -> Change:
    record: UUID = row["record"]
    if row["owner"] == account and row["tombstone"] is not None:
        stone = TombstoneView(revision=row["revision"], mac=bytes(row["tombstone"]))
        return Change(counter=row["counter"], id=record, state="tombstone", tombstone=stone)
    if row["body"] is None:
        return Change(counter=row["counter"], id=record, state="gone")
    return Change(
        counter=row["counter"], id=record, state="record", record=_record(account, record, row, readers.get(record, []))
    )


def _record(account: UUID, record: UUID, row: Mapping[str, Any], readers: list[ReaderView]) -> RecordView:
    own = row["owner"] == account
    return RecordView(
        id=record,
        owner=row["owner"],
        about=row["about"],
        epoch=row["epoch"],
        revision=row["revision"],
        base=None if row["base"] is None else bytes(row["base"]),
        body=bytes(row["body"]),
        proof=bytes(row["proof"]),
        saved=to_datetime(row["saved_at"]),
        wrapped=bytes(row["wrapped"]) if own else None,
        readers=readers if own else [],
        grant=None
        if own
        else GrantView(
            epoch=row["grant_epoch"],
            attention=row["attention"],
            sealed=bytes(row["sealed"]),
            granted=to_datetime(row["granted_at"]),
            read=to_optional_datetime(row["read_at"]),
            read_revision=row["read_revision"],
            reviewed=to_optional_datetime(row["reviewed_at"]),
            reviewed_revision=row["reviewed_revision"],
        ),
    )


def _reader(row: Mapping[str, Any]) -> ReaderView:
    return ReaderView(
        account=row["grantee"],
        epoch=row["epoch"],
        attention=row["attention"],
        granted=to_datetime(row["granted_at"]),
        read=to_optional_datetime(row["read_at"]),
        read_revision=row["read_revision"],
        reviewed=to_optional_datetime(row["reviewed_at"]),
        reviewed_revision=row["reviewed_revision"],
    )
