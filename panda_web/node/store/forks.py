"""Logs of which it is proven that their authors broke them, and what is held behind that."""

from collections.abc import Iterator
from typing import Any

from panda_web.log import VerifiedEntry, recall
from panda_web.node.store.database import Database
from panda_web.node.store.entries import LOG, NEVER, LogRow
from panda_web.rpc.wish import Log


class ForkTable:
    """Reads them from what `store.entries` keeps."""

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

    def condemned_about(self, log_key: int, above: int, most: int) -> list[tuple[int, bytes]]:
        """What entries of a log are about, each with its seq num, from where it is condemned on.

        Args:
            log_key: the log's.
            above: only what stands above this seq num.
            most: how many entries, and what else stands in the slot of the last one.
        """
        sql = (
            "SELECT seq_num, instance FROM entries WHERE log = ? AND {} AND seq_num >="
            " (SELECT condemned FROM logs WHERE id = ?) AND instance <> x'' ORDER BY seq_num LIMIT ?"
        )
        found = list(self._db.rows(sql.format("seq_num > ?"), (log_key, above, log_key, most)))
        if len(found) < most:
            return found
        last, _ = found[-1]
        in_slot = self._db.rows(sql.format("seq_num = ?"), (log_key, last, log_key, -1))
        return [*(each for each in found if each[0] < last), *in_slot]
