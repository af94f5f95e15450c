"""The two ways to a snapshot of Python's memory: the site ships it, or a browser makes its own.

Who makes its own transfers less: no snapshot, and a standard library without docstrings and comments. But its
first visit is an ordinary start, which sets Python up and imports everything. Measured is that visit, to the
first entry that the node has, on a slow line and on a fast one. What making and keeping a snapshot would take
comes after it, so it is left out, in favour of that way.
"""

import ast
import contextlib
import json
import tempfile
import zipfile
from pathlib import Path

from benchmarks import visits
from benchmarks.report import Peer, Result
from tests.browser.sites import manifest_of
from tests.browsers import Browsers
from tests.processes import ServedNode
from tools.packing import compress
from tools.runtime import PYODIDE_FILES
from tools.static_site import integrity, runtime, seal

LINES = {"10 Mbit/s": 10e6, "100 Mbit/s": 100e6}
LIBRARY = PYODIDE_FILES["library"]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
"""What may begin with a docstring."""


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    results = []
    notes = [
        "Makes its own: an ordinary start of the same worker; its library has no docstrings and comments.",
        "What making and keeping that snapshot would take comes after the first entry: it is not counted.",
    ]
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as nodes:
        work = Path(scratch)
        sites = {"shipped": visits.our_site(site, work / "shipped"), "made": _without(site, work / "made")}
        urls = {
            name: nodes.enter_context(ServedNode(work / f"node-{name}", folder, heard=False)).url
            for name, folder in sites.items()
        }
        wasm = {urls[name]: visits.address(folder, "pyodide.asm.wasm") for name, folder in sites.items()}
        for words, rate in LINES.items():
            rates: list[float] = []

            def first(url: str, rate: float = rate, rates: list[float] = rates) -> tuple[visits.Visit]:
                return (visits.first_over(browsers, url, rate, wasm[url], rates),)

            (found,) = visits.in_turns(urls, first)
            made = Peer("makes its own", visits.seconds(found["made"]))
            results.append(Result(f"first visit at {words}", "s", visits.seconds(found["shipped"]), (made,)))
            notes.append(f"The line of {words} was measured at {visits.described(rates)}; it adds no delay.")
    peer = Peer("makes its own", visits.megabytes(found["made"][:1]))
    shipped = visits.megabytes(found["shipped"][:1])
    return [*results, Result("download, first visit", "MB", shipped, (peer,))], notes


def _without(site: Path, out: Path) -> Path:
    """The site with no snapshot, and with as small a library as can be; compressed where the site is."""
    visits.our_site(site, out)
    files = runtime(out)
    for path in files.glob("snapshot.bin*"):
        path.unlink()
    library = files / LIBRARY
    _strip(library)
    manifest = manifest_of(out)
    del manifest["snapshot"]
    manifest["library"] |= {"bytes": library.stat().st_size, "integrity": integrity(library)}
    (files / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    changed = [library, files / "manifest.json", out / "panda.js", out / "worker.js"]
    seal(out)
    if "packed" in manifest["library"]:
        compress(*changed)
    return out


def _strip(library: Path) -> None:
    """Takes docstrings and comments out of an archive of modules, which is not compressed then."""
    with zipfile.ZipFile(library) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(library, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), _stripped(data) if name.endswith(".py") else data)


def _stripped(source: bytes) -> bytes:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source  # newer than this Python; so are few
    for part in ast.walk(tree):
        if isinstance(part, DOCUMENTED) and ast.get_docstring(part, clean=False) is not None:
            del part.body[0]
            if not (part.body or isinstance(part, ast.Module)):
                part.body = [ast.Pass()]
    return ast.unparse(tree).encode()
