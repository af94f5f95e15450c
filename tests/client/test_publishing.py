"""The client's own logs in situations that matter: first use, restored keys, several nodes, refusals."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from panda_festival.definitions import definitions
from panda_festival.schemas import SCHEMAS, TALK

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.client.errors import (
    InstanceNotOwn,
    LogDiverged,
    LogRefused,
    MessageRefused,
    NodeContradictsItself,
    NodeLags,
    NoKey,
)
from panda_web.client.own_logs import READ_AT_ONCE
from panda_web.client.store import ClientStore, MemoryStore
from panda_web.errors import StoreFailed
from panda_web.keys.file import KeyFile
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages import SYSTEM_LOGS, InvalidMessage, infer_all
from panda_web.node.schemas import register
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, NodeSilent, NodeUnreachable
from panda_web.rpc.methods import PUBLISH_ITEMS
from panda_web.rpc.transport import InProcess
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.client.kept import set_text, texts_of
from tests.defining import define
from tests.node.test_publish import Harness

T = TypeVar("T")
SEED = bytes((1,)) * 32  # the key of Author(1)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class Patched:
    """A node whose answers a test may change.

    Attributes:
        calls: the names of the methods that were called.
        answer: called with the method and its result; gives the result to send, or raises.
    """

    def __init__(self, node: Harness) -> None:
        self._transport = InProcess(node.node.dispatcher())
        self.calls: list[str] = []

    def answer(self, method: str, result: Any) -> Any:
        return result

    async def send(self, body: bytes) -> bytes:
        value = jsonrpc.loads(body)
        requests = value if isinstance(value, list) else [value]
        self.calls += [request["method"] for request in requests]
        answer = jsonrpc.loads(await self._transport.send(body))
        replies = answer if isinstance(answer, list) else [answer]
        for request, reply in zip(requests, replies, strict=True):
            if "result" in reply:
                reply["result"] = self.answer(request["method"], reply["result"])
        return jsonrpc.dumps(answer)

    async def close(self) -> None:
        pass


class Far(Patched):
    """A node whose answers take a while."""

    async def send(self, body: bytes) -> bytes:
        await asyncio.sleep(0.01)
        return await super().send(body)


async def no_sleep(_: float) -> None:
    pass


def client(
    wire: Harness | Patched, store: ClientStore | None = None, seed: bytes = SEED, name: str = "node"
) -> Client:
    transport = wire if isinstance(wire, Patched) else InProcess(wire.node.dispatcher())
    return Client(
        transport,
        CryptographySigner(seed),
        store=store or MemoryStore(),
        verifier=CryptographyVerifier(),
        name=name,
        sleep=no_sleep,
    )


@pytest.fixture
def node() -> Harness:
    return Harness()


def numbers(node: Harness, schema: str = SCHEMA) -> list[Any]:
    answer = run(client(node).query(schema).all())
    assert not answer.rejected
    return sorted(instance["n"] for instance in answer)


def test_the_node_is_asked_once_for_each_schema(node: Harness) -> None:
    wire = Patched(node)
    panda = client(wire)
    for n in range(5):
        run(panda.create(SCHEMA, {"n": n}))
    run(panda.create(OTHER_SCHEMA, {"n": 0}))
    assert wire.calls.count("panda_getEntryArguments") == 2
    assert numbers(node) == [0, 1, 2, 3, 4]
    assert [
        row.log_id for row in (node.store.entries.log(panda.signer.author, n) for n in (1, 3)) if row
    ] == [1, 3]  # type: ignore[union-attr]


def test_writes_take_effect_in_the_order_in_which_they_were_begun(node: Harness) -> None:
    """Also where one of them has to ask first whether the node is too old for it."""

    async def work() -> list[object]:
        store = MemoryStore()
        written = await client(node, store).create(SCHEMA, {"n": 0, "tags": ["a"]})
        panda = client(Far(node), store)
        changes: list[dict[str, object]] = [{"n": 1, "tags": ["b"]}, {"n": 2}, {"n": 3}]
        await asyncio.gather(*(panda.update(SCHEMA, written.id, change) for change in changes))
        return [(instance["n"], instance["tags"]) for instance in await panda.query(SCHEMA)]

    assert run(work()) == [(3, ("b",))]


def test_nothing_wrong_is_signed(node: Harness) -> None:
    wire = Patched(node)
    panda = client(wire)
    for fields in (
        {},
        {"n": 2**63},
        {"n": float("nan")},
        {"n": None},
        {"s": "\ud800"},
        {"s": "x" * messages.MAX_SIZE},
    ):
        with pytest.raises(InvalidMessage):
            run(panda.create(SCHEMA, fields))
    with pytest.raises(InvalidMessage):
        run(panda.create_many(SCHEMA, [{"n": 1}, {}]))
    for instance in ("nonsense", digest(b"unknown").hex()):
        with pytest.raises((InvalidMessage, InstanceNotOwn)):
            run(panda.update(SCHEMA, instance, {"n": 1}))
    assert "panda_publishEntry" not in wire.calls
    assert run(panda.create_many(SCHEMA, [])) == []


def test_only_own_and_living_instances_change(node: Harness) -> None:
    panda, other = client(node), client(node, seed=bytes(32))
    mine, theirs = run(panda.create(SCHEMA, {"n": 1})), run(other.create(SCHEMA, {"n": 2}))
    with pytest.raises(InstanceNotOwn):
        run(panda.update(SCHEMA, theirs.id, {"n": 3}))
    with pytest.raises(InstanceNotOwn, match=f"is of the schema {SCHEMA}"):
        run(panda.update(OTHER_SCHEMA, mine.id, {"n": 3}))
    run(panda.delete(SCHEMA, mine.id))
    for change in (panda.update(SCHEMA, mine.id, {"n": 3}), panda.delete(SCHEMA, mine.id)):
        with pytest.raises(InstanceNotOwn):
            run(change)
    assert numbers(node) == [2]


def test_without_a_key_one_reads(node: Harness) -> None:
    run(client(node).create(SCHEMA, {"n": 1}))
    reader = Client(InProcess(node.node.dispatcher()), verifier=CryptographyVerifier())
    assert [instance["n"] for instance in run(reader.query(SCHEMA))] == [1]
    assert run(reader.pending()) == run(reader.flush()) == 0
    with pytest.raises(NoKey):
        run(reader.create(SCHEMA, {"n": 1}))


def test_system_schemas_go_into_their_logs(node: Harness) -> None:
    panda = client(node)
    run(panda.create(SYSTEM_LOGS[4], {"n": 1}))
    run(panda.create(SCHEMA, {"n": 1}))
    logs = [node.store.entries.log(Author(1).signer.author, log_id) for log_id in (4, 1)]
    assert all(logs)


def test_many_at_once_are_one_chain(node: Harness) -> None:
    panda = client(node)
    written = run(panda.create_many(SCHEMA, [{"n": n} for n in range(50)]))
    assert [one.acknowledged for one in written] == [True] * 50
    assert len({one.id for one in written}) == 50
    assert numbers(node) == list(range(50))


# -- restored keys: the store is empty, and the node knows more -----------------------------------


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 12, 13, 20, 39, 40])
def test_a_restored_key_goes_on_with_its_log(node: Harness, length: int) -> None:
    first = run(client(node).create_many(SCHEMA, [{"n": n} for n in range(length)]))
    again = client(node)
    run(again.create_many(SCHEMA, [{"n": length + n} for n in range(30)]))
    run(again.update(SCHEMA, first[0].id, {"n": -1}))
    assert numbers(node) == [-1, *range(1, length + 30)]
    row = node.store.entries.log(Author(1).signer.author, 1)
    assert row is not None
    assert row.seq_num == length + 31


def test_a_restored_key_whose_payloads_are_partly_gone(node: Harness) -> None:
    before = client(node)
    written = run(before.create_many(SCHEMA, [{"n": n} for n in range(14)]))
    for one in written[3:11]:
        run(before.delete(SCHEMA, one.id))
    again = client(node)
    run(again.create_many(SCHEMA, [{"n": 100 + n} for n in range(40)]))
    with pytest.raises(InstanceNotOwn):
        run(again.delete(SCHEMA, written[5].id))
    assert numbers(node) == [0, 1, 2, 11, 12, 13, *range(100, 140)]


def test_a_key_that_comes_back_learns_what_its_copy_wrote(node: Harness) -> None:
    schema = define(node, n="integer")
    mine, theirs = MemoryStore(), MemoryStore()
    first = run(client(node, mine).create_many(schema, [{"n": n} for n in range(6)]))
    copy = client(node, theirs)
    written = run(copy.create_many(schema, [{"n": n} for n in range(6, 20)]))
    run(copy.delete(schema, first[0].id))
    wire = Weather(node)
    back = client(wire, mine)
    run(back.key_restored())
    wire.storm = True
    with pytest.raises(NodeUnreachable):
        run(back.create(schema, {"n": 20}))
    wire.storm = False
    run(client(wire, mine).create(schema, {"n": 20}))
    run(client(wire, mine).update(schema, written[0].id, {"n": 60}))
    with pytest.raises(InstanceNotOwn):
        run(client(wire, mine).update(schema, first[0].id, {"n": 0}))
    assert numbers(node, schema) == [*range(1, 6), *range(7, 21), 60]
    assert "panda_queryEntries" not in wire.calls


def test_a_node_that_contradicts_itself_gets_no_signature(node: Harness) -> None:
    run(client(node).create_many(SCHEMA, [{"n": n} for n in range(4)]))

    class Liar(Patched):
        def answer(self, method: str, result: Any) -> Any:
            if method == "panda_getEntryArguments" and result["seqNum"] > 1:
                return result | self.lie
            return result

    for lie in (
        {"seqNum": 3, "lastSeqNum": 2},
        {"entryHashBacklink": digest(b"else").hex()},
        {"entryHashBacklink": None},
    ):
        liar = Liar(node)
        liar.lie = lie  # type: ignore[attr-defined]
        with pytest.raises(NodeContradictsItself):
            run(client(liar).create(SCHEMA, {"n": 9}))
        assert "panda_publishEntry" not in liar.calls


def test_a_restored_key_changes_what_old_clients_could_not_read(node: Harness) -> None:
    """Entries with arrays are not in panda_queryEntries, and are the author's all the same."""
    written = run(client(node).create(SCHEMA, {"n": 1, "persons": ["a", "b"]}))
    again = client(node)
    run(again.update(SCHEMA, written.id, {"n": 2}))
    run(again.delete(SCHEMA, written.id))
    assert numbers(node) == []


