"""How fast a node makes the view of a schema from what it has stored, and holds messages to a schema.

Built as a node does it, in slices, each committed to a file. What a message takes should not grow with their
number.
"""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import checking, work
from benchmarks.report import Result, Samples
from panda_web.node.aside import in_a_thread
from panda_web.node.groups import Groups
from panda_web.node.views.building import Builder
from tests.browsers import Browsers
from tests.node.stored import TALK, fill
from tests.sqlite import Store

COUNTS = (10_000, 100_000, 1_000_000)
ENOUGH_SECONDS = 180.0
"""What building a view may take; then what it has reached counts."""
NOTES = [
    "4 fields, 1 message in 11 an update, by 10 authors in turn; in a file, slices durable.",
    "Each view is built once: a sample is a fifth of it, with its share of the time for indexes.",
    "Held to its schema: a talk of 9 fields, one of them to a pattern, one a timestamp, one a relation.",
]
LEAST_RATE = 10_000
"""Messages a second that we hold ourselves to, whatever the size."""

PARTS = 5
ROUNDS = 7
CHECKS = 2_000


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    found = []
    for count in COUNTS:
        each = Samples.of(asyncio.run(_built(count)))
        found.append(Result(f"view of {count:,} messages, a message", "µs", each, limit=1e6 / LEAST_RATE))
    return [
        *found,
        Result("a message held to its schema, CPython", "µs", Samples.of(_checked())),
        Result("the same in a page of Chromium", "µs", work.check(site, browsers)),
    ], NOTES


async def _built(count: int) -> list[float]:
    """Microseconds a message while each fifth of a view is made, its share of the indexes' time included."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "node.db", in_a_thread)
        fill(store, TALK.id or "", count)
        reached = [(0, time.perf_counter())]

        def progress(done: int, _: int) -> None:
            if done > reached[-1][0]:
                reached.append((done, time.perf_counter()))

        views = Builder(store, Groups(store))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENOUGH_SECONDS):
                await views.add(TALK, progress)
        indexes = time.perf_counter() - reached[-1][1]
        store.close()
        return list(_parts(reached, indexes))


def _parts(reached: Sequence[tuple[int, float]], indexes: float) -> Iterator[float]:
    total = reached[-1][0]
    before = reached[0]
    for part in range(1, PARTS + 1):
        now = next(each for each in reached if each[0] * PARTS >= part * total)
        yield round(1e6 * ((now[1] - before[1]) / (now[0] - before[0]) + indexes / total), 1)
        before = now


def _checked() -> list[float]:
    """Microseconds in which this Python holds a message to its schema, in each of several rounds."""
    checking.seconds(CHECKS)  # a warm-up
    return [round(checking.seconds(CHECKS) / CHECKS * 1e6, 2) for _ in range(ROUNDS)]
