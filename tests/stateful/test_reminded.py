"""Random weeks of two people who are reminded: what was planned always has a name, and nothing goes out that shouldn't.

Push services and mail servers do what they like, workers die, sessions move under their hands. What is planned is other tests'
business; here is looked at what leaves the house, and at the books after each step.
"""

import asyncio
import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from server import database
from server.app import sweep
from server.channels import mailbox
from server.channels.letters import Letter
from server.channels.mailing import MailOutcome
from server.channels.push import PushMessage, PushOutcome
from server.channels.reports import NoReport
from server.channels.returns import ReturnPaths, read_returned, take_back
from server.clock import DAY, HOUR, MINUTE, SECOND
from server.reminders import context, leasing
from server.reminders import dispatcher as dispatching
from server.reminders.structs import Why
from tests.api import appointments
from tests.api.people import Person
from tests.api.pushes import subscribe
from tests.channels.bounces import bounce
from tests.reminders.sending import ACCEPTED, GONE, LATER, RETURNS, TAKEN, Mailboxes, Outside, PushServices
from tests.stateful.conftest import Here

OPEN = ("proposed", "confirmed", "change-requested")
ZONES = ("UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata")
QUIET = (None, ("22:00", "08:00"), ("09:00", "17:00"), ("13:00", "13:40"), ("18:00", "23:30"))
EXTRA_RULES: tuple[dict[str, Any], ...] = (
    {"kind": "nudge", "clock": "12:00", "weekdays": 127},
    {"kind": "measure", "clock": "19:00", "weekdays": 31},
    {"kind": "session", "minutes": 30},
    {"kind": "session", "days": 2, "clock": "21:55"},
    {"kind": "first-words", "minutes": 60},
)
ANSWERS = {
    "accepted": ACCEPTED,
    "gone": GONE,
    "busy": PushOutcome("later", 429, 7 * MINUTE, "429"),
    "down": LATER,
    "silent": PushOutcome("later", None, None, "time-out"),
    "our key": PushOutcome("our-key", 403, None, "403"),
    "refused": PushOutcome("refused", 400, None, "400"),
}
WEATHER = {
    "fine": ["accepted"],
    "mixed": ["accepted", "accepted", "gone", "busy", "down", "silent", "our key", "refused"],
    "down": ["down", "silent", "busy"],
}
MAIL = (TAKEN, TAKEN, MailOutcome("later", 451, "letter"), MailOutcome("refused", 550, "address"))


@dataclass
class Watch:
    """What stands at the door: looks at each push and letter that leaves, and keeps what was wrong with it."""

    here: Here
    zone: dict[UUID, str] = field(default_factory=dict)
    quiet: dict[UUID, tuple[str, str] | None] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def sees(self, channel: str, token: str) -> None:
        """Look at what is about to be handed over: the reminder that its token stands for."""
        self.tokens.append(token)
        hashed = hashlib.sha256(urlsafe_b64decode(token + "=")).digest()
        (row,) = await database.fetch(
            "SELECT d.id AS delivery, d.reminder, d.account, r.kind, r.appointment, r.generation FROM deliveries d "
            "LEFT JOIN reminders r ON r.id = d.reminder WHERE d.token_hash = $1",
            hashed,
        )
        if row["kind"] is None:
            self.wrong.append("sent after it was settled")
            return
        before = await database.fetch(
            "SELECT result FROM deliveries WHERE reminder = $1 AND channel = $2 AND id <> $3",
            row["reminder"], channel, row["delivery"],
        )  # fmt: skip
        if any(one["result"] in ("accepted", "returned") for one in before):
            self.wrong.append(f"a {row['kind']} twice by {channel}")
        if self._is_quiet(row["account"]):
            self.wrong.append(f"a {row['kind']} by {channel} in quiet hours")
        if row["appointment"] is not None:
            await self._looks_at_session(row)

    def _is_quiet(self, account: UUID) -> bool:
        quiet = self.quiet[account]
        clock = f"{datetime.fromtimestamp(self.here.running.time.now / 1000, ZoneInfo(self.zone[account])):%H:%M}"
        if quiet is None:
            return False
        start, to = quiet
        return start <= clock < to if start < to else clock >= start or clock < to

    async def _looks_at_session(self, row: Any) -> None:
        (session,) = await database.fetch(
            "SELECT a.starts_at, a.state, 1 + (SELECT COUNT(*) FROM appointment_changes c WHERE c.appointment = a.id "
            "AND c.what IN ('moved', 'reopened')) AS generation FROM appointments a WHERE a.id = $1",
            row["appointment"],
        )
        kind = row["kind"]
        if session["generation"] != row["generation"]:
            self.wrong.append(f"a {kind} of an old time")
        if session["state"] == "cancelled" and kind != "change":
            self.wrong.append(f"a {kind} of a session that is off")
        if kind in ("session", "step", "snoozed", "change") and session["starts_at"] <= self.here.running.time.now:
            self.wrong.append(f"a {kind} after the session began")


