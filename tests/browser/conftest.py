"""A real Chromium: phones and laptops, each watched for what no page of ours may do."""

import asyncio
import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import pytest_asyncio
from aftertide.client import Client
from aftertide.protocol.passphrases import five_words
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright, expect

from tests.browser.chromium import ARGUMENTS, chromium
from tests.browser.demo import Demo, demo_server
from tests.browser.people import Access
from tests.browser.profiles import Profile
from tests.browser.watching import Watch
from tests.faults.forking import forked_command, forked_server
from tests.faults.processes import ServerProcess, free_port

PATIENCE = 20_000  # ms, for a machine that is busy with other things
HERE = Path(__file__).parent
RESULTS = Path("test-results")
REPORT = pytest.StashKey[pytest.TestReport]()

expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know at their end whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[REPORT] = report
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of this folder in one event loop, that of the browser which they share."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    return chromium()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(playwright: Playwright, chromium_path: str) -> AsyncIterator[Browser]:
    """One for all tests: each makes devices of its own in it, which share nothing."""
    browser = await playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
    yield browser
    await browser.close()


@dataclass
class Devices:
    """Makes devices for a test; each is somebody's own, with its own store and cookies."""

    browser: Browser
    made: dict[str, tuple[BrowserContext, Watch]] = field(default_factory=dict)

    async def phone(self, origin: str, **wanted: object) -> Page:
        return await self._make(
            "phone", origin, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, **wanted
        )

    async def laptop(self, origin: str, **wanted: object) -> Page:
        return await self._make("laptop", origin, viewport={"width": 1280, "height": 800}, **wanted)

    async def _make(self, kind: str, origin: str, **wanted: object) -> Page:
        settings = {"locale": "en-GB", "timezone_id": "Europe/Madrid", "reduced_motion": "reduce", **wanted}
        context = await self.browser.new_context(**settings)  # type: ignore[arg-type]  # Playwright's own names, checked by it
        context.set_default_timeout(PATIENCE)
        await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
        watch = Watch(origin)
        await watch.over(context)
        self.made[f"{kind}-{len(self.made) + 1}"] = (context, watch)
        return await context.new_page()

    def provokes(self, page: Page, *statuses: int) -> None:
        """From here on the test makes the server refuse with these statuses: the browser's own note of it is no fault."""
        self._watch_over(page).refusals.update(statuses)

    async def cut(self, page: Page, *, off: bool) -> None:
        """Take the network from a device, or give it back."""
        self._watch_over(page).cut = True
        await page.context.set_offline(off)

    def stops(self, page: Page) -> None:
        """From here on the test stops the server: that it can't be reached is no fault."""
        self._watch_over(page).stopped = True

    def _watch_over(self, page: Page) -> Watch:
        return next(watch for context, watch in self.made.values() if context is page.context)


@pytest_asyncio.fixture(loop_scope="session")
async def devices(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Devices]:
    devices = Devices(browser)
    yield devices
    report = request.node.stash.get(REPORT, None)
    for name, (context, _) in devices.made.items():
        if report is not None and report.failed:
            for page in context.pages:
                await page.screenshot(path=RESULTS / f"{request.node.name}-{name}.png".replace("/", "-"))
        await context.close()
    faults = {name: watch.faults for name, (_, watch) in devices.made.items() if watch.faults}
    assert not faults, f"pages did what they never may: {faults}"


@pytest_asyncio.fixture(loop_scope="session")
async def profile(playwright: Playwright, chromium_path: str, tmp_path: Path) -> AsyncIterator[Profile]:
    """A phone whose browser can be closed, killed and opened again."""
    profile = Profile(playwright, chromium_path, tmp_path / "profile")
    yield profile
    await profile.close()
    assert not profile.faults, f"pages did what they never may: {profile.faults}"


@dataclass
class Practice:
    """A running server with a new practice in it."""

    origin: str
    begin_link: str
    database_url: str
    server: ServerProcess


def practice_on(database_url: str, origin: str) -> str:
    """Make a practice by the operator's command, before the server starts; returns the first therapist's link."""
    environment = {
        **os.environ, "DATABASE_URL": database_url, "AFTERTIDE_ENV": "development", "AFTERTIDE_ORIGIN": origin,
    }  # fmt: skip
    said = forked_command(
        environment, "practice", "Harbour Practice", "--phone", "+34 910 000 001", "--emergency-number", "112",
        "--reading-line", "Weekday evenings", "--time-zone", "Europe/Madrid",
    )  # fmt: skip
    found = re.search(rf"{re.escape(origin)}/begin#\S+", said)
    assert found, said
    return found.group()


