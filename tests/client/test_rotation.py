"""A phone was lost, or somebody may know the passphrase: new keys, and whoever has the old ones opens nothing written since."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from aftertide import wire, wire_rotation
from aftertide.access import passphrase
from aftertide.account import Account
from aftertide.errors import KeyChangedError, NotSignedInError, StaleGenError, UnreachableError, WrongProofError
from aftertide.invitations import open_invitation
from aftertide.memory import Memory
from aftertide.protocol.encoding import b64u
from aftertide.protocol.errors import DoesNotOpenError, OlderGenerationError, ProofError, ProtocolError
from aftertide.protocol.grants import Grant, open_grant
from aftertide.protocol.kit import read_kit
from aftertide.protocol.records import Head, open_body, unwrap_key
from aftertide.protocol.slots import kit_secrets, open_slot, passphrase_secrets

from server import database
from tests.client.conftest import PASSPHRASE, Two

ANOTHER = "gravel moth window seventh rope"


async def renew(account: Account) -> str:
    """Renew all keys; returns the new kit."""
    prepared = await account.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER)
    await account.renew_keys(prepared)
    return prepared.kit


async def reconnect(two: Two) -> None:
    """The therapist, who still has keys, makes the link; the patient answers it."""
    link = (await two.therapist.invitations.reconnect(two.patient.id, "Dr. Rivera")).link
    await two.patient.invitations.answer(await open_invitation(two.patient._api, link), "Ana")
    await two.therapist.sync()
    await two.therapist.invitations.settle()


async def a_journal(two: Two) -> tuple[str, str, str]:
    """An entry with a past, one that is shared and answered, one that was deleted."""
    entry = await two.patient.write("One.")
    await two.patient.edit(entry.id, lambda old: {**old, "text": "One. Two."})
    shared = await two.patient.write("For Monday.")
    await two.patient.share(shared.id, two.therapist.id, 1)
    gone = await two.patient.write("To go.")
    await two.patient.delete(gone.id)
    await two.therapist.sync()
    await two.therapist.comment(shared.id, "I have read it.")
    await two.patient.sync()
    return entry.id, shared.id, gone.id


async def test_everything_opens_under_the_new_keys_here_and_on_another_device(two: Two) -> None:
    entry, shared, gone = await a_journal(two)
    new_kit = await renew(two.patient)
    laptop = two.town.device("laptop")
    for account in (
        two.patient,
        await laptop.sign_in("ana@example.org", ANOTHER),
        await laptop.sign_in_with_kit("ana@example.org", new_kit),
    ):
        await account.sync()
        assert account.faults == ()
        assert account.record(entry).content["text"] == "One. Two."
        assert [past.content["text"] for past in await account.history(entry)] == ["One. Two.", "One."]
        assert [comment.content["text"] for comment in account.journal.shared("comment")] == ["I have read it."]
        assert account.memory.deleted[gone] == 1
        assert account.memory.gen == 2
    await two.patient.edit(entry, lambda old: {**old, "text": "Three."})
    assert two.patient.record(entry).head.epoch == 2  # under a key that nobody had before
    assert two.patient.record(shared).head.epoch == 2


async def test_nothing_is_sealed_for_a_contact_who_has_not_the_new_keys_until_both_reconnect(two: Two) -> None:
    _, shared, _ = await a_journal(two)
    await renew(two.patient)
    new = await two.patient.write("New.")
    for sharing in (two.patient.share(new.id, two.therapist.id), two.patient.edit(shared, lambda old: old)):
        with pytest.raises(KeyChangedError):
            await sharing
    await reconnect(two)
    await two.patient.share(new.id, two.therapist.id)
    laptop = await two.town.device("a laptop of hers").sign_in("rivera@example.org", PASSPHRASE)
    for therapist in (two.therapist, laptop):
        await therapist.sync()
        assert therapist.faults == ()
        assert {therapist.record(entry).content["text"] for entry in (shared, new.id)} == {"For Monday.", "New."}


async def test_the_former_ways_in_open_nothing_any_more(two: Two) -> None:
    other = await two.town.device("old tablet").sign_in("ana@example.org", PASSPHRASE)
    await renew(two.patient)
    with pytest.raises(NotSignedInError):
        await other.write("From a device that was signed out.")
    with pytest.raises(WrongProofError):
        await two.town.device("thief").sign_in("ana@example.org", PASSPHRASE)
    with pytest.raises(WrongProofError):
        await two.town.device("thief").sign_in_with_kit("ana@example.org", two.kit)


class Thief:
    """Has the lost device as it was, unlocked, with the passphrase and the kit, and the database as it was then."""

    def __init__(self, account: Account, the_kit: str) -> None:
        self.account = account.id
        self.keyring = account.journal.keyring
        self.contacts = {contact: pin.key for contact, pin in account.contacts.items()}
        self.known = [record.key for record in account.journal.records.values()]
        self.kit = the_kit

    async def take_the_database(self) -> None:
        """Whatever the old keys open of what lies there now becomes known."""
        for row in await database.fetch(
            "SELECT w.record, w.epoch, w.wrapped, r.owner FROM wraps w JOIN records r ON r.id = w.record"
        ):
            head = Head(str(row["record"]), str(row["owner"]), "", row["epoch"], 1, "")
            self._keep(
                lambda head=head, row=row: unwrap_key(self.keyring.keys.record_wrap, head, bytes(row["wrapped"]))
            )
        for row in await database.fetch("SELECT g.*, r.owner FROM grants g JOIN records r ON r.id = g.record"):
            for pinned in self.contacts.values():
                grant = Grant(
                    str(row["record"]), str(row["owner"]), str(row["grantee"]), row["epoch"], row["attention"], bytes(row["sealed"])
                )  # fmt: skip
                self._keep(
                    lambda grant=grant, pinned=pinned: open_grant(self.keyring.identity, self.account, grant, pinned)
                )

    def _keep(self, opened: Any) -> None:
        try:
            self.known.append(opened())
        except ProtocolError:
            return

    async def reads(self, revisions: Iterable[Any]) -> set[str]:
        """What of the database's revisions any key that they have opens."""
        read = set()
        for row in revisions:
            head = Head(
                str(row["record"]), str(row["owner"]), "" if row["about"] is None else str(row["about"]), row["epoch"], row["revision"],
                "" if row["base"] is None else b64u(bytes(row["base"])),
            )  # fmt: skip
            for key in self.known:
                try:
                    read.add(str(open_body(key, head, bytes(row["body"])).get("text")))
                except ProtocolError:
                    continue
        return read

    async def opens_a_slot(self) -> bool:
        """Whether the passphrase or the kit opens a slot of the account."""
        salt = (
            await database.fetch(
                "SELECT params FROM key_slots WHERE method = 'passphrase' AND account = $1", self._id()
            )
        )[0]
        params = msgspec.json.decode(salt["params"])
        secrets = [
            passphrase_secrets(PASSPHRASE, "ana@example.org", msgspec.json.decode(f'"{params["salt"]}"', type=bytes)),
            kit_secrets(read_kit(self.kit)),
        ]
        for row in await database.fetch("SELECT * FROM key_slots WHERE account = $1", self._id()):
            for secret in secrets:
                try:
                    open_slot(
                        secret.slot_key, self.account, str(row["id"]), row["method"], row["gen"], bytes(row["sealed"])
                    )
                except DoesNotOpenError:
                    continue
                return True
        return False

    def _id(self) -> UUID:
        return UUID(self.account)


