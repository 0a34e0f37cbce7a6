"""Every screen, in both themes and languages: nothing for axe to find, nothing beside a narrow or enlarged page; keys alone are enough."""

import re

import pytest
from aftertide.client import Client
from playwright.async_api import Page, expect

from tests.browser.barriers import found_here, tab_to
from tests.browser.conftest import Devices
from tests.browser.demo import PATIENT, THERAPIST, Demo
from tests.browser.passkeys import authenticator, give_passkey
from tests.browser.people import write
from tests.browser.places import Place, go, patients_places, signed_out, therapists_places

LANGUAGES = pytest.mark.parametrize("locale", ["en-GB", "es-ES"])


async def barriers(page: Page, demo: Demo, places: list[Place]) -> list[str]:
    """Visit every place and tell what keeps people out of it."""
    found = []
    for place in places:
        await go(page, demo.origin, place)
        found += [f"{place.name}, {one}" for one in await found_here(page)]
    return found


async def enter(page: Page, demo: Demo, who: str) -> None:
    """Sign in as one of the demo's people, in whatever language."""
    await page.goto(f"{demo.origin}/sign-in")
    await page.locator("input[type=email]").fill(demo.sign_ins[who]["email"])
    await page.locator("input[type=password]").fill(demo.sign_ins[who]["passphrase"])
    await page.locator("button[type=submit]").click()
    await expect(page.locator("nav")).to_be_visible()


async def enter_with_passkey(page: Page, demo: Demo, who: str) -> None:
    """Sign in as one of the demo's people, on a device that has a passkey of theirs."""
    await enter(page, demo, who)
    await give_passkey(page, demo.origin, demo.sign_ins[who]["passphrase"])
    await page.goto(f"{demo.origin}/")


async def id_in(page: Page, selector: str) -> str:
    """The id in the address that a link leads to."""
    address = await page.locator(selector).first.get_attribute("href")
    assert address
    return address.rsplit("/", 1)[-1]


@LANGUAGES
async def test_nothing_keeps_anybody_out_before_they_are_signed_in(demo: Demo, devices: Devices, locale: str) -> None:
    async with Client(demo.origin, device="made by a test") as client:
        care = await client.sign_in(demo.sign_ins[THERAPIST]["email"], demo.sign_ins[THERAPIST]["passphrase"])
        await care.sync()
        invited = await care.invitations.invite(THERAPIST, "Somebody", adult=True)
        await care.access.sign_out()
    page = await devices.laptop(demo.origin, locale=locale)
    devices.provokes(page, 401, 404)
    await authenticator(page, prf="when used")
    assert await barriers(page, demo, signed_out(invited.link)) == []


@LANGUAGES
async def test_nothing_keeps_a_patient_out(demo: Demo, devices: Devices, locale: str) -> None:
    page = await devices.laptop(demo.origin, locale=locale)
    await enter_with_passkey(page, demo, PATIENT)
    private = await id_in(page, "a[href^='/journal/']:has-text('The water again')")
    shared = await id_in(page, "a[href^='/journal/']:has-text('Called Maya')")
    await page.goto(f"{demo.origin}/you")
    therapist = await id_in(page, "a[href^='/people/']")
    found = await barriers(page, demo, patients_places(private, shared, therapist))
    await page.goto(f"{demo.origin}/you")
    await page.locator("main section:last-of-type button").first.click()
    await expect(page.locator("input[type=password]")).to_be_visible()
    found += await barriers(page, demo, [Place("locked", "/journal", "input[type=password]")])
    assert found == []


@LANGUAGES
async def test_nothing_keeps_a_therapist_out(demo: Demo, devices: Devices, locale: str) -> None:
    page = await devices.laptop(demo.origin, locale=locale)
    await enter_with_passkey(page, demo, THERAPIST)
    entry = await id_in(page, "a[href^='/to-read/']")
    await page.goto(f"{demo.origin}/patients")
    patient = await id_in(page, "main a[href^='/patients/']:not([href$='invite'])")
    assert await barriers(page, demo, therapists_places(entry, patient)) == []


async def test_keys_alone_sign_in_write_and_finish(demo: Demo, devices: Devices) -> None:
    page = await devices.laptop(demo.origin)
    await page.goto(f"{demo.origin}/")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await tab_to(page, "E-mail")
    await page.keyboard.type(demo.sign_ins[PATIENT]["email"])
    await tab_to(page, "Passphrase")
    await page.keyboard.type(demo.sign_ins[PATIENT]["passphrase"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Journal")).to_be_visible()
    await tab_to(page, "Write")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Your words")).to_be_focused()
    await page.keyboard.type("Typed, never touched.")
    # Whom one works with comes after the journal.
    await expect(page.get_by_role("radio", name="Only you")).to_be_attached()
    await tab_to(page, "Only you")
    await tab_to(page, "Mood")
    await page.keyboard.press("ArrowRight")
    await tab_to(page, "tender")
    await page.keyboard.press("Space")
    await tab_to(page, "Done")
    await page.keyboard.press("Enter")
    await expect(page.locator("article")).to_contain_text("Typed, never touched.")
    await expect(page.get_by_text("tender")).to_be_visible()
    await tab_to(page, "Change it")


async def test_keys_alone_review_and_invite(demo: Demo, devices: Devices) -> None:
    page = await devices.laptop(demo.origin)
    await enter(page, demo, THERAPIST)
    await page.keyboard.press("j")
    await tab_to(page, "Reviewed, next")
    await page.goto(f"{demo.origin}/patients/invite")
    await expect(page.get_by_role("heading", name="Invite someone")).to_be_visible()
    await tab_to(page, "Who it is for")
    await page.keyboard.type("Nobody yet")
    await tab_to(page, "I confirm that this person is 18 or older.")
    await page.keyboard.press("Space")
    await tab_to(page, "Make the invitation")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("img", name="Invitation code")).to_be_visible()
    await tab_to(page, "Copy the link")


async def test_motion_and_words_stay_still_where_that_is_asked_for(demo: Demo, devices: Devices) -> None:
    """The contexts of all tests ask for reduced motion."""
    page = await devices.phone(demo.origin)
    await enter(page, demo, PATIENT)
    await write(page, "Still water.")
    await page.get_by_role("button", name="Help").click()
    await expect(page.get_by_role("dialog", name="Help")).to_be_visible()
    moving = await page.evaluate("document.getAnimations().filter((one) => one.effect.getTiming().duration > 1).length")
    assert moving == 0
    await expect(page).to_have_title(re.compile("Aftertide$"))
