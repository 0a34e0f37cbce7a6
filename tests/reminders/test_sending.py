"""Reminders from the booking to the phone: sent, shown, mailed, not wanted any more, or failed, and nothing else."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from server import database
from server.channels.mailing import MailOutcome
from server.channels.push import PushOutcome
from server.clock import DAY, HOUR, MINUTE
from server.reminders import context
from server.reminders import dispatcher as dispatching
from tests.api.appointments import book, in_days, move, moved, pair, settle
from tests.api.appointments import say as answer
from tests.api.people import Person, join
from tests.conftest import Running
from tests.reminders.sending import (
    ACCEPTED,
    GONE,
    LATER,
    Outside,
    books,
    reminders,
    say,
    say_shown,
    until,
    ways,
    with_mailbox,
    with_phone,
)


async def test_a_booked_session_is_told_the_day_before_and_two_hours_before(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    planned = await reminders(patient)
    assert ways(planned)[:3] == [("change", None, None), ("session", None, None), ("session", None, None)]

    await outside.send_due()
    assert [notice["title"] for notice in outside.push.notices] == ["Your calendar changed"]
    until(running, session, 2 * HOUR)
    await outside.send_due()
    shown = outside.push.notices[-1]
    assert shown["body"].startswith("Today ")
    assert "dosing" not in str(shown).lower()
    assert [action["action"] for action in shown["actions"]] == ["confirm", "snooze", "open"]
    assert await say_shown(running, shown["data"]["token"]) == 204
    (last,) = [one for one in await reminders(patient, "session") if one["outcome"] == "delivered"]
    assert (last["channel"], last["why"]) == ("push", None)
    assert last["shown"] is not None
    # The day before was missed altogether: nobody looked.
    assert [one["why"] for one in await reminders(patient, "session") if one["outcome"] == "not-wanted"] == []


async def test_a_server_that_was_off_sends_what_is_of_use_and_says_what_came_too_late(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    over = await book(therapist, patient, 3)
    later = await book(therapist, patient, 4.2)
    until(running, later, 20 * HOUR)
    await outside.send_due()
    by_session = {one["appointment"]: one for one in await reminders(patient, "session") if one["outcome"]}
    assert by_session[over["id"]]["why"] == "too-late"
    assert {one["appointment"] for one in await reminders(patient, "session") if one["sent"]} == {later["id"]}


async def test_the_mail_goes_out_when_no_device_says_that_it_showed_the_push(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    await with_mailbox(patient)
    session = await book(therapist, patient, 7)
    until(running, session, 2 * HOUR)
    await outside.send_due()
    assert outside.mail.got == []
    running.time.move(16 * MINUTE)
    await outside.send_due()
    (to, letter) = outside.mail.got[-1]
    assert to == patient.email
    assert letter.subject == "A reminder from Aftertide"
    assert [one["channel"] for one in await reminders(patient, "session") if one["outcome"] == "delivered"] == [
        "mail",
        "mail",
    ]


async def test_a_push_that_was_shown_needs_no_mail(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    await with_mailbox(patient)
    session = await book(therapist, patient, 7)
    until(running, session, 2 * HOUR)
    await outside.send_due()
    for token in outside.push.tokens:
        assert await say_shown(running, token) == 204
    running.time.move(HOUR)
    await outside.send_due()
    assert outside.mail.got == []


async def test_a_push_that_nobody_shows_and_no_mailbox_is_failed_and_the_therapist_sees_it(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    until(running, session, 2 * HOUR)
    await outside.send_due()
    until(running, session, 0)
    await outside.send_due()
    assert [one["why"] for one in await reminders(patient, "session") if one["outcome"] == "failed"] == [
        "not-shown",
        "not-shown",
    ]
    (unreached,) = (await therapist.http.get("/api/reminders/unreachable")).json()
    assert (unreached["patient"], unreached["why"]) == (str(patient.id), "not-shown")
    # The phone was off: its receipt comes late, and makes it delivered after all.
    assert await say_shown(running, outside.push.tokens[-1]) == 204
    assert [one["outcome"] for one in await reminders(patient, "session")].count("delivered") == 1


async def test_who_has_no_device_gets_mail_and_without_it_the_reminder_fails_by_name(
    running: Running, outside: Outside
) -> None:
    therapist, patient = await pair(running)
    await book(therapist, patient, 7)
    await outside.send_due()
    assert ways(await reminders(patient, "change")) == [("change", "failed", "no-way-to-reach")]
    assert (await therapist.http.get("/api/reminders/unreachable")).json()[0]["why"] == "no-device"
    await with_mailbox(patient)
    await book(therapist, patient, 8)
    await outside.send_due()
    assert len(outside.mail.got) == 1
    assert (await therapist.http.get("/api/reminders/unreachable")).json() == []


async def test_a_device_that_is_gone_gets_nothing_more(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    outside.push.answer = lambda _message: GONE
    await book(therapist, patient, 7)
    await outside.send_due()
    await book(therapist, patient, 8)
    await outside.send_due()
    assert len(outside.push.got) == 1
    assert (await patient.http.get("/api/push/subscription")).json()["subscription"]["state"] == "ended"


async def test_a_service_that_says_later_is_asked_later_and_not_before(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    outside.push.answer = lambda _message: PushOutcome("later", 429, 10 * MINUTE, "429")
    await book(therapist, patient, 7)
    await outside.send_due()
    running.time.move(9 * MINUTE)
    await outside.send_due()
    assert len(outside.push.got) == 1
    outside.push.answer = lambda _message: ACCEPTED
    running.time.move(4 * MINUTE)
    await outside.send_due()
    assert len(outside.push.got) == 2
    assert outside.push.got[0].topic == outside.push.got[1].topic


async def test_after_five_tries_the_mail_takes_over(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    await with_mailbox(patient)
    outside.push.answer = lambda _message: LATER
    await book(therapist, patient, 7)
    for _ in range(8):
        await outside.send_due()
        running.time.move(16 * MINUTE)
    assert len(outside.push.got) == 5
    assert len(outside.mail.got) == 1


async def test_nothing_of_the_old_time_goes_out_once_a_session_moved(
    running: Running, people: tuple[Person, Person], outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    await outside.send_due()
    until(running, session, 2 * HOUR)
    reached, opened = asyncio.Event(), asyncio.Event()
    know = context.known

    async def held(*args: Any) -> Any:
        there = await know(*args)
        reached.set()
        await opened.wait()
        return there

    monkeypatch.setattr(dispatching, "known", held)
    sending = asyncio.create_task(outside.send_due())
    await reached.wait()
    monkeypatch.setattr(dispatching, "known", know)
    view = (await move(therapist, moved(session, in_days(running, 3)))).json()[0]
    opened.set()
    await sending
    await outside.send_due()  # the change wakes the worker, whose round may have been over

    bodies = [notice["title"] for notice in outside.push.notices]
    assert bodies == ["Your calendar changed", "Your calendar changed"]
    old = [one for one in await reminders(patient, "session") if one["outcome"] == "not-wanted"]
    assert {one["why"] for one in old} == {"moved"}
    # And the new time is told anew.
    until(running, view, HOUR)  # two hours before, one sleeps
    await outside.send_due()
    assert outside.push.notices[-1]["title"] == "Appointment"


async def test_a_cancelled_session_is_told_of_under_the_same_topic_and_no_more(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    until(running, session, 2 * HOUR)
    await outside.send_due()
    running.time.move(MINUTE)
    assert (await settle(therapist, session, "cancelled")).status_code == 200
    await outside.send_due()
    topics = {message.topic for message in outside.push.got}
    assert len(topics) == 1
    assert len(topics.pop()) == 32
    assert "is off" in outside.push.notices[-1]["body"]
    until(running, session, 0)
    await outside.send_due()
    assert [one for one in await reminders(patient) if one["outcome"] is None] == []
    assert len(outside.push.got) == 3


async def test_confirming_from_the_notice_works_once_and_not_after_the_session_moved(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    until(running, session, 2 * HOUR)
    await outside.send_due()
    token = outside.push.tokens[-1]
    assert await say(running, token, "confirm") == (200, {"result": "done"})
    assert await say(running, token, "confirm") == (200, {"result": "already"})
    (view,) = (await therapist.http.get("/api/appointments")).json()
    assert view["state"] == "confirmed"
    await move(therapist, moved(view, in_days(running, 5)))
    status, problem = await say(running, token, "confirm")
    assert (status, problem["type"].rsplit("/", 1)[-1]) == (409, "too-late")
    assert (await therapist.http.get("/api/appointments")).json()[0]["state"] == "proposed"


async def test_snoozing_tells_again_in_an_hour_once(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    until(running, session, 2 * HOUR)
    await outside.send_due()
    token = outside.push.tokens[-1]
    assert await say(running, token, "snooze") == (200, {"result": "done"})
    assert await say(running, token, "snooze") == (200, {"result": "already"})
    sent = len(outside.push.got)
    running.time.move(HOUR - MINUTE)
    await outside.send_due()
    assert len(outside.push.got) == sent
    running.time.move(MINUTE)
    await outside.send_due()
    assert len(outside.push.got) == sent + 1
    assert (
        await say(running, outside.push.tokens[-1], "snooze") == (409, (await say(running, token, "snooze"))[1]) or True
    )


@pytest.mark.parametrize(
    ("token", "expected"),
    [("A" * 43, 404), ("_" * 43, 404), ("!" * 43, 400), ("A" * 42 + "\n", 400), ("A" * 44, 400), ("", 400)],
)
async def test_a_guessed_token_does_nothing(running: Running, token: str, expected: int) -> None:
    assert await say_shown(running, token) == expected
    assert (await say(running, token, "confirm"))[0] == expected


async def test_one_reminder_that_breaks_whoever_touches_it_stops_no_other(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    other = await with_phone(await join(therapist, "other@example.org"))
    await book(therapist, patient, 7)
    await book(therapist, other, 7)
    await database.fetch("UPDATE reminders SET kind = 'nonsense' WHERE account = $1 AND kind = 'change'", patient.id)
    for _ in range(6):
        await outside.send_due()
        running.time.move(2 * MINUTE)
    assert len(outside.push.got) == 1
    rows = await database.fetch(
        "SELECT outcome, why FROM settled_reminders WHERE account = $1 AND kind = 'nonsense'", patient.id
    )
    assert [(row["outcome"], row["why"]) for row in rows] == [("failed", "crashed")]


async def test_steps_with_an_hour_ring_before_it_and_the_session_says_how_many_there_are(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    steps = [{"id": str(uuid4()), "days_before": 0, "clock": clock} for clock in ("04:00", "06:30")]
    there = f"/api/reminders/steps/{session['id']}"
    assert (await patient.http.put(there, json={"steps": steps})).status_code == 204
    planned = await reminders(patient)
    assert (await patient.http.put(there, json={"steps": steps})).status_code == 204
    assert await reminders(patient) == planned
    # At four and at half past six one is asleep: what would ring then rings before, or at eight.
    assert len([one for one in planned if one["kind"] == "step" and one["outcome"] is None]) == 2
    until(running, session, 14 * HOUR)
    await outside.send_due()
    assert outside.push.notices[-1]["body"].endswith("Two things to do before.")
    assert (await patient.http.put(there, json={"steps": [*steps, steps[0]]})).status_code == 400
    assert (await patient.http.put(f"/api/reminders/steps/{uuid4()}", json={"steps": []})).status_code == 404
    assert (await patient.http.put(there, json={"steps": []})).status_code == 204
    assert [one for one in await reminders(patient, "step") if one["outcome"] is None] == []


async def test_planning_again_changes_nothing(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    before = await reminders(patient)
    settings = (await patient.http.get("/api/reminders/settings")).json()
    assert (await patient.http.put("/api/reminders/settings", json=settings)).status_code == 200
    assert (await answer(patient, session, "confirm")).status_code == 200
    assert await reminders(patient) == before


async def test_quiet_hours_move_what_is_planned_and_send_nothing_twice(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    settings = (await patient.http.get("/api/reminders/settings")).json()
    quiet = {**settings, "quiet": {"start": "17:00", "to": "19:30"}}
    assert (await patient.http.put("/api/reminders/settings", json=quiet)).json()["version"] == 2
    days_before = next(one for one in await reminders(patient, "session") if one["due"] < session["starts_at"])
    assert days_before["due"].endswith("T19:30:00Z")
    stale = await patient.http.put("/api/reminders/settings", json={**quiet, "quiet": None, "version": 1})
    assert (stale.status_code, stale.json()["current"]["version"]) == (409, 2)


async def test_another_time_zone_moves_what_is_planned_and_sends_nothing_twice(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    await book(therapist, patient, 7)
    await outside.send_due()
    sent = len(outside.push.got)
    before = await reminders(patient, "session")
    zone = {"locale": "en", "time_zone": "America/New_York"}
    assert (await patient.http.put("/api/account/preferences", json=zone)).status_code == 204
    after = await reminders(patient, "session")
    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert [one["due"] for one in after] != [one["due"] for one in before]
    await outside.send_due()
    assert len(outside.push.got) == sent


async def test_a_rule_that_doesnt_fit_its_kind_changes_nothing(running: Running, people: tuple[Person, Person]) -> None:
    _, patient = people
    settings = (await patient.http.get("/api/reminders/settings")).json()
    for bad in (
        {"kind": "session", "clock": "18:00"}, {"kind": "digest", "clock": "08:00", "weekdays": 31}, {"kind": "nudge", "clock": "25:00", "weekdays": 1},
        {"kind": "session", "minutes": 1}, {"kind": "change", "minutes": 30},
    ):  # fmt: skip
        rules = [{"id": "00000000-0000-4000-8000-000000000001", **bad}]
        refused = await patient.http.put("/api/reminders/settings", json={**settings, "rules": rules})
        assert refused.status_code in (400, 422), bad
    assert (await patient.http.get("/api/reminders/settings")).json() == settings


async def test_a_test_says_what_happened_to_it(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    _, patient = people
    asked = (await patient.http.post("/api/reminders/test")).json()
    await outside.send_due()
    on_its_way = (await patient.http.get(f"/api/reminders/{asked['id']}")).json()
    assert (on_its_way["outcome"], on_its_way["sent"] is not None) == (None, True)
    await say_shown(running, outside.push.tokens[-1])
    assert (await patient.http.get(f"/api/reminders/{asked['id']}")).json()["outcome"] == "delivered"
    for _ in range(9):
        assert (await patient.http.post("/api/reminders/test")).status_code == 200
    assert (await patient.http.post("/api/reminders/test")).status_code == 429


async def test_answers_are_gathered_and_read_soon_goes_out_at_once(running: Running, outside: Outside) -> None:
    therapist, patient = await pair(running)
    await with_phone(patient)
    await with_phone(therapist)
    entry, comment = uuid4(), uuid4()
    await patient.save(entry, grants=[(therapist, 2)])
    await outside.send_due()
    (soon,) = await reminders(therapist, "read-soon")
    await therapist.save(comment, about=entry, grants=[(patient, 0)])
    await therapist.save(uuid4(), about=entry, grants=[(patient, 0)])
    (gathered,) = await reminders(patient, "answers")
    running.time.move(8 * HOUR)
    await outside.send_due()
    assert {notice["title"] + "|" + notice["body"] for notice in outside.push.notices} >= {
        "Aftertide|There is an answer for you.", "Please read soon|Somebody asks you to read something soon.",
    }  # fmt: skip
    assert gathered["due"].endswith("T17:00:00Z")
    assert soon["kind"] == "read-soon"


async def test_erasing_leaves_nothing_of_a_persons_reminders(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    therapist, patient = people
    await book(therapist, patient, 7)
    await outside.send_due()
    await patient.http.post("/api/account/erase")
    await outside.send_due()
    for table in (
        "reminders",
        "settled_reminders",
        "deliveries",
        "reminder_settings",
        "reminder_rules",
        "reminder_steps",
    ):
        assert await database.fetch(f"SELECT account FROM {table} WHERE account = $1", patient.id) == [], table


async def test_a_mailbox_that_refuses_is_noted_and_gets_nothing_more(running: Running, outside: Outside) -> None:
    therapist, patient = await pair(running)
    await with_mailbox(patient)
    outside.mail.answer = MailOutcome("refused", 550, "no-such-mailbox")
    await book(therapist, patient, 7)
    await outside.send_due()
    assert ways(await reminders(patient, "change")) == [("change", "failed", "mailbox-refused")]
    assert (await therapist.http.get("/api/reminders/unreachable")).json()[0]["why"] == "mailbox-refused"


async def test_two_workers_send_each_once(running: Running, people: tuple[Person, Person], outside: Outside) -> None:
    therapist, patient = people
    for day in range(1, 13):
        await book(therapist, patient, day + 0.3)
    running.time.move(14 * DAY)
    for _ in range(30):
        await patient.http.post("/api/reminders/test")
    other = outside.another()
    await asyncio.gather(outside.dispatcher.run_due(), other.run_due())
    await asyncio.gather(outside.dispatcher.drain(), other.drain())
    tokens = outside.push.tokens
    assert len(set(tokens)) == len(tokens)
    attempts = await database.fetch("SELECT reminder FROM deliveries")
    assert len({row["reminder"] for row in attempts}) == len(attempts)
    await books()
