"""A client of a node in the same program, with another node behind it: written here at once, and brought there."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import pytest

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.node import Node
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.transport import InProcess
from tests.sqlite import Store

T = TypeVar("T")
POST = Schema("post", "Something that somebody says.", (FieldDefinition("text", "text"),))


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def no_sleep(_: float) -> None:
    pass


def a_node() -> Node:
    return Node(Store(), CryptographyVerifier(), version="0")


class Network:
    """The way to the node behind. It can be gone."""

    def __init__(self, node: Node) -> None:
        self._node = InProcess(node.dispatcher())
        self.is_there = True
        self.carried = 0

    async def send(self, body: bytes) -> bytes:
        if not self.is_there:
            raise NodeUnreachable("There is no network.")
        self.carried += 1
        return await self._node.send(body)

    async def close(self) -> None:
        pass


class Browser:
    """One browser: a key, what is kept of its logs, a node of its own, and a way to the node of all."""

    def __init__(self, behind: Node) -> None:
        self.signer = CryptographySigner(bytes(range(32)))
        self.store = MemoryStore()
        self.network = Network(behind)
        self.open(a_node())

    def open(self, node: Node, name: str = "here") -> None:
        """Opens the page, with this node in it."""
        self.node = node
        shared: dict[str, Any] = {"store": self.store, "verifier": CryptographyVerifier(), "sleep": no_sleep}
        self.behind = Client(self.network, self.signer, name="behind", **shared)
        self.here = Client(InProcess(node.dispatcher()), self.signer, name=name, beyond=self.behind, **shared)


def texts(node: Node, schema: str) -> list[str]:
    async def read() -> list[str]:
        async with Client(InProcess(node.dispatcher()), verifier=CryptographyVerifier()) as reader:
            answer = await reader.query(schema, order_by=["text"])
            assert not answer.rejected
            return [str(each["text"]) for each in answer]

    return run(read())


@pytest.fixture
def behind() -> Node:
    return a_node()


@pytest.fixture
def browser(behind: Node) -> Browser:
    made = Browser(behind)
    run(made.here.key_made())
    return made


def write(browser: Browser, schema: str, *said: str) -> list[str]:
    rows: Sequence[Mapping[str, object]] = [{"text": each} for each in said]
    written = run(browser.here.create_many(schema, rows))
    assert [(each.acknowledged, each.error) for each in written] == [(True, None)] * len(said)
    return [each.id for each in written]


def test_without_a_network_it_is_here_and_waits_and_then_it_is_there(behind: Node, browser: Browser) -> None:
    browser.network.is_there = False
    schema = str(run(browser.here.define(POST)).id)
    first, second = write(browser, schema, "one", "two")
    run(browser.here.update(schema, first, {"text": "changed"}))
    run(browser.here.delete(schema, second))
    assert texts(browser.node, schema) == ["changed"]
    assert run(browser.here.pending()) == 0
    assert run(browser.behind.pending()) == 5
    assert browser.network.carried == 0
    browser.network.is_there = True
    assert run(browser.behind.flush()) == 5
    assert run(browser.behind.pending()) == 0
    assert texts(behind, schema) == ["changed"]


def test_a_node_behind_that_says_nothing_holds_up_no_write(browser: Browser) -> None:
    """Nor does it each time anew: the network takes what is sent, and no answer comes."""
    asked = []

    async def send(body: bytes) -> bytes:
        asked.append(body)
        await asyncio.Event().wait()
        raise AssertionError

    browser.network.send = send  # type: ignore[method-assign]

    async def work() -> None:
        async with asyncio.timeout(60):
            schema = str((await browser.here.define(POST)).id)
            for text in ("one", "two"):
                assert (await browser.here.create(schema, {"text": text})).acknowledged

    run(work())
    assert len(asked) == 1
    assert run(browser.here.pending()) == 0


def test_a_network_that_answers_itself_makes_no_write_fail(browser: Browser) -> None:
    """As one does in which a visitor has to log in first."""

    async def send(body: bytes) -> bytes:
        return b"<html>Welcome to our hotel!</html>"

    browser.network.send = send  # type: ignore[method-assign]
    schema = str(run(browser.here.define(POST)).id)
    write(browser, schema, "one")


def test_a_node_here_that_lost_all_gets_what_was_written(browser: Browser) -> None:
    schema = str(run(browser.here.define(POST)).id)
    write(browser, schema, "one")
    browser.open(a_node(), name="here, anew")
    browser.network.is_there = False
    assert run(browser.here.flush()) == 2
    assert texts(browser.node, schema) == ["one"]


def test_schemas_that_are_not_here_are_asked_for_behind(behind: Node, browser: Browser) -> None:
    async def others() -> str:
        signer = CryptographySigner(b"\7" * 32)
        async with Client(InProcess(behind.dispatcher()), signer, store=MemoryStore()) as other:
            return str((await other.define(POST)).id)

    schema = run(others())
    assert run(browser.here.schema_named("post")).id == schema
    assert [(each.id, each.state) for each in run(browser.here.schemas())] == [(schema, "registered")]
    write(browser, schema, "of a kind that another made")
    browser.network.is_there = False
    assert [each.id for each in run(browser.here.schemas())] == [schema]  # it is known from now on


def test_a_key_that_was_restored_asks_behind_before_it_signs(behind: Node, browser: Browser) -> None:
    schema = str(run(browser.here.define(POST)).id)
    (first,) = write(browser, schema, "on the first machine")
    run(browser.here.key_copied())
    run(browser.behind.flush())

    another = Browser(behind)
    run(another.here.key_restored())
    another.network.is_there = False
    with pytest.raises(NodeUnreachable):
        run(another.here.create(schema, {"text": "too early"}))
    assert texts(behind, schema) == ["on the first machine"]
    another.network.is_there = True
    write(another, schema, "on the second one")
    run(another.here.update(schema, first, {"text": "changed there"}))
    assert texts(another.node, schema) == ["changed there", "on the second one"]
    run(another.behind.flush())
    assert texts(behind, schema) == ["changed there", "on the second one"]
