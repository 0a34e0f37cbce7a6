"""People whom nothing reaches: what comes again waits for a device or an address, what is about a session fails by name."""

from collections import Counter

import pytest

from server.channels import mailbox
from server.clock import HOUR
from tests.api.appointments import book, pair
from tests.api.people import Person, begin
from tests.conftest import Running
from tests.reminders.sending import GONE, Outside, books, reminders, ways, with_mailbox, with_phone


async def a_week(running: Running, outside: Outside) -> None:
    """Let a week go by, an hour at a time."""
    for _ in range(7 * 24):
        running.time.move(HOUR)
        await outside.send_due()


async def with_nudge(person: Person) -> Person:
    """Have a person choose a nudge each noon."""
    settings = (await person.http.get("/api/reminders/settings")).json()
    rule = {"id": "00000000-0000-4000-8000-00000000000a", "kind": "nudge", "clock": "12:00", "weekdays": 127}
    settings["rules"].append(rule)
    assert (await person.http.put("/api/reminders/settings", json=settings)).status_code == 200
    return person


async def test_who_has_no_way_has_no_digest_that_fails(running: Running, outside: Outside) -> None:
    therapist, patient = await pair(running)
    await with_nudge(patient)
    await a_week(running, outside)
    assert await reminders(therapist) == await reminders(patient) == []


@pytest.mark.parametrize("way", ["a device", "an address"])
async def test_a_new_way_plans_what_waited_for_one(running: Running, outside: Outside, way: str) -> None:
    therapist = await begin(running)
    if way == "a device":
        await with_phone(therapist)
    else:
        await with_mailbox(therapist)
        await mailbox.want(therapist.id, True, running.time.now)
    assert {(one["kind"], one["outcome"]) for one in await reminders(therapist)} == {("digest", None)}


async def test_an_address_brings_no_nudge_which_goes_to_devices_only(running: Running, outside: Outside) -> None:
    _, patient = await pair(running)
    await with_mailbox(await with_nudge(patient))
    await mailbox.want(patient.id, True, running.time.now)
    assert await reminders(patient) == []


async def test_the_last_device_that_is_gone_takes_what_comes_again_with_it_once(
    running: Running, outside: Outside
) -> None:
    _, patient = await pair(running)
    await with_phone(await with_nudge(patient))
    assert {one["outcome"] for one in await reminders(patient, "nudge")} == {None}
    outside.push.answer = lambda _message: GONE
    await a_week(running, outside)
    became = Counter((one["outcome"], one["why"]) for one in await reminders(patient, "nudge"))
    # What found out is failed; the next one settled all that were planned.
    assert became.pop(("failed", "no-way-to-reach")) == 1
    assert set(became) == {("not-wanted", "nowhere-to-send")}
    before = await reminders(patient)
    await a_week(running, outside)
    assert await reminders(patient) == before
    await books()

    await with_phone(patient)
    assert [one["outcome"] for one in await reminders(patient, "nudge")].count(None) >= 7


async def test_signing_out_settles_what_comes_again_without_an_attempt(running: Running, outside: Outside) -> None:
    _, patient = await pair(running)
    await with_phone(await with_nudge(patient))
    assert (await patient.http.delete("/api/push/subscription")).status_code == 204
    running.time.move(25 * HOUR)
    await outside.send_due()
    assert outside.push.got == []
    assert {why for _, _, why in ways(await reminders(patient))} == {"too-late", "nowhere-to-send"}


async def test_what_is_about_a_session_fails_by_name(running: Running, outside: Outside) -> None:
    therapist, patient = await pair(running)
    await book(therapist, patient, 2)
    await a_week(running, outside)
    assert ("failed", "no-way-to-reach") in {
        (one["outcome"], one["why"]) for one in await reminders(patient, "session")
    }
    assert (await therapist.http.get("/api/reminders/unreachable")).json()[0]["why"] == "no-device"
