"""How fast a node makes the typed view of a schema from what it has stored, and holds messages to a schema.

Built as a node does it, in slices, each committed to a file. What a message takes should not grow with their
number. Run it: `.venv/bin/python benchmarks/views.py`; it prints JSON. Numbers behind it say of how many
messages instead.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from panda_web.messages import infer_all  # noqa: E402
from panda_web.node import Store  # noqa: E402
from panda_web.node.aside import in_a_thread  # noqa: E402
from panda_web.node.building import Views  # noqa: E402
from panda_web.node.groups import Groups  # noqa: E402
from tests.node.stored import TALK, fill, talk  # noqa: E402

COUNTS = (10_000, 100_000, 1_000_000)
ENOUGH_SECONDS = 180.0
"""So long a view is built at most; then what it has reached counts."""
NOTES = [
    "A message of 4 fields, 1 in 11 an update; in a file, each slice made durable. Indexes are part of it.",
    "Held to its schema: 4 fields, one of them to a pattern, one a timestamp.",
]
LEAST_RATE = 10_000
"""Messages a second that we hold ourselves to, whatever the size."""

ROUNDS = 7
CHECKS = 2_000


def run(counts: Sequence[int] = COUNTS) -> list[dict[str, object]]:
    """All measurements: name, `ours` (samples), unit, limit. Less is better in all of them."""
    found: list[dict[str, object]] = [
        {
            "name": f"view of {count:,} messages, a message",
            "ours": round(1e6 / asyncio.run(_built(count)), 1),
            "unit": "µs",
            "limit": 1e6 / LEAST_RATE,
        }
        for count in counts
    ]
    return [*found, {"name": "a message held to its schema", "ours": _checked(), "unit": "µs"}]


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
    """Microseconds that one message takes, in each of several rounds."""
    fields = infer_all(talk(1))
    samples = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(CHECKS):
            TALK.check(fields, "create")
        samples.append(round((time.perf_counter() - began) / CHECKS * 1e6, 2))
    return samples


if __name__ == "__main__":
    given = [int(number) for number in sys.argv[1:]]
    sys.stdout.write(json.dumps(run(given or COUNTS), indent=1, ensure_ascii=False) + "\n")
