"""The keys of one account on this device, and how an account and its slots are made and opened."""

import asyncio
from dataclasses import dataclass, field

from aftertide import wire
from aftertide.errors import ForeignAccountError
from aftertide.protocol.email import canonical_email
from aftertide.protocol.encoding import new_id
from aftertide.protocol.errors import OlderGenerationError, SlotError
from aftertide.protocol.keys import AccountKey, DerivedKeys, Identity, KeyRole
from aftertide.protocol.kit import new_kit_secret, print_kit, read_kit
from aftertide.protocol.passphrases import check_new_passphrase
from aftertide.protocol.slots import (
    KDF,
    LANES,
    MEMORY_KIB,
    PASSES,
    Method,
    SlotSecrets,
    check_generation,
    check_kdf,
    kit_secrets,
    open_slot,
    passkey_key,
    passphrase_secrets,
    seal_slot,
)

FIRST_GEN = 1


@dataclass(frozen=True, slots=True)
class Keyring:
    """What an unlocked device holds: no account key, which is only there while a slot is open."""

    account: str
    gen: int
    keys: DerivedKeys
    identity: Identity
    former: tuple[Identity, ...] = ()
    """Identities that open old grants and seal nothing."""


@dataclass(frozen=True, slots=True)
class NewKeys:
    """A new account before the server has it; `kit` is what the person keeps on paper."""

    account: wire.NewAccount
    keyring: Keyring
    kit: str = field(repr=False)


async def stretched(passphrase: str, email: str, salt: bytes) -> SlotSecrets:
    """Stretch a passphrase in a thread of its own: it takes a third of a second and 64 MiB."""
    return await asyncio.to_thread(passphrase_secrets, passphrase, email, salt)


def secrets_of_kit(kit: str) -> SlotSecrets:
    """Read a typed kit and derive its slot's secrets; raises KitError."""
    return kit_secrets(read_kit(kit))


def new_slot(
    account: str, method: Method, gen: int, secrets: SlotSecrets, account_key: AccountKey, salt: bytes | None
) -> wire.NewSlot:
    """Seal the account key in a new slot; `salt` with a passphrase slot only."""
    slot = new_id()
    params = None if salt is None else wire.KdfParams(KDF, MEMORY_KIB, PASSES, LANES, salt)
    sealed = seal_slot(secrets.slot_key, account, slot, method, gen, account_key)
    return wire.NewSlot(id=slot, method=method, params=params, gen=gen, sealed=sealed, auth=secrets.auth.reveal)


async def new_passphrase_slot(
    account: str, gen: int, passphrase: str, email: str, salt: bytes, account_key: AccountKey
) -> wire.NewSlot:
    """Seal the account key under a new passphrase; raises PassphraseError for one that can't be set."""
    check_new_passphrase(passphrase)
    return new_slot(account, "passphrase", gen, await stretched(passphrase, email, salt), account_key, salt)


def new_kit_slot(account: str, gen: int, account_key: AccountKey) -> tuple[wire.NewSlot, str]:
    """Seal the account key under a new kit; returns the slot and the kit to keep."""
    secret = new_kit_secret()
    return new_slot(account, "recovery", gen, kit_secrets(secret), account_key, None), print_kit(secret)


async def new_account(email: str, passphrase: str, salt: bytes, *, device: str, locale: str, time_zone: str) -> NewKeys:
    """Make everything that a sign-up sends; raises EmailError and PassphraseError."""
    account, account_key, identity = new_id(), AccountKey.new(), Identity.new()
    keys, address = account_key.derive(), canonical_email(email)
    by_passphrase = await new_passphrase_slot(account, FIRST_GEN, passphrase, address, salt, account_key)
    by_kit, kit = new_kit_slot(account, FIRST_GEN, account_key)
    return NewKeys(
        account=wire.NewAccount(
            id=account,
            email=address,
            slots=[by_passphrase, by_kit],
            identity=wire.Identity(
                key_id=identity.key_id,
                public_key=identity.public,
                private_sealed=identity.seal_private(keys, account, FIRST_GEN, "present"),
                gen=FIRST_GEN,
            ),
            locale=locale,
            time_zone=time_zone,
            device=device,
        ),
        keyring=Keyring(account, FIRST_GEN, keys, identity),
        kit=kit,
    )


def open_account_key(me: wire.Me, method: Method, secrets: SlotSecrets, salt: bytes | None) -> AccountKey:
    """Open the slot of a method.

    Raises KdfParametersError for any parameters but those of suite 1 or another salt than the one used, DoesNotOpenError
    for a slot that isn't this account's, OlderGenerationError for one of another generation, SlotError when there is none.
    """
    for slot in me.slots:
        if slot.method == method:
            _check_gen(slot, me)
            if slot.params is not None:
                check_kdf(slot.params.kdf, slot.params.m, slot.params.t, slot.params.p)
            if (slot.params.salt if slot.params else None) != salt:
                raise SlotError("the slot names another salt than the one given for the e-mail")
            return open_slot(secrets.slot_key, me.id, slot.id, method, slot.gen, slot.sealed)
    raise SlotError("the account has no slot of this kind")


def open_by_passkey(me: wire.Me, credential: bytes, prf: bytes) -> AccountKey:
    """Open the slot of a passkey with its PRF output, which whoever spoke to the authenticator has.

    Raises KeyLengthError, DoesNotOpenError for another output, OlderGenerationError for a slot of another generation, SlotError
    when the credential has no slot.
    """
    for slot in me.slots:
        if slot.method == "passkey" and slot.credential == credential:
            _check_gen(slot, me)
            return open_slot(passkey_key(prf), me.id, slot.id, "passkey", slot.gen, slot.sealed)
    raise SlotError("the account has no slot of this passkey")


def _check_gen(slot: wire.Slot, me: wire.Me) -> None:
    # What a former slot opens is a key that was given up, which mustn't pass for the present one.
    if slot.gen != me.gen:
        raise OlderGenerationError("a slot of another generation than the account's")


def open_keyring(me: wire.Me, account_key: AccountKey, highest_gen: int) -> Keyring:
    """Open the private keys of an account.

    Raises OlderGenerationError for a lower generation than this device has seen, DoesNotOpenError when a former key is
    shown as the current one, ForeignAccountError when there isn't one current identity, or when a public key isn't the
    one of the private key.
    """
    check_generation(me.gen, highest_gen)
    keys = account_key.derive()
    current: Identity | None = None
    former: list[Identity] = []
    for sealed in me.identities:
        role: KeyRole = "present" if sealed.current else "former"
        identity = Identity.open_private(keys, me.id, sealed.key_id, sealed.gen, sealed.private_sealed, role)
        if identity.public != sealed.public_key:
            raise ForeignAccountError("the server shows another public key than the account's own")
        if not sealed.current:
            former.append(identity)
        elif current is None:
            current = identity
        else:
            raise ForeignAccountError("the server shows two current keys of the account")
    if current is None:
        raise ForeignAccountError("the server shows no current key of the account")
    return Keyring(me.id, me.gen, keys, current, tuple(former))
