"""A device that locks as soon as it is left: nothing to read in the app switcher, and back at the same place."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.barriers import found_here
from tests.browser.conftest import Couple, Devices, Practice
from tests.browser.people import keep_kit, press, say_who, sign_in, visit, write

# What the screens do here is the same on either engine; the API's tests run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

LEAVE = """() => {
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
  // What a switcher's picture would show, taken at once.
  return [...document.querySelectorAll('body *')].filter((one) => getComputedStyle(one).visibility !== 'hidden').length;
}"""
COME_BACK = """() => {
  delete document.visibilityState;
  document.dispatchEvent(new Event('visibilitychange'));
}"""


async def leave(page: Page) -> int:
    """Put the app out of sight; how many elements could still be seen at that moment."""
    return int(await page.evaluate(LEAVE))


async def unlock(page: Page, passphrase: str) -> None:
    await expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    await page.get_by_label("Passphrase", exact=True).fill(passphrase)
    await press(page, "Unlock")


async def careful_phone(couple: Couple, devices: Devices) -> Page:
    """The patient's phone, set to lock as soon as it is left."""
    phone = await devices.phone(couple.origin)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await phone.get_by_role("link", name="You", exact=True).click()
    choice = phone.get_by_label("Lock this device by itself")
    await expect(choice.locator("option:checked")).to_have_text("12 hours")
    await choice.select_option("As soon as it is left")
    await expect(phone.get_by_text("Then the app switcher shows nothing of it either")).to_be_visible()
    return phone


async def test_left_it_is_blank_at_once_and_comes_back_locked_to_the_same_entry(
    couple: Couple, devices: Devices
) -> None:
    phone = await careful_phone(couple, devices)
    assert await found_here(phone) == []
    await phone.get_by_role("link", name="Journal", exact=True).click()
    await write(phone, "Kept behind the lock.")
    here = phone.url
    assert await leave(phone) == 0
    await phone.evaluate(COME_BACK)
    await expect(phone.get_by_text("Kept behind the lock.")).to_have_count(0)
    await unlock(phone, couple.patient.passphrase)
    await expect(phone.locator("article").get_by_text("Kept behind the lock.")).to_be_visible()
    assert phone.url == here


async def test_what_is_being_written_is_gone_from_the_screen_and_there_again_after_unlocking(
    couple: Couple, devices: Devices
) -> None:
    phone = await careful_phone(couple, devices)
    await phone.get_by_role("link", name="Write", exact=True).click()
    await phone.get_by_label("Your words").press_sequentially("Half a sentence")
    assert await leave(phone) == 0
    await phone.evaluate(COME_BACK)
    await expect(phone.get_by_label("Your words")).to_have_count(0)
    await unlock(phone, couple.patient.passphrase)
    await expect(phone.get_by_label("Your words")).to_have_value("Half a sentence")


async def test_words_written_while_locked_are_not_shown_to_who_takes_the_phone_next(
    couple: Couple, devices: Devices
) -> None:
    phone = await careful_phone(couple, devices)
    await press(phone, "Lock now")
    await phone.get_by_role("link", name="Write without unlocking").click()
    await phone.get_by_label("Your words").press_sequentially("Not for you")
    await expect(phone.get_by_label("Your words")).to_have_value("Not for you")
    assert await leave(phone) == 0
    await phone.evaluate(COME_BACK)
    await expect(phone.get_by_label("Your words")).to_have_count(0)
    # Help and writing are there without a key.
    await press(phone, "Help")
    await expect(phone.get_by_role("dialog", name="Help")).to_be_visible()
    await phone.keyboard.press("Escape")
    await unlock(phone, couple.patient.passphrase)
    await expect(phone.get_by_label("Your words")).to_have_value("Not for you")


async def test_a_reload_locks_where_leaving_does_and_not_where_it_does_not(couple: Couple, devices: Devices) -> None:
    phone = await careful_phone(couple, devices)
    await phone.reload()
    await unlock(phone, couple.patient.passphrase)
    choice = phone.get_by_label("Lock this device by itself")
    await expect(choice.locator("option:checked")).to_have_text("As soon as it is left")
    await choice.select_option("5 minutes")
    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_text(couple.entry)).to_be_visible()


@pytest.mark.parametrize("others_look", [True, False])
async def test_one_question_at_sign_up_sets_what_is_safe_and_all_of_it_can_be_changed(
    practice: Practice, devices: Devices, *, others_look: bool
) -> None:
    phone = await devices.phone(practice.origin)
    await phone.goto(practice.begin_link)
    await say_who(phone, "Dr. Tidewell", "therapist@example.org", others_look=others_look)
    await phone.get_by_label("Passphrase", exact=True).fill("barnacle wintering slate quay")
    await press(phone, "Open the practice")
    await keep_kit(phone)
    await press(phone, "To the patients")
    # A visit would be a reload, which locks.
    await phone.evaluate("history.pushState(null, '', '/you'); dispatchEvent(new PopStateEvent('popstate'));")
    choice = phone.get_by_label("Lock this device by itself")
    await expect(choice.locator("option:checked")).to_have_text(
        "As soon as it is left" if others_look else "15 minutes"
    )
    await choice.select_option("15 minutes")
    await phone.get_by_role("link", name="Reminders").click()
    await expect(phone.get_by_role("switch", name="on the notice")).to_be_checked(checked=not others_look)


async def test_nobody_is_led_to_an_answer_to_the_question(practice: Practice, devices: Devices) -> None:
    phone = await devices.phone(practice.origin)
    await phone.goto(practice.begin_link)
    await phone.get_by_label("Your name").fill("Dr. Tidewell")
    await phone.get_by_label("E-mail").fill("therapist@example.org")
    await press(phone, "Continue")
    await press(phone, "It’s right")
    await expect(phone.get_by_role("heading", name="Does anyone else use this")).to_be_visible()
    looks = [
        await phone.get_by_role("button", name=name).get_attribute("class") for name in ("Yes, or maybe", "No, only me")
    ]
    assert looks[0] == looks[1]
    assert await found_here(phone) == []
