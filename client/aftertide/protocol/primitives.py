"""The symmetric primitives under the names that the protocol gives them, each from a library."""

import hashlib
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aftertide.protocol.errors import DoesNotOpenError, KeyLengthError, SealedFormError

KEY_LENGTH: Final = 32
_SUITE: Final = b"\x01"
_NONCE_LENGTH: Final = 12
_SHORTEST: Final = 29


def check_key(key: bytes) -> bytes:
    """Return `key` if it has 32 bytes; `KeyLengthError` otherwise."""
    if len(key) != KEY_LENGTH:
        raise KeyLengthError("a key has 32 bytes")
    return key


def digest(data: bytes) -> bytes:
    """`hash` of the protocol: SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()


def hkdf(key: bytes, info: str) -> bytes:
    """HKDF-SHA-256 (RFC 5869) with empty salt, 32 bytes."""
    return HKDF(algorithm=SHA256(), length=KEY_LENGTH, salt=None, info=info.encode()).derive(key)


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes."""
    return hmac.digest(key, data, "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Compare in time that doesn't depend on the content."""
    return hmac.compare_digest(one, other)


def seal(key: bytes, aad: bytes, text: bytes) -> bytes:
    """Seal with AES-256-GCM: `0x01 || nonce || ciphertext and tag`, a fresh random nonce of 12 bytes."""
    nonce = secrets.token_bytes(_NONCE_LENGTH)
    return _SUITE + nonce + AESGCM(check_key(key)).encrypt(nonce, text, aad)


def unseal(key: bytes, aad: bytes, sealed: bytes) -> bytes:
    """Open what `seal` made.

    `SealedFormError` for another first byte or fewer than 29 bytes; `DoesNotOpenError` when the tag doesn't match.
    """
    if len(sealed) < _SHORTEST or not sealed.startswith(_SUITE):
        raise SealedFormError("not sealed by suite 1")
    nonce, ciphertext = sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
    try:
        return AESGCM(check_key(key)).decrypt(nonce, ciphertext, aad)
    except InvalidTag as error:
        raise DoesNotOpenError("sealed with another key or for another purpose, or altered") from error
