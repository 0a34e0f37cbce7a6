"""A planned reminder from the server to a real browser: Firefox subscribes, decrypts, shows it, and says so."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.conftest import Couple
from tests.browser.firefox import Firefox, firefox, running_firefox
from tests.push_service import PushService, push_service

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
        "intl.accept_languages": "en-GB",
    }
    async with running_firefox(firefox(), tmp_path / "firefox", preferences) as browser:
        yield browser


async def test_a_reminder_reaches_a_real_browser_which_shows_it_and_says_so(
    service: PushService, couple: Couple, browser: Firefox
) -> None:
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

    await browser.press("Send me a test")
    sealed = await service.next()
    assert b"test" not in sealed.body
    await service.acknowledgement()
    await browser.sees("Shown at")
    assert await browser.run(SHOWN) == [["Aftertide", "This is the test that you asked for. It arrived."]]
    listed = json.loads(await browser.run("(await fetch('/api/reminders')).text()"))
    assert [(one["kind"], one["outcome"], one["channel"]) for one in listed] == [("test", "delivered", "push")]
