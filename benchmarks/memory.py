"""What page and worker have in memory: with an empty page, after the start, and after 10,000 entries.

Counted is what the process of the page has for itself alone, as Linux counts it (`/proc/PID/smaps_rollup`):
browsers' own ways leave WebAssembly's memory out.
"""

import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import Result, Samples
from tests.browser.festivals import event, schedule
from tests.browser.sites import copy_site
from tests.browsers import Browsers, static_server
from tests.processes import ServedNode

PAGES = Path(__file__).resolve().parent / "pages" / "memory"
COUNT = 10_000
ROUNDS = 5
PATIENCE_SECONDS = 900
SETTLE_SECONDS = 3
"""It rests before its memory is measured."""
LOOKED_AT = ("page alone", "page and worker, started", f"page and worker, {COUNT:,} entries")


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    events = (event(number, abstract="What it is about. " * 20) for number in range(COUNT))
    talks = json.dumps(schedule(*events))
    pages = {path.name: path.read_text("utf-8") for path in PAGES.iterdir()}
    with tempfile.TemporaryDirectory() as scratch:
        www = copy_site(site, Path(scratch) / "www", pages)
        with static_server(www) as server:
            rounds = [_round(browsers, f"{server.url}bench.html", talks) for _ in range(ROUNDS)]
    moments = zip(LOOKED_AT, zip(*rounds, strict=True), strict=True)
    return [Result(what, "MB", Samples.of(seen)) for what, seen in moments], [
        "Each round has a new browser and a new node.",
        "A festival of so many talks is imported: each is signed, published and acknowledged.",
        f"A talk has some {len(talks) // COUNT} bytes as JSON.",
        "Counted is the memory that the process has for itself alone.",
    ]


def _round(browsers: Browsers, page: str, talks: str) -> list[float]:
    """Megabytes at each of the three moments."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        ServedNode(Path(scratch) / "node", heard=False) as node,
        browsers.killable("chromium", Path(scratch) / "profile") as tab,
    ):
        browser = tab.page.context.browser
        if browser is None:
            raise LookupError("Playwright does not give the browser of this page.")
        system = browser.new_browser_cdp_session()

        def look() -> float:
            time.sleep(SETTLE_SECONDS)
            return round(_largest_renderer(system) / 1e6, 1)

        tab.goto(page)
        seen = [look()]
        tab.evaluate("(node) => open(node)", node.url, timeout=PATIENCE_SECONDS)
        seen.append(look())
        published = tab.evaluate("(talks) => publish(talks)", talks, timeout=PATIENCE_SECONDS)
        if published != COUNT:
            raise ValueError(f"{published} entries were published, and not {COUNT}.")
        return [*seen, look()]


def _largest_renderer(system: Any) -> int:
    """Bytes of the page's process: the largest of those that show pages."""
    processes = system.send("SystemInfo.getProcessInfo")["processInfo"]
    return max(_private(process["id"]) for process in processes if process["type"] == "renderer")


def _private(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
    return sum(int(kib) * 1024 for kib in re.findall(r"^Private_\w+: +(\d+) kB$", text, re.MULTILINE))
