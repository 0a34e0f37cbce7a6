"""The opened records of one account on this device, and the judgement on everything a server shows.

The journal is given what the feed says and keeps what holds: proofs, chained revisions, pinned keys, readers named by the
owner, kinds that count. What doesn't hold becomes a fault beside the state that was there before.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from aftertide.errors import KeyChangedError, ReturnedAfterDeletionError, VanishedError, WithheldError
from aftertide.keyring import Keyring
from aftertide.memory import Memory
from aftertide.protocol.encoding import b64u, unb64
from aftertide.protocol.errors import (
    AttentionDiffersError,
    DoesNotOpenError,
    OlderEpochError,
    OlderRevisionError,
    ProofError,
    ProtocolError,
    TombstoneError,
    UnknownOwnerError,
)
from aftertide.protocol.grants import Grant, check_grants, check_named, open_grant
from aftertide.protocol.ijson import Json, JsonObject
from aftertide.protocol.keys import RecordKey
from aftertide.protocol.kinds import Role, check_counts, readers_of
from aftertide.protocol.memory import Seen, judge, seen_of
from aftertide.protocol.records import Head, check_proof, check_tombstone, open_body, unwrap_key
from aftertide.wire import Change, GrantView, ReaderView, RecordView, RevisionView, TombstoneView

WasReader = Callable[[str, str, int], Awaitable[bool]]
"""Tells from the proved history of an own record whether an account could read a revision: (record, account, revision)."""

_ATTENTIONS: Final = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Record:
    """An opened record: what it says, where it stands, and what the server tells of its readers."""

    head: Head
    hash: str
    """b64u of the hash of the sealed body: the `base` of the next revision."""
    key: RecordKey
    content: JsonObject
    saved: datetime
    readers: tuple[ReaderView, ...] = ()
    """For its owner: the grants that the server shows, with when they were read and reviewed (the server's word)."""
    grant: GrantView | None = None
    """For a reader."""

    @property
    def id(self) -> str:
        """The record's id."""
        return self.head.record

    @property
    def gen(self) -> int:
        """The generation of its owner's keys under which it was last saved: an earlier one's record key somebody may have."""
        gen = self.content.get("gen", 1)
        return gen if isinstance(gen, int) else 1

    @property
    def owner(self) -> str:
        """The account that owns it."""
        return self.head.owner

    @property
    def kind(self) -> str:
        """What sort of record it is."""
        return str(self.content["kind"])

    @property
    def named_readers(self) -> dict[str, int]:
        """The readers whom the owner named in the body: account to attention."""
        return {str(reader["account"]): _integer(reader["attention"]) for reader in readers_of(self.content)}

    @property
    def open_readers(self) -> dict[str, int]:
        """Those of the named readers whose grant the server still shows; the others were closed by it."""
        shown = {reader.account for reader in self.readers}
        return {account: attention for account, attention in self.named_readers.items() if account in shown}


@dataclass(frozen=True, slots=True)
class Contact:
    """A pinned key: who somebody is, as this account verified it."""

    account: str
    key: bytes
    name: str
    role: Role
    record: str
    """The contact record that pins it."""
    invitation: str | None
    """The invitation that verified it."""
    former: tuple[bytes, ...] = ()
    """Keys of the same account before, the newest first: they open what was accepted then, and nothing that comes new."""
    replaces: str | None = None
    """The contact in whose place this one stands."""
    knows: int = 1
    """The generation of one's own keys that this contact has pinned."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a server showed that doesn't hold. What was there before stays; the error says which rule was broken."""

    record: str
    owner: str | None
    error: ProtocolError


def _integer(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError("the schema makes this an integer")
    return value


def head_of(view: RecordView) -> Head:
    """Return what a shown body must be bound to."""
    base = "" if view.base is None else b64u(view.base)
    return Head(view.id, view.owner, view.about or "", view.epoch, view.revision, base)


class Journal:
    """Holds records, contacts and faults of one account; see the module."""

    def __init__(self, keyring: Keyring, memory: Memory) -> None:
        """Begin empty, remembering what `memory` does."""
        self.keyring = keyring
        self.memory = memory
        self.records: dict[str, Record] = {}
        self.faults: dict[str, Fault] = {}
        self.restoring = False
        """While everything is compared with a server that was restored: an older state is then no attack."""
        self.behind: set[str] = set()
        """Own records of which a restored server has an older state than this device."""
        self._waiting: dict[str, RecordView] = {}
        self._pins: dict[str, Contact] | None = None

    @property
    def account(self) -> str:
        """The account whose journal this is."""
        return self.keyring.account

    def own(self, kind: str | None = None) -> list[Record]:
        """Return one's own records, of one kind or all."""
        return [
            record for record in self.records.values() if record.owner == self.account and kind in (None, record.kind)
        ]

    def shared(self, kind: str | None = None) -> list[Record]:
        """Return what others share with this account, of one kind or all."""
        return [
            record for record in self.records.values() if record.owner != self.account and kind in (None, record.kind)
        ]

    def about(self, record: str, kind: str | None = None) -> list[Record]:
        """Return the records about one record, of one kind or all, oldest first."""
        found = [other for other in self.records.values() if other.head.about == record and kind in (None, other.kind)]
        return sorted(found, key=lambda other: other.saved)

    def contacts(self) -> dict[str, Contact]:
        """Return the pinned keys by account. Of two records about one account the lowest id wins."""
        if self._pins is None:
            records = sorted(self.own("contact"), key=lambda record: record.id, reverse=True)
            self._pins = {contact.account: contact for contact in map(_contact, records)}
        return self._pins

    async def take(self, changes: Iterable[Change], was_reader: WasReader) -> None:
        """Apply a stretch of the feed: own records first, then what others share, then what is about those."""
        foreign: dict[str, RecordView] = {}
        for change in changes:
            if change.state == "record" and change.record is not None and change.record.owner != self.account:
                foreign[change.id] = change.record
            else:
                foreign.pop(change.id, None)
                self._take_own_or_ended(change)
        self._check_pins()
        views = {**self._waiting, **foreign}
        self._waiting = {}
        for view in sorted(views.values(), key=lambda view: view.about is not None):
            await self._take_foreign(view, was_reader)

    def _take_own_or_ended(self, change: Change) -> None:
        try:
            if change.state == "record" and change.record is not None:
                self.take_own(change.record)
            elif change.state == "tombstone" and change.tombstone is not None:
                self._take_tombstone(change.id, change.tombstone)
            else:
                self._take_gone(change.id)
        except ProtocolError as error:
            if change.id not in self.behind:
                self.faults[change.id] = Fault(change.id, self.account, error)

    def take_own(self, view: RecordView) -> Record:
        """Accept an own record as the server shows it, or raise what is wrong with it and keep the one that is here."""
        head = head_of(view)
        if view.owner != self.account:
            raise ProofError("an own record under another account")
        if view.id in self.memory.deleted:
            self._note_behind(view.id)
            raise ReturnedAfterDeletionError("a record that was deleted")
        check_proof(self.keyring.keys.record_proof, head, view.body, view.proof)
        arrived = seen_of(head, view.body)
        try:
            judge(self.memory.seen.get(view.id), arrived, head.base)
        except (OlderEpochError, OlderRevisionError):
            self._note_behind(view.id)
            raise
        key = unwrap_key(self.keyring.keys.record_wrap, head, view.wrapped or b"")
        content = open_body(key, head, view.body)
        record = Record(head, arrived.hash, key, content, view.saved, tuple(view.readers))
        self.keep(record)
        # What follows is wrong with the server's list, not with the record, whose proof holds.
        check_grants(content, [(reader.account, reader.attention) for reader in view.readers])
        if any(reader.epoch != head.epoch for reader in view.readers):
            raise AttentionDiffersError("the server shows a grant of another epoch")
        return record

    def _note_behind(self, record: str) -> None:
        if self.restoring:
            self.behind.add(record)

    def miss(self, shown: set[str]) -> None:
        """Show as faults what this device remembers of and a whole feed doesn't name: it has a row for each record, also once gone."""
        for record in self.memory.seen.keys() - shown - self.memory.deleted.keys() - self.memory.lost:
            error = WithheldError("the server no longer shows a record that this device has seen")
            self.faults.setdefault(record, Fault(record, None, error))

    def note_lost(self, shown: set[str]) -> None:
        """Note what a restored server no longer names. What was seen of it stays remembered: nothing older is taken for that."""
        self.memory.lost |= self.memory.seen.keys() - shown

    def keep(self, record: Record) -> None:
        """Put an accepted record in its place and remember it."""
        self.records[record.id] = record
        self.memory.seen[record.id] = Seen(record.head.epoch, record.head.revision, record.hash)
        self.memory.lost.discard(record.id)
        self.faults.pop(record.id, None)
        self.behind.discard(record.id)
        self._forget_pins(record)

    def _forget_pins(self, record: Record | None) -> None:
        if record is not None and record.kind == "contact":
            self._pins = None

    def _take_tombstone(self, record: str, shown: TombstoneView) -> None:
        check_tombstone(self.keyring.keys.record_proof, record, self.account, shown.revision, shown.mac)
        seen = self.memory.seen.get(record)
        if seen is not None and shown.revision < seen.revision:
            raise TombstoneError("a deletion from before the revision that is here")
        self.end(record, shown.revision)

    def end(self, record: str, revision: int) -> None:
        """Forget an own record whose deletion is proved."""
        self._forget_pins(self.records.pop(record, None))
        self.faults.pop(record, None)
        self.memory.deleted[record] = revision

    def _take_gone(self, record: str) -> None:
        here = self.records.get(record)
        if here is not None and here.owner == self.account:
            raise VanishedError("an own record went away without a proved deletion")
        self.records.pop(record, None)
        self._waiting.pop(record, None)
        self.faults.pop(record, None)

    async def _take_foreign(self, view: RecordView, was_reader: WasReader) -> None:
        try:
            record = self._open_foreign(view)
            if not await self._counts(record, was_reader):
                self._waiting[view.id] = view
                return
            self.keep(record)
        except (UnknownOwnerError, DoesNotOpenError) as error:
            # A patient may share before this device has pinned them, or their new key: judged again once it has.
            self._waiting[view.id] = view
            self.faults[view.id] = Fault(view.id, view.owner, error)
        except ProtocolError as error:
            self.faults[view.id] = Fault(view.id, view.owner, error)

    def _open_foreign(self, view: RecordView) -> Record:
        shown = view.grant
        contact = self.contacts().get(view.owner)
        if shown is None or contact is None:
            raise UnknownOwnerError("a grant from somebody who isn't a contact")
        head = head_of(view)
        arrived = seen_of(head, view.body)
        if not self.restoring:
            judge(self.memory.seen.get(view.id), arrived, head.base)
        grant = Grant(view.id, view.owner, self.account, shown.epoch, shown.attention, shown.sealed)
        # Under a key that the contact had before only what was accepted then opens, as it was.
        accepted = self.memory.seen.get(view.id) == arrived
        key = self._open_by_any(grant, (contact.key, *contact.former) if accepted else (contact.key,))
        content = open_body(key, head, view.body)
        key_ids = [identity.key_id for identity in (self.keyring.identity, *self.keyring.former)]
        named = next((key_id for key_id in key_ids if any(r["key_id"] == key_id for r in readers_of(content))), "")
        check_named(content, self.account, named, shown.attention)
        return Record(head, arrived.hash, key, content, view.saved, (), shown)

    def _open_by_any(self, grant: Grant, pinned: Sequence[bytes]) -> RecordKey:
        """Open a grant by the first of these keys that it is from."""
        *first, last = pinned
        for key in first:
            try:
                return self._open_grant(grant, key)
            except DoesNotOpenError:
                continue
        return self._open_grant(grant, last)

    def _open_grant(self, grant: Grant, pinned: bytes) -> RecordKey:
        """Open a grant with the current identity or a former one; says so when only the attention was changed."""
        identities = (self.keyring.identity, *self.keyring.former)
        for identity in identities:
            try:
                return open_grant(identity, self.account, grant, pinned)
            except DoesNotOpenError:
                continue
        for attention in _ATTENTIONS:
            try:
                open_grant(self.keyring.identity, self.account, replace(grant, attention=attention), pinned)
            except DoesNotOpenError:
                continue
            raise AttentionDiffersError("the server shows another attention than the owner sealed")
        raise DoesNotOpenError("a grant that isn't from the pinned key, or isn't for this record, epoch and reader")

    async def _counts(self, record: Record, was_reader: WasReader) -> bool:
        """Check that a record's kind counts from its owner; false while what it is about hasn't come yet."""
        role = self.contacts()[record.owner].role
        parent = self.records.get(record.head.about) if record.head.about else None
        if record.head.about and parent is None:
            return False
        party = parent is not None and (parent.owner == record.owner or record.owner in parent.named_readers)
        if parent is not None and not party and parent.owner == self.account:
            party = await was_reader(parent.id, record.owner, _revision_named(record.content))
        check_counts(record.kind, role, party_to_about=party)
        return True

    def _check_pins(self) -> None:
        """Show two contact records that pin different keys for one account as a fault."""
        pinned = self.contacts()
        for record in self.own("contact"):
            contact = _contact(record)
            winner = pinned[contact.account]
            if contact.key not in (winner.key, *winner.former):
                error = KeyChangedError("two contacts pin different keys for one account")
                self.faults[record.id] = Fault(record.id, self.account, error)

    def open_revision(self, record: Record, shown: RevisionView, following: Record | None) -> Record:
        """Open an earlier revision of an own record; `following` is the one after it, if that has been opened.

        Raises ProofError, OtherBaseError when the two don't hold together, and what `open_body` raises.
        """
        base = "" if shown.base is None else b64u(shown.base)
        head = replace(record.head, epoch=shown.epoch, revision=shown.revision, base=base)
        check_proof(self.keyring.keys.record_proof, head, shown.body, shown.proof)
        past = seen_of(head, shown.body)
        if following is not None:
            judge(past, Seen(following.head.epoch, following.head.revision, following.hash), following.head.base)
        key = unwrap_key(self.keyring.keys.record_wrap, head, shown.wrapped)
        return Record(head, past.hash, key, open_body(key, head, shown.body), shown.saved)


def _contact(record: Record) -> Contact:
    content = record.content
    verified = content["verified"]
    invitation = verified.get("invitation") if isinstance(verified, dict) else None
    role: Role = "therapist" if content["role"] == "therapist" else "patient"
    return Contact(
        account=str(content["account"]),
        key=unb64(str(content["key"])),
        name=str(content["name"]),
        role=role,
        record=record.id,
        invitation=None if invitation is None else str(invitation),
        former=tuple(unb64(str(key)) for key in _list(content.get("former"))),
        replaces=None if content.get("replaces") is None else str(content["replaces"]),
        knows=knows if isinstance(knows := content.get("knows", 1), int) else 1,
    )


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _revision_named(content: JsonObject) -> int:
    revision = content.get("revision")
    return revision if isinstance(revision, int) else 0
