"""Wheels, of our packages and of others: equal sources make equal bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tools import environment
from tools.environment import FROM_SOURCE, REQUIREMENTS
from tools.kept import ROOT, kept
from tools.telling import Problem, progress

# Zip files cannot hold a time before 1980; a fixed one makes equal sources into equal wheels.
EPOCH = "315532800"


def own_wheel(directory: Path, source: Path = ROOT) -> Path:
    """Builds the wheel of one of our packages, or of a tree that is like one, into a directory."""
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        words = ("-m", "flit_core.wheel", "--outdir", scratch, source)
        command: list[str | Path] = [environment.in_venv("python"), *words]
        env = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
        result = subprocess.run(command, env=env, capture_output=True, text=True, umask=0o022, check=False)
        if result.returncode:
            raise Problem(f"the wheel of {source.name} could not be built:\n{result.stderr.strip()}")
        (made,) = Path(scratch).iterdir()
        return made.replace(directory / made.name)


def even(wheel: Path) -> None:
    """Writes a wheel anew, so that nothing in it hangs on who built it, when, and with which zlib."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in sorted(archive.namelist()) if not name.endswith("/")}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            put(archive, name, data)


def put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Adds a file to an archive: of 1980, not compressed, and the same on every system."""
    about = zipfile.ZipInfo(name)
    about.create_system = 3
    about.external_attr = 0o644 << 16
    archive.writestr(about, data)


def pure25519_wheel() -> Path:
    """The wheel of pure25519, which exists as source only."""
    lock = REQUIREMENTS / "pure.txt"

    def make(out: Path) -> None:
        with progress("building pure25519"):
            # pip's cache may hold a wheel that other tools built.
            locked = ("--require-hashes", "--no-deps", "--no-cache-dir", *FROM_SOURCE)
            environment.pip(
                "wheel", *locked, "--wheel-dir", out, "-r", lock, env={"SOURCE_DATE_EPOCH": EPOCH}
            )
            even(next(out.glob("*.whl")))

    return next(kept("even-wheel", lock, REQUIREMENTS / "build.txt", make=make).glob("*.whl"))


def defusedxml_wheel() -> Path:
    """The wheel of defusedxml."""
    lock = REQUIREMENTS / "xml.txt"

    def make(out: Path) -> None:
        environment.pip(
            "wheel", "--require-hashes", "--no-deps", "--only-binary=:all:", "--wheel-dir", out, "-r", lock
        )

    return next(kept("wheel", lock, make=make).glob("*.whl"))


def write_library(stdlib: Path, out: Path) -> None:
    """Writes the archive of what Python imports only now and then: its standard library, and defusedxml."""
    shutil.copyfile(stdlib, out)
    with zipfile.ZipFile(defusedxml_wheel()) as wheel, zipfile.ZipFile(out, "a") as library:
        for name in sorted(name for name in wheel.namelist() if name.endswith(".py")):
            put(library, name, wheel.read(name))
