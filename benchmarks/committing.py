"""A database that is written to, one transaction after the other: in a page's Python, or in ours."""

import os
import sqlite3
import time
from collections.abc import Sequence


class Committed:
    """Tables in which a transaction writes what a publish writes.

    Args:
        connection: to the database.
        create: the statements that make the tables.
        insert: the statements of one transaction.
    """

    def __init__(self, connection: sqlite3.Connection, create: Sequence[str], insert: Sequence[str]) -> None:
        for statement in create:
            connection.execute(statement)
        self._connection = connection
        self._insert = insert
        self._count = 0

    def fill(self, statements: Sequence[str]) -> int:
        """Puts rows in; gives the bytes of the database then."""
        for statement in statements:
            self._connection.execute(statement)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (size,) = self._connection.execute("PRAGMA page_size").fetchone()
        return int(pages * size)

    def turn(self, count: int) -> float:
        """Milliseconds a transaction, of so many."""
        entry, instance, change = self._insert
        execute = self._connection.execute
        before = time.perf_counter()
        for _ in range(count):
            self._count += 1
            key = os.urandom(34)
            execute("BEGIN IMMEDIATE")
            execute(entry, (key, bytes(32), self._count, bytes(250), bytes(500)))
            execute(instance, (key, f"talk {self._count}", self._count))
            execute(change, (key,))
            execute("COMMIT")
        return (time.perf_counter() - before) / count * 1000
