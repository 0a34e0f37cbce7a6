"""A device's clock that goes wrong."""

from datetime import timedelta

from playwright.async_api import Page

# Every way in which a page asks for the time of day; how long something takes is measured as ever.
SHIFT = """
(() => {
  const by = %d;
  const RealDate = Date.real ?? Date;
  window.Date = class extends RealDate {
    static real = RealDate;
    constructor(...said) { said.length ? super(...said) : super(RealDate.now() + by); }
    static now() { return RealDate.now() + by; }
  };
})();
"""


async def shift(page: Page, by: timedelta) -> None:
    """Have the device's clock, as its pages see it from their next load on, be wrong by so much. The last word counts."""
    await page.context.add_init_script(SHIFT % (by.total_seconds() * 1000))
