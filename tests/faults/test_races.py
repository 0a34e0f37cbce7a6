"""Requests that cross: each test holds one of them between its check and its write while the other runs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from server import database
from server.care import relations
from server.records import saving
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.conftest import Running


class Gate:
    """Holds whoever comes through first until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    def after(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def gated(*args: Any, **kwargs: Any) -> Any:
            result = await function(*args, **kwargs)
            if not self.reached.is_set():
                self.reached.set()
                await self.opened.wait()
            return result

        return gated


async def test_a_share_that_crosses_the_end_of_the_relation_doesnt_stay_open(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    gate, record = Gate(), uuid4()
    monkeypatch.setattr(saving, "active_partners", gate.after(relations.active_partners))
    share = asyncio.create_task(patient.put(record, patient.revision(record, grants=[(therapist, 1)])))
    await gate.reached.wait()
    end = asyncio.create_task(patient.http.post(f"/api/relations/{therapist.id}/end", json={"now": True}))
    await asyncio.wait([end], timeout=0.5)
    gate.opened.set()

    assert (await share).status_code == 200
    assert (await end).status_code == 204
    assert (await therapist.http.get(f"/api/records/{record}")).status_code == 404
    assert await therapist.sees(record) == "gone"


async def test_the_same_first_share_sent_several_times_at_once_is_one_revision(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    for _ in range(5):
        record = uuid4()
        save = patient.revision(record, grants=[(therapist, 1)])
        answers = await asyncio.gather(*(patient.put(record, save) for _ in range(3)))
        assert [answer.status_code for answer in answers] == [200, 200, 200], [answer.text for answer in answers]
        assert len({answer.text for answer in answers}) == 1


async def test_two_changes_of_passphrase_at_once_leave_one_slot(running: Running) -> None:
    therapist = await begin(running)
    for _ in range(3):
        salt = (await therapist.http.post("/api/salt", json={"email": therapist.email})).json()["salt"]
        slots = [therapist.passphrase_slot(salt) for _ in range(2)]
        answers = await asyncio.gather(
            *(therapist.http.put("/api/account/slots/passphrase", json={"slot": slot}) for slot in slots)
        )
        assert [answer.status_code for answer in answers] == [204, 204]
        there = (await therapist.http.get("/api/account")).json()["slots"]
        assert sorted(slot["method"] for slot in there) == ["passphrase", "recovery"]


async def test_erasing_beside_saves_refuses_or_is_told_and_is_never_a_fault(running: Running) -> None:
    therapist = await begin(running)
    for number in range(4):
        patient = await join(therapist, f"p{number}@example.org")
        shared = await patient.save(grants=[(therapist, 1)])
        statuses = await asyncio.gather(
            share_several(patient, therapist), answer_and_read(therapist, shared, patient), erase(patient)
        )
        assert max(status for answers in statuses for status in answers) < 500, statuses
        shown = [row["record"] for row in await therapist.changes() if row["state"] == "record"]
        assert [record for record in shown if record["owner"] == str(patient.id)] == []


async def share_several(patient: Person, therapist: Person) -> list[int]:
    records = [uuid4() for _ in range(6)]
    answers = [await patient.put(record, patient.revision(record, grants=[(therapist, 1)])) for record in records]
    return [answer.status_code for answer in answers]


async def answer_and_read(therapist: Person, shared: UUID, patient: Person) -> list[int]:
    comment = uuid4()
    read = await therapist.http.post(f"/api/records/{shared}/read", json={"revision": 1})
    said = await therapist.put(comment, therapist.revision(comment, about=shared, grants=[(patient, 0)]))
    return [read.status_code, said.status_code]


async def erase(patient: Person) -> list[int]:
    return [(await patient.http.post("/api/account/erase")).status_code]


async def test_after_an_end_nobody_reads_what_others_wrote_about_it_and_nothing_new_is_shared(running: Running) -> None:
    one = await begin(running)
    other = await begin(running, "okafor@example.org")
    patient = await join(one)
    invitation, redeem = await invite(other)
    (await patient.http.post(f"/api/invitations/{invitation}/answer", json=answer_to(redeem))).raise_for_status()
    entry = await patient.save(grants=[(one, 1), (other, 1)])
    comment = await other.save(about=entry, grants=[(patient, 0), (one, 0)])
    assert await one.sees(comment) == "record"

    (await patient.http.post(f"/api/relations/{one.id}/end", json={})).raise_for_status()

    late = await patient.put(uuid4(), patient.revision(uuid4(), about=entry, grants=[(one, 0)]))
    assert late.json()["type"] == "/problems/not-a-relation"
    answered = await one.put(uuid4(), one.revision(uuid4(), about=entry, grants=[(patient, 0)]))
    assert answered.json()["type"] == "/problems/not-a-relation"
    assert await one.sees(entry) == "record"  # for filing, two weeks
    (await patient.http.post(f"/api/relations/{one.id}/end", json={"now": True})).raise_for_status()
    assert await one.sees(entry) == "gone"
    assert await one.sees(comment) == "gone"
    assert await other.sees(entry) == "record"
    again = await other.put(comment, other.revision(comment, about=entry, grants=[(patient, 0)]))
    assert again.status_code == 200


async def test_a_cursor_from_a_database_that_is_gone_is_above_the_counter(running: Running) -> None:
    therapist = await begin(running)
    await therapist.save()
    page = (await therapist.http.get("/api/changes", params={"after": 1000})).json()
    assert (page["changes"], page["counter"], page["more"]) == ([], 1, False)


@pytest.mark.parametrize("label", ["a\u0000b", "two\nlines", "end\n"])
async def test_a_label_with_control_characters_is_refused_before_anything_is_made(running: Running, label: str) -> None:
    therapist = await begin(running)
    proof = {"email": therapist.email, "method": "passphrase", "auth": b64(therapist.passphrase_auth), "bearer": True}
    assert (await therapist.http.post("/api/sign-in", json={**proof, "device": label})).status_code == 400
    devices = await database.fetch("SELECT id FROM sessions")
    assert len(devices) == 1
