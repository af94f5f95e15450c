"""Which functions of Python's module the tests call in browsers, beyond the session that a build runs.

    PYTHONPATH=. .venv/bin/python -m tests.browser.called tests/browser/test_page.py …

runs these tests, but none of the second part itself, on a site whose module tells what is called, and adds to
tools/called.txt what of that no session in Node calls (tools/session.mjs). Some tests fail, since such a module
is slower and asks one more host. Python that starts without a snapshot has both parts, and tells nothing. A
function is known by what it does and not by its number (`tools.wasm.marks`), so the list outlives small changes.
Whoever raises Pyodide's version empties it and makes it anew.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tools import runtime, split, static_site, wasm

HARNESS = Path(__file__).parent / "harness"


class Hears(BaseHTTPRequestHandler):
    """What workers tell."""

    called: ClassVar[set[int]] = set()

    def do_POST(self) -> None:
        """Some functions."""
        self.called.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
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
    prefix = (
        (HARNESS / "called.js").read_text("utf-8").replace("TELL", f"http://127.0.0.1:{server.server_port}/")
    )
    with tempfile.TemporaryDirectory() as scratch:
        pyodide = Path(scratch) / "pyodide"
        shutil.copytree(runtime.lean_pyodide(), pyodide)
        (pyodide / runtime.RUNTIME).write_bytes(split.noting(module))
        (pyodide / runtime.SECOND).write_bytes(wasm.PREAMBLE)
        bundle = static_site.bundle_worker

        def telling(of: Path, out: Path) -> None:
            bundle(of, out)
            out.write_text(prefix + out.read_text("utf-8"), "utf-8")

        static_site.bundle_worker = telling
        static_site.split_pyodide = runtime.split_pyodide = lambda *_, **__: pyodide
        sites = Path(scratch) / "sites"
        static_site.build_site(sites / "plain", packed=False)
        os.environ["PANDA_SITES"] = str(sites)
        try:
            pytest.main(["-q", *arguments])
        finally:  # also what was heard until somebody had enough
            write(module, sites / "plain")


def write(module: wasm.Module, site: Path) -> None:
    """Adds to the list what was heard."""
    from tests.browser.sites import frozen_in  # which must not have the other `split_pyodide`

    hot = split.first_part(module, json.loads(runtime.session_calls(*frozen_in(site)).read_bytes()))
    marks = wasm.marks(module)
    path = runtime.CALLED
    lines = {marks[own] for own in Hears.called if own not in hot} | set(path.read_text("utf-8").split())
    path.write_text("".join(f"{line}\n" for line in sorted(lines)), "utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
