"""Writing and finding again: kinds, dates, formatting, search, the calendar; words that a reload must not take."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import choose, press, sign_in, visit, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HOLD_A_LIST = """
window.opened = new Promise((resolve) => { window.letGo = resolve; });
const get = IDBObjectStore.prototype.get;
IDBObjectStore.prototype.get = function (...wanted) {
  const request = get.apply(this, wanted);
  if (this.name === "care") {
    const listen = request.addEventListener.bind(request);
    request.addEventListener = (type, hear) => listen(type, (event) => void window.opened.then(() => hear.call(request, event)));
  }
  return request;
};
"""
KEPT_DRAFTS = """
(wanted) => new Promise((resolve) => {
  const opening = indexedDB.open("aftertide");
  opening.onsuccess = () => {
    const counting = opening.result.transaction("drafts").objectStore("drafts").count();
    counting.onsuccess = () => {
      opening.result.close();
      resolve(counting.result === wanted);
    };
  };
})
"""


async def signed_in(couple: Couple, devices: Devices) -> Page:
    phone = await devices.phone(couple.origin)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    return phone


async def test_an_entry_has_a_kind_a_corrected_date_and_light_formatting(couple: Couple, devices: Devices) -> None:
    phone = await signed_in(couple, devices)
    await phone.get_by_role("link", name="Write", exact=True).click()
    await phone.get_by_label("Your words").fill("# The tide\nThe *water* again.\n- tea\n- <b>rest</b>")
    await phone.get_by_role("button", name="Change it").click()
    await phone.get_by_role("dialog").get_by_text("dream", exact=True).click()
    await phone.get_by_label("Date and time").fill("2026-03-29T02:30")
    await phone.get_by_role("dialog").get_by_role("button", name="Done").click()
    # 02:30 doesn't exist on that day in Madrid: it is moved forward by the gap.
    await expect(phone.get_by_text("Sunday 29 March, 03:30 · dream")).to_be_visible()
    await press(phone, "Done")
    article = phone.locator("article")
    await expect(article.locator("em")).to_have_text("water")
    await expect(article.locator(".heading")).to_have_text("The tide")
    await expect(article.get_by_role("listitem")).to_have_text(["tea", "<b>rest</b>"])
    await phone.reload()
    await expect(article.get_by_text("Sunday 29 March, 03:30 · dream")).to_be_visible()


async def test_words_are_found_as_one_types_with_and_without_a_connection(couple: Couple, devices: Devices) -> None:
    phone = await signed_in(couple, devices)
    await write(phone, "Soñé con el faro.")
    await phone.get_by_role("button", name="Back").click()
    await devices.cut(phone, off=True)
    search = phone.get_by_role("searchbox", name="Search your words")
    await search.press_sequentially("SONE far")
    await expect(phone.get_by_text("1 entry")).to_be_visible()
    await expect(phone.locator("mark")).to_have_text(["Soñé", "far"])
    await search.fill("harbour")
    await expect(phone.locator("mark")).to_have_text(["harbour"])
    await search.fill("nowhere at all")
    await expect(phone.get_by_text("0 entries")).to_be_visible()
    # What was looked for is still there when one comes back from an entry.
    await search.fill("faro")
    await phone.get_by_role("link", name="faro").click()
    await expect(phone.locator("article")).to_contain_text("Soñé con el faro.")
    await phone.get_by_role("button", name="Back").click()
    await expect(search).to_have_value("faro")


async def test_the_calendar_shows_the_days_with_words_and_the_list_what_was_a_month_ago(
    couple: Couple, devices: Devices
) -> None:
    phone = await devices.phone(couple.origin)
    await phone.clock.install(time="2026-12-31T10:00:00+01:00")
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await phone.get_by_role("link", name="Write", exact=True).click()
    await phone.get_by_label("Your words").fill("The last of November.")
    await phone.get_by_role("button", name="Change it").click()
    await phone.get_by_label("Date and time").fill("2026-11-30T21:00")
    await phone.get_by_role("dialog").get_by_role("button", name="Done").click()
    await press(phone, "Done")
    await phone.get_by_role("button", name="Back").click()
    section = phone.locator("section", has=phone.get_by_role("heading", name="A month ago"))
    await expect(section).to_contain_text("The last of November.")

    await phone.get_by_role("button", name="Calendar").click()
    heading = phone.get_by_role("region", name="Calendar").get_by_role("heading")
    while await heading.inner_text() != "November 2026":
        await phone.get_by_role("button", name="The month before").click()
    await phone.get_by_role("button", name="30 November, 1 entry").click()
    await expect(phone.get_by_role("heading", name="Monday 30 November")).to_be_visible()
    await expect(phone.get_by_text("The last of November.")).to_be_visible()


async def test_an_answer_that_is_typed_survives_a_reload(couple: Couple, devices: Devices) -> None:
    phone = await signed_in(couple, devices)
    await write(phone, "For both of us.")
    await choose(phone, "To read")
    await expect(phone.get_by_text("to read · not opened yet")).to_be_visible()
    field = phone.get_by_label("Your answer")
    await field.press_sequentially("Half an ans")
    await phone.wait_for_function(KEPT_DRAFTS, arg=1)
    await phone.reload()
    await expect(field).to_have_value("Half an ans")
    await field.press_sequentially("wer, and the rest.")
    await press(phone, "Send")
    await expect(phone.locator("section", has_text="Half an answer, and the rest.")).to_be_visible()
    await expect(field).to_have_value("")


async def test_the_field_stays_when_the_rest_of_the_store_opens(couple: Couple, devices: Devices) -> None:
    phone = await signed_in(couple, devices)
    await phone.add_init_script(HOLD_A_LIST)
    await visit(phone, couple.origin, "/write")
    words = phone.get_by_label("Your words")
    await words.press_sequentially("Begun while it opens")
    field = await words.element_handle()
    await phone.evaluate("window.letGo()")
    await words.press_sequentially(", and ended.")
    assert field is not None
    assert await field.evaluate("(field) => field.isConnected"), "the field was drawn anew"
    await expect(words).to_have_value("Begun while it opens, and ended.")


async def test_an_empty_page_to_write_on_is_still_one_after_a_reload(couple: Couple, devices: Devices) -> None:
    phone = await signed_in(couple, devices)
    await visit(phone, couple.origin, "/write")
    await expect(phone.get_by_label("Your words")).to_be_focused()
    await phone.reload()
    await expect(phone.get_by_label("Your words")).to_be_focused()
