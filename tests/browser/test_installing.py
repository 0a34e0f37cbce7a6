"""The app can be put on the home screen, and says what a browser may do to words that it alone has."""

import json
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.barriers import found_here
from tests.browser.conftest import Couple, Devices
from tests.browser.passkeys import authenticator, make
from tests.browser.people import keep_kit, press, say_who, sign_in, visit
from tests.browser.profiles import Profile, app_is_here
from tests.browser.test_kit import invited

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)
AS_SAFARI = "Object.defineProperty(Navigator.prototype, 'vendor', { get: () => 'Apple Computer, Inc.' })"
ON_HOME_SCREEN = "Object.defineProperty(Navigator.prototype, 'standalone', { get: () => true })"
MAY_GO = "What isn’t sent yet is only in this browser"
# As a browser offers it; what it is asked then is noted.
OFFER = """
() => {
  const offer = new Event("beforeinstallprompt", { cancelable: true });
  offer.prompt = async () => { document.documentElement.dataset.asked = "yes"; return { outcome: "dismissed" }; };
  dispatchEvent(offer);
  return offer.defaultPrevented;
}
"""


async def manifest_of(page: Page) -> dict[str, Any]:
    """The manifest that the browser itself finds, without a fault of its own."""
    session = await page.context.new_cdp_session(page)
    found = await session.send("Page.getAppManifest")
    assert found["errors"] == []
    manifest: dict[str, Any] = json.loads(found["data"])
    return manifest


async def signed_in(page: Page, couple: Couple) -> Page:
    await sign_in(page, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(page.get_by_text(couple.entry)).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("locale", "write", "session"), [("en-GB", "Write", "Next session"), ("es-ES", "Escribir", "Próxima sesión")]
)
async def test_the_browser_finds_nothing_that_keeps_it_from_installing(
    couple: Couple, profile: Profile, locale: str, write: str, session: str
) -> None:
    # Not in a private window, where a browser installs nothing.
    page = await profile.open(couple.origin, locale=locale)
    await visit(page, couple.origin, "/sign-in")
    await app_is_here(page)
    await expect(page.locator("link[rel=manifest]")).to_have_attribute(
        "href", "/manifest.webmanifest" if write == "Write" else "/manifest.es.webmanifest"
    )
    devtools = await page.context.new_cdp_session(page)
    assert (await devtools.send("Page.getInstallabilityErrors"))["installabilityErrors"] == []
    manifest = await manifest_of(page)
    assert (manifest["id"], manifest["start_url"], manifest["name"]) == ("/", "/", "Aftertide")
    assert [(shortcut["name"], shortcut["url"]) for shortcut in manifest["shortcuts"]] == [
        (write, "/write"),
        (session, "/sessions"),
    ]


async def test_every_picture_of_the_manifests_is_there_in_the_size_it_says(couple: Couple) -> None:
    async with httpx.AsyncClient(base_url=couple.origin) as http:
        for name in ("/manifest.webmanifest", "/manifest.es.webmanifest"):
            manifest = (await http.get(name)).json()
            for picture in [*manifest["icons"], *manifest["screenshots"]]:
                answer = await http.get(picture["src"])
                assert answer.headers["content-type"] == "image/png"
                width, height = (int.from_bytes(answer.content[at : at + 4]) for at in (16, 20))  # PNG, IHDR
                assert f"{width}x{height}" == picture["sizes"], picture
        assert (await http.get("/icons/apple-touch-icon.png")).is_success


async def test_the_browsers_own_question_is_asked_when_somebody_wants_it(couple: Couple, devices: Devices) -> None:
    phone = await signed_in(await devices.phone(couple.origin), couple)
    assert await phone.evaluate(OFFER), "the browser would ask by itself"
    await phone.get_by_role("link", name="You", exact=True).click()
    await expect(phone.locator("html[data-asked]")).to_have_count(0)
    await (
        phone.get_by_role("button", name="Install it here")
        .or_(phone.get_by_role("button", name="Put it on the home screen"))
        .click()
    )
    await expect(phone.locator("html[data-asked]")).to_be_attached()


async def test_an_iphone_is_told_the_steps_and_an_installed_app_nothing(couple: Couple, devices: Devices) -> None:
    phone = await signed_in(await devices.phone(couple.origin, user_agent=IPHONE), couple)
    await phone.get_by_role("link", name="You", exact=True).click()
    await expect(phone.get_by_text("Choose “Add to Home Screen”.")).to_be_visible()
    await phone.context.add_init_script(ON_HOME_SCREEN)
    await visit(phone, couple.origin, "/you")
    await expect(phone.get_by_role("heading", name="Who you work with")).to_be_visible()
    await expect(phone.get_by_text("Choose “Add to Home Screen”.")).to_have_count(0)


async def write_without_network(page: Page, devices: Devices) -> None:
    await devices.cut(page, off=True)
    await page.get_by_role("link", name="Write", exact=True).click()
    await page.get_by_label("Your words").press_sequentially("Only here.")
    await press(page, "Done")
    await expect(page.locator("article")).to_contain_text("Only here.")


