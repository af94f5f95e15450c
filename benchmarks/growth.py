"""What one more publish takes in a long log, of a node that holds as much of others: in a file, durable.

Nothing is between node and entry: no HTTP, no other publish to share the disk with.
"""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

from benchmarks.report import Peer, Result, Samples
from tests.node.grown import Grown

COUNTS = (100, 10_000, 1_000_000)
PUBLISHES = 51
WARM_UP = 10
"""The first publishes write to the file what filling it left in its log."""
LIMIT = 1.5
"""A publish in a longer log may take so many times what one in the shortest takes."""
NOTES = [
    f"{PUBLISHES} publishes in each log, in turns, each verified, stored in a file and durable.",
    "So many entries of one author, and as many other authors with a log each.",
]


def run() -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stores:
        logs = {count: Grown(count, Path(folder) / f"{count}.db") for count in COUNTS}
        found: dict[int, list[float]] = {count: [] for count in COUNTS}
        for grown in logs.values():
            stores.callback(grown.store.close)
        for number in range(WARM_UP + PUBLISHES):
            for count, grown in logs.items():
                took = asyncio.run(_publish(grown))
                if number >= WARM_UP:
                    found[count].append(round(took * 1e6, 1))
    samples = {count: Samples.of(values) for count, values in found.items()}
    first = COUNTS[0]
    shortest = Peer(f"log of {first}", samples[first], LIMIT)
    return [
        Result(f"publish in a log of {count:,}", "µs", samples[count], (shortest,) if count > first else ())
        for count in COUNTS
    ], NOTES


async def _publish(grown: Grown) -> float:
    """Seconds until one more create is durable; that it is signed does not count."""
    signed, payload = grown.author.create(n=1)
    start = time.perf_counter()
    await grown.node.publish_entry(signed.encoded, payload)
    return time.perf_counter() - start
