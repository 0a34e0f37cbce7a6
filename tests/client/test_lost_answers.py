"""A device whose answers get lost, again and again, ends where it would have ended; nothing is done twice."""

import asyncio

import httpx
import pytest
from aftertide.access import passphrase
from aftertide.errors import NotSignedInError, UnreachableError
from aftertide.protocol.encoding import new_id
from aftertide.protocol.ijson import JsonObject

from tests.client.conftest import PASSPHRASE, Town, Two


async def live_a_day(two: Two) -> str:
    """Everything that saves: an entry written, shared, changed, taken back, another deleted."""
    entry = await two.patient.write("One.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    await two.patient.edit(entry.id, lambda old: {**old, "text": f"{old['text']} Two."})
    await two.patient.take_back(entry.id, two.therapist.id)
    other = await two.patient.write("To go.")
    await two.patient.delete(other.id)
    await two.patient.sync()
    return entry.id


async def test_every_answer_lost_once_changes_nothing(two: Two) -> None:
    wire = two.town.wires["ana"]
    begun = len(wire.requests)
    wire.lose = lambda number: (number - begun) % 2 == 0
    entry = await live_a_day(two)
    assert len(wire.requests) - begun >= 12
    history = await two.patient.history(entry)
    assert [past.head.revision for past in history] == [4, 3, 2, 1]
    assert history[0].content["text"] == "One. Two."
    await two.therapist.sync()
    assert entry not in two.therapist.journal.records
    assert not two.patient.faults
    assert not two.patient.unsent


async def test_a_retry_sends_the_same_bytes(two: Two) -> None:
    wire = two.town.wires["ana"]
    begun = len(wire.requests)
    wire.lose = lambda number: number == begun
    await two.patient.write("Sealed once.")
    [(first, sealed), (second, again)] = wire.requests[begun:]
    assert first == second
    assert sealed == again


async def test_signing_up_survives_lost_answers(town: Town) -> None:
    therapist = (await town.therapist()).account
    town.device("ana")
    town.wires["ana"].lose = lambda number: number % 2 == 0
    joined = await town.patient(therapist)
    await joined.account.sync()
    assert joined.account.name == "Ana"
    assert set(joined.account.contacts) == {therapist.id}
    assert set(therapist.contacts) == {joined.account.id}


async def test_what_could_not_be_sent_waits_and_goes_out_with_the_next_sync(two: Two) -> None:
    wire = two.town.wires["ana"]
    entry = await two.patient.write("One.")
    wire.cut = True
    with pytest.raises(UnreachableError):
        await two.patient.edit(entry.id, lambda old: {**old, "text": "Two."})
    [waiting] = two.patient.unsent.values()
    assert waiting.record.content["text"] == "Two."
    wire.cut = False
    await two.patient.sync()
    assert two.patient.record(entry.id).content["text"] == "Two."
    assert not two.patient.unsent


async def test_what_waits_is_made_anew_when_the_record_has_moved_on(two: Two) -> None:
    laptop = await two.town.device("laptop").sign_in("ana@example.org", PASSPHRASE)
    entry = await two.patient.write("One.")
    await laptop.sync()
    two.town.wires["ana"].cut = True
    with pytest.raises(UnreachableError):
        await two.patient.edit(entry.id, lambda old: {**old, "text": f"{old['text']} Here."})
    await laptop.edit(entry.id, lambda old: {**old, "text": f"{old['text']} There."})
    two.town.wires["ana"].cut = False
    await two.patient.sync()
    assert two.patient.record(entry.id).content["text"] == "One. There. Here."


async def test_only_our_own_servers_answer_counts(two: Two) -> None:
    wire = two.town.wires["ana"]
    begun = len(wire.requests)
    for status, kind in ((404, "text/html"), (502, "text/html"), (200, "text/html"), (409, "application/json")):
        wire.proxy = httpx.Response(status, headers={"content-type": kind}, content=b"{}")
        with pytest.raises(UnreachableError):
            await two.patient.sync()
    assert len(wire.requests) - begun == 12
    wire.proxy = None
    await two.patient.sync()


async def test_an_ended_session_drops_nothing_that_waits(two: Two) -> None:
    phone = await two.town.device("phone").sign_in("ana@example.org", PASSPHRASE)
    await phone.sync()
    await two.patient.access.change_passphrase(passphrase(PASSPHRASE), "a wholly other passphrase")
    with pytest.raises(NotSignedInError):
        await phone.write("Written while signed out.")
    [waiting] = phone.unsent.values()
    assert waiting.record.content["text"] == "Written while signed out."


async def test_erasing_with_a_lost_answer_is_erasing(two: Two) -> None:
    wire = two.town.wires["ana"]
    wire.lose = lambda _: [path for path, _ in wire.requests].count("POST /api/account/erase") == 1
    await two.patient.access.erase(passphrase(PASSPHRASE))
    assert [path for path, _ in wire.requests[-2:]] == ["POST /api/account/erase"] * 2
    with pytest.raises(NotSignedInError):
        await two.patient.sync()


async def test_an_id_that_nobody_knows_is_answered_by_name(two: Two) -> None:
    with pytest.raises(Exception, match="not-found"):
        await two.patient.end_relation(new_id())


async def test_many_things_at_once_are_no_rollback(two: Two) -> None:
    entry = await two.patient.write("0")

    def count(old: JsonObject) -> JsonObject:
        return {**old, "text": str(int(str(old["text"])) + 1)}

    laptop = await two.town.device("laptop").sign_in("ana@example.org", PASSPHRASE)
    await laptop.sync()
    work = [account.edit(entry.id, count) for account in (two.patient, laptop) for _ in range(4)]
    await asyncio.gather(*work, *(account.sync() for account in (two.patient, laptop) for _ in range(4)))
    for account in (two.patient, laptop):
        await account.sync()
        assert account.record(entry.id).content["text"] == "8"
        assert account.faults == ()
