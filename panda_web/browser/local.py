"""The node in the tab: the same Node and Store that a server runs, beside the client, in one worker.

A worker has no threads, and nobody else opens its files: so nothing is done aside, and SQLite needs no shared
memory, which the file systems of a tab do not have.
"""

from pathlib import Path

from panda_web import __version__
from panda_web.keys import Verifier
from panda_web.node import Node, Store
from panda_web.node.store import Settings
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.peer import Peer
from panda_web.rpc.within import in_process

SETTINGS = Settings(exclusive=True)


class LocalNode:
    """A node in this worker.

    Args:
        path: its database file; None keeps it in memory.
        verifier: checks signatures.
        settings: what the file system there wants of SQLite.

    Attributes:
        node: the node.
    """

    def __init__(self, path: Path | None, verifier: Verifier, settings: Settings = SETTINGS) -> None:
        self._store = Store(path, settings=settings)
        self.node = Node(self._store, verifier, version=__version__)

    def dispatcher(self) -> Dispatcher:
        """The methods that it answers."""
        return self.node.dispatcher()

    def peer(self) -> Peer:
        """A way to call it, for `Client(...)`; whoever asked for it closes it."""
        return in_process(self.dispatcher())

    async def close(self) -> None:
        """Ends what is under way, and closes the file in order."""
        await self.node.finish()
        self._store.close()
