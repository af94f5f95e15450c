"""What forks cost: to look for them as entries come in; and a view of which much goes, and comes back.

Looked for is by comparing each entry with what it can contradict. Beside it the same intake with that left
out, in turns. The view is that of one author's notes behind a fork at their second entry; what others ask
meanwhile is timed too.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

from benchmarks.report import Peer, Result, Samples
from panda_web.bamboo import digest, path
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import FORK_VOTE_LOG, Vote, create, infer_all
from panda_web.node import Node, Store
from panda_web.node.aside import in_a_thread
from panda_web.node.forks.following import Following
from panda_web.node.forks.trusting import Trust
from panda_web.node.ingest import Limits, condemning
from panda_web.node.store.entries import NEVER
from panda_web.rpc.methods import StoredEntry
from tests.authors import Author
from tests.node.branches import DEFINED, NOTE_ID

COUNT = 10_000
"""Entries that are taken in where it is measured what looking costs."""

BEHIND = 100_000
"""Entries behind the fork."""

CALL = 500
ROUNDS = 7
PAUSE = 0.005
MOST_LOOKING = 1.02
"""Times what intake takes without looking, that it may take with it."""
MUCH = Limits(author_bytes=1 << 40, all_bytes=1 << 40)
NOTES = [
    f"Looked for: {COUNT:,} entries in memory, in their order; or the last one came first. Processor time.",
    f"Behind a fork: {BEHIND:,} notes in a file. The first time they go for the proof, then for votes.",
    "A call meanwhile: entry arguments, every 5 ms; the longest until an answer, from when it was due.",
]


def run() -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    return [*_looking(), *asyncio.run(_following())], NOTES


def _notes(author: Author, count: int, text: str = "note") -> list[StoredEntry]:
    written = author.write_many([create(NOTE_ID, infer_all({"text": f"{text} {n}"})) for n in range(count)])
    return [StoredEntry(signed.encoded, payload) for signed, payload in written]


def _looking() -> Iterator[Result]:
    entries = _notes(Author(1), COUNT)
    for name, first in (("", []), (", before the log's end", sorted(path(COUNT, 1)))):
        rates: dict[bool, list[float]] = {True: [], False: []}
        for number in range(2 * ROUNDS + 2):
            looks = number % 2 == 0
            with nullcontext() if looks else _blind():
                took = asyncio.run(_taken_in(entries, [entries[seq_num - 1] for seq_num in first]))
            if number > 1:  # a warm-up of both
                rates[looks].append(took)
        peer = Peer("the same, and no forks looked for", Samples.of(rates[False]), limit=MOST_LOOKING)
        yield Result(f"an entry taken in{name}", "µs", Samples.of(rates[True]), (peer,))


@contextmanager
def _blind() -> Iterator[None]:
    """Within it nodes look for no forks."""
    with (
        mock.patch.object(condemning, "by_entry", return_value=NEVER),
        mock.patch.object(Following, "came", return_value=None),
    ):
        yield


async def _taken_in(entries: Sequence[StoredEntry], first: Sequence[StoredEntry]) -> float:
    """Microseconds an entry, where some came first."""
    store = Store(None)
    node = await _node(store)
    if first:
        await node.publish_items(first)
    began = time.process_time()
    await _bring(node, entries)
    took = time.process_time() - began
    await node.finish()
    store.close()
    return round(1e6 * took / len(entries), 2)


async def _node(store: Store, trust: Trust | None = None) -> Node:
    node = Node(store, CryptographyVerifier(), version="benchmark", limits=MUCH, trust=trust)
    await node.publish_entry(DEFINED[0].encoded, DEFINED[1])
    return node


async def _bring(node: Node, entries: Sequence[StoredEntry]) -> None:
    for start in range(0, len(entries), CALL):
        await node.publish_items(entries[start : start + CALL])


async def _following() -> list[Result]:
    author, other, voter = Author(1), Author(1), Author(2, log_id=FORK_VOTE_LOG)
    first = _notes(author, 1)
    other.head = author.head
    branches = _notes(author, BEHIND), _notes(other, 1, "another")
    came: list[float] = []
    went: list[float] = []
    waited: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "node.db", in_a_thread)
        node = await _node(store, Trust(frozenset({voter.signer.author})))
        await _bring(node, [*first, *branches[0]])
        await node.publish_items(branches[1])
        went.append(await _counted(node, waited))
        for number in range(2 * ROUNDS - 1):
            chosen = digest(branches[number % 2][0].entry)
            signed, payload = voter.write(Vote(author.signer.author, 1, 2, chosen).message())
            await node.publish_items([StoredEntry(signed.encoded, payload)])
            (went if number % 2 else came).append(await _counted(node, waited))
        await node.finish()
        store.close()
    return [
        Result(f"{BEHIND:,} notes go, each", "µs", Samples.of(went)),
        Result("and come back by a vote, each", "µs", Samples.of(came)),
        Result("a call meanwhile, the longest", "ms", Samples.of(waited)),
    ]


async def _counted(node: Node, waited: list[float]) -> float:
    """Microseconds an entry until it is found out what counts; and what others wait meanwhile."""
    longest = 0.0

    async def ask() -> None:
        nonlocal longest
        while True:
            due = time.perf_counter() + PAUSE
            await asyncio.sleep(PAUSE)
            await node.get_entry_arguments(bytes(32), NOTE_ID)
            longest = max(longest, time.perf_counter() - due)

    asking = asyncio.create_task(ask())
    began = time.perf_counter()
    await node.count_anew()
    took = time.perf_counter() - began
    asking.cancel()
    waited.append(round(1000 * longest, 1))
    return round(1e6 * took / BEHIND, 1)
