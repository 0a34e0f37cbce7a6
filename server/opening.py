"""Opening the database: every process that serves or sends begins with this."""

import importlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

import asyncpg
from piccolo.table import Table

import migrations
from server import database
from server.accounts import tables as accounts
from server.appointments import tables as appointments
from server.care import tables as care
from server.channels import tables as channels
from server.channels.vapid import load_push_key
from server.records import tables as records
from server.reminders import tables as reminders
from server.settings import Settings
from server.web.installation import InstallationState, load_installation
from server.web.tables import Installation, Throttle


class UnfitDatabase(Exception):
    """The database isn't one that this server may serve."""


class Opened(NamedTuple):
    """The open database, and what belongs to it."""

    engine: database.Engine
    installation: InstallationState
    push_key: bytes


TABLES: list[type[Table]] = [
    Installation, Throttle, *accounts.TABLES, *care.TABLES, *records.TABLES, *appointments.TABLES, *channels.TABLES,
    *reminders.TABLES,
]  # fmt: skip


async def open_database(settings: Settings, now: int) -> Opened:
    """Open the database and read what belongs to it.

    Raises UnfitDatabase, closing it again, for demo data in production, and where passkeys are bound to another name.
    """
    engine = await database.connect(settings.database_url, int(settings.pool), TABLES)
    try:
        await _check_migrated()
        installation = await load_installation(settings.rp_id)
        if installation.demo and not settings.development:
            raise UnfitDatabase("this database holds demo data: production doesn't start on it")
        if installation.rp_id != settings.rp_id:
            raise UnfitDatabase(
                f"passkeys here are bound to {installation.rp_id} for good: AFTERTIDE_ORIGIN must keep that name"
            )
        return Opened(engine, installation, await load_push_key(now))
    except BaseException:
        await database.disconnect()
        raise


async def _check_migrated() -> None:
    """Raise UnfitDatabase when a migration hasn't run on the database."""
    known = {
        importlib.import_module(f"migrations.{path.stem}").ID
        for path in Path(migrations.__file__).parent.glob("20*.py")
    }
    try:
        rows = await database.fetch("SELECT name FROM migration WHERE app_name = $1", "aftertide")
    except (sqlite3.OperationalError, asyncpg.UndefinedTableError):
        rows = []
    if known - {row["name"] for row in rows}:
        raise UnfitDatabase("the database isn't up to date: run `aftertide-server migrate` first")
