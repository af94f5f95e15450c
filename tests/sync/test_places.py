"""Where fillings go on, in memory and in a node's own database."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from panda_web.client import Client
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.node.store.places import MOST_PLACES
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.rpc.within import in_process
from panda_web.sync import MemoryPlaces, Place, Places, Platform, Source, Wants
from panda_web.sync.places import kept_for
from tests.contracts import places
from tests.sync.test_filling import programme, whole
from tests.sync.world import a_node, author

SCHEMA = "0040" + "aa" * 64


def node(store: Store) -> Node:
    return Node(store, CryptographyVerifier(), version="0")


@pytest.mark.parametrize("opens", [MemoryPlaces, lambda: node(Store()).places], ids=["memory", "node"])
@pytest.mark.parametrize("check", places.ALL, ids=lambda check: check.__name__)
def test_contract(check: Callable[[Places], Awaitable[None]], opens: Callable[[], Places]) -> None:
    asyncio.run(check(opens()))  # type: ignore[arg-type]


def test_they_are_in_the_database_and_nowhere_else(tmp_path: Path) -> None:
    async def work() -> None:
        store = Store(tmp_path / "node.db")
        await node(store).places.put("node", SCHEMA, "here")
        store.close()
        again = Store(tmp_path / "node.db")
        assert await node(again).places.get("node", SCHEMA) == "here"
        again.close()
        (tmp_path / "node.db").unlink()
        anew = Store(tmp_path / "node.db")
        assert await node(anew).places.get("node", SCHEMA) is None
        anew.close()

    asyncio.run(work())


def test_those_that_were_put_longest_ago_are_dropped() -> None:
    async def work() -> None:
        kept = node(Store()).places
        await asyncio.gather(*(kept.put(f"node {n}", SCHEMA, str(n)) for n in range(MOST_PLACES)))
        await kept.put("node 0", SCHEMA, "again")
        await kept.put("one more", SCHEMA, "more")
        assert await kept.get("node 0", SCHEMA) == "again"
        assert await kept.get("node 1", SCHEMA) is None
        assert await kept.get("node 2", SCHEMA) == "2"
        assert await kept.get("one more", SCHEMA) == "more"

    asyncio.run(work())


def test_a_filling_goes_on_in_the_next_process(tmp_path: Path) -> None:
    """Its place is what it was, and so is what is shown."""
    source_node = a_node()

    async def fill(schema: str) -> tuple[Place | None, int]:
        store = Store(tmp_path / "sink.db")
        sink = node(store)
        way, theirs = in_process(sink.dispatcher()), in_process(source_node.dispatcher())
        wants = Wants(way, sink.places, Platform(asyncio.sleep, lambda: 1.0), sink.lacks)
        wants.ask("a page", Source("node", theirs), schema)
        async with asyncio.timeout(20):
            async for standing in wants.follow("node", schema):
                if whole(standing):
                    break
        await wants.close()
        place = Place.from_text(await sink.places.get("node", schema))
        async with Client(way, verifier=CryptographyVerifier()) as reader:
            found = len(await reader.query(schema))
        await theirs.close()
        await sink.finish()
        store.close()
        return place, found

    async def work() -> None:
        async with author(in_process(source_node.dispatcher())) as panda:
            room, _, _ = await programme(panda, 3)
            first, found = await fill(room)
            assert first is not None
            again, as_many = await fill(room)
            assert (again, as_many) == (first, found)
            assert first.since is not None

    asyncio.run(work())


@pytest.mark.parametrize("kept", [True, False], ids=["in a store", "in memory"])
def test_those_of_a_schema_are_changed_whatever_is_wished(kept: bool) -> None:
    places: Places = node(Store()).places if kept else MemoryPlaces()
    one, other = "0040" + "ab" * 64, "0040" + "cd" * 64
    wish = Wish(max_payload=7)

    async def work() -> list[str | None]:
        for schema in (one, other):
            for each in (EVERYTHING, wish):
                await places.put("node", kept_for(schema, each), "before")
        await places.change([one], lambda text: f"{text} and after")
        names = [kept_for(schema, each) for schema in (one, other) for each in (EVERYTHING, wish)]
        return [await places.get("node", each) for each in names]

    assert asyncio.run(work()) == ["before and after"] * 2 + ["before"] * 2
