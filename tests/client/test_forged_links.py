"""Links as weapons: replayed, answered twice, made by a stranger or by the server in the name of somebody known."""

from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec
import pytest
from aftertide import wire
from aftertide.access import passphrase
from aftertide.account import Account
from aftertide.errors import KeyChangedError, LinkNotValidError, RefusedError, UnknownContactError
from aftertide.invitations import OpenInvitation, open_invitation
from aftertide.protocol.encoding import new_id
from aftertide.protocol.errors import DoesNotOpenError, LinkError, ProtocolError
from aftertide.protocol.grants import Grant, open_grant
from aftertide.protocol.invitations import (
    InvitationSecret,
    Party,
    invitee_tag,
    inviter_tag,
    make_link,
    read_link,
    seal_card,
)
from aftertide.protocol.keys import Identity
from aftertide.protocol.kinds import Role

from tests.client.conftest import PASSPHRASE, Town, Two
from tests.client.test_lying_server import fault_of
from tests.conftest import ORIGIN

ANOTHER = "gravel moth window seventh rope"
# Lies are told between the app and the client: the engine below makes no difference to them.
on_one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_an_answer_by_keys_that_were_renewed_since_isnt_taken_for_forged(town: Town) -> None:
    therapist = (await town.therapist()).account
    invited = await therapist.invitations.invite("Dr. Rivera", "Ana", adult=True)
    device = town.device("ana")
    joined = await device.join(
        await device.open_invitation(invited.link), email="ana@example.org", passphrase=PASSPHRASE, name="Ana"
    )
    patient, answered_with = joined.account, joined.account.journal.keyring.identity.public
    await patient.renew_keys(await patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER))

    assert await therapist.invitations.settle() == [patient.id]
    assert therapist.faults == ()
    # Pinned is the key that answered; that there is another one by now is known, and nothing goes to either.
    assert therapist.contacts[patient.id].key == answered_with
    await therapist.sync()
    assert therapist.changed_keys == {patient.id}
    link = (await therapist.invitations.reconnect(patient.id, "Dr. Rivera")).link
    await patient.invitations.answer(await open_invitation(patient._api, link), "Ana")
    assert await therapist.invitations.settle() == [patient.id]
    assert therapist.contacts[patient.id].key == patient.journal.keyring.identity.public


async def test_a_link_that_was_used_lets_no_second_person_in(town: Town) -> None:
    therapist = (await town.therapist()).account
    invited = await therapist.invitations.invite("Dr. Rivera", "Ana", adult=True)
    first, second = town.device("ana"), town.device("mallory")
    opened = [await device.open_invitation(invited.link) for device in (first, second)]
    ana = await first.join(opened[0], email="ana@example.org", passphrase=PASSPHRASE, name="Ana")
    with pytest.raises(RefusedError) as refused:
        await second.join(opened[1], email="mallory@example.org", passphrase=PASSPHRASE, name="Ana")
    assert refused.value.code == "invitation-taken"
    assert await therapist.invitations.settle() == [ana.account.id]
    assert therapist.contacts.keys() == {ana.account.id}
    assert therapist.faults == ()


@on_one_engine
async def test_an_answer_replayed_to_another_invitation_pins_nobody(two: Two) -> None:
    views: list[wire.InvitationView] = await two.therapist._api.ask(list[wire.InvitationView], "GET", "/invitations")
    [answered] = views
    others = [await two.therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)]
    others.append(await two.therapist.invitations.reconnect(two.patient.id, "Dr. Rivera"))
    before = dict(two.therapist.contacts)

    def replay(shown: list[wire.InvitationView]) -> list[wire.InvitationView]:
        return [msgspec.structs.replace(answered, id=view.id) if view.invitee is None else view for view in shown]

    two.town.wires["rivera"].lies["/invitations"] = (list[wire.InvitationView], replay)
    assert await two.therapist.invitations.settle() == []
    assert {fault_of(two.therapist, other.record.id) for other in others} == {DoesNotOpenError}
    assert two.therapist.contacts == before


