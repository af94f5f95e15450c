"""A node with a log as long as one likes, and what it costs to publish one entry more."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from panda_web import messages
from panda_web.bamboo import Head, Unsigned, digest, has_skiplink
from panda_web.bamboo import path as certificate
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.node import Node
from panda_web.node.ingest import Limits
from tests.authors import SCHEMA, Author
from tests.node.stored import MOST_CACHED, complete
from tests.sqlite import Store


class Grown:
    """A node that holds a log of so many entries, each a create, put into its tables as they are.

    Only what coming entries link to must be entries that can be read; the others are noise of the size
    of entries.

    Args:
        count: of entries.
        path: of the file that holds it; None keeps it in memory.
    """

    def __init__(self, count: int, path: Path | None = None) -> None:
        self.store = Store(path)
        limits = Limits(author_bytes=1 << 40)
        self.node = Node(self.store, CryptographyVerifier(), version="0", limits=limits)
        self.connection = self.store.sqlite
        self.author = Author()
        self.payload = messages.create(SCHEMA, infer_all({"n": 1})).encode()
        self.made = {seq_num: self._entry(seq_num) for seq_num in certificate(count, 1)}
        key = self.author.signer.author
        (cache,) = self.connection.execute("PRAGMA cache_size").fetchone()
        self.connection.execute(f"PRAGMA cache_size=-{MOST_CACHED}")
        self.connection.execute("BEGIN")
        self.connection.execute("INSERT INTO authors VALUES (?, ?, 3)", (key, 300 * count))
        self.connection.execute(
            "INSERT INTO logs (id, author, log_id, schema, seq_num, ended) VALUES (1, ?, 1, ?, ?, 0)",
            (key, SCHEMA, count),
        )
        self.connection.executemany(
            "INSERT INTO entries (log, seq_num, hash, entry, payload, instance) VALUES (1, ?, ?, ?, ?, ?)",
            (self._row(seq_num) for seq_num in range(1, count + 1)),
        )
        # Others hold as much: many authors, logs and schemas.
        self.connection.executemany(
            "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, 1, ?, 1, 0)",
            ((digest(b"%d" % n)[:32], SCHEMA) for n in range(count)),
        )
        self.connection.execute("INSERT INTO authors SELECT author, 300, 3 FROM logs WHERE id > 1")
        complete(self.connection)
        self.connection.execute("COMMIT")
        self.connection.execute(f"PRAGMA cache_size={cache}")
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
