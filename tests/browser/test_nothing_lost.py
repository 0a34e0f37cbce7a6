"""Whatever happens to the page, the network, the server, the session or the device: what somebody was told is kept stays kept."""

import asyncio
import contextlib
import re
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aftertide import access
from aftertide.client import Client
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import choose, press, sign_in, visit, write
from tests.browser.profiles import app_is_here
from tests.faults.forking import forked_server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SAVES = "**/api/records/*"
KEPT = "[data-state=kept]"
SENT = "Sent"
WAITING = re.compile("It goes out when you’re online")
# Thrown by the page's own storage: the quota that the debugging protocol can set doesn't stop small rows.
FULL = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (...row) {
  if (window.full) throw new DOMException("", "QuotaExceededError");
  return put.apply(this, row);
};
"""
# The rows of the first release had the id of their record, and nothing of the window that wrote them.
AS_BEFORE = """
() => new Promise((done) => {
  const opening = indexedDB.open("aftertide");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("drafts", "readwrite");
    const drafts = transaction.objectStore("drafts");
    let changed = 0;
    drafts.getAll().onsuccess = ({ target }) => {
      for (const { id, record, changes, sealed, base, baseRevision, at } of target.result) {
        drafts.delete(id);
        drafts.put({ id: record, changes, sealed, base, baseRevision, at });
        changed += 1;
      }
    };
    transaction.oncomplete = () => { opening.result.close(); done(changed); };
  };
})
"""


async def patients(page: Page, couple: Couple) -> Page:
    """The patient signs in on this device and sees the journal."""
    await sign_in(page, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(page.get_by_text(couple.entry)).to_be_visible()
    return page


async def open_draft(page: Page, couple: Couple, beginning: str) -> str:
    """Come back to what isn't finished, from the journal; returns what is there of it."""
    await visit(page, couple.origin, "/journal")
    await page.get_by_role("link").filter(has_text=beginning).click()
    await expect(page.get_by_label("Your words")).to_be_focused()
    return await page.get_by_label("Your words").input_value()


async def revisions(couple: Couple) -> dict[str, int]:
    """How many revisions the server has of each of the patient's entries, by its words; seen by the other implementation."""
    async with Client(couple.origin, device="made by a test") as client:
        account = await client.sign_in(couple.patient.email, couple.patient.passphrase)
        await account.sync()
        entries = [(str(entry.content["text"]), entry.head.revision) for entry in account.journal.own("entry")]
        await account.access.sign_out()
    found = dict(entries)
    assert len(found) == len(entries), "an entry is there twice"
    return found


async def test_what_was_kept_outlives_a_page_that_dies_while_one_types(couple: Couple, devices: Devices) -> None:
    phone = await patients(await devices.phone(couple.origin), couple)
    await phone.get_by_role("link", name="Write", exact=True).click()
    await phone.get_by_label("Your words").press_sequentially("The ferry came in")
    await expect(phone.locator(KEPT)).to_be_visible()
    await phone.keyboard.type(" and nobody got off, which was")
    killing = await phone.context.new_cdp_session(phone)
    async with phone.expect_event("crash"):
        # What dies doesn't answer any more.
        dying = asyncio.ensure_future(killing.send("Page.crash"))
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    another = await phone.context.new_page()
    await phone.close()

    found = await open_draft(another, couple, "The ferry came in")
    assert found.startswith("The ferry came in")
    assert "The ferry came in and nobody got off, which was".startswith(found)
    await another.keyboard.type(" Then fog.")
    await press(another, "Done")
    await expect(another.locator("article")).to_contain_text(f"{found} Then fog.")


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_a_save_that_is_cut_off_goes_out_once(couple: Couple, devices: Devices, lost: str) -> None:
    phone = await patients(await devices.phone(couple.origin, service_workers="block"), couple)
    devices.stops(phone)
    cut = asyncio.Event()

    async def cut_off(route: Route) -> None:
        if lost == "answer":
            await route.fetch()
        await devices.cut(phone, off=True)
        await route.abort("connectionreset")
        cut.set()

    await phone.route(SAVES, cut_off, times=1)
    await write(phone, "Half-way through the tunnel.")
    await cut.wait()
    await expect(phone.get_by_text("You’re offline.")).to_be_visible()
    await expect(phone.get_by_text(WAITING).first).to_be_visible()

    await devices.cut(phone, off=False)
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
    assert await revisions(couple) == {couple.entry: 1, "Half-way through the tunnel.": 1}


