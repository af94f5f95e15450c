"""The schemas that are registered: ids, in a table that the command writes too."""

from panda_web.node.store.counting import Note
from panda_web.node.store.database import Database


class Registrations:
    """Which schemas are registered, and which are not to be. What that means, `node.schemas` knows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self, *, chosen_only: bool = False) -> tuple[str, ...]:
        """Their ids, in the order in which they were registered.

        Args:
            chosen_only: without those that were registered by themselves.
        """
        which = "NOT dropped AND author IS NULL" if chosen_only else "NOT dropped"
        rows = self._db.rows(f"SELECT schema FROM schemas WHERE {which} ORDER BY number")
        return tuple(schema for (schema,) in rows)

    def choose(self, schema: str) -> None:
        """The administrator registers one; again is no error."""
        self._db.execute(
            "INSERT INTO schemas (schema) VALUES (?)"
            " ON CONFLICT (schema) DO UPDATE SET author = NULL, dropped = 0",
            (schema,),
        )
        self.note()

    def add(self, schema: str, author: bytes, most_of_author: int, most: int) -> None:
        """Registers one by itself.

        Nothing is done where it is registered already, or dropped, or where so many of its author, or of
        all authors, were registered by themselves.
        """
        count = "SELECT count(*) FROM schemas WHERE NOT dropped AND author"
        self._db.execute(
            "INSERT OR IGNORE INTO schemas (schema, author)"
            f" SELECT ?, ? WHERE ({count} = ?) < ? AND ({count} IS NOT NULL) < ?",
            (schema, author, author, most_of_author, most),
        )

    def drop(self, schema: str) -> None:
        """One is registered no longer, and not by itself again."""
        self._db.execute("UPDATE schemas SET dropped = 1 WHERE schema = ?", (schema,))
        self.note()

    def not_registered(self, definitions: str, of_author: int, most: int) -> list[tuple[str, bytes]]:
        """Held definitions under whose ids nothing was ever registered, each with its author.

        Args:
            definitions: the schema that they are messages of.
            of_author: how many of one author are looked at, the first ones in the log.
            most: how many at most, those that came first.
        """
        sql = (
            "SELECT e.hash, l.author FROM log_schemas l JOIN entries e ON e.log = l.log"
            " WHERE l.schema = ? AND e.seq_num <= ? AND typeof(e.payload) <> 'null'"
            " AND NOT EXISTS (SELECT 1 FROM schemas s WHERE s.schema = lower(hex(e.hash)))"
            " ORDER BY e.number LIMIT ?"
        )
        rows = self._db.rows(sql, (definitions, of_author, most))
        return [(entry_hash.hex(), author) for entry_hash, author in rows]

    def note(self) -> None:
        """What is registered, or defined, changes with the transaction under way."""
        self._db.note(Note("schemas"))
