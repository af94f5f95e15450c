"""How soon a change reaches whoever follows, and what followers cost whoever publishes.

A node as a process of its own, on a disk; followers have a WebSocket each, all in one other process, which
takes its time to read as well. Those who are idle follow the schema that is published to, by filters that
nothing passes, all different: so each of them is compared with each create, update and delete.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.report import Peer, Result, Samples
from panda_web import messages
from panda_web.messages import infer_all
from panda_web.rpc.connection import Connection
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.methods import PUBLISH_ENTRY
from panda_web.rpc.session import Session
from panda_web.rpc.subscriptions import NOTIFICATIONS, SUBSCRIBE
from panda_web.rpc.types import Json
from panda_web.rpc.websocket import open_websocket
from tests.authors import Author
from tests.defining import definition, loose
from tests.processes import ServedNode

FOLLOWERS = 100
CHANGES = 40
PUBLISHES = 200
"""Entries in each measurement of what publishing takes: creates, then an update and a delete of each."""
ROUNDS = 9
WARM_UP = 2
REACHED_MS = 50
"""A change reaches all followers within this time."""
COST = 1.1
"""Publishing with idle followers takes so many times what it takes without, at most."""
NOTES = [
    f"{FOLLOWERS} WebSockets to one node; each follower asks for proofs.",
    "From the moment that a publish is sent until the last follower has read what it is told.",
    f"Publishing: {PUBLISHES} creates, updates or deletes, one by one by WebSocket, each durable; in turns.",
    "Idle: subscriptions of the same schema, with filters that nothing passes, each another one.",
]
SCHEMA = loose(title="varchar", seats="integer")


class Counted:
    """Counts what all followers are told."""

    def __init__(self) -> None:
        self.left = 0
        self.all = asyncio.Event()
        self.dispatcher = Dispatcher(NOTIFICATIONS, {"panda_changed": self._changed})

    async def _changed(self, subscription: str, changes: Json, cursor: str, reset: bool) -> Json:  # noqa: ARG002
        self.left -= 1
        if self.left <= 0:
            self.all.set()


def run() -> tuple[list[Result], list[str]]:
    """Measures."""
    reached = asyncio.run(_reached())
    published = asyncio.run(_published())
    return [
        Result(f"a change reaches {FOLLOWERS}", "ms", Samples.of(reached), limit=REACHED_MS),
        *(
            Result(
                f"{action}, {FOLLOWERS} idle followers",
                "µs",
                Samples.of(idle),
                (Peer("without", Samples.of(alone), COST),),
            )
            for action, (alone, idle) in published.items()
        ),
    ], NOTES


def _entries(author: int, count: int) -> dict[str, list[dict[str, str]]]:
    """The params that publish a log: creates, then an update of each, then a delete of each."""
    schema, _ = definition(SCHEMA)
    by = Author(author)
    rows = ({"title": f"talk {n}", "seats": n} for n in range(count))
    made = {"create": by.write_many([messages.create(schema, infer_all(row)) for row in rows])}
    ids = [signed.hash.hex() for signed, _ in made["create"]]
    updates = [messages.update(schema, each, infer_all({"seats": n + count})) for n, each in enumerate(ids)]
    made["update"] = by.write_many(updates)
    made["delete"] = by.write_many([messages.delete(schema, each) for each in ids])
    return {
        action: [
            {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()}
            for signed, payload in written
        ]
        for action, written in made.items()
    }


class Followed:
    """A node, who publishes there, and who follows.

    Args:
        ends: what is ended with it.
    """

    def __init__(self, ends: AsyncExitStack) -> None:
        folder = ends.enter_context(tempfile.TemporaryDirectory())
        self._node = ends.enter_context(ServedNode(Path(folder), heard=False))
        self._ends = ends
        self.counted = Counted()

    async def open(self) -> None:
        """Defines the schema, and has a connection to publish by."""
        self.author = Connection(await self.session())
        _, (signed, payload) = definition(SCHEMA)
        await self.publish({"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()})

    async def session(self) -> Session:
        """Another session."""
        channel = await open_websocket(f"ws://127.0.0.1:{self._node.port}/")
        return await self._ends.enter_async_context(Session(channel, self.counted.dispatcher))

    async def follow(self, idle: bool) -> None:
        """Has `FOLLOWERS` follow."""
        schema, _ = definition(SCHEMA)
        for number in range(FOLLOWERS):
            wanted: Mapping[str, Json] = {"seats": -1 - number} if idle else {}
            await Connection(await self.session()).call(SUBSCRIBE, schema=schema, filter=wanted, proof=True)

    async def publish(self, params: Mapping[str, str]) -> None:
        """Returns once the node has it."""
        await self.author.call(PUBLISH_ENTRY, **params)


async def _reached() -> list[float]:
    """Milliseconds until a change has reached all."""
    async with AsyncExitStack() as ends:
        at = Followed(ends)
        await at.open()
        await at.follow(idle=False)
        found = []
        for number, params in enumerate(_entries(1, WARM_UP + CHANGES)["create"]):
            at.counted.left = FOLLOWERS
            at.counted.all.clear()
            start = time.perf_counter()
            publishing = asyncio.create_task(at.publish(params))
            await at.counted.all.wait()
            if number >= WARM_UP:
                found.append(round((time.perf_counter() - start) * 1e3, 2))
            await publishing
            await asyncio.sleep(0.05)
        return found


async def _published() -> dict[str, tuple[list[float], list[float]]]:
    """Microseconds a create, an update and a delete, without followers and with."""
    async with AsyncExitStack() as ends:
        alone, idle = Followed(ends), Followed(ends)
        await alone.open()
        await idle.open()
        await idle.follow(idle=True)
        found: dict[str, tuple[list[float], list[float]]] = {}
        for number in range(WARM_UP + ROUNDS):
            for action, entries in _entries(number + 1, PUBLISHES).items():
                for at, times in zip((alone, idle), found.setdefault(action, ([], [])), strict=True):
                    start = time.perf_counter()
                    for params in entries:
                        await at.publish(params)
                    if number >= WARM_UP:
                        times.append(round((time.perf_counter() - start) / PUBLISHES * 1e6, 1))
        return found
