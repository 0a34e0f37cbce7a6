"""A phone is lost: all keys are renewed on a laptop, and whoever has the phone, the old passphrase or the old kit is out."""

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.barriers import found_here
from tests.browser.conftest import Couple, Devices
from tests.browser.people import choose, keep_kit, make_link, press, sign_in, visit, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ANOTHER = "gravel moth window seventh rope"


async def begin(page: Page, couple: Couple) -> str:
    """From the journal through "My phone was lost" to the last step before all is sealed anew; returns the new kit."""
    await page.get_by_role("link", name="You", exact=True).click()
    await page.get_by_role("link", name="My phone was lost").click()
    await expect(page.get_by_text("Your other devices are signed out at once.")).to_be_visible()
    await page.get_by_label("Current passphrase").fill(couple.patient.passphrase)
    await page.get_by_label("New passphrase", exact=True).fill(ANOTHER)
    await press(page, "Continue")
    return await keep_kit(page)


async def test_a_lost_phone_opens_nothing_more_once_the_laptop_has_renewed_all_keys(
    couple: Couple, devices: Devices
) -> None:
    phone, laptop = await devices.phone(couple.origin), await devices.laptop(couple.origin)
    devices.provokes(phone, 401)
    for device in (phone, laptop):
        await sign_in(device, couple.origin, couple.patient.email, couple.patient.passphrase)
        await expect(device.get_by_text(couple.entry)).to_be_visible()
    await write(laptop, "Before the phone was lost.")
    await expect(laptop.get_by_text("Sent", exact=True)).to_be_visible()

    await visit(laptop, couple.origin, "/you/calendar")
    await press(laptop, "Make the address")
    address = laptop.locator("p.address")
    lost = await address.inner_text()
    kit = await begin(laptop, couple)
    assert kit != couple.patient.kit
    await expect(laptop.get_by_role("heading", name="You have new keys")).to_be_visible()
    await expect(laptop.get_by_role("link", name="Dr. Tidewell")).to_be_visible()
    assert await found_here(laptop) == []
    # What was on the phone and is no key: the address at which its calendar reads.
    await laptop.get_by_role("link", name="Make your calendar’s address anew").click()
    await press(laptop, "Make a new address")
    await laptop.get_by_role("dialog").get_by_role("button", name="Make a new address").click()
    await expect(address).to_be_visible()
    assert await address.inner_text() != lost
    await visit(laptop, couple.origin, "/journal")
    await expect(laptop.get_by_text("Before the phone was lost.")).to_be_visible()
    await write(laptop, "After it.")
    await expect(laptop.get_by_text("Sent", exact=True)).to_be_visible()

    # Whoever has the phone: it is signed out, keeps what it showed, gets nothing new, and can't come back.
    await phone.reload()
    await expect(phone.get_by_text("This device was signed out")).to_be_visible()
    await expect(phone.get_by_text("After it.")).to_have_count(0)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text("E-mail and passphrase don’t fit together. Check both.")).to_be_visible()

    # Found again, it opens with the new passphrase; what was open on it comes anew.
    await phone.get_by_label("Passphrase", exact=True).fill(ANOTHER)
    await press(phone, "Sign in")
    for text in ("After it.", "Before the phone was lost.", couple.entry):
        await expect(phone.get_by_text(text)).to_be_visible()


async def test_after_new_keys_sharing_goes_on_once_both_have_reconnected(couple: Couple, devices: Devices) -> None:
    laptop, desk = await devices.laptop(couple.origin), await devices.laptop(couple.origin)
    await sign_in(laptop, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(laptop.get_by_text(couple.entry)).to_be_visible()
    await begin(laptop, couple)
    await expect(laptop.get_by_role("heading", name="You have new keys")).to_be_visible()
    await press_link(laptop, "Done")
    await expect(laptop.get_by_text("You have new keys. Reconnect with Dr. Tidewell")).to_be_visible()
    await write(laptop, "Shared after new keys.")
    await choose(laptop, "To read")
    await expect(
        laptop.get_by_text("What you share waits here until Dr. Tidewell and you have reconnected.")
    ).to_be_visible()

    await sign_in(desk, couple.origin, couple.therapist.email, couple.therapist.passphrase)
    await expect(desk.get_by_text("has new keys").first).to_be_visible()
    await expect(desk.get_by_text("Shared after new keys.")).to_have_count(0)
    await desk.get_by_role("link", name="What to do").first.click()
    link = await make_link(desk)

    await laptop.goto(link)
    await press(laptop, "Yes, reconnect with Dr. Tidewell")
    await expect(laptop.get_by_text("You have answered Dr. Tidewell.")).to_be_visible()
    await visit(desk, couple.origin, "/to-read")
    await expect(desk.get_by_text("Shared after new keys.")).to_be_visible()


async def press_link(page: Page, name: str) -> None:
    await page.get_by_role("link", name=name, exact=True).click()


async def test_cut_off_in_the_middle_it_goes_on_after_a_reload(couple: Couple, devices: Devices) -> None:
    laptop = await devices.laptop(couple.origin)
    await sign_in(laptop, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(laptop.get_by_text(couple.entry)).to_be_visible()

    async def cut(route: Route) -> None:
        await devices.cut(laptop, off=True)
        await route.continue_()

    await laptop.route("**/api/account/rotation/finish", cut)
    await begin(laptop, couple)
    await expect(laptop.get_by_text("Cut off. It goes on where it was.")).to_be_visible()
    assert await found_here(laptop) == []
    await laptop.unroute("**/api/account/rotation/finish")
    await devices.cut(laptop, off=False)
    await visit(laptop, couple.origin, "/journal")
    await expect(laptop.get_by_text("Your new keys aren’t finished")).to_be_visible()
    await expect(laptop.get_by_text(couple.entry)).to_be_visible()
    await press_link(laptop, "Go on")
    await laptop.get_by_label("New passphrase").fill(ANOTHER)
    await press(laptop, "Go on")
    await expect(laptop.get_by_role("heading", name="You have new keys")).to_be_visible()
    await press_link(laptop, "Done")
    await expect(laptop.get_by_text(couple.entry)).to_be_visible()
    await expect(laptop.get_by_text("Your new keys aren’t finished")).to_have_count(0)
