"""Failed tries slow the next down, also side by side, and never keep out who can't have made them."""

import asyncio
import ipaddress
import os
from collections import Counter
from uuid import uuid4

import pytest

from server.clock import MINUTE, SECOND
from server.web.throttle import originating_address
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.conftest import Running

PROXIES = (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.66", "198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.66, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1", "10.2.3.4, fd00::7"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, made up"], "127.0.0.1"),
        ("127.0.0.1", ["made up, 10.2.3.4"], "10.2.3.4"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["2001:db8:1:2:aaaa::1"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", [], "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("unknown", ["198.51.100.1"], "unknown"),
    ],
)
def test_a_request_counts_for_the_last_address_that_no_trusted_proxy_has(
    peer: str, forwarded: list[str], counted: str
) -> None:
    assert originating_address(peer, forwarded, PROXIES) == counted


async def test_two_hundred_wrong_tries_side_by_side_pass_no_more_than_one_after_the_other(running: Running) -> None:
    therapist = await begin(running)
    answers = await asyncio.gather(*(therapist.sign_in(auth=os.urandom(32)) for _ in range(200)))
    assert Counter(answer.status_code for answer in answers) == {401: 6, 429: 194}


async def test_a_wait_that_is_over_lets_one_further_try_pass_and_doubles(running: Running) -> None:
    therapist = await begin(running)
    waits = []
    for _ in range(4):
        while (answer := await therapist.sign_in(auth=bytes(32))).status_code == 401:
            pass
        waits.append(answer.json()["retry_after"])
        running.time.move(waits[-1] * SECOND)
    assert waits == [2, 4, 8, 16]
    assert (await therapist.sign_in()).status_code == 200


async def test_right_tries_side_by_side_leave_nothing_counted(running: Running) -> None:
    therapist = await begin(running)
    for _ in range(30):
        assert (await therapist.sign_in()).status_code == 200
    answers = [await therapist.sign_in(auth=bytes(32)) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {401}


async def use_up_the_address(therapist: Person) -> None:
    """Try other e-mails from the same address until it has to wait."""
    for number in range(61):
        stranger = Person(therapist.running, f"nobody{number}@example.org")
        await stranger.sign_in(auth=bytes(32))
    assert (await Person(therapist.running, "else@example.org").sign_in()).status_code == 429


async def test_neither_the_kit_nor_a_running_session_waits_for_what_others_tried_from_here(running: Running) -> None:
    therapist = await begin(running)
    await use_up_the_address(therapist)
    proof = {"method": "passphrase", "auth": b64(therapist.passphrase_auth)}
    assert (await therapist.http.post("/api/account/proof", json=proof)).status_code == 204
    assert (await therapist.sign_in(method="recovery")).status_code == 200


async def test_who_has_mistyped_the_passphrase_too_often_gets_in_by_the_kit(running: Running) -> None:
    therapist = await begin(running)
    while (await therapist.sign_in(auth=bytes(32))).status_code != 429:
        pass
    assert (await therapist.sign_in(method="recovery")).status_code == 200


async def test_wrong_proofs_in_a_running_session_wait_too(running: Running) -> None:
    therapist = await begin(running)
    wrong = {"method": "passphrase", "auth": b64(bytes(32))}
    answers = await asyncio.gather(*(therapist.http.post("/api/account/proof", json=wrong) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {401: 6, 429: 14}


async def test_one_address_cannot_wait_for_another_behind_a_proxy_on_the_same_machine(running: Running) -> None:
    therapist = await begin(running)
    therapist.http.headers["X-Forwarded-For"] = "198.51.100.1"
    while (await therapist.sign_in(auth=bytes(32))).status_code != 429:
        pass
    therapist.http.headers["X-Forwarded-For"] = "198.51.100.2"
    assert (await therapist.sign_in()).status_code == 200


async def test_asking_which_emails_have_an_account_counts_against_the_address(running: Running) -> None:
    therapist = await begin(running)
    await join(therapist)
    invitation, redeem = await invite(therapist)
    asked = Person(running, "ana@example.org")
    codes = []
    for _ in range(25):
        asked.id = uuid4()
        body = {"answer": answer_to(redeem), "account": await asked.new_account()}
        codes.append((await asked.http.post(f"/api/invitations/{invitation}/join", json=body)).status_code)
    assert Counter(codes) == {409: 21, 429: 4}
    running.time.move(15 * MINUTE)
    asked.email = "bea@example.org"
    body = {"answer": answer_to(redeem), "account": await asked.new_account()}
    assert (await asked.http.post(f"/api/invitations/{invitation}/join", json=body)).status_code == 200
