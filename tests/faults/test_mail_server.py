"""What mail servers do to a sender, over a real connection: each letter has its outcome, and none stops the others."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from server.channels import mailing
from server.channels.letters import Letter
from server.channels.mailing import MailOutcome, MailSender
from server.phone import certificates_for
from server.settings import Settings
from tests.conftest import CONTACT, Time
from tests.mail_server import MailServer, Mode, mail_server, text_of

LETTER = Letter("en", "Tomorrow 14:00", ("A canary sings: two things to do before.",))
BASE = Settings(contact=CONTACT)
TO = "ana@example.org"


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


async def test_a_letter_arrives_as_it_was_written(server: MailServer, time: Time) -> None:
    sender = MailSender(server.settings(BASE), time)
    assert await sender.send(TO, LETTER) == MailOutcome("sent", 250, "sent")
    assert server.recipients == [TO]
    assert server.letters[0]["Subject"] == "Tomorrow 14:00"
    assert "two things to do before" in text_of(server.letters[0])


ANSWERS: dict[Mode, MailOutcome] = {
    "no-such-mailbox": MailOutcome("refused", 550, "address"),
    "no-such-mailbox-after-all": MailOutcome("refused", 550, "address"),
    "full-later": MailOutcome("later", 452, "recipient"),
    "on-a-block-list": MailOutcome("later", 550, "recipient"),
    "mind-the-letter": MailOutcome("later", 554, "letter"),
    "hang-up": MailOutcome("later", None, "connection"),
}


@pytest.mark.parametrize("mode", ANSWERS)
async def test_each_answer_has_its_outcome_and_the_next_letter_goes_through(
    server: MailServer, time: Time, mode: Mode
) -> None:
    sender = MailSender(server.settings(BASE), time)
    server.mode = mode
    with structlog.testing.capture_logs() as logs:
        assert await sender.send(TO, LETTER) == ANSWERS[mode]
    assert "ana" not in str(logs)
    assert "canary" not in str(logs)
    assert server.letters == []
    server.mode = "take"
    assert (await sender.send(TO, LETTER)).result == "sent"


async def test_a_server_that_says_nothing_is_given_up(
    server: MailServer, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.mode = "say-nothing"
    for setting in ("STEP_SECONDS", "TOTAL_SECONDS"):
        with monkeypatch.context() as shorter:
            shorter.setattr(mailing, setting, 0.3)
            sender = MailSender(server.settings(BASE), time)
            assert await sender.send(TO, LETTER) == MailOutcome("later", None, "time-out")


async def test_a_server_that_is_not_there_is_asked_again_later(time: Time) -> None:
    async with mail_server() as gone:
        pass
    assert await MailSender(gone.settings(BASE), time).send(TO, LETTER) == MailOutcome("later", None, "connection")


async def test_what_is_no_address_is_refused_before_anything_goes_out(server: MailServer, time: Time) -> None:
    sender = MailSender(server.settings(BASE), time)
    assert await sender.send("a,b@example.org", LETTER) == MailOutcome("refused", None, "address")
    assert (await sender.send(TO, LETTER._replace(subject="a\r\nBcc: b@c.org"))).result == "later"
    assert server.connections == 0


async def test_many_letters_share_four_connections_that_end_with_them(server: MailServer, time: Time) -> None:
    sender = MailSender(server.settings(BASE), time)
    outcomes = await asyncio.gather(*(sender.send(f"ana{number}@example.org", LETTER) for number in range(40)))
    assert {outcome.result for outcome in outcomes} == {"sent"}
    assert sorted(server.recipients) == sorted(f"ana{number}@example.org" for number in range(40))
    assert server.connections == server.most_at_once == 4
    for _ in range(4):
        await server.goodbyes.acquire()
    assert server.open_now == 0


@pytest.mark.parametrize("waiting", ["is sent", "is cancelled"])
async def test_no_more_connections_are_kept_than_letters_wait(server: MailServer, time: Time, waiting: str) -> None:
    sender = MailSender(server.settings(BASE), time)
    server.mode = "slow"
    handed_over = [asyncio.create_task(sender.send(TO, LETTER)) for _ in range(4)]
    for _ in range(4):
        await server.silences.acquire()
    last = asyncio.create_task(sender.send(TO, LETTER))
    await asyncio.sleep(0)  # it waits
    server.slow.set()
    assert {outcome.result for outcome in await asyncio.gather(*handed_over)} == {"sent"}
    if waiting == "is cancelled":
        last.cancel()
    await asyncio.wait([last])
    async with asyncio.timeout(30):
        for _ in range(4):
            await server.goodbyes.acquire()
    assert server.connections == 4


async def test_a_letter_that_is_cancelled_leaves_the_sender_whole(server: MailServer, time: Time) -> None:
    sender = MailSender(server.settings(BASE), time)
    server.mode = "say-nothing"
    tasks = [asyncio.create_task(sender.send(TO, LETTER)) for _ in range(6)]
    for _ in range(4):
        await server.silences.acquire()
    for task in tasks:
        task.cancel()
    assert {type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)} == {asyncio.CancelledError}
    server.mode = "take"
    outcomes = await asyncio.gather(*(sender.send(TO, LETTER) for _ in range(6)))
    assert {outcome.result for outcome in outcomes} == {"sent"}


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server shows, and what trusts it."""
    made = certificates_for(IPv4Address("127.0.0.1"), tmp_path, datetime.now(UTC))
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(made.certificate, made.key)
    authority = x509.load_der_x509_certificate(made.authority.read_bytes()).public_bytes(Encoding.PEM)
    return shows, ssl.create_default_context(cadata=authority.decode())


