"""A browser with a profile on disk: closed, killed and opened again, as people's phones do it."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.async_api import BrowserContext, Error, Page, Playwright

from tests.browser.chromium import ARGUMENTS
from tests.browser.watching import Watch

PATIENCE = 20_000  # ms


@dataclass
class Profile:
    """Somebody's phone: what its browser keeps outlives the browser."""

    playwright: Playwright
    executable: str
    folder: Path
    watches: list[Watch] = field(default_factory=list)
    context: BrowserContext | None = None

    @property
    def faults(self) -> list[str]:
        """What pages did that they never may, in all the browser's lives."""
        return [fault for watch in self.watches for fault in watch.faults]

    async def open(self, origin: str, *, offline: bool = False, stopped: bool = False, locale: str = "en-GB") -> Page:
        """Start the browser, with no network at all or (`stopped`) with a server that isn't there; returns an empty page."""
        self.context = await self.playwright.chromium.launch_persistent_context(
            self.folder, executable_path=self.executable, args=ARGUMENTS, viewport={"width": 360, "height": 740}, has_touch=True,
            is_mobile=True, locale=locale, timezone_id="Europe/Madrid", reduced_motion="reduce", offline=offline,
        )  # fmt: skip
        self.context.set_default_timeout(PATIENCE)
        watch = Watch(origin)
        watch.cut, watch.stopped = offline, stopped
        self.watches.append(watch)
        await watch.over(self.context)
        return await self.context.new_page()

    @property
    def watch(self) -> Watch:
        """The watch over the browser that runs now."""
        return self.watches[-1]

    async def close(self) -> None:
        """Close the browser in the usual way; nothing where none runs."""
        if self.context is not None:
            await self.context.close()
        self.context = None

    async def kill(self) -> None:
        """End the browser as an empty battery does: all its processes at once, with SIGKILL."""
        for process in await asyncio.to_thread(_processes_with, f"--user-data-dir={self.folder}"):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        context, self.context = self.context, None
        if context is not None:
            with contextlib.suppress(Error):  # there is nothing to close any more
                await context.close()


def _processes_with(argument: str) -> list[psutil.Process]:
    """The processes that were started with this argument; at least one."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            if argument in process.cmdline():
                found.append(process)
    assert found, "this browser doesn't run"
    return found


async def app_is_here(page: Page) -> None:
    """Wait until the service worker has all of the app and answers for this page."""
    await page.evaluate(
        """async () => {
          const workers = navigator.serviceWorker;
          if (!workers.controller) await new Promise((done) => workers.addEventListener("controllerchange", done, { once: true }));
          const { controller } = workers;
          if (controller.state !== "activated") await new Promise((done) => controller.addEventListener("statechange", done));
        }"""
    )
