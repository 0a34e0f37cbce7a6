"""Practices: how one is made, who belongs to it, and how its first therapist begins."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from server import database
from server.accounts.keys import create_account
from server.accounts.passkeys import used_up_even_if_refused
from server.accounts.signatures import Site
from server.care.errors import LinkNotValid
from server.care.structs import Begin, PracticeView
from server.clock import DAY

LINK_LASTS = 7 * DAY


async def create_practice(
    *, name: str, phone: str, emergency_number: str, reading_line: str, time_zone: str, now: int
) -> UUID:
    """Make a practice and return its id."""
    practice = uuid4()
    await database.fetch(
        "INSERT INTO practices (id, name, phone, emergency_number, reading_line, time_zone, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        practice, name, phone, emergency_number, reading_line, time_zone, now,
    )  # fmt: skip
    return practice


async def practices_named(wanted: str) -> list[PracticeView]:
    """Return the practices that have this name or this id."""
    rows = await database.fetch("SELECT * FROM practices ORDER BY created_at, id")
    return [practice_view(row) for row in rows if wanted in (row["name"], str(row["id"]))]


async def create_first_therapist_link(practice: UUID, now: int) -> bytes:
    """Make a one-time link with which a therapist begins at a practice: 32 random bytes, stored hashed, for seven days."""
    token = secrets.token_bytes(32)
    await database.fetch(
        "INSERT INTO first_therapist_links (token_hash, practice, expires_at) VALUES ($1, $2, $3)",
        hashlib.sha256(token).digest(), practice, now + LINK_LASTS,
    )  # fmt: skip
    return token


def practice_view(row: Mapping[str, Any]) -> PracticeView:
    """Make what people see of a practice from its row."""
    return PracticeView(
        id=row["id"], name=row["name"], phone=row["phone"], emergency_number=row["emergency_number"],
        reading_line=row["reading_line"], time_zone=row["time_zone"],
    )  # fmt: skip


async def linked_practice(token: bytes, now: int) -> PracticeView:
    """Return the practice of a first therapist's link; raises LinkNotValid."""
    row = await database.fetch_one(
        "SELECT p.* FROM first_therapist_links l JOIN practices p ON p.id = l.practice "
        "WHERE l.token_hash = $1 AND l.expires_at > $2 AND l.used_by IS NULL",
        hashlib.sha256(token).digest(), now,
    )  # fmt: skip
    if row is None:
        raise LinkNotValid
    return practice_view(row)


async def begin(data: Begin, salt_secret: bytes, site: Site, now: int) -> None:
    """Make the first therapist's account by a one-time link, in one transaction; repeating it makes it once.

    Raises LinkNotValid, and what `create_account` raises.
    """
    async with used_up_even_if_refused(data.account.passkey, data.account.id), database.transaction():
        row = await database.fetch_one(
            "UPDATE first_therapist_links SET used_by = $2 WHERE token_hash = $1 AND expires_at > $3 "
            "AND (used_by IS NULL OR used_by = $2) RETURNING practice",
            hashlib.sha256(data.token).digest(), data.account.id, now,
        )  # fmt: skip
        if row is None:
            raise LinkNotValid
        if await create_account(data.account, "therapist", salt_secret, site, now):
            await join_practice(row["practice"], data.account.id, now)


async def join_practice(practice: UUID, account: UUID, now: int) -> None:
    """Add an account to a practice."""
    await database.fetch(
        "INSERT INTO memberships (practice, account, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        practice,
        account,
        now,
    )


async def practices_of(account: UUID) -> list[PracticeView]:
    """List the practices of an account, the longest first."""
    rows = await database.fetch(
        "SELECT p.* FROM memberships m JOIN practices p ON p.id = m.practice WHERE m.account = $1 ORDER BY m.since, p.id",
        account,
    )
    return [practice_view(row) for row in rows]


async def practice_of(account: UUID) -> UUID:
    """Return the practice in whose name an account invites; raises LinkNotValid for one without a practice."""
    practices = await practices_of(account)
    if not practices:
        raise LinkNotValid("You don't belong to a practice.")
    return practices[0].id
