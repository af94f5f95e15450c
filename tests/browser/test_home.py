"""The site's own node as a page has it: filled from another one, read without it; in CPython, with real nodes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from panda_web.browser.answers import answer_to_json
from panda_web.browser.home import Home, Kept
from panda_web.browser.local import LocalNode
from panda_web.browser.merging import merged
from panda_web.browser.reach import Reach
from panda_web.browser.serving import SharedNode
from panda_web.browser.shown import Shown
from panda_web.client import Client, Instance
from panda_web.client.collecting import Change, Changed
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages import Field
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.node.store import Settings
from panda_web.node.store.settings import SERVER
from panda_web.rpc.channel import Channel
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.transport import InProcess
from panda_web.rpc.within import in_process, reached
from panda_web.sync import Platform, Source
from tests.sync.world import Clock, a_node, author

T = TypeVar("T")
POST = Schema("post", "Something that somebody says.", (FieldDefinition("text", "text"),))
NODE = "https://node.example/"


def run(work: Coroutine[Any, Any, T]) -> T:
    async def timed() -> T:
        async with asyncio.timeout(30):
            return await work

    return asyncio.run(timed())


class Network:
    """The node of all, and the way to it, which can be cut."""

    def __init__(self) -> None:
        self.dispatcher = a_node().dispatcher()
        self.is_there = True
        self._open: list[Channel] = []

    async def send(self, body: bytes) -> bytes:
        self._look()
        return await InProcess(self.dispatcher).send(body)

    async def close(self) -> None:
        pass

    def sessions(self) -> Reopening:
        async def reach() -> Channel:
            self._look()
            self._open.append(reached(self.dispatcher))
            return self._open[-1]

        return Reopening(reach)

    async def cut(self) -> None:
        self.is_there = False
        for channel in self._open:
            await channel.close()

    def _look(self) -> None:
        if not self.is_there:
            raise NodeUnreachable("There is no network.")


@dataclass
class Folder:
    """Where a browser keeps the database: a disk of the platform's own."""

    path: Path
    settings: Settings = SERVER
    kind: str = "files"
    warning: str | None = None
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def close(self) -> None:
        pass


class Browser:
    """One browser: what is kept in it, and a visit of its site."""

    def __init__(self, path: Path, network: Network) -> None:
        self.path = path
        self.network = network
        self.signer = CryptographySigner(bytes(range(32)))
        self.store = MemoryStore()
        self.clock = Clock()

    @asynccontextmanager
    async def visit(self) -> AsyncIterator["Visit"]:
        source = Source(NODE, self.network, self.network.sessions())
        local = LocalNode(cast("Any", Folder(self.path)), CryptographyVerifier())
        shared = SharedNode(local, lambda _: source, Platform(self.clock.sleep, self.clock))
        home = Home(lambda: in_process(shared.dispatcher()))
        about: dict[str, Any] = {
            "store": self.store,
            "verifier": CryptographyVerifier(),
            "sleep": self.clock.sleep,
        }
        sends = Client(self.network, self.signer, name=NODE, sessions=self.network.sessions(), **about)
        client = Client(
            home.way, self.signer, name=await home.name(), sessions=home.sessions(), beyond=sends, **about
        )
        await client.key_made()
        try:
            yield Visit(client, sends, home)
        finally:
            await home.close()
            await client.close()
            await sends.close()
            await shared.close()


@dataclass
class Visit:
    """As `Site`, of which a part needs a browser."""

    client: Client
    sends: Client
    home: Home
    mode: str = "first"
    nodes: Sequence[str] = (NODE,)

    def __post_init__(self) -> None:
        self.reach = Reach((), in_process, self.home)
        self.told = self.home.told.wait

    @property
    def shown(self) -> Shown:
        return Shown(cast("Any", self))

    def kept(self, schema: str) -> Kept:
        return self.home.kept(self.nodes, schema)

    async def sent(self) -> Mapping[tuple[str, int], int]:
        return {(str(self.client.author), log): n for log, n in (await self.sends.acknowledged()).items()}

    async def read(self, schema: str) -> tuple[list[str], list[str], Any]:
        """The texts of all posts; those that wait; how much is here."""
        here = await self.shown.ready(schema)
        answer = answer_to_json(await self.client.query(schema, order_by=["text"]), await self.shown.went())
        texts = [each["text"] for each in answer["instances"]]
        waiting = [each["text"] for each in answer["instances"] if "waiting" in each["_meta"]]
        return texts, waiting, here


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def browser(tmp_path: Path, network: Network) -> Browser:
    return Browser(tmp_path / "panda.sqlite", network)


async def others_write(network: Network, *texts: str) -> str:
    async with author(network, 7) as other:
        schema = str((await other.define(POST)).id)
        await other.create_many(schema, [{"text": each} for each in texts])
    return schema


def test_what_was_seen_once_is_there_without_a_network(network: Network, browser: Browser) -> None:
    async def work() -> None:
        schema = await others_write(network, "one", "two")
        async with browser.visit() as visit:
            texts, waiting, here = await visit.read("post")  # by its name, at the first visit
            assert (texts, waiting) == (["one", "two"], [])
            assert (here["state"], here["done"], here["error"]) == ("whole", 2, None)
        await network.cut()
        async with browser.visit() as visit:
            texts, waiting, here = await visit.read(schema)
            assert texts == ["one", "two"]
            assert (here["state"], here["error"]["reason"]) == ("whole", "node-unreachable")

    run(work())


