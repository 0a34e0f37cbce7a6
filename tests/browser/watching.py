"""What no page of ours may ever do: log an error, throw, break its own policy, or speak to anybody else."""

import re

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request

# The policy's own event: a refused script or sink is heard even where the browser's console is quiet about it.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.effectiveDirective} refused ${event.blockedURI} ${event.sample}`));
"""


# Asked in vain, asked while it stopped or was killed, the event stream as it stopped.
SERVER_GONE = {
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
    "ERR_INCOMPLETE_CHUNKED_ENCODING",
}
# Asked for the service worker's script without a network, or a server.
NO_SCRIPT = "An unknown error occurred when fetching the script."
# What Playwright says in place of a browser, where a test asks for no service workers.
BLOCKED = "Service Worker registration blocked by Playwright"


class Watch:
    """Notes what pages of one context do wrong; `refusals`, `cut` and `stopped` are what a test provokes on purpose: statuses, no network, no server."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.faults: list[str] = []
        self.refusals: set[int] = set()
        self.cut = False
        self.stopped = False

    async def over(self, context: BrowserContext) -> None:
        """Follow every page that this context opens from now on."""
        await context.add_init_script(REPORT_VIOLATIONS)
        context.on("page", self._follow)

    def _follow(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"thrown: {error}"))
        page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        refused = re.match(r"Failed to load resource: the server responded with a status of (\d+)", message.text)
        if refused and int(refused[1]) in self.refusals:
            return
        if (self.cut or self.stopped) and message.text == NO_SCRIPT:
            return
        if self.cut and message.text.startswith("Failed to load resource: net::ERR_INTERNET_DISCONNECTED"):
            return
        if self.stopped and message.text.removeprefix("Failed to load resource: net::") in SERVER_GONE:
            return
        if message.text == BLOCKED:
            return
        self.faults.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _see(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.faults.append(f"asked somebody else: {request.url}")
