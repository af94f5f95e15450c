"""Where logs end, of many at once: what other nodes compare with what they hold."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from panda_web.node.store.database import Database


@dataclass(frozen=True, slots=True)
class LogEnd:
    """Where a log ends.

    Attributes:
        key: the log's row number in this database.
        author: 32 bytes.
        log_id: as the author numbered it.
        schema: of its first message that was ever held, 132 hex digits; empty where none was.
        seq_num: of its last entry; there may be gaps before.
        entry_hash: of that entry; of several in its slot the least, which is the same wherever all are held.
        condemned: the least seq num for which it is proven that its author broke the log; `NEVER` if none is.
        second: how many entries came when their slots were taken already.
    """

    key: int
    author: bytes
    log_id: int
    schema: str
    seq_num: int
    entry_hash: bytes
    condemned: int
    second: int


class EndTable:
    """Reads them from what `store.entries` keeps. Reading sees the snapshot that it is read in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, keys: Collection[int] | None = None) -> Iterator[LogEnd]:
        """The ends of the logs with some keys, in no order; of all without them."""
        sql = (
            "SELECT l.id, l.author, l.log_id, l.schema, l.seq_num, (SELECT min(hash) FROM entries e"
            " WHERE e.log = l.id AND e.seq_num = l.seq_num), l.condemned, l.second FROM logs l"
        )
        if keys is None:
            return (LogEnd(*row) for row in self._db.rows(sql))
        rows = self._db.rows(f"{sql} WHERE l.id IN (SELECT value FROM json_each(?))", (json.dumps([*keys]),))
        return (LogEnd(*row) for row in rows)

    def keys(
        self,
        schemas: Collection[str] | None,
        authors: Collection[bytes] | None,
        among: Collection[int] | None = None,
    ) -> set[int]:
        """The logs of some authors that are asked for: with messages of some schemas, and system logs.

        Args:
            schemas: ids; all where it is None.
            authors: likewise.
            among: the keys of logs that are looked at; all likewise.
        """
        sql = "SELECT l.id FROM logs l WHERE true"
        values: list[Any] = []
        if among is not None:
            sql += " AND l.id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps([*among]))
        if authors is not None:
            sql += f" AND l.author IN ({', '.join('?' for _ in authors)})"
            values += authors
        if schemas is not None:
            sql += (
                " AND (l.log_id % 2 = 0 OR l.id IN (SELECT s.log FROM log_schemas s"
                f" WHERE s.schema IN ({', '.join('?' for _ in schemas)})))"
            )
            values += schemas
        return {key for (key,) in self._db.rows(sql, tuple(values))}
