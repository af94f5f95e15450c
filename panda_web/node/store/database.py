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
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from panda_web.errors import StoreFailed
from panda_web.node.aside import Aside, here
from panda_web.node.store.counting import EVERYTHING, Note, count
from panda_web.node.store.erasing import Eraser
from panda_web.node.store.failing import Doing, failure
from panda_web.node.store.migrations import MIGRATIONS, statements
from panda_web.node.store.reading import Readings
from panda_web.node.store.settings import SERVER, Settings, connect

T = TypeVar("T")

logger = logging.getLogger(__name__)

MAX_JOURNAL = 64 << 20
"""Bytes of the journal beyond which readings pause, so that it can begin anew."""

PATIENCE = 100
PAUSE = 0.05
"""While another program writes, this one tries again up to 100 times, 50 ms apart."""


class Database:
    """Connections that are used by one at a time.

    Args:
        path: the database file; None keeps it in memory.
        aside: where the disk is waited for; a database in memory has none.
        settings: what the platform wants of SQLite.

    Attributes:
        readings: what may take long to read is read by these.
        told: called after each commit that something was noted in, with the kinds of all that was.
    """

    def __init__(self, path: Path | None, aside: Aside = here, settings: Settings = SERVER) -> None:
        if settings.exclusive and aside is not here:
            raise ValueError("a database that is opened once has no connection to read with aside")
        self._aside = aside if path is not None else here
        self._persist = settings.persist
        self._storing = Doing("The database did not store it", settings.why)
        self._reading = Doing("The database cannot be read", settings.why)
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._reader = connect(path, settings)
            earlier = self._migrate()
            self._connection.execute("PRAGMA busy_timeout=0")  # `begin` waits, and lets others run
            self._eraser = Eraser(self._connection, in_files=path is not None, most=settings.max_rewritten)
            # What was due when it was killed; and, once, whatever an earlier version left behind.
            self._eraser.finish(all_of_it=earlier and not settings.temporary_in_memory)
            if self._aside is not here:
                self._reader = connect(path, settings, reads=True)
        except (sqlite3.Error, OSError) as error:
            words = f"The database {path} cannot be opened"
            if isinstance(error, sqlite3.Error):
                raise failure(words, error, settings.why) from error
            raise StoreFailed(f"{words}: {error}.") from error
        self._asked = self._reader
        self.readings = Readings(
            lambda: connect(path, settings, reads=True), self._reader, self._aside, settings.why
        )
        self._journal = None if path is None else Path(f"{path}-wal")
        self._in_group = False
        self._size: int | None = None
        self._later: list[tuple[str, tuple[Any, ...]]] = []
        self._notes: list[Note] = []
        (self._version,) = self._connection.execute("PRAGMA data_version").fetchone()
        self.told: list[Callable[[frozenset[str]], object]] = []
        self._erasing: asyncio.Future[None] | None = None
        self._erasing_later: asyncio.Task[None] | None = None

    def _format(self) -> int:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreFailed(
                f"This data folder was written by a newer version (format {version}, "
                f"known here up to {len(MIGRATIONS)}). Use that version."
            )
        return int(version)

    def _migrate(self) -> bool:
        """Brings the format up to date; gives whether it was an earlier one."""
        version = self._format()
        if version < len(MIGRATIONS):
            self._connection.execute("BEGIN IMMEDIATE")
            version = self._format()  # while it was waited for, another program may have done it
            for migration in MIGRATIONS[version:]:
                for statement in statements(migration):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            self._connection.execute("COMMIT")
        if self._connection.execute("SELECT 1 FROM store").fetchone() is None:
            # Not by SQLite's own randomness: that of a browser's snapshot is the same for everybody.
            self._connection.execute(
                "INSERT INTO store (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM store)",
                (os.urandom(16),),
            )
        return bool(version < len(MIGRATIONS))

    async def begin(self) -> None:
        """Begins a group of transactions, which `durable` commits.

        Raises:
            StoreFailed: another program has been writing to this database for too long, or worse.
        """
        self._in_group = True
        self._size = None
        self._later.clear()
        self._notes.clear()
        try:
            with self._storing:
                await self._erased()
                self._roll_back()  # what is left of a group that was given up half-way
                await self._erase()
                self._look()
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
        with self._storing:
            self._require_group()
            self._connection.execute("SAVEPOINT one")
            self._asked = self._connection
            noted = len(self._notes)
            try:
                yield
            except BaseException:
                del self._notes[noted:]
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
            if self._persist is not None:
                await self._persist()
        finally:
            self._in_group = False
        self._tell()
        if self._journal_size() > MAX_JOURNAL:
            self._eraser.begin_journal_anew()
        self._erase_when_due()

    async def _commit(self) -> None:
        self._commit_here()

    def _commit_here(self) -> None:
        with self._storing:
            try:
                self._require_group()
                count(self._connection, self._notes)
                for sql, values in self._later:
                    self._connection.execute(sql, values)
                self._connection.execute("COMMIT")
            finally:
                self._roll_back()
        self._eraser.committed()

    def at_once(self, work: Callable[[], T]) -> T:
        """Does something in a transaction of its own, and waits for the disk where it is called.

        For what comes before anything else: nobody else has a turn meanwhile.

        Raises:
            StoreFailed: nothing is stored.
        """
        self._later.clear()
        self._notes.clear()
        with self._storing:
            self._connection.execute(f"PRAGMA busy_timeout={int(1000 * PATIENCE * PAUSE)}")
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            finally:
                self._connection.execute("PRAGMA busy_timeout=0")
        try:
            with self.transaction():
                result = work()
        except BaseException:
            self._roll_back()
            raise
        self._commit_here()
        self._tell()
        return result

    async def notice_others(self, pause: float) -> None:
        """Looks without end whether another program has committed something: then it tells `EVERYTHING`."""
        while True:
            if not self._in_group and (self._erasing is None or self._erasing.done()):
                try:
                    self._look()
                except StoreFailed:
                    logger.exception("it cannot be told whether another program has written")
                self._erase_when_due()
            await asyncio.sleep(pause)

    def _look(self) -> None:
        with self._reading:
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if version != self._version:
                self._eraser.notice()
        if version != self._version:
            self._version = version
            for tell in self.told:
                tell(EVERYTHING)

    def note(self, *notes: Note) -> None:
        """Has these numbered, and told, if the transaction under way is committed."""
        self._notes += notes

    def _tell(self) -> None:
        if self._notes:
            noted = frozenset(note.kind for note in self._notes)
            self._notes.clear()
            for tell in self.told:
                tell(noted)

    def _journal_size(self) -> int:
        try:
            return self._journal.stat().st_size if self._journal is not None else 0
        except OSError:
            return 0

    def size(self) -> int:
        """Bytes that the files take, without pages that are free for what comes.

        Counted once in a group; what its works add is added as `grow` says.
        """
        if self._in_group and self._size is not None:
            return self._size
        (pages,), (free,), (size,) = map(
            self.one, ("PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size")
        )
        self._size = int((pages - free) * size) + self._journal_size()
        return self._size

    def grow(self, size: int) -> None:
        """The group under way adds so many bytes, as far as can be said before."""
        if self._size is not None:
            self._size += size

    def note_deletion(self) -> None:
        """What the transaction deletes is to leave the files. Raises StoreFailed."""
        with self._storing:
            self._eraser.note()

    def _erase_when_due(self) -> None:
        if self._eraser.pause() is not None and (self._erasing_later is None or self._erasing_later.done()):
            self._erasing_later = asyncio.create_task(self._erase_later())

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
            self._erasing = asyncio.ensure_future(self._erase_now())
            await self._erased()

    async def _erase_now(self) -> None:
        await self._aside(self._eraser.work())
        if self._persist is not None:
            try:
                await self._persist()
            except StoreFailed:
                logger.warning("deleted bytes may remain", exc_info=True)

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
        with self._reading:
            self._reader.execute("BEGIN")
            try:
                yield
            finally:
                if self._reader.in_transaction:
                    self._reader.execute("ROLLBACK")

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        """Runs a statement that gives nothing back."""
        with self._storing:
            self._connection.execute(sql, values)

    def execute_later(self, sql: str, values: tuple[Any, ...] = ()) -> None:
        """Runs a statement where the disk is waited for, last in its group: it takes long, or sums it up."""
        self._later.append((sql, values))

    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Runs a statement once for each row."""
        with self._storing:
            self._connection.executemany(sql, rows)

    def insert(self, sql: str, values: tuple[Any, ...]) -> int:
        """Runs an INSERT and gives the row's id."""
        with self._storing:
            return self._connection.execute(sql, values).lastrowid or 0

    def one(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row, or None."""
        with self._reading:
            reader = self.readings.current
            return self._asked.execute(sql, values).fetchone() if reader is None else reader.one(sql, values)

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[Any]:
        """All rows, one after the other."""
        with self._reading:
            reader = self.readings.current
            yield from self._asked.execute(sql, values) if reader is None else reader.rows(sql, values)

    def close(self) -> None:
        """Closes the connections; SQLite then merges its journal, and removes it."""
        self.readings.close()
        if self._reader is not self._connection:
            self._reader.close()
        self._eraser.close()
