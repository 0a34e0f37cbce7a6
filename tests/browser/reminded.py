"""Phones that take pushes, and what reaches them.

Headless Chromium has no push service. So what the browser would get from one is put in its place at `pushManager`, and
nowhere else: the app subscribes as everywhere, the server seals and sends, and what the tests' push service took is opened
with the browser's keys and given to the real service worker by the browser's debugging protocol.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import http_ece
from playwright.async_api import Page, Worker, expect

from tests.api.pushes import Browser
from tests.browser.conftest import Couple, Devices
from tests.browser.people import press, sign_in
from tests.browser.profiles import app_is_here
from tests.push_service import PATIENCE, PushService, Sealed

# A browser's own subscription, kept as a browser keeps it; `__gives` is taken away where it gives none.
SUBSCRIBES = """
(({ endpoint, p256dh, auth }) => {
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer;
  const raw = (text) => bytes(text.replaceAll("-", "+").replaceAll("_", "/"));
  const made = (key) => ({
    endpoint,
    options: { applicationServerKey: raw(key), userVisibleOnly: true },
    getKey: (name) => bytes(name === "auth" ? auth : p256dh),
    unsubscribe: async () => { localStorage.removeItem("test-subscribed"); return true; },
  });
  Object.assign(PushManager.prototype, {
    subscribe: async ({ applicationServerKey }) => {
      if (localStorage.getItem("test-gives-none")) throw new DOMException("no push service", "AbortError");
      localStorage.setItem("test-subscribed", applicationServerKey);
      return made(applicationServerKey);
    },
    getSubscription: async () => {
      const key = localStorage.getItem("test-subscribed");
      return key === null ? null : made(key);
    },
  });
})(%s);
"""
SHOWN_NOW = "await (await navigator.serviceWorker.ready).getNotifications()"
SHOWN = f"async () => ({SHOWN_NOW}).map(({{ title, body, tag, data }}) => ({{ title, body, tag, data }}))"
# Nothing but a finger makes a browser dispatch it; a made one may not keep the worker waiting, so the test does that.
TAP = """
async (action) => {
  const [notification] = await self.registration.getNotifications();
  const event = new NotificationEvent("notificationclick", { notification, action });
  const waited = [];
  Object.defineProperty(event, "waitUntil", { value: (work) => waited.push(work) });
  self.dispatchEvent(event);
  await Promise.all(waited);
}
"""
ASK = """
async ([method, path, body]) => {
  const answer = await fetch(path, {
    method,
    ...(body === null ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
}
"""


async def ask(page: Page, method: str, path: str, body: object = None) -> Any:
    """Ask the server as the page's person does, which must work."""
    answer = await page.evaluate(ASK, [method, path, body])
    assert answer["status"] < 300, answer
    return answer["body"]


async def until(page: Page, condition: str) -> None:
    """Wait in the page until an expression holds; Playwright's own way would need `eval`, which our policy refuses."""
    async with asyncio.timeout(PATIENCE):
        await page.evaluate(
            f"() => new Promise((done) => {{ const look = async () => ({condition}) ? done() : setTimeout(look, 50); look(); }})"
        )


async def shown(page: Page) -> list[dict[str, Any]]:
    """The notices on this device, as the browser has them."""
    notices: list[dict[str, Any]] = await page.evaluate(SHOWN)
    return notices


@dataclass
class Reminded:
    """Somebody's device that takes pushes."""

    origin: str
    page: Page
    browser: Browser
    service: PushService

    async def allow(self) -> None:
        """Turn reminders on, on the screen for it."""
        await go_to_reminders(self.page)
        await press(self.page, "Allow reminders")
        await expect(self.page.get_by_text("Reminders show up here.")).to_be_visible()

    def opened(self, sealed: Sealed) -> str:
        """What the browser reads of a push."""
        content: bytes = http_ece.decrypt(
            sealed.body, private_key=self.browser.private_key, auth_secret=self.browser.auth, version="aes128gcm"
        )
        return content.decode()

    async def take(self) -> dict[str, Any]:
        """Wait for the next push and give it to the service worker; returns what it says."""
        said = self.opened(await self.service.next())
        notification: dict[str, Any] = json.loads(said)["notification"]
        await self.deliver(said, token=notification["data"]["token"])
        return notification

    async def deliver(self, data: str, *, token: str | None = None) -> None:
        """Give the service worker a push, as the browser does, and wait until a notice with this token is shown."""
        protocol = await self.page.context.new_cdp_session(self.page)
        registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def hear(event: dict[str, Any]) -> None:
            for registration in event["registrations"]:
                if not registered.done() and registration["scopeURL"] == f"{self.origin}/":
                    registered.set_result(registration["registrationId"])

        protocol.on("ServiceWorker.workerRegistrationUpdated", hear)
        await protocol.send("ServiceWorker.enable")
        await protocol.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.origin, "registrationId": await registered, "data": data},
        )
        carried = "undefined" if token is None else json.dumps(token)
        await until(self.page, f"({SHOWN_NOW}).some(({{ data }}) => data.token === {carried})")
        # Not before: a worker that has yet to start gets nothing from a session that has ended.
        await protocol.detach()

    @property
    def worker(self) -> Worker:
        """The service worker."""
        return self.page.context.service_workers[-1]

    async def tap(self, action: str) -> None:
        """Tap a button of the notice; "" is the notice itself."""
        await self.worker.evaluate(TAP, action)


async def go_to_reminders(page: Page) -> None:
    """From anywhere to the screen of reminders, as people go."""
    await page.get_by_role("link", name="You", exact=True).click()
    await page.get_by_role("link", name="Reminders").click()
    await expect(page.get_by_role("heading", name="What you want to hear")).to_be_visible()


async def reminded(devices: Devices, couple: Couple, service: PushService, **wanted: object) -> Reminded:
    """The patient's phone, signed in, with a browser that may show notices and takes pushes at the tests' push service."""
    page = await devices.phone(couple.origin, **wanted)
    await page.context.grant_permissions(["notifications", "clipboard-read", "clipboard-write"], origin=couple.origin)
    browser = Browser(endpoint=service.endpoint())
    await page.context.add_init_script(SUBSCRIBES % json.dumps(browser.subscription))
    await sign_in(page, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(page.get_by_text(couple.entry)).to_be_visible()
    await app_is_here(page)
    return Reminded(couple.origin, page, browser, service)


async def wake(page: Page) -> None:
    """Turn quiet hours off for the page's person: a test that waits for a notice may run at night."""
    settings = await ask(page, "GET", "/api/reminders/settings")
    await ask(page, "PUT", "/api/reminders/settings", {**settings, "quiet": None})


async def therapists_laptop(devices: Devices, couple: Couple) -> Page:
    """The therapist's laptop, signed in."""
    page = await devices.laptop(couple.origin)
    await sign_in(page, couple.origin, couple.therapist.email, couple.therapist.passphrase)
    await expect(page.get_by_role("navigation")).to_be_visible()
    return page


async def book(therapist: Page, *, days: float, kind: str = "dosing") -> str:
    """Book a session with the therapist's only patient, so many days from now at Madrid's time; returns its id."""
    (relation,) = await ask(therapist, "GET", "/api/relations")
    starts = datetime.now(ZoneInfo("Europe/Madrid")) + timedelta(days=days)
    appointment = str(uuid4())
    wanted = {
        "id": appointment, "patient": relation["account"], "kind": kind, "starts": starts.strftime("%Y-%m-%dT%H:%M"),
        "zone": "Europe/Madrid", "minutes": 120, "series": None, "details": None,
    }  # fmt: skip
    await ask(therapist, "POST", "/api/appointments", {"appointments": [wanted]})
    return appointment


async def state_of(page: Page, appointment: str) -> str:
    """How an appointment stands on the server."""
    listed = await ask(page, "GET", "/api/appointments")
    return next(str(one["state"]) for one in listed if one["id"] == appointment)