# -- two copies of one key -------------------------------------------------------------------------


def test_two_copies_of_a_key_cost_a_log_and_nothing_else(node: Harness) -> None:
    one, other = client(node), client(node)
    mine = run(one.create(SCHEMA, {"n": 1}))
    run(other.create(SCHEMA, {"n": 2}))
    with pytest.raises(LogDiverged):
        run(one.create(SCHEMA, {"n": 3}))
    assert run(one.pending()) == 0
    run(one.create(SCHEMA, {"n": 4}))
    run(other.create(SCHEMA, {"n": 5}))
    assert numbers(node) == [1, 2, 4, 5]
    run(one.update(SCHEMA, mine.id, {"n": 6}))
    assert numbers(node) == [2, 4, 5, 6]


def test_pending_entries_of_a_copy_are_not_lost_without_a_word(node: Harness) -> None:
    mine, wire = MemoryStore(), Weather(node)
    run(client(wire, mine).create(SCHEMA, {"n": 1}))
    wire.storm = True
    kept = run(client(wire, mine).create(SCHEMA, {"n": 2}))
    run(client(node).create(SCHEMA, {"n": 3}))
    run(client(wire, mine).key_restored())
    wire.storm = False
    with pytest.raises(LogDiverged) as diverged:
        run(client(wire, mine).flush())
    assert diverged.value.data["lost"] == [kept.entry_hash]


