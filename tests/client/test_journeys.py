"""What people do, from an invitation to taking an entry back, over the real app on both engines."""

import pytest
from aftertide.access import kit, passphrase
from aftertide.errors import (
    EmailTakenError,
    LinkNotValidError,
    NoAgreementError,
    NoLongerSharedError,
    NotSignedInError,
    UnknownContactError,
    UnknownRecordError,
    UnreachableError,
    WrongProofError,
)
from aftertide.protocol.encoding import new_id
from aftertide.protocol.errors import CommonPassphraseError, KitMistypedError, LinkError
from aftertide.protocol.ijson import JsonObject
from aftertide.protocol.invitations import check_digits

from tests.client.conftest import PASSPHRASE, Town, Two, agree


def with_text(text: str) -> JsonObject:
    return {"text": text}


async def test_an_invitation_pins_both_keys_without_anyone_comparing_anything(town: Town) -> None:
    therapist = (await town.therapist()).account
    patient = (await town.patient(therapist)).account
    here, there = therapist.contacts[patient.id], patient.contacts[therapist.id]
    assert (here.name, here.role, there.name, there.role) == ("Ana", "patient", "Dr. Rivera", "therapist")
    assert here.key == patient.journal.keyring.identity.public
    assert there.key == therapist.journal.keyring.identity.public
    digits = check_digits((patient.id, here.key), (therapist.id, there.key))
    assert digits == check_digits((therapist.id, there.key), (patient.id, here.key))
    assert [relation.account for relation in await patient.relations()] == [therapist.id]


async def test_once_answered_an_invitation_has_no_secret_and_takes_nobody_else(town: Town) -> None:
    therapist = (await town.therapist()).account
    invited = await therapist.invitations.invite("Dr. Rivera", "Ana", adult=True)
    ana, other = town.device("ana"), town.device("other")
    opened, late = await ana.open_invitation(invited.link), await other.open_invitation(invited.link)
    joined = await ana.join(opened, email="ana@example.org", passphrase=PASSPHRASE, name="Ana")
    assert await therapist.invitations.settle() == [joined.account.id]
    assert await therapist.invitations.settle() == []
    record = therapist.record(invited.record.id)
    assert record.content["state"] == "answered"
    assert record.content["contact"] == joined.account.id
    assert "secret" not in record.content
    with pytest.raises(LinkError):
        therapist.invitations.link(record)
    with pytest.raises(Exception, match="invitation-taken"):
        await other.join(late, email="other@example.org", passphrase=PASSPHRASE, name="Other")


async def test_a_withdrawn_or_old_invitation_opens_nothing(town: Town) -> None:
    therapist = (await town.therapist()).account
    withdrawn = await therapist.invitations.invite("Dr. Rivera", "Ana", adult=True)
    await therapist.invitations.withdraw(withdrawn.record.id)
    old = await therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)
    town.running.time.move_days(8)
    for invited in (withdrawn, old):
        with pytest.raises(LinkNotValidError):
            await town.device("ana").open_invitation(invited.link)
    await therapist.invitations.settle()
    assert therapist.record(old.record.id).content["state"] == "expired"
    assert "secret" not in therapist.record(old.record.id).content


async def test_a_new_entry_is_only_ones_own_until_it_is_shared(two: Two) -> None:
    entry = await two.patient.write("Mine alone.", feelings=["calm"], sliders={"mood": 6})
    await two.therapist.sync()
    assert entry.named_readers == {}
    with pytest.raises(UnknownRecordError):
        two.therapist.record(entry.id)


async def test_nothing_is_shared_before_the_reading_agreement_nor_with_a_stranger(town: Town) -> None:
    therapist = (await town.therapist()).account
    patient = (await town.patient(therapist)).account
    entry = await patient.write("For whom?")
    with pytest.raises(UnknownContactError):
        await patient.share(entry.id, new_id())
    with pytest.raises(NoAgreementError):
        await patient.share(entry.id, therapist.id)
    await agree(therapist, patient)
    assert therapist.agreement_with(patient.id) is not None
    shared = await patient.share(entry.id, therapist.id, 1)
    assert shared.named_readers == {therapist.id: 1}


