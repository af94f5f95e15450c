"""What `panda_query` takes in a node, and SQLite alone for the same SELECT, on the same file.

Rows are put into a view's table as they are. Nothing is between query and node: no HTTP.
"""

import asyncio
import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.report import Peer, Result, Samples
from panda_web import messages
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.node import Node
from panda_web.node.aside import in_a_thread
from panda_web.node.views.view import begin
from panda_web.rpc.errors import QueryTooExpensive
from panda_web.rpc.types import Json
from tests.node.stored import MOST_CACHED, TALK, instance, talk
from tests.sqlite import Store

COUNTS = (10_000, 100_000, 1_000_000)
WITHOUT = 100_000
"""Instances that are asked for what no index finds."""
ROOMS = 100
"""One instance in so many passes the filter."""
MOST_ASKED = 300
"""Queries by which the index must be there."""
ASKED = 51
LIMIT = 5.0
FLAT = 2.0
"""With more instances a query may take so many times what it takes with the fewest."""
DEAR = 1000.0

FILTER: Final[Mapping[str, Json]] = {"seats": 7}
ORDER = ("-start",)
NOTES = [
    f"A filter that one instance in {ROOMS} passes, another field's order, descending, limit 50, no proofs.",
    f"The index is the node's own doing: it was asked the same {MOST_ASKED} times before.",
    "SQLite alone: the same rows and their fields by one SELECT in the same file, in turns with the node.",
    "With proofs, as clients ask: the same instances with their entries, in a log of that length.",
    f"No usable index: a part of a text that nobody wrote, on {WITHOUT:,} instances.",
]


def run() -> tuple[list[Result], list[str]]:
    """Measures. Gives the results, and what is to be known about them."""
    results: list[Result] = []
    fewest: Samples | None = None
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder:
            ours, alone, proven, dear = asyncio.run(_measured(Path(folder) / "node.db", count))
        peers = [Peer("SQLite alone", alone)]
        if fewest is not None:
            peers.append(Peer(f"of {COUNTS[0]:,}", fewest, FLAT))
        fewest = fewest or ours
        results.append(Result(f"filter and order, of {count:,}", "ms", ours, tuple(peers), LIMIT))
        results.append(Result(f"with proofs, of {count:,}", "ms", proven))
        if count == WITHOUT:
            results.append(Result(f"no usable index, of {count:,}", "ms", dear, limit=DEAR))
    return results, NOTES


async def _measured(path: Path, count: int) -> tuple[Samples, Samples, Samples, Samples]:
    """Milliseconds of queries: in a node, in SQLite alone, with proofs, and where no index serves."""
    store = Store(path, in_a_thread)
    node = Node(store, CryptographyVerifier(), version="0", aside=in_a_thread)
    table = _filled(store, count)
    for _ in range(MOST_ASKED):
        await _asked(node, FILTER, ORDER)
        await asyncio.sleep(0)
    await node.finish()
    ours, alone = [], []
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for _ in range(ASKED):
            ours.append(await _asked(node, FILTER, ORDER))
            alone.append(_alone(connection, table))
    proven = [await _asked(node, FILTER, ORDER, proof=True) for _ in range(ASKED)]
    dear = [await _asked(node, {"title": {"contains": "nowhere"}}, ()) for _ in range(5)]
    store.close()
    return Samples.of(ours), Samples.of(alone), Samples.of(proven), Samples.of(dear)


async def _asked(
    node: Node, filter: Mapping[str, Json], order: Sequence[str], *, proof: bool = False
) -> float:
    """Milliseconds until an answer, or until it is said to be too dear."""
    begun = time.perf_counter()
    with contextlib.suppress(QueryTooExpensive):
        await node.query(str(TALK.id), filter, order, 50, None, proof=proof)
    return round(1000 * (time.perf_counter() - begun), 3)


def _alone(connection: sqlite3.Connection, table: str) -> float:
    """Milliseconds of the SELECT that the node makes of the query."""
    begun = time.perf_counter()
    found = connection.execute(
        "SELECT i.id, l.author, l.id, l.log_id, i.seq_num, i.last_entry, i.seq_num > i.created, 0, i.k2,"
        " i.c0, i.c1, i.c2, i.c3"
        f" FROM {table} i JOIN logs l ON l.id = i.log WHERE i.hidden = 0 AND i.c1 = ?"
        " ORDER BY i.k2 DESC, i.id LIMIT 50",
        (7,),
    ).fetchall()
    took = time.perf_counter() - begun
    if len(found) != 50:
        raise RuntimeError(f"{len(found)} rows instead of 50")
    return round(1000 * took, 3)


def _filled(store: Store, count: int) -> str:
    """Puts so many talks of one author into a view as they are; gives its table."""
    view = store.at_once(lambda: begin(store, TALK))
    table, connection = view.table.table, store.sqlite
    (cache,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute(f"PRAGMA cache_size=-{MOST_CACHED}")
    connection.execute("BEGIN")
    connection.execute(
        "INSERT INTO logs (id, author, log_id, schema, seq_num, ended, held) VALUES (1, ?, 1, ?, ?, 0, ?)",
        (bytes(32), TALK.id, count, count),
    )
    ids = [instance(number) for number in range(count)]
    payload = messages.create(
        str(TALK.id), infer_all(talk(7))
    ).encode()  # of them all: what it says is in the view
    connection.executemany(
        "INSERT INTO entries (log, seq_num, hash, entry, payload, instance) VALUES (1, ?, ?, ?, ?, ?)",
        ((number + 1, each, bytes(300), payload, each) for number, each in enumerate(ids)),
    )
    connection.executemany(
        f"INSERT INTO {table} VALUES (1, ?, ?, ?, ?, NULL, 0, ?, ?, ?, ?, NULL)",
        (_row(number, each) for number, each in enumerate(ids)),
    )
    for _, statement in view.table.indexes():
        connection.execute(statement)
    connection.execute("UPDATE views SET current = 1 WHERE number = ?", (view.table.number,))
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA cache_size={cache}")
    return table


def _row(number: int, instance: bytes) -> tuple[object, ...]:
    """Place, id, and fields: title, seats, start as it is written and as it is compared."""
    moment = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T{number % 24:02}:{number // 100 % 60:02}:00"
    seq_num = number + 1
    return seq_num, instance, seq_num, instance, f"Talk {number}", number % ROOMS, f"{moment}Z", moment
