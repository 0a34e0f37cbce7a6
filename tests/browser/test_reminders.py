"""Reminders on a phone: turned on, changed, shown by the service worker, answered there, by mail, and told of when they fail."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import press, sign_in, visit
from tests.browser.reminded import (
    TAP,
    ask,
    book,
    go_to_reminders,
    reminded,
    shown,
    state_of,
    therapists_laptop,
    until,
    wake,
)
from tests.mail_server import MailServer, mail_server, text_of
from tests.push_service import PushService, push_service

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)

MAILED = "(await (await fetch('/api/reminders')).json()).some(({ channel }) => channel === 'mail')"


@dataclass
class Outside:
    """What is outside the house: a push service and a mail server."""

    push: PushService
    mail: MailServer


@pytest_asyncio.fixture(loop_scope="session")
async def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outside]:
    """Both run before the server starts, which is told where they are."""
    async with push_service(tmp_path / "push") as push, mail_server() as mail:
        for name, value in push.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AFTERTIDE_SMTP", f"smtp://127.0.0.1:{mail.port}")
        monkeypatch.setenv("AFTERTIDE_MAIL_FROM", "Aftertide <reminders@journal.example.org>")
        yield Outside(push, mail)


async def test_a_test_arrives_is_shown_and_is_accounted_for(outside: Outside, couple: Couple, devices: Devices) -> None:
    phone = await reminded(devices, couple, outside.push)
    await phone.allow()
    await press(phone.page, "Send me a test")
    said = await phone.take()
    assert [(one["title"], one["body"], one["tag"]) for one in await shown(phone.page)] == [
        (said["title"], said["body"], said["tag"])
    ]
    await expect(phone.page.get_by_text(re.compile(r"^Shown at \d\d:\d\d\.$"))).to_be_visible()
    await phone.page.get_by_role("link", name="What became of each").click()
    line = phone.page.locator(".line", has_text="A test")
    await expect(line).to_contain_text("Shown today")


async def test_what_cannot_be_read_is_shown_all_the_same(outside: Outside, couple: Couple, devices: Devices) -> None:
    phone = await reminded(devices, couple, outside.push)
    await phone.deliver("no JSON at all")
    (notice,) = await shown(phone.page)
    assert (notice["title"], notice["body"]) == ("Aftertide", "There is something for you. Open the app.")


async def test_a_button_on_the_notice_confirms_with_the_app_closed(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await wake(phone.page)
    await phone.allow()
    therapist = await therapists_laptop(devices, couple)
    appointment = await book(therapist, days=6)
    said = await phone.take()
    assert "confirm" in [one["action"] for one in said["actions"]]
    worker = phone.worker
    await phone.page.close()
    await worker.evaluate(TAP, "confirm")
    assert await worker.evaluate(
        "async () => (await self.registration.getNotifications()).map(({ body }) => body)"
    ) == ["Confirmed."]
    assert await state_of(therapist, appointment) == "confirmed"
    listed = await ask(therapist, "GET", f"/api/appointments/{appointment}/history")
    assert [one["what"] for one in listed] == ["confirmed", "booked"]


async def test_a_button_on_a_notice_of_another_time_changes_nothing_and_says_so(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await wake(phone.page)
    await phone.allow()
    therapist = await therapists_laptop(devices, couple)
    appointment = await book(therapist, days=6)
    await phone.take()
    await ask(therapist, "POST", f"/api/appointments/{appointment}/outcome", {"version": 1, "outcome": "cancelled"})
    await phone.tap("confirm")
    (notice,) = await shown(phone.page)
    assert notice["body"] == "This appointment has begun, has another time or is off. Open the app."
    assert await state_of(therapist, appointment) == "cancelled"


async def test_without_a_connection_the_notice_says_that_it_did_not_go_out(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await wake(phone.page)
    await phone.allow()
    therapist = await therapists_laptop(devices, couple)
    appointment = await book(therapist, days=6)
    said = await phone.take()
    await devices.cut(phone.page, off=True)
    await phone.tap("confirm")
    (notice,) = await shown(phone.page)
    assert notice["body"] == "That didn’t go out. Open the app."
    assert notice["data"] == said["data"], "a tap on it couldn't open the page to say it again"
    assert await state_of(therapist, appointment) == "proposed"


async def test_the_page_of_a_notice_acts_on_a_press_and_never_on_being_opened(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await wake(phone.page)
    await phone.allow()
    therapist = await therapists_laptop(devices, couple)
    appointment = await book(therapist, days=6)
    said = await phone.take()
    # On somebody's other phone, where nobody is signed in.
    page = await devices.phone(couple.origin)
    await page.goto(said["navigate"])
    await expect(page.get_by_role("heading", name="A reminder")).to_be_visible()
    assert page.url == f"{couple.origin}/notice"
    assert await state_of(therapist, appointment) == "proposed"
    await press(page, "Confirm")
    await expect(page.get_by_text("Confirmed.")).to_be_visible()
    assert await state_of(therapist, appointment) == "confirmed"
    await expect(page.get_by_role("button", name="Confirm")).to_have_count(0)


async def test_rules_and_quiet_hours_are_changed_in_plain_sentences_and_stay(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    page = (await reminded(devices, couple, outside.push)).page
    await go_to_reminders(page)
    sessions = page.get_by_role("region", name="Before each session")
    await sessions.locator(".line", has_text="The day before at 18:00").get_by_role("button").click()
    await sessions.get_by_label("At what time").fill("20:30")
    await sessions.get_by_role("button", name="Save").click()
    await expect(sessions.get_by_text("The day before at 20:30", exact=True)).to_be_visible()
    await sessions.get_by_role("button", name="Add one").click()
    await sessions.get_by_text("Hours before", exact=True).click()
    await sessions.get_by_label("How long before").select_option("30")
    await sessions.get_by_role("button", name="Save").click()
    await expect(sessions.get_by_text("30 minutes before", exact=True)).to_be_visible()
    await sessions.locator(".line", has_text="2 hours before").get_by_role("button").click()
    await sessions.get_by_role("button", name="Remove").click()
    await expect(sessions.get_by_text("2 hours before", exact=True)).to_have_count(0)

    nudge = page.get_by_role("switch", name=re.compile("^A moment for yourself"))
    await nudge.click()
    await expect(nudge).to_be_checked()
    await page.get_by_role("button", name=re.compile("^Change.+A moment for yourself")).click()
    form = page.locator("form")
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"):
        await form.get_by_text(day, exact=True).click()
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Choose at least one day.")).to_be_visible()
    await form.get_by_text("Sun", exact=True).click()
    await expect(form.get_by_role("checkbox", name="Sunday")).to_be_checked()
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("switch", name="A moment for yourself: Sundays at 20:00")).to_be_checked()

    await page.get_by_role("switch", name="Keep quiet hours").click()
    await expect(page.get_by_text("Reminders come at any hour.")).to_be_visible()
    await page.get_by_text("Plainer").click()
    await expect(page.get_by_text("Integration session")).to_be_visible()

    await visit(page, couple.origin, "/you/reminders")
    await expect(sessions.locator(".line > p")).to_have_text(["The day before at 20:30", "30 minutes before"])
    await expect(page.get_by_text("Reminders come at any hour.")).to_be_visible()
    await expect(page.get_by_role("radio", name="Plainer")).to_be_checked()
    settings = await ask(page, "GET", "/api/reminders/settings")
    assert {rule["weekdays"] for rule in settings["rules"] if rule["kind"] == "nudge"} == {0b1000000}


async def test_what_another_device_changed_meanwhile_is_told_and_not_overwritten(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    page = (await reminded(devices, couple, outside.push)).page
    await go_to_reminders(page)
    settings = await ask(page, "GET", "/api/reminders/settings")
    await ask(page, "PUT", "/api/reminders/settings", {**settings, "quiet": {"start": "21:00", "to": "07:00"}})
    devices.provokes(page, 409)
    await page.get_by_role("switch", name="Confirm and “In one hour” on the notice").click()
    told = page.locator(".notice", has_text="Changed on another device meanwhile")
    await expect(told).to_contain_text("Now: From 21:00 to 07:00 nothing rings.")
    await expect(page.get_by_role("switch", name="Confirm and “In one hour” on the notice")).to_be_checked()
    await told.get_by_role("button", name="Close").click()
    await page.get_by_role("switch", name="Confirm and “In one hour” on the notice").click()
    await expect(page.get_by_role("switch", name="Confirm and “In one hour” on the notice")).not_to_be_checked()
    kept = await ask(page, "GET", "/api/reminders/settings")
    assert (kept["buttons"], kept["quiet"]) == (False, {"start": "21:00", "to": "07:00"})


async def test_reminders_follow_another_zone_only_when_somebody_says_so(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    page = (await reminded(devices, couple, outside.push, timezone_id="Europe/Lisbon")).page
    await ask(page, "PUT", "/api/account/preferences", {"locale": "en", "time_zone": "Europe/Madrid"})
    await go_to_reminders(page)
    await expect(page.get_by_text("Your phone is in Lisbon. Reminders follow Madrid time.")).to_be_visible()
    assert (await ask(page, "GET", "/api/account"))["time_zone"] == "Europe/Madrid"
    await press(page, "Follow this phone")
    await expect(page.get_by_text("Reminders follow Lisbon time.")).to_be_visible()
    assert (await ask(page, "GET", "/api/account"))["time_zone"] == "Europe/Lisbon"


async def test_a_subscription_that_died_is_renewed_at_the_next_start(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await phone.allow()
    await phone.page.evaluate("localStorage.removeItem('test-subscribed')")
    await visit(phone.page, couple.origin, "/you")
    await until(phone.page, "localStorage.getItem('test-subscribed') !== null")


async def test_one_that_cannot_be_renewed_is_told_above_every_screen_until_it_is_turned_on(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await phone.allow()
    await phone.page.evaluate(
        "localStorage.removeItem('test-subscribed'); localStorage.setItem('test-gives-none', 'yes')"
    )
    await visit(phone.page, couple.origin, "/journal")
    await expect(phone.page.get_by_text("This device stopped taking reminders.")).to_be_visible()
    await phone.page.get_by_role("link", name="Turn them on again").click()
    await expect(phone.page.get_by_role("button", name="Turn them on again")).to_be_visible()
    await phone.page.evaluate("localStorage.removeItem('test-gives-none')")
    await press(phone.page, "Turn them on again")
    await expect(phone.page.get_by_text("Reminders show up here.")).to_be_visible()
    await phone.page.get_by_role("link", name="Journal").click()
    await expect(phone.page.get_by_text(couple.entry)).to_be_visible()
    await expect(phone.page.get_by_text("This device stopped taking reminders.")).to_have_count(0)


async def test_a_device_that_signs_out_leaves_nothing_for_whoever_comes_next(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await phone.allow()
    await phone.page.get_by_role("link", name="You", exact=True).click()
    devices.provokes(phone.page, 401)
    await press(phone.page, "Sign out")
    await phone.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(phone.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await until(phone.page, "localStorage.getItem('test-subscribed') === null")


async def test_an_iphone_is_told_that_it_must_be_on_the_home_screen(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin, user_agent=IPHONE)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await go_to_reminders(phone)
    await expect(phone.get_by_text("reminders come once Aftertide is on the home screen")).to_be_visible()
    await expect(phone.get_by_role("button", name="Allow reminders")).to_have_count(0)


async def test_somebody_who_refused_is_told_how_to_change_it(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    await phone.context.add_init_script(
        "Object.defineProperty(Notification, 'permission', { get: () => localStorage.getItem('test-permission') ?? 'denied' })"
    )
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await go_to_reminders(phone)
    await expect(phone.get_by_text("Press the sign at the left of the address, and allow")).to_be_visible()
    await expect(phone.get_by_text("E-mail can stand in meanwhile.")).to_be_visible()
    await phone.evaluate("localStorage.setItem('test-permission', 'default')")
    await press(phone, "I have changed it")
    await expect(phone.get_by_role("button", name="Allow reminders")).to_be_visible()


def link_in(mail: MailServer, pattern: str) -> str:
    """The link of this form in the last letter."""
    found = re.search(pattern, text_of(mail.letters[-1]))
    assert found, text_of(mail.letters[-1])
    return found.group()


async def test_an_address_is_confirmed_by_a_press_and_mail_stopped_by_another(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    page = (await reminded(devices, couple, outside.push)).page
    await wake(page)
    await go_to_reminders(page)
    await press(page, "Confirm the address")
    await expect(page.get_by_text(f"An e-mail is on its way to {couple.patient.email}.")).to_be_visible()

    elsewhere = await devices.laptop(couple.origin)
    await elsewhere.goto(link_in(outside.mail, r"http://\S+/mail#confirm=\S+"))
    await expect(elsewhere.get_by_role("heading", name="Confirm this address")).to_be_visible()
    assert elsewhere.url == f"{couple.origin}/mail"
    assert (await ask(page, "GET", "/api/mail"))["confirmed"] is None, "opening the link confirmed it"
    await press(elsewhere, "Confirm")
    await expect(elsewhere.get_by_text("Confirmed. Reminders can come to this address now.")).to_be_visible()

    await visit(page, couple.origin, "/you/reminders")
    await expect(page.get_by_role("switch", name="E-mail stands in")).to_be_checked()
    # No device takes reminders: a session's change comes by mail at once.
    therapist = await therapists_laptop(devices, couple)
    await book(therapist, days=6)
    await until(page, MAILED)
    await elsewhere.goto(link_in(outside.mail, r"http://\S+/mail/stop/\S+"))
    await expect(elsewhere.get_by_role("heading", name="Stop these e-mails")).to_be_visible()
    assert (await ask(page, "GET", "/api/mail"))["stopped"] is None, "opening the link stopped them"
    await press(elsewhere, "Stop them")
    await expect(elsewhere.get_by_text("Stopped. You can start them again")).to_be_visible()

    await visit(page, couple.origin, "/you/reminders")
    await press(page, "Start again")
    await expect(page.get_by_role("switch", name="E-mail stands in")).to_be_checked()
    devices.provokes(elsewhere, 404)
    await elsewhere.goto(f"{couple.origin}/mail/stop/{'x' * 43}")
    await press(elsewhere, "Stop them")
    await expect(elsewhere.get_by_text("This link isn’t valid any more.")).to_be_visible()


async def test_a_first_session_brings_one_offer_that_says_why_before_the_browser_asks(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    offer = phone.page.get_by_text("Shall this device remind you of your sessions?")
    await expect(offer).to_have_count(0)
    await book(await therapists_laptop(devices, couple), days=6)
    await visit(phone.page, couple.origin, "/journal")
    await expect(offer).to_be_visible()
    await press(phone.page, "Not now")
    await expect(offer).to_have_count(0)
    await visit(phone.page, couple.origin, "/journal")
    await expect(phone.page.get_by_text(couple.entry)).to_be_visible()
    await until(phone.page, "performance.getEntriesByName(location.origin + '/api/push/subscription').length > 0")
    await expect(offer).to_have_count(0)


async def test_the_day_before_a_long_session_a_phone_that_takes_nothing_says_so(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await book(await therapists_laptop(devices, couple), days=0.4)
    told = phone.page.get_by_text("Reminders of your next session don’t reach you here")
    await visit(phone.page, couple.origin, "/journal")
    await expect(told).to_be_visible()
    await phone.page.get_by_role("link", name="See to it").click()
    await press(phone.page, "Allow reminders")
    await expect(phone.page.get_by_text("Reminders show up here.")).to_be_visible()
    await phone.page.get_by_role("link", name="Journal").click()
    await expect(phone.page.get_by_text(couple.entry)).to_be_visible()
    await expect(told).to_have_count(0)


async def test_a_therapist_sees_whom_reminders_may_not_reach_and_who_has_not_confirmed(
    outside: Outside, couple: Couple, devices: Devices
) -> None:
    phone = await reminded(devices, couple, outside.push)
    await wake(phone.page)
    therapist = await therapists_laptop(devices, couple)
    await book(therapist, days=6)
    await visit(therapist, couple.origin, "/patients")
    standing = therapist.get_by_role("region", name="Before the next sessions")
    await expect(standing).to_contain_text("Reminders may not reach Anahit: no device, no confirmed e-mail.")
    await expect(standing).to_contain_text("Anahit hasn’t confirmed")
    await phone.allow()
    await visit(therapist, couple.origin, "/patients")
    # What the booking told went nowhere, and nothing was shown since.
    await standing.get_by_text("Reminders may not reach Anahit: the last one was shown nowhere.").click()
    await expect(therapist.get_by_role("heading", name="Anahit")).to_be_visible()
    await expect(
        therapist.get_by_text("Reminders may not reach Anahit: the last one was shown nowhere.")
    ).to_be_visible()
    await press(phone.page, "Send me a test")
    await phone.take()
    await expect(phone.page.get_by_text(re.compile(r"^Shown at"))).to_be_visible()
    await visit(therapist, couple.origin, "/patients")
    await expect(standing).to_contain_text("Reminders may not reach Anahit: one way only")
