"""What page and worker have in memory: with an empty page, after the start, and after 10,000 entries.

Counted is what the process of the page has for itself alone, as Linux counts it: browsers' own ways leave
WebAssembly's memory out. Nobody watches the page with developer tools while it works, since those keep what
it sends; so it asks this server whether it may go on, and tells it how far it is. Then it throws away what
nothing holds any more.
"""

import json
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.report import Peer, Result, Samples
from benchmarks.unwatched import Unwatched, unwatched
from tests.browser.festivals import event, schedule
from tests.browser.sites import copy_site
from tests.browsers import StaticServer, static_server
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
STARTED, MORE = 75.0, 55.0
"""Megabytes that page and worker may have when they have started, and that the entries may take besides."""
LOOKED_AT = (
    ("page alone", None),
    ("page and worker, started", STARTED),
    (f"page and worker, {COUNT:,} entries", None),
)
IN_ONE_PART = (
    (39.2, 38.6, 38.5, 38.0, 38.3),
    (72.6, 71.9, 72.7, 72.8, 72.2),
    (109.3, 116.4, 117.5, 126.0, 122.2),
)
"""The same before Python's module came in two parts. Both were measured in turns then, on a machine with
other work: with two parts the medians were 38.8, 70.6 and 115.2."""


def run(site: Path) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    events = (event(number, abstract="What it is about. " * 20) for number in range(COUNT))
    talks = json.dumps(schedule(*events))
    pages = {path.name: path.read_text("utf-8") for path in PAGES.iterdir()}
    with tempfile.TemporaryDirectory() as scratch:
        www = copy_site(site, Path(scratch) / "www", {**pages, "talks.json": talks})
        rounds = [_round(www) for _ in range(ROUNDS)]
    kept, whole = [made for made, _ in rounds], [made for _, made in rounds]
    moments = zip(LOOKED_AT, zip(*kept, strict=True), IN_ONE_PART, strict=True)
    more = [round(entries - started, 1) for _, started, entries in kept]
    results = [
        Result(what, "MB", Samples.of(seen), (Peer("module in one part", Samples.of(before)),), limit)
        for (what, limit), seen, before in moments
    ]
    return [
        *results,
        Result("more, for the entries", "MB", Samples.of(more), limit=MORE),
        Result(f"with {COUNT:,} entries, and what nothing holds", "MB", Samples.of(whole)),
    ], [
        "Each round has a new browser and a new node.",
        "A festival of so many talks is imported: each is signed, kept here, published and acknowledged.",
        f"A talk has some {len(talks) // COUNT} bytes as JSON.",
        "A started page is looked at when what comes at rest is there, too.",
        "Before it is looked at, JavaScript throws away what nothing holds; the last line is from before.",
        "With the module in one part: measured then, in turns with two parts, and kept in the benchmark.",
        "Counted is the memory that the process has for itself alone, without the browser's program.",
        "No developer tools are there while it works.",
    ]


def _round(www: Path) -> tuple[list[float], float]:
    """Megabytes at each of the three moments; and at the last one, before anything was thrown away."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        ServedNode(Path(scratch) / "node", heard=False) as node,
        static_server(www) as server,
    ):
        profile = Path(scratch) / "profile"
        url = f"{server.url}bench.html?{urlencode({'node': node.url})}"
        with unwatched(url, profile) as page:
            _heard(server, STEPS[0][0])
            seen = [_at_rest(page)]
            for asked, told in STEPS:
                (www / asked).touch()
                _heard(server, told)
                _heard(server, SECOND)
                seen.append(_at_rest(page))
        for asked, _ in STEPS:
            (www / asked).unlink()
        (*_, (whole, _)) = seen
        return [kept for _, kept in seen], whole


def _at_rest(page: Unwatched) -> tuple[float, float]:
    """Megabytes, and those that are left when what nothing holds is thrown away."""
    time.sleep(SETTLE_SECONDS)
    whole = page.megabytes()
    page.collect()
    return whole, page.megabytes()


def _heard(server: StaticServer, what: str) -> None:
    """Waits until the page asks for this. Raises ValueError where it says that it failed, or nothing."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not any(f"/{what}" in request for request in server.requests):
        failed = next((request for request in server.requests if " /failed" in request), None)
        if failed or time.monotonic() > end:
            raise ValueError(f"The page has not said {what!r}: {failed or 'it says nothing'}.")
        time.sleep(0.1)
