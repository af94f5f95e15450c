"""What Python starts from in a browser: a leaner Pyodide, and a snapshot of its memory."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools import lean, nodejs
from tools.kept import ROOT, kept
from tools.telling import Problem, progress

TOOLS = ROOT / "tools"
WORKER = ROOT / "web" / "worker"
# What Pyodide is built with. If wasm-opt may use all that it knows, it writes what browsers refuse.
FEATURES = (
    "bulk-memory",
    "exception-handling",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
    "simd",
)
SNAPSHOT = "snapshot.bin"
# The modules that few visits use.
SELDOM = "seldom.bin"
# What the worker calls them.
PYODIDE_FILES = {"runtime": "pyodide.asm.wasm", "library": "python_stdlib.zip"}


def lean_pyodide() -> Path:
    """What a start needs of Pyodide, without what no start of ours asks for."""
    package, binaryen = nodejs.MODULES / "pyodide", nodejs.MODULES / "binaryen"
    users = [TOOLS / "snapshot.mjs", *sorted(WORKER.rglob("*.js"))]

    def make(out: Path) -> None:
        try:
            lean.write(package, out, users)
        except lean.ChangedError as error:
            raise Problem(f"Pyodide could not be made leaner: {error}") from error
        with progress("leaving out of Pyodide what cannot be reached"):
            module = out / PYODIDE_FILES["runtime"]
            features = [f"--enable-{feature}" for feature in FEATURES]
            options: list[str | Path] = [*features, "--remove-unused-module-elements", "--output", module]
            nodejs.node("Pyodide could not be made leaner", binaryen / "bin" / "wasm-opt", module, *options)

    parts = [package / name for name in ("package.json", "pyodide.asm.mjs", "pyodide.asm.wasm")]
    makers = (Path(lean.__file__), Path(__file__), binaryen / "package.json")
    return kept("lean", *makers, *parts, *users, make=make)


def snapshot(pyodide: Path, wheels: Sequence[Path], extensions: Mapping[str, Path]) -> Path:
    """A directory with Python's memory, as web/worker/snapshot.js packs it, and `SELDOM`.

    Args:
        pyodide: the package.
        wheels: ours, and what they need.
        extensions: modules of applications, each with its wheel.
    """
    script, programs = TOOLS / "snapshot.mjs", [TOOLS / "asleep.py", TOOLS / "snapshot.py"]

    def make(out: Path) -> None:
        with progress("making a snapshot of Python"):
            more = [f"--extension={module}={wheel}" for module, wheel in extensions.items()]
            nodejs.node("the snapshot could not be made", script, pyodide, out, *programs, *more, *wheels)

    # Pointers to functions are places in a table that the glue fills, so it counts as well.
    parts = [pyodide / name for name in ("pyodide.asm.mjs", "pyodide.asm.wasm")]
    sources: tuple[str | Path, ...] = (
        script,
        *programs,
        WORKER / "snapshot.js",
        *parts,
        *wheels,
        *extensions,
        *extensions.values(),
    )
    return kept("snapshot", *sources, make=make)


def measures(snapshot: Path) -> dict[str, int]:
    """What the worker must know of a snapshot before it has come; it stands at its beginning."""
    data, head = struct.unpack_from("<II", snapshot.read_bytes())
    return {"data": data, "head": head}
