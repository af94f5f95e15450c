"""What other nodes hold of one author's logs, brought to one: before a key that was restored signs anything.

Another copy of the key may have written where this node was not told of it. Whoever signs without that signs
a slot twice, and a fork is for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from panda_web.errors import PandaError
from panda_web.rpc.connection import Connection, Way
from panda_web.rpc.errors import NodeSilent
from panda_web.rpc.methods import GET_LOGS
from panda_web.sync.listing import listed
from panda_web.sync.pushing import Pushing

PATIENCE = 20.0
"""Seconds that one node has for all that it holds of an author."""


async def gather(
    author: bytes,
    elsewhere: Mapping[str, Way],
    node: Way,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Mapping[str, PandaError]:
    """Brings to a node what others hold of an author's logs, and it lacks.

    Args:
        author: 32 bytes.
        elsewhere: the other nodes, by their addresses.
        node: takes it in, and verifies it.
        sleep: waits for some seconds.

    Returns:
        Of those that could not be asked, or not to an end, why.

    Raises:
        CallFailed: the node itself cannot be asked, so it would take in nothing.
    """
    await Connection(node).call(GET_LOGS, authors=[author.hex()], limit=1)

    async def bring(url: str, way: Way) -> PandaError | None:
        there = Connection(way)
        try:
            async with asyncio.timeout(PATIENCE):
                logs = await listed(there, authors=[author.hex()])
                await Pushing(there, Connection(node), sleep).logs(logs)
        except TimeoutError:
            return NodeSilent(f"The node {url} did not give all that it has within {PATIENCE:g} s.")
        except PandaError as error:
            return error
        return None

    why = await asyncio.gather(*(bring(url, way) for url, way in elsewhere.items()))
    return {url: each for url, each in zip(elsewhere, why, strict=True) if each is not None}
