"""The therapist's list by thumb; by keys it is in the journey."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import choose, press, sign_in, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FIRST, SECOND = "The ferry was late.", "Nobody minded."


async def share(phone: Page, words: str) -> None:
    await write(phone, words)
    await choose(phone, "To read")
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    await phone.get_by_role("button", name="Back").click()


async def test_by_thumb_entries_are_reviewed_one_after_the_other_and_each_can_be_undone(
    couple: Couple, devices: Devices
) -> None:
    theirs = await devices.phone(couple.origin)
    await sign_in(theirs, couple.origin, couple.patient.email, couple.patient.passphrase)
    for words in (FIRST, SECOND):
        await share(theirs, words)

    phone = await devices.phone(couple.origin)
    await sign_in(phone, couple.origin, couple.therapist.email, couple.therapist.passphrase)
    await expect(phone.get_by_text("2 to read", exact=True).first).to_be_visible()
    await phone.get_by_role("link").filter(has_text=FIRST).tap()
    article = phone.locator("article")
    await expect(article).to_contain_text(FIRST)
    await phone.get_by_role("button", name="Reviewed, next").tap()
    await expect(article).to_contain_text(SECOND)

    await phone.get_by_role("button", name="Not reviewed after all").tap()
    await expect(article).to_contain_text(FIRST)
    await phone.get_by_role("button", name="Reviewed, next").tap()
    await expect(article).to_contain_text(SECOND)
    await phone.get_by_role("button", name="Reviewed, next").tap()
    await expect(phone.get_by_text("Nothing is waiting to be read.")).to_be_visible()

    # Also after the last one, when the list is all there is.
    await press(phone, "Not reviewed after all")
    await expect(article).to_contain_text(SECOND)
    await phone.get_by_role("button", name="Back").click()
    await expect(phone.get_by_text("1 to read", exact=True).first).to_be_visible()