async def test_what_is_written_while_the_server_is_gone_goes_out_once_it_is_back(
    couple: Couple, devices: Devices
) -> None:
    phone = await patients(await devices.phone(couple.origin), couple)
    await app_is_here(phone)
    devices.stops(phone)
    await asyncio.to_thread(couple.practice.server.terminate, 10)
    await write(phone, "Nobody was at the harbour office.")
    await expect(phone.get_by_text(WAITING).first).to_be_visible()
    await phone.get_by_role("link", name="Change it").click()
    await phone.get_by_label("Your words").press_sequentially(" Only gulls.")
    await press(phone, "Done")
    await expect(phone.locator("article")).to_contain_text("Only gulls.")

    port = int(couple.origin.rsplit(":", 1)[1])
    with forked_server(couple.practice.database_url, port=port):
        await phone.evaluate("dispatchEvent(new Event('focus'))")  # as when somebody comes back to the page
        await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
        assert await revisions(couple) == {couple.entry: 1, "Nobody was at the harbour office. Only gulls.": 1}


@pytest.mark.parametrize("status", [500, 502])
async def test_a_server_that_fails_for_a_while_loses_nothing(couple: Couple, devices: Devices, status: int) -> None:
    """Once it is our own server with a fault, once what stands before it."""
    phone = await patients(await devices.phone(couple.origin, service_workers="block"), couple)
    devices.provokes(phone, status)
    failed = asyncio.Event()

    async def fail(route: Route) -> None:
        own = status == 500
        body = '{"type": "/problems/internal"}' if own else "<h1>Bad gateway</h1>"
        headers = {"content-type": "application/problem+json" if own else "text/html"}
        await route.fulfill(status=status, headers=headers, body=body)
        failed.set()

    await phone.route(SAVES, fail)
    await write(phone, "The lamp went out.")
    await failed.wait()
    await expect(phone.get_by_text(WAITING).first).to_be_visible()
    await phone.reload()
    await expect(phone.locator("article")).to_contain_text("The lamp went out.")

    await phone.unroute(SAVES, fail)
    await phone.evaluate("dispatchEvent(new Event('focus'))")
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
    assert await revisions(couple) == {couple.entry: 1, "The lamp went out.": 1}


async def test_an_answer_that_comes_late_takes_nothing_with_it(couple: Couple, devices: Devices) -> None:
    phone = await patients(await devices.phone(couple.origin, service_workers="block"), couple)
    waits, answered = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        waits.set()
        await answered.wait()
        await route.fulfill(response=answer)

    await phone.route(SAVES, late, times=1)
    await write(phone, "First the rope.")
    await waits.wait()
    await phone.get_by_role("link", name="Change it").click()
    await phone.get_by_label("Your words").press_sequentially(" Then the knot.")
    await press(phone, "Done")
    await phone.get_by_role("link", name="Change it").click()
    await phone.get_by_label("Your words").press_sequentially(" Then the oar")
    await expect(phone.locator(KEPT)).to_be_visible()
    answered.set()
    await phone.keyboard.type(".")
    await press(phone, "Done")
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
    found = await revisions(couple)
    assert set(found) == {couple.entry, "First the rope. Then the knot. Then the oar."}


async def test_a_device_that_was_signed_out_keeps_its_words_and_sends_them_after_signing_in(
    couple: Couple, devices: Devices
) -> None:
    phone = await patients(await devices.phone(couple.origin), couple)
    await app_is_here(phone)
    devices.provokes(phone, 401)
    await devices.cut(phone, off=True)
    await write(phone, "Written without a signal.")
    await phone.get_by_role("button", name="Back").click()
    await phone.get_by_role("link", name="Write", exact=True).click()
    await phone.get_by_label("Your words").press_sequentially("Not finished yet")
    await expect(phone.locator(KEPT)).to_be_visible()
    async with Client(couple.origin, device="made by a test") as client:
        account = await client.sign_in(couple.patient.email, couple.patient.passphrase)
        (other,) = [device for device in await account.access.devices() if not device.current]
        await account.access.end_device(access.passphrase(couple.patient.passphrase), other.id)
        await account.access.sign_out()

    await devices.cut(phone, off=False)
    await expect(phone.get_by_text("This device was signed out. Your words are still here.")).to_be_visible()
    await phone.keyboard.type(", nor told anybody")
    await expect(phone.locator(KEPT)).to_be_visible()
    await phone.get_by_role("link", name="Sign in").click()
    await expect(phone.get_by_text("2 entries are on this device, unsent.")).to_be_visible()
    await patients(phone, couple)
    assert await open_draft(phone, couple, "Not finished yet") == "Not finished yet, nor told anybody"
    await press(phone, "Done")
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
    assert await revisions(couple) == {
        couple.entry: 1, "Written without a signal.": 1, "Not finished yet, nor told anybody": 1,
    }  # fmt: skip


