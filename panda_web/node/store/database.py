"""SQLite connections, their settings, the schema's version, and transactions.

WAL with synchronous=FULL: a COMMIT returns after fsync, so a committed entry survives `kill -9` and power
cuts. A data folder from any earlier version opens: `MIGRATIONS` are run in order, each once. What is deleted
leaves the files too (`erasing`).

Writing has one connection. While its COMMIT waits for the disk aside, others ask, so reading has a second
one, which sees what is committed and nothing else: SQLite shows a commit after its fsync. What may take long
to read has its own (`reading`). Where nothing is done aside, no question comes between BEGIN and COMMIT, and
one connection serves all.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from panda_web.errors import StoreFailed
from panda_web.node.aside import Aside, here
from panda_web.node.store.erasing import MAX_REWRITTEN, Eraser
from panda_web.node.store.reading import Readings

MIGRATIONS = (
    """
    CREATE TABLE authors (
        author BLOB PRIMARY KEY,
        bytes INTEGER NOT NULL              -- what this author's entries and payloads take up
    ) WITHOUT ROWID;
    CREATE TABLE everybody (
        bytes INTEGER NOT NULL              -- the sum of the above, kept up to date: keys cost nothing
    );
    INSERT INTO everybody VALUES (0);
    CREATE TABLE logs (
        id INTEGER PRIMARY KEY,
        author BLOB NOT NULL,
        log_id INTEGER NOT NULL,
        schema TEXT NOT NULL,               -- of the first held message; 132 hex digits
        seq_num INTEGER NOT NULL,           -- of the last entry
        ended INTEGER NOT NULL,             -- whether that is an end of log
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
    """
    CREATE TABLE erasing (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        deletions INTEGER NOT NULL          -- since the file was rewritten last
    );
    INSERT INTO erasing SELECT 1, EXISTS (SELECT 1 FROM logs);  -- earlier versions left what they deleted
    """,
    """
    CREATE TABLE typed_views (              -- each has a table view_NUMBER beside it
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        schema TEXT NOT NULL,
        columns TEXT NOT NULL,              -- as JSON, to know a view that was made for others
        current INTEGER NOT NULL            -- 0 while it is being filled
    );
    CREATE UNIQUE INDEX typed_views_current ON typed_views (schema) WHERE current;
    """,
    "CREATE TABLE schemas (number INTEGER PRIMARY KEY AUTOINCREMENT, schema TEXT NOT NULL UNIQUE);",
    """
    DROP TABLE typed_views;                 -- nothing was ever put into it
    CREATE TABLE typed_views (              -- each has a table view_NUMBER beside it
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        schema TEXT NOT NULL,
        definition BLOB NOT NULL,           -- of the schema: the message that publishes it
        columns TEXT NOT NULL,              -- as JSON, to know a view that was made for others
        current INTEGER NOT NULL,           -- 0 while it is being filled
        author BLOB NOT NULL DEFAULT x'',   -- of the entry that it is filled up to, in order of
        log_id INTEGER NOT NULL DEFAULT 0,  -- author, log id and seq num
        seq_num INTEGER NOT NULL DEFAULT 0,
        done INTEGER NOT NULL DEFAULT 0     -- how many entries that were
    );
    CREATE INDEX typed_views_by_schema ON typed_views (schema);
    CREATE UNIQUE INDEX typed_views_current ON typed_views (schema) WHERE current;
    CREATE TABLE cascades (                 -- instances in typed views that are hidden with another one
        source BLOB NOT NULL,
        target BLOB NOT NULL,
        PRIMARY KEY (source, target)
    ) WITHOUT ROWID;
    CREATE INDEX cascades_by_target ON cascades (target);
    CREATE TABLE hidden (
        instance BLOB PRIMARY KEY,
        changing INTEGER NOT NULL           -- 1 within a transaction only
    ) WITHOUT ROWID;
    CREATE INDEX hidden_changing ON hidden (instance) WHERE changing = 1;
    """,
    # A list without items is no value: docs/decisions/emptying.md.
    "DELETE FROM fields WHERE type LIKE '%[]' AND value = '[]';",
    """
    ALTER TABLE authors ADD COLUMN free_log INTEGER NOT NULL DEFAULT 1;  -- the lowest odd log id not in use
    UPDATE authors SET free_log = (
        SELECT min(l.log_id) + 2 FROM logs l WHERE l.author = authors.author AND l.log_id % 2 = 1
        AND NOT EXISTS (SELECT 1 FROM logs n WHERE n.author = l.author AND n.log_id = l.log_id + 2)
    ) WHERE EXISTS (SELECT 1 FROM logs f WHERE f.author = authors.author AND f.log_id = 1);
    CREATE INDEX logs_open ON logs (schema, author, log_id) WHERE NOT ended;
    """,
)

MAX_JOURNAL = 64 << 20
"""Bytes of the journal beyond which readings pause, so that it can begin anew."""

PATIENCE = 100
PAUSE = 0.05
"""So often, and so many seconds between, it is tried to write while another program does."""


class _Doing:
    """What goes wrong in the block is StoreFailed, and says what it was about."""

    __slots__ = ("_failed",)

    def __init__(self, failed: str) -> None:
        self._failed = failed

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise StoreFailed(f"{self._failed}: {error}.") from error


_STORING = _Doing("The database did not store it")
_READING = _Doing("The database cannot be read")


