"""The books: an attempt is written down before it is made, its outcome after, and what follows from it for the reminder."""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from server import database
from server.channels.subscriptions import note_outcomes
from server.reminders.lookup import among
from server.reminders.settling import Settled, settle
from server.reminders.structs import Channel, Why


class Attempt(NamedTuple):
    """One try that is about to be made."""

    id: UUID
    reminder: UUID
    lease: UUID
    account: UUID
    channel: Channel
    subscription: UUID | None
    token_hash: bytes | None


class Tried(NamedTuple):
    """How one try went."""

    attempt: UUID
    subscription: UUID | None
    result: Literal["accepted", "gone", "later", "refused"]
    why: str


class Onward(NamedTuple):
    """What is next for a reminder that isn't settled."""

    id: UUID
    lease: UUID
    state: Literal["planned", "sent"]
    channel: Literal["push", "mail", "close"]
    next_at: int
    why: str | None
    crashes: int
    """How many more workers, or tries of this one, it has broken."""


class Outcome(NamedTuple):
    """What became of one reminder that was claimed: its tries, and where it stands now."""

    tried: Sequence[Tried] = ()
    onward: Onward | None = None
    settled: Settled | None = None


async def begin(attempts: Sequence[Attempt], now: int) -> set[UUID]:
    """Write down attempts just before they are made; returns the reminders that may still be sent.

    One that was moved, settled, or claimed by somebody else since isn't among them: nothing planned from an old state goes out.
    One transaction of two statements.
    """
    if not attempts:
        return set()
    leases = sorted({(one.reminder, one.lease) for one in attempts})

    async def work() -> set[UUID]:
        table, values = database.as_table("a", {"id": "uuid", "lease": "uuid"}, leases, first=1)
        held = await database.fetch(
            "UPDATE reminders SET state = 'sending', attempts = attempts + 1 "
            f"FROM {table} WHERE reminders.id = a.id AND reminders.lease = a.lease{among('reminders.id', 1)} "
            "RETURNING reminders.id",
            *values,
        )
        still = {row["id"] for row in held}
        rows = [
            (one.id, one.reminder, one.account, one.channel, one.subscription, one.token_hash)
            for one in attempts
            if one.reminder in still
        ]
        if rows:
            columns = {
                "id": "uuid", "reminder": "uuid", "account": "uuid", "channel": "text", "subscription": "uuid", "token_hash": "bytea",
            }  # fmt: skip
            table, values = database.as_table("d", columns, rows, first=2)
            await database.fetch(
                "INSERT INTO deliveries (id, reminder, account, channel, subscription, token_hash, attempted_at) "
                f"SELECT d.id, d.reminder, d.account, d.channel, d.subscription, d.token_hash, $1 FROM {table} WHERE TRUE",
                now, *values,
            )  # fmt: skip
        return still

    return await database.in_transaction(work)


async def finish(outcomes: Sequence[Outcome], now: int) -> list[Settled]:
    """Write down how attempts went and where their reminders stand, in one transaction of at most six statements; returns what was settled.

    What was attempted is written down whoever has the reminder now; where it stands only by who still holds its lease. A mail
    that has come back before this was written stays returned, at the cost of one statement where there are mails.
    """

    async def work() -> list[Settled]:
        tried = sorted((one for outcome in outcomes for one in outcome.tried), key=lambda one: one.attempt)
        by_result = {
            result: sorted({one.subscription for one in tried if one.subscription is not None and one.result == result})
            for result in ("accepted", "gone", "later", "refused")
        }
        await note_outcomes(
            by_result["accepted"], by_result["gone"], by_result["later"], now, refused=by_result["refused"]
        )  # before the reminders: who subscribes anew holds them in this order, too
        await _write_tried(tried, now)
        await _write_onward(sorted(outcome.onward for outcome in outcomes if outcome.onward is not None))
        # After their attempts, whose rows are held now: what comes back from here on finds the reminder settled.
        settled = await _unless_returned(outcomes)
        await settle(settled, now)
        return settled

    return await database.in_transaction(work)


async def _unless_returned(outcomes: Sequence[Outcome]) -> list[Settled]:
    """Return what is to be settled: as failed what was mailed and has come back already."""
    mailed = sorted(
        tried.attempt
        for outcome in outcomes
        if outcome.settled is not None and outcome.settled.channel == "mail"
        for tried in outcome.tried
    )
    why: dict[UUID, Why] = {}
    if mailed:
        table, values = database.as_table("m", {"id": "uuid"}, [(one,) for one in mailed], first=1)
        rows = await database.fetch(
            f"SELECT d.reminder, d.why FROM deliveries d JOIN {table} ON m.id = d.id WHERE d.result = 'returned'",
            *values,
        )
        why = {row["reminder"]: row["why"] for row in rows}
    return [
        Settled(one.id, "failed", why=why[one.id], lease=one.lease) if one.id in why else one
        for one in (outcome.settled for outcome in outcomes)
        if one is not None
    ]


async def _write_tried(tried: Sequence[Tried], now: int) -> None:
    """Write down how attempts went; what came back of a mail, or that it is late, may have been noted before."""
    if not tried:
        return
    rows = [(one.attempt, one.result, one.why) for one in tried]
    table, values = database.as_table("t", {"id": "uuid", "result": "text", "why": "text"}, rows, first=2)
    await database.fetch(
        "UPDATE deliveries SET result = t.result, result_at = $1, "
        "why = CASE WHEN deliveries.why = 'delayed' AND t.result = 'accepted' THEN deliveries.why ELSE t.why END "
        f"FROM {table} WHERE deliveries.id = t.id AND (deliveries.result IS NULL OR deliveries.result <> 'returned')"
        + among("deliveries.id", 2),
        now, *values,
    )  # fmt: skip


async def _write_onward(onward: Sequence[Onward]) -> None:
    if not onward:
        return
    columns = {
        "id": "uuid", "lease": "uuid", "state": "text", "channel": "text", "next_at": "bigint", "why": "text", "crashes": "int",
    }  # fmt: skip
    table, values = database.as_table("o", columns, onward, first=1)
    await database.fetch(
        "UPDATE reminders SET state = o.state, channel = o.channel, next_at = o.next_at, why = o.why, "
        f"crashes = reminders.crashes + o.crashes, lease = NULL, worker = NULL FROM {table} "
        "WHERE reminders.id = o.id AND reminders.lease = o.lease" + among("reminders.id", 1),
        *values,
    )


async def close_the_shown_nowhere(now: int, limit: int = 500) -> int:
    """Settle what was accepted by a push service, and shown by no device while it was of use; returns how many. One statement where there is none."""
    due = "SELECT id FROM reminders WHERE channel = 'close' AND rank IN (0, 1, 2, 3) AND next_at <= $1 ORDER BY id LIMIT $2"
    if not await database.fetch(due, now, 1):
        return 0

    async def work() -> int:
        rows = await database.fetch(due + database.for_update_skipping(), now, limit)
        await settle([Settled(row["id"], "failed", why="not-shown") for row in rows], now)
        return len(rows)

    return await database.in_transaction(work)


async def sums() -> dict[str, int]:
    """Count where all reminders stand: `planned`, `sending`, `sent`, and what settled ones came to."""
    on_their_way = await database.fetch("SELECT state, COUNT(*) AS count FROM reminders GROUP BY state")
    settled = await database.fetch("SELECT outcome, COUNT(*) AS count FROM settled_reminders GROUP BY outcome")
    return {
        **{row["state"]: row["count"] for row in on_their_way},
        **{row["outcome"]: row["count"] for row in settled},
    }
