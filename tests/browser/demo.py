"""The demo practice of `make run`, as a server of its own."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.processes import free_port

THERAPIST = "Dr. Rivera"
PATIENT = "Ana R."


@dataclass
class Demo:
    """Where the demo practice runs, and how to sign in as each of its people."""

    origin: str
    sign_ins: dict[str, dict[str, str]]


@contextlib.contextmanager
def demo_server(folder: Path) -> Iterator[Demo]:
    """Start `aftertide-server run` on a new SQLite file in `folder`, and wait until it has told its story."""
    port = free_port()
    origin = f"http://localhost:{port}"
    environment = {
        **os.environ, "DATABASE_URL": f"sqlite:{folder / 'demo.sqlite'}", "AFTERTIDE_ENV": "development", "AFTERTIDE_ORIGIN": origin,
        "PORT": str(port),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "server.cli", "run"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            if not any("Stop with" in line for line in process.stdout):
                raise RuntimeError("the demo didn't start")
            yield Demo(origin, json.loads((folder / "demo-sign-ins.json").read_text()))
        finally:
            process.terminate()
            process.wait(10)
