"""Chromium's own authenticator in software, and what people do with it on the screens."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.async_api import CDPSession, Page, Request, expect

from tests.browser.people import press


@dataclass
class Authenticator:
    """What a device's screen lock does: it verifies its person at once, unless a test has them look away."""

    cdp: CDPSession
    id: str

    async def look_away(self) -> None:
        """Have the person not be verified, as when they stop the browser's question. Chromium's doesn't forget it: see `leave`."""
        await self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})

    async def leave(self) -> None:
        """Take it away, so that the page's device can have another one."""
        await self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})

    async def credentials(self) -> list[dict[str, Any]]:
        """The passkeys on it."""
        return list((await self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id}))["credentials"])

    async def put(self, credential: dict[str, Any]) -> None:
        """Put a passkey on it, as an account that copies them does."""
        await self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    async def forget(self) -> None:
        """Take all passkeys off it."""
        await self.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})


Prf = Literal["at once", "when used", "never"]
"""When a device's passkeys give what opens a journal: with the making already, only when used (as security keys do), or never."""
EXTENSION = {"at once": {"hasPrf": True}, "when used": {"hasHmacSecret": True}, "never": {}}


async def authenticator(page: Page, *, prf: Prf = "at once") -> Authenticator:
    """Give a page's device a screen lock that makes passkeys."""
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True, **EXTENSION[prf],
    }  # fmt: skip
    added = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return Authenticator(cdp, added["authenticatorId"])


@dataclass
class Posted:
    """What a page sends to the server."""

    bodies: list[tuple[str, str]] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Note every body that is posted from now on."""
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.post_data:
            self.bodies.append((request.url, request.post_data))

    def answers(self) -> list[dict[str, Any]]:
        """What devices answered, wherever it stood in a body."""
        found = []
        waiting: list[Any] = [json.loads(body) for url, body in self.bodies if "/api/" in url]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                found += [one] if "clientExtensionResults" in one else []
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one
        return found


async def make(page: Page, *, once_more: bool = False) -> None:
    """Have the device make a passkey; with `once_more` it has to be used, too, which is said before."""
    await press(page, "Make the passkey")
    if once_more:
        await expect(page.get_by_text("Your device has to use it once")).to_be_visible()
        await press(page, "Use it once")


async def add(page: Page, origin: str, passphrase: str, *, once_more: bool = False) -> None:
    """Add a passkey to the account that is signed in, shown the passphrase."""
    await page.goto(f"{origin}/you/passkeys")
    await press(page, "Add a passkey")
    dialog = page.get_by_role("dialog", name="Add a passkey")
    await dialog.get_by_label("Passphrase", exact=True).fill(passphrase)
    await press(page, "Continue")
    await make(page, once_more=once_more)
    await expect(page.get_by_text("Added. You can use it from now on.")).to_be_visible()


async def give_passkey(page: Page, origin: str, passphrase: str) -> None:
    """Give a page's device a passkey of the account that is signed in, whatever the language; leaves the list of passkeys."""
    await authenticator(page, prf="when used")
    await page.goto(f"{origin}/you/passkeys")
    cards = page.locator("main li button.danger")
    await expect(page.locator("main li").first).to_be_visible()
    before = await cards.count()
    await page.locator("main button.primary").click()
    dialog = page.locator("dialog[open]")
    if not await dialog.locator("input[type=password]").count():
        await dialog.locator("button.quiet").first.click()
    await dialog.locator("input[type=password]").fill(passphrase)
    await dialog.locator("button[type=submit]").click()
    for step in ("button.primary:not([type=submit])", "h3 ~ button.primary"):
        await dialog.locator(step).click()
    await expect(cards).to_have_count(before + 1)
