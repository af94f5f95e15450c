"""A node that is killed while it takes in entries: what it acknowledged is there, and it is whole."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attacks.report import Row
from tests.authors import Author
from tests.node.test_load import CLIENTS, LENGTH, calls, publish, stored
from tests.processes import ServedNode

ROUNDS = 12


def run(share: float) -> Iterator[Row]:
    """Some rounds on one folder, each killed a little later in its load."""
    rounds = max(1, round(ROUNDS * share))
    authors = [Author(number + 1) for number in range(CLIENTS)]
    acknowledged: set[str] = set()
    broken = ""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        node = ServedNode(data, heard=False)
        for round_number in range(rounds):
            heads = [author.head for author in authors]
            bodies = [
                calls(author, round_number * LENGTH, 1 + 9 * (number % 2))
                for number, author in enumerate(authors)
            ]
            before = len(acknowledged)
            node.start()
            asyncio.run(_load(node, bodies, acknowledged, before + 200 * (1 + round_number % 5)))
            found = stored(data)  # raises where the database or its views are not whole
            if lost := acknowledged - found:
                broken = f"{len(lost)} acknowledged entries are gone"
                break
            if len(acknowledged) == before:
                broken = "nothing was acknowledged"
            # What was signed and did not arrive is signed anew in the next round, from where the node stands.
            for author, head, sent in zip(authors, heads, bodies, strict=True):
                author.head = head
                for body in sent:
                    for call in body:
                        if call["id"] in found:
                            author.head = author.head.advance(bytes.fromhex(str(call["id"])))
    yield Row(
        "SIGKILL under load", f"{rounds} rounds, {len(acknowledged):,} entries acknowledged", broken=broken
    )


async def _load(
    node: ServedNode, bodies: list[list[list[dict[str, object]]]], acknowledged: set[str], enough: int
) -> None:
    work = [asyncio.create_task(publish(node.url, each, acknowledged)) for each in bodies]
    while len(acknowledged) < enough and not all(task.done() for task in work):  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    node.kill()
    await asyncio.gather(*work)
