"""Entries, payloads and logs in SQLite."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from panda_web import log
from panda_web.log import VerifiedEntry
from panda_web.messages import FIRST_USER_LOG
from panda_web.node.store.database import Database


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log of which at least one entry is held.

    Attributes:
        key: the row's number in this database.
        author: 32 bytes.
        log_id: as the author numbered it.
        schema: of its messages, 132 hex digits.
        seq_num: of its last entry.
        ended: whether that one is an end of log.
    """

    key: int
    author: bytes
    log_id: int
    schema: str
    seq_num: int
    ended: bool


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A held entry, with its payload where that is held too."""

    seq_num: int
    entry: bytes
    payload: bytes | None
    hash: bytes
    instance: bytes


MOST_AT_ONCE = 500
"""Relations looked up by one statement: SQLite binds some thousand values at least."""

_LOG = "SELECT id, author, log_id, schema, seq_num, ended FROM logs"
_ABOUT = "instance = ? AND +log = ?"
"""About one instance, in one log. The plus says to look for the instance: SQLite would go through the log."""
_ENTRY = "SELECT seq_num, entry, payload, hash, instance FROM entries"


class EntryTable:
    """What was taken in, by log and seq num. Entries are never removed; payloads may be."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def log(self, author: bytes, log_id: int) -> LogRow | None:
        """The log, if anything of it is held."""
        row = self._db.one(f"{_LOG} WHERE author = ? AND log_id = ?", (author, log_id))
        return LogRow(*row) if row else None

    def log_of_schema(self, author: bytes, schema: str) -> LogRow | None:
        """The author's first log for this schema that has not ended."""
        row = self._db.one(
            f"{_LOG} WHERE schema = ? AND author = ? AND NOT ended ORDER BY log_id LIMIT 1", (schema, author)
        )
        return LogRow(*row) if row else None

    def free_user_log(self, author: bytes) -> int:
        """The lowest odd log id that the author does not use."""
        row = self._db.one("SELECT free_log FROM authors WHERE author = ?", (author,))
        return row[0] if row else FIRST_USER_LOG

    def schemas(self, after: str = "") -> Iterator[str]:
        """Every schema that a log is for, in order of their ids, from the first one behind an id on.

        Each is looked up when it is asked for, so the logs of one cost no more than the schema itself.
        """
        while True:
            (found,) = self._db.one("SELECT min(schema) FROM logs WHERE schema > ?", (after,))
            if found is None:
                return
            yield found
            after = found

    def at(self, log_key: int, seq_num: int, *, payload: bool = True) -> EntryRow:
        """The entry at a seq num of the log with this key, which holds it.

        Args:
            log_key: the log's.
            seq_num: the entry's.
            payload: whether it is read, which may be large; else it is None, and so the instance, which
                stands behind it, is empty.

        Raises:
            LookupError: it does not.
        """
        sql = _ENTRY if payload else "SELECT seq_num, entry, NULL, hash, x'' FROM entries"
        row = self._db.one(f"{sql} WHERE log = ? AND seq_num = ?", (log_key, seq_num))
        if row is None:
            raise LookupError(f"entry {seq_num} of a log is missing in the store")
        return EntryRow(*row)

    def between(self, log_key: int, first: int, last: int, *, payloads: bool) -> Iterator[EntryRow]:
        """The entries of the log with this key from one seq num to another, both included.

        Args:
            log_key: the log's.
            first: seq num.
            last: seq num.
            payloads: whether they are read, which may be large; else a held one is given as empty. The
                instances are not read, and given as empty.
        """
        # What is not asked for is not loaded: its type is known without, and the instance is behind it.
        large = "payload" if payloads else "iif(typeof(payload) = 'null', NULL, x'')"
        sql = f"SELECT seq_num, entry, {large}, hash, x'' FROM entries"
        where = " WHERE log = ? AND seq_num BETWEEN ? AND ? ORDER BY seq_num"
        return (EntryRow(*row) for row in self._db.rows(sql + where, (log_key, first, last)))

    def hash_at(self, log_key: int, seq_num: int) -> bytes | None:
        """The hash of the entry at a seq num; its payload, which may be large, is not read."""
        row = self._db.one("SELECT hash FROM entries WHERE log = ? AND seq_num = ?", (log_key, seq_num))
        return row[0] if row else None

    def verified(self, log_key: int, seq_num: int) -> VerifiedEntry | None:
        """The entry at a seq num, as what it was taken in as; its payload is not read either."""
        row = self._db.one("SELECT entry FROM entries WHERE log = ? AND seq_num = ?", (log_key, seq_num))
        return log.recall(row[0]) if row else None

    def payload_of(self, entry_hash: bytes) -> bytes | None:
        """The payload of an entry; None where either is not held."""
        row = self._db.one("SELECT payload FROM entries WHERE hash = ?", (entry_hash,))
        return row[0] if row else None

    def first_foreign(self, relations: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
        """The first of some instances, each with its schema, that is held and is not of that schema.

        An update or a delete is no instance of any.
        """
        for start in range(0, len(relations), MOST_AT_ONCE):
            wanted = relations[start : start + MOST_AT_ONCE]
            marks = ", ".join("?" * len(wanted))
            rows = self._db.rows(
                "SELECT e.hash, iif(e.instance = e.hash, l.schema, '')"
                f" FROM entries e JOIN logs l ON l.id = e.log WHERE e.hash IN ({marks})",
                tuple(bytes.fromhex(instance) for instance, _ in wanted),
            )
            schemas = {entry_hash.hex(): schema for entry_hash, schema in rows}
            for instance, schema in wanted:
                if schemas.get(instance, schema) != schema:
                    return instance, schema
        return None

    def log_of_create(self, instance: bytes) -> int | None:
        """The key of the log in which an instance was created; None where no create of it is held."""
        row = self._db.one("SELECT log FROM entries WHERE hash = ? AND instance = hash", (instance,))
        return row[0] if row else None

    def is_deleted(self, instance: bytes, log_key: int) -> bool:
        """Whether a delete of an instance is held in the log with this key."""
        sql = "SELECT 1 FROM deletes WHERE instance = ? AND log = ?"
        return self._db.one(sql, (instance, log_key)) is not None

    def note_delete(self, instance: bytes, log_key: int, seq_num: int) -> None:
        """The entry at a seq num of a log, which is held, deletes an instance."""
        sql = "INSERT OR IGNORE INTO deletes (instance, log, seq_num) VALUES (?, ?, ?)"
        self._db.execute(sql, (instance, log_key, seq_num))

    def add(
        self, known: LogRow | None, verified: VerifiedEntry, payload: bytes, schema: str, instance: bytes
    ) -> LogRow:
        """Appends an entry to its log, `known` where it has one; gives the log as it is then."""
        entry = verified.entry
        if known is None:
            key = self._db.insert(
                "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, ?, ?, ?, ?)",
                (entry.author, entry.log_id, schema, entry.seq_num, entry.end_of_log),
            )
        else:
            key = known.key
            self._db.execute(
                "UPDATE logs SET seq_num = ?, ended = ? WHERE id = ?", (entry.seq_num, entry.end_of_log, key)
            )
        self._db.execute(
            "INSERT INTO entries (log, seq_num, hash, entry, payload, instance) VALUES (?, ?, ?, ?, ?, ?)",
            (key, entry.seq_num, verified.hash, verified.encoded, payload, instance),
        )
        if known is None:
            self._use(entry.author, entry.log_id)
        return LogRow(key, entry.author, entry.log_id, schema, entry.seq_num, entry.end_of_log)

    def of_instance(self, instance: bytes) -> Iterator[EntryRow]:
        """All entries about one instance, in order of their seq nums."""
        return (
            EntryRow(*row)
            for row in self._db.rows(f"{_ENTRY} WHERE instance = ? ORDER BY seq_num", (instance,))
        )

    def of_schema(self, schema: str, *, everything: bool = False) -> Iterator[EntryRow]:
        """Entries with payloads, of all logs of a schema, by seq num: each after its instance's create.

        Only their numbers are sorted, and each is read when it is asked for.

        Args:
            schema: of the logs.
            everything: those whose payload is not held, too.
        """
        held = "" if everything else " AND typeof(n.payload) <> 'null'"
        sql = (
            "SELECT e.seq_num, e.entry, e.payload, e.hash, e.instance FROM ("
            " SELECT n.number FROM logs l CROSS JOIN entries n ON n.log = l.id"
            f" WHERE l.schema = ?{held}"
            " ORDER BY n.seq_num, l.author, l.log_id LIMIT -1"
            ") found CROSS JOIN entries e ON e.number = found.number"
        )
        return (EntryRow(*row) for row in self._db.rows(sql, (schema,)))

    def of_instance_in(self, log_key: int, instance: bytes) -> Iterator[EntryRow]:
        """The entries about one instance in one log, in order of their seq nums."""
        sql = f"{_ENTRY} WHERE {_ABOUT} ORDER BY seq_num"
        return (EntryRow(*row) for row in self._db.rows(sql, (instance, log_key)))

    def some_of_instance_in(self, log_key: int, instance: bytes, most: int) -> list[EntryRow]:
        """The same, where they are no more than `most`; else so many of them, whichever."""
        sql = f"{_ENTRY} WHERE {_ABOUT} LIMIT ?"
        found = [EntryRow(*row) for row in self._db.rows(sql, (instance, log_key, most))]
        return sorted(found, key=lambda row: row.seq_num)

    def places_of_instance_in(self, log_key: int, instance: bytes, most: int) -> list[int]:
        """The seq nums of entries about one instance in one log, ascending; `most` of them at most."""
        sql = f"SELECT seq_num FROM entries WHERE {_ABOUT} LIMIT ?"
        return sorted(seq_num for (seq_num,) in self._db.rows(sql, (instance, log_key, most)))

    def scan(
        self, schema: str, author: bytes, log_id: int, seq_num: int
    ) -> Generator[tuple[LogRow, EntryRow], None, None]:
        """The entries of a schema behind a place, log by log, each in order of its seq nums."""
        log_row = self.log(author, log_id)
        while True:
            if log_row is not None:
                sql = f"{_ENTRY} WHERE log = ? AND seq_num > ? ORDER BY seq_num"
                for row in self._db.rows(sql, (log_row.key, seq_num)):
                    yield log_row, EntryRow(*row)
            sql = f"{_LOG} WHERE schema = ? AND (author, log_id) > (?, ?) ORDER BY author, log_id LIMIT 1"
            found = self._db.one(sql, (schema, author, log_id))
            if found is None:
                return
            log_row, seq_num = LogRow(*found), 0
            author, log_id = log_row.author, log_row.log_id

    def are_more(self, schema: str, count: int) -> bool:
        """Whether the logs of a schema have more entries than that. Asks no more logs than there may be."""
        sql = "SELECT total(seq_num) FROM (SELECT seq_num FROM logs WHERE schema = ? LIMIT ?)"
        (found,) = self._db.one(sql, (schema, count + 1))
        return int(found) > count

    def count(self, schema: str) -> int:
        """How many entries the logs of a schema have."""
        (count,) = self._db.one("SELECT total(seq_num) FROM logs WHERE schema = ?", (schema,))
        return int(count)

    def drop_payloads(self, instance: bytes, but: bytes) -> int:
        """Deletes the payloads of all entries about an instance, but the one of the entry `but`.

        Gives how many bytes that were.
        """
        where = "WHERE instance = ? AND hash <> ? AND payload IS NOT NULL"
        (size,) = self._db.one(f"SELECT total(length(payload)) FROM entries {where}", (instance, but))
        self._db.execute(f"UPDATE entries SET payload = NULL {where}", (instance, but))
        self._db.note_deletion()
        return int(size)

    def _use(self, author: bytes, log_id: int) -> None:
        """A log was begun: where it took the lowest free id, the next one is sought, past each log once."""
        self._db.execute(
            "UPDATE authors SET free_log = (SELECT l.log_id + 2 FROM logs l"
            " WHERE l.author = authors.author AND l.log_id >= ? AND l.log_id % 2 = 1 AND NOT EXISTS"
            " (SELECT 1 FROM logs n WHERE n.author = l.author AND n.log_id = l.log_id + 2)"
            " ORDER BY l.log_id LIMIT 1) WHERE author = ? AND free_log = ?",
            (log_id, author, log_id),
        )
