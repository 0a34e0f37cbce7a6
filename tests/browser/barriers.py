"""What keeps people out of a screen: what axe finds, what runs out of a narrow or enlarged page, focus that can't be seen."""

from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Page

THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")

AXE = Path("pwa/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")

RUN_AXE = """
async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.any.concat(node.all)[0]?.message ?? ""})`));
}
"""

# What lies beside the window, is cut off, or scrolls sideways inside. What is only heard has no place on the screen.
FIND_OVERFLOW = """
async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const width = document.documentElement.clientWidth;
  const found = document.scrollingElement.scrollWidth > width ? [`the page is ${document.scrollingElement.scrollWidth} wide`] : [];
  for (const element of document.querySelectorAll("main *, nav *, dialog[open], dialog[open] *")) {
    if (element.closest(".only-heard, [hidden], svg") || !element.checkVisibility()) continue;
    const { left, right } = element.getBoundingClientRect();
    const { overflowX } = getComputedStyle(element);
    const cut = overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1;
    if (left < -1 || right > width + 1 || cut)
      found.push(`${element.tagName.toLowerCase()}.${element.className} ${Math.round(left)}–${Math.round(right)}${cut ? " cut" : ""}: ${element.textContent.trim().slice(0, 60)}`);
  }
  return found.slice(0, 3);
}
"""

FOCUS = """
() => {
  const at = document.activeElement;
  const drawn = [at, at.closest("label"), at.parentElement].filter(Boolean).some((one) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
  const { top, bottom } = at.getBoundingClientRect();
  return { name: at.ariaLabel || at.labels?.[0]?.textContent.trim() || at.textContent.trim() || at.tagName,
           seen: at.matches(":focus-visible") && (drawn || at.matches("textarea")),
           inSight: bottom > 0 && top < innerHeight };
}
"""


async def found_by_axe(page: Page) -> list[str]:
    """Each violation, with the element it is about, in the present theme."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    found: list[str] = await page.evaluate(RUN_AXE)
    return found


async def found_out_of_place(page: Page, width: int, text: int) -> list[str]:
    """What doesn't fit a window of this width in CSS pixels with text at this percentage; the page is as before afterwards."""
    before = page.viewport_size
    assert before is not None
    # The text first: Chromium asks a container query again when the container's width changes, not when a rem does.
    await page.evaluate("(text) => { document.documentElement.style.fontSize = `${text}%`; }", text)
    await page.set_viewport_size({"width": width, "height": before["height"]})
    found: list[str] = await page.evaluate(FIND_OVERFLOW)
    await page.evaluate("document.documentElement.style.removeProperty('font-size')")
    await page.set_viewport_size(before)
    return found


async def found_here(page: Page) -> list[str]:
    """What keeps people out of the page as it stands: narrow, enlarged, in both themes."""
    found = [f"320 px: {one}" for one in await found_out_of_place(page, 320, 100)]
    found += [f"text at 200 %: {one}" for one in await found_out_of_place(page, 360, 200)]
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme)
        found += [f"{theme}: {one}" for one in await found_by_axe(page)]
    return found


async def tab_to(page: Page, name: str, *, within: int = 30) -> None:
    """Press Tab until what is named has the focus; each stop on the way must show it."""
    passed: list[str] = []
    for _ in range(within):
        await page.keyboard.press("Tab")
        focus = await page.evaluate(FOCUS)
        assert focus["seen"], f"the focus can't be seen on {focus['name']!r}"
        assert focus["inSight"], f"{focus['name']!r} has the focus beyond the window"
        if focus["name"] == name:
            return
        passed.append(focus["name"])
    raise AssertionError(f"Tab doesn't reach {name!r}: it passed {passed}")