async def test_a_shared_entry_is_read_answered_and_taken_back(two: Two) -> None:
    entry = await two.patient.write("The water again.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    await two.therapist.sync()
    seen = two.therapist.record(entry.id)
    assert seen.content["text"] == "The water again."
    assert seen.grant is not None
    assert seen.grant.attention == 1
    await two.therapist.mark_read(entry.id)
    await two.therapist.mark_reviewed(entry.id)
    comment = await two.therapist.comment(entry.id, "What did it bring?")
    await two.patient.sync()
    answered = two.patient.journal.about(entry.id, "comment")
    assert [(c.id, c.content["text"], c.content["revision"]) for c in answered] == [
        (comment.id, "What did it bring?", 2)
    ]
    [reader] = two.patient.record(entry.id).readers
    assert reader.read is not None
    assert (reader.read_revision, reader.reviewed_revision) == (2, 2)

    await two.patient.take_back(entry.id, two.therapist.id)
    await two.patient.edit(entry.id, lambda old: {**old, "text": "Mine again."})
    await two.therapist.sync()
    with pytest.raises(UnknownRecordError):
        two.therapist.record(entry.id)
    assert two.therapist.record(comment.id).content["text"] == "What did it bring?"
    two.therapist.journal.keep(seen)  # as a device that hasn't heard yet
    with pytest.raises(NoLongerSharedError):
        await two.therapist.comment(entry.id, "Too late.")
    assert not two.patient.faults
    assert not two.therapist.faults


async def test_a_new_epoch_opens_neither_what_was_before_nor_what_comes_after(two: Two) -> None:
    entry = await two.patient.write("Before.")
    before = entry.key.reveal
    shared = await two.patient.share(entry.id, two.therapist.id)
    after = await two.patient.take_back(entry.id, two.therapist.id)
    assert len({before, shared.key.reveal, after.key.reveal}) == 3
    assert [r.head.epoch for r in (entry, shared, after)] == [1, 2, 3]
    assert [r.content["text"] for r in await two.patient.history(entry.id)] == ["Before."] * 3


async def test_please_read_soon_is_answered_by_a_receipt_once(two: Two) -> None:
    entry = await two.patient.write("Please look.")
    await two.patient.share(entry.id, two.therapist.id, 2)
    await two.therapist.sync()
    await two.therapist.mark_read(entry.id)
    await two.therapist.mark_read(entry.id)
    await two.patient.sync()
    [receipt] = two.patient.journal.about(entry.id, "receipt")
    assert (receipt.owner, receipt.content["purpose"]) == (two.therapist.id, "received")


async def test_two_devices_edit_one_entry_and_nothing_is_dropped(two: Two) -> None:
    laptop = await two.town.device("laptop").sign_in("ana@example.org", PASSPHRASE)
    entry = await two.patient.write("One.")
    await laptop.sync()
    await two.patient.edit(entry.id, lambda old: {**old, "feelings": ["calm"], "later-field": {"kept": True}})
    merged = await laptop.edit(entry.id, lambda old: {**old, "text": f"{old['text']} Two."})
    assert (merged.content["text"], merged.content["feelings"]) == ("One. Two.", ["calm"])
    assert merged.content["later-field"] == {"kept": True}
    await two.patient.sync()
    assert two.patient.record(entry.id).content == merged.content


async def test_a_deleted_entry_goes_from_every_device(two: Two) -> None:
    laptop = await two.town.device("laptop").sign_in("ana@example.org", PASSPHRASE)
    entry = await two.patient.write("Gone soon.")
    await two.patient.share(entry.id, two.therapist.id)
    for account in (laptop, two.therapist):
        await account.sync()
    await two.patient.delete(entry.id)
    for account in (laptop, two.therapist, two.patient):
        await account.sync()
        with pytest.raises(UnknownRecordError):
            account.record(entry.id)
        assert not account.faults


async def test_an_entry_edited_elsewhere_is_deleted_as_it_stands(two: Two) -> None:
    laptop = await two.town.device("laptop").sign_in("ana@example.org", PASSPHRASE)
    entry = await two.patient.write("One.")
    await laptop.sync()
    await laptop.edit(entry.id, lambda old: {**old, "text": "Two."})
    await two.patient.delete(entry.id)
    await laptop.sync()
    assert entry.id not in laptop.journal.records


async def test_a_new_device_sees_everything_and_keeps_the_words_of_a_former_reader(two: Two) -> None:
    entry = await two.patient.write("Shared for a while.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    await two.therapist.sync()
    await two.therapist.comment(entry.id, "From then.")
    await two.patient.take_back(entry.id, two.therapist.id)
    phone = await two.town.device("phone").sign_in("ana@example.org", PASSPHRASE)
    pulled = await phone.sync()
    assert [comment.content["text"] for comment in phone.journal.about(entry.id, "comment")] == ["From then."]
    assert phone.name == "Ana"
    assert phone.agreement_with(two.therapist.id) is not None
    assert pulled.faults == ()


async def test_a_comment_closed_with_its_entry_gets_a_new_epoch_before_its_next_revision(two: Two) -> None:
    entry = await two.patient.write("Both of us.")
    await two.patient.share(entry.id, two.therapist.id)
    comment = await two.patient.comment(entry.id, "A word of mine about it.")
    assert comment.named_readers == {two.therapist.id: 0}
    await two.patient.take_back(entry.id, two.therapist.id)
    await two.patient.sync()
    assert two.patient.record(comment.id).open_readers == {}
    later = await two.patient.edit(comment.id, lambda old: {**old, "text": "For me alone."})
    assert (later.head.epoch, later.named_readers) == (2, {})
    assert not two.patient.faults


async def test_the_passphrase_or_the_kit_opens_the_account_and_nothing_else_does(two: Two) -> None:
    device = two.town.device("phone")
    with pytest.raises(WrongProofError):
        await device.sign_in("ana@example.org", PASSPHRASE + "!")
    with pytest.raises(WrongProofError):
        await device.sign_in("nobody@example.org", PASSPHRASE)
    mistyped = ("1" if two.kit[0] != "1" else "2") + two.kit[1:]
    with pytest.raises(KitMistypedError):
        await device.sign_in_with_kit("ana@example.org", mistyped)
    by_kit = await device.sign_in_with_kit(" Ana@Example.org", two.kit.lower())
    assert by_kit.id == two.patient.id


async def test_a_forgotten_passphrase_is_replaced_with_the_kit_and_other_devices_are_signed_out(two: Two) -> None:
    entry = await two.patient.write("Still here.")
    phone = await two.town.device("phone").sign_in_with_kit("ana@example.org", two.kit)
    with pytest.raises(CommonPassphraseError):
        await phone.access.change_passphrase(kit(two.kit), "password123456")
    await phone.access.change_passphrase(kit(two.kit), "a wholly other passphrase")
    with pytest.raises(NotSignedInError):
        await two.patient.sync()
    with pytest.raises(WrongProofError):
        await two.town.device("phone").sign_in("ana@example.org", PASSPHRASE)
    again = await two.town.device("phone").sign_in("ana@example.org", "a wholly other passphrase")
    await again.sync()
    assert again.record(entry.id).content["text"] == "Still here."


async def test_a_new_kit_replaces_the_old_one(two: Two) -> None:
    fresh = await two.patient.access.new_kit(passphrase(PASSPHRASE))
    with pytest.raises(WrongProofError):
        await two.town.device("phone").sign_in_with_kit("ana@example.org", two.kit)
    assert (await two.town.device("phone").sign_in_with_kit("ana@example.org", fresh)).id == two.patient.id


async def test_devices_are_listed_and_ended_from_afar(two: Two) -> None:
    phone = await two.town.device("phone").sign_in("ana@example.org", PASSPHRASE)
    devices = {device.label: device for device in await two.patient.access.devices()}
    assert set(devices) == {"ana", "phone"}
    await two.patient.access.end_device(passphrase(PASSPHRASE), devices["phone"].id)
    with pytest.raises(NotSignedInError):
        await phone.sync()
    await two.patient.access.sign_out()
    await two.patient.access.sign_out()


async def test_an_erased_account_is_gone_for_everybody(two: Two) -> None:
    entry = await two.patient.write("Read while it lasts.")
    await two.patient.share(entry.id, two.therapist.id)
    await two.therapist.sync()
    comment = await two.therapist.comment(entry.id, "Mine stays.")
    await two.patient.access.erase(passphrase(PASSPHRASE))
    with pytest.raises(WrongProofError):
        await two.town.device("phone").sign_in("ana@example.org", PASSPHRASE)
    await two.therapist.sync()
    assert entry.id not in two.therapist.journal.records
    assert two.therapist.record(comment.id).content["text"] == "Mine stays."
    assert not two.therapist.faults


async def test_an_email_is_taken_once(two: Two) -> None:
    invited = await two.therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)
    opened = await two.town.device("bea").open_invitation(invited.link)
    with pytest.raises(EmailTakenError):
        await two.town.device("bea").join(opened, email="ana@example.org", passphrase=PASSPHRASE, name="Bea")


async def test_a_patient_answers_a_second_therapist_with_the_account_they_have(two: Two) -> None:
    second = (await two.town.therapist("okafor")).account
    invited = await second.invitations.invite("Dr. Okafor", "Ana", adult=True)
    opened = await two.town.device("ana").open_invitation(invited.link)
    await two.patient.invitations.answer(opened, "Ana")
    assert await second.invitations.settle() == [two.patient.id]
    assert set(two.patient.contacts) == {two.therapist.id, second.id}


async def test_changes_are_followed_as_they_come(two: Two) -> None:
    following = two.therapist.follow(every=0.01)
    entry = await two.patient.write("Now.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    pulled = await anext(following)
    assert entry.id in pulled.changed
    await following.aclose()


async def test_after_a_relation_has_ended_changes_stay_ones_own(two: Two) -> None:
    entry = await two.patient.write("Together.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    await two.therapist.end_relation(two.patient.id)
    later = await two.patient.edit(entry.id, lambda old: {**old, "text": "Alone."})
    assert (later.named_readers, later.head.epoch) == ({}, 3)
    await two.therapist.sync()
    with pytest.raises(UnknownRecordError):
        two.therapist.record(entry.id)


async def test_a_grant_closed_with_the_relation_is_no_fault(two: Two) -> None:
    entry = await two.patient.write("Together.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    await two.patient.end_relation(two.therapist.id, now=True)
    for account in (two.patient, two.therapist):
        await account.sync()
        assert not account.faults
    closed = two.patient.record(entry.id)
    assert (set(closed.named_readers), closed.open_readers) == ({two.therapist.id}, {})
    own = await two.patient.comment(entry.id, "For myself.")
    assert own.named_readers == {}


async def test_an_invitation_that_never_reached_the_server_is_closed_in_time(two: Two) -> None:
    wire = two.town.wires["rivera"]
    before = {record.id for record in two.therapist.journal.own("invitation")}
    wire.block = "/api/invitations"
    with pytest.raises(UnreachableError):
        await two.therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)
    wire.block = None
    [orphan] = {record.id for record in two.therapist.journal.own("invitation")} - before
    await two.therapist.invitations.settle()
    assert two.therapist.record(orphan).content["state"] == "open"
    two.town.running.time.move_days(8)
    await two.therapist.invitations.settle()
    assert two.therapist.record(orphan).content["state"] == "expired"
    assert "secret" not in two.therapist.record(orphan).content
