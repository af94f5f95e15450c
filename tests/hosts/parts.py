"""What the hosts are made of: fetched from package registries on demand, pinned with hashes, kept in .cache.

`pyodide.txt` and `marimo-pyodide.txt` are wheels that pages load from their own Pyodide folder, `jupyterlite.txt`
and `marimo.txt` programs that build sites, `npm.json` npm packages. After the first run nobody is asked again.
"""

import base64
import email
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import kept as shelf
from tools import nodejs

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PYODIDE = ROOT / "node_modules" / "pyodide"
PLATFORM = "pyemscripten_2026_0_wasm32"
CORE_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
NPM = (sys.executable, "-c", nodejs.NPM)
LOCKED = ("--require-hashes", "--no-deps", "--only-binary=:all:")


def kept(name: str, sources: Sequence[Path], fill: Callable[[Path], None]) -> Path:
    """A folder in .cache that `fill` made from these sources; made only once."""

    def make(folder: Path) -> None:
        folder.mkdir()
        fill(folder)

    return shelf.kept(name, *sources, make=make)


def fetch(what: str, *command: str | Path, cwd: Path = ROOT) -> None:
    """Runs a package manager; where it fails, the test is skipped, or failed in CI."""
    environment = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if result.returncode:
        lack(f"{what} could not be fetched: {result.stderr.strip()[-300:]}")


def lack(words: str) -> None:
    """Ends the test: something that it needs cannot be had here."""
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(f"NOT TESTED: {words}")


def pinned(name: str, pins: Path = HERE / "npm.json") -> str:
    """The version of an npm package that a file of pins names."""
    return str(json.loads(pins.read_text("utf-8"))[name]["version"])


def npm_package(name: str, pins: Path = HERE / "npm.json") -> Path:
    """An npm package, unpacked, without its dependencies; its version and hash are in the file of pins."""
    pin = json.loads(pins.read_text("utf-8"))[name]

    def fill(folder: Path) -> None:
        fetch(name, *NPM, "pack", "--ignore-scripts", f"{name}@{pin['version']}", cwd=folder)
        archive = next(folder.glob("*.tgz"))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        assert pin["integrity"] == f"sha512-{digest}", f"{name} is not what was pinned"
        with tarfile.open(archive) as members:
            # Python 3.11.4 has a filter for what is hostile; here each archive is known by its hash.
            members.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        archive.unlink()

    return kept("npm" + re.sub(r"\W+", "-", f"-{name}"), [pins], fill) / "package"


def pyodide_folder(
    core: Path = PYODIDE, lock: Path = HERE / "pyodide.txt", more: Callable[[Path], None] = lambda _: None
) -> Path:
    """What a page needs of Pyodide: the core, and wheels with a list that names no others.

    Args:
        core: the npm package.
        lock: which wheels; they come from the registry also where Pyodide's own distribution has them.
        more: adds wheels that are in no registry.
    """

    def fill(folder: Path) -> None:
        target = ("--python-version=3.14", "--implementation=cp", "--abi=cp314", f"--platform={PLATFORM}")
        fetch("wheels", *PIP, "download", *LOCKED, *target, "-d", folder, "-r", lock)
        more(folder)
        listing: dict[str, Any] = json.loads((core / "pyodide-lock.json").read_text("utf-8"))
        listing["packages"] = {entry["name"]: entry for entry in _entries(folder)}
        (folder / "pyodide-lock.json").write_text(json.dumps(listing), "utf-8")
        for name in CORE_FILES:
            shutil.copyfile(core / name, folder / name)

    return kept("pyodide", [lock, core / "pyodide-lock.json", Path(__file__)], fill)


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    """What Pyodide's list says of each wheel in a folder."""
    wheels = sorted(folder.glob("*.whl"))
    names = {canonicalize_name(wheel.name.split("-")[0]): wheel for wheel in wheels}
    for name, wheel in names.items():
        with zipfile.ZipFile(wheel) as archive:
            members = archive.namelist()
            metadata = next(member for member in members if member.endswith(".dist-info/METADATA"))
            wanted = email.message_from_bytes(archive.read(metadata)).get_all("Requires-Dist", [])
        yield {
            "name": name,
            "version": wheel.name.split("-")[1],
            "file_name": wheel.name,
            "install_dir": "site",
            "package_type": "package",
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "imports": sorted(
                {member.split("/")[0].removesuffix(".py") for member in members if member.endswith(".py")}
            ),
            "depends": [dependency for dependency in map(_name_of, wanted) if dependency in names],
        }


def _name_of(requirement: str) -> str:
    """The package that a requirement names; nothing where it is for another platform."""
    found = Requirement(requirement)
    here = {
        "sys_platform": "emscripten",
        "python_version": "3.14",
        "python_full_version": "3.14.2",
        "extra": "",
    }
    return canonicalize_name(found.name) if not found.marker or found.marker.evaluate(here) else ""


def environment(lock: Path) -> Path:
    """The Python of an environment with the packages of a lock file."""
    python = "Scripts/python.exe" if os.name == "nt" else "bin/python"

    def fill(folder: Path) -> None:
        venv.create(folder, symlinks=os.name != "nt")
        fetch(lock.stem, *PIP, "--python", folder / python, "install", *LOCKED, "-r", lock)

    return kept(lock.stem, [lock], fill) / python
