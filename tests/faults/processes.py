"""The server as a process of its own, on a real port."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process(Protocol):
    """What is needed of a process, as `subprocess.Popen` has it."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...


def web(environment: Mapping[str, str]) -> Process:
    """Start `aftertide-server web`, as an operator does."""
    return subprocess.Popen([sys.executable, "-m", "server.cli", "web"], env=environment)


@dataclass
class ServerProcess:
    """A running `aftertide-server web`."""

    process: Process
    origin: str

    def terminate(self, within: float) -> float:
        """Send SIGTERM and return the seconds until it had ended; raises TimeoutExpired after `within`."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(within)
        return time.monotonic() - began


@contextlib.contextmanager
def server_process(
    database_url: str,
    *,
    processes: int = 1,
    port: int | None = None,
    pwa: Path = Path("pwa/dist"),
    name: str = "127.0.0.1",
    start: Callable[[Mapping[str, str]], Process] = web,
) -> Iterator[ServerProcess]:
    """Start the server on a migrated database and wait until it answers; it is killed at the end if it still runs.

    `name` is what people open: there are passkeys where it isn't an address.
    """
    where = port or free_port()
    origin = f"http://{name}:{where}"
    environment = {
        **os.environ, "DATABASE_URL": database_url, "AFTERTIDE_ENV": "development", "AFTERTIDE_ORIGIN": origin, "PORT": str(where),
        "AFTERTIDE_PROCESSES": str(processes), "AFTERTIDE_PWA": str(pwa),
    }  # fmt: skip
    process = start(environment)
    try:
        deadline = time.monotonic() + 30
        with httpx.Client() as http:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if http.get(f"{origin}/api/health").is_success:
                        break
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the server didn't start")
                time.sleep(0.05)
        yield ServerProcess(process, origin)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
