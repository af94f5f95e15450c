"""Entries, payloads and logs in SQLite.

A log may have gaps, and two entries in a slot: then it is condemned from there on, and what follows counts
for nothing but as proof, and for deletes. What counts, a view is made of; everything is kept and passed on.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from panda_web import log
from panda_web.log import Held, VerifiedEntry
from panda_web.messages import FIRST_USER_LOG
from panda_web.node.store.database import Database
from panda_web.rpc.heads import Broken
from panda_web.rpc.methods import PAYLOAD_STATES, PayloadState

HELD, NEVER_HELD, DROPPED, DELETED = range(4)
"""The numbers that stand for `PAYLOAD_STATES` in the database."""

NEVER = (1 << 63) - 1
"""Stands for the seq num from which on a log is condemned, where it is not."""

MOST_AT_ONCE = 500
"""Relations looked up by one statement: SQLite binds some thousand values at least."""


def broken(condemned: int, second: int) -> Broken | None:
    """What is held against the author of a log, by two of its columns; None where that is nothing."""
    return Broken(condemned, second) if condemned < NEVER else None


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log of which at least one entry is held.

    Attributes:
        key: the row's number in this database.
        author: 32 bytes.
        log_id: as the author numbered it.
        schema: of its first message that was ever held, 132 hex digits; empty where none was.
        seq_num: of its last entry; there may be gaps before.
        ended: the least seq num of an end of log; 0 where there is none.
        schema_from: the seq num of that first message.
        condemned: the least seq num for which it is proven that its author broke the log; `NEVER` if none is.
        second: how many entries came when their slots were taken already.
        held: how many entries there are.
    """

    key: int
    author: bytes
    log_id: int
    schema: str
    seq_num: int
    ended: int
    schema_from: int = 1
    condemned: int = NEVER
    second: int = 0
    held: int = 0

    @property
    def broken(self) -> Broken | None:
        """What is held against the author; None where that is nothing."""
        return broken(self.condemned, self.second)

    @property
    def whole(self) -> bool:
        """Whether there is neither a gap nor a proof against it: then each entry rests on all before it."""
        return self.held == self.seq_num and self.condemned == NEVER


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A held entry, with its payload where that is held too.

    Attributes:
        seq_num: its place in the log.
        entry: its bytes.
        payload: the message's bytes.
        hash: its YAMF hash.
        instance: that the message is about; empty where there was no message, or it was not read.
        state: what became of the payload.
    """

    seq_num: int
    entry: bytes
    payload: bytes | None
    hash: bytes
    instance: bytes
    state: PayloadState


@dataclass(frozen=True, slots=True)
class Content:
    """What came with an entry: its payload, and what that was found to be.

    Attributes:
        payload: its bytes; None where they did not come, or are not kept.
        state: what becomes of them.
        schema: of the message, 132 hex digits; empty where there is no message.
        instance: that the message is about; empty where there is no message.
        deletes: whether the message deletes it.
        mark: the word for why the payload is no message that could count; None where it is one.
    """

    payload: bytes | None
    state: PayloadState
    schema: str = ""
    instance: bytes = b""
    deletes: bool = False
    mark: str | None = None


LOG = (
    "SELECT l.id, l.author, l.log_id, l.schema, l.seq_num, l.ended, l.schema_from, l.condemned,"
    " l.second, l.held"
)
"""Reads the columns of a `LogRow`, from `logs l`."""
_ABOUT = "instance = ? AND +log = ?"
"""About one instance, in one log. The plus says to look for the instance: SQLite would go through the log."""
_FOLLOWED = "EXISTS (SELECT 1 FROM followed f WHERE f.log = {0}.log AND f.entry = {0}.number)"
_COUNTS = (
    "state = 0 AND mark IS NULL AND (seq_num < (SELECT l.condemned FROM logs l WHERE l.id = ?)"
    f" OR {_FOLLOWED.format('entries')})"
)
"""Whether an entry of the log with a key counts, as far as views know by now."""
_ENTRY = "SELECT seq_num, entry, payload, hash, instance, state FROM entries"
_NUMBERED = "SELECT number, seq_num, entry, payload, hash, instance, state FROM entries"


def _entry_row(row: Sequence[Any]) -> EntryRow:
    return EntryRow(row[0], row[1], row[2], row[3], row[4], PAYLOAD_STATES[row[5]])


class EntryTable:
    """What was taken in, by hash, and by log and seq num. Entries are never removed; payloads may be."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -- logs ------------------------------------------------------------------------------------------

    def log(self, author: bytes, log_id: int) -> LogRow | None:
        """The log, if anything of it is held."""
        row = self._db.one(f"{LOG} FROM logs l WHERE author = ? AND log_id = ?", (author, log_id))
        return LogRow(*row) if row else None

    def log_at(self, key: int) -> LogRow:
        """The log with a key, of which entries are held."""
        return LogRow(*self._db.one(f"{LOG} FROM logs l WHERE l.id = ?", (key,)))

    def log_of_schema(self, author: bytes, schema: str) -> LogRow | None:
        """The author's first log for this schema that can be gone on with: not ended, and not condemned."""
        row = self._db.one(
            f"{LOG} FROM logs l WHERE schema = ? AND author = ? AND NOT ended AND condemned = {NEVER}"
            " ORDER BY log_id LIMIT 1",
            (schema, author),
        )
        return LogRow(*row) if row else None

    def free_user_log(self, author: bytes) -> int:
        """The lowest odd log id that the author does not use."""
        row = self._db.one("SELECT free_log FROM authors WHERE author = ?", (author,))
        return row[0] if row else FIRST_USER_LOG

    def schemas(self, after: str = "") -> Iterator[str]:
        """Every schema that a message was held of, in order of their ids, from the first one behind an id on.

        Each is looked up when it is asked for, so the logs of one cost no more than the schema itself.
        """
        while True:
            (found,) = self._db.one("SELECT min(schema) FROM log_schemas WHERE schema > ?", (after,))
            if found is None:
                return
            yield found
            after = found

    def schemas_of(self, log_key: int) -> list[str]:
        """The schemas that messages of a log were held of."""
        return [
            schema for (schema,) in self._db.rows("SELECT schema FROM log_schemas WHERE log = ?", (log_key,))
        ]

    def are_more(self, schema: str, count: int) -> bool:
        """Whether the logs of a schema have more entries than that. Asks no more logs than there may be."""
        sql = (
            "SELECT total(held) FROM (SELECT l.held FROM log_schemas s JOIN logs l ON l.id = s.log"
            " WHERE s.schema = ? LIMIT ?)"
        )
        (found,) = self._db.one(sql, (schema, count + 1))
        return int(found) > count

    def count(self, schema: str) -> int:
        """How many entries the logs of a schema have."""
        sql = "SELECT total(l.held) FROM log_schemas s JOIN logs l ON l.id = s.log WHERE s.schema = ?"
        (count,) = self._db.one(sql, (schema,))
        return int(count)

    # -- entries by place ------------------------------------------------------------------------------

    def at(self, log_key: int, seq_num: int, *, payload: bool = True) -> EntryRow:
        """The entry at a seq num of the log with this key, which holds it.

        Args:
            log_key: the log's.
            seq_num: the entry's. Of those in its slot the one that counts: before the log is condemned there
                is one, and behind that it is on a branch that is followed.
            payload: whether it is read, which may be large; else it is None, and so the instance, which
                stands behind it, is empty.

        Raises:
            LookupError: it does not.
        """
        sql = _ENTRY if payload else "SELECT seq_num, entry, NULL, hash, x'', state FROM entries"
        sql = f"{sql} WHERE log = ? AND seq_num = ?"
        rows = list(self._db.rows(sql, (log_key, seq_num)))
        if len(rows) > 1:
            rows = [*self._db.rows(f"{sql} AND {_FOLLOWED.format('entries')}", (log_key, seq_num))] or rows
        if not rows:
            raise LookupError(f"entry {seq_num} of a log is missing in the store")
        return _entry_row(rows[0])

    def between(self, log_key: int, first: int, last: int, *, max_payload: int = -1) -> Iterator[EntryRow]:
        """The entries of the log with this key from one seq num to another, both included.

        Args:
            log_key: the log's.
            first: seq num.
            last: seq num.
            max_payload: bytes up to which payloads are read; larger ones are None, and so is any below 0. The
                instances are not read, and given as empty.
        """
        # What is not asked for is not loaded: size and state are known without, the instance is behind it.
        payload = "iif(length(payload) <= ?, payload, NULL)" if max_payload >= 0 else "iif(?, NULL, NULL)"
        sql = f"SELECT seq_num, entry, {payload}, hash, x'', state FROM entries"
        where = " WHERE log = ? AND seq_num BETWEEN ? AND ? ORDER BY seq_num, number"
        return (_entry_row(row) for row in self._db.rows(sql + where, (max_payload, log_key, first, last)))

    def hashes_at(self, log_key: int, seq_num: int) -> list[bytes]:
        """The hashes of the entries at a seq num, in the order in which they came; no payload is read."""
        sql = "SELECT hash FROM entries WHERE log = ? AND seq_num = ? ORDER BY number"
        return [found for (found,) in self._db.rows(sql, (log_key, seq_num))]

    def first_at(self, log_key: int, seq_num: int) -> bytes | None:
        """The hash of the entry at a seq num; of two, of the one that came first."""
        return next(iter(self.hashes_at(log_key, seq_num)), None)

    def verified(self, log_key: int, seq_num: int) -> list[VerifiedEntry]:
        """The entries at a seq num, as what they were taken in as; their payloads are not read."""
        sql = "SELECT entry FROM entries WHERE log = ? AND seq_num = ? ORDER BY number"
        return [log.recall(entry) for (entry,) in self._db.rows(sql, (log_key, seq_num))]

    def linked(self, log_row: LogRow, seq_num: int, link: bytes) -> Held | None:
        """What a link finds at its place in a log: the entry that it names, else another, else nothing."""
        hashes = self.hashes_at(log_row.key, seq_num)
        if not hashes:
            return None
        found = link if link in hashes else hashes[0]
        ended = 0 < log_row.ended <= seq_num
        return Held(log_row.author, log_row.log_id, seq_num, ended, found)

    # -- entries by hash -------------------------------------------------------------------------------

    def of_hash(self, entry_hash: bytes) -> VerifiedEntry | None:
        """The entry with a hash, as what it was taken in as; None where it is not held."""
        row = self._db.one("SELECT entry FROM entries WHERE hash = ?", (entry_hash,))
        return log.recall(row[0]) if row else None

    def held(self, entry_hash: bytes) -> Held | None:
        """The entry with a hash; that it may end its log is not asked."""
        row = self._db.one(
            "SELECT l.author, l.log_id, e.seq_num FROM entries e JOIN logs l ON l.id = e.log"
            " WHERE e.hash = ?",
            (entry_hash,),
        )
        return Held(row[0], row[1], row[2], False, entry_hash) if row else None

    def log_of(self, entry_hash: bytes) -> int | None:
        """The key of the log that an entry is in; None where it is not held."""
        row = self._db.one("SELECT log FROM entries WHERE hash = ?", (entry_hash,))
        return row[0] if row else None

    def state(self, entry_hash: bytes) -> PayloadState | None:
        """What became of the payload of an entry; None where the entry is not held."""
        row = self._db.one("SELECT state FROM entries WHERE hash = ?", (entry_hash,))
        return PAYLOAD_STATES[row[0]] if row else None

    def mark(self, entry_hash: bytes) -> str | None:
        """The word for why the payload of an entry is no message that could count; None where it may be."""
        row = self._db.one("SELECT mark FROM entries WHERE hash = ?", (entry_hash,))
        return row[0] if row else None

    def payload_of(self, entry_hash: bytes) -> bytes | None:
        """The payload of an entry, where it is a message, whatever became of its log; else None."""
        row = self._db.one(
            "SELECT payload FROM entries WHERE hash = ? AND state = 0 AND mark IS NULL", (entry_hash,)
        )
        return row[0] if row else None

    def first_foreign(self, relations: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
        """The first of some instances, each with its schema, that is held and is not of that schema.

        An update or a delete is no instance of any. What an entry is whose payload never came, nobody knows.
        """
        for start in range(0, len(relations), MOST_AT_ONCE):
            wanted = relations[start : start + MOST_AT_ONCE]
            marks = ", ".join("?" * len(wanted))
            rows = self._db.rows(
                "SELECT e.hash, iif(e.instance = e.hash, l.schema, '')"
                f" FROM entries e JOIN logs l ON l.id = e.log WHERE e.hash IN ({marks})"
                f" AND (e.state <> {NEVER_HELD} OR e.mark IS NOT NULL)",
                tuple(bytes.fromhex(instance) for instance, _ in wanted),
            )
            schemas = {entry_hash.hex(): schema for entry_hash, schema in rows}
            for instance, schema in wanted:
                if schemas.get(instance, schema) != schema:
                    return instance, schema
        return None

    # -- entries by instance ---------------------------------------------------------------------------

    def log_of_create(self, instance: bytes) -> int | None:
        """The key of the log in which an instance was created; None where no create of it was ever held."""
        row = self._db.one("SELECT log FROM entries WHERE hash = ? AND instance = hash", (instance,))
        return row[0] if row else None

    def is_deleted(self, instance: bytes, log_key: int) -> bool:
        """Whether a delete of an instance is held in the log with this key."""
        sql = "SELECT 1 FROM deletes WHERE instance = ? AND log = ?"
        return self._db.one(sql, (instance, log_key)) is not None

    def delete_of(self, instance: bytes, log_key: int) -> EntryRow | None:
        """The delete of an instance that came first in the log with this key; None where none is held."""
        row = self._db.one(
            f"{_ENTRY} WHERE number = (SELECT min(entry) FROM deletes WHERE instance = ? AND log = ?)",
            (instance, log_key),
        )
        return _entry_row(row) if row else None

    def of_instance_in(self, log_key: int, instance: bytes) -> Iterator[EntryRow]:
        """The entries about one instance in one log that count, in order of their seq nums."""
        sql = f"{_ENTRY} WHERE {_ABOUT} AND {_COUNTS} ORDER BY seq_num"
        return (_entry_row(row) for row in self._db.rows(sql, (instance, log_key, log_key)))

    def some_of_instance_in(self, log_key: int, instance: bytes, most: int) -> list[EntryRow]:
        """The same, where they are no more than `most`; else so many of them, whichever."""
        found = self.came_of_instance_in(log_key, instance, 0, most)
        return sorted(found.values(), key=lambda row: row.seq_num)

    def came_of_instance_in(
        self, log_key: int, instance: bytes, behind: int, most: int
    ) -> dict[int, EntryRow]:
        """The first of them that came behind the one with a number, by their numbers."""
        sql = f"{_NUMBERED} WHERE {_ABOUT} AND number > ? AND {_COUNTS} ORDER BY number LIMIT ?"
        rows = self._db.rows(sql, (instance, log_key, behind, log_key, most))
        return {number: _entry_row(row) for number, *row in rows}

    # -- entries by schema -----------------------------------------------------------------------------

    def of_schema(self, schema: str, *, everything: bool = False) -> Iterator[EntryRow]:
        """Entries that count, of all logs of a schema, by seq num: each after its instance's create.

        Only their numbers are sorted, and each is read when it is asked for.

        Args:
            schema: of messages in the logs.
            everything: the others before a log is condemned, or on a branch that is followed, too: without
                payload, for they are links; and deletes, wherever they stand.
        """
        sql = (
            "SELECT e.seq_num, e.entry, iif(counts, e.payload, NULL), e.hash, e.instance, e.state FROM ("
            " SELECT n.number, n.state = 0 AND n.mark IS NULL AS counts"
            " FROM log_schemas s CROSS JOIN logs l ON l.id = s.log CROSS JOIN entries n ON n.log = l.id"
            " WHERE s.schema = ? AND (? OR counts)"
            f" AND (n.seq_num < l.condemned OR {_FOLLOWED.format('n')} OR ? AND EXISTS (SELECT 1 FROM"
            " deletes d WHERE d.instance = n.instance AND d.log = n.log AND d.entry = n.number))"
            " ORDER BY n.seq_num, l.author, l.log_id LIMIT -1"
            ") found CROSS JOIN entries e ON e.number = found.number"
        )
        return (_entry_row(row) for row in self._db.rows(sql, (schema, everything, everything)))

    def scan(
        self, schema: str, author: bytes, log_id: int, seq_num: int
    ) -> Generator[tuple[LogRow, EntryRow], None, None]:
        """The entries of a schema's logs that count, behind a place: log by log, in order of the seq nums."""
        log_row = self.log(author, log_id)
        while True:
            if log_row is not None:
                sql = f"{_ENTRY} WHERE log = ? AND seq_num > ? AND {_COUNTS} ORDER BY seq_num"
                for row in self._db.rows(sql, (log_row.key, seq_num, log_row.key)):
                    yield log_row, _entry_row(row)
            sql = (
                f"{LOG} FROM log_schemas s JOIN logs l ON l.id = s.log WHERE s.schema = ?"
                " AND (s.author, s.log_id) > (?, ?) ORDER BY s.author, s.log_id LIMIT 1"
            )
            found = self._db.one(sql, (schema, author, log_id))
            if found is None:
                return
            log_row, seq_num = LogRow(*found), 0
            author, log_id = log_row.author, log_row.log_id
