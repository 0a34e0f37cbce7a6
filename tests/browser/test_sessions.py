"""Sessions: a therapist's laptop and a patient's phone side by side, with and without a network."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
import vobject
from aftertide.access import passphrase
from aftertide.account import Account
from aftertide.appointments import Session
from aftertide.client import Client
from aftertide.protocol.encoding import new_id
from playwright.async_api import Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.disclosure import all_bytes, found_in
from tests.browser.people import Access, press, sign_in, visit
from tests.browser.profiles import app_is_here

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MADRID = ZoneInfo("Europe/Madrid")
PLACE, BRING = "Lanternstreet 9, at the back", "The striped blanket"
FASTING, RIDE = "Nothing to eat from now on", "Somebody to take you home"
WISH = "Could it be after the school run?"
REASON = "The boiler has burst."
# Whether it is a phone is told by the name that a browser gives itself.
WAITS = re.compile(r"Confirmed on this (phone|device)\. It goes out when you’re online\.")


def in_days(days: int, time: str = "10:00") -> str:
    """A wall time of the practice, so many days from today."""
    return f"{datetime.now(MADRID).date() + timedelta(days=days)}T{time}"


def session(days: int) -> Session:
    """A session with all that can be said of one."""
    return Session(
        "dosing",
        in_days(days),
        MADRID.key,
        120,
        {
            "place": PLACE,
            "bring": BRING,
            "steps": [
                {"id": new_id(), "text": FASTING, "at": {"days_before": 0, "time": "06:00"}},
                {"id": new_id(), "text": RIDE},
            ],
        },
    )


@pytest_asyncio.fixture(loop_scope="session")
async def care(couple: Couple) -> AsyncIterator[Account]:
    """The therapist's account, for what a test doesn't do on the screens."""
    async with Client(couple.origin, device="made by a test") as client:
        account = await client.sign_in(couple.therapist.email, couple.therapist.passphrase)
        await account.sync()
        yield account


async def book(care: Account, *sessions: Session) -> None:
    """Book with the one patient of the couple."""
    [patient] = care.contacts
    await care.appointments.book(patient, sessions)


async def at(page: Page, couple: Couple, who: Access, place: str) -> Page:
    """Sign in and go to a place by the bar."""
    await sign_in(page, couple.origin, who.email, who.passphrase)
    await page.get_by_role("link", name=place, exact=True).click()
    await expect(page.get_by_role("heading", name=place, exact=True, level=1)).to_be_visible()
    return page


async def on_the_phone(devices: Devices, couple: Couple) -> Page:
    return await at(await devices.phone(couple.origin), couple, couple.patient, "Sessions")


async def on_the_laptop(devices: Devices, couple: Couple) -> Page:
    return await at(await devices.laptop(couple.origin), couple, couple.therapist, "Calendar")


async def test_a_series_is_laid_out_from_a_regimen_and_the_patient_sees_what_is_next(
    couple: Couple, devices: Devices
) -> None:
    phone = await on_the_phone(devices, couple)
    await expect(phone.get_by_text("No session is booked.")).to_be_visible()
    laptop = await on_the_laptop(devices, couple)
    await laptop.get_by_role("link", name="Book", exact=True).click()
    await press(laptop, "Book it")
    await expect(laptop.get_by_text("Choose whom it is for.")).to_be_visible()
    await expect(laptop.get_by_text("Choose a day and an hour.")).to_be_visible()

    await laptop.get_by_label("Patient", exact=True).select_option("Anahit")
    await laptop.get_by_label("What", exact=True).select_option("Six infusions in three weeks")
    await laptop.get_by_label("First date and hour").fill(in_days(10, "09:30"))
    await expect(laptop.get_by_role("heading", name="6 sessions")).to_be_visible()
    # Two of them are on days that don't suit: one is changed, one left out.
    await laptop.get_by_label("Session 2: date and hour").fill(in_days(14, "11:00"))
    await press(laptop, "Leave out session 6")
    await expect(laptop.get_by_role("heading", name="5 sessions")).to_be_visible()
    await laptop.get_by_label("Place", exact=True).fill(PLACE)
    await laptop.get_by_label("To bring").fill(BRING)
    await press(laptop, "Take away step 1")
    await expect(laptop.get_by_label("Step 1", exact=True)).to_have_value(FASTING)
    await press(laptop, "Book 5 sessions")
    await expect(laptop.get_by_role("link", name="Anahit")).to_have_count(5)

    await expect(phone.get_by_role("heading", name="In 10 days")).to_be_visible()
    for said in (PLACE, BRING, "09:30", "Is this time good for you?"):
        await expect(phone.locator("article").get_by_text(said)).to_be_visible()
    await expect(phone.get_by_label(FASTING)).to_be_visible()
    after = phone.get_by_role("region", name="After that").get_by_role("link")
    await expect(after).to_have_count(4)
    await expect(after.first).to_contain_text("11:00")
    assert found_in(await all_bytes(couple.practice.database_url), [PLACE, BRING, FASTING]) == []


async def test_it_is_confirmed_without_a_network_and_the_therapist_knows_once_there_is_one(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5))
    phone = await on_the_phone(devices, couple)
    await expect(phone.get_by_text("Is this time good for you?")).to_be_visible()
    laptop = await on_the_laptop(devices, couple)
    line = laptop.get_by_role("link", name="Anahit")
    await expect(line).to_contain_text("not confirmed")

    await app_is_here(phone)
    await devices.cut(phone, off=True)
    await expect(phone.get_by_text("Adding it to your calendar needs a connection.")).to_be_visible()
    await press(phone, "Confirm")
    await expect(phone.get_by_text(WAITS)).to_be_visible()
    await phone.reload()
    await expect(phone.get_by_text(WAITS)).to_be_visible()
    await expect(line).to_contain_text("not confirmed")

    await devices.cut(phone, off=False)
    await expect(phone.get_by_text("You confirmed this.")).to_be_visible()
    await expect(line).to_contain_text("Session · confirmed")


async def test_who_asks_for_another_time_is_answered_by_a_move_and_both_see_who_did_what(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5), session(8), session(12))
    phone = await on_the_phone(devices, couple)
    laptop = await on_the_laptop(devices, couple)
    await press(phone, "Ask for another time")
    await phone.get_by_label("A message, if you like").fill(WISH)
    await press(phone, "Ask")
    await expect(phone.get_by_text("You asked for another time. Waiting for Dr. Tidewell.")).to_be_visible()

    asking = laptop.get_by_role("link", name="asks for another time")
    await expect(asking).to_contain_text(WISH)
    await asking.click()
    await expect(laptop.get_by_text("Anahit asks for another time.")).to_be_visible()
    await press(laptop, "Move")
    await laptop.get_by_label("New date and hour").fill(in_days(6, "15:00"))
    await laptop.get_by_text("This one and those after").click()
    await expect(laptop.get_by_text("2 later sessions move by as many days")).to_be_visible()
    await press(laptop, "Move it")
    await expect(laptop.get_by_text("Anahit hasn’t confirmed this yet.")).to_be_visible()

    await expect(phone.get_by_role("heading", name="In 6 days")).to_be_visible()
    await expect(phone.get_by_text(re.compile(r"Dr\. Tidewell moved this\. It was on .*10:00"))).to_be_visible()
    await expect(phone.get_by_role("region", name="After that").get_by_role("link", name="15:00")).to_have_count(2)
    await press(phone, "What happened")
    await expect(phone.locator("ol li")).to_contain_text(
        ["Dr. Tidewell: moved", "You: asked for another time", "Dr. Tidewell: booked"]
    )
    await press(phone, "Confirm")
    await expect(phone.locator("ol li").first).to_contain_text("You: confirmed")
    await expect(phone.get_by_text("moved this.")).to_have_count(0)
    await press(laptop, "What happened")
    await expect(laptop.locator("ol li").first).to_contain_text("Anahit: confirmed")
    assert found_in(await all_bytes(couple.practice.database_url), [WISH]) == []


async def test_a_cancelled_session_says_why_to_the_patient_alone_and_can_be_booked_again(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5))
    phone = await on_the_phone(devices, couple)
    laptop = await on_the_laptop(devices, couple)
    await laptop.get_by_role("link", name="Anahit").click()
    await press(laptop, "Cancel it")
    await laptop.get_by_label("Why").fill(REASON)
    await press(laptop, "Cancel the session")
    await expect(laptop.get_by_text("You cancelled this.")).to_be_visible()

    await expect(phone.get_by_text("No session is booked.")).to_be_visible()
    await phone.get_by_role("link", name="cancelled").click()
    await expect(phone.get_by_text("Dr. Tidewell cancelled this.")).to_be_visible()
    await expect(phone.get_by_text(REASON)).to_be_visible()
    assert found_in(await all_bytes(couple.practice.database_url), [REASON]) == []

    await press(laptop, "Book it again after all")
    await expect(phone.get_by_text("Is this time good for you?")).to_be_visible()
    await expect(phone.get_by_text(REASON)).to_have_count(0)


async def test_steps_are_ticked_off_without_a_network_and_nobody_else_learns_of_it(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5))
    phone = await on_the_phone(devices, couple)
    await expect(phone.get_by_label(FASTING)).not_to_be_checked()
    await app_is_here(phone)
    await devices.cut(phone, off=True)
    await phone.get_by_label(RIDE).click()
    await expect(phone.get_by_label(RIDE)).to_be_checked()
    await phone.reload()
    await expect(phone.get_by_label(RIDE)).to_be_checked()
    await expect(phone.get_by_label(FASTING)).not_to_be_checked()
    await devices.cut(phone, off=False)
    await visit(phone, couple.origin, "/you")
    await expect(phone.get_by_text("Everything on this device has been sent.")).to_be_visible()

    other = await on_the_phone(devices, couple)
    await expect(other.get_by_label(RIDE)).to_be_checked()
    pulled = await care.sync()
    assert not pulled.faults
    assert not [record for record in care.journal.records.values() if record.kind == "readiness"]


async def test_a_session_goes_into_the_phones_own_calendar_as_a_file(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5))
    phone = await on_the_phone(devices, couple)
    async with phone.expect_download() as saving:
        await phone.get_by_role("link", name="Add to calendar").click()
    download = await saving.value
    text = (await download.path()).read_text(encoding="utf-8")
    event = vobject.readOne(text).vevent
    assert event.dtstart.value.astimezone(MADRID) == datetime.fromisoformat(in_days(5)).replace(tzinfo=MADRID)
    assert event.summary.value == "Appointment"
    assert found_in(text.encode(), [PLACE, "Tidewell"]) == []


async def test_the_private_feed_is_made_worded_renewed_and_ended(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5))
    phone = await on_the_phone(devices, couple)
    await phone.get_by_role("link", name="Your own calendar").click()
    await press(phone, "Make the address")
    address = await phone.locator(".address").inner_text()
    await expect(phone.get_by_role("link", name="Open in the calendar")).to_have_attribute(
        "href", address.replace("http:", "webcal:")
    )
    async with httpx.AsyncClient() as calendar:
        assert "SUMMARY:Appointment" in (await calendar.get(address)).text
        await phone.get_by_text("Which kind", exact=True).click()
        await expect(phone.get_by_text("Each session is called by its kind")).to_be_visible()
        assert "SUMMARY:Session" in (await calendar.get(address)).text

        await press(phone, "Make a new address")
        await phone.get_by_role("dialog").get_by_role("button", name="Make a new address").click()
        await expect(phone.locator(".address")).not_to_have_text(address)
        renewed = await phone.locator(".address").inner_text()
        assert (await calendar.get(address)).status_code == 404
        assert "SUMMARY:Session" in (await calendar.get(renewed)).text

        await press(phone, "End it")
        await phone.get_by_role("dialog").get_by_role("button", name="End it").click()
        await expect(phone.get_by_text("Ended. The address has stopped.")).to_be_visible()
        assert (await calendar.get(renewed)).status_code == 404
    await expect(phone.get_by_role("button", name="Make the address")).to_be_visible()


async def test_one_appointment_that_meets_another_is_marked_and_booked_all_the_same(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5))
    laptop = await on_the_laptop(devices, couple)
    await laptop.get_by_role("link", name="Anahit").click()
    await laptop.get_by_role("link", name="Patient’s page").click()
    await laptop.get_by_role("link", name="Book", exact=True).click()
    await expect(laptop.get_by_label("Patient", exact=True)).to_have_value(next(iter(care.contacts)))
    await laptop.get_by_label("Kind", exact=True).select_option("Check-in")
    await expect(laptop.get_by_label("Length in minutes")).to_have_value("30")
    await expect(laptop.get_by_label("Step 1", exact=True)).to_have_count(0)
    await laptop.get_by_label("Date and hour").fill(in_days(5, "11:45"))
    await expect(laptop.get_by_text("Overlaps with Anahit, 10:00.")).to_be_visible()
    await laptop.get_by_label("Link of a video call").fill("video.example.org")
    await press(laptop, "Book it")
    await expect(laptop.get_by_text("A link begins with https://")).to_be_visible()
    await laptop.get_by_label("Link of a video call").fill("https://video.example.org/r/7")
    await press(laptop, "Book it")
    await expect(laptop.get_by_role("link", name="Check-in")).to_contain_text("11:45")


async def test_dates_are_kept_as_a_regimen_of_ones_own_used_again_and_deleted(couple: Couple, devices: Devices) -> None:
    laptop = await on_the_laptop(devices, couple)
    await laptop.get_by_role("link", name="Book", exact=True).click()
    what = laptop.get_by_label("What", exact=True)
    await what.select_option("Course with lozenges")
    await laptop.get_by_label("First date and hour").fill(in_days(3))
    for number in range(14, 3, -1):
        await press(laptop, f"Leave out session {number}")
    await press(laptop, "Keep these dates as a regimen")
    await laptop.get_by_label("Its name").fill("Short course")
    await press(laptop, "Keep it")
    await expect(laptop.get_by_text("“Short course” is kept.")).to_be_visible()

    await visit(laptop, couple.origin, "/book")
    await what.select_option("Short course")
    await laptop.get_by_label("First date and hour").fill(in_days(20, "17:00"))
    await expect(laptop.locator("ol li")).to_contain_text(["Preparation session", "Preparation session", "Session"])
    await expect(laptop.get_by_label("Session 3: date and hour")).to_have_value(in_days(34, "17:00"))
    await press(laptop, "Delete this regimen")
    await laptop.get_by_role("dialog").get_by_role("button", name="Delete this regimen").click()
    await expect(what).to_have_value("one")
    await expect(what.get_by_role("option", name="Short course")).to_have_count(0)


async def test_after_the_third_session_held_the_plan_is_to_be_reviewed_until_the_therapist_has(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, *(session(day) for day in (-9, -5, -2, 3, 6)))
    laptop = await on_the_laptop(devices, couple)
    unsettled = laptop.locator("section", has=laptop.get_by_role("heading", name="Kept or missed?"))
    for left in (2, 1, 0):
        await unsettled.get_by_role("link").first.click()
        await press(laptop, "Kept")
        await expect(laptop.get_by_text("Marked as kept.")).to_be_visible()
        await expect(unsettled.get_by_role("link")).to_have_count(left)
    notice = laptop.get_by_text("Three sessions held. Time to review the plan?")
    await expect(notice).to_be_visible()
    await press(laptop, "Undo")
    await expect(notice).to_have_count(0)
    await press(laptop, "Kept")
    await laptop.get_by_role("link", name="Patient’s page").click()
    await expect(laptop.get_by_role("heading", name="Anahit")).to_be_visible()
    await expect(notice).to_be_visible()
    await laptop.get_by_role("button", name="The plan is reviewed").click()
    await expect(notice).to_have_count(0)
    await visit(laptop, couple.origin, "/calendar")
    await expect(laptop.get_by_role("link", name="Anahit").first).to_be_visible()
    await expect(notice).to_have_count(0)


async def test_a_patient_elsewhere_sees_the_practices_time_and_whose_it_is(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5))
    phone = await at(
        await devices.phone(couple.origin, timezone_id="America/Vancouver"), couple, couple.patient, "Sessions"
    )
    article = phone.locator("article")
    await expect(article).to_contain_text("10:00")
    await expect(article).to_contain_text("Madrid time")


async def test_a_patient_reads_that_the_therapists_account_is_closed_and_its_sessions_dont_stand(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5), session(12))
    phone = await on_the_phone(devices, couple)
    await expect(phone.get_by_text("Is this time good for you?")).to_be_visible()

    await care.access.erase(passphrase(couple.therapist.passphrase))
    await expect(phone.get_by_text("No session is booked.")).to_be_visible()
    closed = phone.get_by_text("Dr. Tidewell’s account is closed")
    await phone.reload()
    await expect(closed).to_be_visible()
    await expect(phone.get_by_text("The sessions planned with them no longer stand")).to_be_visible()
    await visit(phone, couple.origin, "/you/reminders/history")
    await expect(phone.get_by_text("Not wanted any more: your therapist’s account was closed").first).to_be_visible()
    await press(phone, "Close")
    await expect(closed).to_have_count(0)
    await visit(phone, couple.origin, "/sessions")
    await expect(phone.get_by_text("No session is booked.")).to_be_visible()
    await expect(closed).to_have_count(0)


async def test_a_therapist_reads_that_a_patients_account_is_closed_and_whose_page_it_was(
    couple: Couple, devices: Devices, care: Account
) -> None:
    await book(care, session(5))
    laptop = await on_the_laptop(devices, couple)
    await expect(laptop.get_by_role("link", name="Anahit")).to_be_visible()
    async with Client(couple.origin, device="made by a test") as client:
        patient = await client.sign_in(couple.patient.email, couple.patient.passphrase)
        await patient.access.erase(passphrase(couple.patient.passphrase))

    await expect(laptop.get_by_text("Nothing is booked.")).to_be_visible()
    await laptop.reload()
    closed = laptop.get_by_text("Anahit’s account is closed")
    await expect(closed).to_be_visible()
    await expect(laptop.get_by_text("Their sessions are no longer in your calendar")).to_be_visible()
    await press(laptop, "Close")
    await expect(closed).to_have_count(0)
    await laptop.get_by_role("link", name="Patients", exact=True).click()
    line = laptop.get_by_role("link", name="Anahit")
    await expect(line).to_contain_text("account closed")
    await line.click()
    await expect(closed).to_be_visible()
    await expect(laptop.get_by_role("link", name="Book", exact=True)).to_have_count(0)
