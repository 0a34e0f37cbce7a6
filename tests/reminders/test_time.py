"""Reminders and clocks that jump, zone data that changes, services that don't answer: nothing twice, nothing skipped, nothing lost."""

import asyncio
from typing import Any

import pytest

from server import database
from server.channels.mailing import MailOutcome
from server.channels.push import PushMessage, PushOutcome
from server.clock import DAY, HOUR, MINUTE
from server.reminders import leasing, planning
from server.reminders.planner import plan_on
from server.reminders.worker import Worker
from server.reminders.zone_data import follow_zone_data
from tests.api.appointments import book, pair
from tests.api.people import Person, join
from tests.api.pushes import Browser, subscribe
from tests.conftest import Running
from tests.reminders.sending import ACCEPTED, GONE, LATER, Outside, books, reminders, with_mailbox


async def test_a_clock_that_jumps_sends_nothing_twice_and_skips_nothing_of_use(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    await book(therapist, patient, 7)
    await outside.send_due()
    for jump in (-3 * HOUR, 5 * HOUR, -DAY, 2 * DAY, -2 * DAY, 7 * DAY + 21 * HOUR, -6 * DAY, 6 * DAY):
        running.time.move(int(jump))
        await outside.send_due()
    kinds = [notice["title"] for notice in outside.push.notices]
    assert kinds.count("Your calendar changed") == 1
    # The jump over six days passed the evening before, which was still of use; then came two hours before.
    assert kinds.count("Appointment") == 2
    assert len({message.topic for message in outside.push.got}) == 1
    assert len({message.payload for message in outside.push.got}) == len(outside.push.got)


async def test_a_clock_that_jumps_while_a_push_is_on_its_way_doesnt_make_it_anothers(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    on_its_way, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_message: PushMessage) -> PushOutcome:
        on_its_way.set()
        await go_on.wait()
        return ACCEPTED

    outside.push.answer = slow
    await book(therapist, patient, 7)
    sending = asyncio.create_task(outside.send_due())
    await on_its_way.wait()
    running.time.move(HOUR)
    await outside.dispatcher._begin_what_is_due()
    go_on.set()
    await sending
    assert len(outside.push.got) == 1


async def test_zone_data_that_changes_moves_instants_and_what_is_planned_before_anything_is_sent(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    await follow_zone_data(running.time.now, "2026.1")
    before = await reminders(patient, "session")
    # As if it had been computed by other rules: the wall said the same, an hour later in UTC.
    await database.fetch("UPDATE appointments SET starts_at = starts_at + $1", HOUR)
    assert await follow_zone_data(running.time.now, "2026.1") is False
    assert await follow_zone_data(running.time.now, "2027.1") is True
    (view,) = (await patient.http.get("/api/appointments")).json()
    assert (view["starts"], view["starts_at"], view["version"]) == (session["starts"], session["starts_at"], 1)
    assert await reminders(patient, "session") == before


async def test_a_service_that_hangs_holds_up_no_other(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    other = await join(therapist, "other@example.org")
    await subscribe(other, Browser(endpoint="https://updates.push.services.mozilla.com/wpush/v2/abc"))
    hung, go_on = asyncio.Event(), asyncio.Event()

    async def answer(message: PushMessage) -> PushOutcome:
        if message.service == "fcm.googleapis.com":
            hung.set()
            await go_on.wait()
            return PushOutcome("later", None, None, "time-out")
        return ACCEPTED

    outside.push.answer = answer
    await book(therapist, patient, 7)
    sending = asyncio.create_task(outside.send_due())
    await hung.wait()
    await book(therapist, other, 7)
    async with asyncio.timeout(10):
        while not [one for one in await reminders(other, "change") if one["sent"]]:  # noqa: ASYNC110 - the worker's own doing
            await asyncio.sleep(0.02)
    assert not sending.done()
    go_on.set()
    await sending
    await books()


async def test_a_service_that_fails_again_and_again_is_left_in_peace_and_nothing_is_lost(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    _, patient = people
    outside.push.answer = lambda _message: LATER
    for _ in range(2):
        for _ in range(10):
            assert (await patient.http.post("/api/reminders/test")).status_code == 200
        running.time.move(HOUR)
    for _ in range(10):
        await patient.http.post("/api/reminders/test")
    await outside.send_due()
    tried = len(outside.push.got)
    for _ in range(3):
        await patient.http.post("/api/reminders/test")
    await outside.send_due()
    assert len(outside.push.got) == tried
    outside.push.answer = lambda _message: ACCEPTED
    running.time.move(MINUTE)
    await outside.send_due()
    running.time.move(MINUTE)
    await outside.send_due()
    assert {one["why"] for one in await reminders(patient, "test") if one["outcome"]} <= {"too-late"}
    await books()


async def test_a_mail_server_that_is_down_is_tried_until_it_is_too_late_and_then_the_reminder_fails_by_name(
    running: Running, outside: Outside
) -> None:
    therapist, patient = await pair(running)
    await with_mailbox(patient)
    outside.mail.answer = MailOutcome("later", None, "connect")
    await book(therapist, patient, 7)
    for _ in range(120):
        await outside.send_due()
        running.time.move(15 * MINUTE)
    (change,) = await reminders(patient, "change")
    assert (change["outcome"], change["why"]) == ("failed", "mail-server")
    assert 5 < len(outside.mail.got) < 120


@pytest.mark.parametrize(
    "answer", [GONE, PushOutcome("refused", 400, None, "400"), PushOutcome("too-large", 413, None, "413")]
)
async def test_whatever_a_service_answers_the_reminder_ends_in_a_named_state(
    running: Running, people: tuple[Person, Person], outside: Outside, answer: PushOutcome
) -> None:
    therapist, patient = people
    await with_mailbox(patient)
    outside.push.answer = lambda _message: answer
    await book(therapist, patient, 7)
    await outside.send_due()
    (change,) = await reminders(patient, "change")
    assert (change["outcome"], change["channel"]) == ("delivered", "mail")


async def test_our_own_keys_fault_ends_no_subscription(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    outside.push.answer = lambda _message: PushOutcome("our-key", 403, None, "403")
    await book(therapist, patient, 7)
    await outside.send_due()
    outside.push.answer = lambda _message: ACCEPTED
    running.time.move(MINUTE)
    await outside.send_due()
    assert [one["sent"] is not None for one in await reminders(patient, "change")] == [True]


async def test_what_repeats_is_planned_on_by_a_slow_sweep(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    _, patient = people
    settings = (await patient.http.get("/api/reminders/settings")).json()
    nudge = {"id": "00000000-0000-4000-8000-000000000001", "kind": "nudge", "clock": "20:00", "weekdays": 127}
    await patient.http.put("/api/reminders/settings", json={**settings, "rules": [*settings["rules"], nudge]})
    planned = await reminders(patient, "nudge")
    assert len(planned) == planning.AHEAD // DAY
    running.time.move(5 * DAY)
    assert await plan_on(running.time.now) >= 1
    assert len([one for one in await reminders(patient, "nudge") if one["outcome"] is None]) == planning.AHEAD // DAY
    assert await plan_on(running.time.now) == 0


async def test_a_worker_sleeps_until_something_is_due_and_wakes_at_once_when_something_nearer_is_planned(
    running: Running, people: tuple[Person, Person], outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, patient = people
    asked: list[Any] = []
    next_due = leasing.next_due

    async def counted() -> int | None:
        asked.append(running.time.now)
        return await next_due()

    monkeypatch.setattr(leasing, "next_due", counted)
    worker = Worker(outside.dispatcher, running.time)
    working = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        while not asked:  # noqa: ASYNC110 - the worker's own doing
            await asyncio.sleep(0)
        await asyncio.sleep(0.3)
        assert len(asked) == 1  # idle it asks once a minute
        await patient.http.post("/api/reminders/test")
        while not outside.push.got:  # noqa: ASYNC110 - the worker's own doing
            await asyncio.sleep(0.01)
        worker.stop()
        await working
    await books()
