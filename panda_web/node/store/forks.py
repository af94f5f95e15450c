"""Logs of which it is proven that their authors broke them, and what is held behind that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from panda_web.log import VerifiedEntry, recall
from panda_web.node.store.counting import Note
from panda_web.node.store.database import Database
from panda_web.node.store.entries import LOG, NEVER, LogRow
from panda_web.rpc.wish import Log

_ROW = "SELECT number, seq_num, hash, entry, instance, mark FROM entries"


@dataclass(frozen=True, slots=True)
class Row:
    """An entry, without its payload.

    Attributes:
        number: of its row.
        seq_num: its place in the log.
        hash: its YAMF hash.
        entry: its bytes.
        instance: that its message is about; empty where there was none.
        mark: why its payload is no message that could count; None where it may be one.
    """

    number: int
    seq_num: int
    hash: bytes
    entry: bytes
    instance: bytes
    mark: str | None


@dataclass(frozen=True, slots=True)
class Parted:
    """A place where a log parts, as far as it is followed.

    Attributes:
        seq_num: the place.
        followed: the hash of the entry that is followed there; None for none.
        one: the number of an entry that proves it together with another one; None at the least place.
        other: that one's.
    """

    seq_num: int
    followed: bytes | None
    one: int | None = None
    other: int | None = None


class ForkTable:
    """Reads what `store.entries` keeps of them, and keeps what of them counts by votes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def condemned(
        self, author: bytes | None = None, log_id: int | None = None, after: Log | None = None
    ) -> Iterator[LogRow]:
        """The logs that are condemned, by author and log id: of one author, or this log, or behind one.

        Each is looked up when it is asked for.
        """
        sql = f"{LOG} FROM logs l WHERE condemned < {NEVER}"
        values: tuple[Any, ...] = ()
        for name, value in (("author", author), ("log_id", log_id)):
            if value is not None:
                sql, values = f"{sql} AND {name} = ?", (*values, value)
        if after is not None:
            sql, values = f"{sql} AND (author, log_id) > (?, ?)", (*values, *after)
        return (LogRow(*row) for row in self._db.rows(f"{sql} ORDER BY author, log_id", values))

    def next_behind(self, log_key: int, seq_num: int) -> list[VerifiedEntry]:
        """The first entry that is held behind a seq num; of several in its slot that of the least hash."""
        sql = "SELECT entry FROM entries WHERE log = ? AND seq_num > ? ORDER BY seq_num, hash LIMIT 1"
        return [recall(entry) for (entry,) in self._db.rows(sql, (log_key, seq_num))]

    # -- what is followed ------------------------------------------------------------------------------

    def is_followed(self, log_key: int, entry_hash: bytes) -> bool:
        """Whether an entry counts though it stands where its log is condemned."""
        sql = "SELECT 1 FROM followed WHERE log = ? AND entry = (SELECT number FROM entries WHERE hash = ?)"
        return self._db.one(sql, (log_key, entry_hash)) is not None

    def followed(self, log_key: int, behind: int, most: int) -> dict[int, int]:
        """The numbers of such entries of a log behind one, so many, each with its seq num."""
        sql = (
            "SELECT f.entry, e.seq_num FROM followed f CROSS JOIN entries e ON e.number = f.entry"
            " WHERE f.log = ? AND f.entry > ? ORDER BY f.entry LIMIT ?"
        )
        return dict(self._db.rows(sql, (log_key, behind, most)))

    def follow(self, log_key: int, number: int) -> None:
        """From now on an entry counts."""
        self._db.execute("INSERT OR IGNORE INTO followed (log, entry) VALUES (?, ?)", (log_key, number))

    def follow_hash(self, log_key: int, entry_hash: bytes) -> None:
        """The same for the entry with a hash."""
        self._db.execute(
            "INSERT OR IGNORE INTO followed (log, entry) SELECT ?, number FROM entries WHERE hash = ?",
            (log_key, entry_hash),
        )

    def follow_between(self, log_row: LogRow, before: int, but: bytes) -> None:
        """The same for all from where a log is condemned on and before a place, but the one with a hash."""
        self._db.execute(
            "INSERT OR IGNORE INTO followed (log, entry) SELECT log, number FROM entries"
            " WHERE log = ? AND seq_num >= ? AND seq_num < ? AND hash <> ?",
            (log_row.key, log_row.condemned, before, but),
        )

    def unfollow(self, log_key: int, number: int) -> None:
        """It counts no more."""
        self._db.execute("DELETE FROM followed WHERE log = ? AND entry = ?", (log_key, number))

    def note(self, number: int, entry_hash: bytes) -> None:
        """Has followers told that it changed whether an entry counts, or what is made of what it created."""
        self._db.note(Note("counted", number, entry_hash))

    def unmake(self, log_key: int, instance: bytes) -> None:
        """An instance of a log is to be made anew, of what counts of it."""
        self._db.execute("INSERT OR IGNORE INTO unmade (log, instance) VALUES (?, ?)", (log_key, instance))

    def made(self, log_key: int, instance: bytes) -> None:
        """It is made, or gone for good."""
        self._db.execute("DELETE FROM unmade WHERE log = ? AND instance = ?", (log_key, instance))

    def number_in(self, log_key: int, entry_hash: bytes) -> int | None:
        """The number of an entry; None where it is not held, or in another log."""
        row = self._db.one("SELECT number FROM entries WHERE hash = ? AND log = ?", (entry_hash, log_key))
        return row[0] if row else None

    def unmade(self, log_key: int) -> bytes | None:
        """The first instance of a log that is to be made anew; None for none."""
        sql = "SELECT instance FROM unmade WHERE log = ? ORDER BY instance LIMIT 1"
        row = self._db.one(sql, (log_key,))
        return row[0] if row else None

    def partings(self, log_key: int) -> list[Parted]:
        """Where a log parts, as far as it was followed when that was found out, from the least place on."""
        sql = "SELECT seq_num, followed, one, other FROM partings WHERE log = ? ORDER BY seq_num"
        return [Parted(*row) for row in self._db.rows(sql, (log_key,))]

    def part(self, log_key: int, partings: Sequence[Parted]) -> None:
        """Keeps that."""
        self._db.execute("DELETE FROM partings WHERE log = ?", (log_key,))
        self._db.execute_many(
            "INSERT INTO partings (log, seq_num, followed, one, other) VALUES (?, ?, ?, ?, ?)",
            [(log_key, each.seq_num, each.followed, each.one, each.other) for each in partings],
        )

    def parted(self) -> list[int]:
        """The keys of the logs that something was found out about."""
        return [key for (key,) in self._db.rows("SELECT DISTINCT log FROM partings")]

    def entry(self, number: int) -> VerifiedEntry:
        """The entry with a number, which is held."""
        return recall(self._db.one("SELECT entry FROM entries WHERE number = ?", (number,))[0])

    # -- entries from where a log is condemned on ------------------------------------------------------

    def are_more(self, log_row: LogRow, most: int) -> bool:
        """Whether more entries than that are held of a log from where it is condemned on."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM entries WHERE log = ? AND seq_num >= ? LIMIT ?)"
        (found,) = self._db.one(sql, (log_row.key, log_row.condemned, most + 1))
        return int(found) > most

    def some(self, log_row: LogRow, behind: tuple[int, bytes], most: int) -> list[Row]:
        """Entries of a log, from where it is condemned on and behind a place, by seq num and hash."""
        sql = (
            f"{_ROW} WHERE log = ? AND seq_num >= max(?, ?) AND (seq_num, hash) > (?, ?)"
            " ORDER BY seq_num, hash LIMIT ?"
        )
        seq_num, _ = behind
        return self._rows(sql, log_row.key, log_row.condemned, seq_num, *behind, most)

    def row(self, number: int) -> Row:
        """The entry with a number, which is held."""
        return self._rows(f"{_ROW} WHERE number = ?", number)[0]

    def _rows(self, sql: str, *values: Any) -> list[Row]:
        return [Row(*row) for row in self._db.rows(sql, values)]

    # -- what is to be found out anew ------------------------------------------------------------------

    def recount(self, log_key: int) -> None:
        """It is to be found out anew what counts of a log."""
        self._db.execute(
            "INSERT INTO recounts (log, stamp) VALUES (?, 1) ON CONFLICT (log)"
            " DO UPDATE SET stamp = stamp + 1",
            (log_key,),
        )
        self._db.note(Note("recounts"))

    def is_due(self, log_key: int) -> bool:
        """Whether that is to be done for a log."""
        return self._db.one("SELECT 1 FROM recounts WHERE log = ?", (log_key,)) is not None

    def due(self, behind: int) -> tuple[int, int] | None:
        """The first log behind one of which that is to be done, and a stamp; None for none."""
        sql = "SELECT log, stamp FROM recounts WHERE log > ? ORDER BY log LIMIT 1"
        row: tuple[int, int] | None = self._db.one(sql, (behind,))
        return row

    def counted(self, log_key: int, stamp: int) -> None:
        """It is done, unless it was to be done anew meanwhile."""
        self._db.execute("DELETE FROM recounts WHERE log = ? AND stamp = ?", (log_key, stamp))
