"""Appointments as people make them over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.api.people import Person, begin, join
from tests.conftest import Running

ZONE = "Europe/Madrid"


async def pair(running: Running) -> tuple[Person, Person]:
    """A therapist and a patient who work together."""
    therapist = await begin(running)
    return therapist, await join(therapist)


def in_days(running: Running, days: float) -> str:
    """What the wall shows in Madrid (an hour before UTC in winter) so many days from now."""
    then = datetime.fromtimestamp(running.time.now / 1000, UTC) + timedelta(days=days, hours=1)
    return then.strftime("%Y-%m-%dT%H:%M")


def new(patient: Person, days: float = 7, **fields: Any) -> dict[str, Any]:
    """An appointment to book, so many days from now."""
    return {
        "id": str(uuid4()), "patient": str(patient.id), "kind": "dosing", "starts": in_days(patient.running, days), "zone": ZONE,
        "minutes": 120, "series": None, "details": None, **fields,
    }  # fmt: skip


async def send(therapist: Person, *appointments: dict[str, Any]) -> httpx.Response:
    """Ask for appointments to be booked."""
    return await therapist.http.post("/api/appointments", json={"appointments": list(appointments)})


async def book(therapist: Person, patient: Person, days: float = 7, **fields: Any) -> dict[str, Any]:
    """Book one, which must work, and return how it stands."""
    answer = await send(therapist, new(patient, days, **fields))
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()[0]
    return view


async def book_series(therapist: Person, patient: Person, count: int = 3) -> list[dict[str, Any]]:
    """Book a series of sessions a week apart."""
    series = str(uuid4())
    answer = await send(therapist, *(new(patient, 7 * number, series=series) for number in range(1, count + 1)))
    assert answer.status_code == 200, answer.text
    views: list[dict[str, Any]] = answer.json()
    return views


def moved(view: dict[str, Any], starts: str, **fields: Any) -> dict[str, Any]:
    """A move of an appointment as it was seen."""
    return {"id": view["id"], "version": view["version"], "starts": starts, "zone": ZONE, "minutes": 90, **fields}


async def move(therapist: Person, *moves: dict[str, Any]) -> httpx.Response:
    """Ask for appointments to be moved."""
    return await therapist.http.post("/api/appointments/moves", json={"moves": list(moves)})


async def say(patient: Person, view: dict[str, Any], answer: str) -> httpx.Response:
    """Answer an appointment as it was seen."""
    return await patient.http.post(
        f"/api/appointments/{view['id']}/answer", json={"version": view["version"], "answer": answer}
    )


async def settle(therapist: Person, view: dict[str, Any], outcome: str) -> httpx.Response:
    """Say what became of an appointment as it was seen."""
    return await therapist.http.post(
        f"/api/appointments/{view['id']}/outcome", json={"version": view["version"], "outcome": outcome}
    )


async def listed(who: Person) -> list[dict[str, Any]]:
    """The appointments of a person."""
    views: list[dict[str, Any]] = (await who.http.get("/api/appointments")).raise_for_status().json()
    return views


async def history(who: Person, appointment: str | UUID) -> list[dict[str, Any]]:
    """What happened to an appointment, the newest first."""
    changes: list[dict[str, Any]] = (
        (await who.http.get(f"/api/appointments/{appointment}/history")).raise_for_status().json()
    )
    return changes


async def end(who: Person, other: Person) -> None:
    """End a relation."""
    (await who.http.post(f"/api/relations/{other.id}/end", json={})).raise_for_status()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")
