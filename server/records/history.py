"""Earlier revisions: for the owner, 30 days or the last 20, whichever is more."""

from uuid import UUID

from server import database
from server.clock import DAY, to_datetime
from server.records.errors import NoSuchRecord
from server.records.structs import History, RevisionView
from server.web.access import Caller

KEPT_TIME = 30 * DAY
KEPT_REVISIONS = 20
PAGE = 20
PAGE_BYTES = 2**20
WRAPS_AT_ONCE = 500


async def history(caller: Caller, record: UUID, before: int | None) -> History:
    """Return the kept revisions of an own record below `before`, the newest first; raises NoSuchRecord.

    A page has at least one, at most 20 and about a mebibyte.
    """
    owned = await database.fetch_one(
        "SELECT tombstone FROM records WHERE id = $1 AND owner = $2", record, caller.account
    )
    if owned is None:
        raise NoSuchRecord
    rows = await database.fetch(
        "SELECT v.revision, v.epoch, v.base, v.body, v.proof, v.saved_at, w.wrapped, p.lowest FROM ("
        "SELECT revision, MIN(revision) OVER () AS lowest, SUM(size) OVER (ORDER BY revision DESC) - size AS before FROM ("
        "SELECT revision, 400 + size AS size FROM revisions WHERE record = $1 AND revision < $2 "
        f"ORDER BY revision DESC LIMIT {PAGE + 1}) AS sizes) AS p JOIN revisions v ON v.record = $1 AND v.revision = p.revision "
        f"JOIN wraps w ON w.record = v.record AND w.epoch = v.epoch WHERE p.before < {PAGE_BYTES} ORDER BY v.revision DESC",
        record, 2**31 - 1 if before is None else before,
    )  # fmt: skip
    page = rows[:PAGE]
    return History(
        revisions=[
            RevisionView(
                revision=row["revision"], epoch=row["epoch"], base=None if row["base"] is None else bytes(row["base"]),
                body=bytes(row["body"]), proof=bytes(row["proof"]), wrapped=bytes(row["wrapped"]), saved=to_datetime(row["saved_at"]),
            )
            for row in page
        ],
        before=page[-1]["revision"] if page and page[-1]["lowest"] < page[-1]["revision"] else None,
    )  # fmt: skip


async def forget_old_revisions(now: int) -> None:
    """Delete revisions that are neither among a record's last 20 nor younger than 30 days, and wraps nothing needs.

    Costs a look at each revision older than 30 days, found by its age, and at the wraps of records that lost some.
    """
    async with database.transaction():
        deleted = await database.fetch(
            f"DELETE FROM revisions WHERE saved_at < $1 AND revision <= (SELECT r.revision FROM records r WHERE r.id = revisions.record) - {KEPT_REVISIONS} "
            "RETURNING record",
            now - KEPT_TIME,
        )
        records = sorted({row["record"] for row in deleted})
        for start in range(0, len(records), WRAPS_AT_ONCE):
            some = records[start : start + WRAPS_AT_ONCE]
            await database.fetch(
                f"DELETE FROM wraps WHERE record IN ({database.parameters(1, len(some))}) "
                "AND epoch < (SELECT r.epoch FROM records r WHERE r.id = wraps.record) "
                "AND NOT EXISTS (SELECT 1 FROM revisions v WHERE v.record = wraps.record AND v.epoch = wraps.epoch)",
                *some,
            )
