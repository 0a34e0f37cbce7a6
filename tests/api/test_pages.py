"""The app's files that keep their names, and what other apps share where no service worker takes it."""

import io
import logging
import re
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from server.app import create_app
from server.settings import Settings
from server.web.pages import APP_ADDRESSES
from tests.conftest import ORIGIN, Running, Time, living

ROUTES = Path("pwa/src/ui/routes.ts")
SECRET = "Nobody was to read this."
FILES = {
    "service-worker.js": ("text/javascript", b"addEventListener('fetch', () => {});"),
    "manifest.webmanifest": ("application/manifest+json", b'{"name": "Aftertide"}'),
    "icons/icon-192.png": ("image/png", b"\x89PNG\r\n"),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_keeps_its_name_is_asked_for_anew_each_time(tmp_path: Path, database_url: str, time: Time) -> None:
    (tmp_path / "icons").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Aftertide</title>")
    (tmp_path / ".builds.json").write_text("[]")
    for name, (_, body) in FILES.items():
        (tmp_path / name).write_bytes(body)
    settings = Settings(database_url=database_url, origin=ORIGIN, pool="2", pwa=str(tmp_path))
    app = create_app(settings, time)
    async with living(app):
        http = Running(app, settings, time).browser()
        for name, (kind, body) in FILES.items():
            answer = await http.get(f"/{name}")
            assert answer.content == body
            assert answer.headers["content-type"].partition(";")[0] == kind
            assert answer.headers["cache-control"] == "no-cache"
        assert (await http.get("/.builds.json")).status_code == 404


async def test_what_another_app_shares_is_not_read_and_leads_to_a_page_that_says_so(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield SECRET.encode()

    said = io.StringIO()
    with caplog.at_level(logging.DEBUG), redirect_stdout(said), redirect_stderr(said):
        answer = await running.browser().post(
            "/share", content=body(), headers={"Content-Type": "multipart/form-data; boundary=shore", "Origin": "null"}
        )
    assert (answer.status_code, answer.headers["location"]) == (303, "/#not-kept")
    assert answer.content == b""
    assert read == []
    assert SECRET not in said.getvalue() + caplog.text


async def test_every_address_of_the_app_is_answered_with_its_page(running: Running) -> None:
    source = ROUTES.read_text(encoding="utf-8")  # noqa: ASYNC240 - nothing else runs here
    fixed = set(re.findall(r'^  "(/[^"]*)": ', source, re.MULTILINE))
    of_one = {
        f"/{first}/{{rest:path}}"
        for first in re.findall(r'^    case "([a-z-]+)":\n      return {', source, re.MULTILINE)
    }
    assert len(fixed) > 10
    assert len(of_one) > 5
    below = tuple(address.removesuffix("{rest:path}") for address in APP_ADDRESSES if address.endswith("/{rest:path}"))
    unanswered = {path for path in fixed if path not in APP_ADDRESSES and not path.startswith(below)}
    # What an invitation leads to has a route of its own.
    assert unanswered | (of_one - set(APP_ADDRESSES)) == {"/join/{rest:path}"}
    async with running.browser() as browser:
        for path in sorted(fixed):
            answer = await browser.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8"), path
