"""What an account owns, page by page, as it is sealed and proved so far; and kept beside it as it is made anew.

What stands beside counts only once the rotation is finished, so that being cut off at any step leaves the account as it was.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from server import database
from server.accounts.slots import hold_account
from server.rotation.errors import NoRotation
from server.rotation.structs import PAGE, OldIdentity, OldProof, OldTombstone, OldWrap, Renewed, ToRenew
from server.web.access import Caller

FROM_THE_FIRST = UUID(int=0)

WRAPS = (
    "SELECT w.record, w.epoch, w.wrapped FROM records r JOIN wraps w ON w.record = r.id "
    "WHERE r.owner = $1 AND r.id >= $2 AND w.renewed IS NULL ORDER BY w.record, w.epoch"
)
# The hash of a body stands in the revision that replaces it, or, of the last one, with the record.
PROOFS = (
    "SELECT v.record, v.epoch, v.revision, v.proof, COALESCE(n.base, r.head) AS hash FROM records r "
    "JOIN revisions v ON v.record = r.id LEFT JOIN revisions n ON n.record = v.record AND n.revision = v.revision + 1 "
    "WHERE r.owner = $1 AND r.id >= $2 AND v.renewed IS NULL ORDER BY v.record, v.revision"
)
TOMBSTONES = (
    "SELECT r.id AS record, r.revision, r.tombstone FROM records r "
    "WHERE r.owner = $1 AND r.id >= $2 AND r.tombstone IS NOT NULL AND r.renewed IS NULL ORDER BY r.id"
)
IDENTITIES = "SELECT key_id, gen, private_sealed FROM identities WHERE account = $1 AND renewed IS NULL ORDER BY key_id"


async def _require_running(account: UUID, to: tuple[int, str] | None = None) -> None:
    """Raise NoRotation where an account doesn't rotate, or not `to` this generation and key."""
    row = await database.fetch_one("SELECT gen, key_id FROM rotations WHERE account = $1", account)
    if row is None or to not in (None, (row["gen"], row["key_id"])):
        raise NoRotation


async def to_renew(caller: Caller, after: UUID) -> ToRenew:
    """Return what isn't made anew yet of the records from `after` on: at most 200 rows of each sort. Raises NoRotation.

    Costs six statements, each a look at the account's own records.
    """
    account = caller.account
    await _require_running(account)
    pages = [await database.fetch(f"{sql} LIMIT {PAGE}", account, after) for sql in (WRAPS, PROOFS, TOMBSTONES)]
    wraps, proofs, tombstones = pages
    count = await database.fetch_one("SELECT COUNT(*) AS records FROM records WHERE owner = $1", account)
    last: list[UUID] = [rows[-1]["record"] for rows in pages if len(rows) == PAGE]
    return ToRenew(
        identities=[
            OldIdentity(key_id=row["key_id"], gen=row["gen"], private_sealed=bytes(row["private_sealed"]))
            for row in await database.fetch(IDENTITIES, account)
        ],
        wraps=[OldWrap(record=row["record"], epoch=row["epoch"], wrapped=bytes(row["wrapped"])) for row in wraps],
        proofs=[
            OldProof(
                record=row["record"], epoch=row["epoch"], revision=row["revision"], hash=bytes(row["hash"]),
                proof=bytes(row["proof"]),
            )
            for row in proofs
        ],
        tombstones=[
            OldTombstone(record=row["record"], revision=row["revision"], mac=bytes(row["tombstone"])) for row in tombstones
        ],
        after=min(last, default=None),
        records=0 if count is None else count["records"],
    )  # fmt: skip


async def keep_renewed(caller: Caller, page: Renewed) -> None:
    """Keep a page of what was made anew beside what counts so far, in one transaction; the same page again changes nothing.

    Rows that aren't this account's are passed over. Raises NoRotation.
    """
    await database.in_transaction(partial(_keep, caller.account, page))


async def _keep(account: UUID, page: Renewed) -> None:
    await hold_account(account)
    await _require_running(account, (page.gen, page.key_id))
    identities = [(one.key_id, one.private_sealed) for one in page.identities]
    wraps = [(one.record, one.epoch, one.wrapped) for one in page.wraps]
    proofs = [(one.record, one.revision, one.proof) for one in page.proofs]
    tombstones = [(one.record, one.mac) for one in page.tombstones]
    of_record = "wraps.record IN (SELECT id FROM records WHERE owner = $1)"
    deleted = "records.owner = $1 AND records.tombstone IS NOT NULL"
    await _set("identities", {"key_id": "text"}, "identities.account = $1", account, identities)
    await _set("wraps", {"record": "uuid", "epoch": "int"}, of_record, account, wraps)
    await _set("revisions", {"record": "uuid", "revision": "int"}, "revisions.owner = $1", account, proofs)
    await _set("records", {"id": "uuid"}, deleted, account, tombstones)


async def _set(table: str, keys: dict[str, str], owned: str, account: UUID, rows: Sequence[tuple[Any, ...]]) -> None:
    """Set `renewed` of those rows of the account's that have these keys."""
    if not rows:
        return
    given, values = database.as_table("given", {**keys, "made": "bytea"}, rows, first=2)
    same = " AND ".join(f"{table}.{key} = given.{key}" for key in keys)
    await database.fetch(
        f"UPDATE {table} SET renewed = given.made FROM {given} WHERE {same} AND {owned}", account, *values
    )
