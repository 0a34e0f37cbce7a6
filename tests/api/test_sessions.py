"""Sessions begin and end with what opens the account."""

import asyncio
import os

import pytest

from server import database
from server.accounts import keys, sessions
from server.accounts.errors import WrongProof
from tests.api.people import Person, begin
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
