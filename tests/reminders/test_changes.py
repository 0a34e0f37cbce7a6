"""What a patient is told when sessions change: once for all, and wherever a phone may still say how it was."""

import asyncio
from typing import Any

import pytest

from server.channels.push import PushMessage, PushOutcome
from server.clock import HOUR, MINUTE
from tests.api.appointments import book, book_series, in_days, move, moved, settle
from tests.api.people import Person
from tests.conftest import Running
from tests.reminders.sending import ACCEPTED, Outside, reminders, say_shown, until, ways, with_phone

People = tuple[Person, Person]


async def without_rule(person: Person, kind: str) -> None:
    """Have a person choose not to be told of something."""
    settings = (await person.http.get("/api/reminders/settings")).json()
    settings["rules"] = [rule for rule in settings["rules"] if rule["kind"] != kind]
    assert (await person.http.put("/api/reminders/settings", json=settings)).status_code == 200


def on_the_phone(outside: Outside) -> dict[str, str]:
    """What a phone shows: the last notice under each tag."""
    return {notice["tag"]: notice["body"] for notice in outside.push.notices}


async def moved_by(running: Running, therapist: Person, days: float, *sessions: dict[str, Any]) -> list[dict[str, Any]]:
    """Move sessions in one request, to so many days from now and a week apart."""
    moves = [moved(one, in_days(running, days + 7 * number)) for number, one in enumerate(sessions)]
    answer = await move(therapist, *moves)
    assert answer.status_code == 200, answer.text
    views: list[dict[str, Any]] = answer.json()
    return views


