"""What travels to and from the routes of accounts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from server.accounts.fields import (
    Bytes16,
    Bytes32,
    CredentialId,
    Email,
    Gen,
    KeyId,
    Label,
    Locale,
    SealedKey,
    ZoneName,
)
from server.accounts.passkey_structs import NewPasskey, Transport

Method = Literal["passphrase", "recovery"]
"""What is typed to show who one is."""
SlotMethod = Literal["passphrase", "recovery", "passkey"]
"""What opens an account."""


class Argon2idParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of a passphrase slot: suite 1 has one set, and clients refuse any other."""

    kdf: Literal["argon2id"]
    m: Literal[65536]
    t: Literal[3]
    p: Literal[1]
    salt: Bytes16


class Slot(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One sealed way to the account key."""

    id: UUID
    method: SlotMethod
    params: Argon2idParams | None = None
    """With `passphrase` only."""
    gen: Gen
    sealed: SealedKey
    credential: CredentialId | None = None
    """With `passkey` only: the id of the credential that opens it."""
    transports: list[Transport] = []
    """With `passkey` only: how its device may be reached, as it said when it was made."""


class NewSlot(msgspec.Struct, kw_only=True, frozen=True):
    """A slot with what will prove who opens it."""

    id: UUID
    method: Method
    params: Argon2idParams | None = None
    """With `passphrase` only."""
    gen: Gen
    sealed: SealedKey
    auth: Bytes32


class Identity(msgspec.Struct, kw_only=True, frozen=True):
    """A public key and its private part, sealed."""

    key_id: KeyId
    public_key: Bytes32
    private_sealed: SealedKey
    gen: Gen
    current: bool = True


class KeysToCome(msgspec.Struct, kw_only=True, frozen=True):
    """What an account's rotation, begun and not finished, has of the new keys."""

    gen: Gen
    previous: SealedKey
    """The account key so far, sealed under the new one."""
    slots: list[Slot]
    identity: Identity


class NewAccount(msgspec.Struct, kw_only=True, frozen=True):
    """All that makes an account: a recovery slot, a passphrase slot or a passkey with its slot (or both), an identity."""

    id: UUID
    email: Email
    slots: Annotated[list[NewSlot], msgspec.Meta(min_length=1, max_length=2)]
    identity: Identity
    passkey: NewPasskey | None = None
    locale: Locale = "en"
    time_zone: ZoneName = "UTC"
    device: Label = ""
    others_look: bool = False
    """Somebody else uses the phone or reads the mailbox: notices have no buttons until their person wants them."""
    bearer: bool = False
    """Answer with a token in place of a cookie; only without an Origin."""


class Device(msgspec.Struct, kw_only=True, frozen=True):
    """A signed-in device."""

    id: UUID
    label: str
    created: datetime
    seen: datetime
    """To the hour."""
    current: bool
    method: SlotMethod | None
    """By which way it was signed in; nobody knows of older ones."""
    passkey: str | None
    """With `passkey`: what that is called; nothing where it has been removed."""


class Rename(msgspec.Struct, frozen=True):
    """What a device or passkey is called from now on."""

    name: Label


class Me(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The account as its own devices see it."""

    id: UUID
    role: Literal["patient", "therapist"]
    email: str
    gen: int
    locale: str
    time_zone: str
    settings_record: UUID | None
    ledger_record: UUID | None
    slots: list[Slot]
    identities: list[Identity]
    session: UUID
    cursor: int
    """The account's change counter."""
    rotation: KeysToCome | None = None
    """While a rotation runs, which who has signed in by its slots goes on with."""
    token: str | None = None
    """Only in the answer to a sign-in or sign-up that asked for a bearer token."""


class SaltQuestion(msgspec.Struct, frozen=True):
    """Which e-mail wants to sign in."""

    email: Email


class Salt(msgspec.Struct, frozen=True):
    """The salt of an e-mail, whether there is an account or not."""

    salt: Bytes16


class SignIn(msgspec.Struct, kw_only=True, frozen=True):
    """A proof of who one is."""

    email: Email
    method: Method
    auth: Bytes32
    device: Label = ""
    bearer: bool = False


class Proof(msgspec.Struct, frozen=True):
    """A fresh proof for a running session."""

    method: Method
    auth: Bytes32


class Slots(msgspec.Struct, kw_only=True, frozen=True):
    """What opens an account now."""

    gen: Gen
    slots: list[Slot]


class ReplaceSlot(msgspec.Struct, frozen=True):
    """A new slot in the place of the one with the same method."""

    slot: NewSlot


class Preferences(msgspec.Struct, kw_only=True, frozen=True):
    """What the server must know of a person's ways."""

    locale: Locale
    time_zone: ZoneName


class Pointer(msgspec.Struct, frozen=True):
    """The record that a pointer names."""

    record: UUID
