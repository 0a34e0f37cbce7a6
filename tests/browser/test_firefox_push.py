"""A planned reminder from the server to a real browser: Firefox subscribes, decrypts, shows it, and says so."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.conftest import Couple
from tests.browser.disclosure import all_bytes, found_in
from tests.browser.firefox import Firefox, firefox, running_firefox
from tests.push_service import PATIENCE, PushService, push_service

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SHOWN = "(await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body }) => [title, body])"


@pytest_asyncio.fixture(loop_scope="session")
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PushService]:
    """It runs before the server starts, which is told where it is."""
    async with push_service(tmp_path / "push") as service:
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def browser(service: PushService, tmp_path: Path) -> AsyncIterator[Firefox]:
    """A Firefox whose push service is the tests' own."""
    preferences = {
        "dom.push.serverURL": f"ws://127.0.0.1:{service.browsers_port}/",
        "dom.push.testing.allowInsecureServerURL": True,
        "dom.push.retryBaseInterval": 200,  # ms until it comes back to a push service that hung up
        "intl.accept_languages": "en-GB",
    }
    async with running_firefox(firefox(), tmp_path / "firefox", preferences) as browser:
        yield browser


async def reminded(browser: Firefox, couple: Couple) -> None:
    """Sign in as the patient and allow reminders."""
    await browser.go(f"{couple.origin}/sign-in")
    await browser.fill("input[type=email]", couple.patient.email)
    await browser.fill("input[type=password]", couple.patient.passphrase)
    await browser.press("Sign in")
    await browser.sees(couple.entry)
    await browser.until("navigator.serviceWorker.controller !== null")

    await browser.press("You")
    await browser.press("Reminders")
    await browser.press("Allow reminders")
    await browser.sees("Reminders show up here.")


async def test_a_reminder_reaches_a_real_browser_which_shows_it_and_says_so(
    service: PushService, couple: Couple, browser: Firefox
) -> None:
    await reminded(browser, couple)
    await browser.press("Send me a test")
    sealed = await service.next()
    assert b"test" not in sealed.body
    await service.acknowledgement()
    await browser.sees("Shown at")
    assert await browser.run(SHOWN) == [["Aftertide", "This is the test that you asked for. It arrived."]]
    listed = json.loads(await browser.run("(await fetch('/api/reminders')).text()"))
    assert [(one["kind"], one["outcome"], one["channel"]) for one in listed] == [("test", "delivered", "push")]


async def kept_by(couple: Couple, channel: str) -> None:
    """Wait until the server has a channel for somebody; raises TimeoutError where it doesn't come to that."""
    async with asyncio.timeout(PATIENCE):
        while found_in(await all_bytes(couple.practice.database_url), [channel]) == []:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.1)


async def test_a_subscription_that_the_push_service_dropped_is_renewed_while_the_app_is_closed(
    service: PushService, couple: Couple, browser: Firefox
) -> None:
    await reminded(browser, couple)
    before = await service.subscription()
    await kept_by(couple, before)
    await browser.go("about:blank")
    await service.forget_browsers()

    renewed = await service.subscription()
    await kept_by(couple, renewed)

    await browser.go(f"{couple.origin}/you/reminders")
    await browser.press("Send me a test")
    assert (await service.next()).channel == renewed != before
    await service.acknowledgement()
    await browser.sees("Shown at")
    assert service.subscribed.empty()  # the app had nothing to renew
