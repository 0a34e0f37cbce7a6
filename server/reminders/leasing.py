"""Leases: which worker has which reminders, and until when.

A lease has a fresh token that every later write must show. While it runs, `next_at` is when it runs out: a worker that dies
gives its reminders back by then, one that was merely paused finds its token stale.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from server import database
from server.reminders.lookup import among, one_of
from server.reminders.settling import Settled, settle

RANKS = 4
SUSPECTS = 20
MOST_CRASHES = 5
"""What a batch died with is sent in smaller groups, what such a group died with alone; what was alone in three deaths is given up."""


class Lease(NamedTuple):
    """Who claims, and for how long (milliseconds)."""

    worker: UUID
    lasts: int


async def claim(channel: str, lease: Lease, limit: int, now: int) -> list[database.Row]:
    """Claim what is due on a channel and never died with a worker, the most urgent first; at most four statements."""
    found: list[database.Row] = []
    for rank in range(RANKS):
        found += await _claim(channel, rank, lease, limit - len(found), now)
        if len(found) >= limit:
            break
    return sorted(found, key=lambda row: (row["rank"], row["due_at"], row["id"]))


async def _claim(channel: str, rank: int, lease: Lease, limit: int, now: int) -> list[database.Row]:
    due = (
        "SELECT id FROM reminders "
        "WHERE channel = $4 AND rank = $5 AND next_at <= $6 AND lease IS NULL AND crashes = 0 ORDER BY next_at LIMIT $7"
        + database.for_update_skipping()
    )
    return await database.fetch(
        f"UPDATE reminders SET lease = $1, worker = $2, next_at = $3 WHERE {one_of('id', due)} RETURNING *",
        uuid4(), lease.worker, now + lease.lasts, channel, rank, now, limit,
    )  # fmt: skip


async def claim_suspects(lease: Lease, now: int) -> list[database.Row]:
    """Claim what workers died with: a small group of what a batch died with, else one that such a group died with.

    A worker's own reminders aren't among them: they are under way, whatever the clock says. A statement for each channel and
    rank, until there are some.
    """
    in_a_batch = "(crashes = 0 AND lease IS NOT NULL) OR (crashes = 1 AND lease IS NULL)"
    in_a_group = "(crashes = 1 AND lease IS NOT NULL) OR crashes > 1"
    for limit, suspicion in ((SUSPECTS, in_a_batch), (1, in_a_group)):
        for channel in ("push", "mail"):
            for rank in range(RANKS):
                due = (
                    "SELECT id FROM reminders WHERE channel = $4 AND rank = $5 AND next_at <= $6 "
                    f"AND ({suspicion}) AND (worker IS NULL OR worker <> $2) ORDER BY next_at LIMIT $7"
                    + database.for_update_skipping()
                )
                rows = await database.fetch(
                    "UPDATE reminders SET crashes = crashes + CASE WHEN lease IS NULL THEN 0 ELSE 1 END, lease = $1, worker = $2, "
                    f"next_at = $3 WHERE {one_of('id', due)} RETURNING *",
                    uuid4(), lease.worker, now + lease.lasts, channel, rank, now, limit,
                )  # fmt: skip
                if rows:
                    return rows
    return []


async def give_up(row: database.Row, now: int) -> None:
    """Settle a reminder that workers died with too often."""

    async def work() -> None:
        await settle([Settled(row["id"], "failed", why="crashed", lease=row["lease"])], now)

    await database.in_transaction(work)


async def give_back(rows: Sequence[database.Row]) -> None:
    """Give reminders back as if they had not been claimed; those that are no longer under their lease stay as they are."""
    if not rows:
        return
    columns = {"id": "uuid", "lease": "uuid", "next_at": "bigint"}
    values = [(row["id"], row["lease"], row["due_at"]) for row in rows]
    table, parameters = database.as_table("b", columns, values, first=1)
    await database.fetch(
        "UPDATE reminders SET lease = NULL, worker = NULL, next_at = b.next_at, state = CASE WHEN state = 'sending' THEN 'planned' "
        f"ELSE state END FROM {table} WHERE reminders.id = b.id AND reminders.lease = b.lease"
        + among("reminders.id", 1),
        *parameters,
    )


async def next_due() -> int | None:
    """Return when somebody must look at a reminder next; None when there is none. One statement, a probe of the index each."""
    probes = " UNION ALL ".join(
        f"SELECT MIN(next_at) AS at FROM reminders WHERE channel = '{channel}' AND rank = {rank}"
        for channel in ("push", "mail", "close")
        for rank in range(RANKS)
    )
    row = await database.fetch_one(f"SELECT MIN(at) AS at FROM ({probes}) AS probes")
    return None if row is None else row["at"]
