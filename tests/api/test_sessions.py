"""Sessions begin and end with what opens the account."""

import asyncio
import os
from uuid import uuid4

import pytest

from server import database
from server.accounts import keys, sessions
from server.accounts.errors import WrongProof
from server.clock import MINUTE
from tests.api.authenticator import Authenticator
from tests.api.passkeys import add, sign_in
from tests.api.people import Person, b64, begin, join
from tests.conftest import Running


async def new_passphrase(person: Person) -> None:
    """Replace the passphrase, as the person's own device does."""
    salt = (await person.http.post("/api/salt", json={"email": person.email})).json()["salt"]
    person.passphrase_auth = os.urandom(32)
    answer = await person.http.put("/api/account/slots/passphrase", json={"slot": person.passphrase_slot(salt)})
    assert answer.status_code == 204, answer.text


async def test_a_sign_in_proved_just_before_a_change_of_passphrase_starts_no_session_after_it(running: Running) -> None:
    therapist = await begin(running)
    former = therapist.passphrase_auth
    account = await keys.prove(therapist.email, "passphrase", former)

    await new_passphrase(therapist)

    with pytest.raises(WrongProof):
        await sessions.start_proved_session(account, "late", running.time.now, method="passphrase", auth=former)
    assert len((await therapist.http.get("/api/devices")).json()) == 1


async def test_a_session_does_not_start_while_the_passphrase_is_being_changed(running: Running) -> None:
    therapist = await begin(running)
    late = sessions.start_proved_session(
        therapist.id, "late", running.time.now, method="passphrase", auth=therapist.passphrase_auth
    )
    async with database.transaction():
        await database.fetch("DELETE FROM key_slots WHERE account = $1 AND method = 'passphrase'", therapist.id)
        starting = asyncio.create_task(late)
        done, _ = await asyncio.wait([starting], timeout=0.3)
        assert not done
    with pytest.raises(WrongProof):
        await starting


async def test_a_slot_of_another_method_than_its_address_does_not_fit(running: Running) -> None:
    therapist = await begin(running)
    salt = (await therapist.http.post("/api/salt", json={"email": therapist.email})).json()["salt"]
    answer = await therapist.http.put("/api/account/slots/recovery", json={"slot": therapist.passphrase_slot(salt)})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "malformed-keys")


async def test_devices_are_listed_with_the_way_they_got_in(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    view = (await add(therapist, device, name="Blue key")).json()
    by_kit = Person(running, therapist.email)
    await by_kit.sign_in(method="recovery", auth=therapist.kit_auth)
    running.time.move(MINUTE)
    (await sign_in(running, device)).raise_for_status()

    async def ways() -> list[tuple[str | None, str | None]]:
        listed = (await therapist.http.get("/api/devices")).json()
        return sorted((one["method"], one["passkey"]) for one in listed)

    assert await ways() == [("passkey", "Blue key"), ("passphrase", None), ("recovery", None)]
    await therapist.http.put(f"/api/passkeys/{view['id']}/name", json={"name": "Green key"})
    assert ("passkey", "Green key") in await ways()
    await therapist.http.delete(f"/api/passkeys/{view['id']}")
    # What it had signed in went with it.
    assert await ways() == [("passphrase", None), ("recovery", None)]


async def test_a_device_has_the_name_that_its_person_gives_it(running: Running) -> None:
    therapist = await begin(running)
    other = Person(running, therapist.email)
    await other.sign_in(auth=therapist.passphrase_auth)
    (there,) = [one for one in (await therapist.http.get("/api/devices")).json() if not one["current"]]
    named = await therapist.http.put(f"/api/devices/{there['id']}/name", json={"name": "Kitchen tablet"})
    assert named.status_code == 204
    (here,) = [one for one in (await other.http.get("/api/devices")).json() if one["current"]]
    assert (here["label"], here["created"], here["seen"]) == ("Kitchen tablet", there["created"], there["seen"])
    stranger = await join(therapist)
    for who, path in ((stranger, there["id"]), (therapist, uuid4())):
        answer = await who.http.put(f"/api/devices/{path}/name", json={"name": "Mine"})
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_all_others_are_signed_out_at_once_after_a_fresh_proof(running: Running) -> None:
    therapist = await begin(running)
    others = [Person(running, therapist.email) for _ in range(3)]
    for other in others:
        await other.sign_in(auth=therapist.passphrase_auth)
    patient = await join(therapist)
    running.time.move(6 * MINUTE)
    refused = await therapist.http.delete("/api/devices")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/prove-again")
    proof = {"method": "passphrase", "auth": b64(therapist.passphrase_auth)}
    assert (await therapist.http.post("/api/account/proof", json=proof)).status_code == 204
    assert (await therapist.http.delete("/api/devices")).status_code == 204
    for other in others:
        assert (await other.http.get("/api/account")).status_code == 401
    assert [one["current"] for one in (await therapist.http.get("/api/devices")).json()] == [True]
    assert (await patient.http.get("/api/account")).status_code == 200
