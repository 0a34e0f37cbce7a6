"""Quiet hours hold when a reminder goes out, not only when it was planned: late ones and further tries wait for their end."""

from datetime import datetime
from typing import Any

import pytest

from server.clock import DAY, HOUR, MINUTE
from server.reminders import context, dispatcher
from tests.api.appointments import book
from tests.api.people import Person
from tests.conftest import Running
from tests.reminders.sending import ACCEPTED, LATER, Outside, reminders, ways, with_mailbox

People = tuple[Person, Person]


def at(running: Running, day: int, clock: str) -> None:
    """Move the clock to a time on a day of November 2026, UTC, which is the patient's zone."""
    then = datetime.fromisoformat(f"2026-11-{day}T{clock}+00:00")
    running.time.now = int(then.timestamp() * 1000)


async def session_on(running: Running, people: People, day: int, clock: str) -> dict[str, Any]:
    """A session at a time of day, of which nothing was told so far but that it was booked."""
    starts = datetime.fromisoformat(f"2026-11-{day}T{clock}+00:00").timestamp() * 1000
    return await book(*people, (starts - running.time.now) / DAY, kind="check-in")


async def test_what_is_late_waits_for_the_end_of_quiet_hours(
    running: Running, people: People, outside: Outside
) -> None:
    await session_on(running, people, 20, "14:00")
    at(running, 19, "12:00")
    await outside.send_due()
    sent = len(outside.push.got)
    at(running, 19, "22:30")  # nobody was there to send it at six
    await outside.send_due()
    assert len(outside.push.got) == sent
    at(running, 20, "08:00")
    await outside.send_due()
    assert len(outside.push.got) == sent + 1


async def test_a_further_try_waits_and_one_that_would_come_too_late_has_failed(
    running: Running, people: People, outside: Outside
) -> None:
    await session_on(running, people, 20, "14:00")
    await session_on(running, people, 20, "07:30")
    await outside.send_due()
    outside.push.answer = lambda _message: LATER
    for clock in ("18:00", "21:45", "21:59", "22:10", "23:00"):
        at(running, 19, clock)
        await outside.send_due()
    tried = len(outside.push.got)
    outside.push.answer = lambda _message: ACCEPTED
    at(running, 20, "07:00")
    await outside.send_due()
    assert len(outside.push.got) == tried
    assert {(outcome, why) for _, outcome, why in ways(await reminders(people[1], "session"))} == {
        (None, "push-service"), (None, None), ("failed", "push-service"),
    }  # fmt: skip
    at(running, 20, "08:00")
    await outside.send_due()
    assert len(outside.push.got) == tried + 1


async def test_the_mail_behind_a_push_waits_or_goes_with_it(running: Running, people: People, outside: Outside) -> None:
    await with_mailbox(people[1])
    settings = (await people[1].http.get("/api/reminders/settings")).json()
    settings["rules"] = [{"id": settings["rules"][0]["id"], "kind": "session", "days": 1, "clock": "21:50"}]
    assert (await people[1].http.put("/api/reminders/settings", json=settings)).status_code == 200
    await session_on(running, people, 20, "14:00")
    early = await session_on(running, people, 20, "07:30")
    at(running, 19, "21:50")
    await outside.send_due()
    assert len(outside.push.got) == 2
    # Before the session at half past seven there is no time left that isn't quiet.
    (mailed,) = [one for one in await reminders(people[1], "session") if one["channel"] == "mail"]
    assert mailed["appointment"] == early["id"]
    at(running, 19, "22:06")
    await outside.send_due()
    assert len(outside.mail.got) == 1
    at(running, 20, "08:00")
    await outside.send_due()
    assert len(outside.mail.got) == 2


async def test_quiet_hours_that_are_chosen_hold_for_what_is_due_already(
    running: Running, people: People, outside: Outside
) -> None:
    running.time.move(MINUTE)
    await session_on(running, people, 20, "14:00")
    settings = (await people[1].http.get("/api/reminders/settings")).json()
    settings["quiet"] = {"start": "11:00", "to": "13:00"}
    assert (await people[1].http.put("/api/reminders/settings", json=settings)).status_code == 200
    await outside.send_due()
    assert outside.push.got == []
    running.time.move(2 * HOUR)
    await outside.send_due()
    assert [notice["title"] for notice in outside.push.notices] == ["Your calendar changed"]


async def test_quiet_hours_that_are_chosen_while_a_worker_has_it_in_hand_hold_for_it(
    running: Running, people: People, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    await session_on(running, people, 20, "14:00")
    settings = (await people[1].http.get("/api/reminders/settings")).json()
    settings["quiet"] = {"start": "11:00", "to": "13:00"}

    async def known(*args: Any) -> Any:
        found = await context.known(*args)
        monkeypatch.setattr(dispatcher, "known", context.known)
        await people[1].http.put("/api/reminders/settings", json=settings)
        return found

    monkeypatch.setattr(dispatcher, "known", known)
    await outside.send_due()
    assert outside.push.got == []
    running.time.move(2 * HOUR)
    await outside.send_due()
    assert len(outside.push.got) == 1


async def test_a_test_comes_when_it_is_asked_for(running: Running, people: People, outside: Outside) -> None:
    at(running, 19, "23:00")
    assert (await people[1].http.post("/api/reminders/test")).status_code == 200
    await outside.send_due()
    assert len(outside.push.got) == 1
