"""A source and a sink for tests: real nodes, one behind a server where that counts, and what each shows."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.node import Node, Store
from panda_web.node.ingest import Limits
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode, RpcError
from panda_web.rpc.methods import QUERY
from panda_web.rpc.peer import Peer, Progress
from panda_web.rpc.within import in_process
from panda_web.sync import Places, Platform, Standing, Wants

PATIENCE = 20
Json = Any


class Clock:
    """Time that goes on by itself, an hour a second, and by what is slept: nobody waits for long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Seconds."""
        return 1_000_000.0 + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        """A hundredth of it."""
        self.slept.append(seconds)
        await asyncio.sleep(min(seconds, 60) / 100)


class Here:
    """A sink with its wants.

    Attributes:
        store: the sink's.
        node: the sink.
        dispatcher: its methods.
        wants: what is asked for.
        places: kept from one run to the next.
        clock: by which pauses go.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.store = Store()
        self.node = Node(self.store, CryptographyVerifier(), version="0", limits=limits)
        self.dispatcher = self.node.dispatcher()
        self.places: Places = self.node.places
        self.clock = Clock()
        self.wants = self.begin()

    def begin(self) -> Wants:
        """Wants anew, as after a start; those before are closed by whoever had them."""
        platform = Platform(self.clock.sleep, self.clock)
        self.way = in_process(self.dispatcher)
        self.wants = Wants(self.way, self.places, platform, self.node.lacks)
        return self.wants

    async def until(self, source: str, schema: str, is_so: Callable[[Standing], bool]) -> Standing:
        """Waits until a schema stands so."""
        async with asyncio.timeout(PATIENCE):
            async for standing in self.wants.follow(source, schema):
                if is_so(standing):
                    return standing
        raise AssertionError

    async def end(self) -> None:
        """Ends it; what was brought is kept."""
        await self.wants.close()
        await self.way.close()


@asynccontextmanager
async def here(limits: Limits | None = None) -> AsyncIterator[Here]:
    """A sink, as long as the block lasts."""
    found = Here(limits)
    try:
        yield found
    finally:
        await found.end()


def a_node() -> Node:
    """A node in memory."""
    return Node(Store(), CryptographyVerifier(), version="0")


def author(address: Any, number: int = 0) -> Client:
    """Who writes."""
    return Client(address, CryptographySigner(bytes((number,)) * 32), store=MemoryStore())


def talks(room: str) -> Schema:
    """A schema that leads to another one."""
    return Schema(
        "talk",
        "",
        (
            FieldDefinition("title", "varchar", optional=True),
            FieldDefinition("n", "integer", optional=True),
            FieldDefinition("room", "relation", optional=True, schema=room, cascade=True),
        ),
    )


async def view(dispatcher: Any, schema: str) -> Mapping[str, Json] | str:
    """All that a node shows of a schema, by id; the reason where it shows nothing."""
    way = in_process(dispatcher)
    found: dict[str, Json] = {}
    try:
        after = None
        while page := await Connection(way).call(QUERY, schema=schema, limit=1000, after=after):
            for each in page:
                after = each["_meta"].pop("cursor")
                found[each["id"]] = each
    except ErrorFromNode as error:
        return error.reason
    else:
        return found
    finally:
        await way.close()


async def alike(one: Any, other: Any, *schemas: str) -> None:
    """Waits until two nodes show the same of some schemas."""
    ends = asyncio.get_running_loop().time() + PATIENCE
    for schema in schemas:
        while True:
            shown, wanted = await view(other, schema), await view(one, schema)
            if isinstance(shown, dict) and shown == wanted:
                break
            late = asyncio.get_running_loop().time() > ends
            assert not late, (shown, wanted)
            await asyncio.sleep(0.2)


Answer = Callable[[str, Mapping[str, Json], Json], Json]
"""What is answered to a call, of a method with params, in place of an answer."""


class Between(Peer):
    """A way to a node that counts calls, and answers otherwise.

    Args:
        way: to the node.
        otherwise: gives another answer.

    Attributes:
        calls: how often each method was called; `pages` are queries with proof, of more than one schema.
        asked: the filters of queries with proof.
    """

    def __init__(self, way: Peer, otherwise: Answer = lambda *call: call[-1]) -> None:
        self._way = way
        self.otherwise = otherwise
        self.calls: Counter[str] = Counter()
        self.asked: list[Json] = []

    async def call(self, method: str, params: Mapping[str, Json], progress: Progress | None = None) -> Json:
        """See `Peer`."""
        self.calls[method] += 1
        if params.get("proof"):
            self.asked.append(params)
        return self.otherwise(method, params, await self._way.call(method, params, progress))

    async def call_batch(self, method: str, calls: Sequence[Mapping[str, Json]]) -> Sequence[Json | RpcError]:
        """See `Peer`."""
        raise NotImplementedError

    async def close(self) -> None:
        """See `Peer`."""
        await self._way.close()
