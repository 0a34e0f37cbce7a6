"""The recovery kit: saved in one tap, checked, put off, asked for again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from aftertide.account import Account
from aftertide.appointments import Session
from aftertide.client import Client
from playwright.async_api import Page, expect

from tests.browser.barriers import found_here
from tests.browser.clocks import shift
from tests.browser.conftest import Couple, Devices, Practice
from tests.browser.passkeys import authenticator, make
from tests.browser.people import Access, asked_group, keep_kit, pick_group, press, say_who, shown_kit, sign_in, visit

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MADRID = ZoneInfo("Europe/Madrid")
STILL = "Do you still have your recovery kit?"
NOT_KEPT = "Your recovery kit isn’t kept yet"
LATER = "Later, before my first dosing session"
# A phone's own sheet, as far as a page sees it; what is shared is noted.
SHARE_SHEET = """
navigator.canShare = ({ files }) => files.length === 1;
navigator.share = async ({ files: [file], ...rest }) => {
  if (document.documentElement.dataset.closes) throw new DOMException("closed", "AbortError");
  const [first] = new Uint8Array(await file.arrayBuffer());
  document.documentElement.dataset.shared = JSON.stringify([file.name, file.type, first, Object.keys(rest)]);
};
window.print = () => { document.documentElement.dataset.printed = document.querySelector(".printed-only").textContent; };
"""


@asynccontextmanager
async def therapist(couple: Couple) -> AsyncIterator[Account]:
    """The therapist, by program."""
    async with Client(couple.origin, device="made by a test") as client:
        account = await client.sign_in(couple.therapist.email, couple.therapist.passphrase)
        await account.sync()
        yield account
        await account.access.sign_out()


async def invited(couple: Couple) -> str:
    """A link for another patient."""
    async with therapist(couple) as account:
        return (await account.invitations.invite("Dr. Tidewell", "Beatriz", adult=True)).link


async def settle(couple: Couple) -> None:
    """Have the therapist's device pin who has joined."""
    async with therapist(couple) as account:
        await account.invitations.settle()


async def to_the_kit(page: Page, link: str) -> Access:
    """Sign up by an invitation with the five words that are offered, up to the kit on the screen."""
    await page.goto(link)
    await press(page, "Yes, it’s Dr. Tidewell")
    await say_who(page, "Beatriz", "beatriz@example.org")
    await press(page, "Take these")
    passphrase = await page.get_by_label("Passphrase", exact=True).input_value()
    await press(page, "Make my journal")
    return Access("beatriz@example.org", passphrase, await shown_kit(page))


async def in_the_journal(page: Page, origin: str) -> None:
    """Open the journal anew, and wait until its notices are there."""
    await visit(page, origin, "/journal")
    await expect(page.get_by_role("heading", name="Journal", exact=True)).to_be_visible()


async def days_on(page: Page, origin: str, days: float) -> None:
    """So many days from now, by the clock of this device, in the journal."""
    await shift(page, timedelta(days=days))
    await in_the_journal(page, origin)


async def quiet(page: Page) -> None:
    """Nothing is asked about the kit, also once everything has come."""
    # Opened anew: the list of sessions is the last thing that a round fetches, and what a notice goes by is there then.
    async with page.expect_response(lambda answer: answer.url.endswith("/api/appointments")):
        await page.reload()
    await expect(page.get_by_role("heading", name="Journal", exact=True)).to_be_visible()
    await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    for question in (STILL, NOT_KEPT):
        await expect(page.get_by_text(question)).to_have_count(0)


