"""Finds, and where need be fetches, the browsers to test in: the system's, Playwright's, Debian's.

As a program it is what `build.py test` runs: it installs what is missing, says on standard error which
browser comes from where, and prints what it found as JSON.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

Found = dict[str, dict[str, str]]
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
    "firefox": ("firefox", "firefox-esr"),
}
# WebKitGTK: a driver, the small browser it drives (never on PATH), and a screen for it.
MINI_BROWSERS = (
    "lib/*/webkit2gtk-4*/MiniBrowser",
    "lib*/webkit2gtk-4*/MiniBrowser",
    "libexec/webkit2gtk-4*/MiniBrowser",
)
DEBIAN = {
    "chromium": ("chromium",),
    "firefox": ("firefox-esr",),
    "webkit": ("webkit2gtk-driver", "xvfb", "xauth"),
}
ENGINES = tuple(DEBIAN)


def say(words: str) -> None:
    """Progress, kept apart from the result."""
    print(f"panda-web:   {words}", file=sys.stderr, flush=True)


def starts(program: str) -> bool:
    """Whether a program runs at all: a placeholder, or one that lacks libraries, does not."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run([program, "--version"], capture_output=True, timeout=60).returncode == 0
    return False


def system_browsers() -> Found:
    """What is installed on this machine, by engine."""
    found: Found = {}
    for engine, names in PROGRAMS.items():
        paths: Iterator[str] = (path for name in names if (path := shutil.which(name)))
        if program := next(filter(starts, paths), None):
            found[engine] = {"executable": program, "origin": "system"}
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    mini = next((path for pattern in MINI_BROWSERS for path in sorted(Path("/usr").glob(pattern))), None)
    if driver and screen and mini:
        found["webkit"] = {"executable": str(mini), "driver": driver, "screen": screen, "origin": "system"}
    return found


def playwright_browsers(missing: list[str], *, install: bool) -> Found:
    """Playwright's own builds, fetched where they are not there yet and can be had."""
    wanted = [engine for engine in missing if engine in PROGRAMS]
    if not wanted:
        return {}
    with sync_playwright() as playwright:
        paths = {engine: getattr(playwright, engine).executable_path for engine in wanted}
    if install and not all(Path(path).exists() for path in paths.values()):
        say(f"asking Playwright for {' and '.join(wanted)}")
        command = [sys.executable, "-m", "playwright", "install", "--no-shell", *wanted]
        env = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"} | os.environ
        if subprocess.run(command, env=env, capture_output=True).returncode:
            say("Playwright could not download them")
    return {e: {"executable": path, "origin": "Playwright"} for e, path in paths.items() if starts(path)}


def debian_browsers(missing: list[str]) -> Found:
    """Debian's packages, where we may install them."""
    if not missing or sys.platform == "win32" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return {}
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-q", "-y", "--no-install-recommends"]
    say("apt-get update")
    subprocess.run([*apt, "update"], env=env, stdout=subprocess.DEVNULL)
    for engine in missing:  # one by one: another distribution may lack one of them
        say(f"apt-get install {' '.join(DEBIAN[engine])}")
        subprocess.run([*apt, "install", *DEBIAN[engine]], env=env, stdout=subprocess.DEVNULL)
    return {e: how | {"origin": "Debian"} for e, how in system_browsers().items() if e in missing}


def find_browsers(*, install: bool) -> Found:
    """All browsers to test in, by engine; without `install` only those that are there."""
    found = system_browsers()
    found |= playwright_browsers([e for e in ENGINES if e not in found], install=install)
    if install:
        found |= debian_browsers([e for e in ENGINES if e not in found])
    return found


def main() -> None:
    """Installs, tells, prints."""
    found = find_browsers(install=True)
    for engine in ENGINES:
        how = found.get(engine)
        say(f"{engine}: {how['executable']} ({how['origin']})" if how else f"{engine}: NOT FOUND")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
