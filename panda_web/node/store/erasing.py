"""Making deleted bytes go from the database's files, not from its tables alone.

Three things keep what was deleted, and each has its remedy:

- Free space. `PRAGMA secure_delete` fills it with zeros in the transaction that deletes.
- The journal (WAL) holds pages as they were written, for as long as it is not begun anew. It is emptied
  behind the COMMIT of a delete; while a reader needs it that cannot be, and is tried again.
- Rows that SQLite moves to another page as it balances a table leave a copy in the unused middle of the page
  that they were on, which `secure_delete` does not know of (SQLite 3.40: some 1 in 2,000 deleted values). So
  the file is rewritten (`VACUUM`) when there is time. That it is to be done is kept in the database, in the
  transaction that deletes, so no crash forgets it.

Source: SQLite's documentation of `secure_delete`, `wal_checkpoint`, `VACUUM`; `rebuildPage` in its btree.c.
"""

import logging
import sqlite3
import threading
import time

logger = logging.getLogger(__name__)

MAX_REWRITTEN = 256 << 20
"""Bytes of a database that is rewritten while it is in use: some two seconds in which nothing is stored."""

RETRY = 0.1
"""Seconds until the journal is tried again, where a reader was in the way."""

CALM = 1.0
"""Seconds between a delete and the rewriting, which other deletes may share."""

REST = 20
"""A rewriting that took one second is followed by so many without."""

FAILED = 60.0
"""Seconds until a rewriting is tried again that failed: the disk was full, or another program wrote."""


class Eraser:
    """What was deleted and still is in the files. Nothing that goes wrong here undoes a commit: it stays due.

    Args:
        connection: the one that writes, set up as `node.store.database` does it.
        in_files: whether there are files at all.
        most: bytes of a database that is rewritten.
    """

    def __init__(self, connection: sqlite3.Connection, *, in_files: bool, most: int = MAX_REWRITTEN) -> None:
        self._connection = connection
        self._most = most
        self._in_files = in_files
        self._at_work = threading.Lock()  # work may be aside when the database is closed
        self._noted = False
        # When something is to be done, by the monotonic clock; None where nothing is.
        self._journal_at: float | None = None
        self._rewrite_at: float | None = 0.0 if self._deletions() else None
        self._rested_at = 0.0

    def note(self) -> None:
        """Records a deletion, in the transaction that it is part of."""
        self._connection.execute("UPDATE erasing SET deletions = deletions + 1 WHERE only = 1")
        self._noted = self._in_files

    def notice(self) -> None:
        """Another program wrote: where it deleted something, that is to leave the files too."""
        if self._in_files and self._rewrite_at is None and self._deletions():
            self._rewrite_at = max(self._rested_at, time.monotonic() + CALM)
            self.begin_journal_anew()

    def committed(self) -> None:
        """To be called behind a COMMIT: empties the journal where the commit deleted something."""
        if self._noted:
            self._noted = False
            if self._rewrite_at is None:  # those that follow share it, and do not put it off
                self._rewrite_at = max(self._rested_at, time.monotonic() + CALM)
            self._empty_journal()

    def begin_journal_anew(self) -> None:
        """The journal is to be emptied, for it has grown."""
        if self._journal_at is None:
            self._journal_at = time.monotonic()

    def pause(self) -> float | None:
        """Seconds until something can be done; None where nothing is due."""
        times = [at for at in (self._journal_at, self._rewrite_at) if at is not None]
        return max(0.0, min(times) - time.monotonic()) if times and self._in_files else None

    async def work(self) -> None:
        """Does what can be done now; not within a transaction."""
        with self._at_work:
            now = time.monotonic()
            if not self._in_files:  # closed meanwhile
                return
            if self._journal_at is not None and self._journal_at <= now:
                self._empty_journal()
            if self._rewrite_at is not None and self._rewrite_at <= now:
                self._rewrite(most=self._most)

    def finish(self, *, all_of_it: bool = False) -> None:
        """Does all that is due, at once: when the database is opened.

        Args:
            all_of_it: whether a database of any size is rewritten.
        """
        if self._in_files:
            self._empty_journal()
            if self._rewrite_at is not None:
                self._rewrite(most=None if all_of_it else self._most)

    def close(self) -> None:
        """Does all that is due, and closes the connection: behind the work that is aside, if there is any."""
        with self._at_work:
            self.finish()
            self._in_files = False
            self._connection.close()

    def _empty_journal(self) -> None:
        try:
            busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            logger.warning("The database's journal could not be emptied: %s.", error)
            busy = True
        self._journal_at = time.monotonic() + RETRY if busy else None

    def _rewrite(self, most: int | None) -> None:
        began = time.monotonic()
        self._rewrite_at = None
        try:
            size = self._size()
            if most is not None and size > most:
                return  # it stays recorded, for whoever rewrites the file while nobody needs it
            if size > MAX_REWRITTEN:
                logger.warning("Erasing what was deleted from %d MB of data, this once.", size >> 20)
            deletions = self._deletions()
            self._connection.execute("VACUUM")
            self._connection.execute("UPDATE erasing SET deletions = 0 WHERE deletions = ?", (deletions,))
        except sqlite3.Error as error:
            logger.warning("The database could not be rewritten, so deleted bytes may remain: %s.", error)
            self._rewrite_at = time.monotonic() + FAILED
        self._rested_at = time.monotonic() + REST * (time.monotonic() - began)
        self._empty_journal()

    def _deletions(self) -> int:
        (count,) = self._connection.execute("SELECT deletions FROM erasing").fetchone()
        return int(count)

    def _size(self) -> int:
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (page,) = self._connection.execute("PRAGMA page_size").fetchone()
        return int(pages) * int(page)
