"""A passkey that doesn't come about is said in a sentence that tells what to do, and leaves nothing half-made."""

import json
import os

import pytest
from playwright.async_api import Page, Route, expect

from tests.api.people import b64
from tests.browser.conftest import Couple, Devices, Practice
from tests.browser.passkeys import add, authenticator, make
from tests.browser.people import keep_kit, press, say_who, sign_in, visit
from tests.browser.test_passkeys import lock, sign_out

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# What browsers reject with (Web Authentication Level 3, sections 5.1.3 and 5.1.4), and what a person is told. One error
# stands for stopping, for waiting too long, and for a device without a passkey: no page may tell them apart.
REFUSED = {
    "NotAllowedError": "No passkey was used. If you stopped, or it took too long, try again.",
    "SecurityError": "Passkeys don’t work at this address. Open Aftertide at the address your practice gave you.",
    "NotSupportedError": "This device can’t do that with a passkey.",
}
BY_ERROR = pytest.mark.parametrize("error", REFUSED)


async def refuse(page: Page, error: str) -> None:
    """Have the page's browser refuse whatever is asked of its passkeys, until `allow`."""
    await page.evaluate(
        """(name) => {
          const refuse = async () => { throw new DOMException("refused", name); };
          window.asks ??= { create: navigator.credentials.create, get: navigator.credentials.get };
          Object.assign(navigator.credentials, { create: refuse, get: refuse });
        }""",
        error,
    )


async def allow(page: Page) -> None:
    await page.evaluate("Object.assign(navigator.credentials, window.asks)")


@BY_ERROR
async def test_at_sign_up(named_practice: Practice, devices: Devices, error: str) -> None:
    laptop = await devices.laptop(named_practice.origin)
    device = await authenticator(laptop)
    await laptop.goto(named_practice.begin_link)
    await say_who(laptop, "Dr. Tidewell", "therapist@example.org")
    await refuse(laptop, error)
    await press(laptop, "Make the passkey")
    await expect(laptop.get_by_text(REFUSED[error])).to_be_visible()
    assert await device.credentials() == []
    # The way goes on where it was, by passkey or without.
    await allow(laptop)
    await make(laptop)
    await keep_kit(laptop)
    await press(laptop, "To the patients")
    await expect(laptop.get_by_text("Nobody here yet. Invite the first person.")).to_be_visible()


@BY_ERROR
async def test_at_sign_in_and_unlocking(named_couple: Couple, devices: Devices, error: str) -> None:
    phone = await devices.phone(named_couple.origin)
    await authenticator(phone)
    await sign_in(phone, named_couple.origin, named_couple.patient.email, named_couple.patient.passphrase)
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await add(phone, named_couple.origin, named_couple.patient.passphrase)
    await lock(phone, named_couple.origin)
    await refuse(phone, error)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(REFUSED[error])).to_be_visible()
    await phone.get_by_label("Passphrase", exact=True).fill(named_couple.patient.passphrase)
    await press(phone, "Unlock")
    await expect(phone.get_by_role("heading", name="You", exact=True)).to_be_visible()

    await sign_out(devices, phone, named_couple.origin)
    await refuse(phone, error)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(REFUSED[error])).to_be_visible()
    await allow(phone)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()


async def test_an_answer_that_comes_too_late_asks_to_begin_again(named_couple: Couple, devices: Devices) -> None:
    """The server has forgotten the challenge by then; here it never knew it."""
    phone = await devices.phone(named_couple.origin)
    devices.provokes(phone, 409)
    await authenticator(phone)
    await sign_in(phone, named_couple.origin, named_couple.patient.email, named_couple.patient.passphrase)
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await add(phone, named_couple.origin, named_couple.patient.passphrase)
    await sign_out(devices, phone, named_couple.origin)

    async def forgotten(route: Route) -> None:
        answer = await route.fetch()
        said = {**await answer.json(), "challenge": b64(os.urandom(32))}
        await route.fulfill(response=answer, body=json.dumps(said))

    challenges = "**/api/passkeys/challenges/sign-in"
    await phone.route(challenges, forgotten)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text("That took more than five minutes. Begin again.")).to_be_visible()
    await phone.unroute(challenges)
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()


async def test_a_passkey_of_another_site_is_not_offered_here(named_couple: Couple, devices: Devices) -> None:
    """The browser keeps passkeys of sites apart: one that this device has elsewhere is as good as none."""
    phone = await devices.phone(named_couple.origin)
    device = await authenticator(phone)
    await sign_in(phone, named_couple.origin, named_couple.patient.email, named_couple.patient.passphrase)
    await expect(phone.get_by_text(named_couple.entry)).to_be_visible()
    await add(phone, named_couple.origin, named_couple.patient.passphrase)
    (credential,) = await device.credentials()
    await device.forget()
    await device.put({**credential, "rpId": "evil.example"})
    await sign_out(devices, phone, named_couple.origin)
    await visit(phone, named_couple.origin, "/sign-in")
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(REFUSED["NotAllowedError"])).to_be_visible()
