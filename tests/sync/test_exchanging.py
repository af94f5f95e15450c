"""What is asked for is kept alike with a peer; what was written here goes there, whatever is asked for."""

import asyncio
from contextlib import suppress
from typing import Any

from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.within import in_process
from panda_web.sync import Source
from panda_web.sync.exchanging import GATHER
from tests.authors import SCHEMA, Author
from tests.defining import loose
from tests.sync.test_filling import programme, whole
from tests.sync.world import PATIENCE, Between, a_node, alike, author, here, view


async def publish(node: Any, writer: Author, count: int, schema: str = SCHEMA) -> None:
    for signed, payload in [writer.create(schema, n=n) for n in range(count)]:
        await node.publish_entry(signed.encoded, payload)


async def held(dispatcher: Any, schema: str) -> int:
    """How many entries a node has of a schema."""
    way = in_process(dispatcher)
    try:
        found = await way.call("panda_queryEntries", {"schema": schema, "everything": True})
        return len(found["entries"])
    finally:
        await way.close()


async def until_held(dispatcher: Any, schema: str, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await held(dispatcher, schema) != count:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)


def test_it_comes_with_what_it_leads_to_and_nothing_else_comes() -> None:
    async def run() -> None:
        node = a_node()
        async with here() as there, author(in_process(node.dispatcher())) as panda:
            room, talk, _ = await programme(panda, 5)
            other = str((await panda.define(loose(name="text"))).id)
            await panda.create(other, {"name": "nobody asks for it"})
            way = Between(in_process(node.dispatcher()))
            there.wants.ask("a page", Source("peer", way), talk, both=True)
            await there.until("peer", talk, whole)
            await there.until("peer", room, whole)
            await alike(node.dispatcher(), there.dispatcher, talk, room)
            standing = there.wants.standing("peer", talk)
            assert standing.brought > 5
            assert standing.as_of is not None
            assert await held(there.dispatcher, other) == 0

            before = way.calls["panda_reconcile"]
            there.wants.ask("a page", Source("peer", way), other, both=True)
            await there.until("peer", other, whole)
            await until_held(there.dispatcher, other, 1)
            assert way.calls["panda_reconcile"] > before
            there.wants.leave("a page", ("peer", other))
            await panda.create(talk, {"title": "new"})
            there.wants.hurry()
            await alike(node.dispatcher(), there.dispatcher, talk)
            await way.close()

    asyncio.run(run())


def test_what_was_written_here_goes_there_whatever_is_asked_for() -> None:
    async def run() -> None:
        node = a_node()
        async with here() as there:
            await publish(there.node, Author(1), 3)
            asked = "0040" + "cd" * 64
            way = in_process(node.dispatcher())
            there.wants.ask("a page", Source("peer", way), asked, both=True)
            await there.until("peer", asked, whole)
            assert await held(node.dispatcher(), SCHEMA) == 3
            await publish(there.node, Author(2), 2, asked)
            there.wants.hurry()
            await until_held(node.dispatcher(), asked, 2)
            await way.close()

    asyncio.run(run())


def test_whoever_comes_back_asks_what_changed_and_compares_nothing() -> None:
    async def run() -> None:
        node = a_node()
        async with here() as there:
            await publish(node, Author(1), 3)
            asked = [SCHEMA, "0040" + "cd" * 64]
            calls = []
            for schemas in (asked[:1], asked, asked[:1]):
                way = Between(in_process(node.dispatcher()))
                for schema in schemas:
                    there.wants.ask("a page", Source("peer", way), schema, both=True)
                for schema in schemas:
                    await there.until("peer", schema, whole)
                await asyncio.sleep(GATHER)  # that it is so is kept
                await there.end()
                there.begin()
                calls.append(way.calls)
                await way.close()
            assert [each["panda_reconcile"] > 0 for each in calls] == [True, True, False]
            assert calls[2]["panda_getLogs"] == 1
            gone = Between(in_process(node.dispatcher()), lambda *call: {})
            there.wants.ask("a page", Source("peer", gone), SCHEMA, both=True)
            standing = await there.until("peer", SCHEMA, lambda each: each.error is not None)
            assert (standing.state, standing.as_of) == ("whole", None), "it was once, and that is known"
            await gone.close()

    asyncio.run(run())


def test_a_peer_that_is_gone_is_said_and_comes_back() -> None:
    async def run() -> None:
        node = a_node()
        gone = True

        def otherwise(*call: Any) -> Any:
            if gone:
                raise ConnectionError
            return call[-1]

        class Way(Between):
            async def call(self, *args: Any, **kwargs: Any) -> Any:
                with suppress(ConnectionError):
                    return await super().call(*args, **kwargs)
                raise NodeUnreachable("It is gone.")

        async with here() as there:
            await publish(node, Author(1), 1)
            way = Way(in_process(node.dispatcher()), otherwise)
            there.wants.ask("a page", Source("peer", way), SCHEMA, both=True)
            standing = await there.until("peer", SCHEMA, lambda each: each.error is not None)
            assert (standing.state, str(standing.error)) == ("never", "It is gone.")
            gone = False
            standing = await there.until("peer", SCHEMA, whole)
            assert (standing.error, standing.brought) == (None, 1)
            await way.close()

    asyncio.run(run())


def test_nobody_asks_and_nothing_runs() -> None:
    async def run() -> None:
        node = a_node()
        async with here() as there:
            way = Between(in_process(node.dispatcher()))
            there.wants.ask("a page", Source("peer", way), SCHEMA, both=True)
            await there.until("peer", SCHEMA, whole)
            there.wants.leave("a page")
            await asyncio.sleep(3 * GATHER)
            asked = way.calls.total()
            there.wants.hurry()
            await asyncio.sleep(3 * GATHER)
            assert way.calls.total() == asked
            await way.close()

    asyncio.run(run())


def test_the_standing_is_of_the_view_too() -> None:
    """What is said to be whole is shown: the definition comes with it."""

    async def run() -> None:
        node = a_node()
        async with here() as there, author(in_process(node.dispatcher())) as panda:
            schema = str((await panda.define(loose(name="text"))).id)
            await panda.create(schema, {"name": "a"})
            way = in_process(node.dispatcher())
            there.wants.ask("a page", Source("peer", way), schema, both=True)
            await there.until("peer", schema, whole)
            await alike(node.dispatcher(), there.dispatcher, schema)
            assert len(await view(there.dispatcher, schema)) == 1
            await way.close()

    asyncio.run(run())
