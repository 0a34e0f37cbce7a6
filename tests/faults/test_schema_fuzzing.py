"""The OpenAPI schema against a running server: schemathesis finds no server error and no undocumented answer."""

import asyncio
import subprocess
import sys

import pytest

from tests.faults.processes import server_process
from tests.faults.test_stopping import sign_up

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
ENDING = ("/api/stream", "/api/sign-out", "/api/account/erase")
"""A stream has no end, and the other two end the session that the rest is called with."""


@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "nobody"])
async def test_no_server_error_and_no_undocumented_answer(database_url: str, *, signed_in: bool) -> None:
    with server_process(database_url) as server:
        token = await sign_up(server, database_url)
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{server.origin}/api/schema/openapi.json", "--checks", CHECKS,
            "--max-examples", "20", "--seed", "1795", "--phases", "examples,coverage,fuzzing", "--no-color",
        ]  # fmt: skip
        if signed_in:
            command += ["--header", f"Authorization: Bearer {token}"]
        for path in ENDING if signed_in else ENDING[:1]:
            command += ["--exclude-path", path]
        found = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