@on_one_engine
async def test_who_has_the_secret_of_a_link_from_before_new_keys_is_pinned_by_nobody(two: Two) -> None:
    therapist = two.therapist
    invited = await therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)
    reconnects = await therapist.invitations.reconnect(two.patient.id, "Dr. Rivera")
    invite, secret = read_link(invited.link)
    former = therapist.journal.keyring.identity.public
    await therapist.renew_keys(await therapist.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER))
    with pytest.raises(LinkNotValidError):
        await open_invitation(two.patient._api, invited.link)

    # Who took it from the lost device answers for the former key, and the server is in league with them.
    thief = Party(new_id(), Identity.new().public, "Bea")
    answered = {
        "invitee": thief.account,
        "invitee_key": thief.key,
        "tag": invitee_tag(secret, invite, (therapist.id, former), thief),
        "card": seal_card(secret, invite, "invitee", thief.account, thief.name),
    }

    def answer(shown: list[wire.InvitationView]) -> list[wire.InvitationView]:
        return [msgspec.structs.replace(view, **answered) if view.id == invite else view for view in shown]

    two.town.wires["rivera"].lies["/invitations"] = (list[wire.InvitationView], answer)
    assert await therapist.invitations.settle() == []
    assert therapist.contacts.keys() == {two.patient.id}
    assert therapist.faults == ()
    assert {record.content["state"] for record in therapist.journal.own("invitation")} == {"answered", "expired"}
    again = await therapist.invitations.reconnect(two.patient.id, "Dr. Rivera")
    assert again.record.id != reconnects.record.id


@dataclass
class Forger:
    """Who makes links with a secret and a key of their own, under any account and name, and has the server's help."""

    two: Two
    identity: Identity

    async def link(
        self, victim: Account, name: str, *, account: str, role: Role, reconnects: str | None
    ) -> OpenInvitation:
        """Have the victim open a link; the server shows for it what the forger made."""
        secret, invite = InvitationSecret.new(), new_id()
        party = Party(account, self.identity.public, name)
        [practice] = await self.two.patient.practices()
        device = "ana" if victim is self.two.patient else "rivera"
        shown = wire.OpenedInvitation(
            id=invite,
            inviter=account,
            inviter_role=role,
            inviter_key=party.key,
            tag=inviter_tag(secret, invite, party),
            card=seal_card(secret, invite, "inviter", account, name, reconnects),
            practice=practice,
            expires=self.two.town.now() + timedelta(days=7),
            answered=False,
        )
        made_up = self.two.town.wires[device].made_up
        made_up[f"/{invite}/open"], made_up[f"/{invite}/answer"] = shown, wire.Saved(0, 0)
        return await open_invitation(victim._api, make_link(ORIGIN, invite, secret))

    def opens(self, save: wire.Save, record: str, owner: Account) -> list[str]:
        """Which of a save's grants open with the forger's key."""
        opened = []
        for grant in save.grants or []:
            shown = Grant(record, owner.id, grant.grantee, save.epoch, grant.attention, grant.sealed)
            try:
                open_grant(self.identity, grant.grantee, shown, owner.journal.keyring.identity.public)
            except ProtocolError:
                continue
            opened.append(grant.grantee)
        return opened


@pytest.fixture
def forger(two: Two) -> Forger:
    return Forger(two, Identity.new())


def saves(two: Two, device: str) -> list[tuple[str, wire.Save]]:
    """What a device has saved: record and what was sent."""
    return [
        (what.rsplit("/", 1)[1], msgspec.msgpack.decode(body, type=wire.Save))
        for what, body in two.town.wires[device].requests
        if what.startswith("PUT /api/records/") and not what.endswith("/tombstone")
    ]


@on_one_engine
@pytest.mark.parametrize("reconnects", [False, True])
async def test_a_link_in_the_name_of_somebody_known_pins_nothing_and_shares_nothing(
    two: Two, forger: Forger, *, reconnects: bool
) -> None:
    entry = await two.patient.write("For Dr. Rivera alone.")
    await two.patient.share(entry.id, two.therapist.id)
    pinned, begun = two.patient.contacts, len(saves(two, "ana"))
    opened = await forger.link(
        two.patient,
        "Dr. Rivera",
        account=two.therapist.id,
        role="therapist",
        reconnects=two.patient.id if reconnects else None,
    )
    # Where it names who opens it, it is answered: whoever lost their keys needs that. It changes nothing here.
    if reconnects:
        await two.patient.invitations.answer(opened, "Ana")
    else:
        with pytest.raises(KeyChangedError):
            await two.patient.invitations.answer(opened, "Ana")
    assert two.patient.contacts == pinned
    assert len(saves(two, "ana")) == begun
    await two.patient.edit(entry.id, lambda old: {**old, "text": "Changed since."})
    await two.patient.share(entry.id, two.therapist.id, 1)
    assert [forger.opens(save, record, two.patient) for record, save in saves(two, "ana")] == [[]] * (begun + 2)
    await two.therapist.sync()
    assert two.therapist.record(entry.id).content["text"] == "Changed since."


