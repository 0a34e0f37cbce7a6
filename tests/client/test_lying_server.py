"""A server that lies meets the client: each lie is refused by name, and what was there before stays."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest
from aftertide import wire
from aftertide.account import Account
from aftertide.errors import (
    ForeignAccountError,
    KeyChangedError,
    ReturnedAfterDeletionError,
    UnknownRecordError,
    VanishedError,
)
from aftertide.journal import Record
from aftertide.protocol.encoding import new_id, unb64u
from aftertide.protocol.errors import (
    AttentionDiffersError,
    DoesNotOpenError,
    KdfParametersError,
    KindDoesNotCountError,
    OlderGenerationError,
    OlderRevisionError,
    OtherBaseError,
    OtherBodyError,
    ProofError,
    ProtocolError,
    ReaderNotNamedError,
    SecondAnswerError,
    TagError,
    TombstoneError,
    UnknownOwnerError,
)
from aftertide.protocol.grants import seal_grant
from aftertide.protocol.invitations import InvitationSecret, Party, invitee_tag, seal_card
from aftertide.protocol.keys import Identity, RecordKey
from aftertide.protocol.kinds import readers_of
from aftertide.protocol.records import base_of, prove, seal_body

from tests.client.conftest import PASSPHRASE, Town, Two
from tests.client.transports import Wire

# Lies are told between the app and the client: the engine below makes no difference to them.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

View = wire.RecordView


def about_record(wires: Wire, record: str, change: Callable[[View], View]) -> None:
    """Change what the feed shows of one record."""

    def lie(page: wire.Changes) -> wire.Changes:
        changes = [
            msgspec.structs.replace(row, record=change(row.record)) if row.id == record and row.record else row
            for row in page.changes
        ]
        return msgspec.structs.replace(page, changes=changes)

    wires.lies["/changes"] = (wire.Changes, lie)


def instead(wires: Wire, record: str, row: Callable[[wire.Change], wire.Change]) -> None:
    """Change a row of the feed."""

    def lie(page: wire.Changes) -> wire.Changes:
        return msgspec.structs.replace(page, changes=[row(r) if r.id == record else r for r in page.changes])

    wires.lies["/changes"] = (wire.Changes, lie)


def with_grant(view: View, **changes: Any) -> View:
    assert view.grant is not None
    return msgspec.structs.replace(view, grant=msgspec.structs.replace(view.grant, **changes))


def fault_of(account: Account, record: str) -> type[ProtocolError] | None:
    return next((type(fault.error) for fault in account.faults if fault.record == record), None)


def resealed(record: Record, text: str, **head: Any) -> dict[str, Any]:
    """What a reader, who knows the record key, could make together with the server: all but the owner's proof."""
    forged = replace(record.head, **head)
    body = seal_body(record.key, forged, {**record.content, "text": text})
    reader = Identity.new()
    return {
        "body": body,
        "revision": forged.revision,
        "base": unb64u(forged.base) if forged.base else None,
        "proof": prove(RecordKey(reader.private.private_bytes_raw()), forged, body),
    }


async def test_words_that_a_reader_and_the_server_slip_into_an_own_record_are_refused(two: Two) -> None:
    entry = await two.patient.write("Mine.")
    shared = await two.patient.share(entry.id, two.therapist.id)
    forged = resealed(shared, "Not mine.", revision=3, base=shared.hash)
    about_record(two.town.wires["ana"], entry.id, lambda view: msgspec.structs.replace(view, **forged))
    await two.patient.sync()
    assert fault_of(two.patient, entry.id) is ProofError
    assert two.patient.record(entry.id).content["text"] == "Mine."


async def test_an_old_body_is_refused_by_a_device_that_saw_a_newer_one(two: Two) -> None:
    entry = await two.patient.write("One.")
    page = await two.patient._api.ask(wire.Changes, "GET", "/changes")
    old = next(row.record for row in page.changes if row.id == entry.id)
    assert old is not None
    await two.patient.edit(entry.id, lambda content: {**content, "text": "Two."})
    about_record(two.town.wires["ana"], entry.id, lambda _: old)
    await two.patient.sync()
    assert fault_of(two.patient, entry.id) is OlderRevisionError
    assert two.patient.record(entry.id).content["text"] == "Two."


