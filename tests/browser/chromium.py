"""Finding a Chromium, and getting one where there is none."""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from playwright.sync_api import sync_playwright

# Playwright's own, as Chromium heeds the last list only; and a search panel's, which each new window would start a process for.
UNWANTED = [
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
]  # fmt: skip
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    f"--disable-features={','.join(UNWANTED)}",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowserError(Exception):
    """There is no Chromium and none could be had; the message says how to get one."""


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
        return path if Path(path).exists() else None


def _found() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return _playwrights_own() or next((path for name in NAMES if (path := shutil.which(name))), None)


def _try(*command: str) -> None:
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@lru_cache(maxsize=1)
def chromium() -> str:
    """Return the path of a Chromium: CHROMIUM, Playwright's own, the system's, else one installed now.

    Raises NoBrowserError, which says how to get one.
    """
    path = _found()
    if path is None:
        print("· no Chromium on this machine: getting one", flush=True)
        _try(sys.executable, "-m", "playwright", "install", "--with-deps", "chromium")
        path = _found()
    if path is None and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "update")
        _try("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation")
        path = _found()
    if path is None:
        raise NoBrowserError(
            "The browser tests need a Chromium. Install one (`python -m playwright install chromium`, or your system's package), "
            "or name one: make test CHROMIUM=/path/to/chromium"
        )
    return path


def describe_chromium() -> str:
    """Return the name and version of the browser."""
    said = subprocess.run([chromium(), "--version"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or chromium()
