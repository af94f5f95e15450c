"""The nodes that a served one is kept alike with, and `panda peers`, which shows them."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from panda_web.cli.options import Data, NodeAny, folder_or_node
from panda_web.cli.output import run, say
from panda_web.cli.running import folder_at
from panda_web.cli.shown import Format, printer
from panda_web.cli.store import store_here
from panda_web.node import Node
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.jsonrpc import PEER_PARTS
from panda_web.rpc.methods import GET_PEERS
from panda_web.rpc.peer import Exchange
from panda_web.rpc.peers import Found
from panda_web.rpc.public import is_public
from panda_web.rpc.session import OF_A_PEER
from panda_web.rpc.transport import MAX_OF_PEER
from panda_web.rpc.types import Json
from panda_web.rpc.websocket import over_websocket
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.rpc.within import in_process
from panda_web.sync import Contact, Platform, Source
from panda_web.sync.peers import Peers


@dataclass(frozen=True, slots=True)
class Network:
    """Which nodes a served one is kept alike with.

    Attributes:
        peers: their addresses.
        finds: whether they are asked for others.
        mdns: whether others are looked for in the local network, and told of this one.
        wish: what of all that they have is asked for.
    """

    peers: Sequence[str] = ()
    finds: bool = False
    mdns: bool = False
    wish: Wish = EVERYTHING


FOUND = {"named": "--peer", "told": "--find-peers", "near": "--mdns"}
"""The option by which a node came to have a peer."""


def peers(
    context: typer.Context,
    *,
    format: Annotated[
        Format | None, typer.Option(help="Default: a table in a terminal, jsonl elsewhere.")
    ] = None,
    node: NodeAny = None,
    data: Data = None,
) -> None:
    """Shows the nodes that a node is kept alike with: last contact, what was exchanged, what went wrong.

    Of a node on another machine it shows what that one tells: public peers that answered within a week.
    """
    folder, url = folder_or_node(context, data, node)
    if folder is None and url is not None and folder_at(url) is None:

        async def ask(url: str) -> list[dict[str, Json]]:
            connection = Connection(HttpTransport(url))
            try:
                known = await connection.call(GET_PEERS)
            finally:
                await connection.close()
            return [{"url": each.url, "lastContact": _when(each.last_contact)} for each in known]

        rows = run(ask(url))
    else:
        with store_here(context, data, node) as store:
            rows = [
                {
                    "url": each.url,
                    "by": FOUND[each.found],
                    "lastContact": _when(each.last_contact),
                    "brought": each.brought,
                    "sent": each.sent,
                    "refused": each.refused,
                    "wrong": each.wrong,
                }
                for each in store.peers.all()
            ]
    chosen = format or ("table" if sys.stdout.isatty() else "jsonl")
    out = printer(chosen, [*rows[0]] if rows else None, list, {})
    out.rows(rows)
    out.end()
    if not rows:
        say("It has no peers. `panda serve --peer URL` names some.")


def _when(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Said:
    """Says on standard error how it goes with peers, whenever that comes to be otherwise."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def __call__(self, url: str, contact: Contact) -> None:
        """How it goes with one now."""
        if contact.error is not None:
            self._say(url, str(contact.error))
        elif contact.as_of is not None:
            self._say(url, f"reached; {contact.brought:,} entries came from it, {contact.sent:,} went there.")

    def _say(self, url: str, what: str) -> None:
        kind = what.partition(";")[0]
        if kind != self._last.get(url):
            self._last[url] = kind
            say(f"Peer {url}: {what}")


def reach(url: str, found: Found) -> Source:
    """The node at an address; one that others told of at public addresses only. Raises NodeAddressWrong."""
    allowed = is_public if found == "told" else None
    sessions = over_websocket(f"ws{url.removeprefix('http')}", allowed, OF_A_PEER)
    return Source(url, Exchange(HttpTransport(url, allowed=allowed, most=MAX_OF_PEER), PEER_PARTS), sessions)


@asynccontextmanager
async def kept_alike(node: Node, network: Network, port: int, *, reached: bool) -> AsyncIterator[None]:
    """Keeps a node alike with others as long as the block lasts.

    Args:
        node: it.
        network: which others.
        port: where this one listens.
        reached: whether other machines reach it there.

    Raises:
        NodeAddressWrong: one of the addresses is none.
    """
    here = Connection(in_process(node.dispatcher()))
    platform = Platform(asyncio.sleep, time.time)
    kept = Peers(
        here,
        node.places,
        node.lacks,
        node.peers,
        reach,
        platform,
        wish=network.wish,
        finds=network.finds,
        told=Said(),
    )
    async with AsyncExitStack() as ends:
        ends.push_async_callback(here.close)
        for url in network.peers:
            kept.add(url, "named")
        working = asyncio.create_task(kept.run())
        ends.push_async_callback(_ended, working)
        if network.mdns:
            from panda_web.cli.mdns import nearby  # loads what seldom is wanted

            await ends.enter_async_context(nearby(kept, node.id, port if reached else None))
        yield


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
