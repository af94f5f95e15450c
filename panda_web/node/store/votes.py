"""Votes about forked logs, each with the entry that it is said by. Whose counts is asked in `node.forks`.

A vote counts while its message is held, and where it stands before its own log is condemned. So which of a
voter's counts is a function of what is held.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from panda_web.messages import Vote
from panda_web.node.store.database import Database
from panda_web.node.store.entries import NEVER
from panda_web.rpc.wish import Log

_ABOUT = "author = ? AND log_id = ? AND seq_num = ?"
_COUNTS = "e.state = 0 AND e.seq_num < l.condemned"
_WITH_ENTRY = "CROSS JOIN entries e ON e.number = v.vote CROSS JOIN logs l ON l.id = e.log"


@dataclass(frozen=True, slots=True)
class Cast:
    """Which entry somebody votes for.

    Attributes:
        voter: 32 bytes.
        followed: the entry's hash.
    """

    voter: bytes
    followed: bytes


class VoteTable:
    """Votes by what they are about. All writing is within transactions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, vote: Vote, voter: bytes, at: int, entry_hash: bytes) -> None:
        """Adds a vote.

        Args:
            vote: what it says.
            voter: whose it is.
            at: its seq num in the log of their votes.
            entry_hash: of the entry that says it, which is held.
        """
        self._db.execute(
            "INSERT OR IGNORE INTO votes (author, log_id, seq_num, voter, at, vote, followed)"
            " SELECT ?, ?, ?, ?, ?, number, ? FROM entries WHERE hash = ?",
            (vote.author, vote.log_id, vote.seq_num, voter, at, vote.entry, entry_hash),
        )

    def last_of(self, log: Log, seq_num: int, voters: Iterable[bytes]) -> list[Cast]:
        """The last vote of each of some voters about a place of a log, of those who have one."""
        sql = (
            f"SELECT v.followed FROM votes v {_WITH_ENTRY} WHERE v.author = ? AND v.log_id = ?"
            f" AND v.seq_num = ? AND v.voter = ? AND {_COUNTS} ORDER BY v.at DESC LIMIT 1"
        )
        rows = ((voter, self._db.one(sql, (*log, seq_num, voter))) for voter in voters)
        return [Cast(voter, row[0]) for voter, row in rows if row is not None]

    def some(self, log: Log, seq_num: int, most: int) -> list[Cast]:
        """The last votes about a place of a log, in order of the voters: of so many, those that count."""
        about = f"SELECT * FROM votes WHERE {_ABOUT} ORDER BY voter, at LIMIT ?"
        sql = (
            f"SELECT v.voter, v.followed FROM ({about}) v"
            f" {_WITH_ENTRY} WHERE {_COUNTS} ORDER BY v.voter, v.at"
        )
        rows = self._db.rows(sql, (*log, seq_num, most))
        return [*{voter: Cast(voter, followed) for voter, followed in rows}.values()]

    def log_of(self, instance: bytes) -> int | None:
        """The key of the log that a vote is about, if that is held and condemned."""
        sql = (
            "SELECT l.id FROM votes v CROSS JOIN logs l ON l.author = v.author AND l.log_id = v.log_id"
            " WHERE v.vote = (SELECT number FROM entries WHERE hash = ?) AND l.condemned < ?"
        )
        row = self._db.one(sql, (instance, NEVER))
        return row[0] if row else None

    def logs_of(self, voters: Iterable[bytes]) -> Iterator[int]:
        """The keys of the logs that somebody votes about, of those that are held and condemned."""
        sql = (
            "SELECT DISTINCT l.id FROM votes v CROSS JOIN logs l"
            " ON l.author = v.author AND l.log_id = v.log_id WHERE v.voter = ? AND l.condemned < ?"
        )
        for voter in voters:
            yield from [key for (key,) in self._db.rows(sql, (voter, NEVER))]
