"""A new version is offered and never forced; pages of the version before go on."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import press, sign_in, visit
from tests.browser.profiles import app_is_here
from tests.faults.forking import forked_server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PRESENT = Path("pwa/dist")
OFFER = "A new version is ready. What you wrote stays."
TAKE = "Use the new version"
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"  # as when somebody comes back to the page


def build_later_release(folder: Path) -> Path:
    """Build a later release over the build in this folder, as an operator does."""
    node = shutil.which("node", path=f"{Path('.venv/bin').resolve()}:{os.environ['PATH']}")
    assert node, "make pwa/dist/.built finds or installs one"
    subprocess.run([node, "tests/shell/laterRelease.ts", str(folder)], cwd="pwa", check=True)
    return folder


@pytest.fixture(scope="session")
def later_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_later_release(Path(shutil.copytree(PRESENT, tmp_path_factory.mktemp("later") / "dist")))


def assets(build: Path) -> set[str]:
    """The hashed files of a build, with those that it keeps of the one before."""
    return {path.relative_to(build).as_posix() for path in (build / "assets").rglob("*") if path.is_file()}


def own_assets(build: Path) -> set[str]:
    """The hashed files of a build alone, by the list that it leaves."""
    newest, _ = json.loads((build / ".builds.json").read_text(encoding="utf-8"))
    return set(newest)


async def release_of(page: Page) -> str | None:
    said: str | None = await page.evaluate("document.documentElement.dataset.release ?? null")
    return said


async def with_the_app(devices: Devices, couple: Couple) -> Page:
    """Somebody signed in, with the app on the device."""
    page = await devices.phone(couple.origin)
    await sign_in(page, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(page.get_by_text(couple.entry)).to_be_visible()
    await app_is_here(page)
    return page


async def stop_the_server(couple: Couple, devices: Devices, *pages: Page) -> int:
    """Stop the server; returns its port, where another one goes on."""
    for page in pages:
        devices.stops(page)
    await asyncio.to_thread(couple.practice.server.terminate, 10)
    return int(couple.origin.rsplit(":", 1)[1])


async def test_a_new_version_in_the_middle_of_a_sentence_waits_until_it_is_wanted(
    couple: Couple, devices: Devices, later_release: Path
) -> None:
    phone = await with_the_app(devices, couple)
    await phone.get_by_role("link", name="Write", exact=True).click()
    words = phone.get_by_label("Your words")
    await words.press_sequentially("The gulls were")
    began = await phone.evaluate("performance.timeOrigin")
    port = await stop_the_server(couple, devices, phone)
    with forked_server(couple.practice.database_url, port=port, pwa=later_release):
        await phone.evaluate(LOOK)
        await expect(phone.get_by_text(OFFER)).to_be_visible()
        await words.press_sequentially(" loud this morning")
        assert await phone.evaluate("performance.timeOrigin") == began, "the page was loaded anew by itself"
        assert await release_of(phone) is None
        address = phone.url

        # Pressed at once: what was typed last may not be kept yet.
        await words.press_sequentially(", then still.")
        await press(phone, TAKE)
        await expect(phone.locator("html[data-release=later]")).to_be_attached()
        assert phone.url == address
        await expect(words).to_have_value("The gulls were loud this morning, then still.")
        await expect(words).to_be_focused()
        await expect(phone.get_by_text(OFFER)).to_have_count(0)
        loaded = await phone.evaluate("performance.timeOrigin")
        await press(phone, "Done")
        await expect(phone.locator("article")).to_contain_text("The gulls were loud this morning, then still.")
        assert await phone.evaluate("performance.timeOrigin") == loaded, "the page was loaded more than once"


async def test_it_does_not_take_over_while_another_window_is_open(
    couple: Couple, devices: Devices, later_release: Path
) -> None:
    phone = await with_the_app(devices, couple)
    other = await phone.context.new_page()
    await visit(other, couple.origin, "/journal")
    await expect(other.get_by_text(couple.entry)).to_be_visible()
    port = await stop_the_server(couple, devices, phone)
    with forked_server(couple.practice.database_url, port=port, pwa=later_release):
        await phone.evaluate(LOOK)
        await press(phone, TAKE)
        await expect(phone.get_by_text("Aftertide is open in other windows. Close them first.")).to_be_visible()
        assert await release_of(phone) is None
        await other.close()
        await press(phone, TAKE)
        await expect(phone.locator("html[data-release=later]")).to_be_attached()


async def test_words_in_a_field_that_nothing_keeps_hold_it_back(
    couple: Couple, devices: Devices, later_release: Path
) -> None:
    phone = await with_the_app(devices, couple)
    await phone.get_by_role("link").filter(has_text=couple.entry).click()
    port = await stop_the_server(couple, devices, phone)
    with forked_server(couple.practice.database_url, port=port, pwa=later_release):
        await phone.goto(f"{couple.origin}/you/passphrase")
        await phone.get_by_label("Current passphrase").fill("half of it")
        await phone.evaluate(LOOK)
        await press(phone, TAKE)
        await expect(phone.get_by_text("Something stands in a field on this screen")).to_be_visible()
        await expect(phone.get_by_label("Current passphrase")).to_have_value("half of it")
        assert await release_of(phone) is None


async def test_a_page_of_the_version_before_finds_its_later_screens_under_the_new_worker(
    couple: Couple, devices: Devices, later_release: Path
) -> None:
    phone = await with_the_app(devices, couple)
    port = await stop_the_server(couple, devices, phone)
    with forked_server(couple.practice.database_url, port=port, pwa=later_release):
        await phone.evaluate(LOOK)
        await expect(phone.get_by_text(OFFER)).to_be_visible()
        # What the page itself never does: the new worker takes over and the page stays.
        await phone.evaluate(
            """async () => {
              const taken = new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done));
              (await navigator.serviceWorker.ready).waiting.postMessage("take over", [new MessageChannel().port2]);
              await taken;
            }"""
        )
        await app_is_here(phone)
        # What the worker keeps counts here, not what lies in the browser's own cache by chance.
        await (await phone.context.new_cdp_session(phone)).send("Network.clearBrowserCache")
        await devices.cut(phone, off=True)
        await phone.get_by_role("link", name="You", exact=True).click()
        await expect(phone.get_by_role("heading", name="Who you work with")).to_be_visible()
        assert await release_of(phone) is None
        assert await phone.locator("[data-release=later]").count() == 0, "a screen of the new version in the old page"


async def test_the_server_has_the_files_of_two_builds_and_no_page_in_place_of_others(
    couple: Couple, devices: Devices, later_release: Path
) -> None:
    del devices
    replaced = own_assets(PRESENT) - own_assets(later_release)
    script = next(name for name in replaced if name.startswith("assets/accounts-") and name.endswith(".js"))
    port = int(couple.origin.rsplit(":", 1)[1])
    await asyncio.to_thread(couple.practice.server.terminate, 10)
    with forked_server(couple.practice.database_url, port=port, pwa=later_release):
        async with httpx.AsyncClient(base_url=couple.origin, headers={"Accept": "text/html"}) as http:
            assert f'"{script}"' not in (await http.get("/service-worker.js")).text
            assert (await http.get(f"/{script}")).headers["content-type"].startswith("text/javascript")
            assert (await http.get("/assets/accounts-00000000.js")).status_code == 404


def test_a_build_keeps_the_one_before_and_removes_older_ones(tmp_path: Path, database_url: str) -> None:
    del database_url
    folder = tmp_path / "dist"
    shutil.copytree(PRESENT, folder)
    stray = folder / "assets" / "OfAnOlderBuild-1a2b3c4d.js"
    stray.write_text("export {};")
    build_later_release(folder)
    assert own_assets(folder) - own_assets(PRESENT), "the later build is the same"
    assert assets(folder) == own_assets(folder) | own_assets(PRESENT)
    # The same build once more is no new one: what is kept beside it stays.
    build_later_release(folder)
    assert assets(folder) == own_assets(folder) | own_assets(PRESENT)