@on_one_engine
async def test_a_strangers_link_that_says_it_reconnects_stands_in_nobodys_place(two: Two, forger: Forger) -> None:
    entry = await two.patient.write("For Dr. Rivera alone.")
    await two.patient.share(entry.id, two.therapist.id)
    stranger = new_id()
    opened = await forger.link(two.patient, "Dr. Rivera", account=stranger, role="therapist", reconnects=two.patient.id)
    await two.patient.invitations.answer(opened, "Ana")
    contact = two.patient.contacts[stranger]
    assert (contact.name, contact.replaces) == ("Dr. Rivera", None)
    with pytest.raises(UnknownContactError):
        two.patient.reconnecting.to_share_anew(stranger)
    assert two.patient.record(entry.id).named_readers == {two.therapist.id: 0}
    await two.patient.edit(entry.id, lambda old: {**old, "text": "Changed since."})
    assert two.patient.record(entry.id).named_readers == {two.therapist.id: 0}


@on_one_engine
async def test_a_stranger_who_plays_a_lost_patient_is_given_nothing_back(two: Two, forger: Forger) -> None:
    entry = await two.patient.write("Shared with Dr. Rivera.")
    await two.patient.share(entry.id, two.therapist.id)
    await two.therapist.sync()
    begun = len(saves(two, "rivera"))
    stranger = new_id()
    opened = await forger.link(two.therapist, "Ana", account=stranger, role="patient", reconnects=two.therapist.id)
    await two.therapist.invitations.answer(opened, "Dr. Rivera")
    assert two.therapist.contacts[stranger].replaces is None
    with pytest.raises(UnknownContactError):
        await two.therapist.reconnecting.give_back(stranger, seen=True)
    kinds = {two.therapist.record(record).kind for record, _ in saves(two, "rivera")[begun:]}
    assert kinds == {"contact"}
    # One that doesn't say so isn't for a therapist at all.
    opened = await forger.link(two.therapist, "Ana", account=new_id(), role="patient", reconnects=None)
    with pytest.raises(LinkError):
        await two.therapist.invitations.answer(opened, "Dr. Rivera")


@on_one_engine
async def test_who_has_new_keys_seals_for_the_pinned_key_alone_after_a_forged_link(two: Two, forger: Forger) -> None:
    entry = await two.patient.write("Of old.")
    await two.patient.share(entry.id, two.therapist.id)
    await two.patient.renew_keys(await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER))
    pinned, begun = two.patient.contacts[two.therapist.id].key, len(saves(two, "ana"))
    opened = await forger.link(
        two.patient, "Dr. Rivera", account=two.therapist.id, role="therapist", reconnects=two.patient.id
    )
    # What the contact reads is sealed anew after the answer to a link of theirs: to whom is decided by the pin.
    await two.patient.invitations.answer(opened, "Ana")
    assert two.patient.contacts[two.therapist.id].key == pinned
    made = saves(two, "ana")[begun:]
    assert {grant.grantee for _, save in made for grant in save.grants or []} == {two.therapist.id}
    assert [forger.opens(save, record, two.patient) for record, save in made] == [[]] * len(made)
    head, key = two.patient.record(entry.id).head, two.patient.journal.keyring.identity.public
    sealed = next(save.grants[0] for record, save in made if record == entry.id and save.grants)
    grant = Grant(entry.id, two.patient.id, two.therapist.id, head.epoch, sealed.attention, sealed.sealed)
    assert open_grant(two.therapist.journal.keyring.identity, two.therapist.id, grant, key)


@on_one_engine
async def test_an_opened_link_whose_key_is_swapped_afterwards_is_no_way_around(two: Two, forger: Forger) -> None:
    opened = await forger.link(two.patient, "Dr. Sol", account=new_id(), role="therapist", reconnects=None)
    await two.patient.invitations.answer(opened, "Ana")
    swapped = replace(opened, inviter=Party(opened.inviter.account, Identity.new().public, "Dr. Sol"))
    with pytest.raises(KeyChangedError):
        await two.patient.invitations.answer(swapped, "Ana")
    assert two.patient.contacts[opened.inviter.account].key == forger.identity.public