def test_what_is_written_without_a_network_is_shown_and_waits(network: Network, browser: Browser) -> None:
    async def work() -> None:
        schema = await others_write(network, "theirs")
        async with browser.visit() as visit:
            await visit.read(schema)
            await network.cut()
            written = await visit.client.create(schema, {"text": "mine"})
            assert written.acknowledged
            assert (await visit.read(schema))[:2] == (["mine", "theirs"], ["mine"])
        async with browser.visit() as visit:
            assert (await visit.read(schema))[:2] == (["mine", "theirs"], ["mine"])
            network.is_there = True
            assert await visit.sends.flush() == 1
            assert (await visit.read(schema))[:2] == (["mine", "theirs"], [])
        async with author(network, 8) as reader:
            assert sorted(str(each["text"]) for each in await reader.query(schema)) == ["mine", "theirs"]

    run(work())


def test_subscription_tells_how_much_is_here_and_what_waits_no_more(
    network: Network, browser: Browser
) -> None:
    async def work() -> None:
        schema = await others_write(network, "theirs")
        async with browser.visit() as visit:
            shown, client = visit.shown, visit.client
            texts: dict[str, tuple[str, bool]] = {}
            seen: list[Any] = []
            async with aclosing(shown.follow(schema, client.subscribe(schema))) as told:

                async def until(wanted: dict[str, bool]) -> None:
                    while dict(texts.values()) != wanted or not seen[-1] or seen[-1]["state"] != "whole":
                        each = await anext(told)
                        assert each["first"] == (not seen)
                        seen.append(each["here"])
                        for change in each["changes"]:
                            found = change["instance"]
                            texts[change["id"]] = found["text"], "waiting" in found["_meta"]

                await until({"theirs": False})
                await network.cut()
                await client.create(schema, {"text": "mine"})
                await until({"theirs": False, "mine": True})
                network.is_there = True
                await visit.sends.flush()
                await until({"theirs": False, "mine": False})

    run(work())


def test_node_that_is_out_of_reach_at_the_first_visit(network: Network, browser: Browser) -> None:
    async def work() -> None:
        schema = await others_write(network, "theirs")
        await network.cut()
        async with browser.visit() as visit:
            texts, _, here = await visit.read(schema)
            assert texts == []
            assert (here["state"], here["error"]["reason"]) == ("never", "node-unreachable")
            network.is_there = True
            async with aclosing(visit.kept(schema).follow()) as standings:
                async for standing in standings:
                    if standing["state"] == "whole":
                        break
            assert (await visit.read(schema))[0] == ["theirs"]

    run(work())


def test_what_is_told_last_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The node takes in what waited while its author says something else: that is shown, and waits."""
    monkeypatch.setattr("panda_web.browser.shown.RECOUNT_SECONDS", 0)
    changed: asyncio.Queue[int] = asyncio.Queue()
    taken: dict[int, asyncio.Event] = {number: asyncio.Event() for number in (1, 2)}

    async def told() -> AsyncGenerator[Changed, None]:
        while True:
            number = await changed.get()
            one = Instance(
                "id", "schema", {"n": Field("integer", number)}, "author", 1, 1, number, "", number > 1,
                verified=True, complete=True, cursor=None,
            )  # fmt: skip
            taken[number].set()
            yield Changed((Change("id", "changed", one),), (one,))

    class Sent:
        mode = "first"
        nodes = (NODE,)
        reach = Reach((), in_process, None)
        asked = 0
        up_to = 1

        def kept(self, _: str) -> None:
            return None

        async def sent(self) -> Mapping[tuple[str, int], int]:
            self.asked += 1
            if self.asked == 3:  # the storage takes a while
                changed.put_nowait(2)
                await taken[2].wait()
            return {("author", 1): self.up_to if self.asked > 1 else 0}

    async def work() -> None:
        seen, sent = [], Sent()
        changed.put_nowait(1)
        async with aclosing(Shown(cast("Any", sent)).follow("0040" + "ab" * 64, told())) as following:
            async for each in following:
                instance = each["changes"][0]["instance"]
                seen.append((instance["n"], "waiting" in instance["_meta"]))
                if len(seen) == 2 and not taken[2].is_set():
                    changed.put_nowait(2)
                if seen[-1] == (2, True):
                    sent.up_to = 2
                if seen[-1] == (2, False):
                    break
        assert seen == [(1, True), (1, False), (2, True), (2, False)]

    run(work())


def test_merged_in_the_order_in_which_it_was_given() -> None:
    """Also where nobody has taken anything meanwhile."""
    given: list[str] = []
    turns = [asyncio.Event() for _ in range(6)]

    async def source(name: str, *mine: int) -> AsyncGenerator[str, None]:
        for each in mine:
            await turns[each].wait()
            given.append(f"{name}{each}")
            yield f"{name}{each}"

    async def work() -> None:
        async with aclosing(merged(source("a", 0, 3), source("b", 1, 2))) as both:
            turns[0].set()
            assert await anext(both) == "a0"
            for each in (3, 1):  # each source may be one ahead
                turns[each].set()
                await asyncio.sleep(0.01)
            assert [await anext(both), await anext(both)] == given[1:] == ["a3", "b1"]

    run(work())


def test_merged() -> None:
    closed: list[str] = []

    async def source(name: str, *steps: float) -> AsyncGenerator[str, None]:
        try:
            for each in steps:
                await asyncio.sleep(each)
                yield name
        finally:
            closed.append(name)

    async def work() -> None:
        found = [each async for each in merged(source("a", 0.01, 0.02), source("b", 0.02))]
        assert sorted(found) == ["a", "a", "b"]
        assert sorted(closed) == ["a", "b"]
        closed.clear()
        async with aclosing(merged(source("a", 0, 60), source("b", 60))) as both:
            assert await anext(both) == "a"
        assert sorted(closed) == ["a", "b"]

    run(work())
