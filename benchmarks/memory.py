"""What page and worker have in memory: with an empty page, after the start, and after 10,000 entries.

Counted is what the process of the page has for itself alone, as Linux counts it (`/proc/PID/smaps_rollup`):
browsers' own ways leave WebAssembly's memory out. Nobody watches the page with developer tools, since those
keep what it sends; so it asks this server whether it may go on, and tells it how far it is.
"""

import json
import re
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.report import Peer, Result, Samples
from tests.browser.festivals import event, schedule
from tests.browser.sites import copy_site
from tests.browsers import Browsers, StaticServer, renderers, static_server
from tests.processes import ServedNode
from tools.runtime import SECOND

PAGES = Path(__file__).resolve().parent / "pages" / "memory"
COUNT = 10_000
ROUNDS = 5
PATIENCE_SECONDS = 900
SETTLE_SECONDS = 3
"""It rests before its memory is measured."""
STEPS = (("may-open", "opened"), ("may-publish", f"published/{COUNT}"))
"""What the page asks for, and what it tells when it has done it."""
LIMIT = 60.0
"""Megabytes that the entries may take besides."""
LOOKED_AT = ("page alone", "page and worker, started", f"page and worker, {COUNT:,} entries")
IN_ONE_PART = (
    (39.1, 39.2, 49.7, 39.7, 39.9),
    (93.8, 94.0, 105.0, 102.3, 95.3),
    (148.8, 157.8, 163.7, 170.4, 150.5),
)
"""The same on the machine that docs/benchmarks names, before Python's module came in two parts."""


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    events = (event(number, abstract="What it is about. " * 20) for number in range(COUNT))
    talks = json.dumps(schedule(*events))
    pages = {path.name: path.read_text("utf-8") for path in PAGES.iterdir()}
    with tempfile.TemporaryDirectory() as scratch:
        www = copy_site(site, Path(scratch) / "www", {**pages, "talks.json": talks})
        rounds = [_round(browsers, www) for _ in range(ROUNDS)]
    moments = zip(LOOKED_AT, zip(*rounds, strict=True), IN_ONE_PART, strict=True)
    more = [round(entries - started, 1) for _, started, entries in rounds]
    results = [
        Result(what, "MB", Samples.of(seen), (Peer("module in one part", Samples.of(before)),))
        for what, seen, before in moments
    ]
    return [*results, Result("more, for the entries", "MB", Samples.of(more), limit=LIMIT)], [
        "Each round has a new browser and a new node.",
        "A festival of so many talks is imported: each is signed, kept here, published and acknowledged.",
        f"A talk has some {len(talks) // COUNT} bytes as JSON.",
        "A started page is looked at when what comes at rest is there, too.",
        "With the module in one part: measured then, and kept in the benchmark.",
        "Counted is the memory that the process has for itself alone, without developer tools.",
    ]


def _round(browsers: Browsers, www: Path) -> list[float]:
    """Megabytes at each of the three moments."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        ServedNode(Path(scratch) / "node", heard=False) as node,
        static_server(www) as server,
    ):
        profile = Path(scratch) / "profile"
        url = f"{server.url}bench.html?{urlencode({'node': node.url})}"
        with browsers.unwatched(url, profile):
            _heard(server, STEPS[0][0])
            seen = [_megabytes(profile)]
            for asked, told in STEPS:
                (www / asked).touch()
                _heard(server, told)
                _heard(server, SECOND)
                seen.append(_megabytes(profile))
        for asked, _ in STEPS:
            (www / asked).unlink()
        return seen


def _heard(server: StaticServer, what: str) -> None:
    """Waits until the page asks for this. Raises ValueError where it says that it failed, or nothing."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not any(f"/{what}" in request for request in server.requests):
        failed = next((request for request in server.requests if " /failed" in request), None)
        if failed or time.monotonic() > end:
            raise ValueError(f"The page has not said {what!r}: {failed or 'it says nothing'}.")
        time.sleep(0.1)


def _megabytes(profile: Path) -> float:
    """Of the page's process, at rest: the largest of those that show pages."""
    time.sleep(SETTLE_SECONDS)
    return round(max(map(_private, renderers(profile))) / 1e6, 1)


def _private(process: Path) -> int:
    text = (process / "smaps_rollup").read_text("utf-8")
    return sum(int(kib) * 1024 for kib in re.findall(r"^Private_\w+: +(\d+) kB$", text, re.MULTILINE))
