"""Key slots: what a passphrase, a recovery kit or a passkey gives, and the account key that it opens."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from argon2.low_level import Type, hash_secret_raw

from aftertide.protocol.encoding import b64u, ctx
from aftertide.protocol.errors import KdfParametersError, KeyLengthError, OlderGenerationError
from aftertide.protocol.keys import AccountKey, SecretKey
from aftertide.protocol.kit import SECRET_LENGTH
from aftertide.protocol.passphrases import passphrase_bytes
from aftertide.protocol.primitives import KEY_LENGTH, check_key, digest, hkdf, seal, unseal

Method: TypeAlias = Literal["passphrase", "recovery"]
"""What a person types."""
SlotMethod: TypeAlias = Literal["passphrase", "recovery", "passkey"]

KDF: Final = "argon2id"
MEMORY_KIB: Final = 65_536
PASSES: Final = 3
LANES: Final = 1
_VERSION: Final = 0x13
SALT_LENGTH: Final = 16
PRF_INPUT: Final = digest(b"aftertide/1/prf")
"""What a passkey's PRF extension (Web Authentication Level 3) is evaluated for."""


def check_kdf(kdf: str, memory: int, passes: int, lanes: int) -> None:
    """Refuse any Argon2id parameters but those of suite 1: fewer make guesses cheap, more stop a phone.

    `KdfParametersError`; `memory` in KiB.
    """
    if (kdf, memory, passes, lanes) != (KDF, MEMORY_KIB, PASSES, LANES):
        raise KdfParametersError("not the one parameter set of suite 1")


def check_generation(gen: int, highest_seen: int) -> None:
    """Refuse keys of a lower generation than this device has seen, with `OlderGenerationError`."""
    if gen < highest_seen:
        raise OlderGenerationError("keys of a generation that has been replaced")


@dataclass(frozen=True, slots=True)
class SlotSecrets:
    """What a passphrase or a kit gives: the key of the slot, and the proof of who this is (`auth`)."""

    slot_key: SecretKey
    auth: SecretKey


def _secrets_from(root: bytes) -> SlotSecrets:
    return SlotSecrets(SecretKey(hkdf(root, "aftertide/1/slot")), SecretKey(hkdf(root, "aftertide/1/auth")))


def passphrase_secrets(passphrase: str, email: str, salt: bytes) -> SlotSecrets:
    """Stretch a passphrase (Argon2id, RFC 9106: 64 MiB, about a third of a second).

    `email` is canonical, `salt` the 16 bytes that the server gives for it; `KeyLengthError` for another length,
    `LoneSurrogateError` for a passphrase without UTF-8.
    """
    if len(salt) != SALT_LENGTH:
        raise KeyLengthError("a salt has 16 bytes")
    root = hash_secret_raw(
        passphrase_bytes(passphrase),
        digest(ctx("aftertide/1/salt", email, b64u(salt))),
        time_cost=PASSES,
        memory_cost=MEMORY_KIB,
        parallelism=LANES,
        hash_len=KEY_LENGTH,
        type=Type.ID,
        version=_VERSION,
    )
    return _secrets_from(root)


def kit_secrets(secret: bytes) -> SlotSecrets:
    """Derive what the 20 bytes of a kit give; `KeyLengthError` for another length."""
    if len(secret) != SECRET_LENGTH:
        raise KeyLengthError("a kit holds 20 bytes")
    return _secrets_from(secret)


def passkey_key(prf: bytes) -> SecretKey:
    """Derive the key of a passkey's slot from its PRF output for `PRF_INPUT`; `KeyLengthError` for other than 32 bytes.

    What shows who this is isn't derived: it is the passkey's signature.
    """
    return SecretKey(hkdf(check_key(prf), "aftertide/1/slot"))


def _slot_context(account: str, slot: str, method: SlotMethod, gen: int) -> bytes:
    return ctx("aftertide/1/slot", account, slot, method, gen)


def seal_slot(key: SecretKey, account: str, slot: str, method: SlotMethod, gen: int, account_key: AccountKey) -> bytes:
    """Seal the account key in a slot, bound to account, slot id, method and generation."""
    return seal(key.reveal, _slot_context(account, slot, method, gen), account_key.reveal)


def open_slot(key: SecretKey, account: str, slot: str, method: SlotMethod, gen: int, sealed: bytes) -> AccountKey:
    """Open a slot; `DoesNotOpenError` for a wrong secret, or another account, slot, method or generation."""
    return AccountKey(unseal(key.reveal, _slot_context(account, slot, method, gen), sealed))
