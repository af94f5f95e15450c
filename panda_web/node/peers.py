"""The peers of a node in its store: who they are, how it goes with them, which of them others are told."""

from collections.abc import Callable
from time import time

from panda_web.node.groups import Groups
from panda_web.node.store import Store
from panda_web.rpc.peers import MOST_PEERS, KnownPeer, Peer

RECENT = 7 * 24 * 3600
"""Seconds since the last contact with a peer until others are told of it no more."""


class KeptPeers:
    """The peers of a node.

    Args:
        store: the node's.
        write: its way to write.
        clock: gives the seconds since 1970.
    """

    def __init__(self, store: Store, write: Groups, clock: Callable[[], float] = time) -> None:
        self._store = store
        self._write = write
        self._clock = clock

    def all(self) -> list[Peer]:
        """All of them; those in contact last come first. Raises StoreFailed."""
        return self._store.peers.all()

    async def put(self, peer: Peer) -> None:
        """Keeps how it goes with one, and returns once it is durable. Raises StoreFailed."""
        await self._write(lambda: self._store.peers.put(peer))

    async def drop(self, url: str) -> None:
        """Forgets one. Raises StoreFailed."""
        await self._write(lambda: self._store.peers.drop(url))

    def told(self) -> list[KnownPeer]:
        """Those that others are told of: public ones, that answered within a week."""
        from panda_web.rpc.public import public_address  # seldom asked for, and in a tab never

        since = self._clock() - RECENT
        return [
            KnownPeer(each.url, int(each.last_contact))
            for each in self.all()
            if each.last_contact is not None
            and each.last_contact >= since
            and public_address(each.url) is not None
        ][:MOST_PEERS]