class Database:
    """Connections that are used by one at a time.

    Args:
        path: the database file; None keeps it in memory.
        aside: where the disk is waited for; a database in memory has none.

    Attributes:
        readings: what may take long to read is read by these.
    """

    def __init__(self, path: Path | None, aside: Aside = here) -> None:
        self._aside = aside if path is not None else here
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._reader = _connect(path)
            earlier = self._migrate()
            self._connection.execute("PRAGMA busy_timeout=0")  # `begin` waits, and lets others run
            self._eraser = Eraser(self._connection, in_files=path is not None)
            # What was due when it was killed; and, once, whatever an earlier version left behind.
            self._eraser.finish(most=None if earlier else MAX_REWRITTEN)
            if self._aside is not here:
                self._reader = _connect(path, reads=True)
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(f"The database {path} cannot be opened: {error}.") from error
        self._asked = self._reader
        self.readings = Readings(lambda: _connect(path, reads=True), self._reader, self._aside)
        self._journal = None if path is None else Path(f"{path}-wal")
        self._in_group = False
        self._later: list[str] = []
        self._erasing: asyncio.Future[None] | None = None
        self._erasing_later: asyncio.Task[None] | None = None

    def _migrate(self) -> bool:
        """Brings the format up to date; gives whether it was an earlier one."""
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
        return bool(version < len(MIGRATIONS))

    async def begin(self) -> None:
        """Begins a group of transactions, which `durable` commits.

        Raises:
            StoreFailed: another program has been writing to this database for too long, or worse.
        """
        self._in_group = True
        self._later.clear()
        try:
            with _STORING:
                await self._erased()
                self._roll_back()  # what is left of a group that was given up half-way
                await self._erase()
                for _ in range(PATIENCE):
                    if self._begin_at_once():
                        return
                    await asyncio.sleep(PAUSE)
                self._connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._in_group = False
            raise

    def _begin_at_once(self) -> bool:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:  # the rest says of what kind
                return False
            raise
        return True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keeps for its group what is done in the block; none of it when anything is raised in the block.

        Raises:
            StoreFailed: SQLite did not obey, or gave up the group.
        """
        with _STORING:
            self._require_group()
            self._connection.execute("SAVEPOINT one")
            self._asked = self._connection
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK TO one")
                raise
            finally:
                self._asked = self._reader
                if self._connection.in_transaction:
                    self._connection.execute("RELEASE one")

    async def durable(self) -> None:
        """Returns once all of the group survives a power cut. Raises StoreFailed: none of it is stored."""
        try:
            await self._aside(self._commit())
        finally:
            self._in_group = False
        if self._journal_size() > MAX_JOURNAL:
            self._eraser.begin_journal_anew()
        if self._eraser.pause() is not None and (self._erasing_later is None or self._erasing_later.done()):
            self._erasing_later = asyncio.create_task(self._erase_later())

    async def _commit(self) -> None:
        with _STORING:
            try:
                self._require_group()
                for sql in self._later:
                    self._connection.execute(sql)
                self._connection.execute("COMMIT")
            finally:
                self._roll_back()
        self._eraser.committed()

    def _journal_size(self) -> int:
        try:
            return self._journal.stat().st_size if self._journal is not None else 0
        except OSError:
            return 0

    def note_deletion(self) -> None:
        """What the transaction deletes is to leave the files. Raises StoreFailed."""
        with _STORING:
            self._eraser.note()

    async def _erase_later(self) -> None:
        """Erases when nobody writes, until nothing is left to be erased."""
        while (pause := self._eraser.pause()) is not None:
            await asyncio.sleep(max(pause, PAUSE))
            async with self.readings.pause():
                if not self._in_group:
                    await self._erase()

    async def _erase(self) -> None:
        """Erases what can be erased now; to be called by one at a time, outside of a transaction."""
        if self._eraser.pause() == 0:
            self._erasing = asyncio.ensure_future(self._aside(self._eraser.work()))
            await self._erased()

    async def _erased(self) -> None:
        """Returns once nothing is being erased: until then the connection is taken."""
        if self._erasing is not None and not self._erasing.done():
            await asyncio.wait([self._erasing])

    def _require_group(self) -> None:
        # SQLite rolls back everything by itself when a disk is full or broken.
        if not self._connection.in_transaction:
            raise StoreFailed("The database gave up what it was to store.")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reading in the block sees one state, that of one commit. Raises StoreFailed."""
        with _READING:
            self._reader.execute("BEGIN")
            try:
                yield
            finally:
                if self._reader.in_transaction:
                    self._reader.execute("ROLLBACK")

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        """Runs a statement that gives nothing back."""
        with _STORING:
            self._connection.execute(sql, values)

    def execute_later(self, sql: str) -> None:
        """Runs a statement that takes long where the disk is waited for: last in its group, before COMMIT."""
        self._later.append(sql)

    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Runs a statement once for each row."""
        with _STORING:
            self._connection.executemany(sql, rows)

    def insert(self, sql: str, values: tuple[Any, ...]) -> int:
        """Runs an INSERT and gives the row's id."""
        with _STORING:
            return self._connection.execute(sql, values).lastrowid or 0

    def one(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row, or None."""
        with _READING:
            reader = self.readings.current
            return self._asked.execute(sql, values).fetchone() if reader is None else reader.one(sql, values)

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[Any]:
        """All rows, one after the other."""
        with _READING:
            reader = self.readings.current
            yield from self._asked.execute(sql, values) if reader is None else reader.rows(sql, values)

    def close(self) -> None:
        """Closes the connections; SQLite then merges its journal, and removes it."""
        self.readings.close()
        if self._reader is not self._connection:
            self._reader.close()
        self._eraser.finish()
        self._connection.close()


def _connect(path: Path | None, *, reads: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
        "busy_timeout=5000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if reads:
        connection.execute("PRAGMA query_only=ON")
    return connection