async def test_a_device_with_its_memory_knows_an_old_state_after_a_restart(two: Two) -> None:
    entry = await two.patient.write("One.")
    page = await two.patient._api.ask(wire.Changes, "GET", "/changes")
    old = next(row.record for row in page.changes if row.id == entry.id)
    assert old is not None
    await two.patient.edit(entry.id, lambda content: {**content, "text": "Two."})
    await two.patient.sync()
    memory = type(two.patient.memory).from_json(two.patient.memory.to_json())
    about_record(two.town.wires["ana"], entry.id, lambda _: old)
    again = await two.town.device("ana").sign_in("ana@example.org", PASSPHRASE, memory)
    await again.sync()
    assert fault_of(again, entry.id) is OlderRevisionError


async def test_an_old_body_under_the_present_revision_doesnt_open(two: Two) -> None:
    entry = await two.patient.write("One.")
    await two.patient.share(entry.id, two.therapist.id)
    await two.therapist.sync()
    before = two.therapist.record(entry.id)
    page = await two.therapist._api.ask(wire.Changes, "GET", "/changes")
    old = next(row.record for row in page.changes if row.id == entry.id)
    assert old is not None
    await two.patient.edit(entry.id, lambda content: {**content, "text": "Two."})
    wires = two.town.wires["rivera"]
    about_record(wires, entry.id, lambda view: msgspec.structs.replace(view, body=old.body))
    await two.therapist.sync()
    assert fault_of(two.therapist, entry.id) is DoesNotOpenError
    about_record(wires, entry.id, lambda _: msgspec.structs.replace(old, body=old.body[:-1] + b"\0"))
    two.therapist._cursor = 0
    await two.therapist.sync()
    assert fault_of(two.therapist, entry.id) is OtherBodyError
    assert two.therapist.record(entry.id) == before


async def test_a_revision_that_doesnt_follow_the_one_seen_is_refused(two: Two) -> None:
    entry = await two.patient.write("One.")
    shared = await two.patient.share(entry.id, two.therapist.id)
    await two.therapist.sync()
    body = seal_body(shared.key, replace(shared.head, revision=3, base=base_of(b"another")), shared.content)
    await two.patient.edit(entry.id, lambda content: {**content, "text": "Two."})
    forged = {"body": body, "revision": 3, "base": unb64u(base_of(b"another"))}
    about_record(two.town.wires["rivera"], entry.id, lambda view: msgspec.structs.replace(view, **forged))
    await two.therapist.sync()
    assert fault_of(two.therapist, entry.id) is OtherBaseError


async def test_a_reader_whom_the_owner_didnt_name_is_shown_as_a_fault(two: Two) -> None:
    entry = await two.patient.write("Whose?")
    await two.patient.share(entry.id, two.therapist.id)

    def add(view: View) -> View:
        stranger = msgspec.structs.replace(view.readers[0], account=new_id())
        return msgspec.structs.replace(view, readers=[*view.readers, stranger])

    about_record(two.town.wires["ana"], entry.id, add)
    await two.patient.sync()
    assert fault_of(two.patient, entry.id) is ReaderNotNamedError


