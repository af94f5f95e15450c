"""Nodes that are kept alike with each other, for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import SignedEntry
from panda_web.node import Node, Store
from panda_web.rpc.connection import Connection
from panda_web.rpc.methods import GET_ITEMS, GET_LOGS, PUBLISH_ITEMS
from panda_web.rpc.peer import Peer
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.rpc.within import in_process
from panda_web.sync import Platform, Replicating, Source
from tests.authors import Author
from tests.sync.world import PATIENCE, Clock


class Party:
    """A node that is kept alike with others."""

    def __init__(self, path: Path | None = None) -> None:
        self.store = Store(path)
        self.node = Node(self.store, CryptographyVerifier(), version="0")
        self.dispatcher = self.node.dispatcher()
        self.here_peer = in_process(self.dispatcher)
        self.here = Connection(self.here_peer)
        self.clock = Clock()
        self.ways: list[Peer] = [self.here_peer]

    def with_(
        self,
        other: "Party",
        way: Any = None,
        sessions: Reopening | None = None,
        wish: Wish = EVERYTHING,
    ) -> Replicating:
        """What keeps it alike with another one."""
        source = Source(f"node {id(other)}", way or self.to(other), sessions)
        platform = Platform(self.clock.sleep, self.clock)
        return Replicating(self.here, source, self.node.places, self.node.lacks, platform, wish=wish)

    def to(self, other: "Party") -> Reopening:
        """A way to another one, which is closed at the end."""
        way = in_process(other.dispatcher)
        self.ways.append(way)
        return way

    async def write(self, who: Author, count: int = 1) -> None:
        """Somebody publishes something here."""
        for signed, payload in [who.create(n=number) for number in range(count)]:
            await self.node.publish_entry(signed.encoded, payload)

    async def hold(self, *items: tuple[SignedEntry, bytes | None]) -> None:
        """Somebody brings it entries, with payloads or without, which it takes in."""
        found = await self.here.call(
            PUBLISH_ITEMS,
            items=[
                {
                    "entryBytes": signed.encoded.hex(),
                    "payloadBytes": payload.hex() if payload is not None else None,
                }
                for signed, payload in items
            ],
        )
        assert {each.state for each in found} <= {"stored", "held"}

    async def all(self) -> list[tuple[bytes, bytes | None]]:
        """All entries with their payloads."""
        found: list[tuple[bytes, bytes | None]] = []
        for author_, log_id in await heads(self.here):
            start: int | None = 1
            while start is not None:
                items = await self.here.call(
                    GET_ITEMS, author=author_.hex(), logId=log_id, start=start, end=-1, gaps=True
                )
                found += [(each.entry, each.payload) for each in items.entries]
                start = items.next
        return found


async def heads(node: Connection) -> list[tuple[bytes, int]]:
    found = await node.call(GET_LOGS, limit=1000)
    assert not found.more
    return sorted(each.log for each in found.logs)


@asynccontextmanager
async def parties(count: int) -> AsyncIterator[list[Party]]:
    """Some nodes."""
    made = [Party() for _ in range(count)]
    try:
        yield made
    finally:
        for party in made:
            for each in party.ways:
                await each.close()


def run(work: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE * 3):
            await work

    asyncio.run(bounded())