# -- nodes that are gone, lag, refuse or talk nonsense ---------------------------------------------


class Weather(Patched):
    """Unreachable when `storm` is set, in the way of `failure`."""

    storm = False
    failure: type[NodeUnreachable] = NodeUnreachable

    async def send(self, body: bytes) -> bytes:
        if self.storm:
            raise self.failure("storm")
        return await super().send(body)


def test_a_key_that_was_made_here_begins_without_the_node(node: Harness) -> None:
    wire, store = Weather(node), MemoryStore()
    panda = client(wire, store)
    run(panda.key_made())
    wire.storm = True
    kept = [run(panda.create(schema, {"n": n})) for n, schema in enumerate((SCHEMA, OTHER_SCHEMA, SCHEMA))]
    assert not any(one.acknowledged for one in kept)
    assert run(panda.is_complete(SCHEMA))
    assert run(client(wire, store).pending()) == 3
    wire.storm = False
    assert run(client(wire, store).flush()) == 3
    assert (numbers(node), numbers(node, OTHER_SCHEMA)) == ([0, 2], [1])


@pytest.mark.parametrize("told", [Client.key_copied, Client.key_restored])
def test_a_key_that_may_be_in_use_elsewhere_asks_the_node(
    node: Harness, told: Callable[[Client], Coroutine[Any, Any, None]]
) -> None:
    wire, store = Weather(node), MemoryStore()
    panda = client(wire, store)
    run(panda.key_made())
    run(told(panda))
    run(client(node).create(SCHEMA, {"n": 0}))  # by the copy
    wire.storm = True
    with pytest.raises(NodeUnreachable):
        run(panda.create(SCHEMA, {"n": 1}))
    wire.storm = False
    assert run(panda.create(SCHEMA, {"n": 1})).acknowledged
    assert numbers(node) == [0, 1]