async def test_sessions_that_move_together_take_the_place_of_each_notice_that_was_there(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    first, second = await book(therapist, patient, 7), await book(therapist, patient, 14)
    await outside.send_due()
    before = on_the_phone(outside)
    assert len(before) == 2
    running.time.move(HOUR)
    await moved_by(running, therapist, 8, first, second)
    await outside.send_due()
    after = on_the_phone(outside)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    assert len(outside.push.got) == 4


async def test_a_series_that_nothing_was_said_of_is_told_of_once(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, _ = people
    series = await book_series(therapist, people[1], 4)
    await outside.send_due()
    assert len(outside.push.got) == 1
    running.time.move(HOUR)
    await moved_by(running, therapist, 9, *series)
    await outside.send_due()
    # The first one's Topic, and no more: nothing went out about the others.
    assert len(outside.push.got) == 2
    assert len(on_the_phone(outside)) == 1


async def test_who_isnt_told_of_changes_is_told_where_something_went_out(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    await without_rule(patient, "change")
    soon, later = await book(therapist, patient, 3), await book(therapist, patient, 10)
    await moved_by(running, therapist, 4, later, soon)
    await outside.send_due()
    assert outside.push.got == []
    running.time.move_days(10.3)
    await outside.send_due()  # of the second one, on the evening before
    assert await say_shown(running, outside.push.tokens[-1]) == 204
    said = on_the_phone(outside)
    assert len(said) == 1
    sessions = (await therapist.http.get("/api/appointments")).json()
    await moved_by(running, therapist, 2, *sessions)
    await outside.send_due()
    assert on_the_phone(outside).keys() == said.keys()
    assert on_the_phone(outside) != said


@pytest.mark.parametrize("went", ["accepted", "never said"])
async def test_what_is_on_its_way_when_its_session_moves_is_followed_by_how_it_is(
    running: Running, people: People, outside: Outside, went: str
) -> None:
    therapist, patient = people
    await without_rule(patient, "change")
    session = await book(therapist, patient, 1)
    running.time.move(22 * HOUR)
    reached, may_answer = asyncio.Event(), asyncio.Event()

    async def slowly(_message: PushMessage) -> PushOutcome:
        reached.set()
        await may_answer.wait()
        return ACCEPTED if went == "accepted" else PushOutcome("later", None, None, "time-out")

    outside.push.answer = slowly
    sending = asyncio.create_task(outside.send_due())
    await reached.wait()
    await moved_by(running, therapist, 0.3, session)
    may_answer.set()
    await sending
    outside.push.answer = lambda _message: ACCEPTED
    running.time.move(MINUTE)
    await outside.send_due()
    assert len({message.topic for message in outside.push.got}) == 1
    assert [notice["title"] for notice in outside.push.notices][-1] == "Your calendar changed"
    assert ways(await reminders(patient, "change")) == [("change", None, None)]


async def test_a_change_that_was_not_told_yet_gives_way_to_the_next_and_none_is_told_of_what_is_past(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    running.time.move(12 * HOUR)  # at night
    session = await book(therapist, patient, 3, kind="check-in")
    (session,) = await moved_by(running, therapist, 4, session)
    assert set(ways(await reminders(patient, "change"))) == {("change", "not-wanted", "moved"), ("change", None, None)}
    await moved_by(running, therapist, -1, session)
    running.time.move(12 * HOUR)
    await outside.send_due()
    assert outside.push.got == []
    assert {one["outcome"] for one in await reminders(patient)} == {"not-wanted"}


async def test_a_session_that_is_off_and_on_again_is_told_each_time_under_one_topic(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    session = await book(therapist, patient, 7)
    await outside.send_due()
    for outcome in ("cancelled", "reopened"):
        running.time.move(HOUR)
        session = (await settle(therapist, session, outcome)).json()
        await outside.send_due()
    bodies = [notice["body"] for notice in outside.push.notices]
    assert len({message.topic for message in outside.push.got}) == 1
    assert ["is off" in body for body in bodies] == [False, True, False]


async def erase(person: Person) -> None:
    """Have a person show who they are and close their account."""
    assert (await person.sign_in()).status_code == 200
    assert (await person.http.post("/api/account/erase")).status_code == 204


async def test_what_a_phone_shows_of_sessions_that_went_with_the_therapists_account_is_put_right(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    await book(therapist, patient, 7)
    await book(therapist, patient, 14)
    await outside.send_due()
    before = on_the_phone(outside)
    running.time.move(HOUR)
    await erase(therapist)
    await outside.send_due()
    after = on_the_phone(outside)
    assert after.keys() == before.keys()
    assert set(after.values()) == {"An appointment is off. Open the app to see why."}
    assert [notice["title"] for notice in outside.push.notices[2:]] == ["Your calendar changed"] * 2
    # Where an appointment isn't any more there is nothing to confirm.
    assert [[action["action"] for action in notice["actions"]] for notice in outside.push.notices[2:]] == [["open"]] * 2


async def test_reminders_of_sessions_that_went_with_the_therapists_account_are_accounted_for(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    await book(therapist, patient, 7)
    await outside.send_due()
    await erase(therapist)
    settled = [one for one in ways(await reminders(patient)) if one[1] is not None]
    assert set(settled) == {(kind, "not-wanted", "account-closed") for kind in ("session", "next-morning", "change")}
    await outside.send_due()
    assert await say_shown(running, outside.push.tokens[-1]) == 204
    running.time.move_days(20)
    await outside.send_due()
    assert len(outside.push.got) == 2
    assert ("change", "delivered", None) in ways(await reminders(patient, "change"))


async def test_a_notice_that_sessions_are_gone_outlives_what_is_planned_anew_meanwhile(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    await book(therapist, patient, 7)
    await erase(therapist)
    await without_rule(patient, "session")
    await outside.send_due()
    assert [notice["body"] for notice in outside.push.notices] == ["An appointment is off. Open the app to see why."]


async def test_who_isnt_told_of_changes_hears_of_gone_sessions_only_where_something_went_out(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    await without_rule(patient, "change")
    first = await book(therapist, patient, 7)
    await book(therapist, patient, 14)
    until(running, first, 2 * HOUR)
    await outside.send_due()
    before = on_the_phone(outside)
    await erase(therapist)
    await outside.send_due()
    assert on_the_phone(outside) == dict.fromkeys(before, "An appointment is off. Open the app to see why.")
    assert len(before) == 1


async def test_a_therapist_is_reminded_no_more_of_who_has_closed_their_account(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    await with_phone(therapist)
    await book(therapist, patient, 2)
    await erase(patient)
    running.time.move_days(1)
    await outside.send_due()
    assert outside.push.got == []
    assert (await therapist.http.get("/api/reminders/unreachable")).json() == []
    assert {one["why"] for one in await reminders(therapist) if one["outcome"] is not None} <= {"nothing-new"}
