"""What is not held of logs: gaps between entries, and payloads that never came. And what came late.

A payload that was dropped, or deleted by its author, is no lack: nobody wants it back.
"""

from collections.abc import Iterator

from panda_web.node.store.database import Database
from panda_web.node.store.entries import HELD, NEVER_HELD

_STAYS = (
    "NOT EXISTS (SELECT 1 FROM deletes d WHERE d.instance = e.hash AND d.log = e.log)"
    " AND NOT EXISTS (SELECT 1 FROM dropped d WHERE d.subject = e.hash AND d.log = e.log)"
)
"""Of an instance that was deleted, or dropped here, the payload of its create goes as soon as it comes."""


class LackTable:
    """Reads it from what `store.entries` keeps. Reading sees the snapshot that it is read in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def last_log(self) -> int:
        """The greatest key of a log; 0 where there is none."""
        return int(self._db.one("SELECT coalesce(max(id), 0) FROM logs")[0])

    def logs(self, behind: int, until: int, *, payloads: bool) -> list[tuple[int, bytes, int, int]]:
        """Logs of which something may be lacking: key, author, log id, and the seq num of the end.

        Args:
            behind: the key of the log behind which to look.
            until: that of the last one.
            payloads: whether a payload that never came counts.
        """
        sql = (
            "SELECT l.id, l.author, l.log_id, l.seq_num FROM logs l WHERE l.id > ? AND l.id <= ?"
            " AND (l.held - l.second < l.seq_num OR (? OR l.log_id % 2 = 0) AND EXISTS"
            f" (SELECT 1 FROM entries e WHERE e.log = l.id AND e.state = {NEVER_HELD}))"
            " ORDER BY l.id"
        )
        return list(self._db.rows(sql, (behind, until, payloads)))

    def gaps(self, log_key: int, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Where no entry is held of a log from one seq num to another, up to its end at most; ascending."""
        held = "SELECT 1 FROM entries n WHERE n.log = e.log AND n.seq_num = e.seq_num + 1"
        rest = "SELECT min(n.seq_num) FROM entries n WHERE n.log = ? AND n.seq_num >= ?"
        (begin,) = self._db.one(rest, (log_key, first))
        if begin > first:
            yield first, min(last, begin - 1)
        sql = (
            "SELECT DISTINCT e.seq_num + 1 FROM entries e WHERE e.log = ? AND e.seq_num BETWEEN ? AND ?"
            f" AND NOT EXISTS ({held}) ORDER BY e.seq_num"
        )
        for (start,) in self._db.rows(sql, (log_key, first, last - 1)):
            (until,) = self._db.one(rest, (log_key, start))
            yield start, min(last, until - 1)

    def bare(self, log_key: int, first: int, last: int, most: int) -> list[tuple[int, bytes]]:
        """The entries of a log, from one seq num to another, whose payloads never came; ascending.

        There are no more than `most`: then there may be others behind the last one.
        """
        sql = (
            f"SELECT e.seq_num, e.entry FROM entries e WHERE e.log = ? AND e.state = {NEVER_HELD}"
            f" AND e.seq_num BETWEEN ? AND ? AND {_STAYS} ORDER BY e.seq_num LIMIT ?"
        )
        return list(self._db.rows(sql, (log_key, first, last, most)))

    def late(self, behind: int, until: int) -> Iterator[tuple[bytes, int, int, bool]]:
        """What came in some changes and is no growth.

        That is: payloads of entries that were held before, and entries before the end that their log had
        then. Given are author, log id and seq num, and whether the payload is held.

        Args:
            behind: the number of the change behind which to look.
            until: that of the last one.
        """
        sql = (
            "SELECT e.log, l.author, l.log_id, e.seq_num, e.number, e.state, c.kind FROM changes c"
            " CROSS JOIN entries e ON e.number = c.entry CROSS JOIN logs l ON l.id = e.log"
            f" WHERE c.number > ? AND c.number <= ? AND (c.kind = 0 OR c.kind = 2 AND e.state = {HELD})"
            " ORDER BY c.number"
        )
        before = "SELECT seq_num FROM entries WHERE log = ? AND number < ? ORDER BY seq_num DESC LIMIT 1"
        ends: dict[int, int] = {}
        for key, author, log_id, seq_num, number, state, kind in list(self._db.rows(sql, (behind, until))):
            if kind == 0 and key not in ends:
                ends[key] = (self._db.one(before, (key, number)) or (0,))[0]
            if kind or seq_num < ends[key]:
                yield author, log_id, seq_num, state == HELD
