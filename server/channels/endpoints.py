"""Where a push may go: addresses that a browser was given by a push service, and nothing else that a client could name."""

import re
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric import ec

from server.channels.errors import MalformedSubscription, UnknownPushService

LONGEST = 2_000
_ENDPOINT = re.compile(r"https://([a-z0-9.-]{1,253})(?::([0-9]{1,5}))?(?:/[!\"$-\[\]-~]*)?")
"""Written as browsers write it: lower case, printable ASCII; no userinfo, fragment or backslash."""
UNCOMPRESSED = 4
POINT_BYTES = 65
AUTH_BYTES = 16


def check_endpoint(endpoint: str, allowed: Sequence[str]) -> str:
    """Return the push service that an endpoint names: its host, with its port where `allowed` has it so.

    `allowed` has hosts (`fcm.googleapis.com`), suffixes (`*.push.apple.com`) and, in development, hosts with a port.
    Raises UnknownPushService for anything else than https to port 443 of one of them.
    """
    found = _ENDPOINT.fullmatch(endpoint) if len(endpoint) <= LONGEST else None
    if found is None:
        raise UnknownPushService
    host, port = found[1], found[2] or "443"
    named = f"{host}:{port}"
    if named in allowed:
        return named
    if port == "443" and any(_is_allowed(host, entry) for entry in allowed):
        return host
    raise UnknownPushService


def _is_allowed(host: str, entry: str) -> bool:
    if not entry.startswith("*."):
        return host == entry
    below = host.removesuffix(entry[1:])
    return below != host and all(below.split("."))


def check_keys(p256dh: bytes, auth: bytes) -> None:
    """Refuse keys that nothing could be sealed to: `p256dh` is an uncompressed point on P-256, `auth` 16 bytes (RFC 8291).

    Raises MalformedSubscription.
    """
    if len(p256dh) != POINT_BYTES or p256dh[0] != UNCOMPRESSED or len(auth) != AUTH_BYTES:
        raise MalformedSubscription
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    except ValueError:
        raise MalformedSubscription from None
