"""Reconnecting and giving back: who still has keys makes the link, who lost them opens it."""

import base64
import os
from dataclasses import replace
from uuid import UUID

import msgspec
import pytest
from aftertide import wire
from aftertide.account import Account
from aftertide.errors import KeyChangedError, LinkNotValidError, NoAgreementError
from aftertide.invitations import OpenInvitation, open_invitation
from aftertide.memory import Memory
from aftertide.protocol.encoding import new_id
from aftertide.protocol.errors import DoesNotOpenError, LinkError, SecondAnswerError, TagError
from aftertide.protocol.invitations import Party, invitee_tag, read_link, seal_card
from aftertide.protocol.keys import Identity

from server import database
from server.care.practices import create_first_therapist_link
from server.clock import DAY
from tests.client.conftest import PASSPHRASE, Town, Two, agree
from tests.conftest import ORIGIN

# What the server stores is the same on either engine; tests/api asks that of both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def renew(account: Account) -> None:
    """Give an account another key pair, as after its keys were renewed: the one before opens what came earlier."""
    identity, keyring = Identity.new(), account.journal.keyring
    await database.fetch("UPDATE identities SET current = $2 WHERE account = $1", UUID(account.id), False)
    await database.fetch(
        "INSERT INTO identities (account, key_id, public_key, private_sealed, gen, current, created_at) "
        "VALUES ($1, $2, $3, $4, 1, $5, 0)",
        UUID(account.id), identity.key_id, identity.public, os.urandom(61), True,
    )  # fmt: skip
    account.journal.keyring = replace(keyring, identity=identity, former=(keyring.identity, *keyring.former))


async def reconnect(by: Account, account: str, other: Account) -> list[str]:
    """`by` makes the link from a contact's page, `other` answers it; returns the accounts whose key was pinned."""
    link = (await by.invitations.reconnect(account, "By")).link
    await other.invitations.answer(await open_as(other, link), "Other")
    return await by.invitations.settle()


async def open_as(account: Account, link: str) -> OpenInvitation:
    """Open a link on the device of an account."""
    return await open_invitation(account._api, link)


def faults(account: Account) -> set[type]:
    return {type(fault.error) for fault in account.faults}


async def test_the_answer_to_a_reconnect_link_changes_the_pin_and_what_waited_opens(two: Two) -> None:
    before = await two.patient.write("Before.")
    await two.patient.share(before.id, two.therapist.id)
    await two.therapist.sync()
    await renew(two.patient)
    after = await two.patient.write("After.")
    await two.patient.share(after.id, two.therapist.id)
    await two.therapist.sync()
    assert after.id not in two.therapist.journal.records
    assert faults(two.therapist) == {DoesNotOpenError}
    assert await reconnect(two.therapist, two.patient.id, two.patient) == [two.patient.id]
    await two.therapist.sync()
    assert two.therapist.record(after.id).content["text"] == "After."
    assert two.therapist.record(before.id).content["text"] == "Before."
    assert two.therapist.contacts[two.patient.id].key == two.patient.journal.keyring.identity.public
    assert faults(two.therapist) == set()


async def test_former_keys_open_what_was_accepted_on_this_device_and_nothing_else(two: Two) -> None:
    entry = await two.patient.write("Before.")
    await two.patient.share(entry.id, two.therapist.id)
    await two.therapist.sync()
    await renew(two.patient)
    await reconnect(two.therapist, two.patient.id, two.patient)
    memory = Memory.from_json(two.therapist.memory.to_json())
    again = await two.town.device("rivera").sign_in("rivera@example.org", PASSPHRASE, memory)
    await again.sync()
    assert again.record(entry.id).content["text"] == "Before."
    # A device that never accepted it can't tell it from what somebody makes with the key that was given up.
    unknowing = await two.town.device("laptop").sign_in("rivera@example.org", PASSPHRASE)
    await unknowing.sync()
    assert entry.id not in unknowing.journal.records
    assert faults(unknowing) == {DoesNotOpenError}


async def test_nothing_goes_to_either_key_until_the_patient_has_reconnected_with_the_therapist(two: Two) -> None:
    entry = await two.patient.write("For whom I know.")
    await two.patient.share(entry.id, two.therapist.id)
    await renew(two.therapist)
    await two.patient.sync()
    assert two.patient.changed_keys == {two.therapist.id}
    with pytest.raises(KeyChangedError):
        await two.patient.edit(entry.id, lambda content: {**content, "text": "Changed."})
    await two.patient.take_back(entry.id, two.therapist.id)
    assert await reconnect(two.patient, two.therapist.id, two.therapist) == [two.therapist.id]
    await two.patient.share(entry.id, two.therapist.id)
    await two.therapist.sync()
    assert two.therapist.record(entry.id).content["text"] == "For whom I know."


