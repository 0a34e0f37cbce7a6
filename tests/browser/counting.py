"""Taps, typed characters and words to read, counted by what really happens on a page."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Page

from tests.house.test_documents import table_rows

# The one place where anything is counted. A press of Enter that sends a form is a key and no tap; what a field is filled with
# at once (by the phone's own passwords, say) is one event of no key. The device's own question for a face, a finger or a
# code is none of the page's events: it is counted where the page asks for it.
COUNT = """
(() => {
  const tell = (what, many = 1) => window.counted(what, many);
  addEventListener("click", (event) => {
    if (!event.isTrusted || event.detail === 0) return;
    read();
    tell("taps");
  }, true);
  addEventListener("beforeinput", (event) => {
    if (event.isTrusted && event.inputType === "insertText") tell("typed", [...(event.data ?? "")].length);
  }, true);
  for (const name of ["create", "get"]) {
    const ask = navigator.credentials?.[name].bind(navigator.credentials);
    if (ask) navigator.credentials[name] = (...of) => { tell("device asks"); return ask(...of); };
  }
  // What stands there when somebody taps has been read; what stood there at the tap before, already then.
  let before = new Set();
  const read = () => {
    const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const now = new Set();
    let words = 0;
    while (texts.nextNode()) {
      const { data, parentElement } = texts.currentNode;
      if (data.trim() === "" || parentElement.closest(".only-heard") || !parentElement.checkVisibility()) continue;
      now.add(data);
      if (!before.has(data)) words += data.trim().split(/\\s+/).length;
    }
    before = now;
    if (words > 0) tell("words", words);
  };
})();
"""

# A tap with the way of the thumb to it (the keystroke-level model's pointing and pressing, Card, Moran and Newell 1983); typing on
# phones at 36 words a minute (Palin et al. 2019, 37,000 people), five characters a word; silent reading at 238 words a minute
# (Brysbaert 2019). The device's own question: a look or a finger.
SECONDS = {"taps": 1.3, "typed": 60 / (36 * 5), "words": 60 / 238, "device asks": 3.0}

PAGE = Path("docs/signing-up.md")


@dataclass
class Counted:
    """What was done on a page so far."""

    of: Counter[str] = field(default_factory=Counter)

    def seconds(self) -> float:
        """How long a person takes for it, machines aside."""
        return sum(self.of[what] * each for what, each in SECONDS.items())


async def count(page: Page) -> Counted:
    """Count what happens on a page from its next load on."""
    counted = Counted()

    def note(_: object, what: str, many: int) -> None:
        counted.of[what] += many

    await page.expose_binding("counted", note)
    await page.add_init_script(COUNT)
    return counted


class Figures(NamedTuple):
    """What the page says of one way to sign up."""

    taps: int
    typed: int
    asks: int
    words: int
    seconds: int


def documented() -> dict[str, Figures]:
    """The figures of the page for each way to sign up."""
    rows = table_rows(PAGE.read_text(encoding="utf-8"), 6)
    return {way: Figures(*(int(figure) for figure in figures)) for way, *figures in rows if figures[0].isdecimal()}
