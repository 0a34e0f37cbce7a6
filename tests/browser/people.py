"""What people do on the screens, in the words that they see there."""

import re
from dataclasses import dataclass

from playwright.async_api import Page, expect

GROUPS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]


@dataclass
class Access:
    """How somebody gets in: an e-mail, a passphrase, and the recovery kit as it was shown."""

    email: str
    passphrase: str
    kit: str


async def press(page: Page, name: str) -> None:
    """Press the button with exactly this name."""
    await page.get_by_role("button", name=name, exact=True).click()


async def visit(page: Page, origin: str, path: str) -> None:
    """Open an address of ours."""
    await page.goto(f"{origin}{path}")


async def say_who(page: Page, name: str, email: str, *, others_look: bool = False) -> None:
    """The first three steps of signing up: who one is, a second look at the e-mail, and whether anybody else looks."""
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("E-mail").fill(email)
    await press(page, "Continue")
    await expect(page.get_by_text(email, exact=True)).to_be_visible()
    await press(page, "It’s right")
    await press(page, "Yes, or maybe" if others_look else "No, only me")


async def shown_kit(page: Page) -> str:
    """The kit on the screen, once it is there."""
    await page.locator("ol.kit").wait_for()
    return "-".join(await page.locator("ol.kit li").all_inner_texts())


async def asked_group(page: Page, kit: str) -> str:
    """The group of the kit that the check asks for."""
    asked = await page.get_by_text("group of your kit?").inner_text()
    return kit.split("-")[next(at for at, word in enumerate(GROUPS) if f" {word} " in asked)]


async def pick_group(page: Page, group: str) -> None:
    """Pick one of the three groups that the check shows."""
    await page.get_by_role("button", name=" ".join(group), exact=True).click()


async def keep_kit(page: Page) -> str:
    """Save the kit that is shown as a picture and pick the group that is asked for; returns it."""
    kit = await shown_kit(page)
    async with page.expect_download():
        await page.get_by_role("link", name="Save as a picture").click()
    await pick_group(page, await asked_group(page, kit))
    return kit


async def sign_in(page: Page, origin: str, email: str, passphrase: str, *, at: str = "/sign-in") -> None:
    """Sign in by passphrase; the caller says what is to be seen then."""
    await visit(page, origin, at)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Passphrase", exact=True).fill(passphrase)
    await press(page, "Sign in")


async def write(page: Page, text: str) -> None:
    """From the journal to a finished entry that only its writer can read; leaves the entry on the screen."""
    await page.get_by_role("navigation").get_by_role("link", name="Write", exact=True).click()
    await page.get_by_label("Your words").press_sequentially(text)
    await press(page, "Done")
    await expect(page.locator("article").get_by_text(text)).to_be_visible()


async def choose(page: Page, choice: str) -> None:
    """Choose who can read the entry on the screen."""
    await page.get_by_role("group", name="Who can read it").get_by_text(choice, exact=True).click()


def entry_id(page: Page) -> str:
    """The id of the entry on the screen, from its address."""
    found = re.search(r"/(?:journal|to-read)/([0-9a-f-]{36})$", page.url)
    assert found, page.url
    return found[1]


async def make_link(page: Page) -> str:
    """Make the reconnect link on a contact's page; returns it."""
    await press(page, "Make a reconnect link")
    await expect(page.get_by_role("dialog").get_by_role("img", name="Invitation code")).to_be_visible()
    await press(page, "Copy the link")
    link: str = await page.evaluate("navigator.clipboard.readText()")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("A reconnect link is waiting for its answer")).to_be_visible()
    return link
