"""How entries and payloads come into the database, and how payloads leave it. All of it within transactions.

Nothing here decides what is taken in (`node.ingest`). What a log's row says is kept up to date with each
entry, whichever comes first.
"""

from dataclasses import replace

from panda_web.log import VerifiedEntry
from panda_web.node.store.counting import Note
from panda_web.node.store.database import Database
from panda_web.node.store.days import Days
from panda_web.node.store.entries import DELETED, DROPPED, HELD, NEVER, Content, LogRow
from panda_web.rpc.methods import PAYLOAD_STATES


class Writing:
    """Writes entries and payloads.

    Args:
        database: where to.
        days: told which entries come.
    """

    def __init__(self, database: Database, days: Days) -> None:
        self._db = database
        self._days = days

    def add(
        self, known: LogRow | None, verified: VerifiedEntry, content: Content, condemned: int = NEVER
    ) -> LogRow:
        """Stores an entry.

        Args:
            known: its log, where anything of it is held.
            verified: the entry, which is not held.
            content: what came with it.
            condemned: the least seq num for which the entry is part of a proof against its author.

        Returns:
            The log as it is then.
        """
        entry = verified.entry
        log_row = self._log(known, verified, content, condemned)
        number = self._db.insert(
            "INSERT INTO entries (log, seq_num, hash, entry, payload, instance, state, mark)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                log_row.key,
                entry.seq_num,
                verified.hash,
                verified.encoded,
                content.payload,
                content.instance,
                PAYLOAD_STATES.index(content.state),
                content.mark,
            ),
        )
        self._days.count(number)
        self._db.note(Note("entry", number, verified.hash))
        self._note_proof(known, log_row, Note("proof", number, verified.hash))
        if content.deletes:
            self._note_delete(content.instance, log_row, number)
        return log_row

    def add_payload(
        self, log_row: LogRow, verified: VerifiedEntry, content: Content, condemned: int = NEVER
    ) -> LogRow:
        """Stores the payload of an entry that was held without. Gives the log as it is then."""
        (number,) = self._db.one("SELECT number FROM entries WHERE hash = ?", (verified.hash,))
        self._db.execute(
            "UPDATE entries SET payload = ?, instance = ?, state = ?, mark = ? WHERE number = ?",
            (content.payload, content.instance, PAYLOAD_STATES.index(content.state), content.mark, number),
        )
        self._db.note(Note("payload", number, verified.hash))
        if content.deletes:
            self._note_delete(content.instance, log_row, number)
        after = _with_schema(log_row, verified.entry.seq_num, content.schema)
        after = replace(after, condemned=min(condemned, log_row.condemned))
        self._note_proof(log_row, after, Note("proof", number, verified.hash))
        return self._change(log_row, after, content)

    def delete_payloads(self, instance: bytes, log_row: LogRow) -> int:
        """Deletes the payloads of a log's entries about an instance, but of those that delete it.

        Gives how many bytes that were. What this node dropped itself, its author has deleted from now on.
        """
        where = (
            f"WHERE instance = ? AND +log = ? AND state IN ({HELD}, {DROPPED}) AND number NOT IN"
            " (SELECT entry FROM deletes WHERE instance = ? AND log = ?)"
        )
        which = (instance, log_row.key, instance, log_row.key)
        sql = f"SELECT number, hash, coalesce(length(payload), 0) FROM entries {where} ORDER BY number"
        dropped = list(self._db.rows(sql, which))
        self._db.execute(f"UPDATE entries SET payload = NULL, state = {DELETED} {where}", which)
        self._db.note(*(Note("payload", number, entry_hash) for number, entry_hash, _ in dropped))
        self._db.note_deletion()
        return sum(size for *_, size in dropped)

    def _note_proof(self, before: LogRow | None, after: LogRow, proof: Note) -> None:
        if after.condemned < (before.condemned if before is not None else NEVER):
            self._db.note(proof)

    def _note_delete(self, instance: bytes, log_row: LogRow, number: int) -> None:
        sql = "INSERT INTO deletes (instance, log, entry) VALUES (?, ?, ?)"
        self._db.execute(sql, (instance, log_row.key, number))

    def _log(self, known: LogRow | None, verified: VerifiedEntry, content: Content, condemned: int) -> LogRow:
        entry = verified.entry
        if known is None:
            return self._begin(verified, content, condemned)
        if (
            entry.seq_num > known.seq_num
            and not entry.end_of_log
            and condemned >= known.condemned
            and content.schema == known.schema
        ):
            return self._move(known, entry.seq_num)
        taken = entry.seq_num <= known.seq_num and self._is_taken(known, entry.seq_num)
        after = replace(
            _with_schema(known, entry.seq_num, content.schema),
            seq_num=max(entry.seq_num, known.seq_num),
            ended=min(known.ended or entry.seq_num, entry.seq_num) if entry.end_of_log else known.ended,
            condemned=min(condemned, known.condemned),
            second=known.second + taken,
            held=known.held + 1,
        )
        return self._change(known, after, content)

    def _move(self, known: LogRow, seq_num: int) -> LogRow:
        """The log has one entry more, at its end. No index has to do with that."""
        held = known.held + 1
        self._db.execute("UPDATE logs SET seq_num = ?, held = ? WHERE id = ?", (seq_num, held, known.key))
        return LogRow(
            known.key,
            known.author,
            known.log_id,
            known.schema,
            seq_num,
            known.ended,
            known.schema_from,
            known.condemned,
            known.second,
            held,
        )

    def _begin(self, verified: VerifiedEntry, content: Content, condemned: int) -> LogRow:
        entry = verified.entry
        row = LogRow(
            key=0,
            author=entry.author,
            log_id=entry.log_id,
            schema=content.schema,
            seq_num=entry.seq_num,
            ended=entry.seq_num if entry.end_of_log else 0,
            schema_from=entry.seq_num if content.schema else NEVER,
            condemned=condemned,
            held=1,
        )
        key = self._db.insert(
            "INSERT INTO logs (author, log_id, schema, seq_num, ended, schema_from, condemned, held)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.author,
                row.log_id,
                row.schema,
                row.seq_num,
                row.ended,
                row.schema_from,
                row.condemned,
                row.held,
            ),
        )
        self._db.execute("INSERT OR IGNORE INTO authors (author, bytes) VALUES (?, 0)", (row.author,))
        self._use(row.author, row.log_id)
        row = replace(row, key=key)
        self._note_schema(row, content.schema)
        return row

    def _change(self, before: LogRow, after: LogRow, content: Content) -> LogRow:
        if after != before:
            self._db.execute(
                "UPDATE logs SET schema = ?, seq_num = ?, ended = ?, schema_from = ?, condemned = ?,"
                " second = ?, held = ? WHERE id = ?",
                (
                    after.schema,
                    after.seq_num,
                    after.ended,
                    after.schema_from,
                    after.condemned,
                    after.second,
                    after.held,
                    after.key,
                ),
            )
        if content.schema != before.schema:
            self._note_schema(after, content.schema)
        return after

    def _note_schema(self, row: LogRow, schema: str) -> None:
        if schema:
            self._db.execute(
                "INSERT OR IGNORE INTO log_schemas (schema, author, log_id, log) VALUES (?, ?, ?, ?)",
                (schema, row.author, row.log_id, row.key),
            )

    def _is_taken(self, row: LogRow, seq_num: int) -> bool:
        sql = "SELECT 1 FROM entries WHERE log = ? AND seq_num = ?"
        return self._db.one(sql, (row.key, seq_num)) is not None

    def _use(self, author: bytes, log_id: int) -> None:
        """A log was begun: where it took the lowest free id, the next one is sought, past each log once."""
        self._db.execute(
            "UPDATE authors SET free_log = (SELECT l.log_id + 2 FROM logs l"
            " WHERE l.author = authors.author AND l.log_id >= ? AND l.log_id % 2 = 1 AND NOT EXISTS"
            " (SELECT 1 FROM logs n WHERE n.author = l.author AND n.log_id = l.log_id + 2)"
            " ORDER BY l.log_id LIMIT 1) WHERE author = ? AND free_log = ?",
            (log_id, author, log_id),
        )


def _with_schema(row: LogRow, seq_num: int, schema: str) -> LogRow:
    """The log, whose schema is that of the first message that was ever held of it."""
    return replace(row, schema=schema, schema_from=seq_num) if schema and seq_num < row.schema_from else row
