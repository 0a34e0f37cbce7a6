"""Headers that every answer carries: the content security policy, no referrer, no storing of API answers."""

from pathlib import Path

import pytest

from server.app import create_app
from server.settings import Settings
from server.web.headers import CONTENT_SECURITY_POLICY
from tests.conftest import ORIGIN, Running, Time, living

ADDRESSES = [
    "/", "/join/5f1c4a0e-7e7e-4f1e-9e0e-111111111111", "/journal", "/help", "/assets/none.js", "/nowhere", "/calendar/nobodys.ics", "/api/health", "/api/account",
    "/api/nowhere", "/api/schema/openapi.json",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
async def test_every_answer_is_under_the_policy(running: Running, address: str) -> None:
    answer = await running.browser().get(address)
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    if address.startswith("/api/"):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["aftertide-incarnation"] == str(running.app.state.installation.incarnation)


def test_the_policy_admits_nothing_inline_and_no_other_origin() -> None:
    assert "unsafe-inline" not in CONTENT_SECURITY_POLICY
    assert "'unsafe-eval'" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "require-trusted-types-for 'script'" in CONTENT_SECURITY_POLICY


async def test_an_address_without_a_page_shows_the_app_to_a_person_and_a_problem_to_a_program(running: Running) -> None:
    person = await running.browser().get("/nowhere", headers={"Accept": "text/html,application/xhtml+xml"})
    assert (person.status_code, person.headers["content-type"].partition(";")[0]) == (404, "text/html")
    program = await running.program().get("/nowhere")
    assert program.json()["type"] == "/problems/not-found"


async def test_the_join_page_is_never_stored(running: Running) -> None:
    answer = await running.browser().get("/join/5f1c4a0e-7e7e-4f1e-9e0e-111111111111")
    assert answer.headers["cache-control"] == "no-store"


async def test_the_apps_files_are_compressed_and_kept_and_what_is_sealed_is_not(
    tmp_path: Path, database_url: str, time: Time
) -> None:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    script = b"export const tide = 1;" * 200
    (tmp_path / "dist" / "index.html").write_text("<!doctype html><title>Aftertide</title>")
    (tmp_path / "dist" / "assets" / "app-1a2b3c.js").write_bytes(script)
    settings = Settings(database_url=database_url, origin=ORIGIN, pool="2", pwa=str(tmp_path / "dist"))
    app = create_app(settings, time)
    async with living(app):
        http = Running(app, settings, time).browser()
        asset = await http.get("/assets/app-1a2b3c.js", headers={"Accept-Encoding": "gzip"})
        assert asset.headers["content-encoding"] == "gzip"
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert asset.headers["content-type"].startswith("text/javascript")
        assert asset.content == script
        assert int(asset.headers["content-length"]) < len(script) / 4
        plain = await http.get("/assets/app-1a2b3c.js", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert "content-encoding" not in (await http.get("/api/health", headers={"Accept-Encoding": "gzip"})).headers
        assert (await http.get("/journal/anything")).text.startswith("<!doctype html>")
        assert (await http.get("/assets/app-of-another-build.js", headers={"Accept": "text/html"})).status_code == 404