async def test_safari_may_delete_unsent_words_and_says_so_until_they_are_sent(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin, user_agent=IPHONE)
    await phone.context.add_init_script(AS_SAFARI)
    await signed_in(phone, couple)
    await app_is_here(phone)
    await write_without_network(phone, devices)
    await expect(phone.get_by_text(MAY_GO)).to_be_visible()
    await expect(phone.get_by_text("after seven days without a visit")).to_be_visible()
    await devices.cut(phone, off=False)
    await expect(phone.get_by_text(MAY_GO)).to_have_count(0)


@pytest.mark.parametrize("kept", [True, False])
async def test_a_browser_is_asked_to_keep_the_words_once_there_are_some(
    couple: Couple, devices: Devices, *, kept: bool
) -> None:
    phone = await devices.phone(couple.origin)
    await phone.clock.install()
    await phone.context.add_init_script(
        f"""Object.assign(StorageManager.prototype, {{
          persisted: async () => sessionStorage.getItem("asked") !== null && {str(kept).lower()},
          persist: async () => {{ sessionStorage.setItem("asked", "yes"); return {str(kept).lower()}; }},
        }})"""
    )
    await signed_in(phone, couple)
    await app_is_here(phone)
    assert await phone.evaluate("sessionStorage.getItem('asked')") is None, "asked before there was anything to keep"
    await write_without_network(phone, devices)
    assert await phone.evaluate("sessionStorage.getItem('asked')") == "yes"
    await expect(phone.get_by_text("You’re offline.")).to_be_visible()
    await phone.clock.run_for(6000)  # what goes out within seconds isn't spoken of
    await expect(phone.get_by_text(MAY_GO)).to_have_count(0 if kept else 1)
    await expect(phone.get_by_text("when this device runs out of room")).to_have_count(0 if kept else 1)


async def put_on_the_home_screen(page: Page, origin: str, *, cookies: bool) -> None:
    """As iOS does it: an app with a storage of its own, which begins empty but for a copy of Safari's cookies since 17.2."""
    session = await page.context.new_cdp_session(page)
    await page.goto("about:blank")
    kinds = "indexeddb,local_storage,cache_storage,service_workers"
    await session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": kinds})
    if not cookies:
        await page.context.clear_cookies()
    await page.context.add_init_script(ON_HOME_SCREEN)
    await page.goto(origin)


async def signed_up_on_an_iphone(phone: Page, couple: Couple, *, by_passkey: bool = False) -> str:
    """Sign up as far as the screen that says how the app is put on the home screen; gives the passphrase, if there is one."""
    await phone.goto(await invited(couple))
    await press(phone, "Yes, it’s Dr. Tidewell")
    await say_who(phone, "Beatriz", "beatriz@example.org")
    passphrase = ""
    if by_passkey:
        await make(phone)
    else:
        await press(phone, "Take these")
        passphrase = await phone.get_by_label("Passphrase", exact=True).input_value()
        await press(phone, "Make my journal")
    await keep_kit(phone)
    await expect(phone.get_by_text("Choose “Add to Home Screen”.")).to_be_visible()
    return passphrase


OWN_APP = "This is Aftertide on the home screen"


async def test_from_safari_to_the_home_screen_is_one_tap_by_passkey(named_couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(named_couple.origin, user_agent=IPHONE)
    devices.provokes(phone, 401)
    await authenticator(phone)
    await signed_up_on_an_iphone(phone, named_couple, by_passkey=True)
    await expect(phone.get_by_text("Open Aftertide from there and tap “Use a passkey”.")).to_be_visible()
    assert await found_here(phone) == []

    await put_on_the_home_screen(phone, named_couple.origin, cookies=False)
    await expect(phone.get_by_text(OWN_APP)).to_be_visible()
    assert await found_here(phone) == []
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()


@pytest.mark.parametrize("cookies", [True, False])
async def test_by_passphrase_the_email_is_there_where_safari_has_passed_its_cookies_on(
    couple: Couple, devices: Devices, *, cookies: bool
) -> None:
    phone = await devices.phone(couple.origin, user_agent=IPHONE)
    devices.provokes(phone, 401)
    passphrase = await signed_up_on_an_iphone(phone, couple)
    await expect(phone.get_by_text("sign in once, with beatriz@example.org and your passphrase")).to_be_visible()

    await put_on_the_home_screen(phone, couple.origin, cookies=cookies)
    await expect(phone.get_by_text(OWN_APP)).to_be_visible()
    email = phone.get_by_label("E-mail")
    await expect(email).to_have_value("beatriz@example.org" if cookies else "")
    # What a phone's own list of passwords goes by.
    assert await email.get_attribute("autocomplete") == "username"
    assert await phone.locator("input[name=passphrase]").get_attribute("autocomplete") == "current-password"
    if not cookies:
        await email.fill("beatriz@example.org")
    await phone.get_by_label("Passphrase", exact=True).fill(passphrase)
    await press(phone, "Sign in")
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()
