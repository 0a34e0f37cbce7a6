"""What push services do to a sender, over real TLS on this machine: each push has its outcome, and none stops the others."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path

import pytest
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from server.channels import addresses, push
from server.channels.push import PushMessage, PushOutcome, PushSender
from server.clock import HOUR, MINUTE, SECOND, to_datetime
from server.settings import Settings
from tests.api.pushes import Browser
from tests.channels.test_vapid import KEY, claims
from tests.conftest import CONTACT, Time
from tests.pushing import Mode, PushService, push_service

BASE = Settings(contact=CONTACT)


def message(browser: Browser, payload: bytes = b'{"title": "Tomorrow 14:00"}') -> PushMessage:
    return PushMessage(
        browser.endpoint, browser.endpoint.split("/")[2], browser.p256dh, browser.auth, payload, "T" * 32, 3600, "high"
    )


@asynccontextmanager
async def sending(
    settings: Settings, time: Time, resolver: AbstractResolver | None = None
) -> AsyncIterator[PushSender]:
    sender = PushSender(settings, KEY, time, resolver=resolver)
    await sender.open()
    try:
        yield sender
    finally:
        await sender.close()


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[PushService]:
    async with push_service(tmp_path) as running:
        yield running


@pytest.fixture
async def sender(service: PushService, time: Time) -> AsyncIterator[PushSender]:
    async with sending(service.settings(BASE), time) as opened:
        yield opened


async def test_a_browser_reads_what_was_sent_and_its_service_only_how_to_treat_it(
    service: PushService, sender: PushSender, time: Time
) -> None:
    browser = service.browser()

    outcome = await sender.send(message(browser, b"Tomorrow 14:00"))

    assert outcome == PushOutcome("accepted", 201, None, "201")
    (received,) = service.received
    assert received.opened(browser) == b"Tomorrow 14:00"
    assert b"Tomorrow" not in received.body
    assert len(received.body) == 2_903
    authorization = received.headers.pop("authorization")
    assert claims(authorization) == {"aud": f"https://{service.host}", "exp": time.now // 1000 + 43_200, "sub": CONTACT}
    assert received.headers == {
        "host": service.host, "content-length": "2903", "content-type": "application/octet-stream", "content-encoding": "aes128gcm",
        "topic": "T" * 32, "ttl": "3600", "urgency": "high",
    }  # fmt: skip


async def test_an_address_goes_out_to_the_byte(service: PushService, sender: PushSender) -> None:
    browser = Browser(endpoint=f"https://{service.host}/w/?token=BQ%3d%2B+a%2fb&x=%c3%a9:APA91b")
    assert (await sender.send(message(browser))).result == "accepted"
    assert service.received[0].path == "/w/?token=BQ%3d%2B+a%2fb&x=%c3%a9:APA91b"


ANSWERS: dict[Mode, PushOutcome] = {
    "accept": PushOutcome("accepted", 201, None, "201"),
    "gone": PushOutcome("gone", 410, None, "410"),
    "missing": PushOutcome("gone", 404, None, "404"),
    "too-large": PushOutcome("too-large", 413, None, "413"),
    "busy": PushOutcome("later", 429, 120 * SECOND, "429"),
    "down": PushOutcome("later", 503, 120 * SECOND, "503"),
    "key": PushOutcome("our-key", 403, None, "403"),
    "bad": PushOutcome("refused", 400, None, "400"),
    "redirect": PushOutcome("later", 307, None, "redirect"),
    "garbage": PushOutcome("later", None, None, "garbage"),
    "close": PushOutcome("later", None, None, "closed"),
    "endless": PushOutcome("accepted", 201, None, "201"),
}


@pytest.mark.parametrize("mode", ANSWERS)
async def test_each_answer_has_its_outcome_and_the_next_push_goes_through(
    service: PushService, sender: PushSender, mode: Mode
) -> None:
    browser = service.browser(mode)
    assert await sender.send(message(browser)) == ANSWERS[mode]
    assert len(service.received) == 1  # neither repeated nor sent on to where a redirect leads
    assert (await sender.send(message(service.browser()))).result == "accepted"


async def test_a_service_that_says_nothing_is_given_up(
    service: PushService, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "TOTAL_SECONDS", 0.3)
    async with sending(service.settings(BASE), time) as sender:
        assert await sender.send(message(service.browser("hang"))) == PushOutcome("later", None, None, "time-out")
        assert len(service.received) == 1


async def test_a_slow_push_holds_up_no_other(service: PushService, sender: PushSender) -> None:
    slow = asyncio.create_task(sender.send(message(service.browser("slow"))))
    await service.arrived.wait()
    outcomes = await asyncio.gather(*(sender.send(message(service.browser())) for _ in range(50)))
    assert {outcome.result for outcome in outcomes} == {"accepted"}
    assert not slow.done()
    service.slow.set()
    assert (await slow).result == "accepted"


async def test_no_more_than_so_many_are_on_their_way_to_a_service_at_once(
    service: PushService, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "AT_ONCE", 5)
    service.mode = "slow"
    async with sending(service.settings(BASE), time) as sender:
        sent = [asyncio.create_task(sender.send(message(service.browser()))) for _ in range(12)]
        while service.connections < 5 or len(service.received) < 5:
            service.arrived.clear()
            await service.arrived.wait()
        assert sum(task.done() for task in sent) == 0
        service.slow.set()
        assert {outcome.result for outcome in await asyncio.gather(*sent)} == {"accepted"}
        assert service.connections == 5


async def test_connections_are_kept_for_the_next_push(service: PushService, sender: PushSender) -> None:
    for _ in range(20):
        assert (await sender.send(message(service.browser()))).result == "accepted"
    assert service.connections == 1


async def test_a_push_that_is_cancelled_leaves_the_sender_whole(service: PushService, sender: PushSender) -> None:
    task = asyncio.create_task(sender.send(message(service.browser("hang"))))
    await service.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await sender.send(message(service.browser()))).result == "accepted"


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("0", 0),
        ("90", 90 * SECOND),
        ("86400", HOUR),
        ("9" * 400, HOUR),
        ("in two minutes", 2 * MINUTE),
        ("a day ago", 0),
        ("-5", None),
        ("soon", None),
        ("1.5", None),
        ("Wed, 99 Foo 2026 25:61:00 GMT", None),
    ],
)
async def test_what_a_service_asks_to_wait_is_heard_and_capped(
    service: PushService, sender: PushSender, time: Time, said: str, wait: int | None
) -> None:
    dates = {"in two minutes": time.now // 1000 * 1000 + 2 * MINUTE, "a day ago": time.now - 24 * HOUR}
    service.retry_after = format_datetime(to_datetime(dates[said]), usegmt=True) if said in dates else said
    outcome = await sender.send(message(service.browser("busy")))
    assert outcome == PushOutcome("later", 429, wait, "429")


async def test_that_our_key_is_refused_is_told_once_a_service_and_hour_without_an_address(
    service: PushService, sender: PushSender, time: Time
) -> None:
    service.mode = "key"
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert (await sender.send(message(service.browser()))).result == "our-key"
    told = {"event": "a push service refuses our key", "service": service.host, "status": 403, "log_level": "error"}
    assert logs == [told]
    time.move(HOUR)
    with structlog.testing.capture_logs() as logs:
        await sender.send(message(service.browser()))
    assert logs == [told]


async def test_a_certificate_of_somebody_else_is_not_trusted(service: PushService, time: Time) -> None:
    async with sending(replace(service.settings(BASE), push_ca=""), time) as sender:
        assert await sender.send(message(service.browser())) == PushOutcome("later", None, None, "certificate")
    assert service.received == []


async def test_a_service_that_is_not_there_is_asked_again_later(service: PushService, time: Time) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = f"127.0.0.1:{taken.getsockname()[1]}"
        async with sending(replace(service.settings(BASE), push_services=away), time) as sender:
            outcome = await sender.send(message(Browser(endpoint=f"https://{away}/push/a")))
    assert outcome == PushOutcome("later", None, None, "connection")


async def test_what_can_not_be_sent_is_refused_before_anything_goes_out(
    service: PushService, sender: PushSender
) -> None:
    good = message(service.browser())
    for wrong, outcome in {
        good._replace(service="fcm.googleapis.com"): PushOutcome("refused", None, None, "service"),
        good._replace(endpoint="https://evil.example/a", service="evil.example"): PushOutcome(
            "refused", None, None, "service"
        ),
        good._replace(topic="T" * 33): PushOutcome("refused", None, None, "topic"),
        good._replace(topic="T" * 29): PushOutcome("refused", None, None, "topic"),
        good._replace(topic="a\r\nX: b"): PushOutcome("refused", None, None, "topic"),
        good._replace(topic=""): PushOutcome("refused", None, None, "topic"),
        good._replace(p256dh=b"\x04" + bytes(64)): PushOutcome("refused", None, None, "keys"),
        good._replace(payload=bytes(2_801)): PushOutcome("too-large", None, None, "payload"),
    }.items():
        assert await sender.send(wrong) == outcome
    assert service.connections == 0


async def test_a_cookie_of_a_push_service_is_not_kept_and_no_proxy_of_the_environment_used(
    service: PushService, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    service.retry_after = "1\r\nSet-Cookie: a=b; Path=/"
    async with sending(service.settings(BASE), time) as sender:
        for mode in ("busy", "accept"):
            service.mode = mode
            await sender.send(message(service.browser()))
    assert len(service.received) == 2
    assert "cookie" not in service.received[1].headers


class Names(AbstractResolver):
    """A name server that changes its mind with each question."""

    def __init__(self, *answers: list[str], port: int) -> None:
        self.answers = list(answers)
        self.asked = 0
        self._port = port

    async def resolve(
        self,
        host: str,
        port: int = 0,  # noqa: ARG002 - aiohttp asks by these names
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - aiohttp asks by these names
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(
                hostname=host, host=address, port=self._port, proto=0, flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            )
            for address in self.answers.pop(0)
        ]  # fmt: skip

    async def close(self) -> None:
        pass


async def test_a_name_that_leads_to_this_machine_is_not_followed(service: PushService, time: Time) -> None:
    browser = Browser(endpoint="https://fcm.googleapis.com/fcm/send/a")
    names = Names(["127.0.0.1"], ["::ffff:127.0.0.1"], ["10.0.0.1", "127.0.0.1", "::1"], port=service.port)
    # The tests' own service would be allowed by its port: so it isn't in these settings.
    async with sending(replace(service.settings(BASE), push_services=BASE.push_services), time, names) as sender:
        for _ in range(3):
            assert await sender.send(message(browser)) == PushOutcome("later", None, None, "address")
            sender._session.connector.clear_dns_cache()  # type: ignore[union-attr]  # open, and its own connector
    assert names.asked == 3
    assert service.connections == 0


async def test_every_connection_is_looked_at_whatever_the_name_led_to_before(
    service: PushService, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in for the world: of this machine's addresses one is everybody's.
    monkeypatch.setattr(addresses, "is_public", lambda address: str(address) == "127.0.0.1")
    browser = Browser(endpoint="https://fcm.googleapis.com/fcm/send/a")
    names = Names(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2", "127.0.0.1"], port=service.port)
    async with sending(replace(service.settings(BASE), push_services=BASE.push_services), time, names) as sender:
        why = []
        for _ in range(3):
            why.append((await sender.send(message(browser))).why)
            sender._session.connector.clear_dns_cache()  # type: ignore[union-attr]  # as above
    # What listens there isn't who the name says: TLS found out, having connected.
    assert why == ["certificate", "address", "certificate"]
