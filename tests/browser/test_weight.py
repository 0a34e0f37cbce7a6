"""What a phone fetches before the journal shows."""

import gzip
import json

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import sign_in, visit

BUDGET = 75_000  # bytes

# In the page, by its own clock: what is fetched after that isn't waited for.
NOTE_WHEN_SHOWN = """
new MutationObserver(() => {
  if (window.shownAt === undefined && document.body?.innerText.includes(%s)) window.shownAt = performance.now();
}).observe(document, { childList: true, subtree: true, characterData: true });
"""
FETCHED_BEFORE = """
performance.getEntriesByType("resource")
  .filter(({ name, startTime }) => new URL(name).pathname.endsWith(".js") && startTime <= window.shownAt)
  .map(({ name }) => name)
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_journal_shows_after_at_most_75_kb_of_script(
    couple: Couple, devices: Devices, capsys: pytest.CaptureFixture[str]
) -> None:
    # A first visit is measured: nothing lies on the device yet.
    phone = await devices.phone(couple.origin, service_workers="block")
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()

    await phone.add_init_script(NOTE_WHEN_SHOWN % json.dumps(couple.entry))
    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    scripts: list[str] = await phone.evaluate(FETCHED_BEFORE)
    sizes = {
        script.rsplit("/", 1)[-1]: len(gzip.compress(await (await phone.request.get(script)).body(), 9))
        for script in scripts
    }
    total = sum(sizes.values())
    with capsys.disabled():
        print(
            f"\n  script before the journal shows: {total / 1000:.1f} KB gzipped of {BUDGET // 1000} KB, in {len(sizes)} files"
        )
    assert sizes, "nothing was fetched"
    assert total <= BUDGET, "\n".join(f"{size} {name}" for name, size in sorted(sizes.items(), key=lambda one: -one[1]))
