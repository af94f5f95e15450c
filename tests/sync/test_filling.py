"""What a sink shows comes to be what a source shows: at first, with changes, through cuts, and after a loss."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from panda_web.client import Client
from panda_web.log import SignedEntry
from panda_web.rpc.connection import Connection
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import METHODS, StoredEntry
from panda_web.rpc.peer import Peer
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.websocket import open_websocket, over_websocket
from panda_web.rpc.within import in_process
from panda_web.server import fastest
from panda_web.sync import Place, Places, Platform, Source, Standing, Wants
from panda_web.sync.bringing import Bringing
from panda_web.sync.offering import Offering
from panda_web.sync.source import PAGE, Asking
from tests.authors import SCHEMA, Author
from tests.client.wires import wire
from tests.defining import loose
from tests.node.waiting import until
from tests.server import serving
from tests.server.serving import Served
from tests.sync.world import PATIENCE, Between, Here, a_node, alike, author, here, talks, view

INSTANCES = 250


async def programme(panda: Client, count: int) -> tuple[str, str, list[str]]:
    """Rooms, and talks that lead to them."""
    room = str((await panda.define(loose(name="varchar"))).id)
    curie = (await panda.create(room, {"name": "Curie"})).id
    talk = str((await panda.define(talks(room))).id)
    made = await panda.create_many(talk, [{"title": f"t{n}", "n": n, "room": curie} for n in range(count)])
    return room, talk, [curie, *(each.id for each in made)]


def whole(standing: Standing) -> bool:
    return standing.state == "whole"


def test_from_a_server_come_all_and_then_what_changes() -> None:
    async def work(node: Served, dispatcher: Dispatcher) -> None:
        http, ws = f"http://127.0.0.1:{node.port}", f"ws://127.0.0.1:{node.port}"
        async with here() as there, author(http) as panda:
            room, talk, (curie, first, second, *_) = await programme(panda, INSTANCES)
            source = Source("node", HttpTransport(http), over_websocket(ws))
            stood: list[Standing] = []

            async def watch() -> None:
                async for standing in there.wants.follow("node", talk):
                    stood.append(standing)  # noqa: PERF401 - it never ends

            watching = asyncio.create_task(watch())
            await asyncio.sleep(0)
            there.wants.ask("a page", source, talk)
            await there.until("node", talk, whole)
            await there.until("node", room, whole)
            await alike(dispatcher, there.dispatcher, talk, room)
            assert [stood[0].state, stood[-1].state] == ["never", "whole"]
            assert (stood[-1].done, stood[-1].total, stood[-1].error) == (INSTANCES, INSTANCES, None)
            assert any(each.state == "filling" and 0 < each.done < INSTANCES for each in stood)
            as_of = stood[-1].as_of

            for n in range(20):  # more updates than a proof shows
                await panda.update(talk, first, {"n": -n})
            await panda.update(talk, second, {"title": "other"})
            await panda.delete(talk, second)
            third = (await panda.create(talk, {"title": "new"})).id
            await alike(dispatcher, there.dispatcher, talk, room)
            assert third in await view(there.dispatcher, talk)
            assert stood[-1].as_of is not None and as_of is not None
            await panda.delete(room, curie)  # and with it what leads to it
            await alike(dispatcher, there.dispatcher, talk, room)
            assert set(await view(there.dispatcher, talk)) == {third}
            watching.cancel()
            await source.way.close()
            assert source.sessions is not None
            await source.sessions.close()

    run(work)


def run(work: Callable[[Served, Dispatcher], Awaitable[None]]) -> None:
    """With a served node, and its methods."""
    dispatcher = a_node().dispatcher()
    serving.run(lambda served: work(served, dispatcher), dispatcher=dispatcher)


@pytest.mark.parametrize("seed", range(2))
def test_cut_and_killed_at_random_places_nothing_is_missed(seed: int) -> None:
    chance = random.Random(seed)

    async def write(panda: Client, talk: str, ids: list[str]) -> None:
        match chance.randrange(5):
            case 0 | 1:
                rows = [{"n": chance.randrange(9)} for _ in range(chance.randrange(1, 30))]
                ids += [each.id for each in await panda.create_many(talk, rows)]
            case 2 | 3:
                await panda.update(talk, chance.choice(ids[1:]), {"n": chance.randrange(99)})
            case 4 if len(ids) > 20:
                await panda.delete(talk, ids.pop(chance.randrange(1, len(ids))))

    async def work(node: Served, dispatcher: Dispatcher) -> None:
        async with (
            here() as there,
            author(f"http://127.0.0.1:{node.port}") as panda,
            wire(node.port) as between,
        ):
            room, talk, ids = await programme(panda, INSTANCES)
            for _ in range(6):
                ways = [over_websocket(f"ws://127.0.0.1:{between.port}") for _ in range(2)]
                there.begin().ask("a page", Source("node", ways[0], ways[1]), talk)
                for _ in range(4):
                    await asyncio.sleep(chance.choice([0, 0, 0.002, 0.02]))
                    await write(panda, talk, ids)
                    if chance.random() < 0.3:
                        between.slow = chance.choice([0, 1 << 10, 1 << 14])
                        between.cut()
                await there.end()
                for each in ways:
                    await each.close()
            between.slow = 0
            ways = [over_websocket(f"ws://127.0.0.1:{between.port}") for _ in range(2)]
            there.begin().ask("a page", Source("node", ways[0], ways[1]), talk)
            await alike(dispatcher, there.dispatcher, talk, room)
            await there.end()
            for each in ways:
                await each.close()

    run(work)


def test_cancelled_between_any_two_awaits_no_page_comes_more_than_twice() -> None:
    async def work() -> None:
        node = a_node()
        dispatcher = node.dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            _, talk, _ = await programme(panda, INSTANCES)
            counted = Between(in_process(dispatcher))
            cuts = 0
            for steps in range(1, 400, 3):
                sessions = in_process(dispatcher)
                source = Source("node", counted, sessions)
                there.begin().ask("a page", source, talk)
                for _ in range(steps):
                    await asyncio.sleep(0)
                    if whole(there.wants.standing("node", talk)):
                        break
                is_whole = whole(there.wants.standing("node", talk))
                await there.end()
                await sessions.close()
                if is_whole:
                    break
                cuts += 1
            assert cuts > 20
            await alike(dispatcher, there.dispatcher, talk)
            pages = [each.get("after") for each in counted.asked if each["schema"] == talk]
            places = {str(each): pages.count(each) for each in pages}
            assert len(places) == -(-INSTANCES // PAGE) + 1
            # The one under way, and the one behind it that was fetched meanwhile.
            assert sum(places.values()) <= len(places) + 2 * cuts
            await counted.close()

    asyncio.run(work())


class Counted:
    """A way to a sink: how often each entry was offered, as a link alone and with its payload."""

    def __init__(self, way: Peer) -> None:
        self.way = Between(way, self._note)
        self.offered: Counter[tuple[str, bool]] = Counter()

    def _note(self, method: str, params: Mapping[str, Any], answer: Any) -> Any:
        if method == "panda_publishItems":
            for each in params["items"]:
                self.offered[each["entryBytes"], each["payloadBytes"] is not None] += 1
        return answer


def test_what_links_others_is_offered_once() -> None:
    """Each page has the paths of its instances anew, and what is offered is verified each time."""

    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            _, talk, _ = await programme(panda, INSTANCES)
            counted = Counted(there.way)
            wants = Wants(
                counted.way, there.places, Platform(there.clock.sleep, there.clock), there.node.lacks
            )
            source = Source("node", in_process(dispatcher))
            wants.ask("a page", source, talk)
            await alike(dispatcher, there.dispatcher, talk)
            links = [count for (_, has_payload), count in counted.offered.items() if not has_payload]
            assert 0 < sum(links) < INSTANCES / 2
            assert max(links) == 1
            await wants.close()
            await source.way.close()

    asyncio.run(work())


def test_the_next_page_is_asked_for_while_one_is_stored() -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            _, talk, _ = await programme(panda, INSTANCES)
            source = Between(in_process(dispatcher))
            asked: list[int] = []

            def note(method: str, params: Mapping[str, Any], answer: Any) -> Any:
                if method == "panda_publishItems" and len(params["items"]) > 1:
                    asked.append(sum(each["schema"] == talk for each in source.asked))
                return answer

            sink = Between(there.way, note)
            bringing = Bringing(
                talk, Asking(Connection(source)), Asking(Connection(sink)), _offering(sink, source)
            )
            await bringing.define()
            asked.clear()
            step = await bringing.page("")
            assert step.count == PAGE
            assert asked
            assert set(asked) == {2}, "the page that is stored, and the one behind it"
            await bringing.page(str(step.last))
            assert sum(each["schema"] == talk for each in source.asked) == 3, "none was asked for twice"
            await source.close()

    asyncio.run(work())


def _offering(sink: Peer, source: Peer) -> Offering:
    return Offering(Connection(sink), Asking(Connection(source)).path, asyncio.sleep)


class Watched:
    """Places; at each cursor it is noted how many instances are held that it stands for."""

    def __init__(self, places: Places, count: Callable[[], Awaitable[int]]) -> None:
        self._places = places
        self._count = count
        self._came = asyncio.Event()
        self.counts: dict[str, int] = {}

    async def until(self, many: int) -> None:
        while len(self.counts) < many:
            self._came.clear()
            await self._came.wait()

    async def get(self, source: str, schema: str) -> str | None:
        return await self._places.get(source, schema)

    async def put(self, source: str, schema: str, place: str) -> None:
        kept = Place.from_text(place)
        if kept is not None and kept.cursor is not None and kept.cursor not in self.counts:
            self.counts[kept.cursor] = await self._count()
            self._came.set()
        await self._places.put(source, schema, place)


def test_what_a_cursor_stands_for_is_held_before_it_is_kept() -> None:
    """Who is killed in between gets it again, and else would never hear of it."""

    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            schema = str((await panda.define(loose(n="integer"))).id)
            there.places = watched = Watched(there.places, lambda: _shown(there.dispatcher, schema))
            ways = in_process(dispatcher), in_process(dispatcher)
            there.begin().ask("a page", Source("node", *ways), schema)
            await there.until("node", schema, whole)
            for n in range(3):
                await panda.create(schema, {"n": n})
                await alike(dispatcher, there.dispatcher, schema)
                await watched.until(n + 2)
            assert [*watched.counts.values()] == [0, 1, 2, 3]
            await there.end()
            for each in ways:
                await each.close()

    asyncio.run(asyncio.wait_for(work(), 60))


async def _shown(dispatcher: Dispatcher, schema: str) -> int:
    shown = await view(dispatcher, schema)
    return len(shown) if isinstance(shown, dict) else 0


def test_by_http_alone_it_is_compared_from_time_to_time() -> None:
    async def work() -> None:
        node = a_node()
        dispatcher = node.dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            room, talk, (curie, first, second, *_) = await programme(panda, INSTANCES)
            counted = Between(in_process(dispatcher))
            there.wants.ask("a page", Source("node", counted), talk)
            await alike(dispatcher, there.dispatcher, talk, room)
            pages = len(counted.asked)
            await panda.update(talk, first, {"n": -1})
            await panda.delete(talk, second)
            new = (await panda.create(talk, {"n": 5})).id
            await alike(dispatcher, there.dispatcher, talk, room)
            assert new in await view(there.dispatcher, talk)
            asked = [each["filter"]["id"]["in"] for each in counted.asked[pages:] if "filter" in each]
            assert sorted({each for some in asked for each in some}) == sorted([first, new])
            before = counted.calls["panda_query"]
            await asyncio.sleep(0.7)  # the pause takes a hundredth of thirty seconds here
            assert counted.calls["panda_query"] > before
            assert len(counted.asked) <= pages + 3, "what is held is not fetched"
            await panda.delete(room, curie)
            await alike(dispatcher, there.dispatcher, talk, room)
            await counted.close()

    asyncio.run(work())


def test_what_is_hidden_without_a_proof_stays() -> None:
    async def work() -> None:
        node = a_node()
        dispatcher = node.dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            _, talk, (_, hidden, *_) = await programme(panda, 5)

            def hide(method: str, params: Any, answer: Any) -> Any:
                if method == "panda_query" and params["schema"] == talk and isinstance(answer, list):
                    return [each for each in answer if each["id"] != hidden]
                return answer

            way = Between(in_process(dispatcher))
            there.wants.ask("a page", Source("node", way), talk)
            await alike(dispatcher, there.dispatcher, talk)
            way.otherwise = hide
            before = there.wants.standing("node", talk).as_of
            await there.until("node", talk, lambda each: each.as_of != before)
            assert hidden in await view(there.dispatcher, talk)
            assert way.calls["panda_getItems"]
            await way.close()

    asyncio.run(work())


def test_the_source_is_another_one_or_was_restored() -> None:
    async def work() -> None:
        nodes = [a_node().dispatcher() for _ in range(2)]
        port = [0]

        async def reach() -> Any:
            return await open_websocket(f"ws://127.0.0.1:{port[0]}")

        ways = Reopening(reach), Reopening(reach)
        async with here() as there:
            schema = ""
            for number, dispatcher in enumerate(nodes):
                async with (
                    serving.served(fastest.Kind, dispatcher) as node,
                    author(in_process(dispatcher)) as panda,
                ):
                    port[0] = node.port
                    schema = str((await panda.define(loose(n="integer"))).id)
                    made = [(await panda.create(schema, {"n": n})).id for n in range(3)]
                    if number:
                        await panda.delete(schema, made[0])
                        await panda.update(schema, made[1], {"n": 9})
                    else:
                        there.wants.ask("a page", Source("node", *ways), schema)
                    await alike(dispatcher, there.dispatcher, schema)
            standing = await there.until("node", schema, lambda each: each.error is not None)
            assert (standing.state, standing.since is not None) == ("whole", True)
            assert standing.error is not None and standing.error.reason == "node-unreachable"
            await there.end()
            for each in ways:
                await each.close()

    with asyncio.Runner(loop_factory=fastest.new_loop) as runner:
        runner.run(work())


def test_a_source_without_a_view_gives_deletes_behind_a_fork_too() -> None:
    async def work() -> None:
        node, writer, other = a_node(), Author(), Author()
        written = [writer.create(n=n) for n in range(7)]
        for signed, _ in written[:5]:
            other.head = other.head.advance(signed.hash)
        for signed, payload in written[:5]:
            await node.publish_entry(signed.encoded, payload)
        async with here() as there:
            way = Between(in_process(node.dispatcher()))
            there.wants.ask("a page", Source("node", way, in_process(node.dispatcher())), SCHEMA)
            await there.until("node", SCHEMA, lambda each: each.done == 5 and whole(each))
            deletes = [writer.delete(written[0][0].hash), other.create(n=7), other.delete(written[1][0].hash)]
            items = [StoredEntry(each.encoded, payload) for each, payload in [*written[5:], *deletes]]
            await node.publish_items(items)
            async with asyncio.timeout(PATIENCE):
                await until(lambda: states(there, written[:2]) == {"deleted"})
            await way.close()

    def states(there: Here, entries: Sequence[tuple[SignedEntry, bytes]]) -> set[str | None]:
        return {there.store.entries.state(signed.hash) for signed, _ in entries}

    asyncio.run(work())


def test_a_source_without_a_view_and_an_early_one_give_their_entries() -> None:
    async def work(early: bool) -> None:
        node = a_node()
        known = {"panda_queryEntries": node.query_entries, "panda_publishItems": node.publish_items}
        methods = {name: METHODS[name] for name in known}
        dispatcher = Dispatcher(methods, known) if early else node.dispatcher()
        writer = Author()
        for signed, payload in [writer.create(n=n) for n in range(5)]:
            await node.publish_entry(signed.encoded, payload)
        async with here() as there:
            way = Between(in_process(dispatcher))
            there.wants.ask("a page", Source("node", way, in_process(dispatcher)), SCHEMA)
            await there.until("node", SCHEMA, whole)
            held = await there.node.query_entries(SCHEMA)
            assert len(held["entries"]) == 5
            signed, payload = writer.create(n=9)
            await node.publish_entry(signed.encoded, payload)
            await there.until("node", SCHEMA, lambda each: each.done == 6 and whole(each))
            assert len((await there.node.query_entries(SCHEMA))["entries"]) == 6
            await way.close()

    asyncio.run(work(early=True))
    asyncio.run(work(early=False))
