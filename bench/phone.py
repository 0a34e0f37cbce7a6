"""What a cheap phone shows and when: an emulated one, four times slower than this machine, on slow 4G."""

import asyncio
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aftertide.client import Client
from aftertide.protocol.passphrases import five_words
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright

from tests.browser.chromium import ARGUMENTS, chromium
from tests.browser.conftest import practice_on
from tests.browser.people import Access, sign_in
from tests.browser.profiles import app_is_here
from tests.conftest import aftertide_server
from tests.faults.processes import free_port, server_process

SLOWER = 4
SLOW_4G: dict[str, object] = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 180_000,
    "uploadThroughput": 84_375,
}
"""Lighthouse's "slow 4G" as the browser is told it: 1.44 Mbit/s down, 562.5 ms to each answer."""
OFFLINE: dict[str, object] = {**SLOW_4G, "offline": True}
TIMES = 5
TEXT = "The tide went out and left what it had carried: a shoe, a bright stone, a word I had forgotten. " * 20
LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("accessibility", "best-practices", "performance")

# In the page, before anything of ours: when the journal can be searched, and how long the longest task was until then.
WATCH = """
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
  }).observe({ type: "longtask", buffered: true });
  const look = () => {
    if (document.querySelector("input[type=search]") && document.querySelector("a.card")) window.searchable = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
"""
TYPE = """
  async ({ keys, wait }) => {
    const field = document.querySelector("textarea");
    const frame = () => new Promise(requestAnimationFrame);
    const taken = [];
    for (let at = 0; at < keys; at++) {
      const began = performance.now();
      field.value += at % 6 ? "a" : " ";
      field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
      field.offsetHeight;
      taken.push(performance.now() - began);
      if (wait) await frame();
      else if (at % 50 === 49) await new Promise((resolve) => setTimeout(resolve));
      if (!wait && field.value.length > 4000) field.value = "";
    }
    return taken;
  }
"""
SEARCH = """
  async (words) => {
    const field = document.querySelector("input[type=search]");
    const taken = [];
    for (const word of words) {
      const began = performance.now();
      field.value = word;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      await Promise.resolve();
      document.body.offsetHeight;
      taken.push(performance.now() - began);
      await new Promise(requestAnimationFrame);
    }
    return taken;
  }
"""


@dataclass(frozen=True)
class Phone:
    """A page on the emulated phone, with the session that slows it down."""

    page: Page
    tools: CDPSession

    async def slow(self, network: dict[str, object] | None = None) -> None:
        """From here on as slow as the phone."""
        await self.tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        if network:
            await self.tools.send("Network.enable")
            await self.tools.send("Network.emulateNetworkConditions", network)

    async def heap(self) -> float:
        """MiB of script memory that is still in use."""
        await self.tools.send("HeapProfiler.collectGarbage")
        used = await self.tools.send("Runtime.getHeapUsage")
        return float(used["usedSize"]) / 2**20


async def phone_of(context: BrowserContext) -> Phone:
    """Open a page of a phone."""
    page = await context.new_page()
    return Phone(page, await context.new_cdp_session(page))


async def new_context(browser: Browser) -> BrowserContext:
    """Somebody's browser on the phone."""
    context = await browser.new_context(
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        locale="en-GB",
        timezone_id="Europe/Madrid",
    )
    await context.add_init_script(WATCH)
    context.set_default_timeout(120_000)
    return context


async def write_entries(origin: str, access: Access, first: int, last: int) -> None:
    """Write entries from another device."""
    async with Client(origin, device="bench") as client:
        account = await client.sign_in(access.email, passphrase=access.passphrase)
        for number in range(first, last):
            await account.write(f"{number} {TEXT}")


async def joined(origin: str, link: str) -> Access:
    """Make a therapist and the patient whose phone it is."""
    async with Client(origin, device="bench") as client:
        access = Access("patient@example.org", five_words(), "")
        begun = await client.begin(link, email="therapist@example.org", passphrase=five_words(), name="Dr. Tidewell")
        invited = await begun.account.invitations.invite("Dr. Tidewell", "Anahit", adult=True)
        opened = await client.open_invitation(invited.link)
        await client.join(opened, email=access.email, passphrase=access.passphrase, name="Anahit")
    return access


async def median_of(measure: Callable[[], Awaitable[float]]) -> float:
    """Return the median of five."""
    return statistics.median([await measure() for _ in range(TIMES)])


def show(what: str, reached: str, aim: str) -> None:
    """Print one row."""
    print(f"| {what} | {reached} | {aim} |", flush=True)


async def first_open(browser: Browser, origin: str) -> float:
    """Seconds until somebody can type their e-mail, with nothing on the device."""
    context = await new_context(browser)
    phone = await phone_of(context)
    await phone.slow(SLOW_4G)
    began = asyncio.get_running_loop().time()
    await phone.page.goto(f"{origin}/sign-in", wait_until="commit")
    await phone.page.get_by_label("E-mail").wait_for()
    taken = asyncio.get_running_loop().time() - began
    await context.close()
    return taken


async def signed_in(browser: Browser, origin: str, access: Access) -> BrowserContext:
    """Make a phone that has everything, the app itself included."""
    context = await new_context(browser)
    phone = await phone_of(context)
    await sign_in(phone.page, origin, access.email, access.passphrase)
    await phone.page.get_by_role("searchbox").wait_for()
    await app_is_here(phone.page)
    await phone.page.wait_for_function("() => document.querySelector('a.card') !== null")
    await phone.page.close()
    return context


