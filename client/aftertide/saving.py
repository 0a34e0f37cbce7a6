"""Saving records: sealed once, sent until our server answers, sealed anew only when it has moved on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from aftertide import wire
from aftertide.api import Api
from aftertide.errors import (
    DeletedError,
    KeyChangedError,
    NotFoundError,
    NotSignedInError,
    RefusedError,
    SlowDownError,
    StaleError,
    UnknownContactError,
    UnknownRecordError,
)
from aftertide.journal import Journal, Record, head_of
from aftertide.protocol.encoding import new_id, unb64u
from aftertide.protocol.grants import seal_grant
from aftertide.protocol.ijson import Json, JsonObject
from aftertide.protocol.keys import RecordKey, key_id_of
from aftertide.protocol.kinds import Attention
from aftertide.protocol.records import Head, base_of, check_proof, make_tombstone, prove, seal_body, wrap_key

Readers = dict[str, Attention]
"""Account to what is asked of it."""
Clock = Callable[[], datetime]
"""Gives the present instant, with a zone."""
Change = Callable[[JsonObject], JsonObject]
"""Makes new content of a record's present content."""
Choice = Callable[[Record], Readers]
"""Chooses who reads from now on."""


SAFE_STEPS: Final = 2
"""One revision above what was seen, a device asks for its base; two above, it can't have seen it."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A save that our server hasn't answered: its exact bytes, and how to make it anew should the record have moved on."""

    save: wire.Save
    record: Record
    change: Change
    readers: Choice | None