def test_a_key_that_is_found_in_use_elsewhere_asks_from_then_on(node: Harness) -> None:
    wire, store = Patched(node), MemoryStore()
    panda = client(wire, store)
    run(panda.key_made())
    run(client(node).create(SCHEMA, {"n": 0}))
    run(client(node).create(OTHER_SCHEMA, {"n": 1}))
    with pytest.raises(LogDiverged):
        run(panda.create(SCHEMA, {"n": 2}))
    assert run(panda.create(OTHER_SCHEMA, {"n": 3})).acknowledged
    assert numbers(node, OTHER_SCHEMA) == [1, 3]


@pytest.mark.parametrize("elsewhere", [1, 2, 3])
def test_sending_finds_out_that_a_copy_of_the_key_took_the_slots(node: Harness, elsewhere: int) -> None:
    """However many entries the node has under the same numbers, these are none of ours."""
    wire = Weather(node)
    panda = client(wire)
    run(panda.key_made())
    wire.storm = True
    kept = run(panda.create_many(SCHEMA, [{"n": 10}, {"n": 11}]))
    run(panda.key_copied())
    run(client(node).create_many(SCHEMA, [{"n": n} for n in range(elsewhere)]))
    wire.storm = False
    with pytest.raises(LogDiverged) as caught:
        run(panda.flush())
    assert caught.value.data["lost"] == [written.entry_hash for written in kept]
    assert run(panda.create(SCHEMA, {"n": 12})).acknowledged
    assert numbers(node) == [*range(elsewhere), 12]


def timed(node: Harness) -> tuple[Client, Weather, list[float]]:
    """A client that has published once, its wire, and the waits that it begins, in seconds, which take no time."""
    wire = Weather(node)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    panda = Client(wire, CryptographySigner(SEED), store=MemoryStore(), name="node", sleep=sleep)
    run(panda.create(SCHEMA, {"n": 0}))
    return panda, wire, waits


def test_a_node_that_is_away_is_waited_for_once(node: Harness) -> None:
    panda, wire, waits = timed(node)
    for storm in (True, True, False, True):
        wire.storm = storm
        run(panda.create(SCHEMA, {"n": 1}))
    assert waits == 2 * [0.2, 0.8, 2.0]
    with pytest.raises(NodeUnreachable):
        run(panda.flush())  # which was asked for
    assert waits == 3 * [0.2, 0.8, 2.0]


def test_a_node_that_is_silent_is_not_asked_again_at_once(node: Harness) -> None:
    """That would take as long again, while somebody waits to hear that it is signed."""
    panda, wire, waits = timed(node)
    wire.storm, wire.failure = True, NodeSilent
    written = run(panda.create(SCHEMA, {"n": 1}))
    assert isinstance(written.error, NodeSilent)
    assert waits == []
    wire.storm = False
    assert run(panda.flush()) == 1


def test_what_is_signed_is_kept_and_sent_later(node: Harness) -> None:
    wire, store = Weather(node), MemoryStore()
    panda = client(wire, store)
    wire.storm = True
    with pytest.raises(NodeUnreachable):
        run(panda.create(SCHEMA, {"n": 0}))
    assert run(panda.pending()) == 0
    wire.storm = False
    written = run(panda.create(SCHEMA, {"n": 1}))
    wire.storm = True
    kept = [run(panda.create(SCHEMA, {"n": 2})), run(panda.update(SCHEMA, written.id, {"n": 10}))]
    assert [one.acknowledged for one in kept] == [False, False]
    assert run(panda.pending()) == 2
    with pytest.raises(NodeUnreachable):
        run(panda.flush())
    wire.storm = False
    after_restart = client(wire, store)
    assert run(after_restart.pending()) == 2
    assert run(after_restart.flush()) == 2
    assert run(after_restart.pending()) == 0
    assert numbers(node) == [2, 10]


