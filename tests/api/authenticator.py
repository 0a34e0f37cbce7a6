"""A device with passkeys, in software: it answers as a browser with an authenticator does, and misbehaves where it is told to."""

import hashlib
import hmac
import json
import os
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

from tests.api.people import b64, b64u
from tests.conftest import ORIGIN

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class Passkey:
    """One credential on the device, with what its PRF is keyed by."""

    account: UUID
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: os.urandom(32))
    seed: bytes = field(default_factory=lambda: os.urandom(32))
    count: int = 0

    def prf(self, salt: bytes) -> bytes:
        """The output of the PRF extension for one input: what a device would give to its page, and never to a server."""
        return hmac.digest(self.seed, hashlib.sha256(b"WebAuthn PRF\0" + salt).digest(), hashlib.sha256)


@dataclass
class Authenticator:
    """A device; its fields are what a test turns the wrong way."""

    origin: str = ORIGIN
    rp_id: str = "journal.example.org"
    verifies: bool = True
    synced: bool = False
    counts: bool = True
    framed: bool = False
    passkeys: list[Passkey] = field(default_factory=list)

    def make(self, challenge: str, account: UUID, made: Passkey | None = None) -> dict[str, Any]:
        """Make a passkey, and answer as the page posts it; the challenge as the API gave it."""
        passkey = made or Passkey(account)
        self.passkeys.append(passkey)
        numbers = passkey.key.public_key().public_numbers()
        public = encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        attested = bytes(16) + len(passkey.id).to_bytes(2) + passkey.id + public
        data = self._data(passkey, ATTESTED) + attested
        return {
            "id": b64(passkey.id), "client_data": b64(self._client_data("webauthn.create", challenge)),
            "attestation_object": b64(encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})), "transports": ["internal"],
            "clientExtensionResults": {},
        }  # fmt: skip

    def use(self, challenge: str, passkey: Passkey | None = None) -> dict[str, Any]:
        """Use the passkey made last, or the one named, and answer as the page posts it."""
        used = passkey or self.passkeys[-1]
        used.count += 1
        data, client_data = self._data(used), self._client_data("webauthn.get", challenge)
        signature = used.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "id": b64(used.id), "client_data": b64(client_data), "authenticator_data": b64(data), "signature": b64(signature),
            "user_handle": b64(used.account.bytes), "clientExtensionResults": {},
        }  # fmt: skip

    def _data(self, passkey: Passkey, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0) | ((ELIGIBLE | BACKED_UP) if self.synced else 0)
        count = passkey.count if self.counts else 0
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {
            "type": kind,
            "challenge": b64u(b64decode(challenge)),
            "origin": self.origin,
            "crossOrigin": self.framed,
        }
        return json.dumps(said).encode()
