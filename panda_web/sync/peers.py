"""The nodes that one is kept alike with: named by whoever runs it, found near, or told of by others.

A peer is trusted with nothing. One that another told of is called at public addresses only (`rpc.public`).
Each peer can tell of a few, and all together of some more, so nobody fills the list alone. One that was told
of, and then cannot be reached for long, or gives what is nothing, makes room for others; one that was named
stays, whatever it does.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from panda_web.errors import PandaError, StoreFailed
from panda_web.rpc.connection import Connection
from panda_web.rpc.methods import GET_PEERS
from panda_web.rpc.peers import Found, Peer
from panda_web.rpc.public import NodeNotPublic, public_address
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.sync.errors import PartnerTooOld, SourceUnsound
from panda_web.sync.lacks import Lacks
from panda_web.sync.places import Places
from panda_web.sync.replicating import Contact, Replicating
from panda_web.sync.rounds import Platform
from panda_web.sync.source import Source

logger = logging.getLogger(__name__)

MOST_TOLD = 16
"""Peers at a time that others told of."""

MOST_OF_ONE = 4
"""Of these, peers that one peer told of."""

MOST_NEAR = 16
"""Peers at a time that were found in the local network."""

ASK_PEERS = 3600.0
"""Seconds between two questions to a peer which others it knows."""

GIVEN_UP = 24 * 3600.0
"""Seconds for which a peer that others told of may be out of reach; and for which one that was given up, or
gave what is nothing, is not tried again."""

MOST_GIVEN_UP = 1000
"""Addresses of which it is remembered that they were given up."""

KEEP_SECONDS = 2.0
"""Between two times at which it is kept how it goes, while that changes."""

LOOK_SECONDS = 60.0
"""Between two looks at what is due, while nothing changes."""


class Kept(Protocol):
    """Where it is kept who the peers are, and how it goes with them."""

    def all(self) -> list[Peer]:
        """Those that were kept. Raises StoreFailed."""

    async def put(self, peer: Peer) -> None:
        """Keeps how it goes with one. Raises StoreFailed."""

    async def drop(self, url: str) -> None:
        """Forgets one. Raises StoreFailed."""


@dataclass(eq=False, slots=True)
class _Kept:
    """A peer, and what is under way with it."""

    now: Peer
    before: Peer
    teller: str
    source: Source
    replicating: Replicating
    since: float
    task: "asyncio.Task[None] | None" = None
    asked: float | None = None
    noted: bool = True


class Peers:
    """Keeps a node alike with its peers.

    Args:
        here: the node.
        places: where it goes on with each; they lie beside what the node holds.
        lacks: what the node lacks.
        kept: where it is kept who they are.
        reach: gives the node at an address, by how it was found. Raises PandaError where it can be none.
        platform: where it runs.
        wish: what the node wishes to hold of what they have.
        finds: whether peers are asked for others.
        told: told of each how it goes, whenever that changes.
    """

    def __init__(
        self,
        here: Connection,
        places: Places,
        lacks: Lacks,
        kept: Kept,
        reach: Callable[[str, Found], Source],
        platform: Platform,
        *,
        wish: Wish = EVERYTHING,
        finds: bool = False,
        told: Callable[[str, Contact], object] = lambda *_: None,
    ) -> None:
        self._here = here
        self._places = places
        self._lacks = lacks
        self._wish = wish
        self._kept = kept
        self._reach = reach
        self._platform = platform
        self._finds = finds
        self._told = told
        self._peers: dict[str, _Kept] = {}
        self._given_up: dict[str, float] = {}
        self._gone: set[str] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    @property
    def all(self) -> list[Peer]:
        """Each as it goes with it now."""
        return [each.now for each in self._peers.values()]

    def add(self, url: str, found: Found, teller: str = "") -> bool:
        """Begins to keep the node alike with another one; False where there is no room for it, or it is one.

        Raises:
            NodeAddressWrong: the address is none.
        """
        known = self._peers.get(url)
        if known is not None:
            if found == "named":  # and so it stays
                known.now, known.noted = replace(known.now, found=found), False
            return False
        if not self._has_room(found, teller):
            return False
        source = self._reach(url, found)
        before = next((each for each in self._kept.all() if each.url == url), Peer(url, found))
        before = replace(before, found=found)
        replicating = Replicating(
            self._here,
            source,
            self._places,
            self._lacks,
            self._platform,
            lambda contact: self._note(url, contact),
            self._wish,
        )
        new = _Kept(before, before, teller, source, replicating, self._platform.clock(), noted=False)
        self._peers[url] = new
        new.task = asyncio.create_task(replicating.run())
        self._changed.set()
        return True

    def remove(self, url: str, found: Found) -> None:
        """Ends it with one that was found so, and is a peer no more: what came from it stays."""
        gone = self._peers.get(url)
        if gone is not None and gone.now.found == found:
            del self._peers[url]
            self._gone.add(url)
            self._end(gone)
            self._changed.set()

    async def run(self) -> None:
        """Keeps how it goes, and finds others; without end. What is under way is ended with it."""
        try:
            self._begin()
            while True:
                self._changed.clear()
                await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._changed.wait()
                        await self._platform.sleep(KEEP_SECONDS)
        finally:
            for each in self._peers.values():
                self._end(each)
            self._peers.clear()
            if self._ending:
                await asyncio.wait(self._ending)

    def _begin(self) -> None:
        """Goes on with those that were found before, as far as it does; of the others nothing is kept."""
        for peer in self._kept.all():
            again = self._finds and peer.found == "told" and public_address(peer.url) == peer.url
            if again:
                self.add(peer.url, "told")
            if peer.url not in self._peers:
                self._gone.add(peer.url)

    # -- how it goes ---------------------------------------------------------------------------------

    def _note(self, url: str, contact: Contact) -> None:
        peer = self._peers.get(url)
        if peer is None:
            return
        before = peer.before
        peer.now = replace(
            peer.now,
            last_contact=contact.as_of if contact.as_of is not None else before.last_contact,
            brought=before.brought + contact.brought,
            sent=before.sent + contact.sent,
            refused=before.refused + contact.refused,
            wrong=None if contact.error is None else str(contact.error),
        )
        peer.noted = False
        if contact.error is not None and peer.now.found == "told" and self._is_given_up(peer, contact.error):
            self._give_up(url)
        self._changed.set()
        self._told(url, contact)

    def _is_given_up(self, peer: _Kept, error: PandaError) -> bool:
        if isinstance(error, SourceUnsound | PartnerTooOld | NodeNotPublic):
            return True
        last = max(peer.since, peer.now.last_contact or 0)
        return self._platform.clock() > last + GIVEN_UP

    def _give_up(self, url: str) -> None:
        self._given_up.pop(url, None)
        self._given_up[url] = self._platform.clock()
        if len(self._given_up) > MOST_GIVEN_UP:
            del self._given_up[next(iter(self._given_up))]
        self.remove(url, "told")

    def _end(self, peer: _Kept) -> None:
        async def end() -> None:
            if peer.task is not None:
                peer.task.cancel()
                await asyncio.wait([peer.task])
            await peer.replicating.close()

        ending = asyncio.create_task(end())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    # -- who they are ----------------------------------------------------------------------------------

    def _has_room(self, found: Found, teller: str) -> bool:
        if found == "named":
            return True
        same = [each for each in self._peers.values() if each.now.found == found]
        if found == "near":
            return len(same) < MOST_NEAR
        return len(same) < MOST_TOLD and sum(each.teller == teller for each in same) < MOST_OF_ONE

    async def _look(self) -> None:
        try:
            for peer in [*self._peers.values()]:
                if not peer.noted:
                    peer.noted = True
                    await self._kept.put(peer.now)
            while self._gone:
                url = self._gone.pop()
                if url not in self._peers:
                    await self._kept.drop(url)
        except StoreFailed as error:  # a disk that is full goes on replicating what it can
            logger.warning("It cannot be kept how it goes with the peers: %s", error)
        if self._finds:
            for peer in [*self._peers.values()]:
                await self._ask(peer)

    async def _ask(self, peer: _Kept) -> None:
        now = self._platform.clock()
        asked_lately = peer.asked is not None and now < peer.asked + ASK_PEERS
        if asked_lately or peer.replicating.contact.as_of is None:
            return
        peer.asked = now
        try:
            known = await Connection(peer.source.way).call(GET_PEERS)
            self._learn(peer.now.url, (each.url for each in known))
        except PandaError:
            return  # an earlier version, perhaps; how it goes with it is told elsewhere

    def _learn(self, teller: str, urls: Iterable[str]) -> None:
        now = self._platform.clock()
        for each in urls:
            url = public_address(each)
            if url is None or now < self._given_up.get(url, 0.0) + GIVEN_UP:
                continue
            self._given_up.pop(url, None)
            self.add(url, "told", teller)
