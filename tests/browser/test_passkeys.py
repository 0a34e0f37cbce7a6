"""Passkeys on the screens, with the authenticator that Chromium brings for tests."""

import json

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.barriers import found_by_axe, found_here
from tests.browser.conftest import Couple, Devices, Practice
from tests.browser.passkeys import Posted, Prf, add, authenticator, make
from tests.browser.people import keep_kit, press, say_who, sign_in, visit, write

# What the screens do here is the same on either engine; the API's tests run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ASKED = "No passkey was used. If you stopped, or it took too long, try again."


async def lock(page: Page, origin: str) -> None:
    """Lock from the menu."""
    await visit(page, origin, "/you")
    await press(page, "Lock now")
    await expect(page.get_by_role("heading", name="Locked")).to_be_visible()


async def sign_out(devices: Devices, page: Page, origin: str) -> None:
    """Sign out from the menu; a look at the server that is under way may still be refused then."""
    devices.provokes(page, 401)
    await visit(page, origin, "/you")
    await press(page, "Sign out")
    await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def with_passkey(couple: Couple, devices: Devices, *, prf: Prf = "at once") -> Page:
    """The patient's phone, signed in, with a passkey added."""
    phone = await devices.phone(couple.origin)
    await authenticator(phone, prf=prf)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await add(phone, couple.origin, couple.patient.passphrase, once_more=prf == "when used")
    return phone


@pytest.mark.parametrize("prf", ["at once", "when used"])
async def test_signing_up_by_passkey_asks_for_no_passphrase_and_signs_in_without_an_email(
    named_practice: Practice, devices: Devices, prf: Prf
) -> None:
    laptop = await devices.laptop(named_practice.origin)
    posted = Posted()
    posted.watch(laptop)
    await authenticator(laptop, prf=prf)
    await laptop.goto(named_practice.begin_link)
    await say_who(laptop, "Dr. Tidewell", "therapist@example.org")
    await expect(laptop.get_by_role("heading", name="How you get in")).to_be_visible()
    await expect(laptop.get_by_text("Step 4 of 5")).to_be_visible()
    await make(laptop, once_more=prf == "when used")
    await keep_kit(laptop)
    await press(laptop, "To the patients")
    await expect(laptop.get_by_text("Nobody here yet. Invite the first person.")).to_be_visible()

    await sign_out(devices, laptop, named_practice.origin)
    await press(laptop, "Use a passkey")
    await expect(laptop.get_by_role("heading", name="To read")).to_be_visible()
    await visit(laptop, named_practice.origin, "/you")
    await expect(laptop.get_by_text("Dr. Tidewell · therapist@example.org")).to_be_visible()
    await expect(laptop.get_by_role("link", name="Set a passphrase")).to_be_visible()

    # What opens the account was never posted.
    answers = posted.answers()
    assert len(answers) == 2
    assert all(answer["clientExtensionResults"] == {} for answer in answers)
    assert not any('"prf"' in body for _, body in posted.bodies)


async def test_a_locked_device_opens_by_passkey_without_network_at_the_same_entry(
    named_couple: Couple, devices: Devices
) -> None:
    phone = await with_passkey(named_couple, devices)
    await visit(phone, named_couple.origin, "/journal")
    await write(phone, "Kept behind the lock.")
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    here = phone.url
    await phone.evaluate("history.pushState(null, '', '/you'); dispatchEvent(new PopStateEvent('popstate'));")
    await press(phone, "Lock now")
    await expect(phone.get_by_role("heading", name="Locked")).to_be_visible()
    await phone.evaluate(
        "(to) => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }", here
    )
    await expect(phone.get_by_text("Kept behind the lock.")).to_have_count(0)

    await devices.cut(phone, off=True)
    await press(phone, "Use a passkey")
    await expect(phone.locator("article").get_by_text("Kept behind the lock.")).to_be_visible()
    assert phone.url == here


@pytest.mark.parametrize("prf", ["at once", "when used"])
async def test_a_passkey_is_added_renamed_used_and_removed(named_couple: Couple, devices: Devices, prf: Prf) -> None:
    phone = await with_passkey(named_couple, devices, prf=prf)
    devices.provokes(phone, 401)
    card = phone.locator("main li").filter(has_text="Chrome")
    await expect(card).to_contain_text("not used yet")
    await expect(card).to_contain_text("It stays on the device that made it.")
    await card.get_by_role("button", name="Rename").click()
    await phone.get_by_label("Name").fill("My old phone")
    await press(phone, "Save")
    await expect(phone.get_by_text("My old phone", exact=True)).to_be_visible()

    await sign_out(devices, phone, named_couple.origin)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await visit(phone, named_couple.origin, "/you/passkeys")
    await expect(phone.get_by_text("last used today")).to_be_visible()

    await phone.get_by_role("button", name="Remove").click()
    await expect(phone.get_by_role("dialog", name="Remove “My old phone”?")).to_be_visible()
    await phone.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(phone.get_by_text("Removed.", exact=True)).to_be_visible()
    await expect(phone.get_by_text("You have no passkey yet.")).to_be_visible()
    await lock(phone, named_couple.origin)
    await expect(phone.get_by_role("button", name="Use a passkey")).to_have_count(0)


