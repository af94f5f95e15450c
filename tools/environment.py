"""The virtual environment: made, and brought up to the lock files.

What is installed goes to .venv, and each step leaves a stamp there: a second run installs nothing and asks
nobody.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from tools.kept import ROOT, digest
from tools.telling import Problem, progress

VENV = ROOT / ".venv"
STATE = VENV / ".panda"
REQUIREMENTS = ROOT / "requirements"
# Our own, each with a pyproject.toml: the package, and what is built on it.
PACKAGES = (ROOT, ROOT / "apps" / "festival")
# The one package that exists as source only; it is built by the setuptools of the first step.
FROM_SOURCE = ("--no-binary=pure25519", "--no-build-isolation")


def in_venv(name: str) -> Path:
    """The path of a program in the virtual environment."""
    return VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name


def pip(*arguments: str | Path, env: dict[str, str] | None = None) -> None:
    """Runs the environment's pip; its own output is shown to people and kept from log files."""
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    command = [in_venv("python"), "-m", "pip", "--disable-pip-version-check", *quiet, *arguments]
    # The mode of a file gets into a wheel, so that must not hang on who builds it.
    if subprocess.run(command, cwd=ROOT, env=os.environ | (env or {}), umask=0o022, check=False).returncode:
        raise Problem(
            "pip failed; its own words are above. If it could not reach a package index: the first run needs "
            "one. Running the same command again goes on from here."
        )


def install_locked(name: str, *options: str) -> None:
    """Installs a lock file: these versions, these hashes, and nothing that runs a build of its own."""
    locked = ("--require-hashes", "--no-deps", "--only-binary=:all:", *options)
    pip("install", *locked, "-r", REQUIREMENTS / name)


def install_package() -> None:
    """Installs our packages so that changes to their code are seen at once."""
    ours = [word for package in PACKAGES for word in ("--editable", package)]
    pip("install", "--no-deps", "--no-build-isolation", *ours)


# Step: what it depends on, what is said, what is done. The order is that of installation.
STEPS: dict[str, tuple[Sequence[Path], str, Callable[[], None]]] = {
    "build": ((REQUIREMENTS / "build.txt",), "build tools", lambda: install_locked("build.txt")),
    "run": ((REQUIREMENTS / "run.txt",), "what node and command need", lambda: install_locked("run.txt")),
    "package": ([package / "pyproject.toml" for package in PACKAGES], "panda-web itself", install_package),
    "test": ((REQUIREMENTS / "dev.txt",), "test tools", lambda: install_locked("dev.txt", *FROM_SOURCE)),
}


def new_venv() -> None:
    """Runs Python's own venv."""
    if subprocess.run([sys.executable, "-m", "venv", VENV], check=False).returncode:
        raise Problem("python -m venv failed; its own words are above.")


def make_venv(kind: str) -> None:
    """Makes an empty virtual environment where there is none, or only one that cannot be used."""
    unfinished = STATE / "unfinished"
    if VENV.exists():
        if not STATE.exists():
            raise Problem(f"{VENV} is not of build.py's making: please move it away.")
        usable = in_venv("python").exists() and not unfinished.exists()
        if usable and (STATE / "kind").read_text() == kind:
            return
        shutil.rmtree(VENV)
    if not (find_spec("venv") and find_spec("ensurepip")):
        raise Problem(
            "this Python lacks the modules venv and ensurepip. On Debian and Ubuntu they come with "
            "`apt-get install python3-venv`; then run this again."
        )
    with progress("making .venv"):
        STATE.mkdir(parents=True)
        unfinished.touch()
        new_venv()
        (STATE / "kind").write_text(kind)
        unfinished.unlink()


def ensure(*steps: str) -> None:
    """Brings the virtual environment up to these steps; does nothing where nothing has changed."""
    # Scripts in the environment hold absolute paths, so a checkout that has moved needs a new one.
    kind = f"{sys.version_info[0]}.{sys.version_info[1]} {sys.platform} {platform.machine()} {ROOT}"
    if any((STATE / f"begun-{step}").exists() for step in steps):
        # Killed in the middle of an installation: nobody knows what is half there.
        (STATE / "unfinished").touch()
    make_venv(kind)
    for step in steps:
        sources, words, install = STEPS[step]
        stamp, begun, wanted = STATE / step, STATE / f"begun-{step}", digest(*sources)
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        with progress(f"installing {words}"):
            begun.touch()
            try:
                install()
            except Problem:
                begun.unlink()  # pip leaves things whole when it fails by itself
                raise
            stamp.write_text(wanted)
            begun.unlink()
