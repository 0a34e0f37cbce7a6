"""HPKE (RFC 9180), single shot, empty `aad`, `enc || ciphertext`.

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey
from pyhpke.exceptions import PyHPKEError

from aftertide.protocol.errors import DoesNotOpenError, SealedFormError, SmallOrderKeyError
from aftertide.protocol.primitives import check_key

SUITE: Final = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM)
_ENC_LENGTH: Final = 32
_SHORTEST: Final = _ENC_LENGTH + 16
_SMALL_ORDER: Final = "the shared secret would be all zeros"


def hpke_seal(recipient: bytes, info: bytes, text: bytes, sender: X25519PrivateKey | None = None) -> bytes:
    """Seal for a public key (32 bytes): base mode, or auth mode when `sender` is given.

    `SmallOrderKeyError` if the key is of small order, `KeyLengthError` if it hasn't 32 bytes.
    """
    public = KEMKey.from_pyca_cryptography_key(X25519PublicKey.from_public_bytes(check_key(recipient)))
    own = None if sender is None else KEMKey.from_pyca_cryptography_key(sender)
    try:
        enc, context = SUITE.create_sender_context(public, info, sks=own)
    except ValueError as error:
        raise SmallOrderKeyError(_SMALL_ORDER) from error
    sealed: bytes = enc + context.seal(text)
    return sealed


def hpke_open(recipient: X25519PrivateKey, info: bytes, sealed: bytes, sender: bytes | None = None) -> bytes:
    """Open what `hpke_seal` made: base mode, or auth mode when the sender's public key is given.

    `SealedFormError` under 48 bytes, `SmallOrderKeyError` for an all-zero shared secret, `DoesNotOpenError` when the
    tag doesn't match (another recipient, sender or `info`, or altered bytes).
    """
    if len(sealed) < _SHORTEST:
        raise SealedFormError("not sealed by HPKE")
    own = KEMKey.from_pyca_cryptography_key(recipient)
    pinned = None
    if sender is not None:
        pinned = KEMKey.from_pyca_cryptography_key(X25519PublicKey.from_public_bytes(check_key(sender)))
    try:
        context = SUITE.create_recipient_context(sealed[:_ENC_LENGTH], own, info, pks=pinned)
    except ValueError as error:
        raise SmallOrderKeyError(_SMALL_ORDER) from error
    try:
        text: bytes = context.open(sealed[_ENC_LENGTH:])
    except PyHPKEError as error:
        raise DoesNotOpenError("sealed for another key, by another sender or for another use, or altered") from error
    return text