def test_several_nodes_each_get_everything(node: Harness) -> None:
    store, second = MemoryStore(), Harness()
    run(client(node, store, name="a").create_many(SCHEMA, [{"n": n} for n in range(40)]))
    there = client(second, store, name="b")
    run(there.create(SCHEMA, {"n": 40}))
    assert numbers(second) == list(range(41))
    back = client(node, store, name="a")
    assert run(back.pending()) == 1
    run(back.flush())
    assert numbers(node) == list(range(41))


def test_a_node_that_lost_everything_is_brought_up_to_date() -> None:
    store = MemoryStore()
    run(client(Harness(), store).create_many(SCHEMA, [{"n": n} for n in range(20)]))
    empty = Harness()
    run(client(empty, store).create(SCHEMA, {"n": 20}))
    assert numbers(empty) == list(range(21))


def test_a_write_to_a_node_that_lost_everything_brings_the_other_logs_too() -> None:
    first, second, store = Harness(), Harness(), MemoryStore()
    for schema in (SCHEMA, OTHER_SCHEMA):
        run(client(first, store).create_many(schema, [{"n": n} for n in range(3)]))
    panda = client(second, store)
    assert run(panda.create(SCHEMA, {"n": 3})).acknowledged
    assert numbers(second) == [0, 1, 2, 3]
    assert numbers(second, OTHER_SCHEMA) == [0, 1, 2]
    assert run(panda.pending()) == 0


def replaced(store: MemoryStore) -> Harness:
    """An empty node, after two logs were acknowledged by one of the same name."""
    first = Harness()
    for schema in (SCHEMA, OTHER_SCHEMA):
        run(client(first, store).create_many(schema, [{"n": n} for n in range(3)]))
    return Harness()


def test_a_replaced_node_gets_a_log_above_one_that_was_given_up() -> None:
    node, empty, store = Harness(), Harness(), MemoryStore()
    panda = client(node, store)
    for schema in (SCHEMA, OTHER_SCHEMA):
        run(panda.create(schema, {"n": 1}))
    run(client(node).create(SCHEMA, {"n": 2}))  # another copy of the key
    with pytest.raises(LogDiverged):
        run(panda.create(SCHEMA, {"n": 3}))
    assert run(client(empty, store).flush()) == 1
    assert numbers(empty, OTHER_SCHEMA) == [1]


def test_what_a_replaced_node_refuses_of_another_log_is_brought_there_and_told_once() -> None:
    first, second, store, talks = Harness(), Harness(), MemoryStore(), str(TALK.id)
    panda = client(first, store)
    run(panda.create(talks, {"title": "A", "start": "soon"}))
    run(panda.create(OTHER_SCHEMA, {"n": 0}))
    for schema in SCHEMAS:
        run(register(second.store, str(schema.id)))
    for each in definitions():
        run(second.node.publish_entry(each.entry, each.payload))
    panda = client(second, store)
    run(second.node.views.add(TALK))
    written = run(panda.create(OTHER_SCHEMA, {"n": 1}))
    assert written.acknowledged
    assert isinstance(written.error, MessageRefused)
    assert written.error.data["entryHash"] != written.entry_hash
    assert run(panda.pending()) == run(panda.flush()) == 0
    assert list(run(panda.query(talks))) == []
    again = run(panda.create(talks, {"title": "A", "start": "2026-11-28T10:00:00Z"}))
    assert (again.acknowledged, again.error) == (True, None)


@pytest.mark.parametrize("asks", ["flush", "write"])
def test_a_log_that_others_brought_in_parts_is_sent_whole(asks: str) -> None:
    """The end of a log at a node says nothing about what is before it, nor about payloads."""
    node, other, store = Harness(), Harness(), MemoryStore()
    panda = client(other, store, name="other")
    run(panda.create_many(SCHEMA, [{"n": n} for n in range(13)]))
    items = run(other.node.get_items(Author(1).signer.author, 1, 1, 13, 0, 0, True))["items"]
    brought = [
        {"entryBytes": each["entryBytes"], "payloadBytes": each["payloadBytes"] if n == 13 else None}
        for n, each in enumerate(items, 1)
        if n in (1, 2, 3, 4, 13)
    ]
    assert {each.state for each in node.call(PUBLISH_ITEMS, items=brought)} == {"stored"}
    panda = client(node, store)
    assert run(panda.pending()) == 13
    if asks == "flush":
        assert run(panda.flush()) == 13
    else:
        assert run(panda.create(SCHEMA, {"n": 13})).acknowledged
    assert run(panda.pending()) == 0
    assert numbers(node)[:13] == list(range(13))


