"""From an empty server to a therapist reading a shared entry, and to what is left when it is taken back."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.conftest import Devices, Practice
from tests.browser.disclosure import all_bytes, found_in
from tests.browser.people import Access, choose, entry_id, keep_kit, press, say_who, visit, write

THERAPIST, PATIENT = "Dr. Rosalind Tidewell", "Anahit Quillfeather"
AGREEMENT = (
    "## When I read\nMondays and Thursdays, before noon.\n\n## Not for emergencies\nNobody watches. Telephone instead."
)
LIGHTHOUSE = "The lighthouse keeper waved, and somehow I waved back."
ORANGES = "Grandmother was peeling oranges again."
ADDED = " Afterwards the staircase disappeared."
QUESTION = "Whereabouts in your body was the waving?"
ANSWER = "Shoulderblades, mostly."


async def begin(page: Page, practice: Practice) -> Access:
    """The first therapist opens the operator's link and signs up."""
    await page.goto(practice.begin_link)
    await expect(page.get_by_text("Harbour Practice")).to_be_visible()
    assert "#" not in page.url, "the secret part of the link stays in the address bar"
    await say_who(page, THERAPIST, "therapist@example.org")
    passphrase = "barnacle wintering slate quay"
    field = page.get_by_label("Passphrase", exact=True)
    await field.fill("passwordpassword")
    await expect(page.get_by_text("This one is on lists of common passphrases")).to_be_visible()
    await field.fill(passphrase)
    await expect(page.get_by_text("Very hard to guess.")).to_be_visible()
    await press(page, "Open the practice")
    kit = await keep_kit(page)
    await press(page, "To the patients")
    await expect(page.get_by_text("Nobody here yet. Invite the first person.")).to_be_visible()
    return Access("therapist@example.org", passphrase, kit)


async def write_agreement(page: Page) -> None:
    """The reading agreement, from the template."""
    await page.get_by_role("link", name="Practice", exact=True).click()
    await press(page, "Save as version 1")
    await expect(page.get_by_text("Fill in what stands in brackets first")).to_be_visible()
    await page.get_by_label("The text").fill(AGREEMENT)
    await press(page, "Save as version 1")
    await expect(page.get_by_text("Version 1 is saved and goes to everyone you work with.")).to_be_visible()


async def invite(page: Page) -> str:
    """An invitation, after confirming that the person is an adult; returns its link."""
    await page.get_by_role("link", name="Patients", exact=True).click()
    await page.get_by_role("link", name="Invite someone").click()
    await page.get_by_label("Who it is for").fill("Anahit from Tuesday")
    await press(page, "Make the invitation")
    await expect(page.get_by_text("Only adults can be invited. Confirm it to go on.")).to_be_visible()
    await page.get_by_label("I confirm that this person is 18 or older.").check()
    await press(page, "Make the invitation")
    await expect(page.get_by_role("img", name="Invitation code")).to_be_visible()
    await press(page, "Copy the link")
    link: str = await page.evaluate("navigator.clipboard.readText()")
    await expect(page.get_by_text(link, exact=True)).to_be_visible()
    return link