ALL = "SELECT v.*, r.about FROM revisions v JOIN records r ON r.id = v.record"


async def test_a_thief_with_the_device_and_the_database_reads_nothing_written_since(two: Two) -> None:
    entry, shared, _ = await a_journal(two)
    thief = Thief(two.patient, two.kit)
    await thief.take_the_database()
    before = await thief.reads(await database.fetch(ALL))
    assert {"One. Two.", "For Monday.", "I have read it."} <= before
    assert await thief.opens_a_slot()

    await renew(two.patient)
    await two.patient.write("New.")
    await two.patient.edit(entry, lambda old: {**old, "text": "Of old, changed since."})
    await reconnect(two)
    await two.patient.edit(shared, lambda old: {**old, "text": "Shared of old, changed since."})
    await thief.take_the_database()  # and has it again, as it is now
    assert await thief.reads(await database.fetch(ALL)) <= before
    assert not await thief.opens_a_slot()


STEPS = (
    "POST /api/account/rotation",
    "GET /api/account/rotation/records",
    "PUT /api/account/rotation/records",
    "POST /api/account/rotation/finish",
    "GET /api/account",
)


@pytest.mark.parametrize("step", STEPS)
async def test_cut_off_at_any_step_it_goes_on_from_another_device(two: Two, step: str) -> None:
    entry, shared, _ = await a_journal(two)
    prepared = await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER)
    wires = two.town.wires["ana"]
    begun = len(wires.requests)
    wires.lose = lambda number: any(asked == step for asked, _ in wires.requests[begun : number + 1])
    with pytest.raises(UnreachableError):
        await two.patient.renew_keys(prepared)
    with pytest.raises(WrongProofError):
        await two.town.device("thief").sign_in("ana@example.org", PASSPHRASE)

    laptop = await two.town.device("laptop").sign_in_with_kit("ana@example.org", prepared.kit)
    await laptop.sync()
    assert laptop.faults == ()
    assert (laptop.record(entry).content["text"], laptop.record(shared).content["text"]) == ("One. Two.", "For Monday.")
    assert laptop.memory.gen == 2
    await laptop.edit(entry, lambda old: {**old, "text": "Three."})


