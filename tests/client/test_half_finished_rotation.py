"""Old slots, old generations and half-finished rotations: a server shows a former state of the keys as if it were the present one."""

import os
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from aftertide import wire, wire_rotation
from aftertide.access import kit, passphrase
from aftertide.account import Account
from aftertide.errors import ForeignAccountError, UnreachableError
from aftertide.memory import Memory
from aftertide.protocol.encoding import new_id
from aftertide.protocol.errors import DoesNotOpenError, OlderGenerationError, ProofError, ProtocolError
from aftertide.protocol.keys import DerivedKeys, RecordKey
from aftertide.protocol.primitives import digest
from aftertide.protocol.records import Head, prove, seal_body, wrap_key
from aftertide.rotating import Prepared

from tests.client.conftest import PASSPHRASE, Two
from tests.client.test_lying_server import about_record, fault_of
from tests.client.transports import Wire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EMAIL = "ana@example.org"
ANOTHER = "gravel moth window seventh rope"


@dataclass
class Renewed:
    """Ana, whose keys were renewed; what the server had shown before; what was sent."""

    two: Two
    before: wire.Me
    prepared: Prepared
    former: DerivedKeys

    @property
    def account(self) -> Account:
        return self.two.patient

    def device(self, name: str) -> Wire:
        self.two.town.device(name)
        return self.two.town.wires[name]

    async def sign_in(self, name: str, with_: str, memory: Memory | None = None) -> Account:
        return await self.two.town.device(name).sign_in(EMAIL, with_, memory)

    def remembered(self) -> Memory:
        """What a device of Ana's remembers, as read from its disk."""
        return Memory.from_json(self.account.memory.to_json())

    def to_come(self) -> wire.KeysToCome:
        """The rotation as a sign-in showed it while it ran."""
        keys = self.prepared.keys
        slots = [wire.Slot(id=s.id, method=s.method, params=s.params, gen=s.gen, sealed=s.sealed) for s in keys.slots]
        return wire.KeysToCome(gen=keys.gen, previous=keys.previous, slots=slots, identity=keys.identity)


@pytest.fixture
async def renewed(two: Two) -> Renewed:
    before = await two.patient._api.ask(wire.Me, "GET", "/account")
    former = two.patient.journal.keyring.keys
    prepared = await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER)
    await two.patient.renew_keys(prepared)
    return Renewed(two, before, prepared, former)


def made_up(wires: Wire, **answers: msgspec.Struct) -> None:
    wires.made_up = {f"/{path.replace('__', '/').replace('_', '-')}": answer for path, answer in answers.items()}


def sent(wires: Wire, begins: str) -> list[bytes]:
    return [body for what, body in wires.requests if what.startswith(begins)]


@pytest.mark.parametrize("by", ["passphrase", "kit"])
async def test_former_slots_under_the_present_generation_are_refused(renewed: Renewed, by: str) -> None:
    made_up(renewed.device("laptop"), sign_in=msgspec.structs.replace(renewed.before, gen=2))
    client = renewed.two.town.device("laptop")
    # Somebody types what they had before; a server that lies takes it.
    way, shown = {
        "passphrase": (client.sign_in, PASSPHRASE),
        "kit": (client.sign_in_with_kit, renewed.two.kit),
    }[by]
    with pytest.raises(OlderGenerationError):
        await way(EMAIL, shown, renewed.remembered())


async def test_the_former_state_whole_is_refused_by_a_device_that_saw_the_new_one(renewed: Renewed) -> None:
    made_up(renewed.device("laptop"), sign_in=renewed.before)
    with pytest.raises(OlderGenerationError):
        await renewed.sign_in("laptop", PASSPHRASE, renewed.remembered())
    half = msgspec.structs.replace(renewed.before, rotation=renewed.to_come())
    made_up(renewed.device("laptop"), sign_in=half)
    with pytest.raises(OlderGenerationError):
        await renewed.sign_in("laptop", ANOTHER, renewed.remembered())


async def test_a_former_identity_shown_as_the_present_one_is_refused(renewed: Renewed) -> None:
    me = await renewed.account._api.ask(wire.Me, "GET", "/account")
    swapped = [msgspec.structs.replace(one, current=not one.current) for one in me.identities]
    both = [msgspec.structs.replace(one, current=True) for one in me.identities]
    none = [msgspec.structs.replace(one, current=False) for one in me.identities]
    for shown in (swapped, both, none):
        made_up(renewed.device("laptop"), sign_in=msgspec.structs.replace(me, identities=shown))
        with pytest.raises(DoesNotOpenError):
            await renewed.sign_in("laptop", ANOTHER)
    twice = [one for one in me.identities if one.current] * 2
    made_up(renewed.device("laptop"), sign_in=msgspec.structs.replace(me, identities=twice))
    with pytest.raises(ForeignAccountError):
        await renewed.sign_in("laptop", ANOTHER)