async def test_each_way_to_save_a_kit_takes_one_tap(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    await phone.context.add_init_script(SHARE_SHEET)
    access = await to_the_kit(phone, await invited(couple))
    assert await found_here(phone) == []
    told = phone.locator("html")
    await expect(phone.get_by_role("button", name="I have kept it")).to_have_count(0)

    # Who closes the sheet stays where they are, and is told nothing.
    await phone.evaluate("document.documentElement.dataset.closes = 'yes'")
    await press(phone, "Share it to a safe place")
    await expect(phone.get_by_role("alert")).to_have_count(0)
    assert await shown_kit(phone) == access.kit
    await phone.evaluate("delete document.documentElement.dataset.closes")
    await press(phone, "Share it to a safe place")
    await expect(phone.get_by_text("Is it at hand?")).to_be_visible()
    # A picture (PNG begins with 0x89) and nothing beside it that an app could put into an address.
    await expect(told).to_have_attribute("data-shared", '["aftertide-recovery-kit.png","image/png",137,[]]')
    assert await found_here(phone) == []

    await press(phone, "Show it again")
    async with phone.expect_download() as saving:
        await phone.get_by_role("link", name="Save as a picture").click()
    picture = (await (await saving.value).path()).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == 1080

    await press(phone, "Show it again")
    await press(phone, "Print")
    printed = await told.get_attribute("data-printed") or ""
    assert access.kit in printed
    assert access.email in printed

    await press(phone, "Other ways")
    await press(phone, "Copy")
    assert await phone.evaluate("navigator.clipboard.readText()") == access.kit
    async with phone.expect_download() as saving:
        await phone.get_by_role("link", name="Save as a file").click()
    assert access.kit in (await (await saving.value).path()).read_text(encoding="utf-8")
    await pick_group(phone, await asked_group(phone, access.kit))
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()


async def test_a_wrong_group_is_said_calmly_and_asks_for_another(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    access = await to_the_kit(phone, await invited(couple))
    async with phone.expect_download():
        await phone.get_by_role("link", name="Save as a picture").click()
    await expect(phone.locator("ol.kit")).to_be_hidden()
    for _ in range(4):
        right = await asked_group(phone, access.kit)
        groups = [
            text.replace(" ", "") for text in await phone.get_by_role("group").locator(".only-heard").all_inner_texts()
        ]
        assert groups.count(right) == 1
        assert len(set(groups)) == 3
        await pick_group(phone, next(group for group in groups if group != right))
        await expect(phone.get_by_text("That one isn’t in your kit at this place.")).to_be_visible()
        assert await asked_group(phone, access.kit) != right
    await pick_group(phone, await asked_group(phone, access.kit))
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()


async def test_who_has_a_passphrase_may_put_it_off_until_the_first_session_is_near(
    couple: Couple, devices: Devices
) -> None:
    phone = await devices.phone(couple.origin)
    access = await to_the_kit(phone, await invited(couple))
    await press(phone, LATER)
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()
    await quiet(phone)
    await visit(phone, couple.origin, "/you")
    await expect(phone.get_by_text(NOT_KEPT)).to_be_visible()

    await settle(couple)
    day = datetime.now(MADRID) + timedelta(days=9)
    async with therapist(couple) as account:
        (beatriz,) = [one for one in account.contacts.values() if one.name == "Beatriz"]
        session = Session("dosing", f"{day:%Y-%m-%d}T11:00", MADRID.key, 60, {})
        await account.appointments.book(beatriz.account, [session])
    await in_the_journal(phone, couple.origin)
    await quiet(phone)
    await days_on(phone, couple.origin, 2)
    await expect(phone.get_by_text(NOT_KEPT)).to_be_visible()
    # On the day of the session and the day after nobody is asked anything.
    for days in (9, 10):
        await days_on(phone, couple.origin, days)
        await quiet(phone)
    await days_on(phone, couple.origin, 11)
    await expect(phone.get_by_text(NOT_KEPT)).to_have_count(1)
    assert await found_here(phone) == []

    await phone.get_by_role("link", name="Make a new one").click()
    await phone.get_by_label("Passphrase", exact=True).fill(access.passphrase)
    await press(phone, "Make a new kit")
    assert await keep_kit(phone) != access.kit
    await expect(phone.get_by_text("Your kit is in order.")).to_be_visible()
    await in_the_journal(phone, couple.origin)
    await quiet(phone)


async def test_who_has_only_a_passkey_keeps_a_kit_at_once(named_practice: Practice, devices: Devices) -> None:
    """A therapist has no first session to wait for, and a patient's passkey goes with its phone."""
    laptop = await devices.laptop(named_practice.origin)
    await authenticator(laptop)
    await laptop.goto(named_practice.begin_link)
    await say_who(laptop, "Dr. Tidewell", "therapist@example.org")
    await make(laptop)
    await keep_kit(laptop)
    await press(laptop, "To the patients")
    await laptop.get_by_role("link", name="Invite someone").click()
    await laptop.get_by_label("Who it is for").fill("Anahit")
    await laptop.get_by_label("I confirm that this person is 18 or older.").check()
    await press(laptop, "Make the invitation")
    await press(laptop, "Copy the link")
    link = await laptop.evaluate("navigator.clipboard.readText()")

    phone = await devices.phone(named_practice.origin)
    await authenticator(phone)
    await phone.goto(link)
    await press(phone, "Yes, it’s Dr. Tidewell")
    await say_who(phone, "Anahit", "patient@example.org")
    await make(phone)
    await shown_kit(phone)
    await expect(phone.get_by_text("Save as a picture")).to_be_visible()
    await expect(phone.get_by_role("button", name=LATER)).to_have_count(0)


async def test_a_kit_is_asked_for_after_two_weeks_and_twice_a_year_on_all_devices_alike(
    couple: Couple, devices: Devices
) -> None:
    phone, laptop = await devices.phone(couple.origin), await devices.laptop(couple.origin)
    for page in (phone, laptop):
        await sign_in(page, couple.origin, couple.patient.email, couple.patient.passphrase)
        await expect(page.get_by_text(couple.entry)).to_be_visible()
        await quiet(page)
        await days_on(page, couple.origin, 15)
        await expect(page.get_by_text(STILL)).to_have_count(1)
    # One notice at a time: what a stranger may have done comes first.
    await press(phone, "It was me")
    await expect(phone.get_by_text(STILL)).to_have_count(1)
    assert await found_here(phone) == []

    await press(phone, "In a week")
    for page in (phone, laptop):
        await expect(page.get_by_text(STILL)).to_have_count(0)
    await days_on(phone, couple.origin, 23)
    await phone.get_by_role("link", name="I have it").click()
    kit = couple.patient.kit
    await phone.get_by_label("Recovery kit").fill(kit[:-1] + ("0" if kit[-1] != "0" else "1"))
    await press(phone, "Check it")
    await expect(phone.get_by_text("A character of the kit is missing or mistyped.")).to_be_visible()
    await phone.get_by_label("Recovery kit").fill(kit.lower().replace("-", " "))
    await devices.cut(phone, off=True)
    await press(phone, "Check it")
    await expect(phone.get_by_text("Your kit is in order. Good. You’re asked again in half a year.")).to_be_visible()
    await devices.cut(phone, off=False)
    await days_on(phone, couple.origin, 23 + 180)
    await quiet(phone)
    for page in (phone, laptop):
        await days_on(page, couple.origin, 23 + 183)
        await expect(page.get_by_text(STILL)).to_have_count(1)
    await laptop.get_by_role("link", name="I have it").click()
    await press(laptop, "I still have it, it isn’t at hand")
    await expect(laptop.get_by_text("Good. You’re asked again in half a year.")).to_be_visible()
    await in_the_journal(phone, couple.origin)
    await quiet(phone)
