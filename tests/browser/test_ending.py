"""The end of working together, on the screens: asked on another day, and what stays with whom."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from aftertide.account import Account
from aftertide.appointments import Session
from aftertide.client import Client
from playwright.async_api import Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import choose, press, sign_in, visit

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MADRID = ZoneInfo("Europe/Madrid")
WORDS = "I was there with you."


async def book_today(care: Account) -> None:
    """A dosing session late in this day."""
    [patient] = care.contacts
    today = datetime.now(MADRID).date()
    await care.appointments.book(patient, [Session("dosing", f"{today}T23:59", MADRID.key, 60, {})])


async def open_ending(page: Page, name: str) -> None:
    await press(page, "End working together")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(page.get_by_role("dialog").get_by_role("heading", name=name)).to_be_visible()


async def test_a_patient_who_ends_it_today_keeps_what_was_written_to_them(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await phone.get_by_text(couple.entry).click()
    await choose(phone, "To read")
    await expect(phone.get_by_text("Dr. Tidewell", exact=False).first).to_be_visible()
    async with Client(couple.origin, device="made by a test") as client:
        care = await client.sign_in(couple.therapist.email, couple.therapist.passphrase)
        await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
        await care.sync()
        [entry] = care.journal.shared("entry")
        await care.comment(entry.id, WORDS)
        await expect(phone.get_by_text(WORDS)).to_be_visible()
        await book_today(care)

        await phone.get_by_role("link", name="You", exact=True).click()
        await phone.get_by_role("link", name="Dr. Tidewell").click()
        await expect(phone.get_by_role("heading", name="Dr. Tidewell")).to_be_visible()
        await open_ending(phone, "Decide tomorrow?")
        await press(phone, "Tomorrow")
        await expect(phone.get_by_role("dialog")).to_have_count(0)
        await open_ending(phone, "Decide tomorrow?")
        await press(phone, "Go on today")
        dialog = phone.get_by_role("dialog")
        await expect(dialog.get_by_text("What Dr. Tidewell wrote to you stays in your journal.")).to_be_visible()
        await expect(dialog.get_by_text("For 14 days Dr. Tidewell can still read what you shared")).to_be_visible()
        await dialog.get_by_role("switch", name="Close it now instead").click()
        await expect(dialog.get_by_text("For 14 days Dr. Tidewell can still read what you shared")).to_have_count(0)
        await dialog.get_by_role("button", name="End working together").click()
        await expect(phone.get_by_role("dialog")).to_have_count(0)
        await expect(phone.get_by_role("button", name="End working together")).to_have_count(0)

        await care.sync()
        assert care.journal.shared("entry") == []
    await phone.get_by_role("link", name="Journal", exact=True).click()
    await phone.get_by_text(couple.entry).click()
    await expect(phone.locator("section").filter(has_text=WORDS).get_by_text("Dr. Tidewell")).to_be_visible()
    await phone.get_by_role("link", name="Sessions", exact=True).click()
    await expect(phone.get_by_text("Cancelled", exact=False).first).to_be_visible()


async def test_erasing_is_asked_about_tomorrow_on_the_day_of_a_dosing_session(couple: Couple, devices: Devices) -> None:
    async with Client(couple.origin, device="made by a test") as client:
        care = await client.sign_in(couple.therapist.email, couple.therapist.passphrase)
        await care.sync()
        await book_today(care)
    phone = await devices.phone(couple.origin)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await visit(phone, couple.origin, "/you/erase")
    await expect(phone.get_by_role("heading", name="Decide tomorrow?")).to_be_visible()
    await expect(phone.get_by_role("button", name="Erase everything")).to_have_count(0)
    await press(phone, "Tomorrow")
    await expect(phone.get_by_role("heading", name="You", exact=True)).to_be_visible()
    await visit(phone, couple.origin, "/you/erase")
    await press(phone, "Go on today")
    await expect(phone.get_by_role("button", name="Erase everything")).to_be_visible()


async def test_a_therapist_is_told_what_they_can_still_file(couple: Couple, devices: Devices) -> None:
    laptop = await devices.laptop(couple.origin)
    await sign_in(laptop, couple.origin, couple.therapist.email, couple.therapist.passphrase)
    await laptop.get_by_role("link", name="Patients", exact=True).click()
    await laptop.get_by_role("link", name="Anahit nothing shared").click()
    await laptop.get_by_role("link", name="How the key was verified").click()
    await open_ending(laptop, "End working with Anahit?")
    await expect(
        laptop.get_by_role("dialog").get_by_text("For 14 days you can still read what was shared")
    ).to_be_visible()
    await expect(laptop.get_by_role("switch")).to_have_count(0)
    await laptop.get_by_role("dialog").get_by_role("button", name="End working together").click()
    await expect(laptop.get_by_role("button", name="End working together")).to_have_count(0)
