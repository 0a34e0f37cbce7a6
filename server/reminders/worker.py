"""The worker: sleeps until a reminder is due, sends what is, and wakes at once when a nearer one is planned."""

import asyncio

import structlog

from server.clock import SECOND, Clock
from server.reminders import leasing, metrics, waking
from server.reminders.dispatcher import Dispatcher

log = structlog.get_logger()

LONGEST_SLEEP_SECONDS = 60.0
"""Also how late it may be when the wall clock jumps, or another process's word doesn't come."""
AFTER_A_FAULT_SECONDS = 1.0


class Worker:
    """One process's worker. Idle it asks the database once a minute."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock) -> None:
        """Make a worker that sends by `dispatcher`."""
        self._dispatcher = dispatcher
        self._clock = clock
        self._alarm = waking.Alarm()
        self._stopping = False

    async def run(self) -> None:
        """Work until `stop`; then what is on its way arrives and is written down."""
        silence = waking.listen(self._alarm.set)
        try:
            while not self._stopping:
                await self._round()
        finally:
            silence()
            await self._dispatcher.drain()

    def stop(self) -> None:
        """Claim nothing more, and end when what is on its way has arrived."""
        self._stopping = self._dispatcher.stopping = True
        self._alarm.set(0)

    def wake(self, due: int) -> None:
        """Say that something is due at an instant."""
        self._alarm.set(due)

    async def _round(self) -> None:
        try:
            due, now = await leasing.next_due(), self._clock()
            await metrics.look(self._clock)
            if due is not None and due <= now:
                await self._dispatcher.run_due()
            else:
                seconds = LONGEST_SLEEP_SECONDS if due is None else min(LONGEST_SLEEP_SECONDS, (due - now) / SECOND)
                await self._alarm.sleep(seconds, due)
            metrics.faults.set(0)
        except Exception as error:  # noqa: BLE001 - the next round tries again
            metrics.faults.inc()
            log.error("the worker failed", kind=type(error).__name__)
            await asyncio.sleep(AFTER_A_FAULT_SECONDS)
