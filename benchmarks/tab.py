"""The node in a tab: what it takes in, when another tab sees what is written, and starts with much in it.

In Chromium. Files of the origin are on the disk, since each browser has a profile in a folder.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import Peer, Result, Samples
from tests.browser.python import Python
from tests.browser.sites import copy_site, frozen_harness_site
from tests.browsers import Browsers, PlaywrightTab, static_server
from tests.processes import ServedNode

HERE = Path(__file__).resolve().parent
STORED = 100_000
"""Entries that are in the database of the full profile."""
CHUNK = 2_500
"""Of them are brought at once, and measured."""
SEEN = 30
SEEN_WARM_UP = 5
STARTS = 9
STARTS_WARM_UP = 2
"""The first visit keeps the site's files for the next."""
REST_SECONDS = 2
SLOWER = 1.1
"""A start with so many entries may take so many times what one with none takes."""
PATIENCE_SECONDS = 120


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures."""
    with tempfile.TemporaryDirectory() as scratch:
        www = site_with_pages(site, Path(scratch) / "www")
        taken, verified, starts = _stored(www, browsers, Path(scratch))
        seen = _seen(site, www, browsers, Path(scratch))
    ready, answered = ({name: _each(found, what) for name, found in starts.items()} for what in (0, 1))
    return [
        Result("entries taken in", "/s", taken, (Peer("verification alone", verified),)),
        Result(
            "publish, until another tab shows it",
            "ms",
            seen["the tab with the node"],
            (Peer("a node on loopback", seen["loopback"]),),
        ),
        Result(
            "publish, in a tab that reaches the node in another one",
            "ms",
            seen["another tab"],
            (Peer("a node on loopback", seen["loopback"]),),
        ),
        *(
            Result(
                f"{what}, {STORED:,} entries stored",
                "ms",
                found["full"],
                (Peer("with none", found["empty"], SLOWER),),
            )
            for what, found in (("start until connected", ready), ("start until 50 are shown", answered))
        ),
    ], [
        f"Taken in: {CHUNK:,} entries at a time, as a node is filled, up to {STORED:,} in all.",
        "Each is verified, in a view, and durable. Verification alone: the same entries, in the same tab.",
        "Rates: more is better.",
        "Publish: from the call until a subscription in the other tab has given it; by the clock of both.",
        "The loopback: the same two pages in the mode remote, with a node on this machine between them.",
        "Start: from the navigation, in a browser just started that has kept the site's files; mode local.",
    ]


def site_with_pages(site: Path, out: Path) -> Path:
    """The site with pages more, and beside it Python that fills the same site's database."""
    pages = {path.name: path.read_text("utf-8") for path in (HERE / "pages" / "tab").iterdir()}
    copy_site(site, out, pages)
    frozen_harness_site(site, out / "fill", HERE / "page_tab.py", HERE / "committing.py")
    return out


# -- entries that are taken in, and that are there at a start --------------------------------------


def _stored(
    www: Path, browsers: Browsers, scratch: Path
) -> tuple[Samples, Samples, dict[str, list[tuple[float, float]]]]:
    """Rates of entries taken in and verified, and starts with all of them and with none."""
    with static_server(www) as server:
        with _filling(browsers, scratch / "empty", server.url) as (python, schema):
            schemas = {"empty": schema}
        with _filling(browsers, scratch / "full", server.url) as (python, schema):
            schemas["full"] = schema
            found = [python.run("take_in", count=CHUNK) for _ in range(STORED // CHUNK)]
        starts: dict[str, list[tuple[float, float]]] = {name: [] for name in schemas}
        for number in range(STARTS_WARM_UP + STARTS):
            for name, schema in schemas.items():
                took = _start(browsers, scratch / name, f"{server.url}bench.html", schema, name == "full")
                if number >= STARTS_WARM_UP:
                    starts[name].append(took)
    taken, verified = (Samples.of(round(each[kind], 1) for each in found) for kind in ("taken", "verified"))
    return taken, verified, starts


@contextmanager
def _filling(browsers: Browsers, profile: Path, url: str) -> Iterator[tuple[Python, str]]:
    """Python with the site's database open, in which a schema is defined."""
    with browsers.killable("chromium", profile) as tab:
        python = Python(tab, f"{url}fill/")
        yield python, python.run("open_node")
        if not python.run("close_node"):
            raise ValueError("nothing was written through")


def _start(browsers: Browsers, profile: Path, page: str, schema: str, full: bool) -> tuple[float, float]:
    """Milliseconds until the page is connected, and until it has an answer."""
    with browsers.killable("chromium", profile) as tab:
        time.sleep(REST_SECONDS)
        tab.goto(page)
        found = tab.evaluate("(id) => globalThis.begin(id)", schema, timeout=PATIENCE_SECONDS)
        if bool(found["count"]) != full:
            raise ValueError(f"{found['count']} talks were there.")
        time.sleep(REST_SECONDS)
    return found["ready"], found["answered"]


def _each(found: list[tuple[float, float]], kind: int) -> Samples:
    return Samples.of(round(each[kind], 1) for each in found)


# -- what is written, in another tab ---------------------------------------------------------------


def _seen(site: Path, www: Path, browsers: Browsers, scratch: Path) -> Mapping[str, Samples]:
    """Milliseconds from a publish in one tab until another one has been told of it, in turns."""
    with (
        ServedNode(scratch / "node", site, heard=False) as node,
        static_server(www) as server,
        browsers.killable("chromium", scratch / "local") as first,
        browsers.killable("chromium", scratch / "remote") as third,
    ):
        local = _pair(first, server.url, {"mode": "local"})
        remote = _pair(third, server.url, {"mode": "remote", "node": node.url})
        ways = {
            "the tab with the node": local,
            "another tab": local[::-1],
            "loopback": remote,
        }
        found: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(SEEN_WARM_UP + SEEN):
            for name, (writer, reader) in ways.items():
                title = f"{name} {number}"
                began = writer.evaluate("(title) => globalThis.publish(title)", title)
                came = reader.evaluate("(title) => globalThis.whenSeen(title)", title)
                if number >= SEEN_WARM_UP:
                    found[name].append(round(came - began, 1))
    return {name: Samples.of(values) for name, values in found.items()}


def _pair(tab: PlaywrightTab, url: str, options: Mapping[str, str]) -> tuple[PlaywrightTab, PlaywrightTab]:
    """Two tabs of one browser, both of which follow; the first has the node, where one is in them."""
    pair = (tab, tab.new_tab())
    for each in pair:
        each.goto(f"{url}bench.html")
        each.evaluate("(options) => globalThis.open(options)", options, timeout=PATIENCE_SECONDS)
        each.evaluate("() => globalThis.follow()", timeout=PATIENCE_SECONDS)
    return pair
