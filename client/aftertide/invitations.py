"""Inviting and being invited: keys pinned by what only the link holds."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from aftertide import wire
from aftertide.api import Api
from aftertide.errors import KeyChangedError, UnknownContactError
from aftertide.journal import Contact, Fault, Record
from aftertide.protocol.encoding import b64, unb64
from aftertide.protocol.errors import LinkError, ProtocolError, SecondAnswerError, TagError
from aftertide.protocol.ijson import Json, JsonObject
from aftertide.protocol.invitations import (
    InvitationSecret,
    Party,
    accept_answer,
    check_invitee_tag,
    check_inviter_tag,
    invitee_tag,
    inviter_tag,
    judge_reconnect,
    make_link,
    open_card,
    read_card,
    read_link,
    seal_card,
)
from aftertide.protocol.keys import Identity
from aftertide.protocol.kinds import Role
from aftertide.saving import Saver

LASTS: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation whose link is to be shown or sent, never by the server."""

    record: Record
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation opened with its link, its tag checked: the name and the key are the inviter's."""

    id: str
    secret: InvitationSecret
    inviter: Party
    practice: wire.Practice
    expires: datetime
    answered: bool
    inviter_role: Role
    """The server's word."""
    reconnects: str | None = None
    """The account from whose page it was made, as the sealed card says; None: an invitation to somebody new."""

    def answer(self, account: str, identity: Identity, name: str) -> wire.Answer:
        """Make the answer of an account: a tag over both keys, and a card with the name."""
        invitee = Party(account, identity.public, name)
        return wire.Answer(
            redeem=self.secret.redeem,
            tag=invitee_tag(self.secret, self.id, (self.inviter.account, self.inviter.key), invitee),
            card=seal_card(self.secret, self.id, "invitee", account, name),
        )


async def open_invitation(api: Api, link: str) -> OpenInvitation:
    """Open an invitation by its link.

    Raises LinkError for a broken link, LinkNotValidError for a used or old one, and TagError or DoesNotOpenError when the
    server shows another key, account or name than the inviter's.
    """
    invite, secret = read_link(link)
    path = f"/invitations/{invite}/open"
    shown = await api.ask(wire.OpenedInvitation, "POST", path, wire.Redeem(secret.redeem))
    if shown.id != invite:
        raise LinkError("the server answered with another invitation")
    card = read_card(secret, invite, "inviter", shown.inviter, shown.card)
    inviter = Party(shown.inviter, shown.inviter_key, card.name)
    check_inviter_tag(secret, invite, inviter, shown.tag)
    return OpenInvitation(
        invite, secret, inviter, shown.practice, shown.expires, shown.answered, shown.inviter_role, card.reconnects
    )


