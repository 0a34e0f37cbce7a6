"""The dispatcher: claims what is due, sends it, and writes down what became of it; a lane for each channel.

Reminders are claimed in batches, sent side by side, and their outcomes written down together. One that fails takes none with
it; one that a worker died with is looked at alone. Time is passed in; what must not depend on the wall clock (how long a lease
still holds) is measured by the loop's own.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

import structlog

from server import database
from server.channels.mailbox import note_refused, stop_address
from server.channels.returns import NO_RETURNS, ReturnPaths
from server.clock import MINUTE, SECOND, Clock
from server.reminders import accounting, leasing, metrics
from server.reminders.accounting import Outcome, Tried
from server.reminders.context import Known, known, said
from server.reminders.leasing import MOST_CRASHES, Lease
from server.reminders.planner import replan
from server.reminders.sending import (
    Mailer,
    Push,
    Pusher,
    after_mail,
    after_push,
    before_sending,
    has_nowhere_to_go,
    letter_of,
    mail_attempt,
    mail_instead,
    onward,
    pushes_of,
)

log = structlog.get_logger()

BATCH = 200
IN_FLIGHT = 600
MAILS = 8
GATHER_SECONDS = 0.02
LOOK_AGAIN_SECONDS = 1.0
"""How long to wait for what is under way before looking for what has become due meanwhile."""
TURN = 2 * SECOND
DOUBTFUL_AFTER, PROBES = 3, 10
"""After so many failures in a row a push service gets so many pushes at a time, until one arrives."""
REST_AFTER = 10
FIRST_REST, LONGEST_REST = 5 * SECOND, 30 * SECOND
"""After so many failures in a row it is left in peace for a while: shortly at first, twice as long each time that it fails again."""
AFTER_A_FAULT = MINUTE
FIGURES_SECONDS = 5.0
"""How often a round that lasts looks at what is left of it."""


MEANS: dict[str, Literal["accepted", "gone", "later", "refused"]] = {
    "accepted": "accepted", "gone": "gone", "later": "later", "our-key": "later", "too-large": "refused", "refused": "refused",
    "not-begun": "later",
}  # fmt: skip
"""What a push service's answer means for a subscription: our own key's fault says nothing about it."""


class Claimed(NamedTuple):
    """Reminders under a lease, and until when by the loop's clock it is safe to begin to send them."""

    rows: Sequence[database.Row]
    until: float


@dataclass
class Service:
    """How a push service is doing."""

    in_flight: int = 0
    failures: int = 0
    rests: int = 0
    """How often it was left in peace since something arrived."""
    rests_until: int = 0


