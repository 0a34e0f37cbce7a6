"""Invitations: keys verified by the link itself, names that the server never sees, and digits for those who compare."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from aftertide.protocol.encoding import b64u, check_id, ctx, unb64u
from aftertide.protocol.errors import EncodingError, LinkError, SecondAnswerError, TagError
from aftertide.protocol.ijson import JsonObject, dump, parse
from aftertide.protocol.keys import SecretKey
from aftertide.protocol.padding import pad, unpad
from aftertide.protocol.primitives import KEY_LENGTH, check_key, digest, hkdf, mac, same, seal, unseal

CardRole: TypeAlias = Literal["inviter", "invitee"]
_DIGITS: Final = 40
_JOIN: Final = re.compile(r"/join/([^/]+)/?")


class InvitationSecret(SecretKey):
    """K: travels in a link's fragment, never to the server."""

    __slots__ = ()

    @property
    def tag_key(self) -> bytes:
        """The key of both tags."""
        return hkdf(self.reveal, "aftertide/1/invite-mac")

    @property
    def redeem(self) -> bytes:
        """What the server asks for; it knows the hash."""
        return hkdf(self.reveal, "aftertide/1/invite-redeem")

    @property
    def redeem_hash(self) -> bytes:
        """What the inviter publishes: the hash of `redeem`."""
        return digest(self.redeem)

    @property
    def card_key(self) -> bytes:
        """The key of the names."""
        return hkdf(self.reveal, "aftertide/1/invite-card")


@dataclass(frozen=True, slots=True)
class Party:
    """One side of an invitation: account, public key (32 bytes) and name."""

    account: str
    key: bytes
    name: str

    def __post_init__(self) -> None:
        """Refuse a key of another length."""
        check_key(self.key)


def _name_hash(name: str) -> str:
    return b64u(digest(name.encode("utf-8")))


def inviter_tag(secret: InvitationSecret, invite: str, inviter: Party) -> bytes:
    """Make `tag_t`: the inviter's account, key and name, bound to the invitation."""
    context = ctx("aftertide/1/invite", "inviter", invite, inviter.account, b64u(inviter.key), _name_hash(inviter.name))
    return mac(secret.tag_key, context)


def check_inviter_tag(secret: InvitationSecret, invite: str, inviter: Party, tag: bytes) -> None:
    """Raise `TagError` unless `tag_t` covers this account, key and name: somebody on the way swapped one."""
    if not same(inviter_tag(secret, invite, inviter), tag):
        raise TagError("the invitation doesn't come from whom it names")


def invitee_tag(secret: InvitationSecret, invite: str, inviter: tuple[str, bytes], invitee: Party) -> bytes:
    """Make `tag_p`, the answer: the invitee's account, key and name to this inviter (account, key) only."""
    account, key = inviter
    context = ctx(
        "aftertide/1/invite",
        "invitee",
        invite,
        account,
        b64u(check_key(key)),
        invitee.account,
        b64u(invitee.key),
        _name_hash(invitee.name),
    )
    return mac(secret.tag_key, context)


def check_invitee_tag(
    secret: InvitationSecret, invite: str, inviter: tuple[str, bytes], invitee: Party, tag: bytes
) -> None:
    """Raise `TagError` unless `tag_p` covers both accounts, both keys and the invitee's name."""
    if not same(invitee_tag(secret, invite, inviter, invitee), tag):
        raise TagError("the answer doesn't come from somebody who has the link")


def accept_answer(
    secret: InvitationSecret,
    invite: str,
    inviter: tuple[str, bytes],
    invitee: Party,
    tag: bytes,
    pinned: tuple[str, bytes] | None,
) -> bool:
    """Judge an answer: true when its key is to be pinned now, false when it is the one already pinned.

    `pinned` is the account and key that this invitation led to, if any. `TagError` for a wrong answer,
    `SecondAnswerError` for another right one: somebody else has the link.
    """
    check_invitee_tag(secret, invite, inviter, invitee, tag)
    if pinned is None:
        return True
    if pinned != (invitee.account, invitee.key):
        raise SecondAnswerError("another right answer to an invitation that has been answered")
    return False


