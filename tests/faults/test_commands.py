"""The operator's commands: alone on a database, repeatable, and clear about why they refuse."""

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.conftest import CONTACT, ORIGIN, aftertide_server
from tests.faults.processes import server_process


def command(url: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "AFTERTIDE_ENV": "production",
        "AFTERTIDE_ORIGIN": ORIGIN,
        "AFTERTIDE_CONTACT": CONTACT,
        **environ,
    }
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments], env=environment, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_command_that_writes_refuses_while_a_server_owns_the_file(database_url: str) -> None:
    with server_process(database_url):
        refused = command(database_url, "practice", "Shore")
        assert refused.returncode != 0
        assert "another Aftertide process is using" in refused.stderr
        second = command(database_url, "web", PORT="1")
        assert "another Aftertide process is using" in second.stderr
    assert "begins here, once" in command(database_url, "practice", "Shore").stdout


async def test_a_restored_database_is_another_one_than_before(database_url: str) -> None:
    async def incarnation() -> str:
        with server_process(database_url) as server:
            async with httpx.AsyncClient() as http:
                return str((await http.get(f"{server.origin}/api/health")).headers["aftertide-incarnation"])

    before = await incarnation()
    assert await incarnation() == before
    assert command(database_url, "restored").returncode == 0
    assert await incarnation() != before


async def test_migrating_again_and_side_by_side_changes_nothing(database_url: str) -> None:
    aftertide_server(database_url, "migrate")
    if not database_url.startswith("sqlite:"):
        with ThreadPoolExecutor(3) as several:
            done = list(several.map(lambda _: command(database_url, "migrate"), range(3)))
        assert [one.returncode for one in done] == [0, 0, 0]


def test_production_does_not_start_on_demo_data(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/demo.sqlite"
    code = (
        "import asyncio, server\n"
        "from server.demo import tell_demo\nfrom server.migrating import migrate\nfrom server.settings import read_settings\n"
        "async def make(s):\n    await migrate(s)\n    await tell_demo(s)\n"
        "asyncio.run(make(read_settings()))\n"
    )
    environment = {**os.environ, "DATABASE_URL": url, "AFTERTIDE_ENV": "development"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    kept = tmp_path / "demo-sign-ins.json"
    assert kept.stat().st_mode & 0o777 == 0o600

    refused = command(url, "web", PORT="8799")

    assert refused.returncode != 0
    assert refused.stderr == "aftertide-server: this database holds demo data: production doesn't start on it\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_port_that_is_taken_is_said_in_one_sentence(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = command(database_url, "web", PORT=str(taken.getsockname()[1]))
    assert refused.returncode != 0
    assert "choose another with PORT" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_that_was_never_migrated_is_said_in_one_sentence(tmp_path: Path) -> None:
    refused = command(f"sqlite:{tmp_path}/new.sqlite", "web", PORT="8799")
    assert "aftertide-server migrate" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    refused = command(f"sqlite:{tmp_path}/x.sqlite", "practice", "Shore", "--time-zone", "Nowhere/Shore")
    assert refused.returncode == 2
    assert "Nowhere/Shore" in refused.stderr
