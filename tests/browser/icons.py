"""Makes `pwa/public/icons/` and `pwa/public/screenshots/`: `python -m tests.browser.icons` (after `make run` has built the app once).

The icons come from `pwa/public/icon.svg` and `pwa/icons/`, the screenshots from the running demo.
"""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.chromium import ARGUMENTS, chromium
from tests.browser.demo import PATIENT, Demo, demo_server
from tests.browser.pictures import device

PUBLIC, SOURCES = Path("pwa/public"), Path("pwa/icons")
NARROW, WIDE = (360, 740), (1280, 800)
SCALE = 2

# Name, source and side in pixels. Android cuts a maskable icon to its own shape; iOS rounds the corners itself.
ICONS = [
    ("icon-192", PUBLIC / "icon.svg", 192),
    ("icon-512", PUBLIC / "icon.svg", 512),
    ("maskable-512", SOURCES / "whole.svg", 512),
    ("monochrome-512", SOURCES / "monochrome.svg", 512),
    ("apple-touch-icon", SOURCES / "whole.svg", 180),
]


async def draw_icons(browser: Browser) -> None:
    """Draw every icon at its size, on nothing."""
    page = await browser.new_page()
    for name, source, side in ICONS:
        await page.set_viewport_size({"width": side, "height": side})
        drawing = source.read_text(encoding="utf-8").replace("<svg ", f'<svg width="{side}" height="{side}" ', 1)
        await page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{drawing}")
        await page.screenshot(path=PUBLIC / "icons" / f"{name}.png", omit_background=True)


async def journal_of(browser: Browser, demo: Demo, size: tuple[int, int]) -> Page:
    """A patient's journal on a screen of this size."""
    page = await device(browser, demo, PATIENT, size, scale=SCALE if size == NARROW else 1)
    await page.get_by_text("The water again.").wait_for()
    await page.evaluate("document.fonts.load('17px \"Literata Variable\"')")
    await page.evaluate("document.activeElement.blur()")
    return page


async def take_screenshots(browser: Browser, demo: Demo) -> None:
    """What the browser shows of the app before it installs it."""
    for name, size in (("narrow", NARROW), ("wide", WIDE)):
        page = await journal_of(browser, demo, size)
        await page.screenshot(path=PUBLIC / "screenshots" / f"{name}.png", animations="disabled")


async def main(executable: str) -> None:
    """Make all of them with the Chromium at this path."""
    with tempfile.TemporaryDirectory() as folder, demo_server(Path(folder)) as demo:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
            await draw_icons(browser)
            await take_screenshots(browser, demo)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(chromium()))
