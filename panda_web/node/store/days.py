"""On which day an entry came, by this node's clock: one row for each day, and nothing for each entry."""

from collections.abc import Callable

from panda_web.node.store.database import Database

DAY = 86_400
"""Seconds."""


class Days:
    """Knows of entries, which are numbered as they come, how old they are.

    Args:
        database: where that is kept.
        clock: gives the seconds since 1970. Where it is set back, entries count as younger than they are.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._db = database
        self._clock = clock
        self._noted = False

    def begin(self) -> None:
        """Begins a group, or a work of it: what was noted may have been undone."""
        self._noted = False

    def count(self, number: int) -> None:
        """An entry comes, within a work."""
        if not self._noted:
            self._noted = True
            sql = "INSERT OR IGNORE INTO days (day, before) VALUES (?, ?)"
            self._db.execute(sql, (self._today(), number - 1))

    def came_before(self, days: int) -> int:
        """The number up to which entries came at least so many days ago, and a part of one; 0 for none."""
        sql = "SELECT min(before) FROM days WHERE day >= ?"
        (found,) = self._db.one(sql, (self._today() - days,))
        if found is None:
            (found,) = self._db.one("SELECT max(number) FROM entries")
        return int(found or 0)

    def _today(self) -> int:
        return int(self._clock() // DAY)