class Invitations:
    """What one account does with invitations."""

    def __init__(self, api: Api, saver: Saver, role: Role) -> None:
        """Act for the account whose records `saver` saves."""
        self._api = api
        self._saver = saver
        self._journal = saver.journal
        self._role = role

    async def invite(self, own_name: str, for_whom: str, *, adult: bool) -> Invited:
        """Make an invitation for seven days: a therapist confirms that the person is 18 or older.

        Its secret stays in a record of one's own, saved before the server knows of the invitation.
        """
        return await self._make(own_name, for_whom, adult=adult, reconnects=None)

    async def reconnect(self, account: str, own_name: str) -> Invited:
        """Make the link for a contact whose keys changed or who lost every way in, or return the one that is open.

        Only its answer changes that contact's key, or puts another account in its place. Raises UnknownContactError.
        """
        contact = self._journal.contacts().get(account)
        if contact is None:
            raise UnknownContactError("only somebody known can be reconnected")
        for mine in self._journal.own("invitation"):
            if (mine.content["state"], mine.content.get("reconnects")) == ("open", account) and not self._is_over(mine):
                return Invited(mine, self.link(mine))
        return await self._make(own_name, contact.name, adult=self._role == "therapist", reconnects=account)

    async def _make(self, own_name: str, for_whom: str, *, adult: bool, reconnects: str | None) -> Invited:
        secret, identity, now = InvitationSecret.new(), self._journal.keyring.identity, self._saver.clock()
        content: JsonObject = {
            "kind": "invitation",
            "v": 1,
            "name": for_whom,
            "created": now.isoformat(timespec="seconds"),
            "expires": (now + LASTS).isoformat(timespec="seconds"),
            "secret": b64(secret.reveal),
            "state": "open",
        }
        if reconnects is not None:
            content["reconnects"] = reconnects
        record = await self._saver.create(content)
        me = Party(self._journal.account, identity.public, own_name)
        published = wire.NewInvitation(
            id=record.id,
            redeem_hash=secret.redeem_hash,
            tag=inviter_tag(secret, record.id, me),
            card=seal_card(secret, record.id, "inviter", me.account, own_name, reconnects),
            adult=adult,
        )
        await self._api.tell("POST", "/invitations", published)
        return Invited(record, self.link(record))

    def link(self, record: Record) -> str:
        """Return the link of an open invitation; raises LinkError when its secret is gone."""
        return make_link(str(self._api.http.base_url).rstrip("/"), record.id, _secret(record))

    async def withdraw(self, invitation: str) -> None:
        """Take an unanswered invitation back."""
        await self._api.tell("DELETE", f"/invitations/{invitation}")
        await self._close(invitation, "withdrawn")

    async def settle(self) -> list[str]:
        """Look at the answers to one's invitations and pin the first right one of each; returns the new contacts' accounts.

        Wrong answers, another right one (somebody else has the link) and other keys for known accounts become faults.
        """
        pinned: list[str] = []
        views = await self._api.ask(list[wire.InvitationView], "GET", "/invitations")
        published = {shown.id for shown in views}
        for mine in self._journal.own("invitation"):
            # One that never reached the server: no answer can come any more either.
            if mine.content["state"] == "open" and mine.id not in published and self._is_over(mine):
                await self._close(mine.id, "expired")
        for shown in views:
            record = self._journal.records.get(shown.id)
            if record is None or record.owner != self._journal.account or record.kind != "invitation":
                continue
            try:
                account = await self._settle(record, shown)
            except ProtocolError as error:
                self._journal.faults[record.id] = Fault(record.id, shown.invitee, error)
            else:
                pinned += [account] if account else []
        return pinned

    async def _settle(self, record: Record, shown: wire.InvitationView) -> str | None:
        if record.content["state"] != "open":
            if shown.invitee is not None and not self._is_pinned(record.content.get("contact"), shown):
                raise SecondAnswerError("the server shows another answer than the one that was pinned")
            return None
        if self._is_of_former_keys(record):
            await self._close(record.id, "expired")
            return None
        late = self._is_late(record)
        if shown.invitee is None or shown.invitee_key is None or shown.tag is None or shown.card is None:
            if late:
                await self._close(record.id, "expired")
            return None
        secret, own = _secret(record), (self._journal.account, self._journal.keyring.identity.public)
        name = open_card(secret, record.id, "invitee", shown.invitee, shown.card)
        invitee = Party(shown.invitee, shown.invitee_key, name)
        reconnects = record.content.get("reconnects")
        known = self._journal.contacts().get(invitee.account)
        if reconnects is None:
            already = next((c for c in self._journal.contacts().values() if c.invitation == record.id), None)
            first = (already.account, already.key) if already else None
            is_new = accept_answer(secret, record.id, own, invitee, shown.tag, first)
        else:
            check_invitee_tag(secret, record.id, own, invitee, shown.tag)
            pinned = (known.key, known.former, known.invitation) if known else None
            is_new = judge_reconnect(record.id, str(reconnects), (invitee.account, invitee.key), pinned) != "known"
        if is_new and late:
            await self._close(record.id, "expired")
            raise TagError("an answer that came after seven days")
        if is_new and known is not None and reconnects is not None:
            await self._change(known, invitee, record.id)
        elif is_new:
            await self.pin(
                invitee, _other(self._role), record.id, replaces=None if reconnects is None else str(reconnects)
            )
        await self._close(record.id, "answered", invitee.account)
        return invitee.account if is_new else None

    def _is_pinned(self, account: Json, shown: wire.InvitationView) -> bool:
        contact = self._journal.contacts().get(account) if isinstance(account, str) else None
        keys = () if contact is None else (contact.key, *contact.former)
        return shown.invitee == account and (contact is None or shown.invitee_key in keys)

    def _is_late(self, record: Record) -> bool:
        return self._saver.clock() > datetime.fromisoformat(str(record.content["expires"]))

    def _is_of_former_keys(self, record: Record) -> bool:
        # Its answer is bound to an identity that was given up, and who had that may have read its secret.
        return record.gen < self._journal.keyring.gen

    def _is_over(self, record: Record) -> bool:
        return self._is_late(record) or self._is_of_former_keys(record)

    async def _close(self, invitation: str, state: str, contact: str | None = None) -> None:
        def closed(content: JsonObject) -> JsonObject:
            kept: JsonObject = {name: value for name, value in content.items() if name != "secret"}
            return {**kept, "state": state, **({} if contact is None else {"contact": contact})}

        await self._saver.edit(invitation, closed)

    async def _change(self, known: Contact, party: Party, invitation: str) -> None:
        """Pin another key for somebody known; the one before still opens what was accepted under it."""

        def changed(content: JsonObject) -> JsonObject:
            former: list[Json] = [b64(known.key), *(b64(key) for key in known.former)]
            verified = self._verified("reconnect", invitation)
            return {**content, "key": b64(party.key), "former": former, "verified": verified}

        await self._saver.edit(known.record, changed)
        self._saver.changed_keys -= {known.account}

    def _verified(self, how: str, invitation: str) -> JsonObject:
        return {"how": how, "at": self._saver.clock().isoformat(timespec="seconds"), "invitation": invitation}

    async def pin(
        self, party: Party, role: Role, invitation: str, practice: str | None = None, replaces: str | None = None
    ) -> Record | None:
        """Save the contact that a right tag showed; none when the same key is pinned already.

        Raises KeyChangedError when another key is pinned for that account: a link never changes one.
        """
        known = self._journal.contacts().get(party.account)
        if known is not None:
            if known.key != party.key:
                raise KeyChangedError("another key for somebody known")
            return None
        content: JsonObject = {
            "kind": "contact",
            "v": 1,
            "account": party.account,
            "key": b64(party.key),
            "name": party.name,
            "role": role,
            "verified": self._verified("invitation" if replaces is None else "reconnect", invitation),
        }
        if replaces is not None:
            content["replaces"] = replaces
        if self._journal.keyring.gen > 1:
            content["knows"] = self._journal.keyring.gen
        if practice:
            content["practice"] = practice
        return await self._saver.create(content)

    async def answer(self, invitation: OpenInvitation, own_name: str) -> None:
        """Answer an invitation with the account one has, and pin the inviter where nobody known has that account.

        Raises LinkError where it isn't for this role, and KeyChangedError, both before anything is sent, when the link names
        another key for somebody known: it never changes one. A link that reconnects this very account is answered all the
        same: where both have new keys, each answers the other's link, and each pins by the answer to their own.
        """
        if invitation.inviter_role == self._role or (self._role == "therapist" and invitation.reconnects is None):
            raise LinkError("a therapist answers a patient's reconnect link, a patient a therapist's link")
        known = self._journal.contacts().get(invitation.inviter.account)
        is_other = known is not None and known.key != invitation.inviter.key
        if is_other and invitation.reconnects != self._journal.account:
            raise KeyChangedError("a link never changes a key")
        answer = invitation.answer(self._journal.account, self._journal.keyring.identity, own_name)
        await self._api.tell("POST", f"/invitations/{invitation.id}/answer", answer)
        if not is_other:
            practice = invitation.practice.name if self._role == "patient" else None
            await self.pin(invitation.inviter, _other(self._role), invitation.id, practice)
        await self._tell_mine(invitation.inviter.account)

    async def _tell_mine(self, account: str) -> None:
        """Note that somebody has one's new keys by now, and give them anew, from these, what they read of before."""
        gen, known = self._journal.keyring.gen, self._journal.contacts().get(account)
        if known is None or known.knows >= gen:
            return
        await self._saver.edit(known.record, lambda content: {**content, "knows": gen})
        for record in self._journal.own():
            if record.gen < gen and account in record.open_readers:
                await self._saver.edit(record.id)


def _other(role: Role) -> Role:
    return "patient" if role == "therapist" else "therapist"


def _secret(record: Record) -> InvitationSecret:
    secret = record.content.get("secret")
    if not isinstance(secret, str):
        raise LinkError("the invitation's secret has been erased")
    return InvitationSecret(unb64(secret))
