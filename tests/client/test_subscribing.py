"""Following what a node holds: through cuts, lies, floods and nodes that tell of nothing, on a real server."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from panda_web.client import Client, answers, collecting, subscribing
from panda_web.client.asked import Asked
from panda_web.client.check import Answer
from panda_web.client.collecting import Changed
from panda_web.client.errors import SubscriptionTooLarge
from panda_web.client.store import MemoryStore
from panda_web.client.subscribing import Subscribing
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc import jsonrpc
from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import ErrorFromNode, NodeUnreachable, SchemaNameUnknown
from panda_web.rpc.inbox import Inboxes
from panda_web.rpc.link import Link
from panda_web.rpc.pauses import ASK_SECONDS, LONGEST_PAUSE
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Session
from panda_web.rpc.transport import InProcess
from panda_web.rpc.within import in_process, pair
from panda_web.server import fastest
from tests.client.wires import Wire, wire
from tests.defining import loose
from tests.node.waiting import until
from tests.server import serving
from tests.server.serving import Served

PATIENCE = 40


class Shown:
    """What somebody sees who shows all changes, and nothing else.

    Attributes:
        values: of each instance.
        kinds: all changes, in order.
        last: what was told last.
    """

    def __init__(self) -> None:
        self.values: dict[str, Mapping[str, Any]] = {}
        self.kinds: list[tuple[str, str]] = []
        self.last: Changed | None = None
        self.more = asyncio.Condition()

    async def follow(self, told: AsyncGenerator[Changed, None]) -> None:
        async with aclosing(told):
            async for changed in told:
                for each in changed.changes:
                    known = self.values.pop(each.id, None)
                    if each.instance is not None:
                        assert known != each.instance.values, "nothing is told twice"
                        assert each.instance.verified
                        assert (known is None) == (each.kind == "added")
                        self.values[each.id] = each.instance.values
                    self.kinds.append((each.kind, each.id))
                assert {each.id: each.values for each in changed.instances} == self.values
                async with self.more:
                    self.last = changed
                    self.more.notify_all()

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self.more:
            await self.more.wait_for(is_so)


@asynccontextmanager
async def shown(told: AsyncGenerator[Changed, None]) -> AsyncIterator[Shown]:
    found = Shown()
    following = asyncio.create_task(found.follow(told))
    waiting = asyncio.create_task(found.until(lambda: found.last is not None))
    await asyncio.wait([following, waiting], return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        waiting.cancel()
        await following
    try:
        yield found
    finally:
        following.cancel()
        await asyncio.wait([following])
        if not following.cancelled():
            await following


async def soon(seconds: float) -> None:
    await asyncio.sleep(seconds / 100)


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


def writer(address: Any) -> Client:
    return Client(address, CryptographySigner(bytes(32)), store=MemoryStore())


def test_what_a_client_follows_is_what_a_query_gives() -> None:
    async def work(node: Served) -> None:
        address = f"http://127.0.0.1:{node.port}"
        async with writer(address) as author, Client(address) as panda:
            schema = str((await author.define(loose(n="integer", text="varchar"))).id)
            first = (await author.create(schema, {"n": 1, "text": "a"})).id
            told = panda.subscribe(schema, filter={"n": {"gte": 1}}, order_by=["-n", "text"])
            async with shown(told) as there:
                assert there.kinds == [("added", first)]
                second = (await author.create(schema, {"n": 2})).id
                await author.create(schema, {"n": 0})
                third = (await author.create(schema, {"n": 1})).id
                await there.until(lambda: len(there.values) == 3)
                assert there.last is not None
                assert [each.id for each in there.last.instances] == [second, third, first]
                await author.update(schema, third, {"text": "z"})
                await there.until(lambda: there.kinds[-1] == ("changed", third))
                assert [each.id for each in there.last.instances] == [second, first, third]
                await author.update(schema, second, {"n": 0})
                await there.until(lambda: there.kinds[-1] == ("gone", second))
                await author.delete(schema, first)
                await there.until(lambda: there.kinds[-1] == ("deleted", first))
                assert [each.id for each in there.last.instances] == [third]

    serving.run(work)


def test_who_has_called_before_over_the_same_session_is_told_too() -> None:
    async def work() -> None:
        node = Node(Store(), CryptographyVerifier(), version="0")
        async with (
            writer(in_process(node.dispatcher())) as author,
            Client(in_process(node.dispatcher())) as panda,
        ):
            schema = str((await author.define(loose(n="integer"))).id)
            assert len(await panda.query(schema)) == 0
            async with shown(panda.subscribe(schema)) as there:
                await author.create(schema, {"n": 1})
                await there.until(lambda: len(there.values) == 1)

    asyncio.run(work())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cut_at_random_places_nothing_is_missed_and_nothing_told_twice(seed: int) -> None:
    chance = random.Random(seed)

    async def write(author: Client, schema: str, between: Wire) -> None:
        ids = [(await author.create(schema, {"n": n})).id for n in range(3)]
        for number in range(40):
            match chance.randrange(6):
                case 0 | 1 | 2:
                    made = await author.create_many(schema, [{"n": number}] * chance.randrange(1, 4))
                    ids += [each.id for each in made]
                case 3 | 4 if ids:
                    await author.update(schema, chance.choice(ids), {"n": -number})
                case 5 if ids:
                    await author.delete(schema, ids.pop(chance.randrange(len(ids))))
            if chance.random() < 0.4:
                between.slow = chance.choice([0, 1 << 8, 1 << 10])
                between.cut()
            await asyncio.sleep(chance.choice([0, 0, 0.002, 0.01]))

    async def work(node: Served) -> None:
        address = f"ws://127.0.0.1:{node.port}"
        async with wire(node.port) as between, writer(address) as author:
            schema = str((await author.define(loose(n="integer"))).id)
            await author.create(schema, {"n": 0})
            reader = Client(f"ws://127.0.0.1:{between.port}", sleep=soon)
            everything = Client(f"ws://127.0.0.1:{between.port}", sleep=soon)
            some = {"n": {"gt": 3}}
            async with (
                reader,
                everything,
                shown(reader.subscribe(schema, filter=some, order_by=["n"])) as one,
                shown(everything.subscribe(schema)) as other,
            ):
                await write(author, schema, between)
                between.slow = 0
                for there, asked in ((one, some), (other, {})):
                    expected = {each.id: each.values async for each in author.query(schema, filter=asked)}
                    await there.until(lambda there=there, expected=expected: there.values == expected)

    serving.run(work)


def test_the_place_is_lost_where_the_node_is_another_one() -> None:
    """Its database was restored, or is gone: what differs is told, and nothing else."""

    async def serve(dispatcher: Any, follow: Callable[[int], Awaitable[None]]) -> None:
        async with serving.served(fastest.Kind, dispatcher) as node:
            await follow(node.port)

    async def all_of_it() -> None:
        nodes = [Node(Store(), CryptographyVerifier(), version="0") for _ in range(2)]
        ids, schema = [], ""
        for number, node in enumerate(nodes):
            async with writer(in_process(node.dispatcher())) as author:
                await author.key_made()
                schema = str((await author.define(loose(n="integer"))).id)
                rows = [{"n": 1}, {"n": 2}, {"n": 3}][: 3 - number]
                ids = ids or [each.id for each in await author.create_many(schema, rows)]
                if number:
                    await author.create_many(schema, rows)
        there: list[Shown] = []

        async with wire(0) as between, Client(f"ws://127.0.0.1:{between.port}", sleep=soon) as panda:

            async def first(port: int) -> None:
                between.to = port
                async with shown(panda.subscribe(schema)) as seen:
                    there.append(seen)
                    assert len(seen.values) == 3
                    between.cut()
                    await serve(nodes[1].dispatcher(), second)

            async def second(port: int) -> None:
                between.to = port
                seen = there[0]
                await seen.until(lambda: len(seen.values) == 2)
                assert [kind for kind, _ in seen.kinds] == ["added"] * 3 + ["gone"]
                assert seen.kinds[-1] == ("gone", ids[-1])

            await serve(nodes[0].dispatcher(), first)

    asyncio.run(all_of_it())


async def older(dispatcher: Dispatcher) -> Channel:
    """To a node that does not know the method."""
    here, there = pair()
    Session(there, dispatcher).start()
    send = here.send

    async def send_other(message: bytes) -> None:
        await send(message.replace(b"panda_subscribe", b"panda_unknown"))

    here.send = send_other  # type: ignore[method-assign]
    return here


@pytest.mark.parametrize("kind", ["no session", "no such method", "no view"])
def test_a_node_that_tells_of_nothing_is_asked_again(kind: str) -> None:
    slept: list[float] = []

    async def all_of_it() -> None:
        node = Node(Store(), CryptographyVerifier(), version="0", policy="any")
        turn = asyncio.Semaphore(0)

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            await turn.acquire()

        dispatcher = node.dispatcher()
        way: Any = in_process(dispatcher)
        if kind == "no session":
            way = InProcess(dispatcher)
        if kind == "no such method":
            way = Reopening(lambda: older(dispatcher))
        schema = "0040" + "ab" * 64
        async with writer(in_process(node.dispatcher())) as author, Client(way, sleep=sleep) as panda:
            if kind != "no view":
                schema = str((await author.define(loose(n="integer"))).id)
            one, two = [each.id for each in await author.create_many(schema, [{"n": 1}, {"n": 2}])]
            async with shown(panda.subscribe(schema, order_by=["-n"])) as there:
                assert [each.id for each in there.last.instances] == [two, one]  # type: ignore[union-attr]
                await author.update(schema, one, {"n": 3})
                turn.release()
                await there.until(lambda: there.kinds[-1] == ("changed", one))
                await author.delete(schema, two)
                turn.release()
                await there.until(lambda: there.kinds[-1] == ("gone", two))
        assert set(slept) == {ASK_SECONDS}

    asyncio.run(all_of_it())


def test_a_fault_that_passes_ends_nothing_and_no_pause_is_endless() -> None:
    """A node that is asked again and again may fail, and may ask for any pause."""
    waited: list[float] = []
    faults = [{}, {"retryAfter": 10**400}]

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def pages() -> AsyncGenerator[Answer, None]:
        if faults:
            raise ErrorFromNode("The disk is full.", "store-failed", node=faults.pop())
        yield Answer(())

    async def work() -> None:
        asked = Asked.of("0040" + "00" * 64, {})
        following = Subscribing(None, pages, asked, CryptographyVerifier(), sleep, Link()).follow()
        async with aclosing(following):
            assert (await anext(following)).instances == ()

    asyncio.run(asyncio.wait_for(work(), PATIENCE))
    assert len(waited) == 2
    assert max(waited) <= LONGEST_PAUSE


def test_a_session_that_takes_long_to_open_keeps_nobody_from_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Firefox holds WebSockets back, for up to a minute, where some were refused."""
    monkeypatch.setattr(subscribing, "SOON_SECONDS", 0.1)

    async def never() -> Channel:
        await asyncio.Event().wait()
        raise AssertionError

    async def pages() -> AsyncGenerator[Answer, None]:
        yield Answer(())

    async def work() -> None:
        inboxes = Inboxes(Reopening(never))
        asked = Asked.of("0040" + "00" * 64, {})
        following = Subscribing(inboxes, pages, asked, CryptographyVerifier(), no_pause, Link()).follow()
        async with aclosing(following):
            assert (await anext(following)).instances == ()

    asyncio.run(asyncio.wait_for(work(), PATIENCE))