async def test_both_with_new_keys_answer_each_others_link(two: Two) -> None:
    await renew(two.patient)
    await renew(two.therapist)
    await reconnect(two.therapist, two.patient.id, two.patient)
    await reconnect(two.patient, two.therapist.id, two.therapist)
    for one, other in ((two.patient, two.therapist), (two.therapist, two.patient)):
        assert one.contacts[other.id].key == other.journal.keyring.identity.public


async def test_an_invitation_to_somebody_new_never_changes_a_pin(two: Two) -> None:
    await renew(two.patient)
    pinned = two.therapist.contacts[two.patient.id].key
    invited = await two.therapist.invitations.invite("Dr. Rivera", "Somebody", adult=True)
    await two.patient.invitations.answer(await open_as(two.patient, invited.link), "Ana")
    with pytest.raises(KeyChangedError):
        await two.therapist.invitations.pin(
            Party(two.patient.id, two.patient.journal.keyring.identity.public, "Ana"), "patient", invited.record.id
        )
    await two.therapist.invitations.settle()
    assert two.therapist.contacts[two.patient.id].key == pinned
    assert faults(two.therapist) == {KeyChangedError}


async def test_a_link_one_opens_never_changes_a_pin(two: Two) -> None:
    await renew(two.therapist)
    pinned = two.patient.contacts[two.therapist.id].key
    link = (await two.therapist.invitations.reconnect(two.patient.id, "Dr. Rivera")).link
    await two.patient.invitations.answer(await open_as(two.patient, link), "Ana")
    assert two.patient.contacts[two.therapist.id].key == pinned


async def test_another_contact_than_the_one_who_is_asked_isnt_pinned_in_its_place(two: Two) -> None:
    other = (await two.town.patient(two.therapist, "ben")).account
    assert await reconnect(two.therapist, two.patient.id, other) == []
    assert faults(two.therapist) == {SecondAnswerError}


async def answered_by_a_liar(two: Two, party: Party) -> None:
    """The server shows an answer that somebody with the link made for these keys."""
    link = (await two.therapist.invitations.reconnect(two.patient.id, "Dr. Rivera")).link
    invite, secret = read_link(link)
    me = (two.therapist.id, two.therapist.journal.keyring.identity.public)
    tag = invitee_tag(secret, invite, me, party)
    card = seal_card(secret, invite, "invitee", party.account, party.name)

    def lie(views: list[wire.InvitationView]) -> list[wire.InvitationView]:
        answer = {"state": "answered", "invitee": party.account, "invitee_key": party.key, "tag": tag, "card": card}
        return [msgspec.structs.replace(view, **answer) if view.id == invite else view for view in views]

    two.town.wires["rivera"].lies["/invitations"] = (list[wire.InvitationView], lie)


async def test_a_key_that_was_given_up_is_never_pinned_again(two: Two) -> None:
    given_up = two.patient.journal.keyring.identity.public
    await renew(two.patient)
    await reconnect(two.therapist, two.patient.id, two.patient)
    await answered_by_a_liar(two, Party(two.patient.id, given_up, "Ana"))
    assert await two.therapist.invitations.settle() == []
    assert faults(two.therapist) == {SecondAnswerError}
    assert two.therapist.contacts[two.patient.id].key == two.patient.journal.keyring.identity.public


async def test_a_second_right_answer_is_an_attack(two: Two) -> None:
    await answered_by_a_liar(two, Party(new_id(), Identity.new().public, "Ana"))
    assert len(await two.therapist.invitations.settle()) == 1
    lie = two.town.wires["rivera"].lies["/invitations"][1]
    two.town.wires["rivera"].lies["/invitations"] = (
        list[wire.InvitationView],
        lambda views: [
            msgspec.structs.replace(view, invitee=new_id()) if view.invitee else view for view in lie(views)
        ],
    )
    assert await two.therapist.invitations.settle() == []
    assert faults(two.therapist) == {SecondAnswerError}


