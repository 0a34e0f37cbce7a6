"""From a passkey on a phone, through the phone's loss, to sharing again: the whole walk, as one person goes it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.firefox import Firefox, firefox, running_firefox
from tests.browser.passkeys import authenticator, make
from tests.browser.people import choose, keep_kit, press, say_who, visit, write
from tests.browser.profiles import Profile, app_is_here

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BEFORE = "The ferry had no other passengers."
LOCKED_OUT = "Woken at four, and the ferry again."
NEVER = "Nobody was to see the cellar stairs."
AFTER = "Nobody else has read this one."
ANOTHER = "gravel moth window seventh rope"
LINK = "document.querySelector('.link')?.innerText"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path) -> AsyncIterator[Firefox]:
    """The therapist's browser, of another make than the patients'."""
    async with running_firefox(firefox(), tmp_path / "firefox", {"intl.accept_languages": "en-GB"}) as desk:
        yield desk


async def sign_in_at_the_desk(desk: Firefox, couple: Couple) -> None:
    await desk.go(f"{couple.origin}/sign-in")
    await desk.fill("input[type=email]", couple.therapist.email)
    await desk.fill("input[type=password]", couple.therapist.passphrase)
    await desk.press("Sign in")
    await desk.sees("Nothing is waiting to be read.")


async def invite(desk: Firefox) -> str:
    """Write the reading agreement and invite one more person; returns the link, with its code on the screen."""
    await desk.press("Practice")
    await desk.fill("main textarea", "I read on Mondays, and nobody watches. Telephone instead.")
    await desk.press("Save as version")
    await desk.sees("is saved and goes to everyone you work with.")
    await desk.press("Patients")
    await desk.press("Invite someone")
    await desk.fill("form input:not([type=checkbox])", "Beatriz from Tuesday")
    await desk.run("document.querySelector('input[type=checkbox]').click()")
    await desk.press("Make the invitation")
    return await shown_link(desk)


async def shown_link(desk: Firefox) -> str:
    await desk.until(f"{LINK} !== undefined")
    return str(await desk.run(LINK))


async def join_by_passkey(phone: Page, link: str) -> str:
    """Sign up with the phone's screen lock; returns the kit."""
    await phone.goto(link)
    await press(phone, "Yes, it’s Dr. Tidewell")
    await say_who(phone, "Beatriz", "beatriz@example.org")
    await make(phone)
    kit = await keep_kit(phone)
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()
    return kit


async def press_link(page: Page, name: str) -> None:
    await page.get_by_role("link", name=name, exact=True).click()


async def share(page: Page, text: str) -> None:
    """Write an entry and put it on the therapist's list."""
    await write(page, text)
    await choose(page, "To read")


async def share_the_first(phone: Page) -> None:
    """Write and share, with the agreement that stands before the first share."""
    await share(phone, BEFORE)
    await press(phone, "I have read it and accept")
    await expect(phone.get_by_text("It is on Dr. Tidewell’s reading list.")).to_be_visible()


async def write_while_locked(phone: Page) -> None:
    """Lock, write all the same, and find the words after unlocking by passkey."""
    await phone.get_by_role("link", name="You", exact=True).click()
    await press(phone, "Lock now")
    await phone.get_by_role("link", name="Write without unlocking").click()
    await phone.get_by_label("Your words").press_sequentially(LOCKED_OUT)
    await press(phone, "Done")
    await press(phone, "Use a passkey")
    await expect(phone.get_by_text(LOCKED_OUT)).to_be_visible()
    await phone.get_by_role("link", name="Journal", exact=True).click()
    await expect(phone.get_by_text(BEFORE)).to_be_visible()
    await phone.get_by_text(LOCKED_OUT).click()
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()


async def renew_by_kit(laptop: Page, origin: str, kit: str) -> None:
    """Sign in by kit, which leads to new keys, and come back to the journal."""
    await visit(laptop, origin, "/sign-in")
    await press(laptop, "Use the recovery kit")
    await laptop.get_by_label("E-mail").fill("beatriz@example.org")
    await laptop.get_by_label("Recovery kit").fill(kit)
    await press(laptop, "Sign in")
    await press_link(laptop, "Renew all keys")
    await expect(laptop.get_by_label("Recovery kit")).to_have_value(kit)
    await laptop.get_by_label("New passphrase", exact=True).fill(ANOTHER)
    await press(laptop, "Continue")
    assert await keep_kit(laptop) != kit
    await expect(laptop.get_by_role("heading", name="You have new keys")).to_be_visible()
    await press_link(laptop, "Done")
    for text in (BEFORE, LOCKED_OUT):
        await expect(laptop.get_by_text(text)).to_be_visible()


async def reconnect(desk: Firefox, laptop: Page, origin: str) -> None:
    """The therapist makes the link on the patient's page, the patient answers it."""
    await desk.go(f"{origin}/to-read")
    await desk.sees("Beatriz has new keys")
    await desk.press("What to do")
    await desk.press("Make a reconnect link")
    await laptop.goto(await shown_link(desk))
    await press(laptop, "Yes, reconnect with Dr. Tidewell")
    await expect(laptop.get_by_text("You have answered Dr. Tidewell.")).to_be_visible()
    await press(laptop, "To my journal")