async def test_signing_out_asks_first_and_says_how_many_entries_are_unsent(couple: Couple, devices: Devices) -> None:
    phone = await patients(await devices.phone(couple.origin), couple)
    await app_is_here(phone)
    devices.provokes(phone, 401)  # the event stream ends with the session
    await devices.cut(phone, off=True)
    for words in ("Written on the pier.", "Written at the gate."):
        await write(phone, words)
        await phone.get_by_role("button", name="Back").click()
    await phone.get_by_role("link", name="You", exact=True).click()
    await press(phone, "Sign out")
    dialog = phone.get_by_role("dialog")
    await expect(dialog).to_contain_text("2 entries aren’t sent yet. Signing out now deletes what isn’t sent.")
    await expect(dialog.get_by_role("button", name="Sign out and delete it")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Sign out", exact=True)).to_have_count(0)

    # Without a connection it can't, and says the same as before.
    await dialog.get_by_role("button", name="Send first").click()
    await expect(dialog).to_contain_text("2 entries aren’t sent yet.")
    await devices.cut(phone, off=False)
    await expect(dialog.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    await dialog.get_by_role("button", name="Sign out", exact=True).click()
    await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    await patients(phone, couple)
    for words in ("Written on the pier.", "Written at the gate."):
        await expect(phone.get_by_text(words)).to_be_visible()


async def test_who_signs_out_after_a_restore_leaves_with_the_server_what_it_had_lost(
    couple: Couple, devices: Devices, tmp_path: Path
) -> None:
    phone = await patients(await devices.phone(couple.origin), couple)
    path = Path(couple.practice.database_url.removeprefix("sqlite:"))
    backup = tmp_path / "backup.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
    await write(phone, "Written after the backup.")
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()

    devices.stops(phone)
    devices.provokes(phone, 401)  # the event stream ends with the session
    await asyncio.to_thread(couple.practice.server.terminate, 10)
    for left in path.parent.glob(f"{path.name}-*"):
        left.unlink()
    shutil.copyfile(backup, path)
    with forked_server(couple.practice.database_url, port=int(couple.origin.rsplit(":", 1)[1])):
        await phone.get_by_role("link", name="You", exact=True).click()
        await press(phone, "Sign out")
        await phone.get_by_role("dialog").get_by_role("button", name="Sign out", exact=True).click()
        await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
        await patients(phone, couple)
        await expect(phone.get_by_text("Written after the backup.")).to_be_visible()


async def test_a_full_device_says_at_once_that_words_are_not_kept_and_keeps_them_when_there_is_room(
    couple: Couple, devices: Devices
) -> None:
    phone = await devices.phone(couple.origin)
    await phone.add_init_script(FULL)
    await patients(phone, couple)
    await phone.get_by_role("link", name="Write", exact=True).click()
    words = phone.get_by_label("Your words")
    await words.press_sequentially("There was room")
    await expect(phone.locator(KEPT)).to_be_visible()

    await phone.evaluate("window.full = true")
    await words.press_sequentially(", then none")
    await expect(phone.get_by_text("Not kept", exact=True)).to_be_visible()
    await expect(phone.get_by_text("Your last words could not be kept on this device.")).to_be_visible()
    await words.press_sequentially(", and on we went")
    await expect(words).to_have_value("There was room, then none, and on we went")
    await press(phone, "Done")
    await expect(phone.locator(".error").get_by_text("This device can’t keep anything: it is full")).to_be_visible()
    await expect(words).to_have_value("There was room, then none, and on we went")

    # By itself, once there is room: nobody has to type on.
    await phone.evaluate("window.full = false")
    await expect(phone.locator(KEPT)).to_be_visible()
    await expect(phone.get_by_text("Your last words could not be kept on this device.")).to_have_count(0)
    await phone.reload()
    await expect(words).to_have_value("There was room, then none, and on we went")
    await press(phone, "Done")
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()


async def test_what_two_windows_write_into_one_entry_is_all_in_it(couple: Couple, devices: Devices) -> None:
    phone = await patients(await devices.phone(couple.origin), couple)
    await phone.get_by_role("link").filter(has_text=couple.entry).click()
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
    other = await phone.context.new_page()
    await other.goto(phone.url)
    for page in (phone, other):
        await page.get_by_role("link", name="Change it").click()
        await expect(page.get_by_label("Your words")).to_have_value(couple.entry)
    await phone.get_by_label("Your words").press_sequentially(" Then a dog barked.")
    await other.get_by_label("Your words").press_sequentially(" Then the bells began.")
    await phone.get_by_label("Your words").press_sequentially(" Twice.")
    for page in (phone, other):
        await press(page, "Done")
    for page in (phone, other):
        for words in (couple.entry, "Then a dog barked. Twice.", "Then the bells began."):
            await expect(page.locator("article")).to_contain_text(words)
        await expect(page.get_by_text(SENT, exact=True)).to_be_visible()
    (text,) = await revisions(couple)
    for words in (couple.entry, "Then a dog barked. Twice.", "Then the bells began."):
        assert words in text


async def test_with_clocks_a_day_wrong_entries_are_written_shared_and_come_together(
    couple: Couple, devices: Devices
) -> None:
    ahead, behind = await devices.phone(couple.origin), await devices.laptop(couple.origin)
    await ahead.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=1))
    await behind.clock.set_fixed_time(datetime.now(UTC) - timedelta(days=1))
    therapist = await devices.laptop(couple.origin)
    await sign_in(therapist, couple.origin, couple.therapist.email, couple.therapist.passphrase)
    await expect(therapist.get_by_text("Nothing is waiting to be read.")).to_be_visible()
    for page in (ahead, behind):
        await patients(page, couple)

    await write(ahead, "It is tomorrow here.")
    await choose(ahead, "To read")
    await expect(therapist.get_by_role("link", name="Anahit")).to_contain_text("It is tomorrow here.")
    await behind.get_by_role("link").filter(has_text="It is tomorrow here.").click()
    await choose(behind, "Only you")
    await press(behind, "Take it back")
    await expect(therapist.get_by_text("Nothing is waiting to be read.")).to_be_visible()
    await behind.get_by_role("link", name="Change it").click()
    await behind.get_by_label("Your words").press_sequentially(" And yesterday here.")
    await press(behind, "Done")
    await expect(ahead.locator("article")).to_contain_text("It is tomorrow here. And yesterday here.")
    await ahead.get_by_role("link", name="Change it").click()
    await ahead.get_by_label("Your words").press_sequentially(" Never mind.")
    await press(ahead, "Done")
    await expect(behind.locator("article")).to_contain_text("It is tomorrow here. And yesterday here. Never mind.")


