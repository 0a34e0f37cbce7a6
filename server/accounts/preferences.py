"""What the server must know of a person's ways: language and time zone; and what follows from them."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from server import database
from server.accounts.errors import UnknownTimeZone
from server.accounts.structs import NewAccount, Preferences
from server.accounts.zones import is_zone
from server.web.access import Role

WhenMade = Callable[[NewAccount, int], Awaitable[None]]
_when_made: list[WhenMade] = []

WhenChanged = Callable[[UUID, int], Awaitable[None]]
_when_changed: list[WhenChanged] = []


class Ways(NamedTuple):
    """An account's role, language and time zone."""

    role: Role
    locale: str
    time_zone: str


def when_preferences_change(hook: WhenChanged) -> WhenChanged:
    """Register what a domain above does, in the same transaction, when language or zone change: `hook(account, now)`."""
    _when_changed.append(hook)
    return hook


def when_account_made(hook: WhenMade) -> WhenMade:
    """Register what a domain above does, in the same transaction, when an account is made: `hook(new, now)`."""
    _when_made.append(hook)
    return hook


async def account_made(new: NewAccount, now: int) -> None:
    """Do what follows from a new account, inside the transaction that makes it."""
    for hook in _when_made:
        await hook(new, now)


async def set_preferences(account: UUID, new: Preferences, now: int) -> None:
    """Set language and time zone; raises UnknownTimeZone."""
    if not is_zone(new.time_zone):
        raise UnknownTimeZone
    await database.in_transaction(partial(_set, account, new, now))


async def _set(account: UUID, new: Preferences, now: int) -> None:
    await database.fetch(
        "UPDATE accounts SET locale = $2, time_zone = $3 WHERE id = $1", account, new.locale, new.time_zone
    )
    for hook in _when_changed:
        await hook(account, now)


async def ways_of(accounts: Sequence[UUID]) -> dict[UUID, Ways]:
    """Return the ways of those accounts that exist; one read."""
    if not accounts:
        return {}
    rows = await database.fetch(
        f"SELECT id, role, locale, time_zone FROM accounts WHERE id IN ({database.parameters(1, len(accounts))})",
        *accounts,
    )
    return {row["id"]: Ways(row["role"], row["locale"], row["time_zone"]) for row in rows}


async def held_ways(account: UUID) -> Ways | None:
    """Return the ways of an account, which isn't erased before the running transaction ends; None where there is none."""
    row = await database.fetch_one(
        "SELECT role, locale, time_zone FROM accounts WHERE id = $1" + database.for_key_share(), account
    )
    return None if row is None else Ways(row["role"], row["locale"], row["time_zone"])
