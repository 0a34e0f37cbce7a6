"""Whatever comes in, by hand, from a later version or from a failing disk: words are shown as typed and nothing else breaks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aftertide.account import Account
from aftertide.client import Client
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import choose, press, sign_in, visit, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

KEPT = "[data-state=kept]"
# As a browser does it: at the end of what is there, with one event.
PASTE = """
(field, text) => {
  field.setRangeText(text, field.value.length, field.value.length, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertFromPaste" }));
}
"""
LONG = "A page of what was said that night, and then another one.\n" * 27_000  # 1.5 MB
CURIOUS = {
    "emoji": "Family 👨‍👩‍👧‍👦 at sea 🏴󠁧󠁢󠁳󠁣󠁴󠁿 emojisea",
    "combining": "Z̸̢̧͉͔̯̱̮̗͎̝̟̯̹̀̿̐͛͊͗̏͆̕͝a̵̡̢͖̣̹̲̯̠̣̗̍̉̈́̅̑͌̈́̄̿͘̚l̵̛̗̜͎̑g̷̢̲̉o̵ combiningsea",
    "bidi": "\u202eesrever\u202c ואז שלום، مرحبا \u2066inside\u2069 bidisea",
    "markup": '<img src=x onerror="window.ran = true"><script>window.ran = true</script>&amp; markupsea',
    "addresses": "javascript:alert(1) [press](javascript:window.ran=true) {{7*7}} ${window.ran} addresssea",
    "controls": "bell\u0007 nul\u0000 end\u001f\ufffe controlsea",
}
FLIP = """
(id) => new Promise((done) => {
  const opening = indexedDB.open("aftertide");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("records", "readwrite");
    const records = transaction.objectStore("records");
    records.get(id).onsuccess = ({ target: { result } }) => {
      result.accepted.body[100] ^= 1;
      records.put(result);
    };
    transaction.oncomplete = () => { opening.result.close(); done(true); };
  };
})
"""


async def patients(devices: Devices, couple: Couple) -> Page:
    """The patient signs in on a phone and sees the journal."""
    phone = await devices.phone(couple.origin)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    return phone


@asynccontextmanager
async def by_program(couple: Couple) -> AsyncIterator[Account]:
    """The patient's account in the other implementation, with all that the server has."""
    async with Client(couple.origin, device="made by a test") as client:
        account = await client.sign_in(couple.patient.email, couple.patient.passphrase)
        await account.sync()
        yield account
        await account.access.sign_out()


async def paste(field: Locator, text: str) -> None:
    await field.evaluate(PASTE, text)


async def test_what_is_too_long_to_send_stays_and_goes_out_once_shortened(couple: Couple, devices: Devices) -> None:
    phone = await patients(devices, couple)
    await phone.get_by_role("link", name="Write", exact=True).click()
    words = phone.get_by_label("Your words")
    await words.press_sequentially("Pasted: ")
    await paste(words, LONG)
    await expect(phone.locator(KEPT)).to_be_visible()
    await press(phone, "Done")
    await expect(phone.get_by_text("Too long to send. Make two entries of it.")).to_be_visible()
    await write_another(phone)

    await phone.reload()
    await phone.get_by_role("link").filter(has_text="Pasted: A page").click()
    await expect(phone.get_by_text("Too long to send. Make two entries of it.")).to_be_visible()
    await phone.get_by_role("link", name="Change it").click()
    assert await words.evaluate("(field) => field.value.length") == len("Pasted: ") + len(LONG)
    await words.fill("Pasted: the first page only.")
    await press(phone, "Done")
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    async with by_program(couple) as account:
        texts = {str(entry.content["text"]) for entry in account.journal.own("entry")}
    assert texts == {couple.entry, "Another one goes out.", "Pasted: the first page only."}


async def write_another(phone: Page) -> None:
    """What can't go out holds nothing else back."""
    await phone.get_by_role("button", name="Back").click()
    await write(phone, "Another one goes out.")
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    await phone.get_by_role("button", name="Back").click()