def test_a_node_that_goes_away_while_it_gets_everything_again_gets_the_rest_later() -> None:
    store = MemoryStore()
    wire = Weather(replaced(store))

    def storm(method: str, result: Any) -> Any:
        wire.storm = wire.calls.count("panda_publishEntry") > 4
        return result

    wire.answer = storm  # type: ignore[method-assign]
    panda = client(wire, store)
    assert run(panda.create(OTHER_SCHEMA, {"n": 3})).acknowledged
    wire.storm, wire.answer = False, lambda _, result: result  # type: ignore[method-assign]
    assert run(panda.create(OTHER_SCHEMA, {"n": 4})).acknowledged
    back = client(wire, store)
    assert [len(run(back.query(schema).all())) for schema in (SCHEMA, OTHER_SCHEMA)] == [3, 5]


def test_a_node_that_lost_what_the_client_does_not_hold_either(node: Harness) -> None:
    run(client(node).create_many(SCHEMA, [{"n": n} for n in range(5)]))
    restored = MemoryStore()
    run(client(node, restored).create(SCHEMA, {"n": 5}))
    empty = Harness()
    written = run(client(empty, restored).create(SCHEMA, {"n": 6}))
    assert isinstance(written.error, NodeLags)
    with pytest.raises(NodeLags):  # now it is known, and nothing more is signed
        run(client(empty, restored).create(SCHEMA, {"n": 7}))


def test_a_refusal_that_may_pass_keeps_the_entry() -> None:
    node, store = Harness(author_bytes=6000), MemoryStore()
    panda = client(node, store)
    run(panda.create(SCHEMA, {"n": 1}))
    written = run(panda.create(SCHEMA, {"n": 2, "s": "x" * 1000}))
    assert not written.acknowledged
    assert written.error is not None
    assert written.error.reason == "author-quota-reached"
    assert run(panda.pending()) == 1
    roomy = Harness()
    run(client(roomy, store).flush())
    assert run(client(roomy, store).pending()) == 0


def test_new_instances_go_round_what_the_node_refuses_and_it_is_tried_again(node: Harness) -> None:
    class Stubborn(Patched):
        refuse = True

        async def send(self, body: bytes) -> bytes:
            if self.refuse and b"panda_publishEntry" in body:
                requests = jsonrpc.loads(body)
                error = ErrorFromNode("No.", "log-schema-mismatch")
                return jsonrpc.dumps([jsonrpc.error_reply(request["id"], error) for request in requests])
            if self.refuse and b"panda_publishItems" in body:
                error = ErrorFromNode("No such method.", "method-not-found")
                return jsonrpc.dumps(jsonrpc.error_reply(jsonrpc.loads(body)["id"], error))
            return await super().send(body)

    wire = Stubborn(node)
    panda = client(wire)
    refused = run(panda.create(SCHEMA, {"n": 1}))
    assert isinstance(refused.error, LogRefused)
    wire.refuse = False
    run(panda.create(SCHEMA, {"n": 2}))
    assert numbers(node) == [2]
    assert node.store.entries.log(Author(1).signer.author, 1) is None
    assert run(panda.pending()) == 1
    assert run(panda.flush()) == 1
    assert numbers(node) == [1, 2]


@pytest.mark.parametrize(
    "lie", [{"entryHash": digest(b"else").hex()}, {"logId": 7}, {"seqNum": "x"}, {"logId": None}]
)
def test_an_acknowledgement_of_something_else_is_none(node: Harness, lie: dict[str, Any]) -> None:
    class Liar(Patched):
        def answer(self, method: str, result: Any) -> Any:
            return result | lie if method == "panda_publishEntry" else result

    store = MemoryStore()
    written = run(client(Liar(node), store).create(SCHEMA, {"n": 1}))
    assert isinstance(written.error, AnswerMalformed)
    panda = client(node, store)
    assert run(panda.pending()) == 0  # it is there after all: who counts asks first
    assert run(panda.flush()) == 0
    assert numbers(node) == [1]


