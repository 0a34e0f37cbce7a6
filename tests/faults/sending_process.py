"""Processes that send reminders and can be killed: forked from one that has everything loaded, so that one is there at once.

The parent reads lines: `start` forks a child and answers with its number. Each child is a whole server: the web process on
SQLite, a worker on PostgreSQL. `poison=ID` in the arguments has a child die when it comes to put that reminder into words.
"""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import migrations
from server import serving, working
from server.app import create_app
from server.reminders import context, dispatcher
from server.reminders.context import Known
from server.settings import Settings, read_settings


def _poisoned(reminder: str) -> None:
    said = context.said

    def dying(one: Known, now: int) -> Known:
        if str(one.row["id"]) == reminder:
            os.kill(os.getpid(), signal.SIGKILL)
        return said(one, now)

    dispatcher.said = dying  # type: ignore[attr-defined]  # as the dispatcher imported it


def _server_of(settings: Settings) -> Callable[[], Coroutine[Any, Any, None]]:
    """Return what a child runs; putting the app together, and loading the migrations that a start looks at, is done once for all."""
    for path in Path(migrations.__file__).parent.glob("20*.py"):
        importlib.import_module(f"migrations.{path.stem}")
    if settings.database_url.startswith("sqlite:"):
        return partial(serving.serve, settings, create_app(settings, sends=True))
    return partial(working.work, settings)


def main(arguments: list[str]) -> None:
    """Fork what is asked for until the input ends."""
    options: dict[str, Any] = dict(argument.split("=", 1) for argument in arguments)
    serve = _server_of(read_settings())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if line.strip() != "start":
            continue
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the parent's answers are the only ones
            if "poison" in options:
                _poisoned(options["poison"])
            asyncio.run(serve())
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
