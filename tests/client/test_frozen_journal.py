"""A server that answers with one old consistent state: a device with memory notices, one without is told of when it is."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aftertide import wire
from aftertide.account import Account
from aftertide.errors import WithheldError
from aftertide.memory import Memory
from aftertide.protocol.encoding import new_id
from aftertide.protocol.errors import OlderRevisionError

from server.clock import DAY
from tests.client.conftest import PASSPHRASE, Two
from tests.client.test_ledger import faults

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Frozen:
    """The whole of what the server says to Ana's devices, as it was on one day."""

    def __init__(self, two: Two, page: wire.Changes, me: wire.Me, ledger: wire.RecordView | None) -> None:
        self.two = two
        self.page = page
        self.me = me
        self.ledger = ledger

    def on(self, device: str, *, counter: int | None = None) -> None:
        """Let a device see nothing else; `counter`: what the server says it is, so as not to look restored."""
        self.two.town.device(device)
        lies = self.two.town.wires[device].lies
        page = msgspec.structs.replace(self.page, counter=self.page.counter if counter is None else counter)
        lies["/changes"] = (wire.Changes, lambda _: page)
        lies["/sign-in"] = (wire.Me, lambda me: msgspec.structs.replace(me, ledger_record=self.me.ledger_record))
        if self.ledger is not None:
            view = self.ledger
            lies[f"/records/{view.id}"] = (wire.RecordView, lambda _: view)


async def freeze(two: Two) -> Frozen:
    """Keep what the server says now."""
    api = two.patient._api
    me = await api.ask(wire.Me, "GET", "/account")
    ledger = None
    if me.ledger_record is not None:
        ledger = await api.ask(wire.RecordView, "GET", f"/records/{me.ledger_record}")
    return Frozen(two, await api.ask(wire.Changes, "GET", "/changes"), me, ledger)


async def a_life_since(two: Two, entry: str) -> str:
    """Three days later the entry says something else, there is another one, and a ledger that lists both."""
    two.town.running.time.move(3 * DAY)
    await two.patient.edit(entry, lambda old: {**old, "text": "Since."})
    later = await two.patient.write("Later.")
    await two.patient.sync()
    await two.patient.keep_ledger()
    return later.id


async def sign_in(two: Two, device: str, memory: Memory | None = None) -> Account:
    account = await two.town.device(device).sign_in("ana@example.org", PASSPHRASE, memory)
    await account.sync()
    return account


async def test_a_device_that_goes_on_keeps_its_words_and_names_what_is_missing(two: Two) -> None:
    entry = await two.patient.write("Then.")
    frozen = await freeze(two)
    later = await a_life_since(two, entry.id)
    frozen.on("ana")
    pulled = await two.patient.sync()
    assert pulled.restored
    assert {entry.id, later} <= set(pulled.lost)
    assert two.patient.record(entry.id).content["text"] == "Since."
    assert two.patient.record(later).content["text"] == "Later."


async def test_a_device_with_its_memory_refuses_the_old_state_and_misses_the_rest_after_a_restart(two: Two) -> None:
    entry = await two.patient.write("Then.")
    frozen = await freeze(two)
    later = await a_life_since(two, entry.id)
    memory = Memory.from_json(two.patient.memory.to_json())
    frozen.on("ana", counter=memory.counter)
    again = await sign_in(two, "ana", memory)
    found = faults(again)
    assert (found[entry.id], found[later]) == (OlderRevisionError, WithheldError)
    assert entry.id not in again.journal.records
    # The ledger was saved since, too.
    assert set(found.values()) == {OlderRevisionError, WithheldError}


async def test_it_misses_what_was_shared_with_it_too_and_not_what_was_taken_back(two: Two) -> None:
    kept, back = await two.patient.write("Shared."), await two.patient.write("Taken back.")
    for entry in (kept, back):
        await two.patient.share(entry.id, two.therapist.id)
    await two.therapist.sync()
    await two.patient.take_back(back.id, two.therapist.id)
    memory = Memory.from_json(two.therapist.memory.to_json())
    wires = two.town.wires["rivera"]
    wires.lies["/changes"] = (
        wire.Changes,
        lambda page: msgspec.structs.replace(page, changes=[row for row in page.changes if row.id != kept.id]),
    )
    again = await two.town.device("rivera").sign_in("rivera@example.org", PASSPHRASE, memory)
    await again.sync()
    assert faults(again) == {kept.id: WithheldError}
    wires.lies.clear()
    honest = await two.town.device("rivera").sign_in("rivera@example.org", PASSPHRASE, memory)
    await honest.sync()
    assert faults(honest) == {}


async def test_what_a_restored_server_lost_isnt_missed_after_a_restart_and_nothing_older_is_taken_for_it(
    two: Two,
) -> None:
    entry = await two.patient.write("Then.")
    page = await two.patient._api.ask(wire.Changes, "GET", "/changes")
    old = next(row for row in page.changes if row.id == entry.id)
    await two.patient.edit(entry.id, lambda content: {**content, "text": "Since."})
    await two.patient.sync()
    wires = two.town.wires["ana"]
    wires.headers = {"aftertide-incarnation": new_id()}
    without: list[wire.Change] = []
    wires.lies["/changes"] = (
        wire.Changes,
        lambda page: msgspec.structs.replace(
            page, changes=[*(row for row in page.changes if row.id != entry.id), *without]
        ),
    )
    assert (await two.patient.sync()).restored
    memory = two.patient.memory.to_json()
    again = await sign_in(two, "ana", Memory.from_json(memory))
    assert faults(again) == {}
    without.append(old)
    later = await sign_in(two, "ana", Memory.from_json(memory))
    assert faults(later) == {entry.id: OlderRevisionError}


async def test_a_device_without_memory_is_told_of_when_the_journal_is(two: Two) -> None:
    entry = await two.patient.write("Then.")
    await two.patient.keep_ledger()
    frozen, then = await freeze(two), two.town.now()
    await a_life_since(two, entry.id)
    frozen.on("tablet")
    fresh = await sign_in(two, "tablet")
    assert fresh.journal_at == then.replace(microsecond=0)
    assert two.town.now() - fresh.journal_at >= timedelta(days=3)
    assert fresh.record(entry.id).content["text"] == "Then."


async def test_a_newer_ledger_beside_an_old_journal_tells_all_that_is_missing(two: Two) -> None:
    entry = await two.patient.write("Then.")
    frozen = await freeze(two)
    later = await a_life_since(two, entry.id)
    now = await two.patient._api.ask(wire.Me, "GET", "/account")
    frozen.me = now
    frozen.on("tablet")
    fresh = await sign_in(two, "tablet")
    assert fresh.journal_at == datetime.fromtimestamp(two.town.running.time.now // 1000, UTC)
    found = faults(fresh)
    assert (found[entry.id], found[later]) == (OlderRevisionError, WithheldError)


async def test_an_old_journal_whose_ledger_is_hidden_has_no_date(two: Two) -> None:
    entry = await two.patient.write("Then.")
    await two.patient.keep_ledger()
    frozen = await freeze(two)
    await a_life_since(two, entry.id)
    frozen.ledger, frozen.me = None, msgspec.structs.replace(frozen.me, ledger_record=None)
    frozen.on("tablet")
    fresh = await sign_in(two, "tablet")
    assert fresh.journal_at is None