@pytest.mark.parametrize("reason", ["internal-error", "verifying-failed", "a-word-of-tomorrow", None])
def test_an_odd_refusal_costs_nothing(node: Harness, reason: str | None) -> None:
    class Odd(Patched):
        odd = True

        async def send(self, body: bytes) -> bytes:
            if self.odd and b"panda_publishEntry" in body:
                error = {
                    "code": 0,
                    "message": "database is locked",
                    "data": {"reason": reason} if reason else {},
                }
                return jsonrpc.dumps(
                    [{"jsonrpc": "2.0", "id": r["id"], "error": error} for r in jsonrpc.loads(body)]
                )
            return await super().send(body)

    wire, store = Odd(node), MemoryStore()
    written = run(client(wire, store).create(SCHEMA, {"n": 1}))
    assert written.error is not None
    assert run(client(wire, store).pending()) == 1
    wire.odd = False
    assert run(client(wire, store).flush()) == 1
    assert numbers(node) == [1]


def test_large_messages_go_in_several_batches(node: Harness) -> None:
    rows = [{"n": n, "s": "x" * 300_000} for n in range(16)]
    assert all(written.acknowledged for written in run(client(node).create_many(SCHEMA, rows)))
    run(client(node).create(SCHEMA, {"n": 16, "s": "x" * 1_000_000}))
    assert numbers(node) == list(range(17))


def test_a_node_that_was_emptied_gets_everything_again_by_flush(node: Harness) -> None:
    store, empty = MemoryStore(), Harness()
    run(client(node, store).create_many(SCHEMA, [{"n": n} for n in range(20)]))
    assert run(client(empty, store).flush()) == 20
    assert run(client(empty, store).flush()) == 0
    assert numbers(empty) == list(range(20))


def test_a_log_from_one_node_is_not_signed_into_for_another(node: Harness) -> None:
    run(client(node, name="a").create_many(SCHEMA, [{"n": n} for n in range(5)]))
    restored, other = MemoryStore(), Harness()
    run(client(node, restored, name="a").create(SCHEMA, {"n": 5}))
    for _ in range(3):
        with pytest.raises(NodeLags):
            run(client(other, restored, name="b").create(SCHEMA, {"n": 6}))
    assert run(client(node, restored, name="a").pending()) == 0
    run(client(other, restored, name="b").create(OTHER_SCHEMA, {"n": 7}))
    with pytest.raises(NodeLags):
        run(client(other, restored, name="b").flush())
    assert numbers(other, OTHER_SCHEMA) == [7]


@pytest.mark.parametrize("length", [7, 12, 13, 17, 21, 25, 39])
def test_a_restored_key_that_wrote_offline_goes_on(node: Harness, length: int) -> None:
    run(client(node).create_many(SCHEMA, [{"n": n} for n in range(length)]))
    wire, store = Weather(node), MemoryStore()
    panda = client(wire, store)
    run(panda.create(SCHEMA, {"n": length}))
    for more in range(1, 12):
        wire.storm = more % 2 == 1
        try:
            run(panda.create(SCHEMA, {"n": length + more}))
        except NodeUnreachable:  # a link that only the node knows: nothing was signed
            wire.storm = False
            run(panda.create(SCHEMA, {"n": length + more}))
    wire.storm = False
    run(panda.flush())
    assert numbers(node) == list(range(length + 12))


@pytest.mark.parametrize("lie", [{"logId": 0}, {"logId": 2}, {"logId": 2**31 - 1}, {"logId": 999_999}])
def test_log_ids_are_not_the_nodes_to_use_up(node: Harness, lie: dict[str, Any]) -> None:
    class Liar(Patched):
        def answer(self, method: str, result: Any) -> Any:
            return result | lie if method == "panda_getEntryArguments" else result

    store = MemoryStore()
    with pytest.raises(NodeContradictsItself):
        run(client(Liar(node), store).create(SCHEMA, {"n": 1}))
    run(client(node, store).create(SCHEMA, {"n": 1}))
    assert numbers(node) == [1]


def test_a_damaged_memory_is_a_named_error(node: Harness) -> None:
    store = MemoryStore()
    panda = client(node, store)
    run(panda.create(SCHEMA, {"n": 1}))
    (key,) = texts_of(store, "log/")
    set_text(store, key, "{}")
    with pytest.raises(StoreFailed):
        run(panda.create(SCHEMA, {"n": 2}))


