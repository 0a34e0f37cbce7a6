"""Taking mail that came back: the operator's mail server pipes each into `aftertide-server bounced`.

On PostgreSQL it is noted at once. A SQLite file belongs to the web process: there what was read is laid into a folder beside
the file, and that process takes it within a minute.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import asyncpg
import msgspec
import structlog

from server import database
from server.channels import mailbox as _mailbox  # noqa: F401 - registers where confirmations are written down
from server.channels.reports import MOST_BYTES, NoReport
from server.channels.returns import Returned, ReturnPaths, read_returned, take_back
from server.clock import system_clock
from server.opening import UnfitDatabase, open_database
from server.reminders import returned as _returned  # noqa: F401 - registers where reminders are, and what follows for them
from server.settings import Settings
from server.web.installation import InstallationState

log = structlog.get_logger()

TRY_AGAIN = os.EX_TEMPFAIL
"""The exit code at which a mail server keeps the mail and comes again."""
MOST_SPOOLED = 10_000
AT_ONCE = 500


async def take_returned(settings: Settings, message: BinaryIO, recipient: str) -> int:
    """Take one mail that came back, whole, and note what it says; returns the exit code.

    What is no report of one of our letters is left alone: answers by machines come back here, too.
    """
    content = message.read(MOST_BYTES)
    while message.read(MOST_BYTES):  # to its end, or the mail server takes it for a failure
        pass
    try:
        returned = read_returned(content, settings.mail_returns, recipient)
    except NoReport as why:
        log.info("a mail that came back says nothing of a letter", why=str(why))
        return os.EX_OK
    try:
        if settings.database_url.startswith("sqlite:"):
            _lay_down(settings, returned)
        else:
            opened = await open_database(settings, system_clock())
            try:
                await _take(settings, opened.installation, returned, system_clock())
            finally:
                await database.disconnect()
    except (OSError, TimeoutError, UnfitDatabase, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.error("a mail that came back must be taken later", kind=type(error).__name__)
        return TRY_AGAIN
    return os.EX_OK


async def _take(settings: Settings, installation: InstallationState, returned: Returned, now: int) -> None:
    paths = ReturnPaths(settings.mail_returns, installation.address_secret)
    log.info("a letter came back", said=await take_back(returned, paths, now), status=returned.status)


def _folder(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:") + ".returned")


def _lay_down(settings: Settings, returned: Returned) -> None:
    """Lay a letter that came back into the folder, whole or not at all; raises OSError, also where too many wait."""
    folder = _folder(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    if sum(1 for _ in folder.iterdir()) >= MOST_SPOOLED:
        raise OSError("too many letters wait to be taken")
    name = uuid4().hex
    unfinished = folder / f".{name}"
    unfinished.write_bytes(msgspec.json.encode(returned))
    unfinished.rename(folder / f"{name}.json")


def take_spooled(settings: Settings, installation: InstallationState) -> Callable[[int], Awaitable[None]]:
    """Make what takes the letters that lie in the folder, at most 500 at a time."""

    async def take_spooled_letters(now: int) -> None:
        for path in sorted(_folder(settings).glob("*.json"))[:AT_ONCE]:
            try:
                returned = msgspec.json.decode(path.read_bytes(), type=Returned)
            except msgspec.DecodeError:
                log.error("what lay among the letters that came back is none")
            else:
                await _take(settings, installation, returned, now)
            path.unlink()

    return take_spooled_letters
