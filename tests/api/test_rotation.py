"""A rotation as the server sees it: keys to come, everything made anew beside what counts, one step that swaps both."""

import asyncio
import os
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from server import database
from server.clock import MINUTE
from tests.api.authenticator import Authenticator
from tests.api.passkeys import add, sign_in
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.api.renewal import Renewal, made
from tests.api.test_passkeys import code
from tests.conftest import Running


async def history(person: Person, record: UUID) -> list[dict[str, Any]]:
    return list((await person.http.get(f"/api/records/{record}/history")).raise_for_status().json()["revisions"])


async def shown(person: Person, record: UUID) -> dict[str, Any]:
    return next(row["record"] for row in await person.changes() if row["id"] == str(record))


async def test_everything_is_made_anew_and_counts_at_once(running: Running) -> None:
    person = await begin(running)
    kept, ended = await person.save(), await person.save()
    await person.save(kept)
    await person.save(kept, grants=[])
    mac = os.urandom(32)
    await person.http.put(f"/api/records/{ended}/tombstone", json={"revision": 1, "tombstone": b64(mac)})
    before, past = await shown(person, kept), await history(person, kept)
    renewal = Renewal(person)
    assert (await renewal.begin()).status_code == 204
    await renewal.renew()
    assert (await shown(person, kept), await history(person, kept)) == (before, past)
    cursor = (await person.http.get("/api/changes")).json()["counter"]

    assert (await renewal.finish()).status_code == 204
    after = await shown(person, kept)
    assert after == {
        **before,
        "wrapped": b64(made(61, before["wrapped"])),
        "proof": b64(made(32, before["proof"])),
    }
    assert [(row["wrapped"], row["proof"]) for row in await history(person, kept)] == [
        (b64(made(61, row["wrapped"])), b64(made(32, row["proof"]))) for row in past
    ]
    again = {row["id"]: row for row in await person.changes(cursor)}
    assert again.keys() == {str(kept), str(ended)}
    assert again[str(ended)]["tombstone"] == {"revision": 1, "mac": b64(made(32, b64(mac)))}
    me = (await person.http.get("/api/account")).json()
    assert me["gen"] == 2
    assert {slot["id"] for slot in me["slots"]} == {slot["id"] for slot in renewal.slots}
    former, current = sorted(me["identities"], key=lambda identity: bool(identity["current"]))
    assert (former["public_key"], former["current"], former["gen"]) == (b64(person.public_key), False, 2)
    assert (current["public_key"], current["current"]) == (b64(renewal.public_key), True)
    assert "rotation" not in me


async def test_from_its_begin_only_the_new_ways_in_prove_who_one_is(running: Running) -> None:
    person, device = await begin(running), Authenticator()
    await add(person, device)
    other = Person(running, person.email)
    other.passphrase_auth = person.passphrase_auth
    await other.sign_in()
    renewal = Renewal(person)
    assert (await renewal.begin()).status_code == 204

    assert (await other.http.get("/api/account")).status_code == 401  # signed out at once
    assert (await other.sign_in()).status_code == 401
    assert (await other.sign_in(method="recovery", auth=person.kit_auth)).status_code == 401
    assert code(await sign_in(running, device)) == (401, "wrong-passkey")
    elsewhere = await other.sign_in(auth=renewal.passphrase_auth)
    assert elsewhere.status_code == 200
    assert elsewhere.json()["gen"] == 1
    assert elsewhere.json()["rotation"]["previous"] == b64(renewal.previous)
    assert {slot["id"] for slot in elsewhere.json()["rotation"]["slots"]} == {slot["id"] for slot in renewal.slots}
    assert (await other.sign_in(method="recovery", auth=renewal.kit_auth)).status_code == 200


async def test_it_begins_with_a_fresh_proof_only(running: Running) -> None:
    person = await begin(running)
    renewal = Renewal(person)
    running.time.move(6 * MINUTE)
    assert code(await renewal.begin()) == (403, "prove-again")
    assert code(await renewal.finish()) == (409, "no-rotation")


async def test_another_device_goes_on_where_it_was_cut_off(running: Running) -> None:
    person = await begin(running)
    for _ in range(3):
        await person.save()
    renewal = Renewal(person)
    await renewal.begin()
    await renewal.keep(await renewal.page())
    late = await person.save()  # written meanwhile, under the keys so far
    assert code(await renewal.finish()) == (409, "rotation-unfinished")

    other = Person(running, person.email)
    await other.sign_in(auth=renewal.passphrase_auth)
    renewal.person = other
    page = await renewal.page()
    assert [wrap["record"] for wrap in page["wraps"]] == [str(late)]
    await renewal.keep(page)
    assert (await renewal.finish()).status_code == 204
    assert (await renewal.finish()).status_code == 204  # whose answer was lost
    assert (await other.http.get("/api/account")).json()["gen"] == 2


