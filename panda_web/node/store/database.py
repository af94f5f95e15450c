"""One SQLite connection, its settings, its schema's version, and its transactions.

WAL with synchronous=FULL: a COMMIT returns after fsync, so a committed entry survives `kill -9` and power
cuts. A data folder from any earlier version opens: `MIGRATIONS` are run in order, each once.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from panda_web.errors import StoreFailed

MIGRATIONS = (
    """
    CREATE TABLE authors (
        author BLOB PRIMARY KEY,
        bytes INTEGER NOT NULL              -- what this author's entries and payloads take up
    ) WITHOUT ROWID;
    CREATE TABLE logs (
        id INTEGER PRIMARY KEY,
        author BLOB NOT NULL,
        log_id INTEGER NOT NULL,
        schema TEXT NOT NULL,               -- of the first held message; 132 hex digits
        seq_num INTEGER NOT NULL,           -- of the last entry
        UNIQUE (author, log_id)
    );
    CREATE INDEX logs_by_schema ON logs (schema, author, log_id);
    CREATE TABLE entries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,   -- in order of commit
        log INTEGER NOT NULL REFERENCES logs (id),
        seq_num INTEGER NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        entry BLOB NOT NULL,
        payload BLOB,                       -- NULL: deleted, or never held
        instance BLOB NOT NULL              -- the hash of the create
    );
    CREATE UNIQUE INDEX entries_by_slot ON entries (log, seq_num);
    CREATE INDEX entries_by_instance ON entries (instance);

    CREATE TABLE instances (
        id BLOB PRIMARY KEY,
        log INTEGER NOT NULL REFERENCES logs (id),
        schema TEXT NOT NULL,
        seq_num INTEGER NOT NULL,           -- of the last entry about it
        last_entry BLOB NOT NULL,
        edited INTEGER NOT NULL,
        deleted INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX instances_by_schema ON instances (schema, deleted, id);
    CREATE TABLE fields (
        instance BLOB NOT NULL,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        value,                              -- no affinity: kept and compared as it came; arrays as JSON
        PRIMARY KEY (instance, name)
    ) WITHOUT ROWID;
    """,
)


class Database:
    """A connection that is used from one thread.

    Args:
        path: the database file; None keeps it in memory.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(f"The database {path} cannot be opened: {error}.") from error

    def _migrate(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreFailed(
                f"This data folder was written by a newer version (format {version}, "
                f"known here up to {len(MIGRATIONS)}). Use that version."
            )
        for number in range(version, len(MIGRATIONS)):
            # executescript commits what is open, so the transaction is part of the script
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {MIGRATIONS[number]}; PRAGMA user_version={number + 1}; COMMIT;"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at the end of the block; rolls back when anything is raised in it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise StoreFailed(f"The database did not store it: {error}.") from error

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        """Runs a statement that gives nothing back."""
        self._connection.execute(sql, values)

    def insert(self, sql: str, values: tuple[Any, ...]) -> int:
        """Runs an INSERT and gives the row's id."""
        return self._connection.execute(sql, values).lastrowid or 0

    def one(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row, or None."""
        return self._connection.execute(sql, values).fetchone()

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[Any]:
        """All rows, one after the other."""
        return self._connection.execute(sql, values)

    async def durable(self) -> None:
        """A COMMIT under synchronous=FULL is durable already."""

    def close(self) -> None:
        """Closes the connection; SQLite then merges its journal."""
        self._connection.close()
