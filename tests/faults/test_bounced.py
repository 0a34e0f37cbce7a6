"""The operator's command for mail that comes back: piped in by a mail server, while the server runs."""

import asyncio
import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from server import returning
from server.settings import Settings
from tests.api.appointments import book, pair
from tests.api.people import Person
from tests.api.test_mailbox import open_to
from tests.channels.bounces import bounce
from tests.conftest import CONTACT, ORIGIN, Running
from tests.reminders.sending import RETURNS, Outside, with_mailbox


async def bounced(url: str, content: bytes, *arguments: str, returns: str = RETURNS) -> tuple[int, str]:
    """Pipe a mail into the command; returns how it ends and what it logs."""
    environment = {
        **os.environ, "DATABASE_URL": url, "AFTERTIDE_ENV": "production", "AFTERTIDE_ORIGIN": ORIGIN, "AFTERTIDE_CONTACT": CONTACT,
        "AFTERTIDE_MAIL_RETURNS": returns,
    }  # fmt: skip
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "server.cli", "bounced", *arguments],
        env=environment, input=content, check=False, capture_output=True,
    )  # fmt: skip
    return ended.returncode, ended.stderr.decode()


def settings(running: Running) -> Settings:
    return replace(running.settings, mail_returns=RETURNS)


async def a_minute_later(running: Running) -> None:
    """What the web process does each minute on SQLite; on PostgreSQL nothing waits for it."""
    if running.settings.database_url.startswith("sqlite:"):
        await returning.take_spooled(settings(running), running.app.state.installation)(running.time.now)


async def mailed(running: Running) -> tuple[Person, str]:
    """Somebody to whom a letter went, and its return path."""
    outside = Outside(running)
    therapist, patient = await pair(running)
    await with_mailbox(patient)
    await book(therapist, patient, 7)
    await outside.send_due()
    path = outside.mail.got[-1][1].return_path
    assert path is not None
    return patient, path


@pytest.mark.parametrize("known_by", ["the envelope", "the head"])
async def test_a_mail_that_comes_back_closes_the_address_while_the_server_runs(running: Running, known_by: str) -> None:
    patient, path = await mailed(running)
    arguments = [path] if known_by == "the envelope" else []
    content = bounce("Postfix", path if known_by == "the head" else RETURNS)
    for _ in range(2):
        code, logged = await bounced(running.settings.database_url, content, *arguments)
        assert code == 0
        assert not any(secret in logged for secret in ("ana", path, path.split("+")[1].split("@")[0]))
        await a_minute_later(running)
        assert await open_to(patient) == set()


async def test_megabytes_garbage_and_forgeries_end_well_and_change_nothing(running: Running) -> None:
    patient, path = await mailed(running)
    forged = path[:-30] + ("a" if path[-30] != "a" else "b") + path[-29:]
    before = bounce("Gmail", forged)
    for content in (b"", os.urandom(20_000), b"x" * 20_000_000, before, b"Subject: I am away\r\n\r\nUntil Monday."):
        code, logged = await bounced(running.settings.database_url, content)
        assert (code, "Traceback" in logged) == (0, False)
    await a_minute_later(running)
    assert await open_to(patient) == {patient.email}


async def test_a_database_that_is_away_has_the_mail_kept(tmp_path: Path) -> None:
    path = f"returned+{'a' * 42}@journal.example.org"
    for url in ("postgresql://nobody@127.0.0.1:1/none", f"sqlite:{tmp_path}/missing/aftertide.sqlite"):
        code, logged = await bounced(url, bounce("Exchange", path))
        assert (code, "Traceback" in logged) == (os.EX_TEMPFAIL, False)


async def test_without_the_setting_the_command_says_what_is_missing(tmp_path: Path) -> None:
    code, said = await bounced(f"sqlite:{tmp_path}/a.sqlite", b"", returns="")
    assert code != 0
    assert "AFTERTIDE_MAIL_RETURNS" in said


async def test_what_waits_is_for_the_servers_user_only_and_not_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, path = f"sqlite:{tmp_path}/a.sqlite", f"returned+{'a' * 42}@journal.example.org"
    assert (await bounced(url, bounce("Postfix", path)))[0] == 0
    folder = tmp_path / "a.sqlite.returned"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (waiting,) = folder.iterdir()
    assert path not in waiting.read_text()
    monkeypatch.setattr(returning, "MOST_SPOOLED", 1)
    here = replace(Settings(), database_url=url, mail_returns=RETURNS)
    with (tmp_path / "mail").open("w+b") as mail:
        mail.write(bounce("Postfix", path))
        mail.seek(0)
        assert await returning.take_returned(here, mail, "") == os.EX_TEMPFAIL


def with_rubbish(url: str) -> Path:
    """The folder in which letters wait beside a SQLite file, with something in it that is none."""
    folder = Path(url.removeprefix("sqlite:") + ".returned")
    folder.mkdir()
    (folder / "0.json").write_bytes(b"{")
    return folder


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_no_letter_in_the_folder_stops_no_other(running: Running) -> None:
    patient, path = await mailed(running)
    folder = with_rubbish(running.settings.database_url)
    assert (await bounced(running.settings.database_url, bounce("Postfix", path)))[0] == 0
    await a_minute_later(running)
    assert await open_to(patient) == set()
    assert await asyncio.to_thread(os.listdir, folder) == []


def recipe(place: Path, settings: dict[str, str]) -> Path:
    """The script of the operating guide, at a place of its own, with the settings that it reads."""
    guide = Path("docs/operating.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^```\n(#!/bin/sh\n.*?)^```", guide, re.MULTILINE | re.DOTALL)
    read, command = place / "aftertide.env", place / "aftertide-server"
    read.write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()), encoding="utf-8")
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m server.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    script = script.replace("/etc/aftertide.env", str(read))
    written = place / "aftertide-bounced"
    written.write_text(script.replace("/opt/aftertide/.venv/bin/aftertide-server", str(command)), encoding="utf-8")
    written.chmod(0o755)
    return written


async def piped(script: Path, recipient: str) -> int:
    """Hand a mail over as Postfix's pipe(8) does with flags R and q, in an environment of its own; returns the exit code."""
    mail = b"Return-Path: <>\n" + bounce("Postfix", recipient).replace(b"\r\n", b"\n")
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C", "MAIL_CONFIG": "/etc/postfix"}
    ended = await asyncio.to_thread(
        subprocess.run, [str(script), recipient], env=environment, input=mail, check=False, capture_output=True
    )
    return ended.returncode


async def test_the_recipe_for_postfix_takes_a_report_and_has_it_kept_where_it_cannot(
    running: Running, tmp_path: Path
) -> None:
    patient, path = await mailed(running)
    settings = {
        "DATABASE_URL": running.settings.database_url, "AFTERTIDE_ENV": "production", "AFTERTIDE_ORIGIN": ORIGIN,
        "AFTERTIDE_CONTACT": CONTACT, "AFTERTIDE_MAIL_RETURNS": RETURNS,
    }  # fmt: skip
    for wrong in ({"AFTERTIDE_MAIL_RETURNS": ""}, {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}):
        assert await piped(recipe(tmp_path, settings | wrong), path) == os.EX_TEMPFAIL
    await a_minute_later(running)
    assert await open_to(patient) == {patient.email}
    assert await piped(recipe(tmp_path, settings), RETURNS) == os.EX_OK  # without a variable part it is left alone
    assert await piped(recipe(tmp_path, settings), path) == os.EX_OK
    await a_minute_later(running)
    assert await open_to(patient) == set()