async def try_to_get_in(found: Page, origin: str, kit: str) -> None:
    """Whoever has the phone sees what it showed and nothing after; neither its passkey nor the old kit lets them in."""
    await visit(found, origin, "/journal")
    await expect(found.get_by_text("This device was signed out.")).to_be_visible()
    await press_link(found, "Sign in")
    await press(found, "Use a passkey")
    await expect(found.get_by_text("No account here has this passkey.")).to_be_visible()
    await press(found, "Use the recovery kit")
    await found.get_by_label("Recovery kit").fill(kit)
    await press(found, "Sign in")
    await expect(found.get_by_text("E-mail and kit don’t fit together. Check both.")).to_be_visible()
    await visit(found, origin, "/journal")
    await expect(found.get_by_text(BEFORE)).to_be_visible()
    await expect(found.get_by_text(AFTER)).to_have_count(0)


async def test_a_lost_phone_is_left_behind_with_a_kit_a_laptop_and_new_keys(
    named_couple: Couple, devices: Devices, profile: Profile, desk: Firefox
) -> None:
    origin = named_couple.origin
    await sign_in_at_the_desk(desk, named_couple)
    link = await invite(desk)
    phone = await profile.open(origin)
    screen_lock = await authenticator(phone)
    kit = await join_by_passkey(phone, link)
    await desk.sees("Beatriz from Tuesday has joined.")
    await desk.press("Continue")
    await desk.sees("not accepted yet")
    await share_the_first(phone)
    await desk.press("To read")
    await desk.press("Beatriz")
    await desk.press("Reviewed, next")
    await desk.sees("Nothing is waiting to be read.")
    await write_while_locked(phone)

    # Left in a tram, open as it was.
    await app_is_here(phone)
    (passkey,) = await screen_lock.credentials()
    await profile.close()

    laptop = await devices.laptop(origin)
    await renew_by_kit(laptop, origin, kit)
    # One thing at a time: when the journal is of is told, too, but not before what there is to do.
    await expect(laptop.get_by_text("You have new keys. Reconnect with Dr. Tidewell")).to_be_visible()
    await expect(laptop.locator(".notices .notice")).to_have_count(1)
    await share(laptop, AFTER)
    await expect(
        laptop.get_by_text("What you share waits here until Dr. Tidewell and you have reconnected.")
    ).to_be_visible()
    await reconnect(desk, laptop, origin)
    await expect(laptop.get_by_text("Your journal as of")).to_be_visible()
    await expect(laptop.locator(".notices .notice")).to_have_count(1)
    await desk.go(f"{origin}/to-read")
    await desk.sees(AFTER)
    await desk.sees("1 to read")  # what was reviewed before is sealed anew, and says nothing new

    found = await profile.open(origin)
    profile.watch.refusals.add(401)
    await (await authenticator(found)).put(passkey)
    await try_to_get_in(found, origin, kit)


async def test_who_lost_every_way_in_comes_back_through_their_therapist(
    named_couple: Couple, devices: Devices, desk: Firefox
) -> None:
    origin = named_couple.origin
    await sign_in_at_the_desk(desk, named_couple)
    phone = await devices.phone(origin)
    await authenticator(phone)
    await join_by_passkey(phone, await invite(desk))
    await share_the_first(phone)
    await phone.get_by_role("link", name="Journal", exact=True).click()
    await write(phone, NEVER)
    await expect(phone.get_by_text("Sent", exact=True)).to_be_visible()

    # The phone is gone, its passkey with it, and the drawer with the kit has burnt.
    await phone.context.close()

    # She calls; the therapist knows her voice, and makes the link on her page.
    await desk.press("Patients")
    await desk.press("Beatriz")
    await desk.press("Reconnect")
    await desk.press("Make a reconnect link")
    link = await shown_link(desk)

    another = await devices.phone(origin)
    await authenticator(another)
    await another.goto(link)
    await press(another, "I have lost every way in")
    await say_who(another, "Beatriz", "beatriz.anew@example.org")
    await make(another)
    await keep_kit(another)
    await press(another, "To my journal")
    await expect(another.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()

    await desk.go(f"{origin}/to-read")
    await desk.sees("Beatriz has a new account")
    await desk.press("What to do")
    await desk.sees("The former account had shared 1 entry that opens here.")
    await desk.run("document.querySelector('input[type=checkbox]').click()")
    await desk.press("Give it back")
    await desk.sees("1 of 1 given back")

    await expect(another.get_by_text("Dr. Tidewell gives back what you had shared")).to_be_visible()
    await press(another, "Take them in")
    await expect(another.get_by_text(BEFORE)).to_be_visible()
    await expect(another.get_by_text(NEVER)).to_have_count(0)

    # From here on as before: the agreement comes first, for the new account, too.
    await another.get_by_text(BEFORE).click()
    await expect(another.get_by_text("Given back by Dr. Tidewell")).to_be_visible()
    await another.get_by_role("link", name="Journal", exact=True).click()
    await share(another, AFTER)
    await press(another, "I have read it and accept")
    await desk.go(f"{origin}/to-read")
    await desk.sees(AFTER)
