"""From a navigation to the first entry that the node has: our site beside a page with stock Pyodide.

Both are served by `panda serve --site`, each with a node behind it. Cold is a fresh profile; warm the second
visit of that profile, after the browser was closed and started again.
"""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import visits
from benchmarks.report import Peer, Result, Samples
from benchmarks.visits import Visit, Visits
from tests.browsers import Browsers
from tests.hosts import parts
from tests.processes import ServedNode
from tools.packing import compress

SLOW = 10e6
"""Bits a second of a slow line: a common mobile one."""


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as nodes:
        work = Path(scratch)
        sites = {
            "ours": visits.our_site(site, work / "ours"),
            "stock": _stock(site, work / "stock"),
        }
        urls = {
            name: nodes.enter_context(ServedNode(work / f"node-{name}", folder, heard=False)).url
            for name, folder in sites.items()
        }
        rates: list[float] = []
        cold, warm = visits.in_turns(urls, lambda url: visits.twice(browsers, url))
        # What is counted is exact at once.
        cold_counted, warm_counted = visits.in_turns(
            urls, lambda url: visits.counted(browsers, url), warm_up=0, rounds=1
        )
        wasm = {urls[name]: visits.address(folder, "pyodide.asm.wasm") for name, folder in sites.items()}
        (slow,) = visits.in_turns(
            urls, lambda url: (visits.first_over(browsers, url, SLOW, wasm[url], rates),)
        )
    compressed = "precompressed with brotli" if any(site.rglob("*.br")) else "not compressed"
    results = [
        _compared("cold start", "s", cold, visits.seconds, ratio=1 / 3.5),
        _compared("warm start", "s", warm, visits.seconds, ratio=1 / 5),
        _compared("cold start at 10 Mbit/s", "s", slow, visits.seconds),
        _compared("download, cold", "MB", cold_counted, visits.megabytes, limit=5.5),
        _compared("download, warm", "MB", warm_counted, visits.megabytes, limit=0),
        _compared("requests, cold", "", cold_counted, visits.requests),
        _compared("requests, warm", "", warm_counted, visits.requests),
    ]
    return results, [
        "Stock Pyodide: in the page loadPyodide, micropip.install of the same wheels, the same program.",
        f"Both sites are served by panda serve, on this machine; their files are {compressed}.",
        "Warm: the browser was closed and started again with the same profile.",
        f"A visit begins {visits.REST_SECONDS} s after the browser's start, which is not what is measured.",
        f"The slow line was measured at {visits.described(rates)}; it adds no delay.",
        "Downloads and requests: of the site's files, as they go over the line in one visit.",
    ]


def _compared(
    what: str,
    unit: str,
    made: Visits,
    take: Callable[[Sequence[Visit]], Samples],
    *,
    ratio: float | None = None,
    limit: float | None = None,
) -> Result:
    ours, stock = (take(made[name]) for name in ("ours", "stock"))
    return Result(what, unit, ours, (Peer("stock Pyodide", stock, ratio),), limit)


def _stock(site: Path, out: Path) -> Path:
    """Pyodide as it comes, micropip, and our wheels; compressed where our site is."""
    out.mkdir()
    shutil.copytree(site / "wheels", out / "wheels", ignore=shutil.ignore_patterns("*.br", "*.gz"))
    wheels = sorted(path.name for path in (out / "wheels").glob("*.whl"))
    shutil.copy(visits.PAGES / "stock.py", out)
    script = (visits.PAGES / "stock.js").read_text("utf-8")
    script = script.replace("const WHEELS = [];", f"const WHEELS = {json.dumps(wheels)};")
    (out / "bench.js").write_text(script, "utf-8")
    for name in ("bench.html", "index.html"):
        (out / name).write_text(visits.page(), "utf-8")
    pyodide = parts.pyodide_folder()
    shutil.copytree(pyodide, out / "pyodide")
    if any(site.rglob("*.br")):
        for name in (*parts.CORE_FILES, "pyodide-lock.json"):
            compress(out / "pyodide" / name)
    return out
