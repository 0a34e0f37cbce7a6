"""A way in that is removed on one device opens no other."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.barriers import found_here
from tests.browser.conftest import Couple, Devices, Practice
from tests.browser.passkeys import add, authenticator
from tests.browser.people import keep_kit, press, say_who, sign_in, visit
from tests.browser.test_passkeys import lock, sign_out

# What the screens do here is the same on either engine; the API's tests run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def two_devices(couple: Couple, devices: Devices) -> tuple[Page, Page]:
    """The patient's phone, on which a passkey was made, and their laptop, which has it too; both signed in."""
    phone, laptop = await devices.phone(couple.origin), await devices.laptop(couple.origin)
    first, second = await authenticator(phone), await authenticator(laptop)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await add(phone, couple.origin, couple.patient.passphrase)
    (copy,) = await first.credentials()
    await second.put(copy)
    await sign_in(laptop, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(laptop.get_by_text(couple.entry)).to_be_visible()
    return phone, laptop


async def remove(phone: Page) -> None:
    """Remove the one passkey from the list that is shown."""
    await phone.get_by_role("button", name="Remove").click()
    dialog = phone.get_by_role("dialog")
    await expect(dialog).to_contain_text("Those that it signed in are signed out; this one stays signed in.")
    await dialog.get_by_role("button", name="Remove").click()
    await expect(phone.get_by_text("Removed.", exact=True)).to_be_visible()


async def test_a_locked_laptop_hears_that_a_passkey_was_removed_on_the_phone(
    named_couple: Couple, devices: Devices
) -> None:
    phone, laptop = await two_devices(named_couple, devices)
    await lock(laptop, named_couple.origin)
    await expect(laptop.get_by_role("button", name="Use a passkey")).to_be_visible()
    await remove(phone)
    await expect(laptop.get_by_role("button", name="Use a passkey")).to_have_count(0)
    await laptop.get_by_label("Passphrase", exact=True).fill(named_couple.patient.passphrase)
    await press(laptop, "Unlock")
    await expect(laptop.get_by_role("heading", name="You", exact=True)).to_be_visible()


async def test_a_laptop_that_a_passkey_signed_in_is_signed_out_with_it(named_couple: Couple, devices: Devices) -> None:
    phone, laptop = await two_devices(named_couple, devices)
    await sign_out(devices, laptop, named_couple.origin)
    devices.provokes(laptop, 401)
    await press(laptop, "Use a passkey")
    # What a copy of this authenticator's gives isn't what the first one's does: it signs in, and that is what counts here.
    await laptop.get_by_label("Passphrase", exact=True).fill(named_couple.patient.passphrase)
    await press(laptop, "Open my journal")
    await expect(laptop.get_by_text(named_couple.entry)).to_be_visible()
    await remove(phone)
    await expect(laptop.get_by_text("This device was signed out.")).to_be_visible()


async def test_who_wants_no_passkey_chooses_a_passphrase_and_may_change_their_mind(
    named_practice: Practice, devices: Devices
) -> None:
    laptop = await devices.laptop(named_practice.origin)
    device = await authenticator(laptop)
    await laptop.goto(named_practice.begin_link)
    await say_who(laptop, "Dr. Tidewell", "therapist@example.org")
    await press(laptop, "Choose a passphrase instead")
    await expect(laptop.get_by_role("heading", name="Choose a passphrase")).to_be_visible()
    await press(laptop, "Use a passkey instead")
    await expect(laptop.get_by_role("heading", name="How you get in")).to_be_visible()
    await press(laptop, "Choose a passphrase instead")
    await laptop.get_by_label("Passphrase", exact=True).fill("barnacle wintering slate quay")
    await press(laptop, "Open the practice")
    await keep_kit(laptop)
    await press(laptop, "To the patients")
    assert await device.credentials() == []
    await visit(laptop, named_practice.origin, "/you/passkeys")
    await expect(laptop.get_by_text("You have no passkey yet.")).to_be_visible()
    await sign_out(devices, laptop, named_practice.origin)
    await sign_in(laptop, named_practice.origin, "therapist@example.org", "barnacle wintering slate quay")
    await expect(laptop.get_by_role("heading", name="To read")).to_be_visible()


async def test_devices_are_known_by_name_and_way_in_and_all_others_are_signed_out_at_once(
    named_couple: Couple, devices: Devices
) -> None:
    phone, laptop = await two_devices(named_couple, devices)
    third = await devices.phone(named_couple.origin)
    for other in (laptop, third):
        devices.provokes(other, 401)
    await visit(third, named_couple.origin, "/sign-in")
    await press(third, "Use the recovery kit")
    await third.get_by_label("E-mail").fill(named_couple.patient.email)
    await third.get_by_label("Recovery kit").fill(named_couple.patient.kit)
    await press(third, "Sign in")
    await expect(third.get_by_text("You’re in. Set a new passphrase")).to_be_visible()
    await visit(third, named_couple.origin, "/write")
    await third.get_by_label("Your words").press_sequentially("Not sent yet.")

    await visit(phone, named_couple.origin, "/you/devices")
    await expect(phone.get_by_text("by recovery kit")).to_be_visible()
    await expect(phone.get_by_text("Where a device is isn’t noted, here or on the server.")).to_be_visible()
    card = phone.locator("main li").filter(has_text="by recovery kit")
    await card.get_by_role("button", name="Rename").click()
    await phone.get_by_label("Name").fill("Kitchen tablet")
    await press(phone, "Save")
    await expect(phone.get_by_text("Kitchen tablet", exact=True)).to_be_visible()
    assert await found_here(phone) == []

    await press(phone, "Sign all others out")
    await expect(phone.get_by_text("All others are signed out.")).to_be_visible()
    await expect(phone.get_by_text("No other device is signed in.")).to_be_visible()
    await expect(laptop.get_by_text("This device was signed out.")).to_be_visible()
    # Signing out from elsewhere drops no word.
    await expect(third.get_by_text("This device was signed out.")).to_be_visible()
    await expect(third.get_by_label("Your words")).to_have_value("Not sent yet.")


async def test_a_sign_in_is_told_on_the_device_that_was_there(named_couple: Couple, devices: Devices) -> None:
    phone, laptop = await two_devices(named_couple, devices)
    told = phone.get_by_text("Someone signed in to your account on a new device: Chrome · Linux, today.")
    await expect(told).to_be_visible()
    await expect(laptop.get_by_text("Someone signed in to your account")).to_have_count(0)
    assert await found_here(phone) == []
    await phone.get_by_role("link", name="Look at my devices").click()
    await expect(phone.get_by_role("heading", name="Signed-in devices")).to_be_visible()
    await press(phone, "It was me")
    await expect(told).to_have_count(0)
    await phone.reload()
    await expect(phone.get_by_role("heading", name="Signed-in devices")).to_be_visible()
    await expect(told).to_have_count(0)
