"""The nodes that a served one is kept alike with: `panda serve --peer URL`, and what is said of each."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from panda_web.cli.output import say
from panda_web.node import Node
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.websocket import over_websocket
from panda_web.rpc.within import in_process
from panda_web.sync import Contact, Platform, Replicating, Source


class Said:
    """Says on standard error how it goes with a peer, whenever that comes to be otherwise.

    Args:
        url: of the peer.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._last = ""

    def __call__(self, contact: Contact) -> None:
        """How it goes now."""
        if contact.error is not None:
            self._say(str(contact.error))
        elif contact.as_of is not None:
            self._say(f"reached; {contact.brought:,} entries came from it, {contact.sent:,} went there.")

    def _say(self, what: str) -> None:
        kind = what.partition(";")[0]
        if kind != self._last:
            self._last = kind
            say(f"Peer {self._url}: {what}")


@asynccontextmanager
async def kept_alike(node: Node, urls: Sequence[str]) -> AsyncIterator[None]:
    """Keeps a node alike with others as long as the block lasts.

    Raises:
        NodeAddressWrong: one of the addresses is none.
    """
    if not urls:
        yield
        return
    here = Connection(in_process(node.dispatcher()))
    platform = Platform(asyncio.sleep, time.time)
    async with AsyncExitStack() as ends:
        ends.push_async_callback(here.close)
        working = []
        for url in dict.fromkeys(urls):
            source = Source(url, HttpTransport(url), over_websocket(f"ws{url.removeprefix('http')}"))
            each = Replicating(here, source, node.places, platform, Said(url))
            ends.push_async_callback(each.close)
            working.append(asyncio.create_task(each.run()))
        try:
            yield
        finally:
            for task in working:
                task.cancel()
            await asyncio.wait(working)
