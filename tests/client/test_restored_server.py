"""A server whose database was restored from a backup: what a device holds stays, and nothing looks like an attack."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from server.app import create_app
from server.settings import Settings
from tests.client.conftest import PASSPHRASE, Town, agree
from tests.conftest import ORIGIN, Running, Time, living


def place(template: Path, folder: Path) -> tuple[Path, Path, Settings]:
    """Lay a new database in a folder; returns where it is, where a backup of it goes, and the settings of its server."""
    database = folder / "aftertide.sqlite"
    shutil.copyfile(template, database)
    return database, folder / "backup.sqlite", Settings(database_url=f"sqlite:{database}", origin=ORIGIN, pool="3")


def back_up(database: Path, copy: Path) -> None:
    """Copy a database that is in use: from another process, since two SQLite libraries in one drop each other's locks."""
    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", code, str(database), str(copy)], check=True)


def put_back(database: Path, copy: Path, *, told: bool = True) -> None:
    """Do what an operator's restore does: the old file, no leftovers, and, where the operator has `told`, another incarnation."""
    for leftover in database.parent.glob(f"{database.name}-*"):
        leftover.unlink()
    shutil.copyfile(copy, database)
    if not told:
        return
    with contextlib.closing(sqlite3.connect(database)) as restored:
        restored.execute("UPDATE installation SET value = zeroblob(16) WHERE name = 'incarnation'")
        restored.commit()


async def test_what_a_restored_server_lost_is_named_and_given_back(
    sqlite_template: Path, tmp_path: Path, time: Time
) -> None:
    database, copy, settings = place(sqlite_template, tmp_path)
    app = create_app(settings, time)
    async with living(app):
        town = Town(Running(app, settings, time))
        therapist = (await town.therapist()).account
        patient = (await town.patient(therapist)).account
        await agree(therapist, patient)
        entry = await patient.write("Before the backup.")
        back_up(database, copy)
        await patient.edit(entry.id, lambda old: {**old, "text": "After the backup."})
        await patient.share(entry.id, therapist.id, 1)
        later = await patient.write("Only on this phone now.")
        for account in (patient, therapist):
            await account.sync()
    put_back(database, copy)

    again = create_app(settings, time)
    async with living(again):
        for wire in town.wires.values():
            wire.to = Running(again, settings, time).transport
        pulled = await patient.sync()
        assert pulled.restored
        assert pulled.faults == ()
        assert pulled.lost == tuple(sorted((entry.id, later.id)))
        assert patient.record(entry.id).content["text"] == "After the backup."
        for lost in pulled.lost:
            await patient.give_back(lost)
        assert (await patient.sync()).lost == ()

        await therapist.sync()
        assert therapist.record(entry.id).content["text"] == "After the backup."
        assert therapist.faults == ()
        client = town.device("laptop")
        laptop = await client.sign_in("ana@example.org", PASSPHRASE)
        await laptop.sync()
        texts = {record.content["text"] for record in laptop.journal.own("entry")}
        assert texts == {"After the backup.", "Only on this phone now."}
        assert laptop.faults == ()
        await client.close()


async def test_a_restore_that_nobody_told_of_is_noticed_by_how_the_server_counts(
    sqlite_template: Path, tmp_path: Path, time: Time
) -> None:
    database, copy, settings = place(sqlite_template, tmp_path)
    app = create_app(settings, time)
    async with living(app):
        town = Town(Running(app, settings, time))
        patient = (await town.patient((await town.therapist()).account)).account
        await patient.sync()
        back_up(database, copy)
        # Answered, and the feed isn't looked at any more.
        lost = await patient.write("Only on this phone now.")
    put_back(database, copy, told=False)

    again = create_app(settings, time)
    async with living(again):
        for wire in town.wires.values():
            wire.to = Running(again, settings, time).transport
        pulled = await patient.sync()
        assert (pulled.restored, pulled.lost) == (True, (lost.id,))
        await patient.give_back(lost.id)
        pulled = await patient.sync()
        assert (pulled.restored, pulled.lost, pulled.faults) == (False, (), ())
