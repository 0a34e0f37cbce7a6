"""A signed-in account: its journal, writing and sharing, following changes."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from aftertide import wire
from aftertide.access import Access
from aftertide.api import Api
from aftertide.appointments import Appointments
from aftertide.errors import (
    NoAgreementError,
    NotARelationError,
    PointerSetError,
    StaleGenError,
    UnknownContactError,
    UnknownRecordError,
    UnreachableError,
)
from aftertide.invitations import Invitations
from aftertide.journal import Contact, Fault, Journal, Record
from aftertide.keyring import Keyring, open_keyring
from aftertide.ledger import Ledger
from aftertide.memory import Memory
from aftertide.protocol.encoding import derived_id
from aftertide.protocol.errors import ProtocolError
from aftertide.protocol.ijson import Json, JsonObject
from aftertide.protocol.keys import key_id_of
from aftertide.protocol.kinds import Attention, Role
from aftertide.protocol.slots import check_generation
from aftertide.reconnecting import Reconnecting
from aftertide.rotating import Prepared, Rotating
from aftertide.saving import Change, Clock, Readers, Saver, Unsent, only_readers, with_reader, without_reader

PLEASE_READ_SOON: Final = 2
_EVERY: Final = 60.0


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one `sync` brought."""

    changed: tuple[str, ...]
    """Ids of the records that the feed named."""
    faults: tuple[Fault, ...]
    """All that doesn't hold at present, old faults among it."""
    restored: bool
    """The server's database is another one than before (a restored backup): an older state is no attack then."""
    lost: tuple[str, ...]
    """Own records of which the restored server has an older state than this device, or none."""


