"""Calendar feeds: an address of one's own that a phone's calendar subscribes to, and nobody signs in at."""

import asyncio
import re
from typing import NamedTuple
from uuid import UUID

from server import database
from server.accounts.sessions import hash_token, new_token
from server.appointments.calendar import appointment_calendar, feed_calendar
from server.appointments.errors import NoSuchFeed
from server.appointments.reading import appointment_of, appointments_of
from server.appointments.structs import CalendarFeed, Wording
from server.clock import DAY, to_datetime
from server.web.access import Caller, NotSignedIn, Role

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Found(NamedTuple):
    """Whose a feed is, and what it says in which language."""

    account: UUID
    role: Role
    locale: str
    wording: Wording


async def make(account: UUID, wording: Wording, now: int) -> str:
    """Make the feed of an account, or its address anew, and return the token; the address before stops at once."""
    token = new_token()
    try:
        await database.fetch(
            "INSERT INTO calendar_feeds (account, token_hash, wording, created_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (account) DO UPDATE SET token_hash = excluded.token_hash, wording = excluded.wording, "
            "created_at = excluded.created_at, last_read_day = NULL",
            account, hash_token(token), wording, now,
        )  # fmt: skip
    except Exception as error:
        if database.is_missing_reference(error):  # the caller has erased their account meanwhile
            raise NotSignedIn from None
        raise
    return token


async def feed_of(account: UUID) -> CalendarFeed | None:
    """Return the running feed of an account, if there is one."""
    row = await database.fetch_one(
        "SELECT wording, created_at, last_read_day FROM calendar_feeds WHERE account = $1", account
    )
    if row is None:
        return None
    read = row["last_read_day"]
    return CalendarFeed(
        wording=row["wording"],
        since=to_datetime(row["created_at"]),
        last_read=None if read is None else to_datetime(read).date(),
    )


async def reword(account: UUID, wording: Wording) -> None:
    """Change what a feed shows, at the address that it has; raises NoSuchFeed."""
    changed = await database.fetch(
        "UPDATE calendar_feeds SET wording = $2 WHERE account = $1 RETURNING account", account, wording
    )
    if not changed:
        raise NoSuchFeed


async def end(account: UUID) -> None:
    """End the feed of an account, if there is one: its address stops at once."""
    await database.fetch("DELETE FROM calendar_feeds WHERE account = $1", account)


async def find(token: str, now: int) -> Found:
    """Return the feed that a token opens, and note the day.

    One indexed read, and a write on the first reading of a day. Raises NoSuchFeed, alike for what is no token, never was
    this feed's, or isn't any longer.
    """
    if _TOKEN.fullmatch(token) is None:
        raise NoSuchFeed
    hashed, today = hash_token(token), now - now % DAY
    row = await database.fetch_one(
        "SELECT f.account, f.wording, f.last_read_day, a.role, a.locale FROM calendar_feeds f "
        "JOIN accounts a ON a.id = f.account WHERE f.token_hash = $1",
        hashed,
    )
    if row is None:
        raise NoSuchFeed
    if row["last_read_day"] != today:
        await database.fetch("UPDATE calendar_feeds SET last_read_day = $2 WHERE token_hash = $1", hashed, today)
    return Found(row["account"], row["role"], row["locale"], row["wording"])


async def write_feed(found: Found, now: int) -> bytes:
    """Write a feed's calendar: the account's appointments from 13 months ago on. One statement."""
    listed = await appointments_of(found.account, found.role, now)
    return await asyncio.to_thread(feed_calendar, listed, found.wording, found.locale)


async def write_appointment(caller: Caller, appointment: UUID) -> bytes:
    """Write one appointment of the caller's, in the words of their feed, discreetly without one; raises NoSuchAppointment."""
    view = await appointment_of(caller, appointment)
    row = await database.fetch_one(
        "SELECT a.locale, f.wording FROM accounts a LEFT JOIN calendar_feeds f ON f.account = a.id WHERE a.id = $1",
        caller.account,
    )
    if row is None:
        raise NotSignedIn
    return appointment_calendar(view, row["wording"] or "discreet", row["locale"])