class Saver:
    """Seals and sends what one account owns; the journal holds what the server has taken."""

    def __init__(self, api: Api, journal: Journal, clock: Clock) -> None:
        """Save over `api` what `journal`'s account owns."""
        self.api = api
        self.journal = journal
        self.clock = clock
        self.unsent: dict[str, Unsent] = {}
        """By record: what was sealed and sent without an answer. `flush` sends the same bytes."""
        self.changed_keys: frozenset[str] = frozenset()
        """Contacts who have other keys than the pinned ones, by the server's word: nothing new is sealed to either."""
        self.counter = 0
        """The account's change counter, as far as an answer to a save has shown it."""
        self.turn = asyncio.Lock()
        """Held while a record moves on, and while a page of the feed is fetched and judged: a page that was fetched before
        a save must not be judged after it, or it would look like a rollback."""

    def own_record(self, record: str) -> Record:
        """Return an own record; raises UnknownRecordError for somebody else's or one that isn't here."""
        found = self.journal.records.get(record)
        if found is None or found.owner != self.journal.account:
            raise UnknownRecordError("no such record of one's own on this device")
        return found

    async def create(
        self, content: JsonObject, readers: Readers | None = None, *, about: str = "", record: str | None = None
    ) -> Record:
        """Save a new record; `content` without its `readers`. Raises as `Api.ask` does, and ContentError."""
        head = Head(record or new_id(), self.journal.account, about, 1, 1, "")
        sealed = self._seal(head, RecordKey.new(), content, readers or {}, new_epoch=True)
        return await self._send(Unsent(*sealed, _unchanged, None))

    async def edit(self, record: str, change: Change | None = None, readers: Choice | None = None) -> Record:
        """Save what `change` makes of an own record's content; with `readers`, who reads from now on.

        When the server has a newer revision it is checked, `change` is applied to that one, and it is saved again: nothing
        that another device wrote is dropped. Readers whose grant the server has closed are left out under a new epoch.
        """
        async with self.turn:
            if record in self.unsent:
                await self.flush()
            return await self._send(self._sealed_edit(record, change or _unchanged, readers))

    async def flush(self) -> None:
        """Send what our server hasn't answered yet, the same bytes again; raises as `Api.ask` does. `turn` is held."""
        for unsent in list(self.unsent.values()):
            await self._send(unsent)

    def _sealed_edit(self, record: str, change: Change, readers: Choice | None) -> Unsent:
        current = self.own_record(record)
        wanted = readers(current) if readers else as_readers(current.open_readers)
        new_epoch = readers is not None or wanted != current.named_readers or current.gen < self.journal.keyring.gen
        head = replace(
            current.head,
            epoch=current.head.epoch + new_epoch,
            revision=current.head.revision + 1,
            base=current.hash,
        )
        key = RecordKey.new() if new_epoch else current.key
        content = change(dict(current.content))
        sealed = self._seal(head, key, content, wanted, new_epoch=new_epoch, present=current)
        return Unsent(*sealed, change, readers)

    async def delete(self, record: str) -> None:
        """Delete an own record, leaving its proved tombstone; repeated until our server answers.

        Where another device was quicker, its tombstone is checked by the next sync, and the record goes then.
        """
        async with self.turn:
            while True:
                current = self.own_record(record)
                revision = current.head.revision
                gen = self.journal.keyring.gen
                proof = make_tombstone(self.journal.keyring.keys.record_proof, record, current.owner, revision)
                try:
                    await self._put(f"/records/{record}/tombstone", wire.Delete(revision, proof, gen))
                except StaleError as error:
                    if error.current is None or self.journal.take_own(error.current).head.revision <= revision:
                        raise
                except DeletedError:
                    self.unsent.pop(record, None)
                    return
                else:
                    self.unsent.pop(record, None)
                    self.journal.end(record, revision)
                    return

    async def give_back(self, record: str) -> Record:
        """Save an own record again that a restored server has lost, or has an older state of.

        The saves go on from what the server has, whose proof is checked, under a new epoch each, until epoch and revision
        lie above all that any device saw before: then no device takes it for a rollback.
        """
        async with self.turn:
            mine = self.own_record(record)
            readers = as_readers(mine.named_readers)
            head = await self._server_head(mine.head)
            while True:
                last = head.revision >= mine.head.revision + SAFE_STEPS and head.epoch > mine.head.epoch
                sealed, made = self._seal(head, RecordKey.new(), mine.content, readers if last else {}, new_epoch=True)
                await self._put(f"/records/{record}", sealed)
                if last:
                    self.journal.keep(made)
                    return made
                head = head.following(sealed.body, new_epoch=True)

    async def _server_head(self, mine: Head) -> Head:
        """Return the head of the save that follows what the server has of an own record, or of a first one."""
        try:
            shown = await self.api.ask(wire.RecordView, "GET", f"/records/{mine.record}")
        except NotFoundError:
            return replace(mine, epoch=1, revision=1, base="")
        head = head_of(shown)
        check_proof(self.journal.keyring.keys.record_proof, head, shown.body, shown.proof)
        return head.following(shown.body, new_epoch=True)

    def _seal(
        self,
        head: Head,
        key: RecordKey,
        content: JsonObject,
        readers: Readers,
        *,
        new_epoch: bool,
        present: Record | None = None,
    ) -> tuple[wire.Save, Record]:
        keyring, contacts = self.journal.keyring, self.journal.contacts()
        missing = [account for account in readers if account not in contacts]
        if missing:
            raise UnknownContactError("a reader whose key isn't pinned")
        if self.changed_keys & readers.keys():
            raise KeyChangedError("a reader has other keys than the pinned ones: reconnect first")
        if any(contacts[account].knows < keyring.gen for account in readers):
            raise KeyChangedError("a reader doesn't have one's new keys: answer a reconnect link of theirs first")
        if new_epoch:
            pinned = {account: contacts[account].key for account in readers}
            grants = [
                seal_grant(
                    keyring.identity, head.record, head.owner, account, head.epoch, attention, pinned[account], key
                )
                for account, attention in readers.items()
            ]
            named: list[Json] = [
                {"account": grant.grantee, "key_id": key_id_of(pinned[grant.grantee]), "attention": grant.attention}
                for grant in grants
            ]
            said: JsonObject = {**content, "readers": named, **_of_gen(keyring.gen)}
        else:
            grants = []
            said = content
        body = seal_body(key, head, said)
        now = self.clock()
        save = wire.Save(
            request=new_id(),
            gen=keyring.gen,
            about=head.about or None,
            epoch=head.epoch,
            revision=head.revision,
            base=unb64u(head.base) if head.base else None,
            wrapped=wrap_key(keyring.keys.record_wrap, head, key) if new_epoch else None,
            body=body,
            proof=prove(keyring.keys.record_proof, head, body),
            grants=[wire.NewGrant(grant.grantee, grant.attention, grant.sealed) for grant in grants]
            if new_epoch
            else None,
        )
        shown = (
            tuple(_reader_view(head, account, attention, now) for account, attention in readers.items())
            if new_epoch
            else (present.readers if present else ())
        )
        return save, Record(head, base_of(body), key, said, now, shown)

    async def _put(self, path: str, body: wire.Save | wire.Delete) -> None:
        saved = await self.api.ask(wire.Saved, "PUT", path, body)
        self.counter = max(self.counter, saved.cursor)

    async def _send(self, unsent: Unsent) -> Record:
        while True:
            record = unsent.record
            self.unsent[record.id] = unsent
            try:
                await self._put(f"/records/{record.id}", unsent.save)
            except StaleError as error:
                self.unsent.pop(record.id, None)
                if error.current is None:
                    raise
                newer = self.journal.take_own(error.current)
                if newer.head.revision < record.head.revision:
                    raise
                unsent = self._sealed_edit(record.id, unsent.change, unsent.readers)
            except (NotSignedInError, SlowDownError):
                raise  # it waits: signing in again or a little later doesn't change what was meant
            except RefusedError:
                self.unsent.pop(record.id, None)
                raise
            else:
                self.unsent.pop(record.id, None)
                self.journal.keep(record)
                return record


def _of_gen(gen: int) -> JsonObject:
    return {"gen": gen} if gen > 1 else {}


def _unchanged(content: JsonObject) -> JsonObject:
    return content


def as_readers(named: dict[str, int]) -> Readers:
    """Return the named readers with what is asked of each, as the schema has checked it."""
    levels: tuple[Attention, ...] = (0, 1, 2)
    return {account: levels[attention] for account, attention in named.items()}


def with_reader(record: Record, account: str, attention: Attention) -> Readers:
    """Return a record's readers with one more, or with what is asked of one changed."""
    return {**as_readers(record.open_readers), account: attention}


def only_readers(record: Record, among: set[str]) -> Readers:
    """Return those of a record's readers who are among some accounts."""
    return {reader: level for reader, level in as_readers(record.open_readers).items() if reader in among}


def without_reader(record: Record, account: str) -> Readers:
    """Return a record's readers without one."""
    return {reader: level for reader, level in as_readers(record.open_readers).items() if reader != account}


def _reader_view(head: Head, account: str, attention: int, now: datetime) -> wire.ReaderView:
    return wire.ReaderView(
        account=account,
        epoch=head.epoch,
        attention=attention,
        granted=now,
        read=None,
        read_revision=None,
        reviewed=None,
        reviewed_revision=None,
    )
