"""Writing a save of a record that nobody else reads: the most frequent write there is, so it is one step.

PostgreSQL takes it as one statement, which is its own transaction; SQLite as one transaction run in a single visit to the
writing connection. Both compare once more what the save was checked against, and write all or nothing.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from server import database
from server.records.structs import Save
from server.web.live import live

# $1 record, $2 owner, $3 epoch, $4 revision, $5 head, $6 now, $7 base, $8 request, $9 body, $10 size, $11 proof, $12 gen,
# $13 wrapped (none in the same epoch)
_FIRST = (
    "INSERT INTO records (id, owner, epoch, revision, head, created_at, changed_at) SELECT $1, $2, $3, $4, $5, $6, $6 "
    "WHERE EXISTS ({keys}) ON CONFLICT DO NOTHING RETURNING id"
)
_NEXT = (
    "UPDATE records SET epoch = $3, revision = $4, head = $5, changed_at = $6 WHERE id = $1 AND owner = $2 AND revision = $4 - 1 "
    "AND head = $7 AND tombstone IS NULL AND EXISTS ({keys}) RETURNING id"
)
_KEYS = "SELECT 1 FROM accounts WHERE id = $2 AND gen = $12"
_REVISION = (
    "INSERT INTO revisions (record, revision, owner, epoch, request, base, body, size, proof, saved_at) "
    "SELECT $1, $4, $2, $3, $8, $7, $9, $10, $11, $6 FROM {kept}"
)
_WRAP = "INSERT INTO wraps (record, epoch, gen, wrapped) SELECT $1, $3, $12, $13 FROM {kept} WHERE $13 IS NOT NULL"
_COUNTER = "UPDATE counters SET value = value + 1 WHERE account = $2 AND EXISTS (SELECT 1 FROM {kept}) RETURNING value"
_CHANGE = (
    # The condition lets SQLite tell the ON of an upsert from that of a join.
    "INSERT INTO changes (account, record, counter) SELECT $2, $1, value FROM {counter} WHERE value > 0 "
    "ON CONFLICT (account, record) DO UPDATE SET counter = excluded.counter"
)

# PostgreSQL decides a parameter's type where it first stands, and in a SELECT list nothing tells it.
_TYPES = {
    1: "uuid", 2: "uuid", 3: "int", 4: "int", 5: "bytea", 6: "bigint", 7: "bytea", 8: "uuid", 9: "bytea", 10: "int", 11: "bytea",
    12: "int", 13: "bytea",
}  # fmt: skip


def _typed(sql: str) -> str:
    for number in sorted(_TYPES, reverse=True):
        sql = sql.replace(f"${number}", f"@{number}")
    for number, kind in sorted(_TYPES.items(), reverse=True):
        sql = sql.replace(f"@{number}", f"${number}::{kind}")
    return sql


def _one_statement(begin: str) -> str:
    kept = {"kept": "kept", "counter": "counted"}
    # Held: a rotation that ends at the same time comes before this save, which then keeps nothing, or after it.
    begun = begin.format(keys="SELECT 1 FROM keys")
    return _typed(
        f"WITH keys AS ({_KEYS} FOR KEY SHARE), kept AS ({begun}), revised AS ({_REVISION.format(**kept)}), wrapped AS ({_WRAP.format(**kept)}), "
        f"counted AS ({_COUNTER.format(**kept)}), changed AS ({_CHANGE.format(**kept)}) SELECT value FROM counted"
    )


POSTGRESQL = {True: _one_statement(_FIRST), False: _one_statement(_NEXT)}
# SQLite has no writing WITH: what follows the first statement asks whether the record stands where that one put it.
_KEPT = {
    "kept": "(SELECT 1 FROM records WHERE id = $1 AND owner = $2 AND revision = $4 AND head = $5)",
    "counter": "(SELECT value FROM counters WHERE account = $2)",
}
_REST = tuple(part.format(**_KEPT) for part in (_REVISION, _WRAP, _COUNTER, _CHANGE))
SQLITE = {True: (_FIRST.format(keys=_KEYS), *_REST), False: (_NEXT.format(keys=_KEYS), *_REST)}


async def write_alone(owner: UUID, record: UUID, new: Save, current: Mapping[str, Any], now: int) -> int | None:
    """Write a checked save of a record without readers and tell the owner's devices; returns the owner's counter.

    None, and nothing written, when the record, the account's keys or the request id have changed since it was checked.
    """
    first = current["owner"] is None
    args = (
        record, owner, new.epoch, new.revision, hashlib.sha256(new.body).digest(), now, new.base, new.request, new.body,
        len(new.body), new.proof, new.gen, new.wrapped,
    )  # fmt: skip
    try:
        if database.engine().kind == "postgresql":
            rows = await database.fetch(POSTGRESQL[first], *args)
        else:
            kept, _, _, rows, _ = await database.write_together(SQLITE[first], args)
            rows = rows if kept else []
    except Exception as error:
        if database.is_conflict(error):
            return None
        raise
    if not rows:
        return None
    live.changed([owner])
    counter: int = rows[0]["value"]
    return counter
