"""Who sends a push: the server's one key, and the header that shows it to a push service (RFC 8292)."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from server import database
from server.clock import HOUR, SECOND, Clock

LASTS = 12 * HOUR
"""RFC 8292 allows a day; half of it leaves room for clocks that differ."""


async def load_push_key(now: int) -> bytes:
    """Return the private key of this database, 32 bytes, making it where there is none yet.

    Two processes that start at once make one: the table has room for one row. It is never replaced, because browsers bind
    their subscriptions to it.
    """
    fresh = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big")
    await database.fetch(
        "INSERT INTO push_keys (id, private_key, created_at) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING", fresh, now
    )
    row = await database.fetch_one("SELECT private_key FROM push_keys WHERE id = 1")
    if row is None:
        raise RuntimeError("the push key was removed while it was read")
    return bytes(row["private_key"])


def _derive(private_key: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(private_key, "big"), ec.SECP256R1())


def public_push_key(private_key: bytes) -> str:
    """Return what a browser subscribes with (`applicationServerKey`): the uncompressed point, base64url without padding."""
    point = _derive(private_key).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


class Signer:
    """Signs for push services, once a service and hour."""

    def __init__(self, private_key: bytes, contact: str, clock: Clock) -> None:
        """Sign with `private_key` (32 bytes) as `contact`, a `mailto:` or `https:` address."""
        self._vapid = Vapid02(_derive(private_key))
        self._contact = contact
        self._clock = clock
        self._hour = 0
        self._headers: dict[str, str] = {}

    def authorization(self, service: str) -> str:
        """Return the Authorization header for a service (its host, with a port where that isn't 443)."""
        now = self._clock()
        if now // HOUR != self._hour:
            self._hour = now // HOUR
            self._headers.clear()
        header = self._headers.get(service)
        if header is None:
            claims = {"aud": f"https://{service}", "exp": (now + LASTS) // SECOND, "sub": self._contact}
            header = self._headers[service] = self._vapid.sign(claims)["Authorization"]
        return header
