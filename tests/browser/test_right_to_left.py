"""A language that is written from right to left finds every screen in order, though none is there yet."""

from playwright.async_api import Page, expect

from tests.browser.barriers import found_out_of_place
from tests.browser.conftest import Devices
from tests.browser.demo import PATIENT, THERAPIST, Demo
from tests.browser.people import press, visit
from tests.browser.places import Place, go, patients_places, therapists_places
from tests.browser.test_accessibility import enter, enter_with_passkey, id_in

# Whether Help can be pressed where it is seen; a dialog has it behind itself, and on Help itself there is none.
HELP_OUT_OF_REACH = """
() => {
  if (document.querySelector("dialog[open]") || location.pathname === "/help") return false;
  const { left, right, top, bottom, width } = document.querySelector("header button:last-of-type").getBoundingClientRect();
  return !(width >= 48 && left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight);
}
"""


async def turn(page: Page) -> None:
    """Have the page read from right to left."""
    await page.evaluate("document.documentElement.dir = 'rtl'")


async def out_of_place(page: Page, demo: Demo, places: list[Place]) -> list[str]:
    """Visit every place from right to left, and tell what doesn't fit a narrow window or large text."""
    found = []
    for place in places:
        await go(page, demo.origin, place)
        await turn(page)
        found += [f"{place.name}, 320 px: {one}" for one in await found_out_of_place(page, 320, 100)]
        found += [f"{place.name}, text at 200 %: {one}" for one in await found_out_of_place(page, 360, 200)]
        await page.evaluate(
            "scrollTo(0, 0)"
        )  # a form further down was brought into sight; which side is what counts here
        if await page.evaluate(HELP_OUT_OF_REACH):
            found.append(f"{place.name}: Help is out of reach")
    return found


async def test_nothing_of_a_patients_runs_out_of_the_page(demo: Demo, devices: Devices) -> None:
    page = await devices.phone(demo.origin)
    await enter_with_passkey(page, demo, PATIENT)
    private = await id_in(page, "a[href^='/journal/']:has-text('The water again')")
    shared = await id_in(page, "a[href^='/journal/']:has-text('Called Maya')")
    await visit(page, demo.origin, "/you")
    therapist = await id_in(page, "a[href^='/people/']")
    places = [*patients_places(private, shared, therapist), Place("help", "/help", "a[href^='tel:']")]
    assert await out_of_place(page, demo, places) == []


async def test_nothing_of_a_therapists_runs_out_of_the_page(demo: Demo, devices: Devices) -> None:
    page = await devices.laptop(demo.origin)
    await enter_with_passkey(page, demo, THERAPIST)
    entry = await id_in(page, "a[href^='/to-read/']")
    await visit(page, demo.origin, "/patients")
    patient = await id_in(page, "main a[href^='/patients/']:not([href$='invite'])")
    assert await out_of_place(page, demo, therapists_places(entry, patient)) == []


async def test_one_writes_chooses_and_finds_help_from_right_to_left(demo: Demo, devices: Devices) -> None:
    page = await devices.phone(demo.origin)
    await page.set_viewport_size({"width": 320, "height": 740})
    await enter(page, demo, PATIENT)
    await turn(page)
    await page.get_by_role("link", name="Write", exact=True).click()
    words = "הים היה שקט הבוקר."
    await page.get_by_label("Your words").press_sequentially(words)
    await page.get_by_role("group", name="Who can read it").get_by_text("For our session", exact=True).click()
    await page.get_by_role("slider", name="Mood").fill("7")
    await press(page, "More")
    await page.get_by_role("button", name="grateful").click()
    assert await found_out_of_place(page, 320, 100) == []
    await page.get_by_role("button", name="Help").click()
    await expect(page.get_by_role("dialog", name="Help").get_by_text("Nobody watches this app")).to_be_visible()
    await page.keyboard.press("Escape")
    await press(page, "Done")
    article = page.locator("article")
    await expect(article).to_contain_text(words)
    await expect(article.get_by_text("grateful")).to_be_visible()
    await expect(page.get_by_role("radio", name="For our session")).to_be_checked()
