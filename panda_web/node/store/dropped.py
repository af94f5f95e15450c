"""Which instances this node removed by its own rules, and which authors it takes nothing from.

Instances are removed as wholes: of one that lacked its last update, an old version would be shown as if it
were the last. What is removed is marked, so it does not come back by itself: a payload that comes is held to
the marks. As with deletes, a mark counts in one log: nobody has another author's instance removed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from panda_web.node.store.counting import Note
from panda_web.node.store.database import Database
from panda_web.node.store.entries import DROPPED, HELD, NEVER_HELD


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload that is held, and is no delete.

    Attributes:
        number: of its entry's row.
        seq_num: of its entry.
        subject: the instance that it is about; where it is no message, its entry's hash.
        is_message: whether it is one that may count.
        size: bytes.
    """

    number: int
    seq_num: int
    subject: bytes
    is_message: bool
    size: int


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed.

    Attributes:
        payloads: how many.
        size: bytes of them.
    """

    payloads: int = 0
    size: int = 0


_NO_DELETE = (
    "number NOT IN (SELECT entry FROM deletes d WHERE d.instance = entries.instance AND d.log = entries.log)"
)
_OF_SUBJECT = ("instance = ? AND +log = ?", "hash = ? AND log = ? AND instance = x''")
"""The entries of a subject: those about an instance; or the one that is about nothing."""


class DroppedTable:
    """The marks, and what they do to entries. All writing is within transactions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -- marks -----------------------------------------------------------------------------------------

    def has(self, subject: bytes, log_key: int) -> bool:
        """Whether what is about a subject, in the log with this key, is not to be here."""
        sql = "SELECT 1 FROM dropped WHERE log = ? AND subject = ?"
        return self._db.one(sql, (log_key, subject)) is not None

    def words(self, subject: bytes, log_key: int) -> str | None:
        """Why, for readers; None where nothing is said."""
        sql = "SELECT words FROM dropped WHERE log = ? AND subject = ?"
        found = self._db.one(sql, (log_key, subject))
        return found[0] if found else None

    def marked(self, log_key: int, behind: bytes, most: int) -> list[bytes]:
        """The subjects that are marked in a log, in order, behind one."""
        sql = "SELECT subject FROM dropped WHERE log = ? AND subject > ? ORDER BY subject LIMIT ?"
        return [subject for (subject,) in self._db.rows(sql, (log_key, behind, most))]

    def logs_of(self, subject: bytes) -> list[int]:
        """The keys of the logs that have entries about a subject, or in which it is marked."""
        sql = (
            "SELECT log FROM entries WHERE instance = ? UNION SELECT log FROM entries WHERE hash = ?"
            " UNION SELECT log FROM dropped WHERE subject = ? ORDER BY log"
        )
        return [key for (key,) in self._db.rows(sql, (subject, subject, subject))]

    # -- payloads --------------------------------------------------------------------------------------

    def held(self, log_key: int, behind: tuple[int, int], most: int) -> list[Payload]:
        """Payloads of a log that can be dropped, in order, behind an entry: its seq num, and its number."""
        sql = (
            "SELECT number, seq_num, iif(instance = x'', hash, instance), mark IS NULL, length(payload)"
            f" FROM entries WHERE log = ? AND seq_num >= ? AND (seq_num > ? OR number > ?) AND state = {HELD}"
            f" AND {_NO_DELETE} ORDER BY seq_num, number LIMIT ?"
        )
        seq_num, number = behind
        rows = self._db.rows(sql, (log_key, seq_num, seq_num, number, most))
        return [Payload(row[0], row[1], row[2], bool(row[3]), row[4]) for row in rows]

    def is_held_of(self, subject: bytes, log_key: int, above: int) -> bool:
        """Whether a payload about a subject is held whose entry came behind the one with a number."""
        sql = (
            f"SELECT 1 FROM entries WHERE instance = ? AND +log = ? AND state = {HELD} AND number > ? LIMIT 1"
        )
        return self._db.one(sql, (subject, log_key, above)) is not None

    def payload(self, number: int) -> bytes:
        """The payload of the entry with a number."""
        (found,) = self._db.one("SELECT payload FROM entries WHERE number = ?", (number,))
        return bytes(found or b"")

    def of(self, subject: bytes, log_key: int) -> Removed:
        """What `drop` would remove."""
        payloads = size = 0
        for which in _OF_SUBJECT:
            where = f"WHERE {which} AND state = {HELD} AND {_NO_DELETE}"
            sql = f"SELECT count(*), total(length(payload)) FROM entries {where}"
            count, total = self._db.one(sql, (subject, log_key))
            payloads, size = payloads + count, size + int(total)
        return Removed(payloads, size)

    def drop(self, subject: bytes, log_key: int, words: str | None) -> Removed:
        """Marks a subject, and removes its payloads, but for those that delete it."""
        self._db.execute(
            "INSERT INTO dropped (subject, log, words) VALUES (?, ?, ?)"
            " ON CONFLICT (log, subject) DO UPDATE SET words = coalesce(excluded.words, words)",
            (subject, log_key, words),
        )
        sizes = []
        for which in _OF_SUBJECT:
            where = f"WHERE {which} AND state = {HELD} AND {_NO_DELETE}"
            sql = f"SELECT number, hash, coalesce(length(payload), 0) FROM entries {where} ORDER BY number"
            rows = list(self._db.rows(sql, (subject, log_key)))
            if rows:
                self._db.execute(
                    f"UPDATE entries SET payload = NULL, state = {DROPPED} {where}", (subject, log_key)
                )
                self._db.note(*(Note("payload", number, entry_hash) for number, entry_hash, _ in rows))
                self._db.note_deletion()
            sizes += [size for *_, size in rows]
        return Removed(len(sizes), sum(sizes))

    def keep(self, subject: bytes, log_key: int) -> tuple[int, int]:
        """Takes a mark away: what was dropped is as if it had never come, and may come again.

        Gives how many payloads that are, and how many creates are among them.
        """
        self._db.execute("DELETE FROM dropped WHERE log = ? AND subject = ?", (log_key, subject))
        found: list[tuple[int, bytes, bool]] = []
        for which in _OF_SUBJECT:
            where = f"WHERE {which} AND state = {DROPPED}"
            sql = f"SELECT number, hash, hash = instance FROM entries {where} ORDER BY number"
            found += list(self._db.rows(sql, (subject, log_key)))
            self._db.execute(
                f"UPDATE entries SET state = {NEVER_HELD}, instance = x'', mark = NULL {where}",
                (subject, log_key),
            )
        self._db.note(*(Note("payload", number, entry_hash) for number, entry_hash, _ in found))
        return len(found), sum(bool(creates) for *_, creates in found)

    # -- logs ------------------------------------------------------------------------------------------

    def next_log(self, behind: tuple[bytes, int], author: bytes | None, schema: str | None) -> int | None:
        """The key of the first log behind one, of an author, with messages of a schema; None for none."""
        table, where, key = "logs l", "(l.author, l.log_id) > (?, ?)", "l.id"
        values: list[object] = [*behind]
        if schema is not None:
            table, where, key = "log_schemas l", f"l.schema = ? AND {where}", "l.log"
            values.insert(0, schema)
        if author is not None:
            where += " AND l.author = ?"
            values.append(author)
        sql = f"SELECT {key} FROM {table} WHERE {where} ORDER BY l.author, l.log_id LIMIT 1"
        row = self._db.one(sql, tuple(values))
        return int(row[0]) if row else None

    # -- authors ---------------------------------------------------------------------------------------

    def refuse(self, author: bytes, words: str) -> None:
        """Nothing is taken in of an author from now on."""
        self._db.execute("INSERT OR REPLACE INTO refused (author, words) VALUES (?, ?)", (author, words))

    def allow(self, author: bytes) -> None:
        """An author is taken in as all others are."""
        self._db.execute("DELETE FROM refused WHERE author = ?", (author,))

    def refused(self, author: bytes) -> str | None:
        """Why nothing of an author is taken in; None where it is."""
        row = self._db.one("SELECT words FROM refused WHERE author = ?", (author,))
        return row[0] if row else None

    def all_refused(self) -> Iterator[tuple[bytes, str]]:
        """The authors, with the words."""
        yield from self._db.rows("SELECT author, words FROM refused ORDER BY author")
