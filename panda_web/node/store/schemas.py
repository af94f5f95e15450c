"""The schemas that the node's administrator has registered: ids, in a table that the command writes too."""

from panda_web.node.store.database import Database


class SchemaTable:
    """Which schemas are registered. What that means, `node.schemas` knows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> tuple[str, ...]:
        """Their ids, in the order in which they were registered."""
        return tuple(schema for (schema,) in self._db.rows("SELECT schema FROM schemas ORDER BY number"))

    def add(self, schema: str) -> None:
        """Registers one; again is no error."""
        self._db.execute("INSERT OR IGNORE INTO schemas (schema) VALUES (?)", (schema,))

    def remove(self, schema: str) -> None:
        """Forgets that it was registered."""
        self._db.execute("DELETE FROM schemas WHERE schema = ?", (schema,))
