"""The account key, what is derived from it, and the identity.

Each type keeps its bytes to itself: nothing that prints, logs or compares one shows them.
"""

import secrets
from dataclasses import dataclass
from typing import Final, Literal, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from aftertide.protocol.encoding import b64u, ctx
from aftertide.protocol.errors import ForeignKeyError
from aftertide.protocol.primitives import KEY_LENGTH, check_key, digest, hkdf, seal, unseal

_KEY_ID_LENGTH: Final = 16

# The identity in use, or one that was given up in a rotation and opens only what is older.
KeyRole = Literal["present", "former"]
# What names a private key's role in its seal: else which one is in use would be the server's word.
_SEALED_AS: Final[dict[KeyRole, str]] = {"present": "aftertide/1/private-key", "former": "aftertide/1/former-key"}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class SecretKey:
    """32 secret bytes; `KeyLengthError` for any other length."""

    reveal: bytes

    def __post_init__(self) -> None:
        """Refuse another length."""
        check_key(self.reveal)

    def __repr__(self) -> str:
        """Show the type only."""
        return f"{type(self).__name__}(…)"

    @classmethod
    def new(cls) -> Self:
        """Make one from 32 random bytes."""
        return cls(secrets.token_bytes(KEY_LENGTH))


class AccountKey(SecretKey):
    """AK: made at sign-up, sealed in key slots, never stored on a device."""

    __slots__ = ()

    def derive(self) -> "DerivedKeys":
        """Derive what a device holds while it is unlocked."""
        return DerivedKeys(
            record_wrap=SecretKey(hkdf(self.reveal, "aftertide/1/record-wrap")),
            record_proof=SecretKey(hkdf(self.reveal, "aftertide/1/record-proof")),
            private_keys=SecretKey(hkdf(self.reveal, "aftertide/1/private-keys")),
        )


class RecordKey(SecretKey):
    """RK: seals the bodies of one record in one epoch."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class DerivedKeys:
    """The three keys derived from AK: wraps record keys, proves revisions, seals private keys."""

    record_wrap: SecretKey
    record_proof: SecretKey
    private_keys: SecretKey


def key_id_of(public: bytes) -> str:
    """Return the id of a public key of 32 bytes: b64u of the first 16 bytes of its hash. `KeyLengthError`."""
    return b64u(digest(check_key(public))[:_KEY_ID_LENGTH])


class Identity:
    """An account's X25519 key pair. The public key is always computed from the private one."""

    __slots__ = ("_private", "key_id", "public")

    public: Final[bytes]
    key_id: Final[str]

    def __init__(self, private: bytes) -> None:
        """Take a private key of 32 raw bytes; `KeyLengthError` for any other length."""
        self._private: Final = X25519PrivateKey.from_private_bytes(check_key(private))
        self.public = self._private.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public)

    def __repr__(self) -> str:
        """Show the id of the public key only."""
        return f"Identity({self.key_id})"

    @classmethod
    def new(cls) -> Self:
        """Make a random key pair."""
        return cls(secrets.token_bytes(KEY_LENGTH))

    @property
    def private(self) -> X25519PrivateKey:
        """The private key, for HPKE."""
        return self._private

    def seal_private(self, keys: DerivedKeys, account: str, gen: int, role: KeyRole) -> bytes:
        """Seal the private key for the server to keep, bound to account, key id, generation and role."""
        return seal(
            keys.private_keys.reveal,
            ctx(_SEALED_AS[role], account, self.key_id, gen),
            self._private.private_bytes_raw(),
        )

    @classmethod
    def open_private(cls, keys: DerivedKeys, account: str, key_id: str, gen: int, sealed: bytes, role: KeyRole) -> Self:
        """Open a sealed private key.

        `DoesNotOpenError` for another account, id, generation or role; `ForeignKeyError` when the key inside isn't the
        one that `key_id` names.
        """
        private = unseal(keys.private_keys.reveal, ctx(_SEALED_AS[role], account, key_id, gen), sealed)
        identity = cls(private)
        if identity.key_id != key_id:
            raise ForeignKeyError("the private key isn't the one that its id names")
        return identity