@dataclass
class Letters(Mailboxes):
    """Every mailbox there is, behind the watch."""

    watch: Watch | None = None

    async def send(self, to: str, letter: Letter) -> MailOutcome:
        """Take a letter, or not."""
        assert self.watch is not None
        assert letter.button is not None
        assert letter.return_path is not None
        self.watch.paths.append(letter.return_path)
        await self.watch.sees("mail", letter.button.address.rpartition("#")[2])
        return await super().send(to, letter)


class Reminded(RuleBasedStateMachine):
    """The two people, what is outside the house, and what was ever promised."""

    here: Here

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.here.loop.run_until_complete(work)

    @initialize()
    def morning(self) -> None:
        self.time = self.here.running.time
        self.time.now = self.here.began
        self.patient, self.therapist = self.here.patient, self.here.therapist
        self.steps = 0
        self.past: list[str] = []
        self.chance = Random(0)  # noqa: S311 - dice
        self.promised: set[UUID] = set()
        self.done: set[tuple[str, str]] = set()
        self.leases_end = 0
        self.watch = Watch(self.here)
        self.do(forget(self.patient, self.therapist))
        for person in (self.patient, self.therapist):
            self.watch.zone[person.id], self.watch.quiet[person.id] = "UTC", ("22:00", "08:00")
            self.do(subscribe(person))
        self.weather = "fine"
        self.outside = Outside(self.here.running, PushServices(self.push_services_answer), Letters(watch=self.watch))

    async def push_services_answer(self, message: PushMessage) -> PushOutcome:
        await self.watch.sees("push", self.outside.push.tokens[self.outside.push.got.index(message)])
        return ANSWERS[self.chance.choice(WEATHER[self.weather])]

    # One rule, and dice of its own: hypothesis leaves rules out of a good part of the examples, and small weeks aren't sought here.
    @rule(seed=st.integers(0, 2**64))
    def something_happens(self, seed: int) -> None:
        self.steps += 1
        self.chance = Random(seed + self.steps)  # noqa: S311 - dice
        often = [
            self.book,
            self.time_passes,
            self.it_is_due,
            self.it_is_due,
            self.it_is_due,
            self.phones_answer,
            self.a_worker_dies,
        ]
        seldom = [
            self.move, self.settle, self.confirm, self.change_settings, self.go_elsewhere, self.two_workers, self.a_change_slips_in,
            self.somebody_taps, self.another_device, self.mail_goes_otherwise, self.a_letter_comes_back, self.write_to_each_other,
            self.plan_steps, self.the_weather_turns,
        ]  # fmt: skip
        what = self.chance.choice([*often, *often, *seldom])
        self.past.append(what.__name__)
        what()

    # What people do

    def sessions(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.do(appointments.listed(self.therapist))
        return listed

    def some_open(self) -> list[dict[str, Any]]:
        found = [view for view in self.sessions() if view["state"] in OPEN]
        self.chance.shuffle(found)
        return found[: self.chance.choice([1, 1, 2, 3])]

    def book(self) -> None:
        if len(self.sessions()) < 5:
            days = self.chance.choice([0.06, 0.2, 0.9, 1.6, 3])
            kind = self.chance.choice(["dosing", "check-in"])
            self.do(appointments.book(self.therapist, self.patient, days, kind=kind))

    def moves(self) -> list[dict[str, Any]]:
        return [
            appointments.moved(
                view, appointments.in_days(self.here.running, self.chance.choice([-0.3, 0.05, 0.5, 1, 2.2, 6]))
            )
            for view in self.some_open()
        ]

    def move(self) -> None:
        moves = self.moves()
        if moves:
            assert self.do(appointments.move(self.therapist, *moves)).status_code == 200

    def settle(self) -> None:
        for view in self.sessions():
            begun = datetime.fromisoformat(view["starts_at"]).timestamp() * 1000 <= self.time.now
            if view["state"] in OPEN and self.chance.random() < 0.3:
                outcome = self.chance.choice(["cancelled", "fulfilled"] if begun else ["cancelled"])
            elif view["state"] not in OPEN and self.chance.random() < 0.6:
                outcome = "reopened"
            else:
                continue
            assert self.do(appointments.settle(self.therapist, view, outcome)).status_code == 200

    def confirm(self) -> None:
        for view in self.some_open():
            assert self.do(appointments.say(self.patient, view, "confirm")).status_code in (200, 409)

    def change_settings(self) -> None:
        person = self.chance.choice([self.patient, self.patient, self.therapist])
        self.do(self._change_settings(person, self.chance.choice(QUIET)))

    async def _change_settings(self, person: Person, quiet: tuple[str, str] | None) -> None:
        there = (await person.http.get("/api/reminders/settings")).json()
        if person is self.patient:
            kept = [one for one in there["rules"] if self.chance.random() < 0.8]
            extra = {**self.chance.choice(EXTRA_RULES), "id": str(uuid4())}
            there["rules"] = [*kept, extra][-12:]
        there["quiet"] = None if quiet is None else {"start": quiet[0], "to": quiet[1]}
        answer = await person.http.put("/api/reminders/settings", json=there)
        assert answer.status_code == 200, answer.text
        self.watch.quiet[person.id] = quiet

    def go_elsewhere(self) -> None:
        zone = self.chance.choice(ZONES)
        new = {"locale": "en", "time_zone": zone}
        assert self.do(self.patient.http.put("/api/account/preferences", json=new)).status_code == 204
        self.watch.zone[self.patient.id] = zone

    def plan_steps(self) -> None:
        for view in self.some_open():
            steps = [
                {"id": str(uuid4()), "days_before": self.chance.choice([0, 1]), "clock": clock}
                for clock in ("07:30", "16:00")
            ]
            there = f"/api/reminders/steps/{view['id']}"
            assert self.do(self.patient.http.put(there, json={"steps": steps})).status_code == 204

    def write_to_each_other(self) -> None:
        entry = self.do(self.patient.save(grants=[(self.therapist, 2)]))
        self.do(self.therapist.save(about=entry, grants=[(self.patient, 0)]))

    def phones_answer(self) -> None:
        """Receipts come, late or twice."""
        for token in self.some_tokens():
            for _ in range(self.chance.choice([1, 2])):
                answer = self.do(self.patient.http.post("/api/notices/receipts", json={"token": token}))
                assert answer.status_code in (204, 404)

    def some_tokens(self) -> list[str]:
        return self.chance.sample(self.watch.tokens, min(len(self.watch.tokens), self.chance.choice([1, 2, 5])))

    def somebody_taps(self) -> None:
        for token in self.some_tokens():
            action = self.chance.choice(["confirm", "snooze"])
            for _ in range(2):
                answer = self.do(
                    self.patient.http.post("/api/notices/actions", json={"token": token, "action": action})
                )
                assert answer.status_code in (200, 404, 409), answer.text
                if answer.json().get("result") == "done":
                    assert (token, action) not in self.done
                    self.done.add((token, action))

    def another_device(self) -> None:
        person = self.chance.choice([self.patient, self.therapist])
        if self.chance.random() < 0.3:
            self.do(person.http.delete("/api/push/subscription"))
        else:
            self.do(database.fetch("DELETE FROM throttles"))
            self.do(subscribe(person))

    def mail_goes_otherwise(self) -> None:
        person = self.chance.choice([self.patient, self.therapist])
        wanted = self.chance.random() < 0.8
        self.do(mailbox.want(person.id, wanted, self.time.now))
        self.do(database.fetch("UPDATE accounts SET email_verified_at = 1 WHERE id = $1", person.id))
        self.do(
            database.fetch(
                "UPDATE mailboxes SET refused_at = NULL, refused_why = NULL, reached_at = $2 WHERE account = $1",
                person.id,
                self.time.now,
            )
        )
        self.outside.mail.answer = self.chance.choice(MAIL)

    def a_letter_comes_back(self) -> None:
        if not self.watch.paths:
            return
        status, action = self.chance.choice([("5.1.1", "failed"), ("5.7.1", "failed"), ("4.4.1", "delayed")])
        content = bounce("Postfix", self.chance.choice(self.watch.paths), status, "", action)
        secret = self.here.running.app.state.installation.address_secret
        try:
            self.do(take_back(read_returned(content, RETURNS), ReturnPaths(RETURNS, secret), self.time.now))
        except NoReport:
            raise AssertionError from None

    # What the world does

    def time_passes(self) -> None:
        self.time.move(self.chance.choice([MINUTE, 8 * MINUTE, 16 * MINUTE, HOUR, 5 * HOUR]))
        self.do(sweep(self.time.now))

    def the_weather_turns(self) -> None:
        self.weather = self.chance.choice(["fine", "fine", "mixed", "down"])

    def it_is_due(self) -> None:
        """The worker wakes when something is due, or a little late; and again."""
        for _ in range(self.chance.choice([1, 2, 4])):
            self.until_it_is_due()
            self.do(self.outside.send_due())

    def until_it_is_due(self) -> None:
        due = self.do(leasing.next_due())
        if due is not None:
            self.time.now = max(self.time.now, due + self.chance.choice([0, 0, SECOND, 20 * MINUTE]))

    def two_workers(self) -> None:
        other = self.outside.another()

        async def both() -> None:
            await asyncio.gather(self.outside.send_due(), other.run_due())
            await other.drain()

        self.do(both())

    def a_change_slips_in(self) -> None:
        """Something changes after a worker has claimed what is due and read what there is to say, and before it writes the attempt down."""
        self.until_it_is_due()
        know, moves, quiet = context.known, self.moves(), self.chance.choice(QUIET)
        slips: list[Callable[[], Coroutine[Any, Any, Any]]] = [
            partial(self._change_settings, self.patient, quiet),
            partial(appointments.move, self.therapist, *moves) if moves else self._another_takes_over,
            self._another_takes_over,
        ]
        changes = [self.chance.choice(slips)]

        async def and_then_it_changes(*args: Any) -> Any:
            found = await know(*args)
            if changes:
                await changes.pop()()
            return found

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(dispatching, "known", and_then_it_changes)
            self.do(self.outside.send_due())

    async def _another_takes_over(self) -> None:
        """The worker pauses until its lease has run out, and another one does what it had in hand."""
        self.time.move(2 * MINUTE)
        other = self.outside.another()
        await other.run_due()
        await other.drain()

    def a_worker_dies(self) -> None:
        """It has handed things over, and hasn't written down how that went."""
        self.do(self._die())
        self.leases_end = self.time.now + MINUTE

    async def _die(self) -> None:
        dying = self.outside.another()
        handed_over = len(self.outside.push.got) + self.chance.choice([1, 2])
        work = asyncio.create_task(dying.run_due())
        while not work.done() and len(self.outside.push.got) < handed_over:
            await asyncio.wait([work], timeout=0.001)
        tasks = [work, *dying._busy()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What must hold

    @invariant()
    def everything_has_a_name_and_nothing_went_out_that_should_not(self) -> None:
        if hasattr(self, "watch"):
            assert self.watch.wrong == [], self.past
            self.do(self.look_at_the_books())

    async def look_at_the_books(self) -> None:
        on_their_way = await database.fetch("SELECT * FROM reminders")
        settled = await database.fetch("SELECT * FROM settled_reminders")
        ids = [row["id"] for row in (*on_their_way, *settled)]
        assert len(set(ids)) == len(ids)
        assert self.promised <= set(ids), "a reminder is gone without a word"
        self.promised = set(ids)
        for row in settled:
            named = row["channel"] in ("push", "mail") if row["outcome"] == "delivered" else row["why"] in Why.__args__  # type: ignore[attr-defined]  # what a Literal has
            assert named, dict(row)
        for row in on_their_way:
            assert row["lease"] is None or row["next_at"] <= self.leases_end, dict(row)
            assert row["lease"] is not None or row["state"] != "sending", dict(row)

    def teardown(self) -> None:
        """Weeks later nothing is on its way any more, whatever happened."""
        if not hasattr(self, "watch"):
            return
        self.weather = "fine"
        for _ in range(3):
            self.time.move(20 * DAY)
            self.do(self.outside.send_due())
        self.everything_has_a_name_and_nothing_went_out_that_should_not()
        assert self.do(database.fetch("SELECT * FROM reminders WHERE useful_until < $1", self.time.now)) == []


async def forget(*people: Person) -> None:
    """Have people begin the next example as on the first morning."""
    for table in (
        "appointments", "reminders", "settled_reminders", "deliveries", "reminder_settings", "push_subscriptions", "mailboxes", "mail_tokens",
        "throttles", "records",
    ):  # fmt: skip
        await database.fetch(f"DELETE FROM {table}")
    for person in people:
        await database.fetch("UPDATE accounts SET time_zone = 'UTC', email_verified_at = NULL WHERE id = $1", person.id)
        person.heads.clear()


def test_random_weeks_of_people_who_are_reminded(here: Here) -> None:
    assert datetime.fromtimestamp(here.began / 1000, UTC).hour == 11
    machine = type("RemindedHere", (Reminded,), {"here": here})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20, stateful_step_count=30, deadline=None, derandomize=True, print_blob=False,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
        ),
    )  # fmt: skip