async def test_a_removed_passkey_that_is_still_on_a_device_signs_nobody_in(
    named_couple: Couple, devices: Devices
) -> None:
    phone, laptop = await devices.phone(named_couple.origin), await devices.laptop(named_couple.origin)
    devices.provokes(laptop, 401)
    first, second = await authenticator(phone), await authenticator(laptop)
    await sign_in(phone, named_couple.origin, named_couple.patient.email, named_couple.patient.passphrase)
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await add(phone, named_couple.origin, named_couple.patient.passphrase)
    (copy,) = await first.credentials()
    await second.put(copy)
    await phone.get_by_role("button", name="Remove").click()
    await phone.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(phone.get_by_text("Removed.", exact=True)).to_be_visible()

    await visit(laptop, named_couple.origin, "/sign-in")
    await press(laptop, "Use a passkey")
    await expect(laptop.get_by_text("No account here has this passkey.")).to_be_visible()


async def test_a_passkey_without_prf_signs_in_and_the_passphrase_opens(named_couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(named_couple.origin)
    devices.provokes(phone, 401)
    await authenticator(phone, prf="never")
    await sign_in(phone, named_couple.origin, named_couple.patient.email, named_couple.patient.passphrase)
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await visit(phone, named_couple.origin, "/you/passkeys")
    await press(phone, "Add a passkey")
    await phone.get_by_role("dialog").get_by_label("Passphrase", exact=True).fill(named_couple.patient.passphrase)
    await press(phone, "Continue")
    await press(phone, "Make the passkey")
    await expect(phone.get_by_text("This passkey can’t open your journal")).to_be_visible()
    assert await found_by_axe(phone) == []
    await press(phone, "Keep it for signing in")
    await expect(phone.get_by_text("It signs you in. It can’t open the journal")).to_be_visible()

    await sign_out(devices, phone, named_couple.origin)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(f"You’re signed in as {named_couple.patient.email}.")).to_be_visible()
    await expect(phone.get_by_label("E-mail")).to_have_count(0)
    assert await found_here(phone) == []
    await phone.get_by_label("Passphrase", exact=True).fill("not the passphrase at all")
    await press(phone, "Open my journal")
    await expect(phone.get_by_text("That doesn’t fit. Check what you typed.")).to_be_visible()
    await phone.get_by_label("Passphrase", exact=True).fill(named_couple.patient.passphrase)
    await press(phone, "Open my journal")
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()


async def test_signing_up_where_the_passkey_cannot_open_goes_on_to_a_passphrase(
    named_practice: Practice, devices: Devices
) -> None:
    laptop = await devices.laptop(named_practice.origin)
    await authenticator(laptop, prf="never")
    await laptop.goto(named_practice.begin_link)
    await say_who(laptop, "Dr. Tidewell", "therapist@example.org")
    await press(laptop, "Make the passkey")
    await expect(laptop.get_by_role("heading", name="Now a passphrase")).to_be_visible()
    await laptop.get_by_label("Passphrase", exact=True).fill("barnacle wintering slate quay")
    await press(laptop, "Open the practice")
    await keep_kit(laptop)
    await press(laptop, "To the patients")
    await visit(laptop, named_practice.origin, "/you/passkeys")
    await expect(laptop.get_by_text("It signs you in. It can’t open the journal")).to_be_visible()
    await sign_out(devices, laptop, named_practice.origin)
    await press(laptop, "Use a passkey")
    await laptop.get_by_label("Passphrase", exact=True).fill("barnacle wintering slate quay")
    await press(laptop, "Open my journal")
    await expect(laptop.get_by_role("heading", name="To read")).to_be_visible()


async def test_a_passkey_that_is_stopped_leaves_nothing_half_made(named_practice: Practice, devices: Devices) -> None:
    laptop = await devices.laptop(named_practice.origin)
    device = await authenticator(laptop)
    await laptop.goto(named_practice.begin_link)
    await say_who(laptop, "Dr. Tidewell", "therapist@example.org")
    await device.look_away()
    await press(laptop, "Make the passkey")
    await expect(laptop.get_by_role("alert").filter(has_text="passkey")).to_be_visible()
    assert await device.credentials() == []
    await device.leave()
    device = await authenticator(laptop)
    await make(laptop)
    kit = await keep_kit(laptop)
    await press(laptop, "To the patients")

    await lock(laptop, named_practice.origin)
    await device.look_away()
    await press(laptop, "Use a passkey")
    await expect(laptop.get_by_text(ASKED)).to_be_visible()
    await expect(laptop.get_by_role("heading", name="Locked")).to_be_visible()
    await laptop.get_by_label("Recovery kit").fill(kit)
    await press(laptop, "Unlock")
    await expect(laptop.get_by_role("heading", name="You", exact=True)).to_be_visible()


