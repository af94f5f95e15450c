"""The feed of changes: what happened to a store, in order of commit, from any point on.

A change names an entry or an instance, and the state of that is looked up: so of several changes of one
payload, and of one instance's being shown or hidden, the last one alone is kept.

Who follows is told after each commit and reads from the table, however slow they are: nothing is kept for
them in memory.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from panda_web.node.store.counting import KINDS, LAST_COMMIT, ChangeKind
from panda_web.node.store.database import Database

MOST = (1 << 63) - 1
"""The greatest number that there is: that of a cursor may come from anybody."""

PAGE = 500
"""Changes that who follows gets at a time, at most: they are read in a millisecond or two."""


LOOKED_AT = 5_000
"""Changes that are looked at for the logs that they are in, at most: some ms."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A point in what happened to a store, between two changes.

    Attributes:
        store: whose it is, 16 bytes.
        number: of the last change before it; 0 where there is none.
        hash: of what was counted up to the commit of that change; empty where none was.
    """

    store: bytes
    number: int
    hash: bytes

    def __ge__(self, other: "Cursor") -> bool:
        return self.number >= other.number

    def __str__(self) -> str:
        return f"{self.store.hex()}.{self.number}.{self.hash.hex()}"

    @staticmethod
    def read(text: str) -> "Cursor | None":
        """The other way; None where it is none."""
        try:
            store, number, chained = text[:200].split(".")
            cursor = Cursor(bytes.fromhex(store), _number(number), bytes.fromhex(chained))
        except ValueError:
            return None
        return cursor if str(cursor) == text else None


def _number(text: str) -> int:
    if len(text) > len(str(MOST)) or not 0 <= int(text) <= MOST:
        raise ValueError("is no number of a change")
    return int(text)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a store.

    Attributes:
        number: of the change; they ascend, with gaps.
        kind: what happened.
        entry: the hash of the entry; for `shown` and `hidden` the id of the instance, which is the same.
        log_key: of the entry's log.
        seq_num: of the entry.
        instance: that the entry is about; empty where there was no message, or it was not read.
    """

    number: int
    kind: ChangeKind
    entry: bytes
    log_key: int
    seq_num: int
    instance: bytes


@dataclass(frozen=True, slots=True)
class Changes:
    """Some changes, one after the other.

    Attributes:
        changes: in order of their numbers.
        cursor: the point behind them.
        reset: the cursor that was asked with is of no point in what happened to this store: its database was
            restored from a copy, or is another one. Then there are no changes, and the cursor is of now: who
            asked takes in anew all that is held, and goes on from there.
    """

    changes: tuple[Change, ...]
    cursor: Cursor
    reset: bool = False


@dataclass(frozen=True, slots=True)
class ChangedLogs:
    """The logs that some changes were in.

    Attributes:
        keys: of the logs, each once.
        cursor: the point behind those changes.
        more: whether there may be others behind it.
        reset: as in `Changes`.
    """

    keys: tuple[int, ...]
    cursor: Cursor
    more: bool = False
    reset: bool = False


