"""From a navigation to the first entry that the node has: our site beside a page with stock Pyodide.

Both are served by `panda serve --site`, each with a node behind it. Cold is a fresh profile; warm the second
visit of that profile, after the browser was closed and started again. Both begin in a browser that has come
to rest: for a second or two after its own start it keeps a small machine as busy as a page does. Bytes and
requests are counted on the line, without the files of the benchmark itself and without what is said to the
node.
"""

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import build
from benchmarks.report import Peer, Result, Samples
from benchmarks.wire import Wire, measured_rate, wire
from tests.browser.sites import copy_site
from tests.browsers import Browsers
from tests.hosts import parts
from tests.processes import ServedNode

PAGES = Path(__file__).resolve().parent / "pages"
OWN = ("/bench.html", "/bench.js", "/stock.py")
"""Files of the benchmark: nobody would count them."""

ROUNDS = 7
SLOW = 10e6
"""Bits a second of a slow line: a common mobile one."""
REST_SECONDS = 3
"""So long a browser is left alone after it was started: its start is not what is measured."""
SETTLE_SECONDS = 4
"""So long a page stays open after its work: what is kept for the next visit is written then."""
PATIENCE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit.

    Attributes:
        seconds: to the first entry.
        size: bytes of the site's files that came over the line; zero where nobody counted.
        requests: for the site's files; zero where nobody counted.
    """

    seconds: float
    size: int = 0
    requests: int = 0


Visits = Mapping[str, Sequence[Visit]]
"""All visits to each of the two sites."""


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as nodes:
        work = Path(scratch)
        sites = {
            "ours": _ours(site, work / "ours"),
            "stock": _stock(site, work / "stock"),
        }
        urls = {
            name: nodes.enter_context(ServedNode(work / f"node-{name}", folder)).url
            for name, folder in sites.items()
        }
        rates: list[float] = []
        cold, warm = _in_turns(urls, lambda url: _twice(browsers, url))
        # What is counted is exact at once.
        cold_counted, warm_counted = _in_turns(urls, lambda url: _counted(browsers, url), warm_up=0, rounds=1)
        wasm = {urls[name]: _address(folder, "pyodide.asm.wasm") for name, folder in sites.items()}
        (slow,) = _in_turns(urls, lambda url: (_slow(browsers, url, wasm[url], rates),))
    compressed = "precompressed with brotli" if any(site.rglob("*.br")) else "not compressed"
    low, high = min(rates) / 1e6, max(rates) / 1e6
    results = [
        _compared("cold start", "s", cold, _seconds, ratio=1 / 3.5),
        _compared("warm start", "s", warm, _seconds, ratio=1 / 5),
        _compared("cold start at 10 Mbit/s", "s", slow, _seconds),
        _compared("download, cold", "MB", cold_counted, _megabytes, limit=5.5),
        _compared("download, warm", "MB", warm_counted, _megabytes, limit=0),
        _compared("requests, cold", "", cold_counted, _requests),
        _compared("requests, warm", "", warm_counted, _requests),
    ]
    return results, [
        "Stock Pyodide: in the page loadPyodide, micropip.install of the same wheels, the same program.",
        f"Both sites are served by panda serve, on this machine; their files are {compressed}.",
        "Warm: the browser was closed and started again with the same profile.",
        f"A visit begins {REST_SECONDS} s after the browser was started: that start is not what is measured.",
        f"The slow line was measured at {low:.2f} to {high:.2f} Mbit/s; it adds no delay.",
        "Downloads and requests: of the site's files, as they go over the line in one visit.",
    ]


def _seconds(visit: Visit) -> float:
    return visit.seconds


def _megabytes(visit: Visit) -> float:
    return visit.size / 1e6


def _requests(visit: Visit) -> float:
    return visit.requests


def _compared(
    what: str,
    unit: str,
    visits: Visits,
    take: Callable[[Visit], float],
    *,
    ratio: float | None = None,
    limit: float | None = None,
) -> Result:
    make = Samples.of if take is _seconds else lambda values: Samples(tuple(values))
    ours, stock = (make(map(take, visits[name])) for name in ("ours", "stock"))
    return Result(what, unit, ours, (Peer("stock Pyodide", stock, ratio),), limit)


def _ours(site: Path, out: Path) -> Path:
    """The built site with one page more, which uses it as any website would."""
    script = (PAGES / "start" / "ours.js").read_text("utf-8")
    return copy_site(site, out, {"bench.html": _page(), "bench.js": script})


def _stock(site: Path, out: Path) -> Path:
    """Pyodide as it comes, micropip, and our wheels; compressed where our site is."""
    out.mkdir()
    shutil.copytree(site / "wheels", out / "wheels", ignore=shutil.ignore_patterns("*.br", "*.gz"))
    wheels = sorted(path.name for path in (out / "wheels").glob("*.whl"))
    shutil.copy(PAGES / "start" / "stock.py", out)
    script = (PAGES / "start" / "stock.js").read_text("utf-8")
    script = script.replace("const WHEELS = [];", f"const WHEELS = {json.dumps(wheels)};")
    (out / "bench.js").write_text(script, "utf-8")
    for name in ("bench.html", "index.html"):
        (out / name).write_text(_page(), "utf-8")
    pyodide = parts.pyodide_folder()
    shutil.copytree(pyodide, out / "pyodide")
    if any(site.rglob("*.br")):
        for name in (*parts.CORE_FILES, "pyodide-lock.json"):
            build.compress(out / "pyodide" / name)
    return out


def _page() -> str:
    return (PAGES / "start" / "bench.html").read_text("utf-8")


def _in_turns(
    urls: Mapping[str, str],
    measure: Callable[[str], tuple[Visit, ...]],
    *,
    warm_up: int = 1,
    rounds: int = ROUNDS,
) -> list[dict[str, list[Visit]]]:
    """Measures in turns, so that a busy minute hits both.

    Returns:
        For each visit that `measure` makes, all of them by site.
    """
    found: dict[str, list[tuple[Visit, ...]]] = {name: [] for name in urls}
    for number in range(warm_up + rounds):
        for name, url in urls.items():
            visits = measure(url)
            if number >= warm_up:
                found[name].append(visits)
    kinds = range(len(visits))
    return [{name: [made[kind] for made in all_made] for name, all_made in found.items()} for kind in kinds]


def _visit(browsers: Browsers, url: str, profile: Path) -> float:
    """Seconds from the navigation to the first entry, in a browser that was started for it."""
    with browsers.killable("chromium", profile) as tab:
        time.sleep(REST_SECONDS)
        tab.goto(f"{url}bench.html")
        took = float(tab.evaluate("() => globalThis.result", timeout=PATIENCE_SECONDS))
        time.sleep(SETTLE_SECONDS)
    return took / 1000


def _twice(browsers: Browsers, url: str) -> tuple[Visit, Visit]:
    with tempfile.TemporaryDirectory() as profile:
        cold, warm = (Visit(_visit(browsers, url, Path(profile))) for _ in range(2))
        return cold, warm


def _counted(browsers: Browsers, url: str) -> tuple[Visit, Visit]:
    """The same, and what comes over the line."""
    with wire(url) as line, tempfile.TemporaryDirectory() as profile:
        cold, warm = (_over(line, browsers, Path(profile)) for _ in range(2))
        return cold, warm


def _address(folder: Path, name: str) -> str:
    (found,) = folder.rglob(name)
    return f"/{found.relative_to(folder).as_posix()}"


def _slow(browsers: Browsers, url: str, file: str, rates: list[float]) -> Visit:
    """A first visit on a slow line, whose speed, measured with a large file, goes into `rates`."""
    with wire(url, SLOW) as line, tempfile.TemporaryDirectory() as profile:
        rates.append(measured_rate(line, file))
        return _over(line, browsers, Path(profile))


def _over(line: Wire, browsers: Browsers, profile: Path) -> Visit:
    line.answers.clear()
    seconds = _visit(browsers, line.url, profile)
    files = [
        answer.size
        for answer in line.answers
        if answer.method == "GET" and answer.path.split("?")[0] not in OWN
    ]
    return Visit(seconds, sum(files), len(files))
