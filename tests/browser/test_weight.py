"""What a phone fetches before the journal shows."""

import gzip

import pytest
from playwright.async_api import Response, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.people import sign_in, visit

BUDGET = 75_000  # bytes


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_journal_shows_after_at_most_75_kb_of_script(
    couple: Couple, devices: Devices, capsys: pytest.CaptureFixture[str]
) -> None:
    # A first visit is measured: nothing lies on the device yet.
    phone = await devices.phone(couple.origin, service_workers="block")
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()

    scripts: list[Response] = []
    phone.on(
        "response", lambda response: scripts.append(response) if response.request.resource_type == "script" else None
    )
    await phone.context.route(
        "**/*", lambda route: route.continue_()
    )  # past the browser's cache: everything is fetched
    await visit(phone, couple.origin, "/journal")
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    before = list(scripts)
    sizes = {script.url.rsplit("/", 1)[-1]: len(gzip.compress(await script.body(), 9)) for script in before}
    total = sum(sizes.values())
    with capsys.disabled():
        print(
            f"\n  script before the journal shows: {total / 1000:.1f} KB gzipped of {BUDGET // 1000} KB, in {len(sizes)} files"
        )
    assert sizes, "nothing was fetched"
    assert total <= BUDGET, "\n".join(f"{size} {name}" for name, size in sorted(sizes.items(), key=lambda one: -one[1]))
