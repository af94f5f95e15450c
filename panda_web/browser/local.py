"""The node in the tab: the same Node and Store that a server runs, beside the client, in one worker.

A worker has no threads, and nobody else opens its files: so nothing is done aside, and SQLite needs no shared
memory, which the file systems of a tab do not have.
"""

import asyncio
from typing import TYPE_CHECKING

from panda_web import __version__
from panda_web.keys import Verifier
from panda_web.node import Node, Store
from panda_web.node.forks.trusting import Trust
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.peer import Peer
from panda_web.rpc.within import in_process

if TYPE_CHECKING:  # needs a browser to import
    from panda_web.browser.disk import Disk

NAME = "panda"
"""Of this site's database."""

PAUSE = 60.0
"""Seconds between two looks at the database, to which nobody else writes, and until a view that failed is
tried again."""


class LocalNode:
    """A node in this worker.

    Args:
        disk: where its database is; it is closed with the node.
        verifier: checks signatures.

    Attributes:
        store: where it keeps all.
        node: the node.
        disk: as it was given.
        name: what clients call it by, which is another one for another database: what was sent to one that
            was lost was not sent to this one.

    Raises:
        StoreFailed: the database cannot be opened there.
    """

    def __init__(self, disk: "Disk", verifier: Verifier) -> None:
        self.disk = disk
        self.store = Store(disk.path, settings=disk.settings)
        trust = Trust(self.store.trusted.get().voters)
        self.node = Node(self.store, verifier, version=__version__, trust=trust)
        self.name = f"local:{self.store.feed.store.hex()}"
        self._forgotten = False
        self._watching = asyncio.ensure_future(self.node.watch(PAUSE))

    def dispatcher(self) -> Dispatcher:
        """The methods that it answers."""
        return self.node.dispatcher()

    def peer(self) -> Peer:
        """A way to call it, for `Client(...)`; whoever asked for it closes it."""
        return in_process(self.dispatcher())

    async def lost(self) -> None:
        """Returns once this tab does not have the database any more; what is written here is refused then."""
        await self.disk.taken.wait()

    async def forget(self) -> None:
        """Ends what is under way, and takes the database away, with all that is in it: `lost` returns.

        Raises:
            StoreFailed: the browser does not obey, so some of it may be left.
        """
        if not self._forgotten:
            self._forgotten = True
            await self._end()
            await self.disk.forget()

    async def close(self) -> None:
        """Ends what is under way, and closes the file in order."""
        if not self._forgotten:
            await self._end()
            await self.disk.close()

    async def _end(self) -> None:
        self._watching.cancel()
        await asyncio.wait([self._watching])
        await self.node.finish()
        self.store.close()
