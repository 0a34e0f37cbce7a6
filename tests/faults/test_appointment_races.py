"""Appointments that cross the end of a relation, an erasure, or each other: one is held between its check and its write."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import httpx
import pytest

from server import database
from server.appointments import answering, booking, changing, moving
from server.care import relations
from tests.api.appointments import book, history, in_days, listed, move, moved, new, pair, refusal, say, send, settle
from tests.api.people import Person, join
from tests.conftest import Running
from tests.faults.test_races import Gate

Asking = Coroutine[Any, Any, httpx.Response]
Crossing = Callable[[Person, Person, dict[str, Any]], Asking]


async def books(therapist: Person, patient: Person, there: dict[str, Any]) -> httpx.Response:
    return await send(therapist, new(patient, 8))


async def moves(therapist: Person, patient: Person, there: dict[str, Any]) -> httpx.Response:
    return await move(therapist, moved(there, in_days(therapist.running, 8)))


async def answers(therapist: Person, patient: Person, there: dict[str, Any]) -> httpx.Response:
    return await say(patient, there, "confirm")


async def opens_again(therapist: Person, patient: Person, there: dict[str, Any]) -> httpx.Response:
    return await settle(therapist, there, "reopened")


@pytest.mark.parametrize("crossing", [books, moves, answers, opens_again])
async def test_what_crosses_the_end_of_the_relation_is_cancelled_by_it(
    running: Running, monkeypatch: pytest.MonkeyPatch, crossing: Crossing
) -> None:
    therapist, patient = await pair(running)
    there = await book(therapist, patient)
    if crossing is opens_again:
        there = (await settle(therapist, there, "cancelled")).json()
    gate = Gate()
    for module in (booking, changing):
        monkeypatch.setattr(module, "active_partners", gate.after(relations.active_partners))
    change = asyncio.create_task(crossing(therapist, patient, there))
    await gate.reached.wait()
    end = asyncio.create_task(patient.http.post(f"/api/relations/{therapist.id}/end", json={}))
    await asyncio.wait([end], timeout=0.5)
    gate.opened.set()

    assert (await change).status_code == 200
    assert (await end).status_code == 204
    views = await listed(therapist)
    assert len(views) == (2 if crossing is books else 1)
    for view in views:
        assert view["state"] == "cancelled"
        last = (await history(patient, view["id"]))[0]
        assert (last["what"], last["by"], last["version"]) == ("cancelled", str(patient.id), view["version"])


@pytest.mark.parametrize("first", ["answer", "move"])
async def test_an_answer_that_crosses_a_move_never_confirms_the_new_time(
    running: Running, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    therapist, patient = await pair(running)
    seen = await book(therapist, patient)
    requests: dict[str, Callable[[], Asking]] = {
        "answer": lambda: say(patient, seen, "confirm"),
        "move": lambda: move(therapist, moved(seen, in_days(running, 8))),
    }
    gate = Gate()
    monkeypatch.setattr(answering if first == "answer" else moving, "hold", gate.after(changing.hold))
    one = asyncio.create_task(requests.pop(first)())
    await gate.reached.wait()
    (make,) = requests.values()
    other = asyncio.create_task(make())
    await asyncio.wait([other], timeout=0.5)
    gate.opened.set()

    assert (await one).status_code == 200
    assert refusal(await other) == (409, "stale")
    (view,) = await listed(patient)
    assert (await other).json()["current"] == view
    expected = (seen["starts"], "confirmed") if first == "answer" else (in_days(running, 8), "proposed")
    assert (view["starts"], view["state"]) == expected


async def test_of_two_appointments_under_one_id_one_is_booked(running: Running) -> None:
    therapist, patient = await pair(running)
    for _ in range(5):
        one = new(patient)
        said = await asyncio.gather(send(therapist, one), send(therapist, {**one, "minutes": 30}))
        assert sorted(answer.status_code for answer in said) == [200, 409]
        assert len(await history(therapist, one["id"])) == 1


async def test_series_moved_both_ways_at_once_are_moved_whole(running: Running) -> None:
    therapist, patient = await pair(running)
    series = [await book(therapist, patient, day) for day in range(1, 6)]
    for day in (10, 20, 30):
        series = await listed(therapist)
        there = [moved(view, in_days(running, day + number)) for number, view in enumerate(series)]
        back = [moved(view, in_days(running, day + number + 5)) for number, view in enumerate(series)][::-1]
        said = await asyncio.gather(move(therapist, *there), move(therapist, *back))
        assert sorted(answer.status_code for answer in said) == [200, 409]
        won = there if said[0].status_code == 200 else back[::-1]
        assert [view["starts"] for view in await listed(patient)] == [one["starts"] for one in won]


async def test_erasing_beside_changes_refuses_or_is_told_and_is_never_a_fault(running: Running) -> None:
    therapist, keeper = await pair(running)
    for number in range(3):
        patient = await join(therapist, f"p{number}@example.org")
        there = [await book(therapist, patient, day) for day in range(1, 4)]
        amid = asyncio.Event()
        statuses = await asyncio.gather(
            some(amid, (send(therapist, new(patient, 4), new(keeper, 4)) for _ in range(3))),
            some(amid, (move(therapist, moved(view, in_days(running, 9))) for view in there)),
            some(amid, (say(patient, view, "confirm") for view in there)),
            some(amid, [erase_amid(amid, patient)]),
        )
        assert max(status for said in statuses for status in said) < 500, statuses
        left = await database.fetch("SELECT 1 AS one FROM appointments WHERE patient = $1", patient.id)
        assert left == []
    assert {view["patient"] for view in await listed(therapist)} <= {str(keeper.id)}


async def some(answered: asyncio.Event, requests: Iterable[Asking]) -> list[int]:
    statuses = []
    for request in requests:
        statuses.append((await request).status_code)
        answered.set()
    return statuses


async def erase_amid(amid: asyncio.Event, patient: Person) -> httpx.Response:
    await amid.wait()
    return await patient.http.post("/api/account/erase")
