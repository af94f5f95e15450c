"""What two nodes say to each other until they hold the same, in bytes and questions: no time is measured."""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.report import ENOUGH, Peer, Result, Samples
from panda_web.bamboo import digest
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node
from panda_web.rpc.connection import Connection
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.methods import GET_LOGS, MAX_LIMIT
from panda_web.rpc.transport import InProcess
from panda_web.rpc.within import in_process
from panda_web.sync.comparing import compare
from panda_web.sync.listing import NO_CURSOR, listed
from tests.authors import SCHEMA
from tests.node.stored import complete
from tests.sqlite import Store
from tools.telling import Problem

COUNTS = (10, 1_000, 100_000)
DIFFERING = 10
FIRST_CONTACT_KB = 25
NOTES = [
    "Bodies of calls and answers as they go over the line, without the heads of HTTP.",
    f"First contact: of the logs {DIFFERING} are held by one of the two alone.",
    "A list of all: what panda_getLogs gives for all logs.",
]


class Counted:
    """A way to a node that counts bytes and questions."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._way = InProcess(dispatcher)
        self.bytes = 0
        self.questions = 0

    async def send(self, body: bytes) -> bytes:
        """See `Transport`."""
        answer = await self._way.send(body)
        self.bytes += len(body) + len(answer)
        self.questions += 1
        return answer

    async def close(self) -> None:
        """Nothing stays open."""


def run() -> tuple[list[Result], list[str]]:
    """Measures."""
    return asyncio.run(_measured()), NOTES


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
    return results


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
