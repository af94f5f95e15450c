"""What a node keeps, wherever its database is. Plain async functions: they run on CPython and inside Pyodide."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.keys import Signer, Verifier
from panda_web.messages.schema import Schema, schema_from_dict
from panda_web.node import Node
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
    texts = [f"{n}" + "x" * 1_000_000 for n in range(12)]
    async with world.client(opened) as panda:
        schema = await panda.define(
            schema_from_dict({"name": "long", "description": "", "fields": {"text": {"type": "text"}}})
        )
        for text in texts:
            assert (await panda.create(schema.id, {"text": text})).error is None
    await opened.close()
    opened = await world.open()
    async with world.client(opened, writes=False) as reader:
        pages = reader.pages(schema.id, order_by=["text"], limit=3)
        assert [each["text"] async for page in pages for each in page] == sorted(texts)
    await opened.close()


ALL = (gives_what_was_written,)
DURABLE = (is_there_after_reopening, keeps_what_is_large)
"""What only those promise that outlive the process."""
