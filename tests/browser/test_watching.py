"""The watch over all pages sees what it is there for."""

import asyncio

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import PATIENCE
from tests.browser.demo import Demo
from tests.browser.watching import Watch

BREACHES = {
    "console.error('something went wrong')": "error: something went wrong",
    "throw new Error('nobody caught this')": "thrown: nobody caught this",
    "document.body.innerHTML = '<b>unchecked</b>'": "error: policy: require-trusted-types-for",
    "document.body.setAttribute('style', 'color: red')": "error: policy: style-src-attr",
    "fetch('https://example.org/').catch(() => undefined)": "error: policy: connect-src",
    "location.href = 'https://example.org/'": "asked somebody else: https://example.org/",
    "fetch('/api/account')": "error: Failed to load resource: the server responded with a status of 401",
}


@pytest.mark.parametrize(("breach", "noted"), BREACHES.items())
async def test_a_page_that_does_what_it_never_may_is_noted(
    demo: Demo, browser: Browser, breach: str, noted: str
) -> None:
    context = await browser.new_context()
    await context.route("https://example.org/**", lambda route: route.abort())  # no test asks the real network
    watch = Watch(demo.origin)
    await watch.over(context)
    page = await context.new_page()
    await page.goto(f"{demo.origin}/sign-in")
    await page.get_by_role("heading", name="Sign in").wait_for()
    assert watch.faults == []
    heard = asyncio.Event()
    for event in ("console", "pageerror", "request"):
        page.on(event, lambda _: heard.set() if any(fault.startswith(noted) for fault in watch.faults) else None)
    await page.evaluate("(breach) => void setTimeout(Function(breach))", breach)
    async with asyncio.timeout(PATIENCE / 1000):
        await heard.wait()
