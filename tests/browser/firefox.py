"""A real Firefox: found or installed, started with a profile of its own, and driven by WebDriver BiDi (w3.org/TR/webdriver-bidi)."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE = 20  # seconds, for a machine that is busy with other things
NAMES = ("firefox-esr", "firefox")
LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
# A browser that asks nobody anything by itself, and shows notices by its own means: there is no desktop to show them.
QUIET: Mapping[str, object] = {
    "alerts.useSystemBackend": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "permissions.default.desktop-notification": 1,
    # Firefox's own preferences for tests turn the connection to push services off.
    "remote.prefs.recommended": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "data:,",
}


class NoFirefoxError(Exception):
    """There is no Firefox and none could be had; the message says how to get one."""


def _found() -> str | None:
    return os.environ.get("FIREFOX") or next((path for name in NAMES if (path := shutil.which(name))), None)


def _try(*command: str) -> None:
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@lru_cache(maxsize=1)
def firefox() -> str:
    """Return the path of a Firefox: FIREFOX, the system's, else one installed now. Raises NoFirefoxError, which says how to get one."""
    path = _found()
    if path is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("· no Firefox on this machine: getting one", flush=True)
        _try("apt-get", "update")
        _try("apt-get", "install", "-y", "--no-install-recommends", "firefox-esr")
        path = _found()
    if path is None:
        raise NoFirefoxError(
            "The test of a real push needs a Firefox. Install one (your system's package `firefox` or `firefox-esr`), "
            "or name one: make test FIREFOX=/path/to/firefox"
        )
    return path


class ScriptFailed(Exception):
    """A script in the page threw."""


@dataclass
class Firefox:
    """One window of a running Firefox."""

    socket: aiohttp.ClientWebSocketResponse
    window: str = ""
    sent: int = 0

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result; one is on its way at a time."""
        self.sent += 1
        number = self.sent
        await self.socket.send_json({"id": number, "method": method, "params": params})
        async for message in self.socket:
            said = message.json()
            if said.get("id") == number:
                if said["type"] == "error":
                    raise ScriptFailed(f"{method}: {said['error']}: {said['message']}")
                result: dict[str, Any] = said["result"]
                return result
        raise ScriptFailed(f"{method}: Firefox has gone")

    async def go(self, address: str) -> None:
        """Open an address and wait until it has loaded."""
        await self.send("browsingContext.navigate", context=self.window, url=address, wait="complete")

    async def run(self, expression: str) -> Any:
        """Evaluate an expression in the page as if a person had just pressed something; returns its value."""
        result = await self.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self.window},
            awaitPromise=True,
            userActivation=True,
        )
        if result["type"] == "exception":
            raise ScriptFailed(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    async def until(self, condition: str) -> None:
        """Wait in the page until an expression holds; raises TimeoutError where it doesn't come to that."""
        async with asyncio.timeout(PATIENCE):
            await self.run(
                f"new Promise((done) => {{ const look = async () => ({condition}) ? done() : setTimeout(look, 50); look(); }})"
            )

    async def sees(self, text: str) -> None:
        """Wait until a text stands on the screen."""
        await self.until(f"document.body.innerText.includes({json.dumps(text)})")

    async def press(self, name: str) -> None:
        """Press the button or follow the link that says this, once it is there."""
        found = f"[...document.querySelectorAll('button, a')].find((one) => one.innerText.trim().startsWith({json.dumps(name)}))"
        await self.until(f"{found} !== undefined")
        await self.run(f"{found}.click()")

    async def fill(self, selector: str, text: str) -> None:
        """Type into a field, once it is there."""
        await self.until(f"document.querySelector({json.dumps(selector)}) !== null")
        await self.run(
            f"((field) => {{ field.value = {json.dumps(text)}; field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )


def _make_profile(folder: Path, preferences: Mapping[str, object]) -> None:
    folder.mkdir(parents=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
    (folder / "user.js").write_text("\n".join(lines), encoding="utf-8")


@contextlib.asynccontextmanager
async def running_firefox(
    executable: str, folder: Path, preferences: Mapping[str, object], *arguments: str
) -> AsyncIterator[Firefox]:
    """Run a Firefox with a new profile in `folder`, without a screen, until the block ends."""
    _make_profile(folder, {**QUIET, **preferences})
    process = await asyncio.create_subprocess_exec(
        executable, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0", *arguments,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        address = None
        async for line in process.stderr:
            if found := LISTENING.search(line):
                address = found[1].decode()
                break
        if address is None:
            raise NoFirefoxError("Firefox ended before it listened")
        # Read on, or it stops when the pipe is full.
        reading = asyncio.create_task(process.stderr.read())
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{address}/session", max_msg_size=0) as socket,
        ):
            browser = Firefox(socket)
            await browser.send("session.new", capabilities={})
            browser.window = (await browser.send("browsingContext.create", type="tab"))["context"]
            yield browser
        reading.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