async def test_a_device_that_has_a_passkey_makes_no_second_one(named_couple: Couple, devices: Devices) -> None:
    phone = await with_passkey(named_couple, devices)
    await press(phone, "Add a passkey")
    # A passkey shows who it is as well as a passphrase does.
    await expect(phone.get_by_role("dialog").get_by_text("Your device asks for your face")).to_be_visible()
    await press(phone, "Continue")
    await press(phone, "Make the passkey")
    await expect(phone.get_by_text("This device has a passkey for your account already.")).to_be_visible()


async def test_who_has_a_passkey_and_a_kit_proves_with_it_wherever_a_passphrase_would(
    named_practice: Practice, devices: Devices
) -> None:
    laptop = await devices.laptop(named_practice.origin)
    await authenticator(laptop)
    await laptop.goto(named_practice.begin_link)
    await say_who(laptop, "Dr. Tidewell", "therapist@example.org")
    await make(laptop)
    await keep_kit(laptop)
    await press(laptop, "To the patients")

    await visit(laptop, named_practice.origin, "/you/kit")
    await press(laptop, "Make a new kit")
    await keep_kit(laptop)
    await expect(laptop.get_by_text("Your kit is in order.")).to_be_visible()
    await visit(laptop, named_practice.origin, "/you/passphrase")
    await laptop.get_by_label("New passphrase").fill("pebble orchard ninety lantern")
    await press(laptop, "Set a passphrase")
    await expect(laptop.get_by_text("Changed. Use the new one from now on.")).to_be_visible()
    await sign_out(devices, laptop, named_practice.origin)
    await sign_in(laptop, named_practice.origin, "therapist@example.org", "pebble orchard ninety lantern")
    await expect(laptop.get_by_role("heading", name="To read")).to_be_visible()
    await visit(laptop, named_practice.origin, "/you/erase")
    await laptop.get_by_label("Type “erase”").fill("erase")
    await press(laptop, "Erase everything")
    await expect(laptop.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_copied_passkey_is_refused_and_its_person_is_told(named_couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(named_couple.origin)
    devices.provokes(phone, 403)
    device = await authenticator(phone)
    await sign_in(phone, named_couple.origin, named_couple.patient.email, named_couple.patient.passphrase)
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await add(phone, named_couple.origin, named_couple.patient.passphrase)
    (copy,) = await device.credentials()
    for _ in range(2):
        await sign_out(devices, phone, named_couple.origin)
        await press(phone, "Use a passkey")
        await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await device.forget()
    await device.put(copy)
    await sign_out(devices, phone, named_couple.origin)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text("Somebody may have a copy of this passkey, so it is refused.")).to_be_visible()

    await sign_in(phone, named_couple.origin, named_couple.patient.email, named_couple.patient.passphrase)
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await phone.get_by_role("link", name="You", exact=True).click()
    await expect(phone.get_by_text("Somebody may have a copy of your passkey")).to_be_visible()
    await phone.locator("main").get_by_role("link", name="Passkeys").first.click()
    await expect(phone.get_by_text("Two devices have used it as if each were the only one.")).to_be_visible()


async def test_what_a_server_says_of_extensions_is_ignored(named_couple: Couple, devices: Devices) -> None:
    phone = await with_passkey(named_couple, devices)
    await sign_out(devices, phone, named_couple.origin)

    async def say_more(route: Route) -> None:
        answer = await route.fetch()
        said = {
            **await answer.json(),
            "extensions": {"prf": {"eval": {"first": "AAAA"}}, "appid": "x"},
            "rpId": "evil.example",
        }
        await route.fulfill(response=answer, body=json.dumps(said))

    await phone.route("**/api/passkeys/challenges/sign-in", say_more)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()


async def test_at_an_address_that_is_no_name_nothing_speaks_of_passkeys(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    await authenticator(phone)
    await visit(phone, couple.origin, "/sign-in")
    await expect(phone.get_by_role("button", name="Sign in")).to_be_visible()
    await expect(phone.get_by_role("button", name="Use a passkey")).to_have_count(0)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await visit(phone, couple.origin, "/you/passkeys")
    await expect(phone.get_by_text("This browser has no passkeys at this address.")).to_be_visible()
