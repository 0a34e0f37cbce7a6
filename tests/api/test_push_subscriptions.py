"""Devices that take pushes: what a browser says at each start, what outcomes show, what a person sees, on both engines."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from server import database
from server.channels.subscriptions import note_outcomes, note_shown, subscriptions_of
from server.clock import DAY, HOUR
from tests.api.appointments import refusal
from tests.api.people import Person, begin, join
from tests.api.pushes import Browser, say_subscribed, subscribe
from tests.conftest import Running


async def own(who: Person) -> dict[str, Any] | None:
    """How the subscription of a person's device stands."""
    answer = (await who.http.get("/api/push/subscription")).raise_for_status()
    stands: dict[str, Any] | None = answer.json()["subscription"]
    return stands


async def devices(who: Person) -> list[dict[str, Any]]:
    """The devices that a person is shown."""
    listed: list[dict[str, Any]] = (await who.http.get("/api/push/devices")).raise_for_status().json()
    return listed


async def kept(who: Person) -> UUID:
    """The id of the one running subscription of an account."""
    (one,) = (await subscriptions_of([who.id]))[who.id]
    return one.id


async def another_device(who: Person) -> Person:
    """The same account, signed in on a device more."""
    other = Person(who.running, who.email)
    other.id, other.passphrase_auth = who.id, who.passphrase_auth
    (await other.sign_in()).raise_for_status()
    return other


# What a browser says


async def test_a_device_that_subscribed_is_not_shown_to_work_before_it_has_shown_something(running: Running) -> None:
    patient = await join(await begin(running))
    assert await own(patient) is None
    assert await devices(patient) == []

    stands = await subscribe(patient)

    assert stands["state"] == "not-shown-yet"
    assert await own(patient) == stands
    await note_outcomes([await kept(patient)], [], [], running.time.now)
    assert (await own(patient) or {})["state"] == "not-shown-yet"  # taken by the push service isn't shown by the phone
    await note_shown(await kept(patient), running.time.now)
    assert (await own(patient) or {})["state"] == "works"


async def test_the_same_subscription_said_again_is_compared_and_stays(running: Running) -> None:
    patient, browser = await join(await begin(running)), Browser()
    first = await subscribe(patient, browser)
    before = await kept(patient)
    running.time.move(HOUR)
    assert await subscribe(patient, browser) == first
    assert await kept(patient) == before
    (row,) = await database.fetch("SELECT created_at, checked_at FROM push_subscriptions")
    assert (row["created_at"], row["checked_at"]) == (running.time.now - HOUR, running.time.now)


@pytest.mark.parametrize("changed", ["endpoint", "keys", "auth"])
async def test_another_subscription_takes_the_place_of_the_one_before(running: Running, changed: str) -> None:
    patient, before = await join(await begin(running)), Browser()
    await subscribe(patient, before)
    old = await kept(patient)
    await note_shown(old, running.time.now)
    after = {
        "endpoint": Browser(private_key=before.private_key, auth=before.auth),
        "keys": Browser(endpoint=before.endpoint, auth=before.auth),
        "auth": Browser(endpoint=before.endpoint, private_key=before.private_key),
    }[changed]

    stands = await subscribe(patient, after)

    assert stands["state"] == "not-shown-yet"
    (one,) = (await subscriptions_of([patient.id]))[patient.id]
    assert (one.endpoint, one.p256dh, one.auth) == (after.endpoint, after.p256dh, after.auth)
    assert one.service == "fcm.googleapis.com"
    # What is said of the one before, late, isn't said of this one.
    await note_outcomes([], [old], [], running.time.now)
    await note_shown(old, running.time.now)
    assert (await own(patient) or {})["state"] == "not-shown-yet"


async def test_a_browser_that_somebody_else_signed_in_with_reminds_them_and_nobody_else(running: Running) -> None:
    therapist, browser = await begin(running), Browser()
    ana, lena = await join(therapist), await join(therapist, "lena@example.org")
    await subscribe(ana, browser)
    await subscribe(lena, browser)
    assert set(await subscriptions_of([ana.id, lena.id])) == {lena.id}
    stands = await own(ana) or {}
    assert (stands["state"], stands["why"]) == ("ended", "replaced")
    left = await database.fetch("SELECT endpoint, p256dh, auth FROM push_subscriptions WHERE account = $1", ana.id)
    assert [(row["endpoint"], bytes(row["p256dh"]), bytes(row["auth"])) for row in left] == [("", b"", b"")]
    await subscribe(ana, Browser())
    assert set(await subscriptions_of([ana.id, lena.id])) == {ana.id, lena.id}


async def test_a_second_sign_in_in_the_same_browser_has_it_alone(running: Running) -> None:
    patient, browser = await join(await begin(running)), Browser()
    await subscribe(patient, browser)
    running.time.move(HOUR)
    again = await another_device(patient)
    await subscribe(again, browser)
    assert len((await subscriptions_of([patient.id]))[patient.id]) == 1
    assert [(d["current"], d["subscription"]["state"]) for d in await devices(again)] == [
        (True, "not-shown-yet"),
        (False, "ended"),
    ]


async def test_a_push_address_of_no_allowed_service_is_refused_and_the_one_before_stays(running: Running) -> None:
    patient, browser = await join(await begin(running)), Browser()
    await subscribe(patient, browser)
    evil = Browser(endpoint="https://evil.example/push")
    assert refusal(await say_subscribed(patient, evil)) == (422, "unknown-push-service")
    off_the_curve = {**Browser().subscription, "p256dh": "BA" + "A" * 85 + "="}
    answer = await patient.http.put("/api/push/subscription", json=off_the_curve)
    assert refusal(answer) == (422, "malformed-subscription")
    assert [one.endpoint for one in (await subscriptions_of([patient.id]))[patient.id]] == [browser.endpoint]