def in_production(server: MailServer, scheme: str = "smtp") -> Settings:
    return replace(server.settings(BASE), environment="production", smtp=f"{scheme}://127.0.0.1:{server.port}")


async def test_production_says_nothing_to_a_server_without_encryption(server: MailServer, time: Time) -> None:
    with structlog.testing.capture_logs() as logs:
        assert await MailSender(in_production(server), time).send(TO, LETTER) == MailOutcome("later", None, "unfit")
    assert [(one["why"], one["log_level"]) for one in logs] == [("unfit", "error")]
    assert server.recipients == []


async def test_production_encrypts_before_it_says_whom_a_letter_is_for(
    time: Time, trusted: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    shows, trusts = trusted
    async with mail_server(starttls=shows) as server:
        assert (await MailSender(in_production(server), time, tls=trusts).send(TO, LETTER)).result == "sent"
        assert server.encrypted == [True]
        stranger = await MailSender(in_production(server), time).send(TO, LETTER)
        assert (stranger.result, len(server.recipients)) == ("later", 1)
    async with mail_server(tls=shows) as server:
        assert (await MailSender(in_production(server, "smtps"), time, tls=trusts).send(TO, LETTER)).result == "sent"
        stranger = await MailSender(in_production(server, "smtps"), time).send(TO, LETTER)
        assert (stranger.result, len(server.recipients)) == ("later", 1)


async def test_a_development_server_without_a_mail_server_shows_letters_on_the_console(
    time: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    sender = MailSender(replace(BASE, environment="development", mail_from="Aftertide <nobody@localhost>"), time)
    assert await sender.send(TO, LETTER) == MailOutcome("sent", None, "console")
    said = capsys.readouterr().out
    assert "│ To: ana@example.org\n│ Subject: Tomorrow 14:00\n│ \n│ A canary sings" in said


async def test_a_production_server_without_a_mail_server_sends_and_shows_nothing(
    time: Time, capsys: pytest.CaptureFixture[str]
) -> None:
    sender = MailSender(replace(BASE, mail_from="Aftertide <us@shoreline.care>"), time)
    assert not sender.available
    assert await sender.send(TO, LETTER) == MailOutcome("later", None, "off")
    assert capsys.readouterr().out == ""