async def test_former_slots_dont_pass_where_a_slot_is_opened_afresh(renewed: Renewed) -> None:
    wires = renewed.two.town.wires["ana"]
    made_up(wires, account__proof=wire.Saved(0, 0), account=renewed.before, account__slots__recovery=wire.Saved(0, 0))
    for shown in (passphrase(PASSPHRASE), kit(renewed.two.kit)):
        with pytest.raises(OlderGenerationError):
            await renewed.account.access.new_kit(shown)
        with pytest.raises(OlderGenerationError):
            await renewed.account.access.prepare_new_keys(shown, "salt chair under nine bells")
    assert sent(wires, "PUT /api/account/slots") == []


def forged_page(renewed: Renewed, words: str) -> tuple[str, wire_rotation.ToRenew]:
    """A record in Ana's name that a thief makes with the former keys, asked to be made anew under the present ones."""
    head, key = Head(new_id(), renewed.account.id, "", 1, 1, ""), RecordKey(os.urandom(32))
    content: dict[str, Any] = {"kind": "note", "v": 1, "readers": [], "text": words}
    body = seal_body(key, head, content)
    wrap = wire_rotation.OldWrap(record=head.record, epoch=1, wrapped=wrap_key(renewed.former.record_wrap, head, key))
    proof = wire_rotation.OldProof(
        record=head.record, epoch=1, revision=1, hash=digest(body), proof=prove(renewed.former.record_proof, head, body)
    )
    page = wire_rotation.ToRenew(identities=[], wraps=[wrap], proofs=[proof], tombstones=[], after=None, records=1)
    return head.record, page


async def test_a_rotation_that_was_finished_isnt_gone_through_again_for_what_a_thief_made(renewed: Renewed) -> None:
    now = await renewed.account._api.ask(wire.Me, "GET", "/account")
    wires = renewed.device("laptop")
    _, page = forged_page(renewed, "Slipped in.")
    again = msgspec.structs.replace(now, rotation=renewed.to_come(), token="t" * 43)
    made_up(wires, sign_in=again, account__rotation__records=page, account__rotation__finish=wire.Saved(0, 0))
    for memory in (renewed.remembered(), None):
        with pytest.raises(OlderGenerationError):
            await renewed.sign_in("laptop", ANOTHER, memory)
    # Nothing that the former keys prove was proved by the new ones.
    assert sent(wires, "PUT /api/account/rotation") == []


async def test_what_a_thief_makes_with_the_former_keys_is_refused_afterwards(renewed: Renewed) -> None:
    record, page = forged_page(renewed, "Slipped in.")
    entry = await renewed.account.write("Mine.")
    head, key = Head(record, renewed.account.id, "", 1, 1, ""), RecordKey(os.urandom(32))
    body = seal_body(key, head, {"kind": "note", "v": 1, "readers": [], "text": "Slipped in."})

    def slip_in(view: wire.RecordView) -> wire.RecordView:
        return msgspec.structs.replace(
            view, id=record, body=body, wrapped=wrap_key(renewed.former.record_wrap, head, key), proof=prove(renewed.former.record_proof, head, body),
        )  # fmt: skip

    def lie(shown: wire.Changes) -> wire.Changes:
        view = next(row.record for row in shown.changes if row.id == entry.id)
        assert view is not None
        row = wire.Change(counter=shown.cursor, id=record, state="record", record=slip_in(view))
        return msgspec.structs.replace(shown, changes=[*shown.changes, row])

    assert page.proofs
    renewed.two.town.wires["ana"].lies["/changes"] = (wire.Changes, lie)
    await renewed.account.sync()
    assert fault_of(renewed.account, record) is ProofError
    assert record not in renewed.account.journal.records


