"""A node's store whose SQLite can be watched, as SQLite itself lets anybody watch a connection.

For what only SQLite knows: which statements it is asked, by which plan, in how many steps; for what is put into
its tables by the million; and for faults of a disk.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from panda_web import node
from panda_web.node.aside import Aside, here
from panda_web.node.store import Settings
from panda_web.node.store.settings import SERVER


class Store(node.Store):
    """The store as it is, and the connection by which it writes.

    Args:
        path: as a store takes it.
        aside: likewise.
        settings: likewise.
        connection: the class of its connections.
        clock: as a store takes it.

    Attributes:
        sqlite: that connection.
    """

    def __init__(
        self,
        path: Path | None = None,
        aside: Aside = here,
        settings: Settings = SERVER,
        *,
        connection: type[sqlite3.Connection] = sqlite3.Connection,
        clock: Callable[[], float] = time.time,
    ) -> None:
        opened: list[sqlite3.Connection] = []
        connect = sqlite3.connect

        def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
            opened.append(connect(*arguments, **options, factory=connection))
            return opened[-1]

        with patch.object(sqlite3, "connect", watched):
            super().__init__(path, aside, settings, clock)
        self.sqlite = opened[0]


def steps(connection: sqlite3.Connection, work: Callable[[], object]) -> int:
    """Steps of SQLite's machine that the work takes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(step, 1)
    try:
        work()
    finally:
        connection.set_progress_handler(None, 0)
    return count
