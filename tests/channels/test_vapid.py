"""Who a push comes from: one key for the database, and tokens that a push service can check (RFC 8292, RFC 7515)."""

import asyncio
import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from server import database
from server.channels.vapid import Signer, load_push_key, public_push_key
from server.clock import HOUR
from tests.api.people import begin
from tests.conftest import CONTACT, Running, Time

KEY = (2**200 + 7).to_bytes(32, "big")


def b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims(authorization: str) -> dict[str, Any]:
    """What a push service reads, having checked the signature as it does; raises InvalidSignature."""
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, body, signature = parts["t"].split(".")
    assert json.loads(b64url(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = b64url(signature)
    assert len(raw) == 64
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b64url(parts["k"]))
    signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(signed, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    assert parts["k"] == public_push_key(KEY)
    read: dict[str, Any] = json.loads(b64url(body))
    return read


def test_a_push_service_reads_whom_it_is_for_until_when_and_whom_to_ask() -> None:
    time = Time()
    signer = Signer(KEY, CONTACT, time)
    assert claims(signer.authorization("fcm.googleapis.com")) == {
        "aud": "https://fcm.googleapis.com", "exp": time.now // 1000 + 12 * 3600, "sub": CONTACT,
    }  # fmt: skip
    assert claims(signer.authorization("127.0.0.1:9443"))["aud"] == "https://127.0.0.1:9443"


def test_a_token_that_was_changed_is_none() -> None:
    header = Signer(KEY, CONTACT, Time()).authorization("fcm.googleapis.com")
    start, _, rest = header.partition(".")
    with pytest.raises(InvalidSignature):
        claims(f"{start}.{'A' if rest[0] != 'A' else 'B'}{rest[1:]}")


def test_a_token_is_signed_once_a_service_and_hour() -> None:
    time = Time()
    signer = Signer(KEY, CONTACT, time)
    first = signer.authorization("fcm.googleapis.com")
    assert signer.authorization("fcm.googleapis.com") is first
    assert signer.authorization("web.push.apple.com") != first
    time.move(HOUR)
    later = claims(signer.authorization("fcm.googleapis.com"))
    assert later["exp"] - claims(first)["exp"] == 3600
    time.move(-5 * HOUR)  # a clock that was set back: no token from the future
    assert claims(signer.authorization("fcm.googleapis.com"))["exp"] <= time.now // 1000 + 12 * 3600


async def test_two_processes_that_start_at_once_have_one_key(running: Running) -> None:
    await database.fetch("DELETE FROM push_keys")
    made = await asyncio.gather(*(load_push_key(running.time.now) for _ in range(8)))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await load_push_key(running.time.now) == made[0]
    (row,) = await database.fetch("SELECT private_key FROM push_keys")
    assert bytes(row["private_key"]) == made[0]


async def test_a_browser_subscribes_with_the_point_that_the_server_signs_by(running: Running) -> None:
    therapist = await begin(running)
    key = (await therapist.http.get("/api/push/key")).raise_for_status().json()["key"]
    point = b64url(key)
    assert len(point) == 65
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    assert key == public_push_key(running.app.state.push_key)
    signed = running.app.state.push_key
    assert ec.derive_private_key(int.from_bytes(signed, "big"), ec.SECP256R1()).public_key() == public
