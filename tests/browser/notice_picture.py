"""Makes `docs/pictures/notice.png`: a reminder as a real Firefox draws it: `python -m tests.browser.notice_picture`.

The demo practice runs; a patient's Firefox takes reminders; her therapist moves a session; the push comes over a push service of
the tests' own, and the window that Firefox opens for it is drawn. Phones draw the same words and buttons in their own way.
"""

import asyncio
import base64
import json
import os
import socket
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aftertide.client import Client

from tests.browser.demo import PATIENT, THERAPIST, Demo, demo_server
from tests.browser.firefox import PATIENCE, Firefox, firefox, running_firefox
from tests.browser.pictures import FOLDER
from tests.push_service import PushService, push_service

DRAW = """
const done = arguments[arguments.length - 1];
(async () => {
  let window;
  while (!(window = [...Services.wm.getEnumerator("alert:alert")].at(-1))) await new Promise((look) => setTimeout(look, 100));
  await new Promise((shown) => setTimeout(shown, 1500)); // it fades in
  const drawn = await window.browsingContext.currentWindowGlobal.drawSnapshot(null, 2, "rgb(255,255,255)");
  const canvas = window.document.createElementNS("http://www.w3.org/1999/xhtml", "canvas");
  [canvas.width, canvas.height] = [drawn.width, drawn.height];
  canvas.getContext("2d").drawImage(drawn, 0, 0);
  return canvas.toDataURL();
})().then(done, (error) => done(String(error)));
"""
AT_ANY_HOUR = """
(async () => {
  const settings = await (await fetch("/api/reminders/settings")).json();
  const body = JSON.stringify({ ...settings, quiet: null });
  await fetch("/api/reminders/settings", { method: "PUT", body, headers: { "content-type": "application/json" } });
})()
"""
SHOWN = "(await (await navigator.serviceWorker.ready).getNotifications()).length > 0"


class Marionette:
    """Firefox's own remote protocol (firefox-source-docs.mozilla.org/testing/marionette): it reaches the windows of the browser itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._sent = reader, writer, 0

    async def read(self) -> Any:
        """Return the next message: its length, a colon, JSON."""
        length = (await self._reader.readuntil(b":"))[:-1]
        return json.loads(await self._reader.readexactly(int(length)))

    async def do(self, command: str, **parameters: object) -> Any:
        """Run a command and return its result; raises RuntimeError with what Firefox says."""
        self._sent += 1
        message = json.dumps([0, self._sent, command, parameters])
        self._writer.write(f"{len(message)}:{message}".encode())
        _, _, error, result = await self.read()
        if error:
            raise RuntimeError(error)
        return result


async def drawn_notice(port: int) -> bytes:
    """Return the window of the last notice, as PNG."""
    marionette = Marionette(*await asyncio.open_connection("127.0.0.1", port, limit=2**24))
    await marionette.read()
    await marionette.do("WebDriver:NewSession")
    await marionette.do("Marionette:SetContext", value="chrome")
    drawn: str = (await marionette.do("WebDriver:ExecuteAsyncScript", script=DRAW, args=[]))["value"]
    return base64.b64decode(drawn.removeprefix("data:image/png;base64,"))


async def move_a_session(demo: Demo) -> None:
    """As the therapist, move the next session of the patient by a day."""
    async with Client(demo.origin, device="pictures") as client:
        who = demo.sign_ins[THERAPIST]
        account = await client.sign_in(who["email"], passphrase=who["passphrase"])
        now = datetime.now().astimezone()
        ahead = [one for one in await account.appointments.listed() if one.starts_at > now and one.state == "proposed"]
        first = min(ahead, key=lambda one: one.starts_at)
        later = datetime.fromisoformat(first.starts) + timedelta(days=1)
        await account.appointments.move([(first, later.isoformat(timespec="minutes"), first.minutes)])


async def remind(browser: Firefox, demo: Demo, service: PushService) -> None:
    """Turn reminders on as the patient, and have one come."""
    who = demo.sign_ins[PATIENT]
    await browser.go(f"{demo.origin}/sign-in")
    await browser.fill("input[type=email]", who["email"])
    await browser.fill("input[type=password]", who["passphrase"])
    await browser.press("Sign in")
    await browser.until("navigator.serviceWorker.controller !== null")
    await browser.press("You")
    await browser.press("Reminders")
    await browser.press("Allow reminders")
    await browser.sees("Reminders show up here.")
    await browser.run(AT_ANY_HOUR)
    await move_a_session(demo)
    await service.next()
    await browser.until(SHOWN)


async def main() -> None:
    """Make the picture."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with push_service(folder / "push") as service:
            os.environ.update(service.environment)
            with demo_server(folder) as demo:
                preferences = {
                    "dom.push.serverURL": f"ws://127.0.0.1:{service.browsers_port}/",
                    "dom.push.testing.allowInsecureServerURL": True,
                    "intl.accept_languages": "en-GB",
                    "marionette.port": port,
                }
                more = ("--marionette", "--remote-allow-system-access")
                async with running_firefox(firefox(), folder / "firefox", preferences, *more) as browser:
                    await remind(browser, demo, service)
                    await browser.send("session.end")  # there is one at a time
                    async with asyncio.timeout(PATIENCE):
                        picture = await drawn_notice(port)
    (FOLDER / "notice.png").write_bytes(picture)


if __name__ == "__main__":
    asyncio.run(main())
