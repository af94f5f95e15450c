"""From a navigation to the first entry that the node has: with a node in the tab, beside the node alone.

The first is what a page gets that says nothing: the entry is durable in the browser and shown, and then sent.
"""

import contextlib
import tempfile
from pathlib import Path

from benchmarks import visits
from benchmarks.report import Peer, Result
from benchmarks.start import FIRST_VISIT_MB
from tests.browsers import Browsers
from tests.processes import ServedNode

SCRIPTS = {"first": "first.js", "remote": "ours.js"}
ROUNDS = 5


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as nodes:
        work = Path(scratch)
        urls = {
            name: nodes.enter_context(
                ServedNode(work / f"node-{name}", visits.our_site(site, work / name, script), heard=False)
            ).url
            for name, script in SCRIPTS.items()
        }
        cold, warm = visits.in_turns(urls, lambda url: visits.twice(browsers, url), rounds=ROUNDS)
        counted, again = visits.in_turns(urls, lambda url: visits.counted(browsers, url), warm_up=0, rounds=1)
    return [
        *(
            Result(what, unit, take(made["first"]), (Peer("the node alone", take(made["remote"])),), limit)
            for what, unit, made, take, limit in (
                ("cold start", "s", cold, visits.seconds, None),
                ("warm start", "s", warm, visits.seconds, None),
                ("download, cold", "MB", counted, visits.megabytes, FIRST_VISIT_MB),
                ("download, warm", "MB", again, visits.megabytes, 0),
                ("requests, cold", "", counted, visits.requests, None),
            )
        )
    ], [
        'Ours: mode "first", the default. The node alone: mode "remote".',
        "Until the node has the entry: with a node in the tab it is durable in the browser before.",
        "Warm: the browser was closed and started again with the same profile.",
        f"A visit begins {visits.REST_SECONDS} s after the browser's start, which is not what is measured.",
    ]
