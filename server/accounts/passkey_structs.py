"""What travels to and from the routes of passkeys: what a device made or signed (WebAuthn), and what people see of it.

Nothing here has room for results of extensions: a PRF output opens key slots and never leaves the device.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from server.accounts.fields import CredentialId, Gen, Label, SealedKey

ClientData = Annotated[bytes, msgspec.Meta(min_length=2, max_length=4096)]
"""`clientDataJSON` as the browser wrote it."""
Transport = Literal["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"]


class NoResults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The results of extensions that are posted: none."""


class Attestation(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What a device answers when it has made a passkey (AuthenticatorAttestationResponse)."""

    id: CredentialId
    client_data: ClientData
    attestation_object: Annotated[bytes, msgspec.Meta(min_length=37, max_length=16384)]
    transports: Annotated[list[Transport], msgspec.Meta(max_length=7)] = []
    results: NoResults = msgspec.field(name="clientExtensionResults")


class Assertion(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What a device answers when its person uses a passkey (AuthenticatorAssertionResponse)."""

    id: CredentialId
    client_data: ClientData
    authenticator_data: Annotated[bytes, msgspec.Meta(min_length=37, max_length=4096)]
    signature: Annotated[bytes, msgspec.Meta(min_length=1, max_length=4096)]
    user_handle: Annotated[bytes, msgspec.Meta(min_length=1, max_length=64)] | None = None
    """The 16 bytes of the account's id; some devices leave it out where they were told which passkeys to offer."""
    results: NoResults = msgspec.field(name="clientExtensionResults")


class PasskeySlot(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The key slot that a passkey opens with its PRF output."""

    id: UUID
    gen: Gen
    sealed: SealedKey


class NewPasskey(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A passkey just made, and its slot; none where the device has no PRF, which then asks for the passphrase."""

    name: Label
    answer: Attestation
    slot: PasskeySlot | None = None


class PasskeyView(msgspec.Struct, kw_only=True, frozen=True):
    """A passkey as its person sees it."""

    id: UUID
    credential: CredentialId
    name: str
    created: datetime
    last_used: datetime | None
    opens: bool
    """Whether it opens the account's key; else it signs in, and the passphrase opens."""
    synced: bool
    """Whether the device may copy it to others through an account of its maker's."""
    copied: datetime | None
    """Since when somebody may have a copy of it: it is refused, and to be removed."""


class FutureAccount(msgspec.Struct, frozen=True):
    """The id of an account about to be made."""

    account: UUID


class Challenge(msgspec.Struct, kw_only=True, frozen=True):
    """What a passkey is to sign, or a new one to be made with, within five minutes; the rest the client knows itself."""

    challenge: bytes
    credentials: list[CredentialId] = []
    """The account's passkeys, where there is a session: not to be made again, or the ones to use."""


class PasskeySignIn(msgspec.Struct, kw_only=True, frozen=True):
    """A passkey used to sign in."""

    answer: Assertion
    device: Label = ""
    bearer: bool = False


class PasskeyProof(msgspec.Struct, frozen=True):
    """A passkey used as a fresh proof for a running session."""

    answer: Assertion
