"""Relations: who cares for whom, and how that ends."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from server import database
from server.care.errors import NoRelation
from server.care.structs import RelationView
from server.clock import DAY, to_datetime, to_optional_datetime
from server.web.access import Caller
from server.web.live import live

FILING_TIME = 14 * DAY

WhenEnded = Callable[[UUID, UUID, UUID, int], Awaitable[None]]
_when_ended: list[WhenEnded] = []

WhenClosed = Callable[[UUID, UUID, int], Awaitable[None]]
_when_closed: list[WhenClosed] = []


def when_relation_ends(hook: WhenEnded) -> WhenEnded:
    """Register what a domain above does, in the same transaction, when a relation is ended: `hook(patient, therapist, by, now)`.

    Called with the relation's row held, and again when the end is said again.
    """
    _when_ended.append(hook)
    return hook


def when_relation_closes(hook: WhenClosed) -> WhenClosed:
    """Register what a domain above does, in the same transaction, when a relation closes: `hook(patient, therapist, now)`."""
    _when_closed.append(hook)
    return hook


async def relate(*, patient: UUID, therapist: UUID, now: int) -> None:
    """Begin a relation, or begin an ended one again, inside the running transaction."""
    await database.fetch(
        "INSERT INTO relations (patient, therapist, since) VALUES ($1, $2, $3) ON CONFLICT (patient, therapist) DO UPDATE SET "
        "since = CASE WHEN relations.ended_at IS NULL THEN relations.since ELSE excluded.since END, "
        "ended_at = NULL, ended_by = NULL, closes_at = NULL",
        patient, therapist, now,
    )  # fmt: skip


async def relations_of(caller: Caller) -> list[RelationView]:
    """List the relations of an account, running ones first."""
    mine, other = ("patient", "therapist") if caller.role == "patient" else ("therapist", "patient")
    rows = await database.fetch(
        f"SELECT r.{other} AS account, r.since, r.ended_at, r.ended_by, r.closes_at, k.key_id FROM relations r "
        f"JOIN identities k ON k.account = r.{other} AND k.current = $2 WHERE r.{mine} = $1 "
        "ORDER BY CASE WHEN r.ended_at IS NULL THEN 0 ELSE 1 END, r.since",
        caller.account, True,
    )  # fmt: skip
    role: Any = other
    return [
        RelationView(
            account=row["account"], role=role, key_id=row["key_id"], since=to_datetime(row["since"]),
            ended=to_optional_datetime(row["ended_at"]), ended_by_me=row["ended_by"] == caller.account,
            closes=to_optional_datetime(row["closes_at"]),
        )
        for row in rows
    ]  # fmt: skip


async def end_relation(caller: Caller, other: UUID, *, at_once: bool, now: int) -> None:
    """End a relation: no new sharing from now on; what was shared closes after 14 days, or at once if the patient says so.

    Raises NoRelation when there is none. Ending twice changes nothing, but a patient may still say "now".
    """
    patient, therapist = (caller.account, other) if caller.role == "patient" else (other, caller.account)
    close_now = at_once and caller.role == "patient"

    async def end() -> None:
        row = await database.fetch_one(
            "UPDATE relations SET ended_at = COALESCE(ended_at, $3), ended_by = COALESCE(ended_by, $4), "
            "closes_at = CASE WHEN ended_at IS NULL THEN $5 ELSE closes_at END "
            "WHERE patient = $1 AND therapist = $2 RETURNING patient",
            patient, therapist, now, caller.account, now + FILING_TIME,
        )  # fmt: skip
        if row is None:
            raise NoRelation
        for hook in _when_ended:
            await hook(patient, therapist, caller.account, now)
        if close_now:
            await _close(patient, therapist, now)
        database.after_commit(lambda: live.changed([patient, therapist]))

    await database.in_transaction(end)


async def _close(patient: UUID, therapist: UUID, now: int) -> None:
    await database.fetch(
        "UPDATE relations SET closes_at = NULL WHERE patient = $1 AND therapist = $2", patient, therapist
    )
    for hook in _when_closed:
        await hook(patient, therapist, now)


async def close_ended_relations(now: int) -> int:
    """Close the ended relations whose time for filing is over; returns how many. Each has its own transaction."""
    due = await database.fetch("SELECT patient, therapist FROM relations WHERE closes_at <= $1", now)
    for row in due:
        await database.in_transaction(partial(_close_if_due, row["patient"], row["therapist"], now))
    return len(due)


async def _close_if_due(patient: UUID, therapist: UUID, now: int) -> None:
    """Close a relation unless it was begun again, or closed, since it was found."""
    due = await database.fetch_one(
        "SELECT 1 AS one FROM relations WHERE patient = $1 AND therapist = $2 AND closes_at <= $3" + database.for_update(),
        patient, therapist, now,
    )  # fmt: skip
    if due is not None:
        await _close(patient, therapist, now)


async def active_partners(account: UUID, among: list[UUID]) -> set[UUID]:
    """Return those of `among` with whom an account is in a relation that hasn't ended, and hold that so until the commit.

    One indexed read, inside the running transaction.
    """
    if not among:
        return set()
    wanted = database.parameters(2, len(among))
    rows = await database.fetch(
        "SELECT patient, therapist FROM relations WHERE ended_at IS NULL "
        f"AND ((patient = $1 AND therapist IN ({wanted})) OR (therapist = $1 AND patient IN ({wanted}))) "
        "ORDER BY patient, therapist" + database.for_share(),
        account, *among,
    )  # fmt: skip
    return {account for row in rows for account in (row["patient"], row["therapist"])} & set(among)


async def active_patients(therapist: UUID) -> list[UUID]:
    """Return the patients with whom a therapist is in a relation that hasn't ended; one indexed read."""
    rows = await database.fetch(
        "SELECT patient FROM relations WHERE therapist = $1 AND ended_at IS NULL ORDER BY patient", therapist
    )
    return [row["patient"] for row in rows]