@contextlib.contextmanager
def new_practice(database_url: str, name: str) -> Iterator[Practice]:
    """Start a server with a new practice, opened by this name or address."""
    port = free_port()
    link = practice_on(database_url, f"http://{name}:{port}")
    with forked_server(database_url, port=port, name=name) as server:
        yield Practice(server.origin, link, database_url, server)


@pytest_asyncio.fixture(loop_scope="session")
async def practice(database_url: str) -> AsyncIterator[Practice]:
    """A new practice on a started server, on each engine."""
    with new_practice(database_url, "127.0.0.1") as practice:
        yield practice


@pytest_asyncio.fixture(loop_scope="session")
async def named_practice(database_url: str) -> AsyncIterator[Practice]:
    """The same under a name, so that there are passkeys."""
    with new_practice(database_url, "localhost") as practice:
        yield practice


@dataclass
class Couple:
    """A therapist and a patient who work together and have accepted the agreement; the patient has written one entry."""

    origin: str
    practice: Practice
    therapist: Access
    patient: Access
    entry: str


@dataclass(frozen=True)
class Made:
    """Whom a couple consists of, and in which SQLite file they are."""

    path: Path
    therapist: Access
    patient: Access
    entry: str


async def make_couple(origin: str, begin_link: str, path: Path) -> Made:
    """Make a couple with the Python client."""
    async with Client(origin, device="made by a test") as client:
        therapist, patient = [Access(f"{who}@example.org", five_words(), "") for who in ("therapist", "patient")]
        begun = await client.begin(
            begin_link, email=therapist.email, passphrase=therapist.passphrase, name="Dr. Tidewell"
        )
        care = begun.account
        invited = await care.invitations.invite("Dr. Tidewell", "Anahit", adult=True)
        opened = await client.open_invitation(invited.link)
        joined = await client.join(opened, email=patient.email, passphrase=patient.passphrase, name="Anahit")
        await care.sync()
        await care.invitations.settle()
        agreement = await care.offer_agreement(joined.account.id, "I read on Mondays.", "written")
        await joined.account.sync()
        await joined.account.accept_agreement(agreement.id)
        text = "The harbour was quiet before anybody spoke."
        await joined.account.write(text)
        await joined.account.keep_ledger()
        await joined.account.access.sign_out()
        await care.access.sign_out()
    return Made(path, replace(therapist, kit=begun.kit), replace(patient, kit=joined.kit), text)


@pytest.fixture(scope="session")
def made(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A couple to copy: most of such a test would be passphrases that are stretched."""
    path = tmp_path_factory.mktemp("couple") / "couple.sqlite"
    shutil.copyfile(sqlite_template, path)
    url, port = f"sqlite:{path}", free_port()
    link = practice_on(url, f"http://127.0.0.1:{port}")
    with forked_server(url, port=port) as server:
        # In a thread of its own: the test that asks first has a loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            made = thread.submit(asyncio.run, make_couple(server.origin, link, path)).result()
        server.terminate(within=10)
    return made


@contextlib.contextmanager
def copied_couple(
    database_url: str, made: Made, name: str, prepare: Callable[[str], None] = lambda _: None
) -> Iterator[Couple]:
    """Start a server with a copy of a couple, opened by this name or address, which `prepare` has changed; on SQLite."""
    to = database_url.removeprefix("sqlite:")
    with contextlib.closing(sqlite3.connect(made.path)) as source, contextlib.closing(sqlite3.connect(to)) as copy:
        source.backup(copy)
    prepare(to)
    with forked_server(database_url, name=name) as server:
        practice = Practice(server.origin, "", database_url, server)
        yield Couple(server.origin, practice, made.therapist, made.patient, made.entry)


@pytest_asyncio.fixture(loop_scope="session")
async def couple(database_url: str, made: Made) -> AsyncIterator[Couple]:
    """A couple on a started server, so that a test on the screens begins where it wants to; on SQLite."""
    with copied_couple(database_url, made, "127.0.0.1") as couple:
        yield couple


@pytest_asyncio.fixture(loop_scope="session")
async def named_couple(database_url: str, made: Made) -> AsyncIterator[Couple]:
    """The same under a name, so that there are passkeys."""
    with copied_couple(database_url, made, "localhost") as couple:
        yield couple


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo practice, as `make run` shows it."""
    with demo_server(tmp_path_factory.mktemp("demo")) as demo:
        yield demo