async def test_open_invitations_go_with_the_keys_that_made_them(running: Running) -> None:
    therapist = await begin(running)
    answered = await join(therapist)
    invitation, redeem = await invite(therapist)
    renewal = Renewal(therapist)
    await renewal.begin()
    await renewal.renew()
    assert (await renewal.finish()).status_code == 204
    opened = await therapist.http.post(f"/api/invitations/{invitation}/open", json={"redeem": b64(redeem)})
    assert code(opened) == (404, "link-not-valid")
    late = await answered.http.post(f"/api/invitations/{invitation}/answer", json=answer_to(redeem))
    assert code(late) == (404, "link-not-valid")
    states = [(view["state"], view.get("invitee")) for view in (await therapist.http.get("/api/invitations")).json()]
    assert sorted(states, key=str) == [("answered", str(answered.id)), ("withdrawn", None)]
    # Told once more that it is over, the server leaves alone what was made with the new keys.
    another, redeem = await invite(therapist)
    assert (await renewal.finish()).status_code == 204
    opened = await answered.http.post(f"/api/invitations/{another}/open", json={"redeem": b64(redeem)})
    assert opened.status_code == 200


async def test_what_was_sealed_under_former_keys_is_refused_afterwards(running: Running) -> None:
    person = await begin(running)
    record, lone = await person.save(), await person.save()
    renewal = Renewal(person)
    await renewal.begin()
    await renewal.renew()
    await renewal.finish()
    assert code(await person.put(record, person.revision(record))) == (409, "stale-gen")
    assert code(await person.put(uuid4(), person.revision(uuid4()))) == (409, "stale-gen")
    assert code(await person.put(record, person.revision(record, about=lone, grants=[]))) == (409, "stale-gen")
    stone = {"revision": 1, "tombstone": b64(os.urandom(32))}
    assert code(await person.http.put(f"/api/records/{record}/tombstone", json=stone)) == (409, "stale-gen")
    assert (await person.http.put(f"/api/records/{record}/tombstone", json={**stone, "gen": 2})).status_code == 200
    assert (await person.put(lone, {**person.revision(lone), "gen": 2})).status_code == 200


async def test_no_way_in_changes_meanwhile(running: Running) -> None:
    person = await begin(running)
    renewal = Renewal(person)
    await renewal.begin()
    slot = {**renewal.slots[0], "gen": 1, "id": str(uuid4())}
    answer = await person.http.put("/api/account/slots/passphrase", json={"slot": slot})
    assert code(answer) == (409, "rotation-runs")
    assert code(await add(person, Authenticator())) == (409, "rotation-runs")


async def test_beginning_anew_drops_what_was_made_for_other_keys(running: Running) -> None:
    person = await begin(running)
    record = await person.save()
    first, second = Renewal(person), Renewal(person)
    await first.begin()
    await first.renew()
    assert (await first.begin()).status_code == 204  # the same again: what was made anew stays
    assert (await first.page())["wraps"] == []
    assert (await second.begin()).status_code == 204
    assert [wrap["record"] for wrap in (await second.page())["wraps"]] == [str(record)]
    assert (await Person(running, person.email).sign_in(auth=first.passphrase_auth)).status_code == 401
    assert (await Person(running, person.email).sign_in(auth=second.passphrase_auth)).status_code == 200


@pytest.mark.parametrize("wrong", ["gen", "identity", "slots", "salt", "known identity"])
async def test_keys_that_do_not_fit_together_change_nothing(running: Running, wrong: str) -> None:
    person = await begin(running)
    renewal = Renewal(person)
    keys = await renewal.keys()
    if wrong == "gen":
        keys = {**keys, "gen": 3}
    elif wrong == "identity":
        keys["identity"] = {**keys["identity"], "public_key": b64(os.urandom(32))}
    elif wrong == "slots":
        keys["slots"] = [keys["slots"][1], {**keys["slots"][1], "id": str(uuid4())}]
    elif wrong == "salt":
        slot = keys["slots"][0]
        keys["slots"] = [{**slot, "params": {**slot["params"], "salt": b64(os.urandom(16))}}, keys["slots"][1]]
    else:
        renewal.public_key = person.public_key
        keys = await renewal.keys()
    assert code(await person.http.post("/api/account/rotation", json=keys)) == (422, "malformed-keys")
    assert code(await renewal.finish()) == (409, "no-rotation")
    assert (await Person(running, person.email).sign_in(auth=person.passphrase_auth)).status_code == 200