async def test_what_the_first_release_kept_is_offered_and_goes_on(couple: Couple, devices: Devices) -> None:
    phone = await patients(await devices.phone(couple.origin), couple)
    await phone.get_by_role("link", name="Write", exact=True).click()
    await phone.get_by_label("Your words").press_sequentially("Begun in spring")
    await expect(phone.locator(KEPT)).to_be_visible()
    assert await phone.evaluate(AS_BEFORE) == 1

    assert await open_draft(phone, couple, "Begun in spring") == "Begun in spring"
    await phone.keyboard.type(", done in autumn.")
    await expect(phone.locator(KEPT)).to_be_visible()
    assert await open_draft(phone, couple, "Begun in spring") == "Begun in spring, done in autumn."
    await press(phone, "Done")
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_text("Begun in spring, done in autumn.")).to_have_count(1)
    await expect(phone.get_by_role("heading", name="Not finished")).to_have_count(0)


async def test_when_the_device_has_lost_its_store_signing_in_brings_back_what_was_sent(
    couple: Couple, devices: Devices
) -> None:
    phone = await patients(await devices.phone(couple.origin), couple)
    await write(phone, "Sent before the fall.")
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
    await phone.goto("about:blank")
    dropping = await phone.context.new_cdp_session(phone)
    await dropping.send("Storage.clearDataForOrigin", {"origin": couple.origin, "storageTypes": "indexeddb"})
    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    await patients(phone, couple)
    await expect(phone.get_by_text("Sent before the fall.")).to_be_visible()
    await write(phone, "And after it.")
    await expect(phone.get_by_text(SENT, exact=True)).to_be_visible()
    assert await revisions(couple) == {couple.entry: 1, "Sent before the fall.": 1, "And after it.": 1}
