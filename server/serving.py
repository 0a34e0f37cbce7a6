"""Serving: one process is one event loop with the app in it; several share the port.

Granian runs inside our own loop so that a stop signal first ends the event streams: one idle stream would keep it from
stopping, and its kill time-out would cut everything else.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from granian.constants import HTTPModes, Interfaces
from granian.errors import FatalError
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar

from server import database
from server.settings import Settings
from server.web.live import live

CHILD = "AFTERTIDE_CHILD"
PATIENCE_SECONDS = 4.0
"""How long requests that are under way may take once the server is told to stop."""


class CannotStart(Exception):
    """The server can't start; the message says why."""


async def serve(
    settings: Settings, app: Litestar, *, ready: Callable[[], None] | None = None, tls: tuple[Path, Path] | None = None
) -> None:
    """Serve `app` until SIGTERM or SIGINT; streams end first, requests that are under way are answered.

    One that isn't done after four seconds (a phone that went away in the middle of sending) is cut off.

    `tls` names a certificate and its key (PEM); without it a reverse proxy stands in front.
    Raises CannotStart when the port is taken, or with what the app said as it started.
    """
    server = Server(
        app,
        address=settings.host,
        port=int(settings.port),
        interface=Interfaces.ASGI,
        http=HTTPModes.auto,
        websockets=False,
        log_enabled=False,
        log_level=LogLevels.warning,
        ssl_cert=tls[0] if tls else None,
        ssl_key=tls[1] if tls else None,
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        live.stop()
        server.interrupt_signal = True
        server.main_loop_interrupt.set()
        loop.call_later(PATIENCE_SECONDS, serving.cancel)

    serving = asyncio.ensure_future(server.serve())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if ready is not None:
        loop.call_later(0.2, ready)
    try:
        await serving
    except asyncio.CancelledError:
        if not server.interrupt_signal:
            raise
        await database.disconnect()
    except RuntimeError as error:
        said, _, _ = str(error).partition("\n")
        if "os error" not in said:
            raise
        where = f"{settings.host}:{settings.port}"
        raise CannotStart(f"can't listen on {where}: {said}; choose another with PORT") from error
    except FatalError as error:
        raise CannotStart(str(app.state.get("startup_error", error))) from error


async def serve_several(settings: Settings) -> int:
    """Run as many web processes as the settings say, each like `aftertide-server web`; when one dies, all stop.

    Returns the exit code: 0 only when they were told to stop, or all ended well.
    """
    environment = {**os.environ, CHILD: "1"}
    children = [
        await asyncio.create_subprocess_exec(sys.executable, "-m", "server.cli", "web", env=environment)
        for _ in range(int(settings.processes))
    ]

    told = asyncio.Event()

    def stop() -> None:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()

    def told_to_stop() -> None:
        told.set()
        stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop)
    waiting = [asyncio.create_task(child.wait()) for child in children]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not told.is_set():  # a second signal would cut off those that are stopping
        stop()
    codes = await asyncio.gather(*waiting)
    # Below zero is the signal that ended a child.
    return max(0, *codes) if told.is_set() or min(codes) >= 0 else 1
