"""Erasing an account with all it owns."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from server import database

BeforeErasing = Callable[[UUID, int], Awaitable[None]]
_before: list[BeforeErasing] = []

Holding = Callable[[UUID], Awaitable[None]]
_holding: list[Holding] = []


def held_before_erasing(hook: Holding) -> Holding:
    """Register what a domain above locks before the account's own row, in the order that its other writes take: `hook(account)`."""
    _holding.append(hook)
    return hook


def before_erasing(hook: BeforeErasing) -> BeforeErasing:
    """Register what a domain above does, in the same transaction, before an account goes: `hook(account, now)`."""
    _before.append(hook)
    return hook


async def erase(account: UUID, now: int) -> None:
    """Remove an account, all it owns and all grants to it; what others wrote about its records stays theirs."""

    async def work() -> None:
        if database.for_update():
            for hold in _holding:
                await hold(account)
            await database.fetch("SELECT id FROM accounts WHERE id = $1 FOR UPDATE", account)
        for hook in _before:
            await hook(account, now)
        await database.fetch("DELETE FROM accounts WHERE id = $1", account)

    await database.in_transaction(work)
