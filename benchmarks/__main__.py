"""What `python3 build.py bench` runs: the benchmarks of the given names, or all of them."""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from benchmarks import (
    commit,
    forks,
    growth,
    live,
    memory,
    modes,
    node,
    query,
    replication,
    snapshot,
    start,
    tab,
    views,
    work,
)
from benchmarks.chart import chart
from benchmarks.machine import describe, load
from benchmarks.report import Result, as_json, broken, table
from tests.browsers import Browsers, available
from tests.interop.old_client import NotFetched
from tools.kept import ROOT
from tools.static_site import build_site
from tools.telling import Problem, progress

OUT = ROOT / "docs" / "benchmarks"

# Parts come by the same way as for the tests, which skip or fail where something cannot be had.
MISSING = (Problem, NotFetched, pytest.skip.Exception, pytest.fail.Exception)

Measured = tuple[list[Result], list[str]]

TITLES = {
    "start": "From a navigation to the first signed entry that the node has",
    "modes": "From a navigation to the first entry that the node has: with a node in the tab, beside none",
    "snapshot": "A first visit: the site ships a snapshot, or a browser makes its own",
    "memory": "The memory of page and worker",
    "sign": "Signing: message and entry in a log of 1,000, microseconds each",
    "verify": "Verifying: decoding an entry and checking its signature, microseconds each",
    "node": "The node: publishes that it acknowledges in a second",
    "growth": "One more publish in a longer log, microseconds",
    "commit": "A durable commit of what one publish writes, in a database of 0, 10 and 100 MB",
    "tab": "The node in a tab: entries taken in, what another tab sees, and a start with 100,000 entries",
    "live": "Followers: how soon a change reaches 100, and what 100 cost whoever publishes",
    "replication": "Two nodes that come to hold the same: bytes, questions, and entries a second",
    "forks": "Forks: looked for as entries come in; and what goes for one, and comes back by a vote",
    "query": "A query in a node that holds much: filter, order and limit 50",
    "views": "Typed views: built from the stored log, microseconds a message",
}


def measure(name: str, browsers: Browsers, site: Path) -> list[str]:
    """Runs one benchmark, prints its table, and writes what was found; gives what broke its limit."""
    machine = describe(Chromium=browsers.chromium.version)
    runs: dict[str, Callable[[], Measured]] = {
        "start": lambda: start.run(site, browsers),
        "modes": lambda: modes.run(site, browsers),
        "snapshot": lambda: snapshot.run(site, browsers),
        "memory": lambda: memory.run(site),
        "sign": lambda: work.sign(site, browsers),
        "verify": lambda: work.verify(site, browsers),
        "node": node.run,
        "growth": growth.run,
        "commit": lambda: commit.run(site, browsers),
        "tab": lambda: tab.run(site, browsers),
        "live": live.run,
        "forks": forks.run,
        "query": query.run,
        "replication": lambda: replication.run(site, browsers),
        "views": lambda: views.run(site, browsers),
    }
    with progress(f"measuring: {name}"):
        before = load()
        results, notes = runs[name]()
        machine["load"] = f"{before} before, {load()} after"
    print(f"\n{TITLES[name]}\n{table(results)}\n")
    text = json.dumps(as_json(results, machine, notes), indent=1, ensure_ascii=False)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(f"{text}\n", "utf-8", newline="\n")
    (OUT / f"{name}.svg").write_text(chart(TITLES[name], results, machine), "utf-8", newline="\n")
    return broken(results)


def main(names: Sequence[str]) -> int:
    """Runs the benchmarks of these names; 1 and one sentence where something cannot be had or is too slow."""
    if unknown := set(names) - set(TITLES):
        return _fail(f"there is no benchmark {' or '.join(sorted(unknown))}; there are {', '.join(TITLES)}.")
    if "chromium" not in available():
        return _fail("the benchmarks need Chromium, and it is not on this machine.")
    browsers = Browsers()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            site = Path(scratch) / "site"
            build_site(site)
            worse = [words for name in names or TITLES for words in measure(name, browsers, site)]
    except MISSING as problem:
        return _fail(str(problem))
    finally:
        browsers.close()
    return _fail(f"limits are not kept: {', '.join(worse)}.") if worse else 0


def _fail(words: str) -> int:
    print(f"panda-web: {words}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
