"""Getting in and out: lock, sign-out, passphrase, kit, devices, erasing."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import Access, keep_kit, press, sign_in, visit, write

# What the screens do here is the same on either engine; the journey runs on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def sign_in_with_kit(page: Page, origin: str, access: Access) -> None:
    """Sign in by the recovery kit, typed as people type it."""
    await visit(page, origin, "/sign-in")
    await press(page, "Use the recovery kit")
    await page.get_by_label("E-mail").fill(access.email)
    await page.get_by_label("Recovery kit").fill(access.kit.lower().replace("-", " "))
    await press(page, "Sign in")


async def test_a_locked_journal_takes_words_and_shows_none(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    devices.provokes(phone, 401)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()

    await phone.get_by_role("link", name="You", exact=True).click()
    await press(phone, "Lock now")
    await expect(phone.get_by_role("heading", name="Locked")).to_be_visible()
    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_role("heading", name="Locked")).to_be_visible()
    await expect(phone.get_by_text(couple.entry)).to_have_count(0)

    await phone.get_by_role("link", name="Write without unlocking").click()
    await phone.get_by_label("Your words").press_sequentially("Written at the door.")
    await press(phone, "Done")
    await expect(phone.get_by_role("heading", name="Locked")).to_be_visible()
    await expect(phone.get_by_text("Written at the door.")).to_have_count(0)

    await phone.get_by_label("Passphrase", exact=True).fill("not the passphrase at all")
    await press(phone, "Unlock")
    await expect(phone.get_by_text("That doesn’t fit. Check what you typed.")).to_be_visible()
    await phone.get_by_label("Passphrase", exact=True).fill(couple.patient.passphrase)
    await press(phone, "Unlock")
    await expect(phone.get_by_text("Written at the door.")).to_be_visible()
    await expect(phone.get_by_text(couple.entry)).to_be_visible()


async def test_a_new_device_says_of_when_the_journal_is(couple: Couple, devices: Devices) -> None:
    first = await devices.phone(couple.origin)
    # A list is saved every ten minutes at most, and there is one from a moment ago.
    await first.add_init_script("const now = Date.now; Date.now = () => now() + 20 * 60_000")
    await sign_in(first, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(first.get_by_text("Your journal as of")).to_be_visible()
    await press(first, "Close")
    await write(first, "Put away after this.")
    await expect(first.get_by_text("Sent", exact=True)).to_be_visible()
    await first.get_by_role("link", name="You", exact=True).click()
    async with first.expect_response(lambda answer: answer.request.method == "PUT" and "/api/records/" in answer.url):
        await press(first, "Lock now")

    laptop = await devices.laptop(couple.origin)
    await sign_in(laptop, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(laptop.get_by_text("Put away after this.")).to_be_visible()
    await expect(laptop.get_by_text("Your journal as of")).to_be_visible()
    await expect(laptop.get_by_text("Everything that your devices had noted by then is here.")).to_be_visible()
    await press(laptop, "Close")
    await expect(laptop.get_by_text("Your journal as of")).to_have_count(0)
    await laptop.reload()
    await expect(laptop.get_by_text("Put away after this.")).to_be_visible()
    await expect(laptop.get_by_text("Your journal as of")).to_have_count(0)


async def test_after_signing_out_the_passphrase_or_the_kit_opens_the_same_journal(
    couple: Couple, devices: Devices
) -> None:
    phone = await devices.phone(couple.origin)
    devices.provokes(phone, 401)
    await sign_in(phone, couple.origin, couple.patient.email, "not the passphrase at all")
    await expect(phone.get_by_text("E-mail and passphrase don’t fit together.")).to_be_visible()
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()

    await phone.get_by_role("link", name="You", exact=True).click()
    await press(phone, "Sign out")
    await phone.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(phone.get_by_text(couple.entry)).to_have_count(0)

    # With the kit a new passphrase is set at once; the old one opens nothing any more.
    await sign_in_with_kit(phone, couple.origin, couple.patient)
    await expect(phone.get_by_text("You’re in. Set a new passphrase")).to_be_visible()
    await phone.get_by_label("New passphrase").fill("pebble orchard ninety lantern")
    await press(phone, "Change it")
    await expect(phone.get_by_text("Changed. Use the new one from now on.")).to_be_visible()
    await phone.get_by_role("link", name="Done").click()
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    other = await devices.phone(couple.origin)
    devices.provokes(other, 401)
    await sign_in(other, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(other.get_by_text("E-mail and passphrase don’t fit together.")).to_be_visible()
    await sign_in(other, couple.origin, couple.patient.email, "pebble orchard ninety lantern")
    await expect(other.get_by_text(couple.entry)).to_be_visible()


async def test_a_device_is_signed_out_from_another_one_and_is_told(couple: Couple, devices: Devices) -> None:
    phone, laptop = await devices.phone(couple.origin), await devices.laptop(couple.origin)
    devices.provokes(laptop, 401)
    for page in (phone, laptop):
        await sign_in(page, couple.origin, couple.patient.email, couple.patient.passphrase)
        await expect(page.get_by_text(couple.entry)).to_be_visible()

    await phone.get_by_role("link", name="You", exact=True).click()
    await phone.get_by_role("link", name="Signed-in devices").click()
    await expect(phone.get_by_text("This device")).to_be_visible()
    await phone.get_by_role("button", name="Sign it out").click()
    await expect(phone.get_by_text("Signed out.", exact=True)).to_be_visible()
    await expect(phone.get_by_text("No other device is signed in.")).to_be_visible()
    await expect(laptop.get_by_text("This device was signed out. Your words are still here.")).to_be_visible()

    # A changed passphrase signs the others out as well.
    await laptop.get_by_role("link", name="Sign in").click()
    await laptop.get_by_label("Passphrase", exact=True).fill(couple.patient.passphrase)
    await press(laptop, "Sign in")
    await expect(laptop.get_by_text(couple.entry)).to_be_visible()
    await visit(phone, couple.origin, "/you/passphrase")
    await phone.get_by_label("Current passphrase").fill(couple.patient.passphrase)
    await phone.get_by_label("New passphrase").fill("pebble orchard ninety lantern")
    await press(phone, "Change it")
    await expect(phone.get_by_text("Changed. Use the new one from now on.")).to_be_visible()
    await expect(laptop.get_by_text("This device was signed out. Your words are still here.")).to_be_visible()


async def test_a_new_kit_replaces_the_old_one(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await visit(phone, couple.origin, "/you/kit")
    await phone.get_by_label("Passphrase", exact=True).fill(couple.patient.passphrase)
    await press(phone, "Make a new kit")
    kit = await keep_kit(phone)
    await expect(phone.get_by_text("Your kit is in order.")).to_be_visible()

    other = await devices.phone(couple.origin)
    devices.provokes(other, 401)
    await sign_in_with_kit(other, couple.origin, couple.patient)
    await expect(other.get_by_text("E-mail and kit don’t fit together.")).to_be_visible()
    await sign_in_with_kit(other, couple.origin, Access(couple.patient.email, "", kit))
    await expect(other.get_by_text("You’re in. Set a new passphrase")).to_be_visible()


async def test_an_erased_account_is_gone(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    devices.provokes(phone, 401)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await phone.get_by_role("link", name="You", exact=True).click()
    await phone.get_by_role("link", name="Erase my account").click()
    await phone.get_by_label("Passphrase", exact=True).fill(couple.patient.passphrase)
    await press(phone, "Erase everything")
    await expect(phone.get_by_text("Type “erase” to go on.")).to_be_visible()
    await phone.get_by_label("Type “erase”").fill("erase")
    await press(phone, "Erase everything")
    await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text("E-mail and passphrase don’t fit together.")).to_be_visible()
    await expect(phone.get_by_text(couple.entry)).to_have_count(0)
