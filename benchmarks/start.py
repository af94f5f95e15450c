"""From a navigation to the first entry that the node has: our site beside a page with stock Pyodide.

Both are served by `panda serve --site`, each with a node behind it. Cold is a fresh profile; warm the second
visit of that profile, after the browser was closed and started again.
"""

import contextlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import visits
from benchmarks.report import Part, Peer, Result, Samples
from benchmarks.visits import Visit, Visits
from tests.browsers import Browsers, available
from tests.hosts import parts
from tests.processes import ServedNode
from tools import runtime
from tools.packing import compress

SLOW = 10e6
"""Bits a second of a slow line: a common mobile one."""

# What we hold ourselves to, in Chromium: at most these shares of what stock Pyodide takes (None is no
# promise), and so many megabytes until the first entry.
COLD: float | None = 1 / 6
COLD_ON_SLOW_LINE: float | None = 1 / 3
WARM: float | None = 1 / 7
FIRST_VISIT_MB = 3.2

OTHERS = {"firefox": "Firefox", "webkit": "WebKitGTK"}
"""Engines beside Chromium, where they are on this machine."""
ROUNDS_OF_OTHERS = 5

PARTS = {
    "module": ("pyodide.asm.wasm",),
    "snapshot": ("snapshot.bin",),
    "library": ("python_stdlib.zip",),
    "worker": ("worker.js", "pyodide.mjs", "pyodide.asm.mjs"),
    "second part": (runtime.SECOND,),
    "seldom": (runtime.SELDOM, runtime.COLD),
}
"""What a visit transfers, by the names of files; in stock Pyodide two scripts are what our worker is."""
WHEELS, REST = "wheels", "page"
"""What ends in .whl; and all else."""


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    others = {engine: name for engine, name in OTHERS.items() if engine in available()}
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
        elsewhere = {
            name: visits.in_turns(
                urls, partial(_twice_in, browsers, engine), warm_up=0, rounds=ROUNDS_OF_OTHERS
            )
            for engine, name in others.items()
        }
    compressed = "precompressed with brotli" if any(site.rglob("*.br")) else "not compressed"
    results = [
        _compared("cold start", "s", cold, visits.seconds, ratio=COLD),
        _compared("warm start", "s", warm, visits.seconds, ratio=WARM),
        _compared("cold start at 10 Mbit/s", "s", slow, visits.seconds, ratio=COLD_ON_SLOW_LINE),
        *(
            _compared(f"{what}, {name}", "s", made, visits.seconds)
            for name, both in elsewhere.items()
            for what, made in zip(("cold start", "warm start"), both, strict=True)
        ),
        _with_parts(
            _compared("download, cold", "MB", cold_counted, visits.megabytes, limit=FIRST_VISIT_MB),
            cold_counted,
        ),
        Result("download, at rest", "MB", visits.megabytes_at_rest(cold_counted["ours"])),
        _compared("download, warm", "MB", warm_counted, visits.megabytes, limit=0),
        _compared("requests, cold", "", cold_counted, visits.requests),
        _compared("requests, warm", "", warm_counted, visits.requests),
    ]
    versions = [f"{name} {visits.version(browsers, engine)}" for engine, name in others.items()]
    return results, [
        "Stock Pyodide: in the page loadPyodide, micropip.install of the same wheels, the same program.",
        f"Both sites are served by panda serve, on this machine; their files are {compressed}.",
        "Warm: the browser was closed and started again with the same profile.",
        f"Without the name of a browser: in Chromium. Beside it: {', '.join(versions) or 'none'}.",
        "WebKitGTK keeps nothing when it is closed: its warm start is a second visit in the same browser.",
        f"A visit begins {visits.REST_SECONDS} s after the browser's start, which is not what is measured.",
        f"The slow line was measured at {visits.described(rates)}; it adds no delay.",
        "Downloads and requests: of the site's files, as they go over the line until the first entry.",
        "At rest: what comes by itself some seconds later.",
    ]


def _twice_in(browsers: Browsers, engine: str, url: str) -> tuple[Visit, Visit]:
    return visits.twice(browsers, url, engine)


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


def _with_parts(result: Result, made: Visits) -> Result:
    """The same, with what each is made of."""
    (peer,) = result.peers
    peer = replace(peer, parts=parts_of(made["stock"][0]))
    return replace(result, parts=parts_of(made["ours"][0]), peers=(peer,))


def parts_of(visit: Visit) -> tuple[Part, ...]:
    """What came over the line, in megabytes, by what it is; the greatest first, and then what came later."""
    sizes: dict[tuple[str, bool], int] = {}
    for later, files in ((False, visit.files), (True, visit.at_rest)):
        for file in files:
            part = (_part_of(file.path), later)
            sizes[part] = sizes.get(part, 0) + file.size
    order = sorted(sizes.items(), key=lambda item: (item[0][1], -item[1]))
    return tuple(Part(name, size / 1e6, later) for (name, later), size in order)


def _part_of(path: str) -> str:
    file = path.partition("?")[0].rpartition("/")[2]
    if file.endswith(".whl"):
        return WHEELS
    return next((part for part, names in PARTS.items() if file in names), REST)


def _stock(site: Path, out: Path) -> Path:
    """Pyodide as it comes, compressed where our site is; micropip, and our wheels as pip makes them."""
    (out / "wheels").mkdir(parents=True)
    wheels = sorted(path.name for path in (site / "wheels").glob("*.whl"))
    for name in wheels:
        _deflated(site / "wheels" / name, out / "wheels" / name)
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


def _deflated(wheel: Path, out: Path) -> None:
    """A wheel as pip makes one; in a site it is larger, so that what compresses the whole file finds more."""
    with zipfile.ZipFile(wheel) as stored, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in stored.namelist():
            archive.writestr(name, stored.read(name))