async def next_open(context: BrowserContext, origin: str) -> tuple[float, float, float]:
    """Without a network: milliseconds until the journal can be searched, of these from the store on, and the longest task."""
    phone = await phone_of(context)
    await phone.slow(OFFLINE)
    await phone.page.goto(f"{origin}/", wait_until="commit")
    await phone.page.wait_for_function("() => window.searchable !== undefined")
    seen: list[float] = await phone.page.evaluate(
        "[window.searchable, window.searchable - performance.getEntriesByName('store')[0].startTime, window.longest]"
    )
    await phone.page.close()
    return seen[0], seen[1], seen[2]


async def opening(context: BrowserContext, origin: str) -> None:
    """Print how long opening takes with what the phone has."""
    seen = [await next_open(context, origin) for _ in range(TIMES)]
    whole, store, longest = (statistics.median(one[at] for one in seen) for at in range(3))
    show("next open, offline, to the searchable list", f"{whole / 1000:.2f} s", "under 1 s")
    show("1,000 entries from the keys to the searchable list", f"{store / 1000:.2f} s", "under 0.5 s")
    show("longest task meanwhile", f"{longest:.0f} ms", "50 ms")


async def searching(context: BrowserContext, origin: str) -> None:
    """Print how long a key of a search takes."""
    phone = await phone_of(context)
    await phone.page.goto(f"{origin}/")
    await phone.page.get_by_role("searchbox").wait_for()
    await phone.page.wait_for_timeout(3000)  # the search is got ready while nothing else is to be done
    await phone.slow()
    words = ["b", "br", "bri", "brig", "bright stone", "bright stone 77", "nowhere", "forgot", "999"] * 3
    taken: list[float] = await phone.page.evaluate(SEARCH, words)
    show(
        "a key of a search over 1,000 entries, median / slowest",
        f"{statistics.median(taken):.1f} / {max(taken):.1f} ms",
        "one frame, 16 ms",
    )
    await phone.page.close()


async def typing(context: BrowserContext, origin: str) -> None:
    """Print how long a key takes with 5,000 entries stored, and what 50,000 leave in memory."""
    phone = await phone_of(context)
    await phone.page.goto(f"{origin}/write")
    await phone.page.get_by_label("Your words").wait_for()
    await phone.slow()
    taken: list[float] = await phone.page.evaluate(TYPE, {"keys": 600, "wait": True})
    taken.sort()
    p99 = taken[int(len(taken) * 0.99)]
    show(
        "a key while writing, 5,000 entries stored, p50 / p99",
        f"{statistics.median(taken):.1f} / {p99:.1f} ms",
        "p99 under 16 ms",
    )
    await phone.tools.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    await phone.page.evaluate(TYPE, {"keys": 10_000, "wait": False})
    before = await phone.heap()
    await phone.page.evaluate(TYPE, {"keys": 40_000, "wait": False})
    after = await phone.heap()
    show("script memory after 10,000 and after 50,000 keys", f"{before:.1f} and {after:.1f} MiB", "flat")
    await phone.page.close()


async def lighthouse(executable: str, origin: str) -> None:
    """Print Lighthouse's scores for the page that a new person sees, medians of five."""
    scores: dict[str, list[float]] = {name: [] for name in CATEGORIES}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(TIMES):
            report = Path(folder) / f"{number}.json"
            flags = " ".join(["--headless=new", *ARGUMENTS])
            command = [
                "npm", "exec", "--yes", f"--package={LIGHTHOUSE}", "--", "lighthouse", f"{origin}/sign-in", "--quiet", "--output=json",
                f"--output-path={report}", f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={flags}",
            ]  # fmt: skip
            done = await asyncio.create_subprocess_exec(
                *command,
                env={**os.environ, "CHROME_PATH": executable},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            _, said = await done.communicate()
            if done.returncode != 0:
                print(f"\nLighthouse didn't run: {said.decode(errors='replace').strip().splitlines()[-1:]}")
                return
            categories = json.loads(report.read_text())["categories"]
            for name in CATEGORIES:
                scores[name].append(categories[name]["score"] * 100)
    for name in CATEGORIES:
        show(f"Lighthouse, {name}", f"{statistics.median(scores[name]):.0f}", "95" if name == "performance" else "100")


async def on_phone(executable: str, origin: str, link: str) -> None:
    """Run every case."""
    access = await joined(origin, link)
    print("\n| on an emulated phone (4 times slower, slow 4G), medians of five | reached | aim |\n|---|---|---|")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        show("first open to usable", f"{await median_of(lambda: first_open(browser, origin)):.2f} s", "under 3 s")
        await write_entries(origin, access, 0, 1_000)
        context = await signed_in(browser, origin, access)
        await opening(context, origin)
        await searching(context, origin)
        await context.close()
        await write_entries(origin, access, 1_000, 5_000)
        context = await signed_in(browser, origin, access)
        await typing(context, origin)
        await browser.close()
    await lighthouse(executable, origin)


def main() -> None:
    """Run it on a server of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:{folder}/bench.sqlite"
        aftertide_server(url, "migrate")
        link = practice_on(url, f"http://127.0.0.1:{port}")
        with server_process(url, port=port) as server:
            asyncio.run(on_phone(chromium(), server.origin, link))
