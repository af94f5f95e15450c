"""What was said of an instance, entry by entry, is read from its author's log and checked."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import Client
from panda_web.client import versions
from panda_web.client.versions import Version, Versions
from panda_web.messages import Field
from panda_web.rpc import jsonrpc
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA, Author
from tests.examples import examples
from tests.node.test_publish import Harness

Item = dict[str, Any]
Lie = Callable[[list[Item]], list[Item]]


class Between:
    """A transport to a node, of which the answers to `panda_getItems` are changed on the way.

    Args:
        node: the node.
        lie: makes other items of them; None where the node does not know the method.
    """

    def __init__(self, node: Harness, lie: Lie | None) -> None:
        self._transport = InProcess(node.node.dispatcher())
        self._lie = lie

    async def send(self, body: bytes) -> bytes:
        request = jsonrpc.loads(body)
        if not isinstance(request, dict) or request["method"] != "panda_getItems":
            return await self._transport.send(body)
        if self._lie is None:
            unknown = {"code": -32601, "message": "No.", "data": {"reason": "method-not-found"}}
            return jsonrpc.dumps({"jsonrpc": "2.0", "id": request["id"], "error": unknown})
        reply: Any = jsonrpc.loads(await self._transport.send(body))
        reply["result"]["items"] = self._lie(reply["result"]["items"])
        return jsonrpc.dumps(reply)

    async def close(self) -> None:
        pass


def honest(items: list[Item]) -> list[Item]:
    return items


def versions_at(node: Harness, instance: bytes, lie: Lie | None = honest) -> Versions:
    async def run() -> Versions:
        async with Client(Between(node, lie)) as reader:
            return await reader.versions(SCHEMA, instance.hex())

    return asyncio.run(run())


class Log:
    """A log at a node, with three instances: what was said of each, the latest first."""

    def __init__(self, about: list[int]) -> None:
        self.node, self.author = Harness(), Author(1)
        self.ids: list[bytes] = []
        self.said: list[list[Version]] = []
        for number in range(3):
            self._say(number, "create", *self.author.create(n=number))
            self.ids.append(self.author_last)
        for number, instance in enumerate(about, start=10):
            self._say(instance, "update", *self.author.update(self.ids[instance], n=number))

    def _say(self, instance: int, action: Any, signed: Any, payload: bytes) -> None:
        self.node.publish(signed, payload)
        self.author_last = signed.hash
        if action == "create":
            self.said.append([])
        value = instance if action == "create" else signed.entry.seq_num + 6
        version = Version(signed.entry.seq_num, signed.hash.hex(), action, {"n": Field("int", value)})
        self.said[instance].insert(0, version)


@examples(6)
@given(st.lists(st.integers(0, 2), max_size=12))
def test_what_was_written_is_what_is_read(about: list[int]) -> None:
    log = Log(about)
    with patch("panda_web.client.dialect.AT_ONCE", 4):
        for number, instance in enumerate(log.ids):
            assert versions_at(log.node, instance) == Versions(tuple(log.said[number]), complete=True)


def test_older_nodes_which_do_not_know_the_call() -> None:
    log = Log([0, 1, 0])
    assert versions_at(log.node, log.ids[0], None) == Versions(tuple(log.said[0]), complete=True)


def test_of_what_is_not_there_nothing_is_said() -> None:
    assert versions_at(Log([]).node, bytes.fromhex("0040" + "00" * 64)) == Versions()


def without(seq: int) -> Lie:
    return lambda items: [each for place, each in enumerate(items) if place != seq]


def silent(items: list[Item]) -> list[Item]:
    return [each | {"payloadBytes": None} for each in items]


def mixed_up(items: list[Item]) -> list[Item]:
    """Each payload under the next entry."""
    payloads = [each["payloadBytes"] for each in items]
    return [
        each | {"payloadBytes": other} for each, other in zip(items, payloads[1:] + payloads[:1], strict=True)
    ]


def of_others(items: list[Item]) -> list[Item]:
    return [{**each, "entryBytes": Author(2).create(n=1)[0].encoded.hex()} for each in items]


@pytest.mark.parametrize(
    ("lie", "left"),
    [(without(4), [6, 4, 1]), (without(5), [4, 1]), (silent, []), (mixed_up, []), (of_others, [])],
    ids=["one about another", "the last one", "no payloads", "payloads of others", "entries of others"],
)
def test_what_a_node_holds_back_or_changes_is_not_there_and_that_is_said(lie: Lie, left: list[int]) -> None:
    log = Log([0, 1, 0])
    found = versions_at(log.node, log.ids[0], lie)
    assert not found.complete
    assert list(found.versions) == [each for each in log.said[0] if each.seq_num in left]
    assert len(found.versions) == len(left)


def test_no_more_are_looked_up_than_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log([0] * 10)
    monkeypatch.setattr("panda_web.client.dialect.AT_ONCE", 2)
    monkeypatch.setattr(versions, "MOST_VERSIONS", 3)
    found = versions_at(log.node, log.ids[0])
    assert found == Versions(tuple(log.said[0][:3]), complete=False)
    monkeypatch.setattr(versions, "MOST_VERSIONS", 100)
    monkeypatch.setattr(versions, "MOST_LOOKED_AT", 5)
    found = versions_at(log.node, log.ids[0])
    assert found == Versions(tuple(log.said[0][:5]), complete=False)
