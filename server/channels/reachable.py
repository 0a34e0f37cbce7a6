"""Saying that there is a new way to reach somebody: a domain above may have waited for one."""

from collections.abc import Awaitable, Callable
from uuid import UUID

WhenReachable = Callable[[UUID, int], Awaitable[None]]
_when_reachable: list[WhenReachable] = []


def when_reachable(hook: WhenReachable) -> WhenReachable:
    """Register what a domain above does, in the same transaction, when an account has a new device or mailbox: `hook(account, now)`."""
    _when_reachable.append(hook)
    return hook


async def now_reachable(account: UUID, now: int) -> None:
    """Say that an account may be reached in a way that it couldn't before."""
    for hook in _when_reachable:
        await hook(account, now)