async def test_a_subscription_ends_with_its_device(running: Running) -> None:
    patient = await join(await begin(running))
    other = await another_device(patient)
    for one in (patient, other):
        await subscribe(one)
    assert len((await subscriptions_of([patient.id]))[patient.id]) == 2
    assert (await other.http.delete("/api/push/subscription")).status_code == 204
    assert await own(other) is None
    assert len((await subscriptions_of([patient.id]))[patient.id]) == 1
    (await patient.http.post("/api/sign-out")).raise_for_status()
    assert await subscriptions_of([patient.id]) == {}


async def test_nothing_of_an_erased_account_is_left(running: Running) -> None:
    patient = await join(await begin(running))
    await subscribe(patient)
    (await patient.http.put("/api/mail", json={"wanted": True})).raise_for_status()
    (await patient.http.post("/api/account/erase")).raise_for_status()
    for table in ("push_subscriptions", "mailboxes", "mail_tokens"):
        assert await database.fetch(f"SELECT account FROM {table}") == []


# Limits


async def test_comparing_is_free_and_changing_is_so_often_an_hour(running: Running) -> None:
    patient, browser = await join(await begin(running)), Browser()
    other = await another_device(patient)
    for number in range(20):
        await subscribe(patient if number % 2 else other, Browser())
    answer = await say_subscribed(patient, browser)
    assert refusal(answer) == (429, "slow-down")
    assert 1 <= int(answer.headers["retry-after"]) <= 3_600
    running.time.move(HOUR)
    await subscribe(patient, browser)
    for _ in range(40):
        await subscribe(patient, browser)


async def test_one_persons_changes_leave_anothers_alone(running: Running) -> None:
    therapist = await begin(running)
    ana, lena = await join(therapist), await join(therapist, "lena@example.org")
    codes = [(await say_subscribed(ana, Browser())).status_code for _ in range(22)]
    assert codes == [200] * 20 + [429] * 2
    await subscribe(lena)


# What outcomes show


async def test_a_subscription_that_the_push_service_does_not_know_any_more_ends_until_the_device_has_another(
    running: Running,
) -> None:
    patient, browser = await join(await begin(running)), Browser()
    await subscribe(patient, browser)
    await note_outcomes([], [await kept(patient)], [], running.time.now)
    assert await subscriptions_of([patient.id]) == {}
    for stands in (await own(patient) or {}, await subscribe(patient, browser)):  # the browser doesn't know yet
        assert (stands["state"], stands["why"]) == ("ended", "gone")
    assert await subscriptions_of([patient.id]) == {}
    assert (await subscribe(patient, Browser()))["state"] == "not-shown-yet"
    assert len(await subscriptions_of([patient.id])) == 1


async def test_a_device_that_fails_says_so_until_a_push_goes_through_or_is_shown(running: Running) -> None:
    patient = await join(await begin(running))
    await subscribe(patient)
    one = await kept(patient)
    for mended_by in ("a push that went through", "a push that was shown"):
        began = running.time.now
        await note_outcomes([], [], [one], began)
        running.time.move(HOUR)
        await note_outcomes([], [], [one], running.time.now)
        assert (await own(patient) or {})["state"] == "failing"
        (row,) = await database.fetch("SELECT failing_since FROM push_subscriptions")
        assert row["failing_since"] == began
        assert await kept(patient) == one  # it is tried again
        if mended_by == "a push that was shown":
            await note_shown(one, running.time.now)
        else:
            await note_outcomes([one], [], [], running.time.now)
        assert (await own(patient) or {})["state"] != "failing"


async def test_outcomes_of_many_are_noted_at_once_and_what_has_ended_stays_so(running: Running) -> None:
    therapist = await begin(running)
    people = [await join(therapist, f"{name}@example.org") for name in ("ana", "lena", "joel", "mira")]
    for person in people:
        await subscribe(person)
    ok, gone, failed, refused = [await kept(person) for person in people]

    await note_outcomes([ok, uuid4()], [gone], [failed], running.time.now, refused=[refused])
    await note_outcomes([gone, refused], [refused], [gone], running.time.now + DAY)
    await note_shown(gone, running.time.now + DAY)

    stands = [await own(person) or {} for person in people]
    assert [(one["state"], one["why"]) for one in stands] == [
        ("not-shown-yet", None), ("ended", "gone"), ("failing", None), ("ended", "refused"),
    ]  # fmt: skip
    assert stands[1]["last_shown"] is None
    assert set(await subscriptions_of([person.id for person in people])) == {people[0].id, people[2].id}
    assert await subscriptions_of([]) == {}


async def test_a_person_sees_each_device_by_its_name_and_when_it_last_showed_something(running: Running) -> None:
    patient = await join(await begin(running))
    other = await another_device(patient)
    await subscribe(other)
    await subscribe(patient)
    running.time.move(DAY)
    for one in (await subscriptions_of([patient.id]))[patient.id][:1]:
        await note_shown(one.id, running.time.now)
    listed = {device["label"]: device for device in await devices(patient)}
    assert set(listed) == {"a phone", "another"}
    assert [listed[label]["current"] for label in ("a phone", "another")] == [True, False]
    shown = [device["subscription"] for device in listed.values() if device["subscription"]["last_shown"]]
    assert [(one["state"], one["last_shown"][:10], one["since"][:10]) for one in shown] == [
        ("works", "2026-11-19", "2026-11-18")
    ]
    therapist = await begin(running, "other@example.org")
    assert await devices(therapist) == []
