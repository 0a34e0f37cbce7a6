"""A device whose clock is wrong by hours or days gets in, stays in and proves who one is as any other: the server's clock counts."""

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from tests.browser.clocks import shift
from tests.browser.conftest import Couple, Devices
from tests.browser.passkeys import add, authenticator, make
from tests.browser.people import keep_kit, press, say_who, sign_in, visit, write
from tests.browser.test_kit import invited
from tests.browser.test_passkeys import lock, sign_out

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.parametrize("hours", [-30, -7, 9, 30]),
]


async def wrong_by(page: Page, hours: int) -> None:
    await shift(page, timedelta(hours=hours))


async def test_by_passphrase_and_kit(couple: Couple, devices: Devices, hours: int) -> None:
    phone = await devices.phone(couple.origin)
    devices.provokes(phone, 401)
    await wrong_by(phone, hours)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await write(phone, "By a clock of its own.")
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    # A session isn't over for a clock that says so.
    await phone.reload()
    await expect(phone.locator("article").get_by_text("By a clock of its own.")).to_be_visible()
    # A proof not older than five minutes, by the server's clock.
    await visit(phone, couple.origin, "/you/kit")
    await phone.get_by_label("Passphrase", exact=True).fill(couple.patient.passphrase)
    await press(phone, "Make a new kit")
    kit = await keep_kit(phone)
    await expect(phone.get_by_text("Your kit is in order.")).to_be_visible()
    await sign_out(devices, phone, couple.origin)
    await press(phone, "Use the recovery kit")
    await phone.get_by_label("E-mail").fill(couple.patient.email)
    await phone.get_by_label("Recovery kit").fill(kit)
    await press(phone, "Sign in")
    await expect(phone.get_by_text("You’re in. Set a new passphrase")).to_be_visible()


async def test_by_passkey(named_couple: Couple, devices: Devices, hours: int) -> None:
    phone = await devices.phone(named_couple.origin)
    devices.provokes(phone, 401)
    await authenticator(phone)
    await wrong_by(phone, hours)
    await sign_in(phone, named_couple.origin, named_couple.patient.email, named_couple.patient.passphrase)
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await add(phone, named_couple.origin, named_couple.patient.passphrase)
    await lock(phone, named_couple.origin)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_role("heading", name="You", exact=True)).to_be_visible()
    await sign_out(devices, phone, named_couple.origin)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()


async def test_signing_up_by_an_invitation_that_a_reload_interrupts(
    named_couple: Couple, devices: Devices, hours: int
) -> None:
    phone = await devices.phone(named_couple.origin)
    await authenticator(phone)
    await wrong_by(phone, hours)
    await phone.goto(await invited(named_couple))
    await expect(phone.get_by_role("button", name="Yes, it’s Dr. Tidewell")).to_be_visible()
    await phone.reload()
    await press(phone, "Yes, it’s Dr. Tidewell")
    await say_who(phone, "Beatriz", "beatriz@example.org")
    await make(phone)
    await keep_kit(phone)
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()


async def test_inviting(couple: Couple, devices: Devices, hours: int) -> None:
    """The invitation lasts seven days by the server's clock, and the therapist's device pins who answers by its own."""
    laptop, phone = await devices.laptop(couple.origin), await devices.phone(couple.origin)
    await wrong_by(laptop, hours)
    await sign_in(laptop, couple.origin, couple.therapist.email, couple.therapist.passphrase)
    await laptop.get_by_role("link", name="Patients", exact=True).click()
    await laptop.get_by_role("link", name="Invite someone").click()
    await laptop.get_by_label("Who it is for").fill("Beatriz")
    await laptop.get_by_label("I confirm that this person is 18 or older.").check()
    await press(laptop, "Make the invitation")
    await press(laptop, "Copy the link")
    link = await laptop.evaluate("navigator.clipboard.readText()")
    await phone.goto(link)
    await press(phone, "Yes, it’s Dr. Tidewell")
    await say_who(phone, "Beatriz", "beatriz@example.org")
    await press(phone, "Take these")
    await press(phone, "Make my journal")
    await keep_kit(phone)
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()
    await laptop.get_by_role("link", name="Patients", exact=True).click()
    await expect(laptop.get_by_role("link", name="Beatriz").first).to_be_visible()
