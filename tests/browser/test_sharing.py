"""What another app shares becomes a draft on the device: the server and the address never have it."""

import re

import pytest
from playwright.async_api import Page, Request, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.disclosure import all_bytes, found_in
from tests.browser.people import Access, press, sign_in, visit
from tests.browser.profiles import app_is_here

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SHARED = {"title": "Tide tables", "text": "Low water at four.", "url": "https://example.org/tides"}
AS_DRAFT = "Tide tables\nLow water at four.\nhttps://example.org/tides"

# As the browser does it for an app that shares: it sends a form to the address that the manifest names.
SHARE = """
(fields) => {
  const form = document.createElement("form");
  Object.assign(form, { action: "/share", method: "post", enctype: "multipart/form-data" });
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("textarea");
    Object.assign(field, { name, value });
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}
"""


async def with_the_app(devices: Devices, couple: Couple, who: Access) -> Page:
    page = await devices.phone(couple.origin)
    await sign_in(page, couple.origin, who.email, who.passphrase)
    await expect(page.get_by_role("navigation", name="Places")).to_be_visible()
    await app_is_here(page)
    return page


async def share(page: Page) -> None:
    async with page.expect_navigation():
        await page.evaluate(SHARE, SHARED)


async def drafts_of(page: Page) -> int:
    """How many drafts lie on the device."""
    counted: int = await page.evaluate(
        """() => new Promise((done) => {
          indexedDB.open("aftertide").onsuccess = ({ target: { result: database } }) => {
            database.transaction("drafts").objectStore("drafts").count().onsuccess = ({ target: { result } }) => {
              database.close();
              done(result);
            };
          };
        })"""
    )
    return counted


async def test_shared_text_opens_as_a_draft_and_stays_on_the_device(couple: Couple, devices: Devices) -> None:
    phone = await with_the_app(devices, couple, couple.patient)
    sent: list[Request] = []
    phone.context.on("request", lambda request: sent.append(request) if request.service_worker else None)
    addresses: list[str] = []
    phone.on("framenavigated", lambda frame: addresses.append(frame.url))
    await share(phone)
    await expect(phone.get_by_label("Your words")).to_have_value(AS_DRAFT)
    await expect(phone).to_have_url(re.compile(r"/write/[0-9a-f-]{36}$"))
    assert [request.url for request in sent if "/share" in request.url] == [], "the worker passed it on"
    assert not [address for address in addresses if "tides" in address.lower() or "water" in address.lower()]
    assert found_in(await all_bytes(couple.practice.database_url), [*SHARED.values()]) == []

    await press(phone, "Done")
    await expect(phone.locator("article")).to_contain_text("Low water at four.")


async def test_shared_without_a_network_it_is_a_draft_all_the_same(couple: Couple, devices: Devices) -> None:
    phone = await with_the_app(devices, couple, couple.patient)
    await devices.cut(phone, off=True)
    await share(phone)
    await expect(phone.get_by_label("Your words")).to_have_value(AS_DRAFT)


async def test_while_locked_it_waits_for_the_unlocking(couple: Couple, devices: Devices) -> None:
    phone = await with_the_app(devices, couple, couple.patient)
    await visit(phone, couple.origin, "/you")
    await press(phone, "Lock now")
    await expect(phone.get_by_role("heading", name="Locked")).to_be_visible()
    await share(phone)
    await expect(phone.get_by_role("heading", name="Locked")).to_be_visible()
    assert await drafts_of(phone) == 1
    await phone.get_by_label("Passphrase", exact=True).fill(couple.patient.passphrase)
    await press(phone, "Unlock")
    await expect(phone.get_by_label("Your words")).to_have_value(AS_DRAFT)


async def test_signed_out_it_is_not_kept_and_the_person_is_told(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    await visit(phone, couple.origin, "/sign-in")
    await app_is_here(phone)
    await share(phone)
    await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(phone.get_by_text("Nobody is signed in here. Sign in, then share it again.")).to_be_visible()
    assert phone.url == f"{couple.origin}/sign-in"
    assert await drafts_of(phone) == 0
    await press(phone, "Close")
    await expect(phone.get_by_text("Nobody is signed in here.")).to_have_count(0)


async def test_a_therapist_is_told_that_there_is_no_journal_for_it(couple: Couple, devices: Devices) -> None:
    phone = await with_the_app(devices, couple, couple.therapist)
    await share(phone)
    await expect(phone.get_by_text("your account has none")).to_be_visible()
    assert await drafts_of(phone) == 0


async def test_without_a_worker_the_person_is_told(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin, service_workers="block")
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_role("navigation", name="Places")).to_be_visible()
    await share(phone)
    await expect(phone.get_by_text("What you shared wasn’t kept")).to_be_visible()
    assert await drafts_of(phone) == 0