class Feed:
    """What happened to a store. Reading it sees the transaction, or the snapshot, that it is read in.

    Args:
        database: which notes and counts what is done.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        (self._store,) = database.one("SELECT id FROM store")
        self._followers: set[asyncio.Event] = set()
        database.told.append(self._tell)

    @property
    def store(self) -> bytes:
        """The id of the store, 16 bytes: random, made with the database, and kept in it."""
        return bytes(self._store)

    def start(self) -> Cursor:
        """The point before all that happened."""
        return Cursor(self.store, 0, b"")

    def now(self) -> Cursor:
        """The point behind all that happened."""
        row = self._db.one(LAST_COMMIT)
        return Cursor(self.store, *row) if row else self.start()

    def since(self, cursor: Cursor, limit: int = PAGE) -> Changes:
        """The first changes behind a cursor; no more than `limit`, which is 1 or more."""
        if not self._fits(cursor):
            return Changes((), self.now(), reset=True)
        rows = self._db.rows(
            "SELECT c.number, c.kind, e.hash, e.log, e.seq_num, e.instance FROM changes c"
            " CROSS JOIN entries e ON e.number = c.entry WHERE c.number > ? ORDER BY c.number LIMIT ?",
            (cursor.number, limit),
        )
        found = tuple(Change(number, KINDS[kind], *rest) for number, kind, *rest in rows)
        if len(found) < limit:
            return Changes(found, self.now())
        return Changes(found, self.at(found[-1].number))

    def logs_since(self, cursor: Cursor, limit: int) -> ChangedLogs:
        """The logs of which entries and payloads came, or payloads went, behind a cursor.

        A log whose end comes later than what is looked at is left out: it comes then, so nobody hears of a
        log again and again who follows the feed from its beginning.

        Args:
            cursor: where to begin.
            limit: how many logs are given at most, 1 or more; fewer are where `LOOKED_AT` changes have none.
        """
        if not self._fits(cursor):
            return ChangedLogs((), self.now(), reset=True)
        rows = list(
            self._db.rows(
                "SELECT e.log, max(c.number), max(iif(c.kind = 0, c.entry, 0)), count(*) FROM"
                " (SELECT number, kind, entry FROM changes WHERE number > ? ORDER BY number LIMIT ?) c"
                " CROSS JOIN entries e ON e.number = c.entry GROUP BY e.log ORDER BY max(c.number)",
                (cursor.number, LOOKED_AT),
            )
        )
        full = sum(count for *_, count in rows) == LOOKED_AT
        last_entry = max((entry for _, _, entry, _ in rows), default=0)
        all_end = not full or not last_entry
        ending = (row for row in rows if all_end or self._has_end(row[0], last_entry))
        found = [(key, number) for key, number, *_ in itertools.islice(ending, limit + 1)]
        if len(found) > limit:
            found = found[:limit]
            return ChangedLogs(tuple(key for key, _ in found), self.at(found[-1][1]), more=True)
        at = self.at(rows[-1][1]) if full else self.now()
        return ChangedLogs(tuple(key for key, _ in found), at, more=full)

    def _has_end(self, log_key: int, number: int) -> bool:
        """Whether the entry at a log's end is none that came later than the entry with a number."""
        row = self._db.one(
            "SELECT 1 FROM entries WHERE log = ? AND seq_num = (SELECT seq_num FROM logs WHERE id = ?)"
            " AND number <= ?",
            (log_key, log_key, number),
        )
        return row is not None

    def at(self, number: int) -> Cursor:
        """The point behind the changes up to a number, which is no greater than that of the last one."""
        return Cursor(self.store, number, self._hash_at(number) or b"")

    async def follow(self, cursor: Cursor | None = None, limit: int = PAGE) -> AsyncGenerator[Changes, None]:
        """What happened behind a cursor, and then what happens, without end: each change once, in order.

        Args:
            cursor: where to begin; with what happens from now on where it is None.
            limit: how many changes are given at a time, at most.

        Raises:
            StoreFailed: the database cannot be read.
        """
        with self.telling() as told:
            while True:
                told.clear()  # before it is read: what is committed behind the reading sets it again
                with self._db.snapshot():
                    found = self.since(self.now() if cursor is None else cursor, limit)
                cursor = found.cursor
                if found.changes or found.reset:
                    yield found
                if len(found.changes) < limit:
                    await told.wait()

    @contextmanager
    def telling(self) -> Iterator[asyncio.Event]:
        """What is set after each commit in which something happened."""
        told = asyncio.Event()
        self._followers.add(told)
        try:
            yield told
        finally:
            self._followers.discard(told)

    def _fits(self, cursor: Cursor) -> bool:
        known = cursor.store == self.store and 0 <= cursor.number <= MOST
        return known and self._hash_at(cursor.number) == cursor.hash

    def _hash_at(self, number: int) -> bytes | None:
        """The hash of what was counted up to the commit of a change; None where it did not happen."""
        if number == 0:
            return b""
        row = self._db.one("SELECT hash FROM commits WHERE last >= ? ORDER BY last LIMIT 1", (number,))
        return row[0] if row else None

    def _tell(self, noted: frozenset[str]) -> None:
        if not noted.isdisjoint(KINDS):
            for told in self._followers:
                told.set()
