"""What two nodes say to each other until they hold the same, in bytes and questions, and how fast it goes."""

import asyncio
import math
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks import intake
from benchmarks.report import ENOUGH, Peer, Result, Samples
from panda_web import messages
from panda_web.bamboo import digest
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.node import Node
from panda_web.rpc.connection import Connection
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.methods import GET_ITEMS, GET_LOGS, MAX_LIMIT, StoredEntry
from panda_web.rpc.transport import InProcess
from panda_web.rpc.within import in_process
from panda_web.server.answer import PIECE
from panda_web.server.packing import packed
from panda_web.sync.comparing import compare
from panda_web.sync.listing import NO_CURSOR, listed
from panda_web.sync.offering import Offering, Taken
from panda_web.sync.source import ALL_HOPS, Asking
from tests.authors import SCHEMA, Author
from tests.browsers import Browsers
from tests.node.stored import complete
from tests.pools import pool
from tests.sqlite import Store
from tools.telling import Problem

COUNTS = (10, 1_000, 100_000)
DIFFERING = 10
FIRST_CONTACT_KB = 25
ENTRIES = (100, 10_000, 1_000_000)
ENTRY_KB = 16
NOTES = [
    "Bodies of calls and answers as they go over the line, without the heads of HTTP.",
    f"First contact: of the logs {DIFFERING} are held by one of the two alone.",
    "A list of all: what panda_getLogs gives for all logs.",
    "One entry: it and what links it to entry 1, verified by a node that held nothing; in gzip, as by HTTP.",
]


class Counted:
    """A way to a node that counts bytes and questions.

    Args:
        dispatcher: of the node.
        packs: whether its answers come in gzip.
    """

    def __init__(self, dispatcher: Dispatcher, *, packs: bool = False) -> None:
        self._way = InProcess(dispatcher)
        self._packs = packs
        self.bytes = 0
        self.questions = 0

    async def send(self, body: bytes) -> bytes:
        """See `Transport`."""
        answer = await self._way.send(body)
        travels = b"".join(packed(answer, PIECE)) if self._packs else answer
        self.bytes += len(body) + len(travels)
        self.questions += 1
        return answer

    async def close(self) -> None:
        """Nothing stays open."""


def run(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Measures."""
    return [*asyncio.run(_measured()), *intake.run(site, browsers)], [*NOTES, *intake.NOTES]


async def _measured() -> list[Result]:
    results = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            one = _node(Path(folder) / "one.db", range(count))
            half = DIFFERING // 2
            other = _node(Path(folder) / "other.db", [*range(half, count), *range(count, count + half)])
            here, way = Connection(in_process(one.dispatcher())), Counted(other.dispatcher())
            there = Connection(way)
            differing = await compare(await listed(here), there, {})
            if len(differing.ours) + len(differing.theirs) != DIFFERING:
                raise Problem("What differs was not found.")
            first, questions = way.bytes, way.questions
            cursor = (await there.call(GET_LOGS, since=NO_CURSOR)).cursor
            way.bytes = 0
            await there.call(GET_LOGS, since=cursor, limit=MAX_LIMIT)
            nothing = way.bytes
            way.bytes, since, more = 0, None, True
            while more:
                found = await there.call(GET_LOGS, since=since, limit=MAX_LIMIT)
                since, more = found.cursor, found.more
            of_all = way.bytes
            await here.close()
        limit = FIRST_CONTACT_KB if count == COUNTS[-1] else None
        peer = Peer("a list of all", _counted(of_all / 1000))
        results += [
            Result(f"first contact, {count:,} logs", "kB", _counted(first / 1000), (peer,), limit),
            Result(f"first contact, {count:,} logs", "questions", _counted(questions)),
            Result(f"nothing new, {count:,} logs", "kB", _counted(nothing / 1000)),
        ]
    for seq_num in ENTRIES:
        results += await _one_entry(seq_num)
    return results


async def _one_entry(seq_num: int) -> list[Result]:
    """What it takes to fetch one entry of a log, and to verify it to entry 1."""
    author, payload = Author(), messages.create(SCHEMA, infer_all({"title": "Opening"})).encode()
    linked = pool(author, seq_num, payload)
    one, other = (Node(Store(), CryptographyVerifier(), version="0") for _ in range(2))
    outcomes = await other.publish_items(
        [StoredEntry(each, payload if each is linked[-1] else None) for each in linked]
    )
    way = Counted(other.dispatcher(), packs=True)
    here, there = Connection(in_process(one.dispatcher())), Connection(way)
    found = await there.call(
        GET_ITEMS, author=author.hex, logId=1, start=seq_num, end=seq_num, distLow=ALL_HOPS
    )
    taken = await Offering(here, Asking(there).path, asyncio.sleep).offer(found.entries)
    await here.close()
    if {each["state"] for each in outcomes["items"]} != {"stored"} or taken != Taken(stored=len(linked)):
        raise Problem("The entry was not verified.")
    is_last = seq_num == ENTRIES[-1]
    what = f"entry {seq_num:,}"
    log2 = Peer("log2 of it", _counted(math.log2(seq_num)))
    return [
        Result(f"{what}, with its links", "entries", _counted(len(linked)), (log2,), 60 if is_last else None),
        Result(what, "kB", _counted(way.bytes / 1000), (), ENTRY_KB if is_last else None),
        Result(what, "questions", _counted(way.questions), (), 2 if is_last else None),
    ]


def _counted(value: float) -> Samples:
    return Samples.of([value] * ENOUGH)


def _node(path: Path, numbers: Iterable[int]) -> Node:
    """A node that holds the first entries of so many logs, put into its tables as they are."""
    store = Store(path)
    node = Node(store, CryptographyVerifier(), version="0")
    database = store.sqlite
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, 1, ?, 1, 0)",
        ((digest(b"%d" % number)[:32], SCHEMA) for number in numbers),
    )
    database.execute("INSERT INTO authors SELECT author, 300, 3 FROM logs")
    database.executemany(
        "INSERT INTO entries (log, seq_num, hash, entry, payload, instance) VALUES (?, 1, ?, ?, ?, ?)",
        [
            (key, digest(author), bytes(300), b"", digest(author))
            for key, author in database.execute("SELECT id, author FROM logs").fetchall()
        ],
    )
    database.execute("INSERT INTO changes (kind, entry) SELECT 0, number FROM entries")
    database.execute("INSERT INTO commits (last, hash) SELECT max(number), x'00' FROM changes")
    complete(database)
    database.execute("COMMIT")
    return node