def test_a_key_file_has_its_logs_beside_it(node: Harness, tmp_path: Path) -> None:
    key = KeyFile.create(tmp_path / "me.pem")

    async def write(n: int) -> None:
        transport = InProcess(node.node.dispatcher())
        async with Client(transport, key, name="node") as panda:
            await panda.create(SCHEMA, {"n": n})

    run(write(1))
    run(write(2))
    assert numbers(node) == [1, 2]
    assert (tmp_path / "me.logs.db").exists()


def test_own_is_what_this_client_signed(node: Harness) -> None:
    panda = client(node)
    one = run(panda.create(SCHEMA, {"n": 1, "t": "a"}))
    two = run(panda.create(SCHEMA, {"n": 2}))
    run(panda.update(SCHEMA, one.id, {"n": 3}))
    run(panda.delete(SCHEMA, two.id))
    assert run(panda.own(SCHEMA)) == {one.id: infer_all({"n": 3, "t": "a"})}
    assert run(panda.own(OTHER_SCHEMA)) == {}


def test_one_key_behind_a_link_has_one_memory(tmp_path: Path) -> None:
    key = KeyFile.create(tmp_path / "me.pem")
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link.pem"
    link.symlink_to(key.path)
    assert KeyFile(link).logs_path == key.logs_path


class Watched(MemoryStore):
    """A store that knows what was read from it.

    Attributes:
        read: the prefixes of keys that were read together.
        most: the most texts that came at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.most = 0

    async def scan(self, prefix: str, start: str = "", most: int | None = None) -> list[tuple[str, str]]:
        found = await super().scan(prefix, start, most)
        self.read.append(prefix)
        self.most = max(self.most, len(found))
        return found


class Counting(InProcess):
    """Knows what was asked, by one body each."""

    def __init__(self, node: Harness) -> None:
        super().__init__(node.node.dispatcher())
        self.asked: list[str] = []

    async def send(self, body: bytes) -> bytes:
        requests, _ = jsonrpc.read_requests(body, 100)
        self.asked.append(" ".join(each.method for each in requests if isinstance(each, jsonrpc.Request)))
        return await super().send(body)


def test_a_first_write_asks_the_node_for_the_schema_and_sends() -> None:
    """What a node can is seen by its answer: a page waits for each question more at its first visit."""
    way = Counting(Harness())

    async def work() -> None:
        panda = Client(way, CryptographySigner.generate(), store=MemoryStore())
        await panda.key_made()
        assert (await panda.create(SCHEMA, {"n": 1})).error is None
        assert way.asked == ["panda_query", "panda_publishEntry"]
        assert (await panda.create(SCHEMA, {"n": 2})).error is None
        assert len(await panda.query(SCHEMA).all()) == 2
        assert "rpc.discover" not in way.asked

    run(work())


class Once(Watched):
    """Tells how often a log's end was looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = 0

    async def scan(self, prefix: str, start: str = "", most: int | None = None) -> list[tuple[str, str]]:
        self.looked += prefix.startswith("log/")
        return await super().scan(prefix, start, most)


def test_a_first_write_reads_the_own_logs_once() -> None:
    node, store = Harness(), Once()

    async def work() -> None:
        panda = Client(InProcess(node.node.dispatcher()), CryptographySigner.generate(), store=store)
        await panda.key_made()
        await panda.create(SCHEMA, {"n": 1})
        assert store.looked == 1

    run(work())


def test_what_is_written_is_not_read_again_to_be_sent() -> None:
    """Each text that comes out of a browser's storage stays in memory for a good while."""
    node, store = Harness(), Watched()

    async def work() -> None:
        panda = Client(InProcess(node.node.dispatcher()), CryptographySigner.generate(), store=store)
        for n in range(3):
            await panda.create_many(SCHEMA, [{"n": n}] * 40)
        assert await panda.pending() == 0
        assert len(await panda.query(SCHEMA).all()) == 120

    run(work())
    assert not [prefix for prefix in store.read if prefix.startswith("entry/")]


def test_own_instances_are_read_some_at_a_time() -> None:
    node, store = Harness(), Watched()

    async def work() -> None:
        panda = Client(InProcess(node.node.dispatcher()), CryptographySigner.generate(), store=store)
        await panda.create_many(SCHEMA, [{"n": n} for n in range(2 * READ_AT_ONCE + 1)])
        numbers = [fields["n"].value for fields in (await panda.own(SCHEMA)).values()]
        assert sorted(numbers) == list(range(2 * READ_AT_ONCE + 1))

    run(work())
    assert store.most == READ_AT_ONCE
