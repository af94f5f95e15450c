"""The lock files of Python and of npm."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools import environment, nodejs
from tools.kept import ROOT
from tools.telling import progress

LOCKER = "uv==0.13.9"


def lock(arguments: Sequence[str]) -> int:
    """Makes the lock files again; pins are kept where they still fit, unless `--upgrade` is given."""
    common = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-config", "--quiet")
    silent = ("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command=python3 build.py lock")
    # One resolution for everything; the smaller files are parts of it.
    part = ("--constraint", "requirements/dev.txt")
    files: dict[str, tuple[str, ...]] = {
        "dev.txt": ("pyproject.toml", "--all-extras", "--group=dev", "--group=build", *arguments),
        "run.txt": ("pyproject.toml", "--extra=cli", *part),
        "pure.txt": ("pyproject.toml", "--extra=pure", *part),
        "xml.txt": ("pyproject.toml", "--extra=xml", *part),
        "build.txt": ("--group=build", *part),
    }
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)
        python = Path(scratch) / environment.in_venv("python").relative_to(environment.VENV)
        subprocess.run([python, "-m", "pip", "--quiet", "install", LOCKER], check=True)
        for name, what in files.items():
            with progress(f"resolving requirements/{name}"):
                output = ("--output-file", f"requirements/{name}")
                command: list[str | Path] = [
                    python,
                    "-m",
                    "uv",
                    "pip",
                    "compile",
                    *what,
                    *common,
                    *silent,
                    *output,
                ]
                subprocess.run(command, cwd=ROOT, env={"UV_SYSTEM_CERTS": "1"} | os.environ, check=True)
    environment.ensure("build")
    nodejs.npm("install", "--package-lock-only")
    return 0
