"""How fast a node makes the typed view of a schema from what it has stored, and holds messages to a schema.

Built as a node does it, in slices, each committed to a file. What a message takes should not grow with their
number.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks import checking, work
from benchmarks.report import Result, Samples
from panda_web.node import Store
from panda_web.node.aside import in_a_thread
from panda_web.node.building import Views
from panda_web.node.groups import Groups
from tests.browsers import Browsers
from tests.node.stored import TALK, fill

COUNTS = (10_000, 100_000, 1_000_000)
ENOUGH_SECONDS = 180.0
"""So long a view is built at most; then what it has reached counts."""
NOTES = [
    "4 fields, 1 message in 11 an update, by 10 authors in turn; in a file, slices durable; with indexes.",
    "Held to its schema: a talk of 9 fields, one of them to a pattern, one a timestamp, one a relation.",
]
LEAST_RATE = 10_000
"""Messages a second that we hold ourselves to, whatever the size."""

ROUNDS = 7
CHECKS = 2_000


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    found = []
    for count in COUNTS:
        each = Samples((round(1e6 / asyncio.run(_built(count)), 1),))
        found.append(Result(f"view of {count:,} messages, a message", "µs", each, limit=1e6 / LEAST_RATE))
    return [
        *found,
        Result("a message held to its schema, CPython", "µs", Samples.of(_checked())),
        Result("the same in a page of Chromium", "µs", work.check(site, browsers)),
    ], NOTES


async def _built(count: int) -> float:
    """Messages a second of which a view is made."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "node.db", in_a_thread)
        schema_id = TALK.id or ""
        fill(store, schema_id, count)
        reached = 0

        def progress(done: int, _: int) -> None:
            nonlocal reached
            reached = done

        views = Views(store, Groups(store))
        began = time.perf_counter()
        try:
            async with asyncio.timeout(ENOUGH_SECONDS):
                await views.add(TALK, progress)
        except TimeoutError:
            pass
        rate = reached / (time.perf_counter() - began)
        store.close()
        return rate


def _checked() -> list[float]:
    """Microseconds in which this Python holds a message to its schema, in each of several rounds."""
    return [round(checking.seconds(CHECKS) / CHECKS * 1e6, 2) for _ in range(ROUNDS)]
