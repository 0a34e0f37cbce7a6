"""Sealing a push to one browser (RFC 8291, aes128gcm), always to the same length, so that the length says nothing."""

import os

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_SIZE = 4_096
LONGEST = 2_800
"""Bytes of a payload. RFC 8030 lets 4,096 sealed ones pass everywhere, but Firefox on Android takes about 3,000."""
_LAST_RECORD = b"\x02"


class TooLong(Exception):
    """The payload is longer than any push."""


def seal(
    payload: bytes,
    p256dh: bytes,
    auth: bytes,
    *,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
    length: int = LONGEST,
) -> bytes:
    """Seal `payload` to a browser's keys and return the body of the request, 2,903 bytes whatever the payload.

    `p256dh` is an uncompressed point on P-256, `auth` 16 bytes; ValueError for a point that isn't on the curve. `sender`, `salt`
    and `length` are for the examples of the standard: a key pair and a salt serve once. Raises TooLong.
    """
    if len(payload) > length:
        raise TooLong
    sender = sender or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    key, nonce = http_ece.derive_key(
        "encrypt", "aes128gcm", salt=salt, key=None, private_key=sender, dh=p256dh, auth_secret=auth, keyid=None
    )
    sender_id = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    # http-ece's own encrypt can't pad: RFC 8188 puts the zeros behind the delimiter. The one record has the nonce as it is.
    padded = payload + _LAST_RECORD + bytes(length - len(payload))
    header = salt + RECORD_SIZE.to_bytes(4, "big") + len(sender_id).to_bytes(1, "big") + sender_id
    return header + AESGCM(key).encrypt(nonce, padded, None)