@pytest.mark.parametrize("attention", [0, 2])
async def test_a_changed_attention_is_refused_by_both_sides(two: Two, attention: int) -> None:
    entry = await two.patient.write("To read.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    about_record(two.town.wires["rivera"], entry.id, lambda view: with_grant(view, attention=attention))
    await two.therapist.sync()
    assert fault_of(two.therapist, entry.id) is AttentionDiffersError
    assert entry.id not in two.therapist.journal.records

    def changed(view: View) -> View:
        return msgspec.structs.replace(view, readers=[msgspec.structs.replace(view.readers[0], attention=attention)])

    about_record(two.town.wires["ana"], entry.id, changed)
    await two.patient.sync()
    assert fault_of(two.patient, entry.id) is AttentionDiffersError


async def test_a_grant_from_another_key_is_refused(two: Two) -> None:
    entry = await two.patient.write("Mine.")
    shared = await two.patient.share(entry.id, two.therapist.id)
    forger, me = Identity.new(), two.therapist
    own_key = me.journal.keyring.identity.public
    forged = seal_grant(forger, entry.id, two.patient.id, me.id, shared.head.epoch, 0, own_key, shared.key)
    about_record(two.town.wires["rivera"], entry.id, lambda view: with_grant(view, sealed=forged.sealed))
    await me.sync()
    assert fault_of(me, entry.id) is DoesNotOpenError


async def test_a_record_of_a_stranger_is_shown_as_a_fault_and_never_opened(two: Two) -> None:
    stranger = new_id()
    entry = await two.patient.write("Mine.")
    await two.patient.share(entry.id, two.therapist.id)
    about_record(two.town.wires["rivera"], entry.id, lambda view: msgspec.structs.replace(view, owner=stranger))
    await two.therapist.sync()
    assert fault_of(two.therapist, entry.id) is UnknownOwnerError


async def test_a_record_moved_to_another_id_doesnt_open(two: Two) -> None:
    one, other = await two.patient.write("One."), await two.patient.write("Other.")
    for entry in (one, other):
        await two.patient.share(entry.id, two.therapist.id)
    page = await two.therapist._api.ask(wire.Changes, "GET", "/changes")
    moved = next(row.record for row in page.changes if row.id == other.id)
    assert moved is not None
    wires = two.town.wires["rivera"]
    about_record(wires, one.id, lambda _: msgspec.structs.replace(moved, id=one.id))
    await two.therapist.sync()
    assert fault_of(two.therapist, one.id) is DoesNotOpenError


async def test_a_comment_moved_to_another_entry_is_refused(two: Two) -> None:
    one, other = await two.patient.write("One."), await two.patient.write("Other.")
    for entry in (one, other):
        await two.patient.share(entry.id, two.therapist.id)
    await two.therapist.sync()
    comment = await two.therapist.comment(one.id, "About one.")
    about_record(two.town.wires["ana"], comment.id, lambda view: msgspec.structs.replace(view, about=other.id))
    await two.patient.sync()
    assert fault_of(two.patient, comment.id) is DoesNotOpenError
    assert two.patient.journal.about(other.id) == []


async def test_a_kind_that_doesnt_count_from_its_sender_isnt_shown(two: Two) -> None:
    planted = await two.patient._saver.create({"kind": "note", "v": 1, "text": "planted"}, {two.therapist.id: 0})
    await two.therapist.sync()
    assert fault_of(two.therapist, planted.id) is KindDoesNotCountError
    with pytest.raises(UnknownRecordError):
        two.therapist.record(planted.id)


async def test_a_forged_tombstone_deletes_nothing(two: Two) -> None:
    entry = await two.patient.write("Stays.")
    gone = await two.patient.write("Goes.")
    laptop = await two.town.device("laptop").sign_in("ana@example.org", PASSPHRASE)
    await laptop.sync()
    await two.patient.delete(gone.id)
    page = await two.patient._api.ask(wire.Changes, "GET", "/changes")
    real = next(row.tombstone for row in page.changes if row.id == gone.id)
    assert real is not None
    for forged in (real, wire.TombstoneView(revision=1, mac=bytes(32))):
        await two.patient.edit(entry.id, lambda content: content)
        forge = partial(msgspec.structs.replace, state="tombstone", record=None, tombstone=forged)
        instead(two.town.wires["laptop"], entry.id, forge)
        await laptop.sync()
        assert fault_of(laptop, entry.id) is TombstoneError
        assert laptop.record(entry.id).content["text"] == "Stays."


async def test_an_own_record_that_vanishes_without_proof_stays(two: Two) -> None:
    entry = await two.patient.write("Stays.")
    instead(
        two.town.wires["ana"],
        entry.id,
        lambda row: wire.Change(counter=row.counter, id=row.id, state="gone"),
    )
    await two.patient.sync()
    assert fault_of(two.patient, entry.id) is VanishedError
    assert two.patient.record(entry.id).content["text"] == "Stays."


async def test_a_deleted_record_doesnt_come_back(two: Two) -> None:
    entry = await two.patient.write("Goes.")
    page = await two.patient._api.ask(wire.Changes, "GET", "/changes")
    old = next(row.record for row in page.changes if row.id == entry.id)
    await two.patient.delete(entry.id)
    instead(
        two.town.wires["ana"],
        entry.id,
        lambda row: wire.Change(counter=row.counter, id=row.id, state="record", record=old),
    )
    await two.patient.sync()
    assert fault_of(two.patient, entry.id) is ReturnedAfterDeletionError
    assert entry.id not in two.patient.journal.records


@pytest.mark.parametrize("weaker", [{"m": 8}, {"t": 1}, {"p": 4}, {"m": 2**21}, {"kdf": "argon2i"}])
async def test_weaker_or_heavier_argon2id_is_refused(two: Two, weaker: dict[str, Any]) -> None:
    def lie(me: wire.Me) -> wire.Me:
        slots = [
            msgspec.structs.replace(slot, params=msgspec.structs.replace(slot.params, **weaker))
            if slot.params
            else slot
            for slot in me.slots
        ]
        return msgspec.structs.replace(me, slots=slots)

    device = two.town.device("phone")
    two.town.wires["phone"].lies["/sign-in"] = (wire.Me, lie)
    with pytest.raises(KdfParametersError):
        await device.sign_in("ana@example.org", PASSPHRASE)


async def test_another_public_key_for_the_own_account_is_refused(two: Two) -> None:
    def lie(me: wire.Me) -> wire.Me:
        swapped = msgspec.structs.replace(me.identities[0], public_key=Identity.new().public)
        return msgspec.structs.replace(me, identities=[swapped])

    device = two.town.device("phone")
    two.town.wires["phone"].lies["/sign-in"] = (wire.Me, lie)
    with pytest.raises(ForeignAccountError):
        await device.sign_in("ana@example.org", PASSPHRASE)


async def test_slots_of_another_account_or_an_older_generation_are_refused(two: Two) -> None:
    device = two.town.device("phone")
    wires = two.town.wires["phone"]
    wires.lies["/sign-in"] = (wire.Me, lambda me: msgspec.structs.replace(me, id=new_id()))
    with pytest.raises(DoesNotOpenError):
        await device.sign_in("ana@example.org", PASSPHRASE)
    wires.lies.clear()
    memory = type(two.patient.memory)(gen=2)
    with pytest.raises(OlderGenerationError):
        await device.sign_in("ana@example.org", PASSPHRASE, memory)


async def test_another_key_account_or_name_in_an_invitation_is_refused(town: Town) -> None:
    therapist = (await town.therapist()).account
    invited = await therapist.invitations.invite("Dr. Rivera", "Ana", adult=True)
    device = town.device("ana")
    wires, secret = town.wires["ana"], InvitationSecret(_secret_of(invited.link))
    other_name = seal_card(secret, invited.record.id, "inviter", therapist.id, "Dr. Rivero")
    lies: list[tuple[dict[str, Any], type[ProtocolError]]] = [
        ({"inviter_key": Identity.new().public}, TagError),
        ({"inviter": new_id()}, DoesNotOpenError),
        ({"card": other_name}, TagError),
        ({"tag": bytes(32)}, TagError),
    ]
    for change, error in lies:
        wires.lies["/open"] = (wire.OpenedInvitation, partial(msgspec.structs.replace, **change))
        with pytest.raises(error):
            await device.open_invitation(invited.link)


def _secret_of(link: str) -> bytes:
    return unb64u(link.partition("#")[2])


async def test_another_key_in_the_answer_to_an_invitation_is_never_pinned(town: Town) -> None:
    therapist = (await town.therapist()).account
    wires = town.wires["rivera"]

    def swap(views: list[wire.InvitationView]) -> list[wire.InvitationView]:
        return [
            msgspec.structs.replace(view, invitee_key=Identity.new().public) if view.invitee else view for view in views
        ]

    wires.lies["/invitations"] = (list[wire.InvitationView], swap)
    joined = await town.patient(therapist)
    assert therapist.contacts == {}
    [fault] = therapist.faults
    assert type(fault.error) is TagError
    wires.lies.clear()
    assert await therapist.invitations.settle() == [joined.account.id]


async def test_a_second_right_answer_is_shown_as_an_attack(two: Two) -> None:
    therapist = two.therapist
    invited = await therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)
    secret = InvitationSecret(_secret_of(invited.link))
    own = (therapist.id, therapist.journal.keyring.identity.public)
    views = []
    for name in ("Bea", "Mallory"):
        party = Party(new_id(), Identity.new().public, name)
        views.append(
            wire.InvitationView(
                id=invited.record.id,
                state="answered",
                created=two.town.now(),
                expires=two.town.now(),
                invitee=party.account,
                invitee_key=party.key,
                tag=invitee_tag(secret, invited.record.id, own, party),
                card=seal_card(secret, invited.record.id, "invitee", party.account, name),
                answered=two.town.now(),
            )
        )
    two.town.wires["rivera"].lies["/invitations"] = (list[wire.InvitationView], lambda _: views)
    pinned = await therapist.invitations.settle()
    assert pinned == [views[0].invitee]
    assert fault_of(therapist, invited.record.id) is SecondAnswerError