class Doors:
    """A way to a node: it opens when it is told to, can be cut, and what is asked over it is noted.

    Attributes:
        open: whether channels open; else they wait for that.
        subscribed: the params of each `panda_subscribe`.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._channels: list[Channel] = []
        self.open = asyncio.Event()
        self.subscribed: list[Any] = []

    async def reach(self) -> Channel:
        await self.open.wait()
        here, there = pair()
        Session(there, self._dispatcher).start()
        send = here.send

        async def note(message: bytes) -> None:
            value = jsonrpc.loads(message)
            if isinstance(value, dict) and value.get("method") == "panda_subscribe":
                self.subscribed.append(value["params"])
            await send(message)

        here.send = note  # type: ignore[method-assign]
        self._channels.append(here)
        return here

    async def cut(self) -> None:
        self.open.clear()
        for each in self._channels:
            await each.close()


def test_who_is_asked_beside_the_opening_goes_on_from_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sessions are held back, at first and after a cut: what there is is shown, and all of it told."""
    monkeypatch.setattr(subscribing, "SOON_SECONDS", 0.01)

    async def work() -> None:
        node = Node(Store(), CryptographyVerifier(), version="0")
        doors = Doors(node.dispatcher())
        async with writer(in_process(node.dispatcher())) as author:
            schema = str((await author.define(loose(n="integer"))).id)
            ids = [(await author.create(schema, {"n": 0})).id]
            asked = Asked.of(schema, {})

            def pages() -> AsyncGenerator[Answer, None]:
                return author.query(schema).pages()

            sessions = Reopening(doors.reach)
            following = Subscribing(
                Inboxes(sessions), pages, asked, CryptographyVerifier(), soon, sessions.link
            )
            async with shown(following.follow()) as there:
                assert there.values.keys() == set(ids)
                doors.open.set()
                for _ in range(3):
                    ids.append((await author.create(schema, {"n": 1})).id)
                    await there.until(lambda: there.values.keys() == set(ids))
                await until(lambda: bool(doors.subscribed))
                await doors.cut()
                ids.append((await author.create(schema, {"n": 2})).id)
                await there.until(lambda: there.values.keys() == set(ids))  # it is asked
                await author.delete(schema, ids.pop(0))
                doors.open.set()
                await there.until(lambda: there.values.keys() == set(ids))
                await until(lambda: len(doors.subscribed) == 2)
                assert ["since" in each for each in doors.subscribed] == [False, True]
            await sessions.close()

    asyncio.run(asyncio.wait_for(work(), PATIENCE))