@dataclass
class Dispatcher:
    """One worker's dispatcher."""

    pusher: Pusher
    mailer: Mailer
    clock: Clock
    origin: str
    lease_lasts: int
    """Milliseconds."""
    returns: ReturnPaths = NO_RETURNS
    worker: UUID = field(default_factory=uuid4)
    stopping: bool = False
    """Claim nothing more."""
    _services: dict[str, Service] = field(default_factory=dict)
    _outcomes: list[Outcome] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None
    _written: int = 0
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _in_flight: Counter[str] = field(default_factory=Counter)
    _suspects_at: float = 0.0

    async def run_due(self) -> int:
        """Send all that is due now, to the end; returns how many reminders were claimed.

        Raises what the database raises: what was claimed then comes back when its lease runs out, and what is on its way
        still arrives and is written down (`drain`).
        """
        total, loop = 0, asyncio.get_running_loop()
        look_at = loop.time() + FIGURES_SECONDS
        while not self.stopping:
            written = self._written
            began = await self._begin_what_is_due()
            total += began
            if loop.time() >= look_at:
                await metrics.look(self.clock)
                look_at = loop.time() + FIGURES_SECONDS
            # What was written down while looking may be due by another channel.
            if began == 0 and written == self._written:
                if not self._busy():
                    return total
                await asyncio.wait(self._busy(), timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return total

    async def drain(self) -> None:
        """Let what is on its way arrive, and be written down."""
        while self._busy():
            await asyncio.wait(self._busy())

    def _busy(self) -> set[asyncio.Task[None]]:
        return self._under_way if self._writing is None else {*self._under_way, self._writing}

    async def _begin_what_is_due(self) -> int:
        now = self.clock()
        lease = Lease(self.worker, self.lease_lasts)
        until = asyncio.get_running_loop().time() + self.lease_lasts / 2 / SECOND
        began = 0
        try:
            for channel, room, handle in (
                ("push", min(BATCH, IN_FLIGHT - self._in_flight["push"]), self._push),
                ("mail", MAILS - self._in_flight["mail"], self._mail),
            ):
                if room <= 0 or (channel == "push" and room < BATCH // 4):
                    continue
                rows = await leasing.claim(channel, lease, room, now)
                if rows:
                    self._start(channel, len(rows), handle(Claimed(rows, until)))
                    began += len(rows)
            looked_lately = self._busy() and asyncio.get_running_loop().time() < self._suspects_at
            if not self._in_flight["suspect"] and not looked_lately:
                suspects = await leasing.claim_suspects(lease, now)
                if suspects:
                    self._start("suspect", 1, self._by_themselves(Claimed(suspects, until)))
                    began += len(suspects)
                else:
                    self._suspects_at = asyncio.get_running_loop().time() + LOOK_AGAIN_SECONDS
            return began + await accounting.close_the_shown_nowhere(now)
        except Exception:
            # What was claimed and not begun is nobody's: under another name its lease may run out and it comes back.
            self.worker = uuid4()
            raise

    def _start(self, lane: str, count: int, work: Coroutine[Any, Any, None]) -> None:
        self._in_flight[lane] += count
        task = asyncio.create_task(self._guarded(work))
        self._under_way.add(task)

        def done(ended: asyncio.Task[None]) -> None:
            self._under_way.discard(ended)
            self._in_flight[lane] -= count

        task.add_done_callback(done)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the leases run out and bring it back
            self.worker = uuid4()
            log.error("a batch of reminders failed", kind=type(error).__name__)

    async def _by_themselves(self, claimed: Claimed) -> None:
        """Handle what a worker died with, one such group at a time and to the end."""
        row = claimed.rows[0]
        if row["crashes"] >= MOST_CRASHES:
            log.error("a reminder was given up: workers died with it", reminder=str(row["id"]), crashes=row["crashes"])
            await leasing.give_up(row, self.clock())
            return
        await (self._push(claimed) if row["channel"] == "push" else self._mail(claimed))
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _prepare(self, claimed: Claimed) -> list[Known]:
        """Learn what there is to say and settle what isn't to be said any more."""
        now = self.clock()
        ready = []
        for one in await known(claimed.rows, now):
            try:
                ready_one = said(one, now)
            except Exception as error:  # noqa: BLE001 - one that can't be said must not stop the others
                self._hurt(one, error)
                continue
            settled = before_sending(ready_one, now)
            if settled is None:
                ready.append(ready_one)
            else:
                self._tell(settled)
        return ready

    async def _push(self, claimed: Claimed) -> None:
        now = self.clock()
        batches: list[tuple[Known, list[Push]]] = []
        nowhere: list[Known] = []
        for one in await self._prepare(claimed):
            try:
                pushes = pushes_of(one, self.origin, now)
            except Exception as error:  # noqa: BLE001 - one that can't be made must not stop the others
                self._hurt(one, error)
                continue
            if has_nowhere_to_go(one):
                nowhere.append(one)
            elif not pushes:
                self._tell(mail_instead(one, now, "no-way-to-reach"))
            elif all(self._is_busy(push.message.service, now) for push in pushes):
                self._put_back(one, pushes, now)
            else:
                batches.append((one, pushes))
                for push in pushes:
                    self._service(push.message.service).in_flight += 1
        try:
            valid = await accounting.begin([push.attempt for _, pushes in batches for push in pushes], now)
            sends = [self._send(one, pushes, claimed.until) for one, pushes in batches if one.row["id"] in valid]
            await asyncio.gather(*sends)
        finally:
            for _, pushes in batches:
                for push in pushes:
                    self._service(push.message.service).in_flight -= 1
        for one in nowhere:
            await self._plan_anew(one)

    async def _plan_anew(self, one: Known) -> None:
        """Settle what comes again and has nowhere to go, with all of its kind that is planned; where there is a new way, it is claimed anew."""
        await database.in_transaction(partial(replan, one.row["account"], self.clock()))

    async def _send(self, one: Known, pushes: Sequence[Push], until: float) -> None:
        try:
            # Past that time, after a pause or a long wait for its turn, somebody else may have it.
            outcomes = await asyncio.gather(*(self.pusher.send(push.message, by=until) for push in pushes))
        except Exception as error:  # noqa: BLE001 - as above
            self._hurt(one, error)
            return
        now = self.clock()
        tried = []
        for push, outcome in zip(pushes, outcomes, strict=True):
            self._note_service(push.message.service, outcome.result, now)
            metrics.tries.labels("push", outcome.result).inc()
            tried.append(Tried(push.attempt.id, push.attempt.subscription, MEANS[outcome.result], outcome.why))
        self._tell(after_push(one, tried, outcomes, now))

    async def _mail(self, claimed: Claimed) -> None:
        ready = await self._prepare(claimed)
        await asyncio.gather(*(self._mail_one(one, claimed.until) for one in ready))

    async def _mail_one(self, one: Known, until: float) -> None:
        now = self.clock()
        if has_nowhere_to_go(one):
            await self._plan_anew(one)
            return
        if one.mailbox is None:  # stopped, or come back, since it was decided
            was_pushed = one.row["state"] == "sent"
            self._tell(
                onward(one, "sent", "close", one.row["useful_until"]) if was_pushed else mail_instead(one, now, "no-way-to-reach")
            )  # fmt: skip
            return
        token = secrets.token_bytes(32)
        attempt = mail_attempt(one, token)
        try:
            email = one.mailbox.email
            letter = letter_of(one, self.origin, token, await stop_address(one.row["account"], email, self.origin, now))
            letter = letter._replace(return_path=self.returns.of(attempt.id, email))
            if one.row["id"] not in await accounting.begin([attempt], now):
                return
            if asyncio.get_running_loop().time() > until:
                return
            outcome = await self.mailer.send(email, letter)
        except Exception as error:  # noqa: BLE001 - one that can't be made must not stop the others
            self._hurt(one, error)
            return
        metrics.tries.labels("mail", outcome.result).inc()
        if outcome.result == "refused":
            await note_refused(one.row["account"], outcome.why, now)
        self._tell(after_mail(one, attempt, outcome, self.clock()))

    def _hurt(self, one: Known, error: Exception) -> None:
        """Count a fault of ours with one reminder like a death of a worker: alone from now on, given up after a few."""
        log.error("a reminder failed", reminder=str(one.row["id"]), kind=type(error).__name__)
        row = one.row
        self._tell(
            onward(one, "sent" if row["state"] == "sent" else "planned", row["channel"], self.clock() + AFTER_A_FAULT, row["why"], 1)
        )  # fmt: skip

    def _service(self, name: str) -> Service:
        return self._services.setdefault(name, Service())

    def _is_busy(self, name: str, now: int) -> bool:
        service = self._service(name)
        return service.rests_until > now or (service.failures >= DOUBTFUL_AFTER and service.in_flight >= PROBES)

    def _put_back(self, one: Known, pushes: Sequence[Push], now: int) -> None:
        """Let a reminder wait its turn, without an attempt, while its push service is busy or rests."""
        row = one.row
        rests = min(self._service(push.message.service).rests_until for push in pushes)
        at = max(now, rests) + secrets.randbelow(TURN)
        if at >= row["useful_until"]:
            self._tell(mail_instead(one, now, "push-service"))
        else:
            self._tell(onward(one, "planned", "push", at, row["why"]))

    def _note_service(self, name: str, result: str, now: int) -> None:
        service = self._service(name)
        if result == "not-begun":
            return
        if result != "later":
            service.failures = service.rests = 0
            return
        if service.rests_until > now:  # on its way since before: that it fails is known
            return
        service.failures += 1
        if service.failures >= REST_AFTER:
            rest = min(LONGEST_REST, FIRST_REST * 2**service.rests)
            service.failures, service.rests = DOUBTFUL_AFTER, service.rests + 1
            service.rests_until = now + rest // 2 + secrets.randbelow(rest // 2)
            log.warning("a push service is left in peace for a while", service=name)

    def _tell(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_down())

    async def _write_down(self) -> None:
        """Write outcomes down, gathered for a moment, again and again until it is done: a forgotten one is a notice sent twice."""
        wait = 0.1
        try:
            await asyncio.sleep(GATHER_SECONDS)
            while self._outcomes:
                outcomes = self._outcomes[:]
                try:
                    settled = await accounting.finish(outcomes, self.clock())
                except Exception as error:  # noqa: BLE001 - whatever it is, they are all there is to show for what was sent
                    log.error("outcomes wait for the database", count=len(outcomes), kind=type(error).__name__)
                    await asyncio.sleep(wait)
                    wait = min(2 * wait, 5.0)
                else:
                    for one in settled:
                        metrics.settled.labels(one.outcome).inc()
                    del self._outcomes[: len(outcomes)]
                    self._written += 1
        finally:
            self._writing = None
