"""The client's store on CPython: one SQLite file, durable at every commit, shared by processes."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from panda_web.client.store import conflict
from panda_web.errors import StoreFailed


class FileStore:
    """Own-log state and outbox in the file `path`, which is readable by its owner only."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS texts (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID"
            )
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(f"The file {path} cannot be used: {error}.") from error

    async def get(self, key: str) -> str | None:
        """The text, or None."""
        try:
            return self._get(key)
        except sqlite3.Error as error:
            raise StoreFailed(f"The client's file cannot be read: {error}.") from error

    def _get(self, key: str) -> str | None:
        row = self._connection.execute("SELECT text FROM texts WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    async def scan(self, prefix: str, start: str = "", most: int | None = None) -> list[tuple[str, str]]:
        """Keys that begin with `prefix`, from `prefix + start` on, ascending, with their texts."""
        # No key holds the last code point, so this is the end of the prefix.
        sql = "SELECT key, text FROM texts WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
        values = (prefix + start, prefix + "\U0010ffff", -1 if most is None else most)
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreFailed(f"The client's file cannot be read: {error}.") from error

    async def look(self, key: str, prefix: str) -> tuple[str | None, list[tuple[str, str]]]:
        """What `get` gives for a key and `scan` for a prefix, as both are at one moment."""
        # One statement sees one state of the file.
        sql = (
            "SELECT 0, key, text FROM texts WHERE key = ? "
            "UNION ALL SELECT 1, key, text FROM texts WHERE key >= ? AND key < ? ORDER BY 1, 2"
        )
        try:
            rows = self._connection.execute(sql, (key, prefix, prefix + "\U0010ffff")).fetchall()
        except sqlite3.Error as error:
            raise StoreFailed(f"The client's file cannot be read: {error}.") from error
        text = next((text for place, _, text in rows if place == 0), None)
        return text, [(found, text) for place, found, text in rows if place == 1]

    async def commit(
        self,
        changes: Mapping[str, str | None],
        expected: Mapping[str, str | None],
        *,
        durable: bool = True,  # noqa: ARG002 - here each commit is
    ) -> None:
        """Sets texts (None removes) if all of `expected` still is so; durable when it returns."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            if any(self._get(key) != text for key, text in expected.items()):
                raise conflict()
            for key, text in changes.items():
                if text is None:
                    self._connection.execute("DELETE FROM texts WHERE key = ?", (key,))
                else:
                    self._connection.execute("INSERT OR REPLACE INTO texts VALUES (?, ?)", (key, text))
            self._connection.execute("COMMIT")
        except BaseException as error:
            # A COMMIT that failed leaves the transaction open, and what is in it could be read, and sent.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise StoreFailed(f"The client's file was not written: {error}.") from error
            raise

    async def close(self) -> None:
        """Closes the file in order."""
        self._connection.close()
