"""What a node keeps: entries, which are the truth, and views, which can always be rebuilt from them."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from panda_web.node.aside import Aside, here
from panda_web.node.store.cascades import Cascades
from panda_web.node.store.changes import Feed
from panda_web.node.store.database import Database
from panda_web.node.store.days import Days
from panda_web.node.store.dropped import DroppedTable
from panda_web.node.store.earlier import Earlier
from panda_web.node.store.ends import EndTable
from panda_web.node.store.entries import EntryTable
from panda_web.node.store.forks import ForkTable
from panda_web.node.store.indexes import Indexes
from panda_web.node.store.lacks import LackTable
from panda_web.node.store.peers import PeerTable
from panda_web.node.store.places import PlaceTable
from panda_web.node.store.registrations import Registrations
from panda_web.node.store.room import Room
from panda_web.node.store.settings import SERVER, Settings
from panda_web.node.store.trusted import TrustedTable
from panda_web.node.store.view_tables import ViewTables
from panda_web.node.store.votes import VoteTable
from panda_web.node.store.writing import Writing

__all__ = ["Settings", "Store"]

T = TypeVar("T")


class Store:
    """A node's storage on SQLite.

    Methods are synchronous, but for the two that wait for the disk. Writing is done in groups, one at a
    time: `begin()`, any number of `transaction()`, each of which stands or falls alone, and `durable()`,
    which is awaited before anything is acknowledged to anybody. Outside of `transaction()` nothing is seen
    of a group before it is durable.

    Args:
        path: the database file; None keeps everything in memory.
        aside: where the disk is waited for, and read what may take long.
        settings: what the platform wants of SQLite.
        clock: gives the seconds since 1970.
    """

    def __init__(
        self,
        path: Path | None = None,
        aside: Aside = here,
        settings: Settings = SERVER,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = Database(path, aside, settings)
        self.feed = Feed(self._database)
        self.entries = EntryTable(self._database)
        self.forks = ForkTable(self._database)
        self.votes = VoteTable(self._database)
        self.ends = EndTable(self._database)
        self.days = Days(self._database, clock)
        self.lacks = LackTable(self._database)
        self.writing = Writing(self._database, self.days)
        self.dropped = DroppedTable(self._database)
        self.room = Room(self._database)
        self.indexes = Indexes(self._database)
        self.views = ViewTables(self._database, self.indexes.uses)
        self.registrations = Registrations(self._database)
        self.places = PlaceTable(self._database)
        self.peers = PeerTable(self._database)
        self.trusted = TrustedTable(self._database)
        self.cascades = Cascades(self._database, self.views)
        self.earlier = Earlier()

    async def begin(self) -> None:
        """Begins a group. Raises StoreFailed."""
        self.room.begin()
        self.days.begin()
        await self._database.begin()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, within a group. Raises StoreFailed where SQLite does not obey."""
        with self._database.transaction(), self.room.work():
            try:
                yield
            except BaseException:
                self.days.begin()
                raise

    async def durable(self) -> None:
        """Ends a group; returns once all of it survives a power cut.

        Raises:
            StoreFailed: nothing of the group is stored.
        """
        self.room.end()
        await self._database.durable()

    def at_once(self, work: Callable[[], T]) -> T:
        """The same for one transaction, before anything else runs. Raises StoreFailed."""
        return self._database.at_once(work)

    def tell(self, told: Callable[[frozenset[str]], object]) -> None:
        """Has somebody called after each commit that something was noted in, with the kinds of all that was.

        These are the kinds of changes, "schemas": what is registered or defined changed, "views": one came
        into place, or went, and "recounts": it is to be found out anew what counts of a log.
        """
        self._database.told.append(told)

    async def notice_others(self, pause: float) -> None:
        """Looks without end whether another program wrote to the database; tells of it as of a commit.

        Args:
            pause: seconds between two looks. Each group looks as well, before it begins.
        """
        await self._database.notice_others(pause)

    def snapshot(self) -> AbstractContextManager[None]:
        """What is read within is one state, that of one commit. Raises StoreFailed."""
        return self._database.snapshot()

    async def read(self, work: Callable[[], T], turn: AbstractAsyncContextManager[None] | None = None) -> T:
        """What the work gives, which may take long; within it, this store shows the state of one commit.

        Args:
            work: reads.
            turn: what it waits for where it does take long; None for nothing.

        Raises:
            QueryTooExpensive: it took too long.
            StoreFailed: the database cannot be read.
        """
        return await self._database.readings(work, turn)

    def close(self) -> None:
        """Closes the database in order."""
        self._database.close()
