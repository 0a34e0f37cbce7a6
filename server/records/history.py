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


async def history(caller: Caller, record: UUID, before: int | None) -> History:
    """Return the kept revisions of an own record below `before`, the newest first, at most 20; raises NoSuchRecord."""
    owned = await database.fetch_one(
        "SELECT tombstone FROM records WHERE id = $1 AND owner = $2", record, caller.account
    )
    if owned is None:
        raise NoSuchRecord
    rows = await database.fetch(
        "SELECT v.revision, v.epoch, v.base, v.body, v.proof, v.saved_at, w.wrapped FROM revisions v "
        "JOIN wraps w ON w.record = v.record AND w.epoch = v.epoch WHERE v.record = $1 AND v.revision < $2 "
        f"ORDER BY v.revision DESC LIMIT {PAGE + 1}",
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
        before=page[-1]["revision"] if len(rows) > PAGE else None,
    )  # fmt: skip


async def forget_old_revisions(now: int) -> None:
    """Delete revisions that are neither among a record's last 20 nor younger than 30 days, and wraps nothing needs."""
    await database.fetch(
        f"DELETE FROM revisions WHERE saved_at < $1 AND revision <= (SELECT r.revision FROM records r WHERE r.id = revisions.record) - {KEPT_REVISIONS}",
        now - KEPT_TIME,
    )
    await database.fetch(
        "DELETE FROM wraps WHERE epoch < (SELECT r.epoch FROM records r WHERE r.id = wraps.record) "
        "AND NOT EXISTS (SELECT 1 FROM revisions v WHERE v.record = wraps.record AND v.epoch = wraps.epoch)"
    )