async def test_curious_words_are_shown_found_and_sent_as_they_were_typed(couple: Couple, devices: Devices) -> None:
    """The devices' own watch fails the test should a script be refused or run."""
    phone = await patients(devices, couple)
    for kind, text in CURIOUS.items():
        await phone.get_by_role("link", name="Write", exact=True).click()
        await paste(phone.get_by_label("Your words"), text)
        await press(phone, "More")
        await press(phone, "Add a word of your own")
        await phone.get_by_label("A word of your own").fill(f"<b>{kind}")
        await phone.keyboard.press("Enter")
        await press(phone, "Done")
        article = phone.locator("article")
        assert text in str(
            await article.locator("p.voice, .voice p, .voice").first.evaluate("(one) => one.textContent")
        )
        await expect(article.get_by_text(f"<b>{kind}")).to_be_visible()
        await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
        await phone.get_by_role("button", name="Back").click()
    search = phone.get_by_role("searchbox", name="Search your words")
    for text in CURIOUS.values():
        await search.fill(text.split(" ")[-1])
        await expect(phone.get_by_text("1 entry")).to_be_visible()
        await search.fill(text)
        await expect(phone.get_by_role("status").filter(has_text="entr")).to_be_visible()
    await paste(search, LONG)
    await expect(phone.get_by_text("0 entries")).to_be_visible()
    await search.fill("")
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    assert await phone.evaluate("window.ran") is None
    async with by_program(couple) as account:
        texts = {str(entry.content["text"]) for entry in account.journal.own("entry")}
    assert texts == {couple.entry, *CURIOUS.values()}


@pytest.mark.parametrize("field", ["entry", "answer"])
async def test_half_a_character_takes_no_words_with_it(couple: Couple, devices: Devices, field: str) -> None:
    """Keyboards and scripts can leave half of a pair of UTF-16 in a field; no JSON may hold it."""
    phone = await patients(devices, couple)
    if field == "entry":
        await phone.get_by_role("link", name="Write", exact=True).click()
    else:
        await phone.get_by_role("link").filter(has_text=couple.entry).click()
        await choose(phone, "To read")
    words = phone.get_by_label("Your words" if field == "entry" else "Your answer")
    await words.press_sequentially("Before it")
    await words.evaluate(
        """(field) => {
          field.value += "\\ud83c";
          field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        }"""
    )
    await words.press_sequentially(" and after")
    await press(phone, "Done" if field == "entry" else "Send")
    where = phone.locator("article") if field == "entry" else phone.get_by_role("region", name="Answers")
    await expect(where).to_contain_text("Before it\ufffd and after")
    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_text(couple.entry)).to_be_visible()


async def test_what_a_later_version_wrote_breaks_nothing_and_survives_a_change(
    couple: Couple, devices: Devices
) -> None:
    async with by_program(couple) as account:
        await account._saver.create({"kind": "of-a-later-version", "v": 7, "tide": {"high": True}})
        entry = await account.write("Said by a later version.", form="of-a-later-version")
        await account.edit(entry.id, lambda content: {**content, "weather": {"wind": 7}, "tags": ["harbour"]})
    phone = await patients(devices, couple)
    await phone.get_by_role("link").filter(has_text="Said by a later version.").click()
    await phone.get_by_role("link", name="Change it").click()
    await phone.get_by_label("Your words").press_sequentially(" Changed by this one.")
    await press(phone, "Done")
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    await expect(phone.get_by_text("Something doesn’t add up")).to_have_count(0)
    async with by_program(couple) as account:
        content = account.record(entry.id).content
        (unknown,) = account.journal.own("of-a-later-version")
    assert content["text"] == "Said by a later version. Changed by this one."
    assert content["form"] == "of-a-later-version"
    assert (content["weather"], content["tags"]) == ({"wind": 7}, ["harbour"])
    assert unknown.content["tide"] == {"high": True}


async def test_a_record_that_the_disk_has_spoilt_closes_nothing_else(couple: Couple, devices: Devices) -> None:
    phone = await patients(devices, couple)
    await write(phone, "This one stays whole.")
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
    await phone.get_by_role("button", name="Back").click()
    address = await phone.get_by_role("link").filter(has_text=couple.entry).get_attribute("href")
    assert address
    assert await phone.evaluate(FLIP, address.rsplit("/", 1)[1])

    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_text("This one stays whole.")).to_be_visible()
    await press(phone, "Show what: 1 thing")
    await expect(phone.get_by_role("dialog")).to_contain_text("Something didn’t open. Nothing is lost")
    await phone.keyboard.press("Escape")
    await write(phone, "And writing goes on.")
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()
