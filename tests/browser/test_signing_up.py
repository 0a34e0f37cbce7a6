"""Signing up on a phone, from the opened invitation to the journal: how many taps, keys and seconds it takes."""

from typing import Literal

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.counting import count, documented
from tests.browser.passkeys import authenticator
from tests.browser.people import asked_group, shown_kit
from tests.browser.test_kit import invited

NAME = "Anahit"
EMAIL = "anahit@example.org"
# Five short words, as somebody chooses them.
CHOSEN = "pier salt lamp rope tide"
Way = Literal["passkey", "five words", "a passphrase of one's own"]
TWO_MINUTES = 120
MOST_TAPS = 10
MOST_TYPED = 60


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


async def say_who_by_thumb(page: Page) -> None:
    """As a thumb does it: the name's field is waiting for it."""
    await expect(page.get_by_label("Your name")).to_be_focused()
    await page.keyboard.type(NAME)
    await page.get_by_label("E-mail").tap()
    await page.keyboard.type(EMAIL)
    await button(page, "Continue").tap()


async def look_at_the_email(page: Page) -> None:
    """It stands alone and larger than what is around it, and nothing is made before somebody has said that it is right."""
    shown = page.get_by_text(EMAIL, exact=True)
    await expect(shown).to_be_visible()
    sizes = [
        await one.evaluate("(one) => Number.parseFloat(getComputedStyle(one).fontSize)")
        for one in (shown, page.get_by_text("You sign in with it. Check each letter."))
    ]
    assert sizes[0] >= 20
    assert sizes[0] > sizes[1]
    assert await shown.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    await button(page, "It’s right").tap()


async def choose_a_way_in(page: Page, way: Way) -> None:
    if way == "passkey":
        await button(page, "Make the passkey").tap()
        return
    await expect(button(page, "Take these")).to_be_visible()
    if way == "five words":
        await button(page, "Take these").tap()
    else:
        await page.get_by_label("Passphrase", exact=True).tap()
        await page.keyboard.type(CHOSEN)
    await button(page, "Make my journal").tap()


async def keep_the_kit(page: Page) -> None:
    kit = await shown_kit(page)
    async with page.expect_download():
        await page.get_by_role("link", name="Save as a picture").tap()
    await button(page, " ".join(await asked_group(page, kit))).tap()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("way", ["passkey", "five words", "a passphrase of one's own"])
async def test_signing_up_takes_no_more_taps_and_keys_than_the_page_says_and_less_than_two_minutes(
    named_couple: Couple, devices: Devices, way: Way
) -> None:
    phone = await devices.phone(named_couple.origin)
    if way == "passkey":
        await authenticator(phone)
    counted = await count(phone)
    await phone.goto(await invited(named_couple))
    await button(phone, "Yes, it’s Dr. Tidewell").tap()
    await say_who_by_thumb(phone)
    await look_at_the_email(phone)
    await button(phone, "No, only me").tap()
    await choose_a_way_in(phone, way)
    await keep_the_kit(phone)
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()

    figures = documented()[way]
    assert (counted.of["taps"], counted.of["typed"], counted.of["device asks"]) == figures[:3]
    # A line is a few words more or fewer where it is broken elsewhere.
    assert counted.of["words"] == pytest.approx(figures.words, rel=0.05)
    assert counted.seconds() == pytest.approx(figures.seconds, rel=0.05)
    assert counted.of["taps"] <= MOST_TAPS
    assert counted.of["typed"] <= MOST_TYPED
    assert counted.seconds() < TWO_MINUTES


def test_the_page_holds_itself_to_the_limits() -> None:
    figures = documented()
    assert set(figures) == {"passkey", "five words", "a passphrase of one's own"}
    for way in figures.values():
        assert way.taps <= MOST_TAPS
        assert way.typed <= MOST_TYPED
        assert way.seconds < TWO_MINUTES
