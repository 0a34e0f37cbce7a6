"""Booking, moving, answering, what became of it, and what both sides see of it, on both engines."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from server import database
from server.web.live import live
from tests.api.appointments import (
    ZONE,
    book,
    book_series,
    end,
    history,
    in_days,
    listed,
    move,
    moved,
    new,
    pair,
    refusal,
    say,
    send,
    settle,
)
from tests.api.people import Person, answer_to, begin, invite, join
from tests.api.test_records import mentions
from tests.conftest import Running

# Booking


async def test_what_is_booked_stands_alike_in_both_lists(running: Running) -> None:
    therapist, patient = await pair(running)
    details, series = str(uuid4()), str(uuid4())

    booked = await book(therapist, patient, starts="2027-03-28T02:30", details=details, series=series)

    assert await listed(therapist) == await listed(patient) == [booked]
    practice = (await therapist.http.get("/api/practices")).json()[0]["id"]
    assert booked == {
        "id": booked["id"], "therapist": str(therapist.id), "patient": str(patient.id), "practice": practice, "kind": "dosing",
        "starts": "2027-03-28T02:30", "zone": ZONE, "starts_at": "2027-03-28T01:30:00Z", "minutes": 120, "state": "proposed",
        "series": series, "details": details, "version": 1, "changed": booked["changed"],
    }  # fmt: skip


async def test_a_series_is_booked_whole_or_not_at_all(running: Running) -> None:
    therapist, patient = await pair(running)
    stranger = await join(await begin(running, "okafor@example.org"), "joel@example.org")

    refused = await send(therapist, new(patient), new(stranger))

    assert refusal(refused) == (422, "not-a-relation")
    assert await listed(therapist) == []
    booked = await book_series(therapist, patient, 60)
    assert await listed(patient) == booked
    assert len({view["series"] for view in booked}) == 1


async def test_the_same_booking_sent_again_books_once_and_is_answered_alike(running: Running) -> None:
    therapist, patient = await pair(running)
    first, second, third = (new(patient, days) for days in (1, 2, 3))
    answered = await send(therapist, first, second)
    running.time.move(5000)

    assert (await send(therapist, first, second)).text == answered.text
    assert [view["id"] for view in (await send(therapist, third, first)).json()] == [third["id"], first["id"]]
    assert len(await history(therapist, first["id"])) == 1


async def test_the_same_booking_sent_several_times_at_once_books_once(running: Running) -> None:
    therapist, patient = await pair(running)
    for _ in range(5):
        series = [new(patient, days) for days in (1, 2, 3)]
        answers = await asyncio.gather(
            send(therapist, *series), send(therapist, *series[::-1]), send(therapist, *series)
        )
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert [len(await history(therapist, one["id"])) for one in series] == [1, 1, 1]


async def test_an_id_that_stands_for_another_appointment_is_refused_without_a_word_of_that_one(
    running: Running,
) -> None:
    therapist, patient = await pair(running)
    other = await begin(running, "okafor@example.org")
    others_patient = await join(other, "joel@example.org")
    foreign, changed = new(others_patient), new(patient)
    (await send(other, foreign)).raise_for_status()
    booked = (await send(therapist, changed)).json()[0]

    (await say(patient, booked, "confirm")).raise_for_status()

    answers = [
        await send(therapist, new(patient), {**foreign, "patient": str(patient.id)}),
        await send(therapist, new(patient), changed),
        await send(therapist, {**changed, "minutes": 60}),
    ]
    assert {refusal(answer) for answer in answers} == {(409, "appointment-taken")}
    assert len({answer.text for answer in answers}) == 1
    assert len(await listed(therapist)) == 1


async def test_a_session_that_was_held_is_noted_later(running: Running) -> None:
    therapist, patient = await pair(running)
    booked = await book(therapist, patient, -2)
    assert (await settle(therapist, booked, "fulfilled")).json()["state"] == "fulfilled"


Change = Callable[[dict[str, Any]], Any]
MALFORMED: dict[str, Change] = {
    "none": lambda _: [],
    "61 at once": lambda one: [{**one, "id": str(uuid4())} for _ in range(61)],
    "an id twice": lambda one: [one, one],
    "another kind": lambda one: [{**one, "kind": "party"}],
    "4 minutes": lambda one: [{**one, "minutes": 4}],
    "more than a day": lambda one: [{**one, "minutes": 1441}],
    "seconds": lambda one: [{**one, "starts": one["starts"] + ":00"}],
    "an instant": lambda one: [{**one, "starts": one["starts"] + "Z"}],
    "a line end": lambda one: [{**one, "starts": one["starts"] + "\n"}],
    "a zone with blanks": lambda one: [{**one, "zone": "Europe / Madrid"}],
}


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_booking_in_another_form_is_malformed(running: Running, what: str) -> None:
    therapist, patient = await pair(running)
    answer = await send(therapist, *MALFORMED[what](new(patient)))
    assert refusal(answer) == (400, "malformed")
    assert await listed(therapist) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"starts": "2026-02-30T12:00"}, "no-such-time"),
        ({"starts": "1999-12-31T23:59"}, "no-such-time"),
        ({"starts": "2101-01-01T00:00"}, "no-such-time"),
        ({"zone": "Nowhere/Shore"}, "unknown-time-zone"),
    ],
)
async def test_a_time_that_doesnt_exist_is_neither_booked_nor_moved_to(
    running: Running, fields: dict[str, Any], code: str
) -> None:
    therapist, patient = await pair(running)
    booked = await book(therapist, patient)
    assert refusal(await send(therapist, new(patient), new(patient, **fields))) == (422, code)
    assert refusal(await move(therapist, {**moved(booked, in_days(running, 8)), **fields})) == (422, code)
    assert await listed(therapist) == [booked]


# Lists


async def test_a_list_begins_13_months_ago_in_order_of_start(running: Running) -> None:
    therapist, patient = await pair(running)
    for days in (3, -395, -397, -1, 400):
        await book(therapist, patient, days)
    starts = [view["starts"] for view in await listed(patient)]
    assert starts == [in_days(running, days) for days in (-395, -1, 3, 400)]


async def test_each_sees_only_their_own(running: Running) -> None:
    therapist, patient = await pair(running)
    lena = await join(therapist, "lena@example.org")
    other = await begin(running, "okafor@example.org")
    anas, lenas = await book(therapist, patient, 1), await book(therapist, lena, 2)
    assert await listed(therapist) == [anas, lenas]
    assert (await listed(patient), await listed(lena), await listed(other)) == ([anas], [lenas], [])


async def test_nothing_new_is_one_statement_and_no_body(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    therapist, patient = await pair(running)
    booked = await book(therapist, patient)
    known = (await patient.http.get("/api/appointments")).headers["etag"]
    asked: list[str] = []
    ask = database.engine().ask

    async def counting(sql: str, args: Any) -> Any:
        asked.append(sql)
        return await ask(sql, args)

    monkeypatch.setattr(database.engine(), "ask", counting)
    for said in (known, f"W/{known}", f'"other", {known}', "*"):
        asked.clear()
        answer = await patient.http.get("/api/appointments", headers={"If-None-Match": said})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", known)
        assert answer.headers["cache-control"] == "no-store"
        assert [sql for sql in asked if "sessions" not in sql] == [sql for sql in asked if "appointments" in sql]
        assert len(asked) == 2  # the session's look-up, and the list

    (await say(patient, booked, "confirm")).raise_for_status()
    answer = await patient.http.get("/api/appointments", headers={"If-None-Match": known})
    assert answer.status_code == 200
    assert answer.json()[0]["state"] == "confirmed"
    assert answer.headers["etag"] != known


async def test_each_format_has_an_etag_of_its_own(running: Running) -> None:
    therapist, patient = await pair(running)
    await book(therapist, patient)
    packed = await patient.http.get("/api/appointments", headers={"Accept": "application/x-msgpack"})
    plain = await patient.http.get("/api/appointments", headers={"If-None-Match": packed.headers["etag"]})
    assert packed.headers["content-type"] == "application/x-msgpack"
    assert (plain.status_code, plain.headers["vary"]) == (200, "Accept")


async def test_both_sides_are_told_of_every_change(running: Running) -> None:
    therapist, patient = await pair(running)
    view = await book(therapist, patient)
    streams = [live.listen(who.id, uuid4()) for who in (therapist, patient)]

    async def is_told(change: Awaitable[Any]) -> Any:
        answer = await change
        assert [await stream.wait(0.2) for stream in streams] == [True, True]
        assert [await stream.wait(0.01) for stream in streams] == [False, False]
        return answer

    (again,) = (await is_told(move(therapist, moved(view, in_days(running, 9))))).json()
    confirmed = (await is_told(say(patient, again, "confirm"))).json()
    await is_told(settle(therapist, confirmed, "cancelled"))
    await is_told(book(therapist, patient))
    await is_told(end(patient, therapist))
    await say(patient, again, "confirm")  # sent again: nothing has changed
    assert [await stream.wait(0.01) for stream in streams] == [False, False]
    for stream in streams:
        live.leave(stream)


# Moving


async def test_the_rest_of_a_series_is_moved_whole_and_is_proposed_again(running: Running) -> None:
    therapist, patient = await pair(running)
    first, second, third = await book_series(therapist, patient)
    second = (await say(patient, second, "confirm")).json()

    answer = await move(therapist, moved(third, in_days(running, 22)), moved(second, in_days(running, 15)))

    assert [view["id"] for view in answer.json()] == [third["id"], second["id"]]
    there = await listed(patient)
    assert there[0] == first
    assert [(view["starts"], view["minutes"], view["state"]) for view in there[1:]] == [
        (in_days(running, 15), 90, "proposed"),
        (in_days(running, 22), 90, "proposed"),
    ]
    assert there[1]["version"] == 3
    assert there[1]["series"] == second["series"]


async def test_one_stale_move_stops_all_and_says_where_that_appointment_stands(running: Running) -> None:
    therapist, patient = await pair(running)
    first, second, third = await book_series(therapist, patient)
    confirmed = (await say(patient, second, "confirm")).json()

    answer = await move(therapist, *(moved(view, in_days(running, 30)) for view in (first, second, third)))

    assert refusal(answer) == (409, "stale")
    assert answer.json()["current"] == confirmed
    assert await listed(therapist) == [first, confirmed, third]


async def test_a_move_sent_again_moves_once_even_if_it_was_answered_meanwhile(running: Running) -> None:
    therapist, patient = await pair(running)
    view = await book(therapist, patient)
    again = moved(view, in_days(running, 9))
    first = await move(therapist, again)
    assert (await move(therapist, again)).text == first.text
    confirmed = (await say(patient, first.json()[0], "confirm")).json()

    assert (await move(therapist, again)).json() == [confirmed]
    assert refusal(await move(therapist, {**again, "minutes": 30})) == (409, "stale")
    assert [change["what"] for change in await history(patient, view["id"])] == ["confirmed", "moved", "booked"]


@pytest.mark.parametrize("outcome", ["cancelled", "fulfilled", "missed"])
async def test_what_is_over_isnt_moved(running: Running, outcome: str) -> None:
    therapist, patient = await pair(running)
    ahead, over = await book(therapist, patient, 1), await book(therapist, patient, -1)
    over = (await settle(therapist, over, outcome)).json()

    answer = await move(therapist, moved(ahead, in_days(running, 2)), moved(over, in_days(running, 3)))

    assert refusal(answer) == (409, "wrong-state")
    assert answer.json()["current"] == over
    assert await listed(therapist) == [over, ahead]
    assert refusal(await say(patient, over, "confirm")) == (409, "wrong-state")


async def test_moves_of_an_appointment_that_isnt_there_or_is_named_twice_are_refused(running: Running) -> None:
    therapist, patient = await pair(running)
    view = await book(therapist, patient)
    mine = moved(view, in_days(running, 9))
    assert refusal(await move(therapist, mine, {**mine, "id": str(uuid4())})) == (404, "not-found")
    assert refusal(await move(therapist, mine, mine)) == (400, "malformed")
    assert refusal(await move(therapist)) == (400, "malformed")
    assert await listed(therapist) == [view]


# Answers


async def test_a_patient_confirms_or_asks_for_another_time_and_may_change_their_mind(running: Running) -> None:
    therapist, patient = await pair(running)
    view = await book(therapist, patient)
    states = []
    for answer in ("confirm", "ask-for-another-time", "confirm"):
        view = (await say(patient, view, answer)).json()
        states.append(view["state"])
    assert states == ["confirmed", "change-requested", "confirmed"]
    assert await listed(therapist) == [view]
    assert [(change["what"], change["by"]) for change in await history(therapist, view["id"])] == [
        ("confirmed", str(patient.id)), ("change-requested", str(patient.id)), ("confirmed", str(patient.id)),
        ("booked", str(therapist.id)),
    ]  # fmt: skip


async def test_the_same_answer_to_the_same_version_counts_once(running: Running) -> None:
    therapist, patient = await pair(running)
    view = await book(therapist, patient)
    first = await say(patient, view, "confirm")
    assert (await say(patient, view, "confirm")).text == first.text
    assert (await say(patient, first.json(), "confirm")).text == first.text

    asked = await say(patient, first.json(), "ask-for-another-time")
    late = await say(patient, view, "confirm")  # the first one, a second time, when it isn't what they want any more

    assert late.text == asked.text
    assert len(await history(patient, view["id"])) == 3


async def test_an_answer_from_another_device_to_the_same_time_counts(running: Running) -> None:
    therapist, patient = await pair(running)
    view = await book(therapist, patient)
    (await say(patient, view, "confirm")).raise_for_status()
    assert (await say(patient, view, "ask-for-another-time")).json()["state"] == "change-requested"


@pytest.mark.parametrize("answered_before", [False, True])
async def test_nobody_confirms_a_time_that_they_havent_seen(running: Running, *, answered_before: bool) -> None:
    therapist, patient = await pair(running)
    seen = await book(therapist, patient)
    present = (await say(patient, seen, "confirm")).json() if answered_before else seen
    (there,) = (await move(therapist, moved(present, in_days(running, 9)))).json()

    for view in (seen, {**there, "version": there["version"] + 1}):
        answer = await say(patient, view, "confirm")
        assert refusal(answer) == (409, "stale")
        assert answer.json()["current"] == there
    assert (await say(patient, there, "confirm")).json()["state"] == "confirmed"


async def test_what_has_begun_isnt_answered_but_an_answer_sent_again_doesnt_fail(running: Running) -> None:
    therapist, patient = await pair(running)
    answered, silent = await book(therapist, patient, 1), await book(therapist, patient, 1)
    confirmed = (await say(patient, answered, "confirm")).json()
    running.time.move_days(1)
    assert (await say(patient, answered, "confirm")).json() == confirmed
    assert refusal(await say(patient, silent, "confirm")) == (409, "already-begun")
    assert refusal(await say(patient, answered, "ask-for-another-time")) == (409, "already-begun")


# Outcomes


async def test_only_what_has_begun_was_held_or_missed(running: Running) -> None:
    therapist, patient = await pair(running)
    held, missed = await book(therapist, patient, 1), await book(therapist, patient, 1)
    assert refusal(await settle(therapist, held, "fulfilled")) == (409, "not-begun")
    assert refusal(await settle(therapist, missed, "missed")) == (409, "not-begun")
    running.time.move_days(1)
    assert (await settle(therapist, held, "fulfilled")).json()["state"] == "fulfilled"
    assert (await settle(therapist, missed, "missed")).json()["state"] == "missed"


@pytest.mark.parametrize("outcome", ["cancelled", "fulfilled", "missed"])
async def test_a_slip_is_undone(running: Running, outcome: str) -> None:
    therapist, patient = await pair(running)
    view = await book(therapist, patient, -1)
    over = (await settle(therapist, view, outcome)).json()
    other = "missed" if outcome == "fulfilled" else "fulfilled"
    assert refusal(await settle(therapist, over, other)) == (409, "wrong-state")

    again = (await settle(therapist, over, "reopened")).json()

    assert (again["state"], again["version"]) == ("proposed", 3)
    assert (await settle(therapist, over, "reopened")).json() == again  # sent again
    assert (await settle(therapist, view, outcome)).json() == again  # the first one, a second time
    assert refusal(await settle(therapist, again, "reopened")) == (409, "wrong-state")
    stale = await settle(therapist, view, other)
    assert (refusal(stale), stale.json()["current"]) == ((409, "stale"), again)
    assert [change["state"] for change in await history(patient, view["id"])] == ["proposed", outcome, "proposed"]


# Ends


async def end_by(who: str, therapist: Person, patient: Person) -> Person:
    one, other = (therapist, patient) if who == "therapist" else (patient, therapist)
    await end(one, other)
    return one


@pytest.mark.parametrize("who", ["therapist", "patient"])
async def test_the_end_of_a_relation_cancels_what_lies_ahead_and_leaves_the_list(running: Running, who: str) -> None:
    therapist, patient = await pair(running)
    lena = await join(therapist, "lena@example.org")
    past, ahead, hers = [await book(therapist, p, days) for p, days in ((patient, -1), (patient, 1), (lena, 2))]
    confirmed = (await say(patient, ahead, "confirm")).json()

    ender = await end_by(who, therapist, patient)
    await end_by("therapist" if who == "patient" else "patient", therapist, patient)  # said once more: nothing changes

    there = await listed(patient)
    assert there == [past, {**confirmed, "state": "cancelled", "version": 3}]
    assert await listed(therapist) == [*there, hers]
    last = (await history(patient, ahead["id"]))[0]
    assert (last["what"], last["state"], last["by"]) == ("cancelled", "cancelled", str(ender.id))


async def test_after_the_end_nothing_new_is_booked_moved_answered_or_opened_again(running: Running) -> None:
    therapist, patient = await pair(running)
    asked = new(patient, -2)
    booked = await send(therapist, asked)
    past, soon, ahead = booked.json()[0], await book(therapist, patient, -1), await book(therapist, patient, 1)
    await end(patient, therapist)
    cancelled = (await listed(patient))[-1]

    assert refusal(await send(therapist, new(patient))) == (422, "not-a-relation")
    assert refusal(await move(therapist, moved(past, in_days(running, 3)))) == (422, "not-a-relation")
    assert refusal(await move(therapist, moved(ahead, in_days(running, 3)))) == (409, "stale")
    assert refusal(await say(patient, ahead, "confirm")) == (409, "wrong-state")
    assert refusal(await settle(therapist, cancelled, "reopened")) == (422, "not-a-relation")
    assert (await send(therapist, asked)).text == booked.text  # sent again
    # What was held before the end may still be noted, and a slip in it undone.
    missed = (await settle(therapist, soon, "missed")).json()
    assert (await settle(therapist, missed, "reopened")).json()["state"] == "proposed"


async def test_who_works_together_again_books_again(running: Running) -> None:
    therapist, patient = await pair(running)
    await book(therapist, patient, 1)
    await end(patient, therapist)
    invitation, redeem = await invite(therapist)
    (await patient.http.post(f"/api/invitations/{invitation}/answer", json=answer_to(redeem))).raise_for_status()
    cancelled = (await listed(patient))[0]
    assert (await settle(therapist, cancelled, "reopened")).json()["state"] == "proposed"
    await book(therapist, patient, 2)


@pytest.mark.parametrize("who", ["therapist", "patient"])
async def test_an_erased_accounts_appointments_go_with_it_and_the_other_side_is_told(
    running: Running, who: str
) -> None:
    therapist, patient = await pair(running)
    leaving, staying = (therapist, patient) if who == "therapist" else (patient, therapist)
    view = await book(therapist, patient)
    (await say(patient, view, "confirm")).raise_for_status()
    stream = live.listen(staying.id, uuid4())

    (await leaving.http.post("/api/account/erase")).raise_for_status()

    assert await stream.wait(0.2)
    live.leave(stream)
    assert await listed(staying) == []
    assert await mentions(leaving.id) == []
    assert await database.fetch("SELECT 1 AS one FROM appointment_changes") == []
