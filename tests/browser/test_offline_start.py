"""The app starts from the device: without a network, without a server, after the browser was killed."""

import re

import pytest
from playwright.async_api import Locator, Page, Response, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import press, sign_in, visit
from tests.browser.profiles import Profile, app_is_here

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SOMEBODY = "00000000-0000-4000-8000-000000000000"


async def one_visit(couple: Couple, profile: Profile) -> str:
    """Sign in once and look at the journal, with a network; the browser is closed then. Returns the address of the entry."""
    page = await profile.open(couple.origin)
    await sign_in(page, couple.origin, couple.patient.email, couple.patient.passphrase)
    entry = page.get_by_role("link").filter(has_text=couple.entry)
    await expect(entry).to_be_visible()
    address = await entry.get_attribute("href")
    await app_is_here(page)
    await profile.close()
    assert address
    return address


async def every_address_opens(page: Page, couple: Couple, entry: str) -> None:
    shown: dict[str, Locator] = {
        "/": page.get_by_text(couple.entry),
        "/journal": page.get_by_text(couple.entry),
        entry: page.locator("article").get_by_text(couple.entry),
        "/write": page.get_by_label("Your words"),
        "/you": page.get_by_role("heading", name="Who you work with"),
        "/you/passphrase": page.get_by_label("New passphrase"),
        "/you/kit": page.get_by_label("Passphrase", exact=True),
        "/you/agreement": page.get_by_text("I read on Mondays."),
        "/help": page.get_by_text("Nobody watches this app"),
        f"/join/{SOMEBODY}": page.get_by_text(couple.entry),  # whoever has a journal is led to it
        "/begin": page.get_by_text(couple.entry),
    }
    for path, there in shown.items():
        await visit(page, couple.origin, path)
        await expect(there).to_be_visible()


async def first_word_in_one_tap(page: Page, couple: Couple) -> None:
    await visit(page, couple.origin, "/")
    await page.get_by_role("link", name="Write", exact=True).tap()
    await expect(page.get_by_label("Your words")).to_be_focused()
    await page.keyboard.type("On the ferry.")
    await expect(page.locator("[data-state=kept]")).to_be_visible()
    await press(page, "Done")
    await expect(page.locator("article")).to_contain_text("On the ferry.")
    await expect(page.get_by_text(re.compile("It goes out when you’re online")).first).to_be_visible()


async def test_in_airplane_mode_every_address_opens_and_the_first_word_is_one_tap_away(
    couple: Couple, profile: Profile
) -> None:
    entry = await one_visit(couple, profile)
    page = await profile.open(couple.origin, offline=True)
    await every_address_opens(page, couple, entry)
    await first_word_in_one_tap(page, couple)


async def test_with_the_server_gone_every_address_opens_and_the_first_word_is_one_tap_away(
    couple: Couple, profile: Profile
) -> None:
    entry = await one_visit(couple, profile)
    couple.practice.server.terminate(within=10)
    page = await profile.open(couple.origin, stopped=True)
    await every_address_opens(page, couple, entry)
    await first_word_in_one_tap(page, couple)


async def test_the_other_language_is_here_too(couple: Couple, profile: Profile) -> None:
    await one_visit(couple, profile)
    page = await profile.open(couple.origin, offline=True, locale="es-ES")
    await visit(page, couple.origin, "/help")
    await expect(page.get_by_text("Nadie vigila esta aplicación")).to_be_visible()
    await visit(page, couple.origin, "/you")
    await expect(page.get_by_role("heading", name="Con quién trabajas")).to_be_visible()
    await visit(page, couple.origin, "/")
    # It comes after the first paint.
    await page.wait_for_function("document.fonts.load('17px \"Literata Variable\"').then((faces) => faces.length > 0)")


async def test_words_that_were_kept_outlive_a_killed_browser(couple: Couple, profile: Profile) -> None:
    await one_visit(couple, profile)
    page = await profile.open(couple.origin, offline=True)
    await visit(page, couple.origin, "/write")
    await page.get_by_label("Your words").press_sequentially("The tide was out")
    await expect(page.locator("[data-state=kept]")).to_be_visible()
    await page.keyboard.type(", and I walked as far as the second groyne before")
    await profile.kill()

    page = await profile.open(couple.origin, offline=True)
    await visit(page, couple.origin, "/")
    await page.get_by_role("link").filter(has_text="The tide was out").click()
    found = await page.get_by_label("Your words").input_value()
    assert found.startswith("The tide was out")
    assert "The tide was out, and I walked as far as the second groyne before".startswith(found)


async def test_what_is_asked_of_the_server_passes_the_worker_by(couple: Couple, profile: Profile) -> None:
    await one_visit(couple, profile)
    page = await profile.open(couple.origin)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks the function it gets
    async with page.expect_response("**/api/changes*"):
        await visit(page, couple.origin, "/")
    await expect(page.get_by_text(couple.entry)).to_be_visible()

    from_worker = {answer.url.removeprefix(couple.origin): answer.from_service_worker for answer in answers}
    assert from_worker.pop("/"), "the page came from the network"
    api = {path: answered for path, answered in from_worker.items() if path.startswith("/api/")}
    assert api, "nothing was asked of the server"
    assert not any(api.values()), api
    assets = {path: answered for path, answered in from_worker.items() if path.startswith("/assets/")}
    assert len(assets) > 2, "nothing was answered from the device"
    assert all(assets.values()), assets
    kept: list[str] = await page.evaluate(
        "async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()))))"
        ".flat().map(({ url }) => new URL(url).pathname)"
    )
    assert "/index.html" in kept
    assert not [path for path in kept if path.startswith(("/api", "/assets/online"))]


async def test_a_page_from_the_device_has_the_headers_of_the_server(couple: Couple, profile: Profile) -> None:
    await one_visit(couple, profile)
    page = await profile.open(couple.origin, offline=True)
    for path in ("/journal", f"/join/{SOMEBODY}", "/begin"):
        answer = await page.goto(f"{couple.origin}{path}")
        assert answer is not None
        assert answer.from_service_worker
        headers = await answer.all_headers()
        assert headers["referrer-policy"] == "no-referrer"
        assert "require-trusted-types-for 'script'" in headers["content-security-policy"]


async def test_what_is_said_above_the_screens_does_not_wait_for_the_service_worker(
    couple: Couple, devices: Devices
) -> None:
    laptop = await devices.laptop(couple.origin)
    await laptop.add_init_script("navigator.serviceWorker.register = () => new Promise(() => undefined);")
    await sign_in(laptop, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(laptop.get_by_text("Your journal as of")).to_be_visible()
