"""Starting over with somebody who lost every way in: given back by therapists, taken in and shared anew by patients.

Nothing of it happens by itself, and what is made of one thing has an id made of it, so that it is made once whoever begins
again, on however many devices.
"""

from collections.abc import Callable, Iterable

from aftertide.errors import ClientError, DeletedError, NoAgreementError, UnknownContactError
from aftertide.journal import Contact, Record
from aftertide.protocol.encoding import derived_id
from aftertide.protocol.ijson import JsonObject
from aftertide.protocol.kinds import Attention
from aftertide.saving import Readers, Saver, as_readers

Agreed = Callable[[str], Record | None]
"""Gives the reading agreement with somebody that is in force."""


class Reconnecting:
    """What one account does for, or as, the account that stands in a lost one's place."""

    def __init__(self, saver: Saver, agreement_with: Agreed) -> None:
        """Act for the account whose records `saver` saves."""
        self._saver = saver
        self._journal = saver.journal
        self._agreement_with = agreement_with

    def stands_for(self, account: str) -> list[str]:
        """Return the former accounts in whose place a contact stands, the last one first."""
        contacts, former = self._journal.contacts(), list[str]()
        contact = contacts.get(account)
        while contact is not None and contact.replaces is not None and contact.replaces not in (account, *former):
            former.append(contact.replaces)
            contact = contacts.get(contact.replaces)
        return former

    def _successor(self, account: str) -> tuple[Contact, list[str]]:
        contact, former = self._journal.contacts().get(account), self.stands_for(account)
        if contact is None or not former:
            raise UnknownContactError("nobody who stands in a former contact's place")
        return contact, former

    async def give_back(self, account: str, *, seen: bool) -> list[Record]:
        """Give a patient's new account what the former one had shared, one record an entry; returns those made now.

        `seen`: the therapist has seen or spoken to the person since; without it nothing is given, and ClientError is raised. Raises
        UnknownContactError for who stands in nobody's place.
        """
        self._successor(account)
        if not seen:
            raise ClientError("see or speak to the person first")
        former = self.stands_for(account)
        made: list[Record] = []
        for entry in [one for one in self._journal.shared("entry") if one.owner in former]:
            said = {name: value for name, value in entry.content.items() if name != "readers"}
            content: JsonObject = {
                "kind": "returned",
                "v": 1,
                "record": entry.id,
                "created": entry.saved.isoformat(timespec="seconds"),
                "json": said,
            }
            made += await self._once(f"return of {entry.id} to {account}", content, {account: 0})
        return made

    def given_back(self) -> list[Record]:
        """Return what therapists have given back, taken in or not."""
        return self._journal.shared("returned")

    async def take_in(self) -> list[Record]:
        """Take what was given back into one's journal, nobody else reading it; returns the entries made now."""
        made: list[Record] = []
        for returned in self.given_back():
            said, record = returned.content["json"], str(returned.content["record"])
            contact = self._journal.contacts()[returned.owner]
            mark: JsonObject = {
                "record": record,
                "account": contact.account,
                "name": contact.name,
                "at": self._saver.clock().isoformat(timespec="seconds"),
            }
            entry: JsonObject = {**(said if isinstance(said, dict) else {}), "given_back": mark}
            entry.pop("readers", None)
            made += await self._once(f"given back {record}", entry, {})
        return made

    async def _once(self, of: str, content: JsonObject, readers: Readers) -> list[Record]:
        record = derived_id(of)
        if record in self._journal.records or record in self._journal.memory.deleted:
            return []
        try:
            return [await self._saver.create(content, readers, record=record)]
        except DeletedError:
            return []  # another device made it, and it was deleted since

    def to_share_anew(self, account: str) -> dict[str, Attention]:
        """Return own entries that were shared with a former account and aren't with the one in its place: id to attention."""
        _, former = self._successor(account)
        found: dict[str, Attention] = {}
        for entry in self._journal.own("entry"):
            named = as_readers(entry.named_readers)
            before = next((named[one] for one in former if one in named), None)
            if before is not None and account not in named:
                found[entry.id] = before
        return found

    async def share_anew(self, account: str, entries: Iterable[str]) -> list[Record]:
        """Share entries with the account in a former therapist's place, as they were shared with that one, and no longer with it.

        Raises UnknownContactError, and NoAgreementError before the patient has accepted the new account's reading agreement.
        """
        contact, former = self._successor(account)
        if contact.role == "therapist" and self._agreement_with(account) is None:
            raise NoAgreementError("accept the reading agreement first")
        wanted, made = self.to_share_anew(account), list[Record]()
        for entry in entries:
            if entry not in wanted:
                continue
            attention = wanted[entry]

            def readers(current: Record, attention: Attention = attention) -> Readers:
                others = {who: level for who, level in as_readers(current.open_readers).items() if who not in former}
                return {**others, account: attention}

            made.append(await self._saver.edit(entry, readers=readers))
        return made
