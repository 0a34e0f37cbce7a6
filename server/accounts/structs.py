"""What travels to and from the routes of accounts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

Bytes16 = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Bytes32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
SealedKey = Annotated[bytes, msgspec.Meta(min_length=61, max_length=61)]
"""32 bytes under `seal`: version, nonce, tag."""
KeyId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{22}$", max_length=22)]
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
Label = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)", max_length=80)]
"""Without control characters: PostgreSQL keeps no NUL, and a list shows one line."""
Gen = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Locale = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)", max_length=35)]
ZoneName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$(?!\n)")]
Method = Literal["passphrase", "recovery"]


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
    method: Method
    params: Argon2idParams | None = None
    """With `passphrase` only."""
    gen: Gen
    sealed: SealedKey


class NewSlot(Slot, kw_only=True, frozen=True):
    """A slot with what will prove who opens it."""

    auth: Bytes32


class Identity(msgspec.Struct, kw_only=True, frozen=True):
    """A public key and its private part, sealed."""

    key_id: KeyId
    public_key: Bytes32
    private_sealed: SealedKey
    gen: Gen
    current: bool = True


class NewAccount(msgspec.Struct, kw_only=True, frozen=True):
    """All that makes an account: a passphrase slot, a recovery slot, an identity."""

    id: UUID
    email: Email
    slots: Annotated[list[NewSlot], msgspec.Meta(min_length=2, max_length=2)]
    identity: Identity
    locale: Locale = "en"
    time_zone: ZoneName = "UTC"
    device: Label = ""
    bearer: bool = False
    """Answer with a token in place of a cookie; only without an Origin."""


class Device(msgspec.Struct, kw_only=True, frozen=True):
    """A signed-in device."""

    id: UUID
    label: str
    created: datetime
    seen: datetime
    current: bool


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
