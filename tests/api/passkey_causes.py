"""Ways to meet the problems of passkeys."""

from uuid import uuid4

import httpx
import msgspec

from server import database
from server.accounts.passkeys import MOST_PASSKEYS
from server.clock import MINUTE
from tests.api.authenticator import Authenticator, Passkey
from tests.api.causes import CANARY, cause
from tests.api.passkeys import NOBODYS_ASSERTION, add, challenge, new_passkey
from tests.api.passkeys import sign_in as sign_in_by_passkey
from tests.api.people import Person, b64
from tests.conftest import Running


@cause("forbidden-member", 422)
async def a_prf_output_that_was_posted(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post("/api/sign-in/passkey", json={"answer": {"prf": {"first": CANARY}}})


@cause("passkeys-off", 409)
async def a_passkey_where_people_open_an_address(
    running: Running, patient: Person, therapist: Person
) -> httpx.Response:
    running.app.state.installation = msgspec.structs.replace(running.app.state.installation, rp_id=None)
    return await running.program().post("/api/passkeys/challenges/sign-in")


@cause("challenge-over", 409)
async def a_challenge_answered_too_late(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    device = Authenticator()
    body = await new_passkey(patient, device)
    running.time.move(5 * MINUTE)
    return await patient.http.post("/api/passkeys", json=body)


@cause("wrong-passkey", 401)
async def a_passkey_that_nobody_has(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    device = Authenticator()
    device.make(await challenge(patient.http, "sign-up", patient.id), patient.id)
    return await sign_in_by_passkey(running, device)


@cause("wrong-passkey", 401)
async def client_data_that_is_no_json(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    body = {"answer": {**NOBODYS_ASSERTION, "client_data": b64(CANARY.encode())}}
    return await patient.http.post("/api/sign-in/passkey", json=body)


@cause("wrong-passkey", 401)
async def client_data_nested_deeper_than_a_parser_goes(
    running: Running, patient: Person, therapist: Person
) -> httpx.Response:
    body = {"answer": {**NOBODYS_ASSERTION, "client_data": b64(b"[" * 4_000)}}
    return await patient.http.post("/api/sign-in/passkey", json=body)


@cause("malformed-passkey", 422)
async def a_passkey_of_another_site(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await add(patient, Authenticator(origin=f"https://{CANARY}.example"))


@cause("passkey-taken", 409)
async def a_passkey_that_somebody_else_has(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    device = Authenticator()
    await add(therapist, device)
    same = Passkey(patient.id, id=device.passkeys[0].id)
    answer = device.make(await challenge(patient.http, "register"), patient.id, same)
    return await patient.http.post("/api/passkeys", json={"name": CANARY, "answer": answer})


@cause("too-many-passkeys", 409)
async def one_passkey_more_than_there_may_be(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    for _ in range(MOST_PASSKEYS):
        await add(patient, Authenticator())
    return await add(patient, Authenticator(), name=CANARY)


@cause("passkey-copied", 403)
async def a_passkey_that_counts_backwards(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    device = Authenticator()
    await add(patient, device)
    device.passkeys[0].count = 7
    await sign_in_by_passkey(running, device)
    device.passkeys[0].count = 3
    return await sign_in_by_passkey(running, device)


@cause("not-found", 404)
async def a_passkey_that_is_not_there(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put(f"/api/passkeys/{uuid4()}/name", json={"name": CANARY})


@cause("last-slot", 409)
async def a_passkey_without_anything_beside_it(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    passkey = (await add(patient, Authenticator())).json()["id"]
    await database.fetch("DELETE FROM key_slots WHERE account = $1 AND method <> 'passkey'", patient.id)
    return await patient.http.delete(f"/api/passkeys/{passkey}")
