"""Where a push may go: which addresses are taken from a browser, and which network addresses are connected to."""

import ipaddress
import os
import socket

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.channels.addresses import PrivateAddress, is_public, public_socket
from server.channels.endpoints import check_endpoint, check_keys
from server.channels.errors import MalformedSubscription, UnknownPushService
from server.settings import Settings
from tests.api.pushes import Browser

REAL = Settings().push_hosts


@pytest.mark.parametrize(
    ("endpoint", "service"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:APA91b-_", "fcm.googleapis.com"),
        ("https://fcm.googleapis.com/wp/abc", "fcm.googleapis.com"),
        ("https://updates.push.services.mozilla.com/wpush/v2/gAAAAAB_-", "updates.push.services.mozilla.com"),
        ("https://web.push.apple.com/QGk-8Zz", "web.push.apple.com"),
        ("https://wns2-par02p.notify.windows.com/w/?token=BQYAAAA%3d", "wns2-par02p.notify.windows.com"),
        ("https://fcm.googleapis.com:443/fcm/send/a", "fcm.googleapis.com"),
    ],
)
def test_addresses_that_browsers_give_are_taken(endpoint: str, service: str) -> None:
    assert check_endpoint(endpoint, REAL) == service


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://fcm.googleapis.com/fcm/send/a",
        "https://fcm.googleapis.com:8443/fcm/send/a",
        "https://fcm.googleapis.com:80/fcm/send/a",
        "https://fcm.googleapis.com.evil.example/fcm/send/a",
        "https://evil-fcm.googleapis.com/fcm/send/a",
        "https://x.fcm.googleapis.com/a",
        "https://push.apple.com/a",
        "https://.push.apple.com/a",
        "https://a..push.apple.com/a",
        "https://evilpush.apple.com/a",
        "https://me@fcm.googleapis.com/a",
        "https://fcm.googleapis.com@evil.example/a",
        "https://fcm.googleapis.com\\@evil.example/a",
        "https://fcm.googleapis.com/a#b",
        "https://fcm.googleapis.com/a b",
        "https://fcm.googleapis.com/a\r\nHost: evil.example",
        "https://fcm.googleapis.com/\u00e9",
        "https://fcm.googleapis.com./a",
        "https://FCM.googleapis.com/a",
        "https://fcm.googleapis.com?a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://localhost:9443/a",
        " https://fcm.googleapis.com/a",
        "https://fcm.googleapis.com/a\n",
        "https://fcm.googleapis.com/" + "a" * 2_000,
    ],
)
def test_any_other_address_is_refused(endpoint: str) -> None:
    with pytest.raises(UnknownPushService):
        check_endpoint(endpoint, REAL)


def test_a_service_of_ones_own_is_named_with_its_port() -> None:
    allowed = ("fcm.googleapis.com", "localhost:9443")
    assert check_endpoint("https://localhost:9443/push/a", allowed) == "localhost:9443"
    for endpoint in (
        "https://localhost/push/a",
        "https://localhost:9444/a",
        "https://x.localhost:9443/a",
        "http://localhost:9443/a",
    ):
        with pytest.raises(UnknownPushService):
            check_endpoint(endpoint, allowed)


def test_keys_of_a_browser_are_taken() -> None:
    browser = Browser()
    check_keys(browser.p256dh, browser.auth)


def malformed() -> dict[str, tuple[bytes, bytes]]:
    browser = Browser()
    point, auth = browser.p256dh, browser.auth
    compressed = browser.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    other = ec.generate_private_key(ec.SECP256K1()).public_key()
    return {
        "a point off the curve": (point[:-1] + bytes([point[-1] ^ 1]), auth),
        "a point of another curve": (other.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), auth),
        "zeros": (b"\x04" + bytes(64), auth),
        "a compressed point": (compressed, auth),
        "a hybrid form": (bytes([6 + (point[-1] & 1)]) + point[1:], auth),
        "a byte more": (point + b"\x00", auth),
        "nothing": (b"", auth),
        "a short secret": (point, auth[:-1]),
        "a long secret": (point, os.urandom(17)),
    }


@pytest.mark.parametrize("name", malformed())
def test_keys_that_nothing_can_be_sealed_to_are_refused(name: str) -> None:
    with pytest.raises(MalformedSubscription):
        check_keys(*malformed()[name])


PUBLIC = [
    "142.250.184.10",
    "17.188.1.1",
    "2a00:1450:4003:80f::200a",
    "::ffff:142.250.184.10",
    "64:ff9b::8efa:b80a",
    "2002:8efa:b80a::1",
]
OURS = [
    "0.0.0.1", "10.1.2.3", "100.64.0.1", "100.127.255.254", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "192.0.2.1", "198.18.0.1", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "64:ff9b:1::1", "::7f00:1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:100.64.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::6440:1", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::", "2002:6440:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_everybodys_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OURS)
def test_addresses_of_this_network_are_not_however_they_are_written(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(PrivateAddress):
        public_socket(frozenset())((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443)))


def test_a_socket_is_opened_for_a_public_address_and_for_a_port_of_ones_own() -> None:
    for where, own in ((("142.250.184.10", 443), frozenset[int]()), (("127.0.0.1", 9443), frozenset({9443}))):
        public_socket(own)((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)).close()
