"""What a browser is sent: the example of RFC 8291, another's sender beside ours, one length for all."""

import base64
import os

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pywebpush import WebPusher

from server.channels.sealing import LONGEST, TooLong, seal
from tests.api.pushes import Browser


def b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(b64url(text), "big"), ec.SECP256R1())


def opened(body: bytes, browser: Browser) -> bytes:
    content: bytes = http_ece.decrypt(
        body, private_key=browser.private_key, auth_secret=browser.auth, version="aes128gcm"
    )
    return content


# RFC 8291, section 5 and appendix A.
PLAINTEXT = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqg"
    "kf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard_comes_out_to_the_byte() -> None:
    sealed = seal(
        PLAINTEXT, b64url(P256DH), b64url(AUTH), sender=private(SENDER), salt=b64url(SALT), length=len(PLAINTEXT)
    )
    assert sealed == b64url(BODY)


def test_the_receiver_of_the_standards_example_reads_a_padded_push() -> None:
    receiver = Browser(private_key=private(RECEIVER), auth=b64url(AUTH))
    assert receiver.p256dh == b64url(P256DH)
    assert opened(seal(PLAINTEXT, receiver.p256dh, receiver.auth), receiver) == PLAINTEXT


@pytest.mark.parametrize("size", [0, 1, 15, 16, 300, LONGEST - 1, LONGEST])
def test_every_push_is_as_long_as_every_other_and_is_read_whole(size: int) -> None:
    browser, payload = Browser(), os.urandom(size)
    body = seal(payload, browser.p256dh, browser.auth)
    assert len(body) == 2_903
    assert opened(body, browser) == payload


def test_payloads_that_end_in_what_padding_is_made_of_are_read_whole() -> None:
    browser = Browser()
    for payload in (b"a\x02", b"a\x00", b"\x02\x00\x00", b"\x00"):
        assert opened(seal(payload, browser.p256dh, browser.auth), browser) == payload


def test_a_payload_that_is_too_long_is_said_to_be() -> None:
    browser = Browser()
    with pytest.raises(TooLong):
        seal(bytes(LONGEST + 1), browser.p256dh, browser.auth)


def test_a_key_pair_and_a_salt_serve_once() -> None:
    browser = Browser()
    bodies = [seal(b"the same", browser.p256dh, browser.auth) for _ in range(20)]
    assert len({body[:16] for body in bodies}) == len({body[21:86] for body in bodies}) == 20


def test_anothers_push_is_read_as_ours_is() -> None:
    browser = Browser()
    keys = {
        "p256dh": base64.urlsafe_b64encode(browser.p256dh).decode(),
        "auth": base64.urlsafe_b64encode(browser.auth).decode(),
    }
    theirs = WebPusher({"endpoint": browser.endpoint, "keys": keys}).encode(b"a reminder", content_encoding="aes128gcm")
    ours = seal(b"a reminder", browser.p256dh, browser.auth)
    assert opened(bytes(theirs["body"]), browser) == opened(ours, browser) == b"a reminder"
    # The same head: record size, length of the sender's key, an uncompressed point.
    assert bytes(theirs["body"])[16:22] == ours[16:22]


def test_only_the_browser_it_is_for_reads_a_push() -> None:
    browser, other = Browser(), Browser()
    body = seal(b"a reminder", browser.p256dh, browser.auth)
    for wrong in (other, Browser(private_key=browser.private_key), Browser(auth=browser.auth)):
        with pytest.raises(http_ece.ECEException):
            opened(body, wrong)
