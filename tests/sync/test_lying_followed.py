"""A source that tells of changes that are none, or of none that is new, without end."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from panda_web.node import Node
from panda_web.rpc.caller import SESSION
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.methods import METHODS
from panda_web.rpc.within import in_process
from panda_web.sync import Source
from tests.authors import SCHEMA, Author
from tests.defining import loose
from tests.sync.world import a_node, author, here, view

CURSOR = "a cursor"


class Liar:
    """A node that answers as it should, and tells what `says` gives, again and again.

    Attributes:
        begun: how many subscriptions there were.
    """

    def __init__(self, node: Node, says: Callable[[int], Sequence[Any]], cursor: str = CURSOR) -> None:
        self.says = says
        self.begun = 0
        self._cursor = cursor
        self._tells: set[asyncio.Task[None]] = set()
        handlers = {
            "panda_query": node.query,
            "panda_getItems": node.get_items,
            "panda_subscribe": self.subscribe,
            "panda_unsubscribe": self.unsubscribe,
        }
        self.dispatcher = Dispatcher({name: METHODS[name] for name in handlers}, handlers)

    async def subscribe(self, **_asked: Any) -> Any:
        """Begins to tell."""
        self.begun += 1
        task = asyncio.create_task(self._tell(str(self.begun)))
        self._tells.add(task)
        return {"subscription": str(self.begun), "cursor": self._cursor, "reset": False}

    async def unsubscribe(self, subscription: str) -> bool:
        """Goes on telling, whatever is asked."""
        return bool(subscription)

    async def _tell(self, name: str) -> None:
        session = SESSION.get()
        assert session is not None
        for number in range(1000):
            if session.ended is not None:
                return
            changes = list(self.says(number))
            session.notify("panda_changed", {"subscription": name, "changes": changes, "cursor": CURSOR})
            await asyncio.sleep(0.001)


def of_others(number: int) -> list[Any]:
    signed, payload = Author(2).create(SCHEMA, n=1)
    entries = [{"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()}]
    return [{"id": f"0040{number:0128x}", "instance": {"_entries": entries}}]


def without_entries(number: int) -> list[Any]:
    return [{"id": f"0040{number:0128x}", "instance": {}}]


def deletes_of_others(number: int) -> list[Any]:
    signed, payload = Author(2).delete(b"\x00\x40" + bytes(64))
    entries = [{"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()}]
    return [{"id": f"0040{number:0128x}", "instance": None, "_entries": entries}]


def no_news(number: int) -> list[Any]:
    return [{"id": f"0040{number:0124x}{each:04x}", "instance": None} for each in range(500)]


@pytest.mark.parametrize(
    "says", [of_others, without_entries, deletes_of_others, no_news], ids=lambda each: each.__name__
)
def test_changes_of_nothing_without_end(says: Callable[[int], Sequence[Any]]) -> None:
    async def work() -> None:
        node = a_node()
        async with here() as there, author(in_process(node.dispatcher())) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            made = (await panda.create(schema, {"n": 1})).id
            liar = Liar(node, says)
            ways = in_process(liar.dispatcher), in_process(liar.dispatcher)
            there.wants.ask("a page", Source("node", *ways), schema)
            stood = await there.until("node", schema, lambda each: each.state == "stopped")
            assert stood.error is not None and stood.error.reason == "source-unsound"
            shown = await view(there.dispatcher, schema)
            assert isinstance(shown, dict) and [*shown] == [made], "what was verified stays"
            assert (await there.node.query_entries(SCHEMA))["entries"] == [], "of others nothing is kept"
            await there.end()
            for each in ways:
                await each.close()

    asyncio.run(work())


def test_a_cursor_without_end_is_not_kept() -> None:
    async def work() -> None:
        node = a_node()
        async with here() as there, author(in_process(node.dispatcher())) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            liar = Liar(node, no_news, "x" * 100_000)
            ways = in_process(liar.dispatcher), in_process(liar.dispatcher)
            there.wants.ask("a page", Source("node", *ways), schema)
            stood = await there.until("node", schema, lambda each: each.state == "stopped")
            assert stood.error is not None and stood.error.reason == "answer-malformed"
            assert await there.places.get("node", schema) is None
            await there.end()
            for each in ways:
                await each.close()

    asyncio.run(work())