async def join(page: Page, link: str) -> Access:
    """The patient opens the link, confirms whom it is from, and signs up with the five words that the phone offers."""
    await page.goto(link)
    await expect(page.get_by_text(f"{THERAPIST} of Harbour Practice invites you to keep a journal.")).to_be_visible()
    assert "#" not in page.url, "the secret part of the link stays in the address bar"
    await press(page, f"Yes, it’s {THERAPIST}")
    await say_who(page, PATIENT, "patient@example.org")
    await press(page, "Take these")
    passphrase = await page.get_by_label("Passphrase", exact=True).input_value()
    assert len(passphrase.split()) == 5
    await press(page, "Make my journal")
    kit = await keep_kit(page)
    await expect(page.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()
    return Access("patient@example.org", passphrase, kit)


async def write_with_a_reload(page: Page) -> str:
    """An entry whose words survive a reload half-way; returns its id."""
    await page.get_by_role("link", name="Write", exact=True).first.click()
    words = page.get_by_label("Your words")
    await words.press_sequentially(LIGHTHOUSE[:30])
    await expect(page).to_have_url(re.compile(r"/write/[0-9a-f-]{36}$"))
    # Words are sealed and on the disk within milliseconds of each key, not in the same one.
    await expect(page.locator("[data-state=kept]")).to_be_visible()
    await page.reload()
    await expect(words).to_have_value(LIGHTHOUSE[:30])
    await words.press_sequentially(LIGHTHOUSE[30:])
    await page.get_by_role("slider", name="Mood").fill("7")
    await page.get_by_role("button", name="tender").click()
    await expect(page.get_by_role("radio", name="Only you")).to_be_checked()
    await press(page, "Done")
    await expect(page.locator("article")).to_contain_text(LIGHTHOUSE)
    await expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    await expect(page.get_by_text("tender")).to_be_visible()
    return entry_id(page)


async def meet(laptop: Page, phone: Page, practice: Practice) -> tuple[Access, Access]:
    """The practice, the agreement, the invitation: therapist and patient know each other."""
    therapist = await begin(laptop, practice)
    await write_agreement(laptop)
    patient = await join(phone, await invite(laptop))
    await expect(laptop.get_by_text("Anahit from Tuesday has joined.")).to_be_visible()
    await laptop.get_by_role("link", name="Continue").click()
    await expect(laptop.get_by_role("heading", name=PATIENT)).to_be_visible()
    # The agreement goes to whoever joins by itself.
    await expect(laptop.get_by_text("not accepted yet")).to_be_visible()
    return therapist, patient


async def share_two_entries(laptop: Page, phone: Page) -> str:
    """Written for oneself, then shared; before the first share stands the agreement. Returns the first one's id."""
    entry = await write_with_a_reload(phone)
    await choose(phone, "To read")
    agreement = phone.get_by_role("dialog", name="Before you share")
    await expect(agreement).to_contain_text("Mondays and Thursdays, before noon.")
    await expect(agreement).to_contain_text("noted, printed or filed stays in the record")
    await press(phone, "I have read it and accept")
    await expect(phone.get_by_text(f"It is on {THERAPIST}’s reading list.")).to_be_visible()
    await expect(laptop.get_by_role("link", name=PATIENT)).to_contain_text(LIGHTHOUSE)
    await expect(phone.get_by_text(f"You and {THERAPIST} · to read · not opened yet")).to_be_visible()
    await phone.get_by_role("button", name="Back").click()
    await write(phone, ORANGES)
    await choose(phone, "To read")
    await expect(laptop.get_by_text("2 to read", exact=True).first).to_be_visible()
    return entry


async def review_by_keys(page: Page) -> None:
    """Opened, answered and reviewed without leaving the keyboard."""
    article = page.locator("article")
    for key, words in (("j", LIGHTHOUSE), ("j", ORANGES), ("k", LIGHTHOUSE)):
        await page.keyboard.press(key)
        await expect(article).to_contain_text(words)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    await page.keyboard.type(QUESTION)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Answers")).to_contain_text(QUESTION)
    await page.keyboard.press("e")
    await expect(article).to_contain_text(ORANGES)
    await expect(page.get_by_text("1 to read", exact=True).first).to_be_visible()


async def change_in_private_then_send(laptop: Page, phone: Page, practice: Practice, entry: str) -> None:
    """The patient sees that it was read, changes it, answers; the change reaches the therapist only when it is sent."""
    await visit(phone, practice.origin, f"/journal/{entry}")
    await expect(phone.get_by_text(f"You and {THERAPIST} · to read · read today")).to_be_visible()
    await expect(phone.get_by_text(QUESTION)).to_be_visible()
    await phone.get_by_role("link", name="Change it").click()
    await phone.get_by_label("Your words").press_sequentially(ADDED)
    await press(phone, "Done")
    await expect(phone.get_by_text("Changes only you can see")).to_be_visible()
    await phone.get_by_label("Your answer").fill(ANSWER)
    await press(phone, "Send")
    await visit(laptop, practice.origin, f"/to-read/{entry}")
    # The answer is newer than the change: had the change been sent, it would be here.
    await expect(laptop.get_by_text(ANSWER)).to_be_visible()
    await expect(laptop.locator("article")).not_to_contain_text(ADDED)
    await press(phone, "Send the change")
    await expect(laptop.locator("article")).to_contain_text(ADDED)
    await expect(laptop.locator("article")).to_contain_text("changed since you reviewed it")
    await expect(laptop.get_by_text("2 to read", exact=True).first).to_be_visible()


async def take_back(laptop: Page, phone: Page, practice: Practice, entry: str) -> None:
    """It closes on the therapist's open page, by address, and at the server."""
    await choose(phone, "Only you")
    await expect(phone.get_by_role("dialog", name="Take it back?")).to_be_visible()
    await press(phone, "Take it back")
    await expect(phone.get_by_text("Taken back. It closes in")).to_be_visible()
    gone = laptop.get_by_text("This entry was taken back. It can no longer be opened.")
    await expect(gone).to_be_visible()
    await expect(laptop.get_by_text(LIGHTHOUSE)).to_have_count(0)
    await laptop.reload()
    await expect(gone).to_be_visible()
    refused = await laptop.context.request.get(f"{practice.origin}/api/records/{entry}")
    assert refused.status == 404


async def test_from_nothing_to_a_therapist_reading_a_shared_entry(
    practice: Practice, devices: Devices, tmp_path: Path
) -> None:
    laptop, phone = await devices.laptop(practice.origin), await devices.phone(practice.origin)
    therapist, patient = await meet(laptop, phone, practice)

    # The therapist waits at the list; what is shared arrives there without a reload.
    await laptop.get_by_role("link", name="To read").click()
    await expect(laptop.get_by_text("Nothing is waiting to be read.")).to_be_visible()
    visit_began = await laptop.evaluate("performance.timeOrigin")
    entry = await share_two_entries(laptop, phone)
    await review_by_keys(laptop)
    assert await laptop.evaluate("performance.timeOrigin") == visit_began, "the list was loaded anew"

    await change_in_private_then_send(laptop, phone, practice, entry)
    await take_back(laptop, phone, practice, entry)

    # The other implementation opens the same journal.
    exported = await export(practice, patient, tmp_path / "export")
    assert sorted(exported) == sorted([LIGHTHOUSE + ADDED, ORANGES])

    # And who copies the database reads none of it.
    held = await all_bytes(practice.database_url)
    assert b"patient@example.org" in held, "this isn't the database that was written to"
    texts = [LIGHTHOUSE, ORANGES, ADDED, QUESTION, ANSWER, AGREEMENT, THERAPIST, PATIENT, "Anahit from Tuesday"]
    words = {word for text in texts for word in re.findall(r"\w{6,}", text)}
    secrets = [
        secret
        for access in (therapist, patient)
        for secret in (access.passphrase, access.kit, access.kit.replace("-", ""))
    ]
    assert found_in(held, [*texts, *sorted(words), *secrets]) == []


async def export(practice: Practice, access: Access, folder: Path) -> list[str]:
    """Run `aftertide export` as the patient would; returns the texts of the entries."""
    read, send = os.pipe()
    os.write(send, f"{access.passphrase}\n".encode())
    os.close(send)
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aftertide.cli", "export", "--server", practice.origin, "--email", access.email,
        "--secret-fd", str(read), "--to", str(folder), pass_fds=[read],
    )  # fmt: skip
    assert await command.wait() == 0
    os.close(read)
    journal = json.loads((folder / "journal.json").read_text(encoding="utf-8"))
    assert journal["faults"] == []
    return [record["content"]["text"] for record in journal["records"] if record["content"]["kind"] == "entry"]
