"""Headers that every answer carries: the content security policy, no referrer, no storing of API answers."""

import pytest

from server.web.headers import CONTENT_SECURITY_POLICY
from tests.conftest import Running

ADDRESSES = [
    "/", "/join/5f1c4a0e-7e7e-4f1e-9e0e-111111111111", "/journal", "/help", "/assets/none.js", "/nowhere", "/api/health", "/api/account",
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
