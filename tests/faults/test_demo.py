"""A demo that was interrupted is begun anew."""

from pathlib import Path
from typing import get_args

import httpx
import pytest
from aftertide.client import Client

from server import database
from server.app import create_app
from server.appointments.structs import State
from server.demo import telling
from server.settings import Settings
from tests.conftest import living

ROOT = Path(__file__).parents[2]


class Interrupted(Exception):
    """Somebody has pressed Ctrl+C."""


async def test_the_second_run_after_an_interrupted_one_gives_a_whole_demo(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        environment="development", database_url=database_url, origin="http://localhost:8700", pwa=str(ROOT / "pwa/dist")
    )
    kept = telling.sign_ins_file(settings)
    kept.parent.mkdir(exist_ok=True)
    kept.write_text('{"of": "an earlier demo"}')

    def interrupt(line: str) -> None:
        if "Joel" in line:
            raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(telling, "say", interrupt)
        with pytest.raises(ExceptionGroup) as ended:  # Litestar's life wraps what it ends with
            await telling.tell_demo(settings)
    assert ended.group_contains(Interrupted)
    assert telling.read_sign_ins(settings) == {}

    await telling.tell_demo(settings)

    sign_ins = telling.read_sign_ins(settings)
    app = create_app(settings)
    async with living(app):
        assert (await database.fetch("SELECT COUNT(*) AS count FROM accounts"))[0]["count"] == len(sign_ins) == 4
        assert (await database.fetch("SELECT COUNT(*) AS count FROM practices"))[0]["count"] == 1
        states = {row["state"] for row in await database.fetch("SELECT DISTINCT state FROM appointments")}
        assert states == set(get_args(State))
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # an ASGI app to both
        for sign_in in sign_ins.values():
            async with Client(settings.origin, transport=transport) as client:
                await client.sign_in(sign_in["email"], sign_in["passphrase"])