async def test_a_rotation_that_the_server_only_says_is_finished_leaves_the_device_as_it_was(two: Two) -> None:
    entry = await two.patient.write("One.")
    prepared = await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER)
    wires = two.town.wires["ana"]
    made_up(wires, account__rotation__finish=wire.Saved(0, 0))
    with pytest.raises(OlderGenerationError):
        await two.patient.renew_keys(prepared)
    assert (two.patient.journal.keyring.gen, two.patient.faults) == (1, ())
    assert two.patient.record(entry.id).content["text"] == "One."
    # Frozen there it goes on as soon as the server lets it: here by the new kit on another device.
    laptop = await two.town.device("laptop").sign_in_with_kit(EMAIL, prepared.kit)
    await laptop.sync()
    assert (laptop.record(entry.id).content["text"], laptop.memory.gen, laptop.faults) == ("One.", 2, ())


async def test_a_rotation_that_leaves_records_behind_shows_them_as_faults_and_loses_no_word(two: Two) -> None:
    entry, other = await two.patient.write("Left behind."), await two.patient.write("Made anew.")
    await two.patient.sync()
    page = await two.patient._api.ask(wire.Changes, "GET", "/changes")
    before = next(row.record for row in page.changes if row.id == entry.id)
    assert before is not None
    about_record(two.town.wires["ana"], entry.id, lambda _: before)
    await two.patient.renew_keys(await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER))
    assert fault_of(two.patient, entry.id) is ProofError
    texts = {two.patient.record(one).content["text"] for one in (entry.id, other.id)}
    assert texts == {"Left behind.", "Made anew."}


async def test_pages_that_mix_what_belongs_to_two_records_put_no_words_in_the_others_place(two: Two) -> None:
    one, other = await two.patient.write("One."), await two.patient.write("Other.")
    kept = await two.patient.write("Kept.")
    pair = (one.id, other.id)

    def crossed(rows: list[Any], *fields: str) -> list[Any]:
        by_id = {row.record: row for row in rows}
        if not set(pair) <= by_id.keys():
            return rows
        swapped = {one.id: by_id[other.id], other.id: by_id[one.id]}
        return [
            msgspec.structs.replace(row, **{f: getattr(swapped[row.record], f) for f in fields})
            if row.record in swapped
            else row
            for row in rows
        ]

    def mix(page: wire_rotation.ToRenew) -> wire_rotation.ToRenew:
        return msgspec.structs.replace(
            page, wraps=crossed(page.wraps, "wrapped"), proofs=crossed(page.proofs, "hash", "proof")
        )

    two.town.wires["ana"].lies["/account/rotation/records"] = (wire_rotation.ToRenew, mix)
    await two.patient.renew_keys(await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER))
    two.town.wires["ana"].lies.clear()
    laptop = await two.town.device("laptop").sign_in(EMAIL, ANOTHER)
    await laptop.sync()
    assert {fault.record: type(fault.error) for fault in laptop.faults} == dict.fromkeys(pair, ProofError)
    assert [entry.content["text"] for entry in laptop.journal.own("entry")] == [kept.content["text"]]


async def test_a_feed_from_before_the_new_keys_is_refused_whole(renewed: Renewed) -> None:
    entry = await renewed.account.write("Since.")
    wires = renewed.two.town.wires["ana"]
    wires.lies["/changes"] = (wire.Changes, lambda page: msgspec.structs.replace(page, gen=1))
    with pytest.raises(OlderGenerationError):
        await renewed.account.sync()
    assert renewed.account.record(entry.id).content["text"] == "Since."
    wires.lies.clear()
    assert (await renewed.account.sync()).faults == ()


async def test_keys_to_come_of_another_generation_are_refused(two: Two) -> None:
    prepared = await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER)
    wires = two.town.wires["ana"]
    wires.block = "/api/account/rotation/records"
    with pytest.raises(UnreachableError):
        await two.patient.renew_keys(prepared)
    two.town.device("laptop")

    def with_gen(gen: int) -> Any:
        def lie(me: wire.Me) -> wire.Me:
            assert me.rotation is not None
            slots = [msgspec.structs.replace(slot, gen=gen) for slot in me.rotation.slots]
            return msgspec.structs.replace(me, rotation=msgspec.structs.replace(me.rotation, gen=gen, slots=slots))

        return lie

    refused: list[tuple[int, type[ProtocolError]]] = [(1, OlderGenerationError), (3, DoesNotOpenError)]
    for gen, error in refused:
        two.town.wires["laptop"].lies["/sign-in"] = (wire.Me, with_gen(gen))
        with pytest.raises(error):
            await two.town.device("laptop").sign_in(EMAIL, ANOTHER)
