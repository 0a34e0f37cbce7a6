"""A week of two people: written on a train, sent, read, answered, changed, taken back, and found again on an empty phone."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Devices, Practice
from tests.browser.people import Access, choose, entry_id, press, sign_in, visit
from tests.browser.profiles import app_is_here
from tests.browser.test_journey import PATIENT, QUESTION, THERAPIST, meet

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TRAIN = "Between two tunnels the sea came up."
LATER = " At home it was only rain."
WAITING = re.compile("It goes out when you’re online")


async def write_on_the_train(phone: Page, devices: Devices) -> str:
    """The first entry has no network; it goes out by itself. Returns its id."""
    await app_is_here(phone)
    await devices.cut(phone, off=True)
    await phone.get_by_role("link", name="Write", exact=True).first.click()
    await phone.get_by_label("Your words").press_sequentially(TRAIN)
    await press(phone, "Done")
    await expect(phone.get_by_text(WAITING).first).to_be_visible()
    await devices.cut(phone, off=False)
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    return entry_id(phone)


async def share(phone: Page, waiting: Page) -> None:
    """Shared for the first time: the agreement, then it is on the therapist's list and counted."""
    await choose(phone, "To read")
    await press(phone, "I have read it and accept")
    await expect(phone.get_by_text(f"You and {THERAPIST} · to read · not opened yet")).to_be_visible()
    await expect(waiting.get_by_role("link", name=PATIENT)).to_contain_text(TRAIN)


async def review_by_keys(laptop: Page, other: Page) -> None:
    """Read, answered and reviewed without leaving the keyboard; the therapist's other device follows."""
    await expect(other.get_by_text("1 to read", exact=True).first).to_be_attached()
    await laptop.keyboard.press("j")
    await expect(laptop.locator("article")).to_contain_text(TRAIN)
    await laptop.keyboard.press("r")
    await laptop.keyboard.type(QUESTION)
    await laptop.keyboard.press("Tab")
    await laptop.keyboard.press("Enter")
    await expect(laptop.get_by_role("region", name="Answers")).to_contain_text(QUESTION)
    await laptop.keyboard.press("e")
    for page in (laptop, other):
        await expect(page.get_by_text("1 to read", exact=True)).to_have_count(0)


async def change_after_review(phone: Page, laptop: Page, practice: Practice, entry: str) -> None:
    """The patient sees that it was read and answered, and changes it: it comes back, marked."""
    await expect(phone.get_by_text(f"You and {THERAPIST} · to read · read today")).to_be_visible()
    await expect(phone.get_by_text(QUESTION)).to_be_visible()
    await phone.get_by_role("link", name="Change it").click()
    await phone.get_by_label("Your words").press_sequentially(LATER)
    await press(phone, "Send the change")
    await expect(phone.locator("article")).to_contain_text(TRAIN + LATER)
    await visit(laptop, practice.origin, f"/to-read/{entry}")
    await expect(laptop.locator("article")).to_contain_text(TRAIN + LATER)
    await expect(laptop.locator("article")).to_contain_text("changed since you reviewed it")
    await expect(laptop.get_by_text("1 to read", exact=True).first).to_be_visible()


async def take_back_offline(phone: Page, laptop: Page, devices: Devices) -> None:
    """Asked for without a network, it waits and then closes at the therapist's."""
    await devices.cut(phone, off=True)
    await expect(phone.get_by_text("You’re offline.")).to_be_visible()
    await choose(phone, "Only you")
    await press(phone, "Take it back")
    await expect(phone.get_by_text("Waiting to be taken back. It closes when you’re online.")).to_be_visible()
    await expect(laptop.locator("article")).to_contain_text(TRAIN)
    await devices.cut(phone, off=False)
    await expect(laptop.get_by_text("This entry was taken back. It can no longer be opened.")).to_be_visible()
    await expect(laptop.get_by_text(TRAIN)).to_have_count(0)
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()


async def find_all_again(phone: Page, practice: Practice, patient: Access, entry: str) -> None:
    """The phone's store is emptied; the passphrase brings everything back."""
    await phone.goto("about:blank")
    emptying = await phone.context.new_cdp_session(phone)
    await emptying.send("Storage.clearDataForOrigin", {"origin": practice.origin, "storageTypes": "all"})
    await visit(phone, practice.origin, "/")
    await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    await sign_in(phone, practice.origin, patient.email, patient.passphrase)
    await phone.get_by_role("link").filter(has_text=TRAIN).click()
    assert entry_id(phone) == entry
    await expect(phone.locator("article")).to_contain_text(TRAIN + LATER)
    await expect(phone.get_by_text(QUESTION)).to_be_visible()
    await expect(phone.get_by_role("radio", name="Only you")).to_be_checked()
    await phone.get_by_role("link", name="You", exact=True).click()
    await expect(phone.get_by_role("link", name=THERAPIST).first).to_be_visible()


async def test_a_week_of_two_people(practice: Practice, devices: Devices) -> None:
    laptop, phone = await devices.laptop(practice.origin), await devices.phone(practice.origin)
    therapist, patient = await meet(laptop, phone, practice)
    entry = await write_on_the_train(phone, devices)

    tablet = await devices.laptop(practice.origin)
    await sign_in(tablet, practice.origin, patient.email, patient.passphrase)
    await expect(tablet.get_by_role("link").filter(has_text=TRAIN)).to_be_visible()

    await laptop.get_by_role("link", name="To read").click()
    await expect(laptop.get_by_text("Nothing is waiting to be read.")).to_be_visible()
    await share(phone, laptop)
    pocket = await devices.phone(practice.origin)
    await sign_in(pocket, practice.origin, therapist.email, therapist.passphrase)
    await review_by_keys(laptop, pocket)
    await change_after_review(phone, laptop, practice, entry)
    await take_back_offline(phone, laptop, devices)
    await find_all_again(phone, practice, patient, entry)
    await expect(tablet.get_by_role("link").filter(has_text=TRAIN + LATER)).to_be_visible()
