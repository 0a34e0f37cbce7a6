"""Makes `docs/pictures/` from the running demo: `python -m tests.browser.pictures` (after `make run` has built the app once)."""

import asyncio
import base64
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.chromium import ARGUMENTS, chromium
from tests.browser.demo import PATIENT, THERAPIST, Demo, demo_server
from tests.browser.passkeys import authenticator, give_passkey
from tests.browser.places import Place, go, patients_places, signed_out, therapists_places

FOLDER = Path("docs/pictures")
PHONE, LAPTOP = (360, 740), (1280, 800)
MARGIN, GAP = 36, 32

# The two screens beside each other on the colours of the shore; each drawn as the device that it is.
PAGE = """
<!doctype html><meta charset="utf-8"><style>
  body {{ margin: 0; padding: {margin}px; display: flex; gap: {gap}px; align-items: center; background: #d9ebe6; }}
  img {{ display: block; border: 1px solid #536663; box-shadow: 0 8px 28px rgb(22 48 47 / 18%); }}
  .phone {{ border-radius: 28px; }} .laptop {{ border-radius: 12px; }}
</style><img class="phone" width="{phone}" src="data:image/png;base64,{left}"><img class="laptop" width="{laptop}" src="data:image/png;base64,{right}">
"""

FOUR = """
<!doctype html><meta charset="utf-8"><style>
  body {{ margin: 0; padding: 36px; display: grid; grid-template: 354px 354px / 360px 360px auto; gap: 32px; background: #d9ebe6; }}
  img {{ display: block; border: 1px solid #536663; border-radius: 12px; }}
  .phone {{ grid-row: 1 / 3; inline-size: 360px; }} .laptop {{ block-size: 354px; }}
</style><img class="phone" src="data:image/png;base64,{0}"><img class="phone" src="data:image/png;base64,{1}">
<img class="laptop" src="data:image/png;base64,{2}"><img class="laptop" src="data:image/png;base64,{3}">
"""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def device(browser: Browser, demo: Demo, who: str, size: tuple[int, int], *, scale: int = 1) -> Page:
    """Sign somebody in on a device of this size, with so many pixels to each of its points."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="en-GB", timezone_id="Europe/Madrid", color_scheme="light",
        reduced_motion="reduce", device_scale_factor=scale,
    )  # fmt: skip
    page = await context.new_page()
    await page.goto(f"{demo.origin}/sign-in")
    await page.get_by_label("E-mail").fill(demo.sign_ins[who]["email"])
    await page.get_by_label("Passphrase", exact=True).fill(demo.sign_ins[who]["passphrase"])
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("navigation").wait_for()
    return page


async def picture_of(page: Page) -> str:
    """The screen as it is, with its typeface loaded and nothing in focus."""
    await page.evaluate("document.fonts.load('17px \"Literata Variable\"')")
    await page.evaluate("document.activeElement.blur()")
    return base64.b64encode(await page.screenshot(animations="disabled")).decode()


async def journal_and_review(browser: Browser, demo: Demo) -> None:
    """A patient's journal on a phone, and the therapist's list on a laptop, side by side."""
    phone = await device(browser, demo, PATIENT, PHONE)
    await phone.get_by_text("The water again.").wait_for()
    laptop = await device(browser, demo, THERAPIST, LAPTOP)
    await laptop.get_by_role("link", name=PATIENT).click()
    await laptop.get_by_role("region", name="Answers").wait_for()
    left, right = await picture_of(phone), await picture_of(laptop)
    width = round(LAPTOP[0] * 0.8)
    sheet = await browser.new_page(
        viewport={"width": 2 * MARGIN + GAP + PHONE[0] + width + 4, "height": 2 * MARGIN + PHONE[1] + 2}
    )
    await sheet.set_content(PAGE.format(margin=MARGIN, gap=GAP, phone=PHONE[0], laptop=width, left=left, right=right))
    await sheet.screenshot(path=FOLDER / "journal-and-review.png")


async def every_screen(browser: Browser, demo: Demo) -> None:
    """Each screen in four: phone and laptop, light and dark; as `docs/pictures/screens/NAME.jpg`."""
    (FOLDER / "screens").mkdir(exist_ok=True)
    for who in (None, PATIENT, THERAPIST):
        pages = [await screen(browser, demo, who, size) for size in (PHONE, LAPTOP)]
        if who is not None:  # the phone is told that the laptop has signed in
            await pages[0].get_by_role("button", name="It was me").click()
        for place in await places_of(pages[0], who):
            shots = []
            for page in pages:
                await go(page, demo.origin, place)
                for theme in THEMES:
                    await page.emulate_media(color_scheme=theme)
                    shots.append(await picture_of(page))
            name = "".join(sign if sign.isalnum() else "-" for sign in place.name).strip("-")
            await sheet_of(browser, shots, FOLDER / "screens" / f"{name}.jpg")
        for page in pages:
            await page.context.close()


async def screen(browser: Browser, demo: Demo, who: str | None, size: tuple[int, int]) -> Page:
    """A device of this size, somebody's or nobody's yet."""
    if who is not None:
        page = await device(browser, demo, who, size)
        await give_passkey(page, demo.origin, demo.sign_ins[who]["passphrase"])
        return page
    page = await browser.new_page(
        viewport={"width": size[0], "height": size[1]}, locale="en-GB", reduced_motion="reduce", service_workers="block"
    )
    await authenticator(page, prf="when used")
    await page.goto(f"{demo.origin}/sign-in")
    return page


async def places_of(page: Page, who: str | None) -> list[Place]:
    """Everything that one can come to and that says something of its own."""

    async def first(path: str, selector: str) -> str:
        await page.evaluate(
            "(path) => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path
        )
        address = await page.locator(selector).first.get_attribute("href")
        return (address or "").rpartition("/")[2]

    if who is None:
        return [place for place in signed_out("") if place.path]
    if who == PATIENT:
        return patients_places(
            await first("/journal", "a[href^='/journal/']"),
            await first("/journal", "a[href^='/journal/']:has-text('2 answers')"),
            await first("/you", "a[href^='/people/']"),
        )
    return therapists_places(
        await first("/to-read", "a[href^='/to-read/']"),
        await first("/patients", "main a[href^='/patients/']:not([href$=invite])"),
    )


async def sheet_of(browser: Browser, shots: list[str], path: Path) -> None:
    """Lay four pictures out: the phone's beside each other, the laptop's one below the other."""
    sheet = await browser.new_page(viewport={"width": 1422, "height": 812})
    await sheet.set_content(FOUR.format(*shots))
    await sheet.screenshot(path=path, type="jpeg", quality=80)
    await sheet.close()


async def main(executable: str) -> None:
    """Make all pictures with the Chromium at this path."""
    with tempfile.TemporaryDirectory() as folder, demo_server(Path(folder)) as demo:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
            await journal_and_review(browser, demo)
            await every_screen(browser, demo)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(chromium()))
