"""Which functions of Python's module, and of Python, the tests call in browsers, beyond a build's own session.

    PYTHONPATH=. .venv/bin/python -m tests.browser.called tests/browser/test_page.py …

runs these tests, but none of what comes later, on a site that tells what is called, and adds to
tools/called.txt and tools/called-python.txt what of that no session in Node calls (tools/session.mjs). Some tests fail, since such a module
is slower and asks one more host. Python that starts without a snapshot has both parts, and tells nothing. A
function of the module is known by what it does and not by its number (`tools.wasm.marks`), and one of Python by
its name, so the lists outlive small changes. Whoever raises Pyodide's version empties them and makes them anew.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tools import runtime, split, static_site, wasm

HARNESS = Path(__file__).parent / "harness"


class Hears(BaseHTTPRequestHandler):
    """What workers tell."""

    called: ClassVar[dict[str, set[int]]] = {"module": set(), "python": set()}

    def do_POST(self) -> None:
        """Some functions."""
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for what, numbers in told.items():
            self.called[what].update(numbers)
        self.send_response(204)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def main(arguments: Sequence[str]) -> None:
    """Runs tests, and writes the list."""
    module = wasm.read((runtime.lean_pyodide() / runtime.RUNTIME).read_bytes())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hears)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = f"http://127.0.0.1:{server.server_port}/"
    prefix = (HARNESS / "called.js").read_text("utf-8").replace("TELL", there)
    functions: dict[int, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        pyodide = Path(scratch) / "pyodide"
        shutil.copytree(runtime.lean_pyodide(), pyodide)
        (pyodide / runtime.RUNTIME).write_bytes(split.noting(module))
        (pyodide / runtime.SECOND).write_bytes(wasm.PREAMBLE)
        bundle = static_site.bundle_worker

        freeze = runtime.snapshot
        usual: list[int] = []

        def telling_snapshot(
            pyodide: Path, wheels: Sequence[Path], extensions: Mapping[str, Path], _: object
        ) -> Path:
            made = freeze(pyodide, wheels, extensions, None)
            told = json.loads((made / "functions.json").read_bytes())
            functions.update(told["names"])
            usual.append(told["usual"])
            return made

        def telling(of: Path, out: Path) -> None:
            bundle(of, out)
            out.write_text(prefix.replace("USUAL", str(usual[-1])) + out.read_text("utf-8"), "utf-8")

        static_site.snapshot = telling_snapshot
        static_site.usual_functions = lambda *_: frozenset()  # it tells instead
        static_site.bundle_worker = telling
        static_site.split_pyodide = runtime.split_pyodide = lambda *_, **__: pyodide
        sites = Path(scratch) / "sites"
        static_site.build_site(sites / "plain", packed=False)
        os.environ["PANDA_SITES"] = str(sites)
        try:
            pytest.main(["-q", *arguments])
        finally:  # also what was heard until somebody had enough
            write(module, sites / "plain", functions)


def write(module: wasm.Module, site: Path, functions: Mapping[int, str]) -> None:
    """Adds to the lists what was heard."""
    from tests.browser.sites import frozen_in  # which must not have the other `split_pyodide`

    usual = json.loads(runtime.session_calls(*frozen_in(site)).read_bytes())
    hot = split.first_part(module, usual["module"])
    marks = wasm.marks(module)
    add(runtime.CALLED, {marks[own] for own in Hears.called["module"] if own not in hot})
    heard = Hears.called["python"] & functions.keys()  # some tests make a snapshot of their own
    names = {functions[address] for address in heard if functions[address]}
    add(runtime.CALLED_OF_PYTHON, names - runtime.usual_functions(*frozen_in(site)))


def add(path: Path, lines: AbstractSet[str]) -> None:
    """Adds lines to a list."""
    whole = sorted(lines.union(path.read_text("utf-8").split()))
    path.write_text("".join(f"{line}\n" for line in whole), "utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
