"""Reports of mail servers: what they say of an address and of a letter, and what is none."""

import contextlib
import random

import pytest

from server.channels.reports import MOST_BYTES, NoReport, read_report
from tests.channels.bounces import FORMS, bounce

TO = "returned+abc@journal.example.org"


@pytest.mark.parametrize("form", FORMS)
def test_an_address_that_isnt_there_is_gone_however_a_server_writes_it(form: str) -> None:
    report = read_report(bounce(form, TO))
    assert (report.fate, report.status[:4]) == ("gone", "5.1.")
    assert TO in report.sent_to


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("status", "said", "action", "fate"),
    [
        ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", "failed", "gone"),
        ("5.2.2", "552-5.2.2 The recipient's inbox is out of storage space", "failed", "gone"),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "failed", "gone"),
        ("5.4.4", "Host or domain name not found", "failed", "gone"),
        ("5.0.0", "550 no such user here", "failed", "gone"),
        ("5.0.0", "554 no", "failed", "lost"),
        ("5.7.1", "550 5.7.1 blocked using a list", "failed", "lost"),
        ("5.7.26", "550 5.7.26 unauthenticated email", "failed", "lost"),
        ("5.6.0", "554 5.6.0 the letter isn't well-formed", "failed", "lost"),
        ("5.1.8", "550 5.1.8 the sender's domain doesn't exist", "failed", "lost"),
        ("5.3.4", "552 5.3.4 too large", "failed", "lost"),
        ("4.4.7", "message expired", "failed", "lost"),
        ("4.4.1", "connection timed out", "delayed", "delayed"),
        ("4.2.2", "452 4.2.2 mailbox full", "delayed", "delayed"),
        ("no status", "", "failed", "lost"),
    ],
)
def test_only_what_is_about_the_address_for_good_is_gone(
    form: str, status: str, said: str, action: str, fate: str
) -> None:
    assert read_report(bounce(form, TO, status, said, action)).fate == fate


def test_a_letter_that_was_handed_on_to_several_is_gone_when_all_of_them_are() -> None:
    head, rest = bounce("Postfix", TO).split(b"\r\nFinal-Recipient:", 1)
    for action, status, fate in (
        ("failed", "5.1.1", "gone"),
        ("failed", "5.7.1", "lost"),
        ("delayed", "4.4.1", "delayed"),
    ):
        other = f"\r\nFinal-Recipient: rfc822; lena@example.org\r\nAction: {action}\r\nStatus: {status}\r\n".encode()
        assert read_report(head + other + b"\r\nFinal-Recipient:" + rest).fate == fate
    arrived = b"\r\nFinal-Recipient: rfc822; lena@example.org\r\nAction: relayed\r\nStatus: 2.0.0\r\n"
    with pytest.raises(NoReport, match="arrived"):
        read_report(head + arrived + b"\r\nFinal-Recipient:" + rest)


NOT_REPORTS = {
    "nothing": b"",
    "an absence": b"To: returned+abc@journal.example.org\r\nAuto-Submitted: auto-replied\r\nSubject: I am away\r\n\r\nUntil Monday.",
    "words about a failure": b"To: x@y.org\r\nSubject: failure\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n",
    "a receipt": bounce("Postfix", TO).replace(b"report-type=delivery-status", b"report-type=disposition-notification"),
    "a report that arrived": bounce("Gmail", TO, "2.0.0", "250 ok", "delivered"),
    "a report without parts": b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x--\r\n",
    "a report of nothing": b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\n"
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n--x--\r\n",
    "one enclosed in a letter": b"Content-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
    b"Content-Type: message/rfc822\r\n\r\n" + bounce("Postfix", TO) + b"\r\n--outer--\r\n",
    "one enclosed in a report": b"Content-Type: multipart/report; report-type=delivery-status; boundary=outer\r\n\r\n--outer\r\n"
    b"Content-Type: message/rfc822\r\n\r\n" + bounce("Postfix", TO) + b"\r\n--outer--\r\n",
    "a thousand boxes": b"".join(
        f"Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n--b{number}\r\n".encode() for number in range(2_000)
    ),
    "a charset that nobody knows": b"Content-Type: multipart/report; report-type*=nobody's''delivery-status; boundary=x\r\n\r\n--x\r\n\r\n--x--",
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_REPORTS)
def test_what_is_no_report_of_a_failure_is_none(name: str) -> None:
    with pytest.raises(NoReport):
        read_report(NOT_REPORTS[name])


@pytest.mark.parametrize("form", FORMS)
def test_a_report_that_is_cut_off_anywhere_is_read_the_same_or_is_none(form: str) -> None:
    whole = bounce(form, TO)
    said: set[str] = set()
    for length in range(0, len(whole), 7):
        try:
            said.add(read_report(whole[:length]).fate)
        except NoReport:
            said.add("none")
    assert said <= {"none", "gone", "lost"}
    assert {"none", "gone"} <= said


def test_what_is_long_is_read_from_its_beginning() -> None:
    attached = b"\r\n".join([b"x" * 70] * 100_000)
    assert read_report(bounce("Postfix", TO).replace(b"Appointment\r\n", attached)).fate == "gone"
    with pytest.raises(NoReport):
        read_report(b"Subject: " + b"x" * MOST_BYTES + b"\r\n" + bounce("Postfix", TO))


def test_no_change_of_a_byte_breaks_the_reading() -> None:
    chance = random.Random(5)  # noqa: S311 - dice
    for form in FORMS:
        whole = bounce(form, TO)
        for _ in range(300):
            broken = bytearray(whole)
            for _ in range(chance.choice([1, 3, 30])):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            with contextlib.suppress(NoReport):
                read_report(bytes(broken))
