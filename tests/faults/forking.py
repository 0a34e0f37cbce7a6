"""Servers and commands forked from a process that has the code loaded: each is there half a second of a core sooner than a new one."""

import contextlib
import gc
import importlib
import io
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import migrations
from server import cli
from server.app import create_app
from server.settings import Settings
from tests.faults.processes import server_process

# What the first server of a process would load, or work out once.
for path in Path(migrations.__file__).parent.glob("20*.py"):
    importlib.import_module(f"migrations.{path.stem}")
create_app(Settings(), sends=True)
# It stays to the end of every fork: none looks through it for garbage, or copies its pages by doing so.
gc.collect()
gc.freeze()

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.forking"])


def _run(environment: Mapping[str, str], *arguments: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    # Python's own handler of SIGINT stays behind when the command replaces it; a fork begins as a new process would.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["aftertide-server", *arguments]
    cli.main()


def _tell(said: Connection, environment: Mapping[str, str], *arguments: str) -> None:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            _run(environment, *arguments)
    finally:
        said.send(printed.getvalue())


def forked_command(environment: Mapping[str, str], *arguments: str) -> str:
    """Run `aftertide-server` with these settings; returns what it printed.

    Raises CalledProcessError where it failed, EOFError where it was killed.
    """
    heard, said = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_tell, args=(said, dict(environment), *arguments))
    process.start()
    said.close()
    try:
        printed: str = heard.recv()
    finally:
        heard.close()
        process.join()
    if process.exitcode != 0:
        raise subprocess.CalledProcessError(process.exitcode or 0, arguments, printed)
    return printed


class ForkedServer:
    """`aftertide-server web` with these settings, as `subprocess.Popen` would have it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = CONTEXT.Process(target=_run, args=(dict(environment), "web"))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """As of the last look; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, at most `timeout` seconds; raises TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("aftertide-server web", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


forked_server = partial(server_process, start=ForkedServer)
"""`server_process` for tests that want many servers."""