class Account:
    """What a person does with an account; made by `Client`.

    Nothing is taken from the server unchecked: what doesn't hold is in `faults`, beside the state that was there before.
    Methods that save raise what `Api.ask` raises, and keep the sealed bytes in `unsent` when no answer came.
    """

    def __init__(self, api: Api, me: wire.Me, keyring: Keyring, memory: Memory, clock: Clock) -> None:
        """Hold an open account; `memory` is what this device remembers of it."""
        self.id = me.id
        self.role: Role = me.role
        self.email = me.email
        self.zone = me.time_zone
        self.memory = memory
        self.journal = Journal(keyring, memory)
        self._api = api
        self._saver = Saver(api, self.journal, clock)
        self._clock = clock
        self._cursor = 0
        self._ledger = Ledger(api, self._saver, clock, me.ledger_record)
        self._settings_known = me.settings_record is not None
        self.invitations = Invitations(api, self._saver, me.role)
        self.reconnecting = Reconnecting(self._saver, self.agreement_with)
        self.appointments = Appointments(api, self._saver)
        self.access = Access(api, me.email, self.journal)

    @property
    def contacts(self) -> dict[str, Contact]:
        """Pinned keys by account."""
        return self.journal.contacts()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What the server has shown that doesn't hold."""
        return tuple(self.journal.faults.values())

    @property
    def unsent(self) -> dict[str, Unsent]:
        """What was sealed and hasn't been answered; `sync` sends the same bytes again."""
        return self._saver.unsent

    def record(self, record: str) -> Record:
        """Return a record of this journal, one's own or shared; raises UnknownRecordError."""
        found = self.journal.records.get(record)
        if found is None:
            raise UnknownRecordError("no such record on this device")
        return found

    async def sync(self) -> Pulled:
        """Send what waits, then pull all that has changed, page after page.

        When the database behind the server is another one, or its counter lies below what it has shown, everything is
        compared anew. Raises OlderGenerationError where it is of a state from before the account's keys were renewed.
        """
        async with self._saver.turn:
            await self._saver.flush()
            pulled = await self._pull()
        await self._point_to_settings()
        if self.contacts:
            await self.relations()
        return pulled

    async def _pull(self) -> Pulled:
        known, counter = self.memory.incarnation, max(self.memory.counter, self._saver.counter)
        is_first = known is None and not self.memory.seen
        listed_here = not is_first or await self._ledger.read()
        is_whole = self._cursor == 0 and not is_first
        first = await self._page(self._cursor)
        restored = (known is not None and known != self._api.incarnation) or first.counter < counter or not listed_here
        if restored:
            self._cursor = self._saver.counter = 0
            first = await self._page(0)
        changes = await self._pages(first)
        self.journal.restoring = restored
        try:
            await self.journal.take(changes, self._was_reader)
        finally:
            self.journal.restoring = False
        if restored:
            shown = {change.id for change in changes}
            self.journal.behind |= {record.id for record in self.journal.own() if record.id not in shown}
            self.journal.note_lost(shown)
        elif is_whole:
            self.journal.miss({change.id for change in changes})
        if is_first:
            self._ledger.check_all()
        self.memory.incarnation, self.memory.counter = self._api.incarnation, self._cursor
        ids = tuple(change.id for change in changes)
        return Pulled(ids, self.faults, restored, tuple(sorted(self.journal.behind)))

    @property
    def journal_at(self) -> datetime | None:
        """Of when the journal is that the server showed to a device without memory; None where no ledger has said so."""
        return self._ledger.at

    async def renew_keys(self, prepared: Prepared) -> None:
        """Renew the account's keys: from the begin on only the new passphrase and kit open it, here and anywhere.

        Everything is made anew under the new keys before they count. Without an answer, signing in with the new passphrase or kit
        finishes what was begun. What waits is sent first, under the keys so far. Passkeys are gone afterwards, contacts reconnect.
        """
        await self.sync()
        new, former = prepared.new.derive(), prepared.former.derive()
        await self._api.tell("POST", "/account/rotation", prepared.keys)
        await Rotating(self._api, self.id, prepared.keys.identity, (former, new), self.memory).finish()
        me = await self._api.ask(wire.Me, "GET", "/account")
        self.journal.keyring = open_keyring(me, prepared.new, prepared.keys.gen)
        self.memory.gen = prepared.keys.gen
        await self.sync()

    async def keep_ledger(self) -> Record:
        """List what the account holds, so that a device to come knows an older state; raises what `Api.ask` raises."""
        return await self._ledger.keep()

    async def _page(self, after: int) -> wire.Changes:
        page = await self._api.ask(wire.Changes, "GET", "/changes", params={"after": after})
        if page.gen > self.journal.keyring.gen:
            raise StaleGenError(409, "stale-gen", "The keys were renewed on another device: sign in again.")
        check_generation(page.gen, self.journal.keyring.gen)
        return page

    async def _pages(self, page: wire.Changes) -> list[wire.Change]:
        changes = list(page.changes)
        while page.more:
            page = await self._page(page.cursor)
            changes += page.changes
        self._cursor = page.cursor
        return changes

    async def follow(self, every: float = _EVERY) -> AsyncGenerator[Pulled]:
        """Pull now, whenever the server says that something changed, and every so many seconds; ends when left.

        The event stream is a hint only: where it can't be had, the seconds decide.
        """
        hint = asyncio.Event()
        listening = asyncio.create_task(self._listen(hint, every))
        try:
            while True:
                hint.clear()
                pulled = await self.sync()
                if pulled.changed or pulled.restored:
                    yield pulled
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(hint.wait(), every)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    async def _listen(self, hint: asyncio.Event, pause: float) -> None:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                async for _ in self._api.events():
                    hint.set()
            await asyncio.sleep(pause)

    async def write(
        self,
        text: str,
        *,
        form: str = "free",
        sliders: dict[str, int] | None = None,
        feelings: Sequence[str] = (),
        prompt: str | None = None,
        written: datetime | None = None,
    ) -> Record:
        """Save a new entry that only oneself can read."""
        content: JsonObject = {
            "kind": "entry",
            "v": 1,
            **self._at(written),
            "form": form,
            "text": text,
            "sliders": dict(sliders or {}),
            "feelings": list(feelings),
        }
        if prompt is not None:
            content["prompt"] = prompt
        return await self._saver.create(content)

    def _at(self, instant: datetime | None = None) -> dict[str, Json]:
        try:
            zone = ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            # A zone newer than this machine's data mustn't keep anybody from writing.
            zone = ZoneInfo("UTC")
        local = (instant or self._clock()).astimezone(zone)
        return {"written": local.isoformat(timespec="seconds"), "zone": zone.key}

    async def edit(self, record: str, change: Change) -> Record:
        """Save what `change` makes of an own record's content; it is applied again if another device was quicker.

        A reader with whom the relation has ended gets nothing new: the save is then made under a new epoch without them.
        """
        try:
            return await self._saver.edit(record, change)
        except NotARelationError:
            active = {relation.account for relation in await self.relations() if relation.ended is None}
            return await self._saver.edit(record, change, lambda current: only_readers(current, active))

    async def share(self, record: str, reader: str, attention: Attention = 0) -> Record:
        """Let a contact read an own record from this revision on: a new epoch, a new key, a grant to the pinned key.

        `attention`: 0 for our session, 1 to read, 2 please read soon; sharing again changes it. Raises
        UnknownContactError, KeyChangedError (`changed_keys`), and NoAgreementError before the patient has accepted the therapist's reading agreement.
        """
        contact = self.contacts.get(reader)
        if contact is None:
            raise UnknownContactError("nothing is sealed to a key that isn't pinned")
        if contact.role == "therapist" and self.agreement_with(reader) is None:
            raise NoAgreementError("accept the reading agreement first")
        return await self._saver.edit(record, readers=lambda current: with_reader(current, reader, attention))

    async def take_back(self, record: str, reader: str) -> Record:
        """End a reader's access: a save under a new epoch without a grant to them."""
        return await self._saver.edit(record, readers=lambda current: without_reader(current, reader))

    async def comment(self, record: str, text: str) -> Record:
        """Comment on an entry: granted to its owner and to those of its readers whom this account has pinned.

        Raises NoLongerSharedError when it was taken back meanwhile: the words are then not sent.
        """
        entry = self.record(record)
        content: JsonObject = {
            "kind": "comment",
            "v": 1,
            **self._at(),
            "text": text,
            "revision": entry.head.revision,
        }
        named = entry.open_readers if entry.owner == self.id else entry.named_readers
        others = ({entry.owner, *named} - {self.id}) & self.contacts.keys()
        readers: Readers = dict.fromkeys(sorted(others), 0)
        try:
            return await self._saver.create(content, readers, about=record)
        except NotARelationError:
            if set(readers) <= {entry.owner}:
                raise
            # One of the other readers has gone since; the entry's owner is still to have it.
            return await self._saver.create(content, {entry.owner: 0}, about=record)

    async def delete(self, record: str) -> None:
        """Delete an own record for good, leaving its proved tombstone."""
        await self._saver.delete(record)

    async def mark_read(self, record: str) -> None:
        """Say that the body was on the screen, and answer "please read soon" with a receipt, once."""
        shared = self.record(record)
        await self._api.tell("POST", f"/records/{record}/read", wire.MarkRead(shared.head.revision))
        answered = any(receipt.owner == self.id for receipt in self.journal.about(record, "receipt"))
        if shared.grant is not None and shared.grant.attention == PLEASE_READ_SOON and not answered:
            await self._answer(shared, "received")

    async def mark_reviewed(self, record: str, *, reviewed: bool = True) -> None:
        """Mark the revision that is here reviewed, or take the mark off."""
        revision = self.record(record).head.revision if reviewed else None
        await self._api.tell("PUT", f"/records/{record}/reviewed", wire.MarkReviewed(revision))

    async def _answer(self, record: Record, purpose: Literal["accepted", "received"]) -> Record:
        content: JsonObject = {
            "kind": "receipt",
            "v": 1,
            "written": self._at()["written"],
            "purpose": purpose,
            "revision": record.head.revision,
        }
        return await self._saver.create(content, {record.owner: 0}, about=record.id)

    async def give_back(self, record: str) -> Record:
        """Save an own record again that a restored server has lost or has an older state of; see `Pulled.lost`."""
        return await self._saver.give_back(record)

    async def history(self, record: str) -> list[Record]:
        """Return the earlier revisions of an own record that the server keeps, the newest first, each with its proof.

        Raises ProofError, DoesNotOpenError, or OtherBaseError when two that follow one another don't hold together.
        """
        return await self._api_history(self._saver.own_record(record))

    async def _api_history(self, record: Record) -> list[Record]:
        found: list[Record] = []
        before: int | None = None
        while True:
            params = None if before is None else {"before": before}
            page = await self._api.ask(wire.History, "GET", f"/records/{record.id}/history", params=params)
            for shown in page.revisions:
                found.append(self.journal.open_revision(record, shown, found[-1] if found else None))
            if page.before is None:
                return found
            before = page.before

    async def _was_reader(self, record: str, account: str, revision: int) -> bool:
        """Tell whether an own record's proved history names an account as a reader of a revision."""
        try:
            history = await self._api_history(self._saver.own_record(record))
        except ProtocolError:
            return False
        return any(past.head.revision == revision and account in past.named_readers for past in history)

    async def offer_agreement(self, patient: str, text: str, answers: Literal["written", "in-session"]) -> Record:
        """Write the reading agreement with a patient, or its next version."""
        here = next((r for r in self.journal.own("agreement") if r.content["patient"] == patient), None)
        content: JsonObject = {
            "kind": "agreement",
            "v": 1,
            **self._at(),
            "version": 1,
            "patient": patient,
            "text": text,
            "answers": answers,
        }
        if here is None:
            return await self._saver.create(content, {patient: 0})
        return await self._saver.edit(here.id, lambda old: {**old, **content, "version": _next_version(old)})

    async def accept_agreement(self, agreement: str) -> Record:
        """Accept a therapist's reading agreement as it is here: a dated receipt that the therapist gets."""
        return await self._answer(self.record(agreement), "accepted")

    def agreement_with(self, other: str) -> Record | None:
        """Return the reading agreement with somebody that is in force: written by the therapist, accepted by the patient."""
        therapist, patient = (self.id, other) if self.role == "therapist" else (other, self.id)
        for agreement in self.journal.records.values():
            if (agreement.kind, agreement.owner, agreement.content.get("patient")) == ("agreement", therapist, patient):
                receipts = self.journal.about(agreement.id, "receipt")
                if any((r.owner, r.content["purpose"]) == (patient, "accepted") for r in receipts):
                    return agreement
        return None

    async def relations(self) -> list[wire.Relation]:
        """List whom one works with, as the server says; keys come from contacts, never from here.

        While it names another key than the pinned one for a contact, saving for that reader raises KeyChangedError.
        """
        relations = await self._api.ask(list[wire.Relation], "GET", "/relations")
        pinned = {account: key_id_of(contact.key) for account, contact in self.contacts.items()}
        changed = {one.account for one in relations if pinned.get(one.account, one.key_id) != one.key_id}
        self._saver.changed_keys = frozenset(changed)
        return relations

    @property
    def changed_keys(self) -> frozenset[str]:
        """Contacts of whom the server names another key than the pinned one: reconnect before anything goes to them."""
        return self._saver.changed_keys

    async def end_relation(self, other: str, *, now: bool = False) -> None:
        """End a relation: no new sharing; what was shared closes after 14 days, or at once if the patient says `now`.

        What the other wrote about a patient's entries is kept first, in records of the patient's own.
        """
        await self.sync()
        if self.role == "patient":
            await self._keep_comments(other)
        await self._api.tell("POST", f"/relations/{other}/end", wire.EndRelation(now))

    async def _keep_comments(self, other: str) -> None:
        contact = self.contacts.get(other)
        if contact is None:
            return
        for comment in self.journal.shared("comment"):
            entry = self.journal.records.get(comment.head.about)
            copy = derived_id(f"kept copy of {comment.id}")
            if comment.owner != other or entry is None or entry.owner != self.id or copy in self.journal.records:
                continue
            said = comment.content
            content: JsonObject = {
                "kind": "comment",
                "v": 1,
                "written": said.get("written", comment.saved.isoformat(timespec="seconds")),
                "text": said["text"],
                "revision": said["revision"],
                "kept": {"record": comment.id, "account": other, "name": contact.name},
            }
            await self._saver.create(content, about=entry.id, record=copy)

    async def practices(self) -> list[wire.Practice]:
        """List the practices one belongs to."""
        return await self._api.ask(list[wire.Practice], "GET", "/practices")

    @property
    def name(self) -> str | None:
        """One's own name, from the settings; none before they have come."""
        found = sorted(self.journal.own("settings"), key=lambda record: record.id)
        return str(found[0].content["name"]) if found else None

    async def begin_settings(self, name: str) -> None:
        """Save the settings of a new account and point to them; without an answer, the next `sync` does."""
        with contextlib.suppress(UnreachableError):
            await self._saver.create({"kind": "settings", "v": 1, "name": name})
            await self._point_to_settings()

    async def _point_to_settings(self) -> None:
        found = sorted(record.id for record in self.journal.own("settings"))
        if self._settings_known or not found:
            return
        with contextlib.suppress(PointerSetError):  # another device was quicker; its settings come with the next pull
            await self._api.tell("PUT", "/account/pointers/settings", wire.Pointer(found[0]))
        self._settings_known = True


def _next_version(content: JsonObject) -> int:
    version = content["version"]
    return version + 1 if isinstance(version, int) else 1
