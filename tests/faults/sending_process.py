"""Processes that send reminders and can be killed: forked from one that has everything loaded, so that one is there at once.

The parent reads lines: `start` forks a child and answers with its number. Each child is a whole server: the web process on
SQLite, a worker on PostgreSQL. `poison=ID` in the arguments has a child die when it comes to put that reminder into words.
"""

import asyncio
import os
import signal
import sys
from typing import Any

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


async def _serve(settings: Settings) -> None:
    if settings.database_url.startswith("sqlite:"):
        await serving.serve(settings, create_app(settings, sends=True))
    else:
        await working.work(settings)


def main(arguments: list[str]) -> None:
    """Fork what is asked for until the input ends."""
    options: dict[str, Any] = dict(argument.split("=", 1) for argument in arguments)
    settings = read_settings()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if line.strip() != "start":
            continue
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the parent's answers are the only ones
            if "poison" in options:
                _poisoned(options["poison"])
            asyncio.run(_serve(settings))
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
