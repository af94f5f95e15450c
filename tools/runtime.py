"""What Python starts from in a browser: a leaner Pyodide, and a snapshot of its memory."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tools import bundles, lean, nodejs, split, tables, wasm
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
# The names of the modules in the snapshot.
AWAKE = "awake.txt"
# The code of Python's functions that few visits call.
COLD = "cold.bin"
# What tests in browsers call beyond the session, of Pyodide and of Python (tests/browser/called.py).
CALLED = TOOLS / "called.txt"
CALLED_OF_PYTHON = TOOLS / "called-python.txt"
OURS = ("panda_web", "panda_festival")
# What of Pyodide few visits call.
SECOND = "pyodide.second.wasm"
# What the worker calls them.
RUNTIME = lean.MODULE
PYODIDE_FILES = {"runtime": RUNTIME, "library": "python_stdlib.zip"}


def lean_pyodide() -> Path:
    """What a start needs of Pyodide, without what no start of ours asks for."""
    package, binaryen = nodejs.MODULES / "pyodide", nodejs.MODULES / "binaryen"
    users = [TOOLS / "snapshot.mjs", *sorted(WORKER.rglob("*.js"))]

    def make(out: Path) -> None:
        failed = "Pyodide could not be made leaner"
        features = [f"--enable-{feature}" for feature in FEATURES]
        module = out / RUNTIME
        options: list[str | Path] = [*features, "--remove-unused-module-elements", "--output", module]
        with progress("leaving out of Pyodide what cannot be reached"):
            try:
                lean.write(package, out, users)
                nodejs.node(failed, binaryen / "bin" / "wasm-opt", module, *options)
                lean.unlink(out, users)
            except wasm.ChangedError as error:
                raise Problem(f"{failed}: {error}") from error
            bundles.shake(out / lean.GLUE)

    parts = [package / name for name in ("package.json", "pyodide.asm.mjs", "pyodide.asm.wasm")]
    makers = (Path(lean.__file__), Path(wasm.__file__), Path(bundles.__file__), Path(__file__))
    libraries = (binaryen / "package.json", bundles.ROLLUP / "package.json")
    return kept("lean", *makers, *libraries, *parts, *users, make=make)


def split_pyodide(wheels: Sequence[Path], extensions: Mapping[str, Path], *, cold: bool = False) -> Path:
    """The lean one, whose module is two: what a session in Python calls is in the first one (`session.mjs`).

    Args:
        wheels: ours, and what they need.
        extensions: modules of applications, each with its wheel.
        cold: whether nothing is that can be in the second one, for tests.
    """
    whole = lean_pyodide()
    called = None if cold else session_calls(wheels, extensions)

    def make(out: Path) -> None:
        usual = set(json.loads(called.read_bytes())["module"]) if called is not None else set()
        try:
            module = wasm.read((whole / RUNTIME).read_bytes())
            if called is not None:
                more = frozenset(CALLED.read_text("utf-8").split())
                usual |= {own for own, mark in enumerate(wasm.marks(module)) if mark in more}
            first, second = split.split(module, usual, tables.tables(module))
        except wasm.ChangedError as error:
            raise Problem(f"Pyodide could not be split: {error}") from error
        shutil.copytree(whole, out)
        (out / RUNTIME).write_bytes(first)
        (out / SECOND).write_bytes(second)

    makers = [
        Path(split.__file__),
        Path(tables.__file__),
        Path(wasm.__file__),
        *([called, CALLED] if called is not None else []),
    ]
    return kept("split", *makers, whole / RUNTIME, whole / lean.GLUE, make=make)


def session_calls(wheels: Sequence[Path], extensions: Mapping[str, Path]) -> Path:
    """A JSON file with what a session in Node calls.

    "module" has the numbers of functions of Python's module, "python" the names of functions of Python, and
    "all" the names of all that there are.
    """
    whole = lean_pyodide()
    sources, words = _to_freeze(wheels, extensions)

    def make(out: Path) -> None:
        noting, made = out.with_name("noting"), out.with_name("called")
        with progress("looking what of Pyodide a visit uses"):
            shutil.copytree(whole, noting)
            try:
                (noting / RUNTIME).write_bytes(split.noting(wasm.read((whole / RUNTIME).read_bytes())))
            except wasm.ChangedError as error:
                raise Problem(f"Pyodide could not be split: {error}") from error
            session = f"--session={TOOLS / 'session.py'}"
            nodejs.node("the session failed", TOOLS / "snapshot.mjs", noting, made, *words, session)
        (made / "called.json").rename(out)

    sessions = [TOOLS / name for name in ("session.mjs", "session.py", "tab.mjs")]
    makers = [Path(split.__file__), Path(wasm.__file__), *sessions, *sorted(WORKER.rglob("*.js"))]
    return kept("called", *makers, whole / RUNTIME, whole / lean.GLUE, *sources, make=make)


def usual_functions(wheels: Sequence[Path], extensions: Mapping[str, Path]) -> frozenset[str]:
    """The names of Python's functions whose code comes with the start.

    All of ours, since each may be called by what somebody does first, and the node may be away by then; of
    others those that a session in Node calls, or tests in browsers.
    """
    called = json.loads(session_calls(wheels, extensions).read_bytes())
    ours = (name for name in called["all"] if name.partition(".")[0] in OURS)
    return frozenset(called["python"]).union(ours, CALLED_OF_PYTHON.read_text("utf-8").split())


def snapshot(
    pyodide: Path, wheels: Sequence[Path], extensions: Mapping[str, Path], usual: Iterable[str] | None
) -> Path:
    """A directory with Python's memory, as web/worker/snapshot.js packs it, `SELDOM` and `COLD`.

    Args:
        pyodide: the package.
        wheels: ours, and what they need.
        extensions: modules of applications, each with its wheel.
        usual: names of functions whose code is in the snapshot; that of all others is in `COLD`. None has
            each function tell when it is called first (tests/browser/called.py).
    """
    sources, words = _to_freeze(wheels, extensions)
    names = "" if usual is None else json.dumps(sorted(usual))

    def make(out: Path) -> None:
        called = out.with_name("called")
        called.write_text(names, "utf-8")
        options = [*words, f"--called={called}" if names else "--telling"]
        with progress("making a snapshot of Python"):
            nodejs.node("the snapshot could not be made", TOOLS / "snapshot.mjs", pyodide, out, *options)

    # Pointers to functions are places in a table that the glue fills, so it counts as well.
    parts = [pyodide / name for name in (lean.GLUE, RUNTIME, SECOND)]
    return kept("snapshot", *sources, *parts, names, make=make)


def _to_freeze(
    wheels: Sequence[Path], extensions: Mapping[str, Path]
) -> tuple[list[str | Path], list[str | Path]]:
    """What decides what is in a snapshot, and the words that snapshot.mjs takes for it."""
    programs = [TOOLS / "asleep.py", TOOLS / "snapshot.py"]
    more = [f"--extension={module}={wheel}" for module, wheel in extensions.items()]
    scripts = [*(TOOLS / name for name in ("snapshot.mjs", "chill.mjs")), *sorted(WORKER.glob("*.js"))]
    return [*scripts, *programs, *wheels, *extensions, *extensions.values()], [*programs, *more, *wheels]


def measures(snapshot: Path) -> dict[str, int]:
    """What the worker must know of a snapshot before it has come; it stands at its beginning."""
    data, head = struct.unpack_from("<II", snapshot.read_bytes())
    return {"data": data, "head": head}