def judge_reconnect(
    invite: str, reconnects: str, invitee: tuple[str, bytes], pinned: tuple[bytes, Sequence[bytes], str | None] | None
) -> Literal["change", "instead", "known"]:
    """Judge a right answer to an invitation that was made from the page of `reconnects`, once its tag holds.

    `change`: it changes the key of exactly that account; `instead`: an unknown account is pinned in its place; `known`:
    nothing, it is pinned already. `pinned` is what is known of who answers: the key, former keys, the invitation that
    verified it. `SecondAnswerError` for everybody else: a contact who isn't asked, or a key that was given up before.
    """
    account, key = invitee
    if pinned is None and account != reconnects:
        return "instead"
    if pinned is not None:
        present, former, invitation = pinned
        if present == key and (account == reconnects or invitation == invite):
            return "known"
        if account == reconnects and present != key and key not in former:
            return "change"
    raise SecondAnswerError("an answer from somebody who wasn't asked, or by a key that was given up")


def _card_context(invite: str, role: CardRole, account: str) -> bytes:
    return ctx("aftertide/1/invite-card", invite, role, account)


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says: a name and, on an inviter's, the account from whose page the invitation was made.

    `reconnects` changes what a person is told, never a pin.
    """

    name: str
    reconnects: str | None = None


def seal_card(
    secret: InvitationSecret, invite: str, role: CardRole, account: str, name: str, reconnects: str | None = None
) -> bytes:
    """Seal a name; `account` is that of the one named, `reconnects` on an inviter's that of the one who is asked."""
    said: JsonObject = {"name": name} if reconnects is None else {"name": name, "reconnects": reconnects}
    return seal(secret.card_key, _card_context(invite, role, account), pad(dump(said)))


def read_card(secret: InvitationSecret, invite: str, role: CardRole, account: str, sealed: bytes) -> Card:
    """Read a card; `DoesNotOpenError` for another invitation, role or account, `TagError` where it holds no name."""
    said = parse(unpad(unseal(secret.card_key, _card_context(invite, role, account), sealed)))
    name, reconnects = said.get("name"), said.get("reconnects")
    if not isinstance(name, str) or not name:
        raise TagError("a card without a name")
    if reconnects is not None and not isinstance(reconnects, str):
        raise TagError("a card that names no account")
    return Card(name, reconnects)


def open_card(secret: InvitationSecret, invite: str, role: CardRole, account: str, sealed: bytes) -> str:
    """Return the name on a card; raises as `read_card`."""
    return read_card(secret, invite, role, account, sealed).name


def make_link(origin: str, invite: str, secret: InvitationSecret) -> str:
    """Write the link of an invitation: only the fragment, which browsers don't send, holds the secret."""
    return f"{origin}/join/{check_id(invite)}#{b64u(secret.reveal)}"


def read_link(link: str) -> tuple[str, InvitationSecret]:
    """Return the id and the secret in a join link; `LinkError` when a part of it is missing or broken."""
    parts = urlsplit(link.strip())
    path = _JOIN.fullmatch(parts.path)
    try:
        if path:
            return check_id(path[1]), InvitationSecret(_fragment(parts.fragment))
    except EncodingError as error:
        raise LinkError("not the whole link of an invitation") from error
    raise LinkError("not the link of an invitation")


def read_begin_link(link: str) -> bytes:
    """Return the token (32 bytes) in a therapist's one-time link; `LinkError` when a part is missing or broken."""
    parts = urlsplit(link.strip())
    if parts.path.rstrip("/") != "/begin":
        raise LinkError("not a link to begin with")
    return _fragment(parts.fragment)


def _fragment(fragment: str) -> bytes:
    try:
        secret = unb64u(fragment)
    except EncodingError as error:
        raise LinkError("what stands after # is broken") from error
    if len(secret) != KEY_LENGTH:
        raise LinkError("what stands after # isn't whole")
    return secret


def check_digits(one: tuple[str, bytes], other: tuple[str, bytes]) -> str:
    """Return 40 decimal digits for two people to compare, each given as (account, public key), in either order."""
    (first, first_key), (second, second_key) = sorted((one, other))
    hashed = digest(ctx("aftertide/1/check", first, b64u(check_key(first_key)), second, b64u(check_key(second_key))))
    return f"{int.from_bytes(hashed) % 10**_DIGITS:0{_DIGITS}d}"
