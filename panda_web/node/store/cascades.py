"""What is hidden because something that it leads to is deleted, or hidden itself.

An instance in a view leads, by those of its relations that cascade, to others, in whatever view. It is
hidden where a path of such relations leads from it to an instance that is deleted. So relations in a circle
hide nobody by themselves, and what is not held hides nobody. Nothing is erased: when an update makes the
last such path go, the instance is shown again.

That is kept as it changes: `hidden` holds who is, and the views' tables a copy, for their indexes.
"""

from collections.abc import Set

from panda_web.node.store.counting import ChangeKind, Note
from panda_web.node.store.database import Database
from panda_web.node.store.view_tables import ViewTables

_ABOVE = """
    WITH RECURSIVE above (id) AS (
        {seeds} UNION
        SELECT c.source FROM above JOIN cascades c ON c.target = above.id
        WHERE {hidden} EXISTS (SELECT 1 FROM hidden h WHERE h.instance = c.source)
    ) SELECT id{more} FROM above
"""
"""Some instances, and all that lead to them, each step to one that is hidden, or is not yet."""

_DELETED = (
    "EXISTS (SELECT 1 FROM deletes d JOIN entries t ON t.hash = d.instance AND t.log = d.log"
    " WHERE d.instance = c.target)"
)
"""Nobody deletes what is in another log."""
_SURE = f"""
    WITH RECURSIVE sure (id) AS (
        SELECT h.instance FROM hidden h JOIN cascades c ON c.source = h.instance WHERE h.changing = 1 AND
        ({_DELETED} OR EXISTS (SELECT 1 FROM hidden t WHERE t.instance = c.target AND t.changing = 0))
        UNION SELECT c.source FROM sure JOIN cascades c ON c.target = sure.id
    ) SELECT id FROM sure
"""
"""Of those in question, the ones that lead to a deleted one, or to one whose hiding is not in question."""


class Cascades:
    """Which instances lead where, and which are hidden for it. All of it within transactions.

    What a change costs grows with the number of instances that it hides or shows.
    """

    def __init__(self, database: Database, views: ViewTables) -> None:
        self._db = database
        self._views = views

    def is_hidden(self, instance: bytes) -> bool:
        """Whether an instance is kept from being shown."""
        return self._db.one("SELECT 1 FROM hidden WHERE instance = ?", (instance,)) is not None

    def point(self, source: bytes, targets: Set[bytes]) -> None:
        """An instance, which has a row in a view, leads to these from now on."""
        before = {row[0] for row in self._db.rows("SELECT target FROM cascades WHERE source = ?", (source,))}
        if targets == before:
            return
        for sql, which in (
            ("DELETE FROM cascades WHERE source = ? AND target = ?", before - targets),
            ("INSERT INTO cascades (source, target) VALUES (?, ?)", targets - before),
        ):
            self._db.execute_many(sql, ((source, target) for target in sorted(which)))
        if self.is_hidden(source):
            self._doubt("SELECT ?", source)
            self._settle()
        elif self._is_doomed(source):
            self._hide("SELECT ?", source)

    def ended(self, instance: bytes) -> None:
        """An instance was deleted: those that lead to it are hidden."""
        self._db.execute("DELETE FROM cascades WHERE source = ?", (instance,))
        self._db.execute("DELETE FROM hidden WHERE instance = ?", (instance,))
        seeds = "SELECT source FROM cascades WHERE target = ?"
        if self._db.one(f"{seeds} LIMIT 1", (instance,)) is not None:
            self._hide(seeds, instance)

    def lost(self, instance: bytes) -> None:
        """An instance, whose row is about to go though nobody deleted it, leads nowhere any more."""
        hidden = self.is_hidden(instance)  # else nobody is hidden for it
        if hidden:
            self._doubt("SELECT ?", instance)
        self._db.execute("DELETE FROM cascades WHERE source = ?", (instance,))
        if hidden:
            self._settle()

    def forget(self, table: str) -> None:
        """The rows of a view's table, which is about to go, lead nowhere any more."""
        self._doubt(f"SELECT id FROM {table} WHERE hidden = 1")
        self._db.execute(f"DELETE FROM cascades WHERE source IN (SELECT id FROM {table})")
        self._settle()

    def _is_doomed(self, source: bytes) -> bool:
        sql = (
            "SELECT 1 FROM cascades c WHERE c.source = ?"
            f" AND ({_DELETED} OR EXISTS (SELECT 1 FROM hidden t WHERE t.instance = c.target)) LIMIT 1"
        )
        return self._db.one(sql, (source,)) is not None

    def _hide(self, seeds: str, *values: bytes) -> None:
        above = _ABOVE.format(seeds=seeds, hidden="NOT", more=", 1")
        self._db.execute(f"INSERT OR IGNORE INTO hidden (instance, changing) {above}", values)
        self._copy(hidden=True)
        self._db.execute("UPDATE hidden SET changing = 0 WHERE changing = 1")

    def _doubt(self, seeds: str, *values: object) -> None:
        """Puts in question whether these, and those that lead to them, are to be hidden."""
        above = _ABOVE.format(seeds=seeds, hidden="", more="")
        self._db.execute(f"UPDATE hidden SET changing = 1 WHERE instance IN ({above})", values)

    def _settle(self) -> None:
        """Shows those in question that nothing hides any more."""
        self._db.execute(f"UPDATE hidden SET changing = 0 WHERE changing = 1 AND instance IN ({_SURE})")
        self._copy(hidden=False)
        self._db.execute("DELETE FROM hidden WHERE changing = 1")

    def _copy(self, *, hidden: bool) -> None:
        changing = "FROM hidden h JOIN entries e ON e.hash = h.instance WHERE h.changing = 1"
        for table in self._views.tables():
            self._db.execute(
                f"UPDATE {table} SET hidden = ?"
                f" WHERE (log, created, id) IN (SELECT e.log, e.seq_num, e.hash {changing})",
                (hidden,),
            )
        kind: ChangeKind = "hidden" if hidden else "shown"
        changed = self._db.rows(f"SELECT e.number, e.hash {changing} ORDER BY e.number")
        self._db.note(*(Note(kind, *each) for each in changed))