async def test_an_answer_after_seven_days_or_to_a_withdrawn_link_pins_nothing(two: Two) -> None:
    await answered_by_a_liar(two, Party(new_id(), Identity.new().public, "Ana"))
    two.town.running.time.move(8 * DAY)
    assert await two.therapist.invitations.settle() == []
    assert faults(two.therapist) == {TagError}
    invited = await two.therapist.invitations.reconnect(two.patient.id, "Dr. Rivera")
    await two.therapist.invitations.withdraw(invited.record.id)
    with pytest.raises(LinkNotValidError):
        await open_as(two.patient, invited.link)


async def test_a_therapist_answers_patients_reconnect_links_alone(two: Two, town: Town) -> None:
    other = (await town.therapist("sol")).account
    invited = await other.invitations.invite("Dr. Sol", "Somebody", adult=True)
    with pytest.raises(LinkError):
        await two.therapist.invitations.answer(await open_as(two.therapist, invited.link), "Dr. Rivera")


async def test_a_patient_who_lost_every_way_in_gets_back_what_was_shared_once(two: Two) -> None:
    shared = await two.patient.write("Shared.", feelings=["calm"])
    await two.patient.share(shared.id, two.therapist.id, 1)
    await two.patient.write("Never shared.")
    await two.therapist.sync()
    link = (await two.therapist.invitations.reconnect(two.patient.id, "Dr. Rivera")).link
    device = two.town.device("ana-anew")
    opened = await device.open_invitation(link)
    assert opened.reconnects == two.patient.id
    anew = (await device.join(opened, email="ana.anew@example.org", passphrase=PASSPHRASE, name="Ana")).account
    assert await two.therapist.invitations.settle() == [anew.id]
    assert two.therapist.contacts[anew.id].replaces == two.patient.id
    assert two.patient.id in two.therapist.contacts

    (returned,) = await two.therapist.reconnecting.give_back(anew.id, seen=True)
    assert await two.therapist.reconnecting.give_back(anew.id, seen=True) == []
    laptop = await two.town.device("laptop").sign_in("ana.anew@example.org", PASSPHRASE)
    await anew.sync()
    await laptop.sync()
    (taken,) = await anew.reconnecting.take_in()
    await laptop.reconnecting.take_in()  # which has not heard of the other device's
    await laptop.sync()
    await anew.sync()
    for one in (anew, laptop):
        (entry,) = one.journal.own("entry")
        assert (entry.id, entry.content["text"], entry.content["feelings"]) == (taken.id, "Shared.", ["calm"])
        assert entry.named_readers == {}
    mark = taken.content["given_back"]
    assert isinstance(mark, dict)
    assert (mark["record"], mark["account"], mark["name"]) == (
        returned.content["record"],
        two.therapist.id,
        "Dr. Rivera",
    )
    await anew.delete(taken.id)
    assert await anew.reconnecting.take_in() == []  # what was deleted doesn't come again


async def test_a_patient_shares_anew_with_a_therapist_who_lost_every_way_in(two: Two, town: Town) -> None:
    entry = await two.patient.write("Shared.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    await two.therapist.sync()
    comment = await two.therapist.comment(entry.id, "I was there.")
    await two.patient.sync()
    practice = await database.fetch_one("SELECT practice FROM memberships WHERE account = $1", UUID(two.therapist.id))
    assert practice is not None
    token = await create_first_therapist_link(practice["practice"], town.running.time.now)
    link = f"{ORIGIN}/begin#{base64.urlsafe_b64encode(token).decode().rstrip('=')}"
    device = town.device("rivera-anew")
    anew = (await device.begin(link, email="rivera.anew@example.org", passphrase=PASSPHRASE, name="Dr. Rivera")).account
    assert await reconnect(two.patient, two.therapist.id, anew) == [anew.id]
    assert two.patient.reconnecting.to_share_anew(anew.id) == {entry.id: 1}
    with pytest.raises(NoAgreementError):
        await two.patient.reconnecting.share_anew(anew.id, [entry.id])
    await agree(anew, two.patient)
    await two.patient.reconnecting.share_anew(anew.id, [entry.id])
    await anew.sync()
    assert anew.record(entry.id).content["text"] == "Shared."
    assert two.patient.record(entry.id).named_readers == {anew.id: 1}
    await two.patient.sync()
    assert two.patient.record(comment.id).content["text"] == "I was there."
    assert two.patient.reconnecting.to_share_anew(anew.id) == {}
