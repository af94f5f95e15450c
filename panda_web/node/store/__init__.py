"""What a node keeps: entries, which are the truth, and views, which can always be rebuilt from them."""

from contextlib import AbstractContextManager
from pathlib import Path

from panda_web.node.store.database import Database
from panda_web.node.store.entries import EntryTable
from panda_web.node.store.views import ViewTables

__all__ = ["Store"]


class Store:
    """A node's storage on SQLite.

    Methods are synchronous; what they did inside `transaction()` stands together or not at all, and is
    acknowledged to nobody before `durable()` was awaited.

    Args:
        path: the database file; None keeps everything in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._database = Database(path)
        self.entries = EntryTable(self._database)
        self.views = ViewTables(self._database)

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing. Raises StoreFailed where SQLite does not obey."""
        return self._database.transaction()

    async def durable(self) -> None:
        """Returns once everything committed before the call survives a power cut."""
        await self._database.durable()

    def close(self) -> None:
        """Closes the database in order."""
        self._database.close()