async def test_a_device_that_stays_behind_saves_nothing_under_the_former_keys(two: Two) -> None:
    await renew(two.patient)
    # Its session goes on, as on a device that a lying server never signed out.
    two.patient.journal.keyring = replace(two.patient.journal.keyring, gen=1)
    with pytest.raises(StaleGenError):
        await two.patient.write("Under the former keys.")
    with pytest.raises(StaleGenError):  # nor does it take what it can't judge for an attack
        await two.patient.sync()
    assert two.patient.faults == ()


async def test_a_revision_that_the_server_made_up_is_not_proved_anew(two: Two) -> None:
    entry, _, _ = await a_journal(two)

    def lie(page: wire_rotation.ToRenew) -> wire_rotation.ToRenew:
        return msgspec.structs.replace(
            page, proofs=[msgspec.structs.replace(one, hash=bytes(32)) if one.record == entry else one for one in page.proofs]
        )  # fmt: skip

    two.town.wires["ana"].lies["/account/rotation/records"] = (wire_rotation.ToRenew, lie)
    await renew(two.patient)
    two.town.wires["ana"].lies.clear()
    laptop = await two.town.device("laptop").sign_in("ana@example.org", ANOTHER)
    await laptop.sync()
    assert [fault.record for fault in laptop.faults if isinstance(fault.error, ProofError)] == [entry]


async def test_an_older_generation_or_a_rotation_to_it_is_refused(two: Two) -> None:
    remembered = Memory(account=two.patient.id, gen=3)
    prepared = await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER)
    wires = two.town.wires["ana"]
    begun = len(wires.requests)
    wires.lose = lambda number: wires.requests[number][0].endswith("/rotation") and number > begun
    with pytest.raises(UnreachableError):
        await two.patient.renew_keys(prepared)
    with pytest.raises(OlderGenerationError):
        await two.town.device("laptop").sign_in("ana@example.org", ANOTHER, remembered)


async def test_a_rotation_with_another_accounts_former_key_is_refused(two: Two) -> None:
    prepared = await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER)
    wires = two.town.wires["ana"]
    wires.lose = lambda number: wires.requests[number][0].endswith("/rotation")
    with pytest.raises(UnreachableError):
        await two.patient.renew_keys(prepared)
    laptop = two.town.device("laptop")

    def lie(me: wire.Me) -> wire.Me:
        assert me.rotation is not None
        return msgspec.structs.replace(me, rotation=msgspec.structs.replace(me.rotation, previous=bytes([1]) * 61))

    two.town.wires["laptop"].lies["/sign-in"] = (wire.Me, lie)
    with pytest.raises(DoesNotOpenError):
        await laptop.sign_in("ana@example.org", ANOTHER)
