"""A source that lies, and a sink that has no room: it ends with a named error, and what was verified stays."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.node.ingest import Limits
from panda_web.rpc.within import in_process
from panda_web.sync import Platform, Source, Wants
from panda_web.sync.filling import MOST_INVALID
from tests.authors import Author
from tests.defining import loose
from tests.sync.world import Between, a_node, author, here, view

MADE_UP = digest(b"made up").hex()


def in_order(count: int, after: str) -> list[str]:
    """Ids that nobody signed, behind one."""
    start = int(after[4:24] or "0", 16) + 1
    return [f"0040{start + n:020x}{'0' * 108}" for n in range(count)]


class Endless:
    """Pages without end: each instance with what `make` gives as its proof."""

    def __init__(self, schema: str, make: Callable[[str], list[Any]]) -> None:
        self.schema = schema
        self.make = make
        self.last = ""
        self.pages = 0

    def __call__(self, method: str, params: Mapping[str, Any], answer: Any) -> Any:
        if method != "panda_query" or params["schema"] != self.schema or not params.get("proof"):
            return answer
        self.pages += 1
        ids = in_order(params["limit"], self.last)
        self.last = ids[-1]
        return [{"id": each, "_meta": {}, "_entries": self.make(each)} for each in ids]


def junk(_: str) -> list[Any]:
    return [{"entryBytes": "00ff", "payloadBytes": None}]


def nothing(_: str) -> list[Any]:
    return []


def of_others(_: str) -> list[Any]:
    signed, payload = Author(9).create(n=1)
    return [{"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()}]


def no_entries(_: str) -> list[Any]:
    return [{"entryBytes": 7}]


@pytest.mark.parametrize("make", [junk, nothing, of_others, no_entries], ids=lambda make: make.__name__)
def test_pages_of_nothing_without_end(make: Callable[[str], list[Any]]) -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            endless = Endless(schema, make)
            way = Between(in_process(dispatcher), endless)
            there.wants.ask("a page", Source("node", way), schema)
            stood = await there.until("node", schema, lambda each: each.state == "stopped")
            assert stood.error is not None and stood.error.reason == "source-unsound"
            assert endless.pages <= MOST_INVALID
            assert await view(there.dispatcher, schema) == {}
            pauses = []
            for _ in range(4):
                await there.until("node", schema, lambda each: each.state != "stopped")
                await there.until("node", schema, lambda each: each.state == "stopped")
                pauses.append(max(there.clock.slept))
            assert pauses[0] < pauses[-1], "it is left alone for longer each time"
            await way.close()

    asyncio.run(work())


def test_whoever_hurries_has_no_unsound_source_asked() -> None:
    """Pages do so with each question. It is left alone all the same, for as long as it is said to be."""

    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            endless = Endless(schema, junk)
            way = Between(in_process(dispatcher), endless)
            alone = asyncio.Event()

            async def sleep(_: float) -> None:
                alone.set()
                await asyncio.get_running_loop().create_future()

            there.wants = Wants(there.way, there.places, Platform(sleep, there.clock), there.node.lacks)
            there.wants.ask("a page", Source("node", way), schema)
            await alone.wait()
            assert there.wants.standing("node", schema).state == "stopped"
            pages = endless.pages
            there.wants.hurry()
            for _ in range(200):
                await asyncio.sleep(0)
            assert endless.pages == pages
            await there.end()
            await way.close()

    asyncio.run(work())


def test_lists_of_what_is_not_there_without_end() -> None:
    """Nothing is signed for being listed. What is listed has to be given, too."""

    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            made = (await panda.create(schema, {"n": 1})).id
            lists = 0

            def endless(method: str, params: Mapping[str, Any], answer: Any) -> Any:
                nonlocal lists
                if method != "panda_query" or params["schema"] != schema or params.get("select") != []:
                    return answer
                lists += 1
                about = {"lastEntry": MADE_UP, "author": "7" * 64, "logId": 1, "seqNum": 1}
                ids = (f"0040{1000 * lists + n:020x}{'0' * 108}" for n in range(params["limit"]))
                return [{"id": each, "_meta": about} for each in ids]

            way = Between(in_process(dispatcher), endless)
            there.wants.ask("a page", Source("node", way), schema)
            stood = await there.until("node", schema, lambda each: each.state == "stopped")
            assert stood.error is not None and stood.error.reason == "source-unsound"
            assert lists == 1
            assert [*await view(there.dispatcher, schema)] == [made], "what was verified stays"
            await way.close()

    asyncio.run(work())


def backwards(answer: list[Any]) -> Any:
    return answer[::-1]


def too_many(answer: list[Any]) -> Any:
    return answer * 101


def no_list(_: list[Any]) -> Any:
    return {"count": 3}


def no_id(answer: list[Any]) -> Any:
    return [{**each, "id": 3} for each in answer]


def no_objects(_: list[Any]) -> Any:
    return ["text"]


@pytest.mark.parametrize(
    "otherwise", [backwards, too_many, no_list, no_id, no_objects], ids=lambda each: each.__name__
)
def test_answers_that_are_none(otherwise: Callable[[list[Any]], Any]) -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            await panda.create_many(schema, [{"n": n} for n in range(3)])

            def answer(method: str, params: Mapping[str, Any], answer: Any) -> Any:
                about = method == "panda_query" and params["schema"] == schema and "limit" in params
                return otherwise(answer) if about else answer

            way = Between(in_process(dispatcher), answer)
            there.wants.ask("a page", Source("node", way), schema)
            stood = await there.until("node", schema, lambda each: each.state == "stopped")
            assert stood.error is not None and stood.error.reason == "answer-malformed"
            way.otherwise = lambda *call: call[-1]
            there.wants.hurry()
            stood = await there.until("node", schema, lambda each: each.state == "whole")
            assert (stood.error, len(await view(there.dispatcher, schema))) == (None, 3)
            await way.close()

    asyncio.run(work())


def test_one_that_is_nothing_does_not_stop_the_others() -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            ids = sorted(each.id for each in await panda.create_many(schema, [{"n": n} for n in range(5)]))

            def answer(method: str, params: Mapping[str, Any], answer: Any) -> Any:
                for each in answer if method == "panda_query" and params.get("proof") else ():
                    if each["id"] == ids[2]:  # others' paths lead over its entry: only the payload is another
                        each["_entries"][0]["payloadBytes"] = "a0"
                return answer

            way = Between(in_process(dispatcher), answer)
            there.wants.ask("a page", Source("node", way), schema)
            await there.until("node", schema, lambda each: each.state == "whole")
            shown = await view(there.dispatcher, schema)
            assert ids[2] not in shown
            assert len(shown) == 4
            await way.close()

    asyncio.run(work())


def test_an_instance_whose_signature_is_wrong_is_not_here() -> None:
    """All else of it is right, its id too."""

    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            made = (await panda.create(schema, {"n": 1})).id
            signed, payload = Author(9).create(schema, n=2)
            forged = signed.encoded[:-1] + bytes((signed.encoded[-1] ^ 1,))
            entries = [{"entryBytes": forged.hex(), "payloadBytes": payload.hex()}]
            false = {"id": digest(forged).hex(), "_meta": {}, "_entries": entries}

            def answer(method: str, params: Mapping[str, Any], answer: Any) -> Any:
                if method == "panda_query" and params["schema"] == schema and params.get("proof") and answer:
                    return sorted([*answer, false], key=lambda each: str(each["id"]))
                return answer

            way = Between(in_process(dispatcher), answer)
            there.wants.ask("a page", Source("node", way), schema)
            await there.until("node", schema, lambda each: each.state == "whole")
            assert [*await view(there.dispatcher, schema)] == [made]
            await way.close()

    asyncio.run(work())


async def filled(panda: Client, schema: str, count: int) -> None:
    text = "x" * 4000
    await panda.create_many(schema, [{"text": text} for _ in range(count)])


def test_there_is_no_room_here() -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here(Limits(all_bytes=1 << 20)) as there, author(in_process(dispatcher)) as panda:
            schema = str((await panda.define(loose(text="text"))).id)
            await filled(panda, schema, 300)
            way = in_process(dispatcher)
            there.wants.ask("a page", Source("node", way), schema)
            stood = await there.until("node", schema, lambda each: each.state == "stopped")
            assert stood.error is not None and stood.error.reason == "sink-full"
            assert "Delete something" in str(stood.error)
            assert 0 < len(await view(there.dispatcher, schema)) < 300
            await way.close()

    asyncio.run(work())


def test_who_has_used_up_their_room_does_not_stop_the_others() -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with (
            here(Limits(author_bytes=1 << 20)) as there,
            author(in_process(dispatcher)) as much,
            author(in_process(dispatcher), 1) as little,
        ):
            schema = str((await much.define(loose(text="text"))).id)
            await filled(much, schema, 100)
            await filled(little, schema, 2)
            way = in_process(dispatcher)
            there.wants.ask("a page", Source("node", way), schema)
            stood = await there.until("node", schema, lambda each: each.state == "whole")
            assert stood.refused > 0
            shown = await view(there.dispatcher, schema)
            assert isinstance(shown, dict)
            assert sum(each["_meta"]["author"] == little.author for each in shown.values()) == 2
            await way.close()

    asyncio.run(work())
