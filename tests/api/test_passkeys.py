"""Passkeys sign in, prove and open: for this site, by a verified person, once; and nothing they open is ever posted."""

import asyncio
import base64
import os
from dataclasses import replace
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from server import database
from server.app import create_app
from server.clock import MINUTE
from server.opening import UnfitDatabase, open_database
from server.settings import Settings
from tests.api.authenticator import Authenticator, Passkey
from tests.api.passkeys import (
    add,
    assertion,
    challenge,
    join_by,
    new_account,
    new_passkey,
    sign_in,
    slot,
)
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.conftest import CONTACT, ORIGIN, Running, Time, living

TO_REGISTER = "/api/passkeys/challenges/register"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, "" if answer.is_success else answer.json()["type"].rpartition("/")[2]


async def count(table: str) -> int:
    (row,) = await database.fetch(f"SELECT COUNT(*) AS number FROM {table}")
    return int(row["number"])


async def test_a_passkey_signs_in_without_an_email_and_brings_the_slot_that_it_opens(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    added = await new_passkey(therapist, device)
    assert code(await therapist.http.post("/api/passkeys", json=added)) == (200, "")

    me = (await sign_in(running, device)).raise_for_status().json()

    assert (me["email"], me["id"]) == (therapist.email, str(therapist.id))
    (mine,) = [one for one in me["slots"] if one["method"] == "passkey"]
    assert mine == {
        **added["slot"], "method": "passkey", "credential": b64(device.passkeys[0].id), "transports": ["internal"],
    }  # fmt: skip
    async with running.program() as http:
        http.headers["Authorization"] = f"Bearer {me['token']}"
        assert (await http.get("/api/account")).json()["email"] == therapist.email


async def test_a_challenge_asks_for_nothing_but_a_signature_and_names_no_passkey_to_strangers(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    async with running.program() as http:
        for purpose, body in (("sign-in", None), ("sign-up", {"account": str(therapist.id)})):
            given = (await http.post(f"/api/passkeys/challenges/{purpose}", json=body)).json()
            assert given.keys() == {"challenge", "credentials"}
            assert given["credentials"] == []
            assert len(base64.b64decode(given["challenge"])) == 32
    for purpose in ("proof", "register"):
        given = (await therapist.http.post(f"/api/passkeys/challenges/{purpose}")).json()
        assert given["credentials"] == [b64(device.passkeys[0].id)]


async def test_challenges_are_kept_hashed_and_forgotten_after_five_minutes(running: Running) -> None:
    async with running.program() as http:
        given = await challenge(http, "sign-in")
    (row,) = await database.fetch("SELECT hash, expires_at FROM passkey_challenges")
    assert base64.b64decode(given) not in bytes(row["hash"])
    assert row["expires_at"] == running.time.now + 5 * MINUTE


async def test_an_account_begins_with_a_passkey_and_a_kit_in_one_request(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    patient = Person(running, "ana@example.org")
    invitation, redeem = await invite(therapist)
    body = {"answer": answer_to(redeem), "account": await new_account(patient, device)}
    made = await patient.http.post(f"/api/invitations/{invitation}/join", json=body)
    assert {one["method"] for one in made.json()["slots"]} == {"recovery", "passkey"}

    # The answer was lost: the same request again makes the same account.
    again = await patient.http.post(f"/api/invitations/{invitation}/join", json=body)
    assert (again.status_code, again.json()["id"]) == (200, str(patient.id))
    assert (await sign_in(running, device)).json()["email"] == patient.email
    assert (await patient.sign_in(method="recovery")).status_code == 200
    assert code(await patient.sign_in()) == (401, "wrong-proof")


async def test_the_first_therapist_begins_by_passkey_too(running: Running) -> None:
    from server.care.practices import create_first_therapist_link, create_practice

    practice = await create_practice(
        name="Shore", phone="", emergency_number="112", reading_line="", time_zone="UTC", now=running.time.now
    )
    token = await create_first_therapist_link(practice, running.time.now)
    therapist, device = Person(running, "rivera@example.org"), Authenticator()
    body: dict[str, Any] = {"token": b64(token), "account": await new_account(therapist, device)}
    assert (await therapist.http.post("/api/begin", json=body)).status_code == 200
    assert (await sign_in(running, device)).json()["role"] == "therapist"
    # Its answer may have been lost; with another passkey it is another sign-up.
    assert (await therapist.http.post("/api/begin", json=body)).status_code == 200
    other = Authenticator()
    answer = other.make(await challenge(therapist.http, "sign-up", therapist.id), therapist.id)
    body["account"]["passkey"]["answer"] = answer
    assert code(await therapist.http.post("/api/begin", json=body)) == (409, "account-exists")
    assert code(await sign_in(running, other)) == (401, "wrong-passkey")


async def test_a_passkey_that_opens_nothing_begins_an_account_beside_a_passphrase_only(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    without = await new_account(Person(running, "ana@example.org"), device, slot=None)
    assert code(await join_by(therapist, without)) == (422, "malformed-keys")
    person = Person(running, "ana@example.org")
    both = await person.new_account()
    answer = device.make(await challenge(person.http, "sign-up", person.id), person.id)
    both["passkey"] = {"name": "", "answer": answer}
    assert code(await join_by(therapist, both)) == (200, "")
    signed_in = (await sign_in(running, device)).json()
    assert {one["method"] for one in signed_in["slots"]} == {"passphrase", "recovery"}


async def test_a_sign_up_that_is_refused_leaves_nothing_half_made(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    before = {table: await count(table) for table in ("accounts", "key_slots", "passkeys", "relations")}
    foreign = Authenticator(origin="https://evil.example")
    for made in (
        await new_account(Person(running, "ana@example.org"), foreign),
        await new_account(Person(running, "ana@example.org"), Authenticator(verifies=False)),
        {**(await new_account(Person(running, "ana@example.org"), device)), "id": str(uuid4())},
    ):
        assert (await join_by(therapist, made)).status_code in (409, 422)
    assert {table: await count(table) for table in before} == before


WRONG = {
    "another origin": Authenticator(origin="https://evil.example"),
    "another port": Authenticator(origin="https://journal.example.org:8443"),
    "another RP id": Authenticator(rp_id="evil.example"),
    "a name above": Authenticator(rp_id="example.org"),
    "a frame in another page": Authenticator(framed=True),
    "nobody verified": Authenticator(verifies=False),
}


@pytest.mark.parametrize("why", WRONG)
async def test_a_passkey_of_another_site_or_without_verification_is_neither_registered_nor_believed(
    running: Running, why: str
) -> None:
    therapist, right = await begin(running), Authenticator()
    wrong = WRONG[why]
    assert code(await add(therapist, wrong)) == (422, "malformed-passkey")
    await add(therapist, right)
    wrong.passkeys = right.passkeys
    assert code(await sign_in(running, wrong)) == (401, "wrong-passkey")
    assert code(await sign_in(running, right)) == (200, "")


async def test_an_unknown_passkey_a_wrong_signature_and_a_wrong_handle_are_one_answer(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    stranger = Authenticator()
    async with running.program() as http:
        stranger.make(await challenge(http, "sign-up", therapist.id), therapist.id)
        unknown = await assertion(http, stranger)
        forged = await assertion(http, device)
        forged["answer"]["signature"] = (await assertion(http, stranger))["answer"]["signature"]
        handle = await assertion(http, device)
        handle["answer"]["user_handle"] = b64(uuid4().bytes)
        answers = [await http.post("/api/sign-in/passkey", json=body) for body in (unknown, forged, handle)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}


async def test_a_device_that_was_told_what_to_offer_may_leave_the_handle_out(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    async with running.program() as http:
        nameless = await assertion(http, device)
        del nameless["answer"]["user_handle"]
        answer = await http.post("/api/sign-in/passkey", json=nameless)
    assert code(answer) == (200, "")
    assert answer.json()["id"] == str(therapist.id)


async def test_the_same_is_asked_of_the_database_whether_a_passkey_is_known_or_not(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist, device, stranger = await begin(running), Authenticator(), Authenticator()
    await add(therapist, device)
    asked: list[str] = []
    ask = database.engine().ask

    async def noted(sql: str, args: Any) -> Any:
        asked.append(sql)
        return await ask(sql, args)

    async with running.program() as http:
        stranger.make(await challenge(http, "sign-up", therapist.id), therapist.id)
        unknown, forged = await assertion(http, stranger), await assertion(http, device)
        forged["answer"]["signature"] = unknown["answer"]["signature"]
        monkeypatch.setattr(database.engine(), "ask", noted)
        questions = []
        for body in (unknown, forged):
            asked.clear()
            await http.post("/api/sign-in/passkey", json=body)
            questions.append(list(asked))
    assert questions[0] == questions[1]
    assert questions[0]


async def test_an_answer_counts_once_and_for_what_it_was_asked(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    async with running.program() as http:
        once = await assertion(http, device)
        assert code(await http.post("/api/sign-in/passkey", json=once)) == (200, "")
        assert code(await http.post("/api/sign-in/passkey", json=once)) == (409, "challenge-over")
        for_a_proof = {"answer": device.use(await challenge(therapist.http, "proof"))}
        assert code(await http.post("/api/sign-in/passkey", json=for_a_proof)) == (409, "challenge-over")
        for_a_sign_in = {"answer": device.use(await challenge(http, "sign-in"))}
        proved = await therapist.http.post("/api/account/proof/passkey", json=for_a_sign_in)
        assert code(proved) == (409, "challenge-over")
        late = await assertion(http, device)
        running.time.move(5 * MINUTE)
        assert code(await http.post("/api/sign-in/passkey", json=late)) == (409, "challenge-over")


async def test_two_requests_side_by_side_use_one_answer_once(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    async with running.program() as http:
        body = await assertion(http, device)
        answers = await asyncio.gather(*(http.post("/api/sign-in/passkey", json=body) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


async def test_a_challenge_to_register_is_for_one_account(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    device = Authenticator()
    theirs = {"name": "", "answer": device.make(await challenge(therapist.http, "register"), patient.id)}
    assert code(await patient.http.post("/api/passkeys", json=theirs)) == (409, "challenge-over")
    for_sign_up = device.make(await challenge(patient.http, "sign-up", patient.id), patient.id)
    assert code(await patient.http.post("/api/passkeys", json={"name": "", "answer": for_sign_up})) == (
        409, "challenge-over",
    )  # fmt: skip


async def test_a_passkey_sent_again_is_registered_once_and_belongs_to_one_account(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    body = await new_passkey(therapist, device)
    first, again = [await therapist.http.post("/api/passkeys", json=body) for _ in range(2)]
    assert first.json() == again.json()
    patient = await join(therapist)
    same = Passkey(patient.id, id=device.passkeys[0].id)
    answer = Authenticator().make(await challenge(patient.http, "register"), patient.id, same)
    taken = await patient.http.post("/api/passkeys", json={"name": "", "answer": answer, "slot": slot()})
    assert code(taken) == (409, "passkey-taken")
    assert (await patient.http.get("/api/passkeys")).json() == []
    assert {one["method"] for one in (await patient.http.get("/api/account")).json()["slots"]} == {
        "passphrase", "recovery",
    }  # fmt: skip


async def test_a_passkey_that_counts_backwards_is_refused_marked_and_stays_refused(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    device.passkeys[0].count = 10
    assert code(await sign_in(running, device)) == (200, "")
    device.passkeys[0].count = 4
    assert code(await sign_in(running, device)) == (403, "passkey-copied")
    (view,) = (await therapist.http.get("/api/passkeys")).json()
    assert view["copied"] is not None
    # Also who counts on rightly from now: nobody knows which of the two is the person.
    device.passkeys[0].count = 50
    assert code(await sign_in(running, device)) == (403, "passkey-copied")
    assert (await therapist.sign_in()).status_code == 200


async def test_a_count_that_goes_back_under_another_signature_says_nothing_of_the_passkey(running: Running) -> None:
    therapist, device, stranger = await begin(running), Authenticator(), Authenticator()
    await add(therapist, device)
    device.passkeys[0].count = 10
    await sign_in(running, device)
    device.passkeys[0].count = 2
    async with running.program() as http:
        stranger.make(await challenge(http, "sign-up", therapist.id), therapist.id)
        body = await assertion(http, device)
        body["answer"]["signature"] = (await assertion(http, stranger))["answer"]["signature"]
        assert code(await http.post("/api/sign-in/passkey", json=body)) == (401, "wrong-passkey")
    (view,) = (await therapist.http.get("/api/passkeys")).json()
    assert view["copied"] is None


async def test_a_passkey_without_a_counter_signs_in_as_often_as_it_likes(running: Running) -> None:
    therapist, device = await begin(running), Authenticator(counts=False, synced=True)
    await add(therapist, device)
    for _ in range(3):
        assert code(await sign_in(running, device)) == (200, "")
    (view,) = (await therapist.http.get("/api/passkeys")).json()
    assert view["synced"] is True


async def test_a_passkey_that_says_suddenly_that_it_is_synced_is_another_one(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    device.synced = True
    assert code(await sign_in(running, device)) == (401, "wrong-passkey")


def with_member(body: dict[str, Any], where: str) -> dict[str, Any]:
    """Put a PRF output where a careless page could leave it."""
    results = {"prf": {"results": {"first": b64(bytes(32))}}}
    if where == "at the top":
        return {**body, **results}
    if where == "in the results":
        return {**body, "answer": {**body["answer"], "clientExtensionResults": results}}
    return {**body, "answer": {**body["answer"], "more": [{"deep": [results]}]}}


@pytest.mark.parametrize("where", ["at the top", "in the results", "deep inside"])
@pytest.mark.parametrize("form", ["json", "messagepack"])
async def test_no_route_takes_a_prf_output_wherever_it_stands(running: Running, where: str, form: str) -> None:
    therapist, device = await begin(running), Authenticator()
    added = await new_passkey(therapist, device)
    await therapist.http.post("/api/passkeys", json=added)
    invitation, redeem = await invite(therapist)
    account = await new_account(Person(running, "ana@example.org"), Authenticator())
    posted = {
        "/api/passkeys": added,
        "/api/sign-in/passkey": await assertion(therapist.http, device),
        "/api/account/proof/passkey": {"answer": device.use(await challenge(therapist.http, "proof"))},
    }
    bodies = {path: with_member(body, where) for path, body in posted.items()}
    inside = {**account, "passkey": with_member(account["passkey"], where)}
    bodies[f"/api/invitations/{invitation}/join"] = {"answer": answer_to(redeem), "account": inside}
    bodies["/api/begin"] = {"token": b64(os.urandom(32)), "account": inside}
    for path, body in bodies.items():
        if form == "json":
            answer = await therapist.http.post(path, json=body)
        else:
            headers = {"Content-Type": "application/x-msgpack"}
            answer = await therapist.http.post(path, content=msgspec.msgpack.encode(body), headers=headers)
        assert code(answer) == (422, "forbidden-member"), path
        assert b64(bytes(32)) not in answer.text


async def test_a_prf_output_behind_its_double_is_found_too(running: Running) -> None:
    async with running.program() as http:
        answer = await http.post(
            "/api/sign-in/passkey",
            content=b'{"answer": {"a": {"\\u0070rf": 1}, "a": {}}}',
            headers={"Content-Type": "application/json"},
        )
    assert code(answer) == (422, "forbidden-member")


@pytest.mark.parametrize("results", [{"credProps": {"rk": True}}, None, [], "{}"])
async def test_results_of_extensions_are_none(running: Running, results: Any) -> None:
    therapist, device = await begin(running), Authenticator()
    body = await new_passkey(therapist, device)
    body["answer"]["clientExtensionResults"] = results
    assert code(await therapist.http.post("/api/passkeys", json=body)) == (400, "malformed")
    del body["answer"]["clientExtensionResults"]
    assert code(await therapist.http.post("/api/passkeys", json=body)) == (400, "malformed")


async def test_a_proof_by_passkey_is_fresh_for_five_minutes(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    running.time.move(6 * MINUTE)
    assert code(await therapist.http.post(TO_REGISTER)) == (403, "prove-again")
    proof = {"answer": device.use(await challenge(therapist.http, "proof"))}
    assert code(await therapist.http.post("/api/account/proof/passkey", json=proof)) == (204, "")
    assert code(await add(therapist, Authenticator())) == (200, "")


async def test_somebody_elses_passkey_proves_nothing_here(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    patient = await join(therapist)
    await add(patient, device)
    running.time.move(6 * MINUTE)
    proof = {"answer": device.use(await challenge(therapist.http, "proof"))}
    assert code(await therapist.http.post("/api/account/proof/passkey", json=proof)) == (401, "wrong-passkey")
    assert code(await therapist.http.post(TO_REGISTER)) == (403, "prove-again")


async def test_a_removed_passkey_and_its_slot_are_gone(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    view = (await add(therapist, device)).json()
    assert code(await therapist.http.put(f"/api/passkeys/{view['id']}/name", json={"name": "Old phone"})) == (204, "")
    (listed,) = (await therapist.http.get("/api/passkeys")).json()
    assert (listed["name"], listed["opens"], listed["last_used"]) == ("Old phone", True, None)
    assert code(await therapist.http.delete(f"/api/passkeys/{view['id']}")) == (204, "")
    assert (await therapist.http.get("/api/passkeys")).json() == []
    assert {one["method"] for one in (await therapist.http.get("/api/account")).json()["slots"]} == {
        "passphrase", "recovery",
    }  # fmt: skip
    assert code(await sign_in(running, device)) == (401, "wrong-passkey")
    assert code(await therapist.http.delete(f"/api/passkeys/{view['id']}")) == (404, "not-found")


async def test_a_passkey_of_somebody_else_is_not_found(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    view = (await add(patient, Authenticator())).json()
    assert code(await therapist.http.delete(f"/api/passkeys/{view['id']}")) == (404, "not-found")
    renamed = await therapist.http.put(f"/api/passkeys/{view['id']}/name", json={"name": "Mine"})
    assert code(renamed) == (404, "not-found")
    assert (await patient.http.get("/api/passkeys")).json() == [view]


async def test_a_sign_in_that_crosses_the_removal_of_its_passkey_starts_no_session(running: Running) -> None:
    from server.accounts import sessions
    from server.accounts.errors import WrongPasskey
    from server.accounts.passkeys import Proved

    therapist = await begin(running)
    view = (await add(therapist, Authenticator())).json()
    proved = Proved(msgspec.convert(view["id"], type=type(therapist.id)), therapist.id)
    late = sessions.start_passkey_session(proved, "late", running.time.now)
    async with database.transaction():
        await database.fetch("DELETE FROM passkeys WHERE id = $1", proved.passkey)
        starting = asyncio.create_task(late)
        done, _ = await asyncio.wait([starting], timeout=0.3)
        assert not done
    with pytest.raises(WrongPasskey):
        await starting


async def test_whose_account_has_no_passphrase_sets_one_after_a_proof_by_passkey(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    patient = Person(running, "ana@example.org")
    patient.use((await join_by(therapist, await new_account(patient, device))).json()["token"])
    salt = (await patient.http.post("/api/salt", json={"email": patient.email})).json()["salt"]
    changed = await patient.http.put("/api/account/slots/passphrase", json={"slot": patient.passphrase_slot(salt)})
    assert code(changed) == (204, "")
    assert (await patient.sign_in()).status_code == 200
    assert code(await sign_in(running, device)) == (200, "")


async def test_failures_by_passkey_slow_down_by_address_and_leave_passphrases_alone(running: Running) -> None:
    therapist, device = await begin(running), Authenticator()
    await add(therapist, device)
    async with running.program() as http:
        wrong = await assertion(http, device)
        codes = [code(await http.post("/api/sign-in/passkey", json=wrong))[0] for _ in range(26)]
    assert codes[0] == 200
    assert codes[1:22] == [409] * 21
    assert set(codes[22:]) == {429}
    assert (await therapist.sign_in()).status_code == 200


async def test_challenges_are_given_out_only_so_often(running: Running) -> None:
    therapist = await begin(running)
    async with running.program() as http:
        answers = [await http.post("/api/passkeys/challenges/sign-in") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    # A running session isn't held up by what others do at the same address.
    assert (await therapist.http.post("/api/passkeys/challenges/proof")).status_code == 200
    assert await count("passkey_challenges") == 61


@pytest.mark.parametrize("origin", ["https://other.example.org", "https://example.org", "https://192.0.2.7"])
async def test_a_server_whose_passkeys_are_bound_to_another_name_does_not_start(
    database_url: str, time: Time, origin: str
) -> None:
    settings = Settings(database_url=database_url, origin=ORIGIN, contact=CONTACT)
    async with living(create_app(settings, time)):
        pass
    with pytest.raises(UnfitDatabase, match=r"bound to journal\.example\.org for good"):
        await open_database(replace(settings, origin=origin), time())
    async with living(create_app(replace(settings, origin=f"{ORIGIN}:8443"), time)):
        pass


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8700", "https://[2001:db8::7]", "https://192.168.1.4:8743"])
async def test_where_people_open_an_address_there_are_no_passkeys_until_it_has_a_name(
    database_url: str, time: Time, origin: str
) -> None:
    settings = Settings(database_url=database_url, origin=origin, contact=CONTACT, environment="development")
    app = create_app(settings, time)
    async with living(app), Running(app, settings, time).program() as http:
        assert code(await http.post("/api/passkeys/challenges/sign-in")) == (409, "passkeys-off")
    named = create_app(replace(settings, origin="http://localhost:8700"), time)
    async with living(named):
        assert named.state.installation.rp_id == "localhost"