async def test_nobody_makes_anything_anew_for_somebody_else(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    theirs = await patient.save()
    renewals = [Renewal(therapist), Renewal(patient)]
    for renewal in renewals:
        await renewal.begin()
    page = await renewals[1].page()
    assert [wrap["record"] for wrap in page["wraps"]] == [str(theirs)]
    assert (await renewals[0].keep(page)).status_code == 204  # under the therapist's own keys to come
    assert await renewals[1].page() == page


async def test_pages_hold_many_records_and_revisions(running: Running) -> None:
    person = await begin(running)
    long = await person.save()
    for _ in range(420):
        await person.save(long)
    renewal = Renewal(person)
    await renewal.begin()
    first = await renewal.page()
    assert (len(first["proofs"]), first["after"]) == (200, str(long))
    assert await renewal.renew() == 3
    assert (await renewal.finish()).status_code == 204


async def test_no_save_slips_in_between_the_last_look_and_the_swap(running: Running) -> None:
    person = await begin(running)
    records = [await person.save() for _ in range(8)]
    renewal = Renewal(person)
    await renewal.begin()
    await renewal.renew()

    async def finish() -> int:
        for _ in range(20):
            if (await renewal.finish()).status_code == 204:
                return 204
            await renewal.renew()
        return 0

    saves = [person.put(record, person.revision(record)) for record in records]
    *answers, done = await asyncio.gather(*saves, finish())
    assert done == 204
    assert {answer.status_code for answer in answers if isinstance(answer, httpx.Response)} <= {200, 409}
    rows = await database.fetch("SELECT gen FROM wraps")
    assert {row["gen"] for row in rows} == {2}
    revisions = await database.fetch("SELECT record, revision, renewed FROM revisions")
    assert all(row["renewed"] is None for row in revisions)
    taken = sum(answer.status_code == 200 for answer in answers if isinstance(answer, httpx.Response))
    assert len(revisions) == len(records) + taken


async def test_what_was_made_anew_for_other_keys_is_never_taken_for_these(running: Running) -> None:
    person = await begin(running)
    await person.save()
    first, second = Renewal(person), Renewal(person)
    await first.begin()
    page = await first.page()
    await second.begin()  # in another window, at the same time
    assert code(await first.keep(page)) == (409, "no-rotation")
    assert code(await first.finish()) == (409, "no-rotation")
    assert (await second.page())["wraps"] == page["wraps"]
    await second.renew()
    assert (await second.finish()).status_code == 204
    assert code(await first.finish()) == (409, "no-rotation")


async def five_thousand(person: Person) -> None:
    """Records of a long life, put there as saving leaves them."""
    rows = [(uuid4(), os.urandom(32)) for _ in range(5_000)]
    async with database.transaction():
        for start in range(0, len(rows), 500):
            some = rows[start : start + 500]
            records = [(id_, person.id, 1, 1, head, 0, 0) for id_, head in some]
            await database.fetch(
                "INSERT INTO records (id, owner, epoch, revision, head, created_at, changed_at) VALUES "
                + database.value_rows(records),
                *(value for row in records for value in row),
            )
            revisions = [(id_, 1, person.id, 1, uuid4(), head, len(head), head, 0) for id_, head in some]
            await database.fetch(
                "INSERT INTO revisions (record, revision, owner, epoch, request, body, size, proof, saved_at) VALUES "
                + database.value_rows(revisions),
                *(value for row in revisions for value in row),
            )
            wraps = [(id_, 1, 1, os.urandom(61)) for id_, _ in some]
            await database.fetch(
                "INSERT INTO wraps (record, epoch, gen, wrapped) VALUES " + database.value_rows(wraps),
                *(value for row in wraps for value in row),
            )


async def test_five_thousand_records_cut_off_after_any_page_and_swapped_at_once(running: Running) -> None:
    person = await begin(running)
    await five_thousand(person)
    renewal = Renewal(person)
    await renewal.begin()
    # Three times nearly there: each time it begins from the first again, and finds what isn't done.
    for pages in (1, 7, 12):
        after = None
        for _ in range(pages):
            page = await renewal.page(after)
            await renewal.keep(page)
            after = page["after"]
        assert code(await renewal.finish()) == (409, "rotation-unfinished")
    assert (await renewal.page())["records"] == 5_000
    assert await renewal.renew() == 6  # of 25 and one to see that nothing is left
    assert (await renewal.finish()).status_code == 204
    assert {row["gen"] for row in await database.fetch("SELECT gen FROM wraps")} == {2}
    assert len(await person.changes()) == 5_000
