"""What a publish costs does not grow with the log, nor with what the node holds: counted, not timed."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from panda_web import messages
from panda_web.bamboo import Head, Unsigned, digest, has_skiplink, path
from panda_web.messages import infer_all
from panda_web.node import Node, Store
from panda_web.node.ingest import Limits
from tests.authors import SCHEMA, Author
from tests.node.test_groups import Verifier

SMALL, LARGE = 100, 100_000
KINDS = ("update", "create", "delete")


class Grown:
    """A node that holds a log of so many entries, each a create, put into its tables as they are.

    Only what coming entries link to must be entries that can be read; the others are noise of the size
    of entries.
    """

    def __init__(self, count: int) -> None:
        self.store = Store()
        self.node = Node(self.store, Verifier(), version="0", limits=Limits(author_bytes=1 << 40))
        self.connection = self.store._database._connection
        self.author = Author()
        self.payload = messages.create(SCHEMA, infer_all({"n": 1})).encode()
        self.made = {seq_num: self._entry(seq_num) for seq_num in path(count, 1)}
        key = self.author.signer.author
        self.connection.execute("BEGIN")
        self.connection.execute("INSERT INTO authors VALUES (?, ?)", (key, 300 * count))
        self.connection.execute(
            "INSERT INTO logs (id, author, log_id, schema, seq_num, ended) VALUES (1, ?, 1, ?, ?, 0)",
            (key, SCHEMA, count),
        )
        self.connection.executemany(
            "INSERT INTO entries (log, seq_num, hash, entry, payload, instance) VALUES (1, ?, ?, ?, ?, ?)",
            (self._row(seq_num) for seq_num in range(1, count + 1)),
        )
        self.connection.execute(
            "INSERT INTO instances SELECT hash, 1, ?, seq_num, hash, 0, 0 FROM entries", (SCHEMA,)
        )
        self.connection.execute("INSERT INTO fields SELECT id, 'n', 'int', seq_num FROM instances")
        # Others hold as much: many authors, logs and schemas.
        self.connection.executemany(
            "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, 1, ?, 1, 0)",
            ((digest(b"%d" % n)[:32], SCHEMA) for n in range(count)),
        )
        self.connection.execute("INSERT INTO authors SELECT author, 300 FROM logs WHERE id > 1")
        self.connection.execute("COMMIT")
        self.author.head = Head(count, {n: digest(entry) for n, entry in self.made.items()})

    def _entry(self, seq_num: int) -> bytes:
        no_link = digest(b"")
        return self.author.sign(
            Unsigned(
                self.author.signer.author,
                1,
                seq_num,
                no_link if has_skiplink(seq_num) else None,
                no_link if seq_num > 1 else None,
                len(self.payload),
                digest(self.payload),
                False,
            )
        )

    def _row(self, seq_num: int) -> tuple[object, ...]:
        entry = self.made.get(seq_num)
        entry_hash = digest(b"%d" % seq_num) if entry is None else digest(entry)
        return (seq_num, entry_hash, entry or bytes(300), self.payload, entry_hash)

    def steps(self, work: Callable[[], Any]) -> int:
        """Steps of SQLite's machine that the work takes."""
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        self.connection.set_progress_handler(step, 1)
        try:
            work()
        finally:
            self.connection.set_progress_handler(None, 0)
        return count

    def publish(self, kind: str) -> None:
        """One more entry: a create, or an update or a delete of the log's last create."""
        last = self.author.head.hashes[self.author.head.seq_num]
        made = {
            "create": lambda: self.author.create(n=1),
            "update": lambda: self.author.update(last, n=2),
            "delete": lambda: self.author.delete(last),
        }
        signed, payload = made[kind]()
        asyncio.run(self.node.publish_entry(signed.encoded, payload))

    def arguments(self) -> None:
        """Asks for the next entry's arguments."""
        asyncio.run(self.node.get_entry_arguments(self.author.signer.author, SCHEMA))


def test_steps_do_not_grow() -> None:
    counted = []
    for count in (SMALL, LARGE):
        grown = Grown(count)
        work = [partial(grown.publish, kind) for kind in KINDS]
        counted.append([grown.steps(one) for one in (*work, grown.arguments)])
        grown.store.close()
    for small, large in zip(*counted, strict=True):
        # A thousand times as much is held: a scan of any of it would be a thousand times the steps.
        assert 10 < large <= small * 1.5


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_searched_from_end_to_end(kind: str) -> None:
    """What SQLite says of each statement of a publish: it uses an index, or the one row of `everybody`."""
    grown = Grown(SMALL)
    statements: list[str] = []
    grown.connection.set_trace_callback(statements.append)
    grown.publish(kind)
    grown.arguments()
    grown.connection.set_trace_callback(None)
    seen = 0
    for statement in statements:
        if not statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            continue
        for *_, plan in grown.connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
            seen += 1
            assert "SCAN" not in plan or plan == "SCAN everybody", (plan, statement)
            assert "TEMP B-TREE" not in plan, (plan, statement)
    assert seen > 5
    grown.store.close()


def test_the_counting_sees_a_scan() -> None:
    """The measure itself: without the index the steps do grow."""
    counted = []
    for count in (SMALL, 10 * SMALL):
        grown = Grown(count)
        grown.connection.execute("DROP INDEX entries_by_slot")
        counted.append(grown.steps(lambda g=grown: g.publish("create")))  # type: ignore[misc]
        grown.store.close()
    assert counted[1] > counted[0] * 3
