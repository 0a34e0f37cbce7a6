"""The account's list of what it holds: by it a device without memory knows an older state that a server shows it.

docs/protocol.md, "Sync". One record an account, in which no device's state is older than the list says.
"""

from datetime import datetime
from typing import Final, cast

from aftertide import wire
from aftertide.api import Api
from aftertide.errors import NotFoundError, PointerSetError, WithheldError
from aftertide.journal import Fault, Journal, Record
from aftertide.protocol.errors import OlderGenerationError, ProtocolError
from aftertide.protocol.ijson import Json, JsonObject
from aftertide.protocol.memory import SHORT, Seen, short_hash
from aftertide.saving import Clock, Saver

Listed = tuple[str, int, int, str]
"""Record, epoch, revision, `short_hash` of its body: or nothing of one that was deleted after that revision."""
_KIND: Final = "ledger"


class Ledger:
    """Reads the ledger of an account where nothing is remembered, and saves it; made by `Account`."""

    def __init__(self, api: Api, saver: Saver, clock: Clock, record: str | None) -> None:
        """Hold the ledger of the account whose records `saver` saves; `record` is its id, if it has one."""
        self._api = api
        self._saver = saver
        self._clock = clock
        self._record = record
        self._listed: set[str] = set()
        self.at: datetime | None = None
        """Of when the journal is that the server shows, where a ledger has said so."""

    @property
    def _journal(self) -> Journal:
        return self._saver.journal

    async def read(self) -> bool:
        """Remember what the ledger lists; False where the server's database is another one than it was saved in.

        After a restore it may list what is yet to be given back: then it only says how old the journal is. A ledger that
        isn't proved, or is of a later generation of keys than the server shows, becomes a fault.
        """
        if self._record is None:
            return True
        try:
            view = await self._api.ask(wire.RecordView, "GET", f"/records/{self._record}")
        except NotFoundError:
            return True  # named, and kept back: then nothing says of when the journal is
        try:
            content = self._journal.take_own(view).content
            if cast("int", content["gen"]) > self._journal.keyring.gen:
                raise OlderGenerationError("the ledger is of a later generation")
        except ProtocolError as error:
            self._journal.faults[view.id] = Fault(view.id, self._journal.account, error)
            return True
        self.at = datetime.fromisoformat(str(content["at"]))
        if content["incarnation"] != self._api.incarnation:
            return False
        for record, epoch, revision, hash_ in cast("list[Listed]", content["records"]):
            if hash_:
                self._journal.memory.seen.setdefault(record, Seen(epoch, revision, hash_))
                self._listed.add(record)
            else:
                self._journal.memory.deleted[record] = revision
        return True

    def check_all(self) -> None:
        """Show as faults what the ledger lists and the server hasn't shown; call it after a first pull."""
        for record in self._listed - self._journal.records.keys() - self._journal.memory.deleted.keys():
            error = WithheldError("the ledger lists a record that the server doesn't show")
            self._journal.faults.setdefault(record, Fault(record, self._journal.account, error))

    async def keep(self) -> Record:
        """Save what the account holds now, for devices to come; raises what `Api.ask` raises.

        What another device has listed meanwhile, and this one hasn't been shown, stays listed.
        """
        saved = await self._save()
        if self._record is None:
            try:
                await self._api.tell("PUT", "/account/pointers/ledger", wire.Pointer(saved.id))
            except PointerSetError:
                # Another device was quicker: this one's goes, and what it lists joins the other one.
                self._record = (await self._api.ask(wire.Me, "GET", "/account")).ledger_record
                await self._saver.delete(saved.id)
                return await self.keep()
            self._record = saved.id
        return saved

    async def _save(self) -> Record:
        ledger = self._record or next(iter(sorted(record.id for record in self._journal.own(_KIND))), None)
        if ledger is None:
            return await self._saver.create(self._content({"records": []}))
        if ledger not in self._journal.records:
            self._journal.take_own(await self._api.ask(wire.RecordView, "GET", f"/records/{ledger}"))
        return await self._saver.edit(ledger, lambda before: {**before, **self._content(before)})

    def _content(self, before: JsonObject) -> JsonObject:
        listed = {row[0]: row for row in cast("list[Listed]", before["records"])}
        for row in self._list():
            other = listed.get(row[0])
            if other is None or row[2] > other[2] or (row[2] == other[2] and other[3] != ""):
                listed[row[0]] = row
        ledgers = {record.id for record in self._journal.own(_KIND)}
        records: list[Json] = [list(listed[record]) for record in sorted(listed.keys() - ledgers)]
        return {
            "kind": _KIND,
            "v": 1,
            "gen": self._journal.keyring.gen,
            "at": self._clock().isoformat(timespec="seconds"),
            "incarnation": self._api.incarnation,
            "records": records,
        }

    def _list(self) -> list[Listed]:
        memory = self._journal.memory
        told = [
            (record, seen.epoch, seen.revision, seen.hash)
            for record, seen in memory.seen.items()
            if len(seen.hash) == SHORT
        ]
        own = [
            (record.id, record.head.epoch, record.head.revision, short_hash(record.hash))
            for record in self._journal.own()
        ]
        ended = [(record, 1, revision, "") for record, revision in memory.deleted.items()]
        return [*told, *own, *ended]
