"""What a node keeps, wherever its database is. Plain async functions: they run on CPython and inside Pyodide."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.keys import Signer, Verifier
from panda_web.messages.schema import Schema, schema_from_dict
from panda_web.node import Node, Store
from panda_web.rpc.methods import StoredEntry
from panda_web.rpc.within import in_process

TALK = schema_from_dict(
    {"name": "talk", "description": "", "fields": {"title": {"type": "varchar"}, "n": {"type": "integer"}}}
)
COUNT = 50


class Opened(Protocol):
    """A node whose database is open."""

    node: Node

    async def close(self) -> None:
        """Closes it in order."""


@dataclass(frozen=True, slots=True)
class World:
    """What a check has.

    Attributes:
        open: opens the database; again once it was closed.
        signer, verifier: of the platform.
    """

    open: Callable[[], Awaitable[Opened]]
    signer: Signer
    verifier: Verifier

    def client(self, opened: Opened, *, writes: bool = True) -> Client:
        """A client of the node."""
        way = in_process(opened.node.dispatcher())
        if not writes:
            return Client(way, verifier=self.verifier)
        return Client(way, self.signer, store=MemoryStore(), verifier=self.verifier)


async def _write(panda: Client) -> tuple[Schema, list[str]]:
    """Some talks, of which the second is changed, and the third gone; gives the titles that are left."""
    schema = await panda.define(TALK)
    titles = [f"talk {n}" for n in range(COUNT)]
    written = await panda.create_many(schema.id, [{"title": title, "n": n} for n, title in enumerate(titles)])
    assert [each.error for each in written] == [None] * COUNT
    await panda.update(schema.id, written[1].id, {"title": "changed"})
    await panda.delete(schema.id, written[2].id)
    return schema, ["talk 0", "changed", *titles[3:]]


async def _titles(panda: Client, schema: Schema) -> list[object]:
    answer = await panda.query(schema.id, order_by=["n"], limit=1000)
    assert answer.rejected == ()
    return [each["title"] for each in answer]


async def gives_what_was_written(world: World) -> None:
    """To who wrote it, and to who has nothing but the node."""
    opened = await world.open()
    async with world.client(opened) as panda, world.client(opened, writes=False) as reader:
        schema, titles = await _write(panda)
        assert await _titles(reader, schema) == titles
        found = await panda.query(schema.id, filter={"title": "changed"})
        assert [each["n"] for each in found] == [1]
    await opened.close()


async def shows_what_was_there_before_its_schema(world: World) -> None:
    """Messages come first, then a peer brings what defines their schema: a view is made of what is held."""
    opened = await world.open()
    store = Store()
    elsewhere = Node(store, world.verifier, version="0")
    async with Client(
        in_process(elsewhere.dispatcher()), world.signer, store=MemoryStore(), verifier=world.verifier
    ) as other:
        schema = await other.define(TALK)
        author = bytes.fromhex(other.author or "")
        written = await other.create_many(schema.id, [{"title": f"{n}", "n": n} for n in range(3)])
        assert [each.error for each in written] == [None] * 3
    for log_id in (1, 0):
        answer: Any = await elsewhere.get_items(author, log_id, 1, 10, 0, 0, True)
        brought = [
            (bytes.fromhex(each["entryBytes"]), bytes.fromhex(each["payloadBytes"]))
            for each in answer["items"]
        ]
        await opened.node.publish_items([StoredEntry(*each) for each in brought])
    async with world.client(opened, writes=False) as reader:
        while not (answer := await reader.query(schema.id, order_by=["n"])):  # noqa: ASYNC110 - a node does not tell
            await asyncio.sleep(0.01)
    assert [each["title"] for each in answer] == ["0", "1", "2"]
    await elsewhere.finish()
    store.close()
    await opened.close()


async def is_there_after_reopening(world: World) -> None:
    """All of it, and the store is the same one."""
    opened = await world.open()
    async with world.client(opened) as panda:
        schema, titles = await _write(panda)
    await opened.close()
    for more in range(2):
        opened = await world.open()
        async with world.client(opened) as panda:
            assert await _titles(panda, schema) == titles
            await panda.create(schema.id, {"title": f"more {more}", "n": COUNT + more})
            titles.append(f"more {more}")
            assert await _titles(panda, schema) == titles
        await opened.close()


async def keeps_what_is_large(world: World) -> None:
    """Messages of a MiB, which SQLite spreads over many pages, and writes while its journal begins anew."""
    opened = await world.open()
    texts = [f"{n}" + "x" * 1_000_000 for n in range(5)]
    async with world.client(opened) as panda:
        schema = await panda.define(
            schema_from_dict({"name": "long", "description": "", "fields": {"text": {"type": "text"}}})
        )
        for text in texts:
            assert (await panda.create(schema.id, {"text": text})).error is None
    await opened.close()
    opened = await world.open()
    async with world.client(opened, writes=False) as reader:
        pages = reader.query(schema.id, order_by=["text"]).pages(3)
        assert [each["text"] async for page in pages for each in page] == sorted(texts)
    await opened.close()


ALL = (gives_what_was_written, shows_what_was_there_before_its_schema)
DURABLE = (is_there_after_reopening, keeps_what_is_large)
"""What only those promise that outlive the process."""
