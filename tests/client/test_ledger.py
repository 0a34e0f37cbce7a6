"""A device without memory, and a server that shows it an old journal: the account's ledger tells."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from aftertide import wire
from aftertide.account import Account
from aftertide.errors import ReturnedAfterDeletionError, WithheldError
from aftertide.protocol.errors import OlderRevisionError, OtherBodyError, ProtocolError
from aftertide.protocol.records import prove, seal_body

from tests.client.conftest import PASSPHRASE, Two

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Rows = Callable[[list[wire.Change]], list[wire.Change]]


async def feed(account: Account) -> dict[str, wire.Change]:
    """The whole feed as the server tells it now, by record."""
    page = await account._api.ask(wire.Changes, "GET", "/changes")
    return {row.id: row for row in page.changes}


async def new_device(two: Two, name: str, rows: Rows = lambda rows: rows) -> Account:
    """Sign Ana in where nothing of hers has been, through a server that shows `rows` of the feed."""
    device = two.town.device(name)
    two.town.wires[name].lies["/changes"] = (
        wire.Changes,
        lambda page: msgspec.structs.replace(page, changes=rows(page.changes)),
    )
    account = await device.sign_in("ana@example.org", PASSPHRASE)
    await account.sync()
    return account


def faults(account: Account) -> dict[str, type[ProtocolError]]:
    return {fault.record: type(fault.error) for fault in account.faults}


async def test_a_new_device_learns_of_when_the_journal_is_that_it_is_shown(two: Two) -> None:
    entry = await two.patient.write("The water again.")
    await two.patient.keep_ledger()
    fresh = await new_device(two, "tablet")
    assert fresh.record(entry.id).content["text"] == "The water again."
    assert fresh.journal_at == datetime.fromtimestamp(two.town.running.time.now // 1000, UTC)
    assert fresh.faults == ()
    assert two.patient.journal_at is None


async def test_an_older_state_than_was_listed_is_refused(two: Two) -> None:
    entry = await two.patient.write("One.")
    old = (await feed(two.patient))[entry.id]
    await two.patient.edit(entry.id, lambda content: {**content, "text": "Two."})
    await two.patient.keep_ledger()
    fresh = await new_device(two, "tablet", lambda rows: [old if row.id == entry.id else row for row in rows])
    assert faults(fresh) == {entry.id: OlderRevisionError}
    assert entry.id not in fresh.journal.records


async def test_what_was_listed_and_isnt_shown_is_missed_and_stays_listed(two: Two) -> None:
    entry = await two.patient.write("Kept back.")
    await two.patient.keep_ledger()

    def without(rows: list[wire.Change]) -> list[wire.Change]:
        return [row for row in rows if row.id != entry.id]

    fresh = await new_device(two, "tablet", without)
    assert faults(fresh) == {entry.id: WithheldError}
    await fresh.keep_ledger()
    assert faults(await new_device(two, "laptop", without)) == {entry.id: WithheldError}
    assert faults(await new_device(two, "phone")) == {}


async def test_a_listed_deletion_isnt_undone(two: Two) -> None:
    entry = await two.patient.write("To be gone.")
    live = (await feed(two.patient))[entry.id]
    await two.patient.delete(entry.id)
    await two.patient.keep_ledger()
    fresh = await new_device(two, "tablet", lambda rows: [live if row.id == entry.id else row for row in rows])
    assert faults(fresh) == {entry.id: ReturnedAfterDeletionError}


async def test_another_body_under_the_listed_revision_is_refused(two: Two) -> None:
    entry = await two.patient.write("One.")
    await two.patient.keep_ledger()
    # As if two devices had once saved the same revision, and the server had kept both.
    body = seal_body(entry.key, entry.head, {**entry.content, "text": "Its twin."})
    proof = prove(two.patient.journal.keyring.keys.record_proof, entry.head, body)

    def twin(row: wire.Change) -> wire.Change:
        if row.id != entry.id or row.record is None:
            return row
        return msgspec.structs.replace(row, record=msgspec.structs.replace(row.record, body=body, proof=proof))

    fresh = await new_device(two, "tablet", lambda rows: [twin(row) for row in rows])
    assert faults(fresh) == {entry.id: OtherBodyError}


async def test_a_ledger_that_the_owner_didnt_make_counts_for_nothing(two: Two) -> None:
    ledger = await two.patient.keep_ledger()

    def forge(view: wire.RecordView) -> wire.RecordView:
        return msgspec.structs.replace(view, proof=bytes(32))

    device = two.town.device("tablet")
    two.town.wires["tablet"].lies[f"/records/{ledger.id}"] = (wire.RecordView, forge)
    fresh = await device.sign_in("ana@example.org", PASSPHRASE)
    await fresh.sync()
    assert fresh.journal_at is None


async def test_two_devices_list_what_both_have(two: Two) -> None:
    other = await new_device(two, "laptop")
    await two.patient.keep_ledger()
    await other.sync()
    mine = await two.patient.write("Phone.")
    theirs = await other.write("Laptop.")
    await other.keep_ledger()
    await two.patient.keep_ledger()
    missed = {mine.id, theirs.id}
    fresh = await new_device(two, "tablet", lambda rows: [row for row in rows if row.id not in missed])
    assert faults(fresh) == dict.fromkeys(missed, WithheldError)
