"""The ways in change, and every signed-in device hears of it; what a passkey opened ends with it."""

import asyncio
import base64
import hashlib
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor, parse_cbor

from server import database
from server.accounts.passkeys import MOST_PASSKEYS
from tests.api.authenticator import Authenticator
from tests.api.passkeys import add, challenge, join_by, new_account, new_passkey, sign_in
from tests.api.people import Person, b64, begin, join
from tests.api.test_passkeys import code
from tests.api.test_sessions import new_passphrase
from tests.conftest import Running


async def by_passkey(running: Running, device: Authenticator) -> httpx.AsyncClient:
    """A device signed in by passkey."""
    http = running.program()
    http.headers["Authorization"] = f"Bearer {(await sign_in(running, device)).raise_for_status().json()['token']}"
    return http


async def access(person: Person) -> int:
    """What the feed says of the ways in."""
    return int((await person.http.get("/api/changes")).raise_for_status().json()["access"])


async def slots(http: httpx.AsyncClient) -> dict[str, Any]:
    return dict((await http.get("/api/account/slots")).raise_for_status().json())


async def test_a_signed_in_device_asks_for_the_slots_as_they_are_now(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    other = Person(running, therapist.email)
    other.passphrase_auth = therapist.passphrase_auth
    await other.sign_in()
    before = await slots(other.http)
    view = (await add(therapist, device)).json()
    now = await slots(other.http)
    assert now["gen"] == before["gen"] == 1
    (added,) = [one for one in now["slots"] if one not in before["slots"]]
    assert (added["method"], added["credential"]) == ("passkey", b64(device.passkeys[0].id))
    assert added["transports"] == ["internal"]
    assert now["slots"] == (await other.http.get("/api/account")).json()["slots"]
    await therapist.http.delete(f"/api/passkeys/{view['id']}")
    assert await slots(other.http) == before


async def test_slots_that_are_known_are_not_sent_again(running: Running) -> None:
    therapist = await begin(running)
    tag = (await therapist.http.get("/api/account/slots")).headers["etag"]
    known = await therapist.http.get("/api/account/slots", headers={"If-None-Match": tag})
    assert (known.status_code, known.content) == (304, b"")
    await add(therapist, Authenticator())
    assert (await therapist.http.get("/api/account/slots", headers={"If-None-Match": tag})).status_code == 200


async def test_the_feed_says_that_ways_in_have_changed_and_nothing_else_does(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    seen = [await access(therapist)]
    view = (await add(therapist, device)).json()
    seen.append(await access(therapist))
    await therapist.http.put(f"/api/passkeys/{view['id']}/name", json={"name": "Phone"})
    await therapist.save()
    assert await access(therapist) == seen[-1]
    await sign_in(running, device)
    seen.append(await access(therapist))
    await new_passphrase(therapist)
    seen.append(await access(therapist))
    await therapist.http.delete(f"/api/passkeys/{view['id']}")
    seen.append(await access(therapist))
    assert seen == sorted(set(seen))


async def test_a_removed_passkey_ends_the_sessions_that_it_opened_and_no_other(running: Running) -> None:
    therapist, device, another = await begin(running), Authenticator(), Authenticator()
    removed = (await add(therapist, device)).json()
    await add(therapist, another)
    lost, kept = await by_passkey(running, device), await by_passkey(running, another)
    assert code(await therapist.http.delete(f"/api/passkeys/{removed['id']}")) == (204, "")
    assert code(await lost.get("/api/account")) == (401, "not-signed-in")
    assert (await kept.get("/api/account")).status_code == 200
    assert (await therapist.http.get("/api/account")).status_code == 200


async def test_who_removes_the_passkey_that_they_came_in_by_stays(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    removed = (await add(therapist, device)).json()
    here, elsewhere = await by_passkey(running, device), await by_passkey(running, device)
    assert code(await here.delete(f"/api/passkeys/{removed['id']}")) == (204, "")
    assert (await here.get("/api/account")).status_code == 200
    assert code(await elsewhere.get("/api/account")) == (401, "not-signed-in")


async def test_a_session_of_who_signed_up_by_passkey_ends_with_it_too(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    patient = Person(running, "ana@example.org")
    patient.use((await join_by(therapist, await new_account(patient, device))).json()["token"])
    by_kit = Person(running, patient.email)
    assert (await by_kit.sign_in(method="recovery", auth=patient.kit_auth)).status_code == 200
    (view,) = (await by_kit.http.get("/api/passkeys")).json()
    assert code(await by_kit.http.delete(f"/api/passkeys/{view['id']}")) == (204, "")
    assert code(await patient.http.get("/api/account")) == (401, "not-signed-in")


async def test_a_copied_passkey_ends_all_that_it_opened_as_soon_as_it_is_noticed(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    device.passkeys[0].count = 10
    one, two = await by_passkey(running, device), await by_passkey(running, device)
    device.passkeys[0].count = 4
    # Noticed at a proof, too, on a session of its own.
    proof = {"answer": device.use(await challenge(one, "proof"))}
    assert code(await one.post("/api/account/proof/passkey", json=proof)) == (403, "passkey-copied")
    for ended in (one, two):
        assert code(await ended.get("/api/account")) == (401, "not-signed-in")
    assert (await therapist.http.get("/api/account")).status_code == 200


async def test_streams_close_when_the_passkey_that_opened_their_session_goes(running: Running) -> None:
    from server.web.live import live

    therapist, device = await begin(running), Authenticator()
    removed = (await add(therapist, device)).json()
    lost = await by_passkey(running, device)
    session = (await lost.get("/api/account")).json()["session"]
    listener = live.listen(therapist.id, type(therapist.id)(session))
    try:
        await therapist.http.delete(f"/api/passkeys/{removed['id']}")
        assert listener.ended
    finally:
        live.leave(listener)


async def test_a_refused_sign_up_uses_its_challenge_up(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    taken = await new_account(Person(running, therapist.email), device)
    assert code(await join_by(therapist, taken)) == (409, "email-taken")
    again = {**taken, "email": "ana@example.org"}
    assert code(await join_by(therapist, again)) == (409, "challenge-over")
    assert await database.fetch("SELECT hash FROM passkey_challenges") == []


async def test_a_sign_up_sent_twice_at_once_makes_one_account(running: Running) -> None:
    from tests.api.people import answer_to, invite

    therapist, device = await begin(running), Authenticator()
    patient = Person(running, "ana@example.org")
    invitation, redeem = await invite(therapist)
    body = {"answer": answer_to(redeem), "account": await new_account(patient, device)}
    answers = await asyncio.gather(
        *(patient.http.post(f"/api/invitations/{invitation}/join", json=body) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]


async def test_an_account_has_at_most_twenty_passkeys(running: Running) -> None:
    therapist = await begin(running)
    first = (await add(therapist, Authenticator())).json()
    for _ in range(MOST_PASSKEYS - 2):
        assert (await add(therapist, Authenticator())).status_code == 200
    bodies = [await new_passkey(therapist, Authenticator()) for _ in range(3)]
    answers = await asyncio.gather(*(therapist.http.post("/api/passkeys", json=body) for body in bodies))
    assert sorted(code(answer) for answer in answers) == [
        (200, ""), (409, "too-many-passkeys"), (409, "too-many-passkeys"),
    ]  # fmt: skip
    assert len((await slots(therapist.http))["slots"]) == MOST_PASSKEYS + 2
    await therapist.http.delete(f"/api/passkeys/{first['id']}")
    assert (await add(therapist, Authenticator())).status_code == 200


async def test_an_attestation_that_nobody_asked_for_is_refused_though_it_is_right(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    body = await new_passkey(therapist, device)
    said = parse_cbor(base64.b64decode(body["answer"]["attestation_object"]))
    signed = said["authData"] + hashlib.sha256(base64.b64decode(body["answer"]["client_data"])).digest()
    statement = {"alg": -7, "sig": device.passkeys[0].key.sign(signed, ec.ECDSA(hashes.SHA256()))}
    packed = {"fmt": "packed", "attStmt": statement, "authData": said["authData"]}
    body["answer"]["attestation_object"] = b64(encode_cbor(packed))
    assert code(await therapist.http.post("/api/passkeys", json=body)) == (422, "malformed-passkey")


async def test_registering_beside_an_erasure_is_refused_or_told_and_never_a_fault(running: Running) -> None:
    therapist = await begin(running)
    for number in range(6):
        patient = await join(therapist, f"p{number}@example.org")
        bodies = [await new_passkey(patient, Authenticator()) for _ in range(4)]
        passphrase = {"slot": patient.passphrase_slot(await salt_of(patient))}
        answers = await asyncio.gather(
            *(patient.http.post("/api/passkeys", json=body) for body in bodies[:2]),
            patient.http.post("/api/account/erase"),
            *(patient.http.post("/api/passkeys", json=body) for body in bodies[2:]),
            patient.http.put("/api/account/slots/passphrase", json=passphrase),
        )
        assert {answer.status_code for answer in answers} <= {200, 204, 401}, [answer.text for answer in answers]
        left = await database.fetch("SELECT id FROM passkeys WHERE account = $1", patient.id)
        assert left == []


async def test_registering_while_the_erasure_is_under_way_waits_for_it(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    body = await new_passkey(patient, Authenticator())
    async with database.transaction():
        await database.fetch("DELETE FROM accounts WHERE id = $1", patient.id)
        registering = asyncio.create_task(patient.http.post("/api/passkeys", json=body))
        await asyncio.wait([registering], timeout=0.3)
    assert code(await registering) == (401, "not-signed-in")


async def salt_of(person: Person) -> str:
    return str((await person.http.post("/api/salt", json={"email": person.email})).json()["salt"])
