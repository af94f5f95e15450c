"""A schema is brought as far as it is wished: of some authors, and with payloads up to a size."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from panda_web.client import Client
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.rpc.within import in_process
from panda_web.sync import Source
from panda_web.sync import filling as filling_module
from tests.defining import loose
from tests.sync.test_filling import whole
from tests.sync.world import PATIENCE, Between, Here, a_node, author, here, view

Json = Any


def of(*panda: Client, **more: Any) -> Wish:
    return Wish(authors=frozenset(bytes.fromhex(each.author) for each in panda), **more)


async def names(node: Any, schema: str) -> set[str]:
    """What a node shows."""
    shown = await view(node.dispatcher, schema)
    return {each["name"] for each in shown.values()} if isinstance(shown, Mapping) else set()


async def until(there: Here, wish: Wish, schema: str, shown: set[str]) -> None:
    """Waits until it is brought, and all that is told since."""
    await until_whole(there, schema, wish)
    async with asyncio.timeout(PATIENCE):
        while await names(there, schema) != shown:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)


async def until_whole(there: Here, schema: str, wish: Wish) -> None:
    async with asyncio.timeout(PATIENCE):
        async for standing in there.wants.follow("node", schema, wish):
            if whole(standing):
                return


@pytest.mark.parametrize("both", [False, True], ids=["its node", "a peer"])
@pytest.mark.parametrize("told", [False, True], ids=["asked", "told"])
def test_only_what_is_wished_comes_at_first_and_later(both: bool, told: bool) -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        way = in_process(dispatcher)
        definer, wished, other = (author(way, number) for number in (1, 2, 3))
        async with here() as there:
            room = str((await definer.define(loose(name="text"))).id)
            for panda, name in ((wished, "wished"), (other, "other"), (wished, "x" * 2000), (wished, "also")):
                await panda.create(room, {"name": name})
            sessions = in_process(dispatcher) if told else None
            source = Source("node", way, sessions)
            wish = of(wished, max_payload=1000)
            there.wants.ask("a page", source, room, wish, both=both)
            await until(there, wish, room, {"wished", "also"})
            await other.create(room, {"name": "another"})
            await wished.create(room, {"name": "later"})
            there.wants.hurry()
            await until(there, wish, room, {"wished", "also", "later"})
            there.wants.leave("a page")
            there.wants.ask("a page", source, room, both=both)
            await until(there, EVERYTHING, room, {"wished", "also", "later", "other", "another", "x" * 2000})
            await there.wants.close()
        for each in (way, sessions):
            if each is not None:
                await each.close()

    asyncio.run(work())


def test_who_gives_others_all_the_same_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling_module, "MOST_INVALID", 3)

    async def work() -> None:
        dispatcher = a_node().dispatcher()
        way = in_process(dispatcher)
        wished, other = author(way, 1), author(way, 2)

        class Deaf(Between):
            async def call(self, method: str, params: Any, progress: Any = None) -> Json:
                return await super().call(
                    method, {k: v for k, v in params.items() if k != "filter"}, progress
                )

        async with here() as there:
            room = str((await wished.define(loose(name="text"))).id)
            for n in range(5):
                await other.create(room, {"name": f"other {n}"})
            wish = of(wished)
            there.wants.ask("a page", Source("node", Deaf(in_process(dispatcher))), room, wish)
            async with asyncio.timeout(PATIENCE):
                async for standing in there.wants.follow("node", room, wish):
                    if standing.error is not None:
                        break
            assert standing.error is not None
            assert standing.error.reason == "source-unsound"
            assert await names(there, room) == set()
        await way.close()

    asyncio.run(work())