async def test_another_key_in_an_answer_that_led_to_a_pin_is_shown_as_an_attack(two: Two) -> None:
    before = dict(two.therapist.contacts)

    def swap(views: list[wire.InvitationView]) -> list[wire.InvitationView]:
        return [msgspec.structs.replace(view, invitee_key=Identity.new().public) for view in views]

    two.town.wires["rivera"].lies["/invitations"] = (list[wire.InvitationView], swap)
    assert await two.therapist.invitations.settle() == []
    [invitation] = two.therapist.journal.own("invitation")
    assert fault_of(two.therapist, invitation.id) is SecondAnswerError
    assert two.therapist.contacts == before


async def test_a_link_never_changes_a_key_that_is_known(two: Two) -> None:
    therapist = two.therapist
    invited = await therapist.invitations.invite("Dr. Rivera", "Ana", adult=True)
    opened = await two.town.device("ana").open_invitation(invited.link)
    forged = replace(opened, inviter=Party(therapist.id, Identity.new().public, "Dr. Rivera"))
    before = two.patient.contacts
    with pytest.raises(KeyChangedError):
        await two.patient.invitations.answer(forged, "Ana")
    assert two.patient.contacts == before


async def test_a_restored_server_is_no_attack_and_what_it_lost_is_named(two: Two) -> None:
    wires = two.town.wires["ana"]
    kept = await two.patient.write("Kept.")
    page = await two.patient._api.ask(wire.Changes, "GET", "/changes")
    old = {row.id: row for row in page.changes}
    changed = await two.patient.edit(kept.id, lambda content: {**content, "text": "Changed since."})
    lost = await two.patient.write("Lost.")
    await two.patient.sync()
    wires.headers = {"aftertide-incarnation": new_id()}
    wires.lies["/changes"] = (
        wire.Changes,
        lambda page: msgspec.structs.replace(page, changes=[old[r.id] for r in page.changes if r.id in old]),
    )
    pulled = await two.patient.sync()
    assert pulled.restored
    assert pulled.lost == tuple(sorted((kept.id, lost.id)))
    assert two.patient.record(kept.id).content == changed.content
    assert two.patient.record(lost.id).content["text"] == "Lost."
    assert not two.patient.faults


async def test_nothing_is_ever_sealed_to_a_key_that_the_server_names(two: Two) -> None:
    lies = two.town.wires["ana"].lies
    lies["/relations"] = (
        list[wire.Relation],
        lambda relations: [msgspec.structs.replace(r, key_id=Identity.new().key_id) for r in relations],
    )
    await two.patient.sync()
    assert two.patient.changed_keys == {two.therapist.id}
    entry = await two.patient.write("To whom I know.")
    # Enough to hold back what would go to the pinned key, never enough to pin.
    with pytest.raises(KeyChangedError):
        await two.patient.share(entry.id, two.therapist.id)
    assert two.patient.record(entry.id).head.revision == 1
    del lies["/relations"]
    await two.patient.sync()
    shared = await two.patient.share(entry.id, two.therapist.id)
    [named] = readers_of(shared.content)
    assert named["key_id"] == two.therapist.journal.keyring.identity.key_id
