"""Live updates inside one process: who waits for "something changed", and who is told.

An event says nothing but "pull". Events may be lost; clients also pull each minute and when they come to the front.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from uuid import UUID


class Listener:
    """One open stream: whose it is, and whether there is something to tell."""

    def __init__(self, account: UUID, session: UUID) -> None:
        """Make a listener for `account`'s `session`."""
        self.account = account
        self.session = session
        self.ended = False
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Wake the stream."""
        self._event.set()

    def end(self) -> None:
        """Close the stream."""
        self.ended = True
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for news for at most `seconds`; True when there is some."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Live:
    """The listeners of this process."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._listeners: dict[UUID, set[Listener]] = defaultdict(set)
        self._stopped = False
        self._also: list[Callable[[frozenset[UUID]], None]] = []

    def listen(self, account: UUID, session: UUID) -> Listener:
        """Add a listener; give it back with `leave`."""
        listener = Listener(account, session)
        if self._stopped:
            listener.end()
        self._listeners[account].add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Remove a listener."""
        of_account = self._listeners[listener.account]
        of_account.discard(listener)
        if not of_account:
            del self._listeners[listener.account]

    def forward(self, to: Callable[[frozenset[UUID]], None]) -> None:
        """Call `to` with the accounts of each change made in this process, for other processes."""
        self._also.append(to)

    def forward_no_more(self, to: Callable[[frozenset[UUID]], None]) -> None:
        """End what `forward` began."""
        self._also.remove(to)

    def changed(self, accounts: Iterable[UUID]) -> None:
        """Tell the streams of `accounts`, here and in other processes."""
        told = frozenset(accounts)
        self.tell_here(told)
        for also in self._also:
            also(told)

    def tell_here(self, accounts: Iterable[UUID]) -> None:
        """Tell the streams of `accounts` in this process only."""
        for account in accounts:
            for listener in self._listeners.get(account, ()):
                listener.tell()

    def tell_everybody_here(self) -> None:
        """Tell all streams of this process: something may have been missed."""
        self.tell_here(list(self._listeners))

    def end_sessions(self, account: UUID, sessions: Iterable[UUID]) -> None:
        """Close the streams of sessions that have ended."""
        ended = frozenset(sessions)
        for listener in self._listeners.get(account, ()):
            if listener.session in ended:
                listener.end()

    def start(self) -> None:
        """Take listeners (again)."""
        self._stopped = False

    def stop(self) -> None:
        """Close all streams: the server is stopping, and an open stream would keep it from doing so."""
        self._stopped = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()

    @property
    def listening(self) -> int:
        """How many streams are open."""
        return sum(len(listeners) for listeners in self._listeners.values())


live = Live()
