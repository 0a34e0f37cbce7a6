"""A connection that is slow, or gone: no word is lost, nobody is sent from where they are."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import choose, press, sign_in, write
from tests.browser.profiles import app_is_here

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# Stands in for a network that goes as the worker's script is on its way.
REGISTERS_IN_VAIN = """
const register = navigator.serviceWorker.register.bind(navigator.serviceWorker);
navigator.serviceWorker.register = () => {
  navigator.serviceWorker.register = register;
  window.registeredInVain = true;
  return Promise.reject(new TypeError("the script can't be fetched"));
};
"""
WAITING = re.compile("It goes out when you’re online")


async def test_what_is_written_shared_and_taken_back_without_a_connection_goes_out_later(
    couple: Couple, devices: Devices
) -> None:
    phone, laptop = await devices.phone(couple.origin), await devices.laptop(couple.origin)
    await sign_in(laptop, couple.origin, couple.therapist.email, couple.therapist.passphrase)
    await expect(laptop.get_by_text("Nothing is waiting to be read.")).to_be_visible()
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await write(phone, "Written at home.")
    await choose(phone, "To read")
    await expect(laptop.get_by_role("link", name="Anahit")).to_contain_text("Written at home.")
    await laptop.get_by_role("link", name="Anahit").click()

    await devices.cut(phone, off=True)
    await expect(phone.get_by_text("You’re offline.")).to_be_visible()
    await choose(phone, "Only you")
    await press(phone, "Take it back")
    await expect(phone.get_by_text("Waiting to be taken back.")).to_be_visible()
    await phone.get_by_role("button", name="Back").click()
    await write(phone, "Written on the train.")
    await choose(phone, "To read")
    await expect(phone.get_by_text(WAITING).first).to_be_visible()
    await expect(phone.get_by_text("to read · not sent yet")).to_be_visible()

    await devices.cut(phone, off=False)
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    await expect(laptop.get_by_text("This entry was taken back. It can no longer be opened.")).to_be_visible()
    await expect(laptop.get_by_role("link", name="Anahit")).to_contain_text("Written on the train.")


async def test_who_writes_before_the_sign_in_is_done_is_not_sent_back(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    go_on = asyncio.Event()

    async def slowly(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await phone.route("**/api/changes*", slowly)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase, at="/")
    await phone.get_by_role("link", name="Write", exact=True).first.click()
    words = phone.get_by_label("Your words")
    await words.press_sequentially("Begun early")
    async with phone.expect_response("**/api/changes*"):
        go_on.set()
    await expect(phone.get_by_role("radio", name="Only you")).to_be_attached()
    await words.press_sequentially(", and ended here.")
    await expect(words).to_have_value("Begun early, and ended here.")
    await press(phone, "Done")
    await expect(phone.locator("article")).to_contain_text("Begun early, and ended here.")


async def test_what_was_agreed_long_ago_and_comes_late_is_not_asked_again(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    go_on = asyncio.Event()

    async def slowly(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    # What others have written is looked at once the lists are there.
    await phone.route("**/api/appointments*", slowly)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await phone.get_by_role("link").filter(has_text=couple.entry).click()
    await choose(phone, "To read")
    await expect(phone.get_by_role("dialog", name="Before you share")).to_be_visible()
    go_on.set()
    await expect(phone.get_by_role("dialog")).to_have_count(0)
    await expect(phone.get_by_text("It is on Dr. Tidewell’s reading list.")).to_be_visible()


async def test_what_a_lost_connection_kept_from_coming_comes_with_the_next_one(
    couple: Couple, devices: Devices
) -> None:
    phone = await devices.phone(couple.origin)
    await phone.add_init_script(REGISTERS_IN_VAIN)
    refused = asyncio.Event()

    async def cut_once(route: Route) -> None:
        await devices.cut(phone, off=True)
        await route.abort("internetdisconnected")
        await phone.unroute("**/assets/begin-*.js")
        refused.set()

    await phone.route("**/assets/begin-*.js", cut_once)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await refused.wait()
    await devices.cut(phone, off=False)
    await phone.wait_for_function("() => window.registeredInVain")
    await devices.cut(phone, off=True)
    await devices.cut(phone, off=False)
    await app_is_here(phone)
