"""What a browser subscribes with, made up: keys of its own and an address of a push service that the server allows."""

import os
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.api.people import Person, b64


@dataclass
class Browser:
    """A browser with its push keys and the address that its push service gave it."""

    endpoint: str = field(default_factory=lambda: f"https://fcm.googleapis.com/fcm/send/{uuid4().hex}")
    private_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def p256dh(self) -> bytes:
        """The uncompressed point of its key."""
        return self.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> dict[str, str]:
        """What the app sends of it."""
        return {"endpoint": self.endpoint, "p256dh": b64(self.p256dh), "auth": b64(self.auth)}


def subscription() -> dict[str, str]:
    """A well-formed subscription."""
    return Browser().subscription


async def say_subscribed(who: Person, browser: Browser) -> httpx.Response:
    """Do what the app does at each start."""
    return await who.http.put("/api/push/subscription", json=browser.subscription)


async def subscribe(who: Person, browser: Browser | None = None) -> dict[str, Any]:
    """Subscribe a person's device, which must work, and return how it stands."""
    answer = await say_subscribed(who, browser or Browser())
    assert answer.status_code == 200, answer.text
    stands: dict[str, Any] = answer.json()
    return stands
