"""Settling: a reminder leaves the table of what is on its way, with what became of it."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from server import database
from server.reminders.lookup import among, one_of
from server.reminders.structs import Channel, Outcome, Why


class Settled(NamedTuple):
    """What became of a reminder."""

    id: UUID
    outcome: Outcome
    channel: Channel | None = None
    why: Why | None = None
    lease: UUID | None = None
    """Where it is said by who holds the reminder under a lease: it counts only while that is so."""


async def settle(settled: Sequence[Settled], now: int) -> None:
    """Settle reminders inside the running transaction; what isn't on its way any more is left as it is. Two statements."""
    if not settled:
        return
    columns = {"id": "uuid", "outcome": "text", "channel": "text", "why": "text", "lease": "uuid"}
    rows = sorted(settled, key=lambda one: one.id)
    table, values = database.as_table("s", columns, rows, first=2)
    moved = await database.fetch(
        "INSERT INTO settled_reminders (id, account, kind, appointment, generation, due_at, outcome, channel, why, settled_at) "
        "SELECT r.id, r.account, r.kind, r.appointment, r.generation, r.due_at, s.outcome, s.channel, s.why, $1 "
        f"FROM reminders r JOIN {table} ON s.id = r.id WHERE (s.lease IS NULL OR s.lease = r.lease)"
        f"{among('r.id', 2)} "
        "ON CONFLICT (id) DO NOTHING RETURNING id",
        now, *values,
    )  # fmt: skip
    if moved:
        table, values = database.as_table("s", {"id": "uuid"}, sorted((row["id"],) for row in moved), first=1)
        await database.fetch(f"DELETE FROM reminders WHERE {one_of('id', f'SELECT s.id FROM {table}')}", *values)