def test_whoever_rests_goes_on_as_soon_as_somebody_has_a_session() -> None:
    """They wait for a minute, and another one, who keeps the way open, has it sooner."""
    resting = asyncio.Event()

    async def work() -> None:
        node = Node(Store(), CryptographyVerifier(), version="0")
        there_is = False

        async def reach() -> Channel:
            if not there_is:
                raise NodeUnreachable("Nobody is there.")
            here, there = pair()
            Session(there, node.dispatcher()).start()
            return here

        async def endless(_: float) -> None:
            resting.set()
            await asyncio.Event().wait()

        async with writer(in_process(node.dispatcher())) as author:
            schema = str((await author.define(loose(n="integer"))).id)
            sessions = Reopening(reach)
            asked = Asked.of(schema, {})
            following = Subscribing(
                Inboxes(sessions),
                lambda: author.query(schema).pages(),
                asked,
                CryptographyVerifier(),
                endless,
                sessions.link,
            ).follow()
            async with aclosing(following):
                first = asyncio.ensure_future(anext(following))
                await resting.wait()
                await asyncio.sleep(0.01)
                there_is = True
                await sessions.session()
                assert (await first).instances == ()
            await sessions.close()

    asyncio.run(asyncio.wait_for(work(), PATIENCE))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cut_while_the_first_answer_comes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, while others write: in the end all of it is there, once."""
    monkeypatch.setattr(answers, "MAX_LIMIT", 4)
    chance = random.Random(seed)

    async def work(node: Served) -> None:
        async with wire(node.port) as between, writer(f"ws://127.0.0.1:{node.port}") as author:
            schema = str((await author.define(loose(n="integer"))).id)
            ids = [each.id for each in await author.create_many(schema, [{"n": n} for n in range(30)])]

            async def disturb() -> None:
                for number in range(15):
                    await asyncio.sleep(chance.choice([0.005, 0.01, 0.02, 0.04]))
                    between.slow = chance.choice([0, 1 << 9])
                    between.cut()
                    await author.update(schema, chance.choice(ids), {"n": 100 + number})
                    await author.delete(schema, ids.pop(chance.randrange(len(ids))))
                between.slow = 0

            disturbing = asyncio.create_task(disturb())
            async with Client(f"ws://127.0.0.1:{between.port}", sleep=soon) as reader:
                wanted = {"n": {"gt": 5}}
                async with shown(reader.subscribe(schema, filter=wanted, order_by=["-n"])) as there:
                    await disturbing
                    expected = {each.id: each.values async for each in author.query(schema, filter=wanted)}
                    await there.until(lambda: there.values == expected)

    serving.run(work)


def test_the_fields_that_are_chosen_are_told_and_no_others() -> None:
    """Also where it is ordered by another one."""

    async def work() -> None:
        node = Node(Store(), CryptographyVerifier(), version="0")
        async with writer(in_process(node.dispatcher())) as author:
            schema = str((await author.define(loose(n="integer", text="varchar"))).id)
            await author.create_many(schema, [{"n": n, "text": f"text {n}"} for n in range(3)])
            told = author.subscribe(schema, order_by=["-n"], select=["text"])
            async with shown(told) as there:
                made = await author.create(schema, {"n": 3, "text": "text 3"})
                await there.until(lambda: len(there.values) == 4)
                assert there.last is not None
                found = [each.values for each in there.last.instances]
                assert found == [{"text": f"text {n}"} for n in (3, 2, 1, 0)]
                await author.update(schema, made.id, {"n": -1, "text": "z"})
                await there.until(lambda: there.kinds[-1] == ("changed", made.id))
                assert there.last.instances[-1].id == made.id

    asyncio.run(asyncio.wait_for(work(), PATIENCE))


@pytest.mark.parametrize("there", [4, 3], ids=["at first", "by and by"])
def test_who_follows_more_than_is_kept_is_told_so(there: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words, and what they had been shown until then was right."""
    monkeypatch.setattr(collecting, "MOST_KEPT", 3)

    async def work() -> None:
        node = Node(Store(), CryptographyVerifier(), version="0")
        async with writer(in_process(node.dispatcher())) as author:
            schema = str((await author.define(loose(n="integer"))).id)
            await author.create_many(schema, [{"n": n} for n in range(there)])

            async def follow() -> None:
                async with aclosing(author.subscribe(schema)) as told:
                    async for changed in told:
                        assert len(changed.instances) == 3
                        await author.create(schema, {"n": 3})

            with pytest.raises(SubscriptionTooLarge, match="Narrow the filter, or query page by page"):
                await follow()
            async with shown(author.subscribe(schema, filter={"n": {"gt": 0}})) as narrower:
                assert len(narrower.values) == 3

    asyncio.run(asyncio.wait_for(work(), PATIENCE))


def test_what_cannot_be_followed_is_said() -> None:
    async def all_of_it() -> None:
        node = Node(Store(), CryptographyVerifier(), version="0")
        async with writer(in_process(node.dispatcher())) as author:
            schema = str((await author.define(loose(n="integer"))).id)
            for more, reason in (
                ({"filter": {"colour": 1}}, "field-unknown"),
                ({"filter": {"n": {"like": 1}}}, "invalid-params"),
                ({"order_by": ["colour"]}, "field-unknown"),
                ({"select": ["colour"]}, "field-unknown"),
            ):
                with pytest.raises(Exception) as refused:
                    await anext(author.subscribe(schema, **more))  # type: ignore[arg-type]
                assert getattr(refused.value, "reason", None) == reason
            with pytest.raises(SchemaNameUnknown):
                await anext(author.subscribe("nobody's"))

    asyncio.run(all_of_it())
