"""A log that two copies of one key wrote to: what is at the node stays in its author's hands."""

from dataclasses import replace
from typing import Any

import pytest

from panda_web.client.errors import InstanceNotOwn, LogDiverged, LogForked, MessageRefused
from panda_web.client.own_logs import OwnLogs
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages.schema import DEFINITION, FieldDefinition, Schema
from panda_web.node import Node
from panda_web.node.schemas import register
from panda_web.rpc import jsonrpc
from panda_web.rpc.methods import PUBLISH_ITEMS
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.client.kept import set_text, texts_of
from tests.client.test_publishing import Patched, Weather, client, numbers, run
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.test_early_node import client as early_client
from tests.node.test_publish import Harness
from tests.sqlite import Store


@pytest.fixture
def node() -> Harness:
    return Harness()


def forked(node: Harness, store: MemoryStore, wire: Patched | None = None) -> tuple[str, str]:
    """Two copies wrote one after the other; gives the instance from before, and what the first one lost."""
    panda = client(wire or node, store)
    old = run(panda.create(SCHEMA, {"n": 1})).id
    copy = client(node)
    run(copy.update(SCHEMA, old, {"n": 2}))
    run(copy.create(SCHEMA, {"n": 3}))
    with pytest.raises(LogDiverged) as told:
        run(panda.create(SCHEMA, {"n": 4, "title": "Opening"}))
    assert '{"n": 4, "title": "Opening"}' in str(told.value)
    (lost,) = told.value.data["messages"]
    assert (lost["action"], lost["schema"], lost["fields"]["n"]) == ("create", SCHEMA, 4)
    return old, lost["entryHash"]


def test_older_instances_can_be_changed_and_deleted_after_a_fork(node: Harness) -> None:
    store = MemoryStore()
    old, lost = forked(node, store)
    assert run(client(node, store).update(SCHEMA, old, {"n": 5})).acknowledged
    assert numbers(node) == [3, 5]
    assert [each["entryHash"] for each in run(client(node, store).lost())] == [lost]
    assert run(client(node, store).create(SCHEMA, {"n": 6})).acknowledged
    assert node.store.entries.log(Author(1).signer.author, 3) is not None, "creates go to another log"
    assert run(client(node, store).delete(SCHEMA, old)).acknowledged
    assert numbers(node) == [3, 6]
    with pytest.raises(InstanceNotOwn):
        run(client(node, store).update(SCHEMA, lost, {"n": 7}))
    assert run(client(node, store).pending()) == 0


def test_a_log_in_which_nothing_counts_is_sent_once(node: Harness) -> None:
    """Its node offers another one from then on, which says nothing about what it holds of this."""
    store, wire = MemoryStore(), Patched(node)
    run(client(wire, store).create(SCHEMA, {"n": 1}))
    other, payload = Author(1).create(SCHEMA, n=2)
    items = [{"entryBytes": other.encoded.hex(), "payloadBytes": payload.hex()}]
    assert node.call(PUBLISH_ITEMS, items=items)[0].state == "stored"
    told = run(client(wire, store).create(SCHEMA, {"n": 3})).error
    assert isinstance(told, LogForked)
    assert [each["fields"] for each in told.data["messages"]] == [{"n": 1}, {"n": 3}]
    wire.calls.clear()
    for _ in range(2):
        assert run(client(wire, store).flush()) == 0
    assert "panda_publishEntry" not in wire.calls
    assert run(client(wire, store).create(SCHEMA, {"n": 4})).acknowledged
    assert numbers(node) == [4]


def test_restoring_the_key_once_more_is_enough(node: Harness) -> None:
    store = MemoryStore()
    old, _ = forked(node, store)
    panda = client(node, store)
    run(panda.key_restored())
    assert run(panda.flush()) == 0
    assert run(panda.update(SCHEMA, old, {"n": 5})).acknowledged


def test_what_the_other_copy_made_can_be_changed_before_this_one_writes_into_its_slot(node: Harness) -> None:
    """That the log has moved on is seen in what the node shows of the instance."""
    store = MemoryStore()
    panda = client(node, store)
    run(panda.create(SCHEMA, {"n": 1}))
    theirs = run(client(node).create(SCHEMA, {"n": 2})).id
    assert run(panda.update(SCHEMA, theirs, {"n": 3})).acknowledged
    assert numbers(node) == [1, 3]


def test_slots_above_a_fork_that_was_shown_are_signed_again(node: Harness) -> None:
    """Ours was the longer branch, and all of it left this client; the node keeps the shorter one."""
    store, author = MemoryStore(), Author(1).signer.author
    wire = Weather(node)
    panda = client(wire, store)
    old = run(panda.create(SCHEMA, {"n": 1})).id
    wire.storm = True
    run(panda.create_many(SCHEMA, [{"n": 10 + n} for n in range(5)]))
    wire.storm = False
    run(client(node).create(SCHEMA, {"n": 2}))
    with pytest.raises(LogDiverged):
        run(panda.flush())
    assert run(panda.update(SCHEMA, old, {"n": 3})).acknowledged
    log = run(OwnLogs(store, author).get(1))
    assert log is not None
    assert (log.forked, log.head.seq_num) == (2, 3)
    assert len(run(panda.lost())) == 5
    assert numbers(node) == [2, 3]


@pytest.mark.parametrize("theirs", [1, 2, 3])
def test_a_node_that_was_set_back_and_went_on_with_another_copy(node: Harness, theirs: int) -> None:
    """It had acknowledged more; its copy of the log differs below that, and may be as long, or longer."""
    store, other = MemoryStore(), MemoryStore()
    panda = client(node, store)
    old = run(panda.create(SCHEMA, {"n": 1})).id
    early = Store()
    node.store.sqlite.backup(early.sqlite)
    lost = [run(panda.create(SCHEMA, {"n": n})).entry_hash for n in (2, 3)]
    node.store = early
    node.node = Node(early, CryptographyVerifier(), version="0")
    for n in range(theirs):
        run(client(node, other).create(SCHEMA, {"n": 20 + n}))

    with pytest.raises(LogDiverged) as told:
        run(client(node, store).update(SCHEMA, old, {"n": 4}))
    assert told.value.data["lost"][:2] == lost
    assert run(client(node, store).update(SCHEMA, old, {"n": 5})).acknowledged
    assert run(client(node, store).delete(SCHEMA, old)).acknowledged
    assert run(client(node, store).create(SCHEMA, {"n": 6})).acknowledged
    assert run(client(node, store).pending()) == 0
    assert numbers(node) == [6, *range(20, 20 + theirs)]


class Hiding(Patched):
    """A node that says that a slot is taken, and shows nothing."""

    hides = True

    def answer(self, method: str, result: Any) -> Any:
        if self.hides and method == "panda_getItems":
            return {"items": [], "next": None}
        return result


def test_no_slot_is_signed_again_on_a_nodes_bare_word(node: Harness) -> None:
    store, wire = MemoryStore(), Hiding(node)
    old, _ = forked(node, store, wire)
    before = texts_of(store, "entry/")
    for _ in range(2):
        with pytest.raises(LogDiverged, match="does not show"):
            run(client(wire, store).update(SCHEMA, old, {"n": 5}))
    assert texts_of(store, "entry/") == before
    wire.hides = False
    assert run(client(wire, store).update(SCHEMA, old, {"n": 5})).acknowledged


def test_all_that_waited_and_lost_its_place_is_told_log_by_log(node: Harness) -> None:
    store = MemoryStore()
    wire = Weather(node)
    panda = client(wire, store)
    schemas = (SCHEMA, OTHER_SCHEMA)
    for schema in schemas:
        run(panda.create(schema, {"n": 0}))
    wire.storm = True
    kept = [run(panda.create(schema, {"n": 10 + n})).entry_hash for schema in schemas for n in range(7)]
    wire.storm = False
    for schema in schemas:
        run(client(node).create(schema, {"n": 1}))
    told: list[str] = []
    for _ in schemas:
        with pytest.raises(LogDiverged, match=r"that were signed here reach this node.*and 2 more") as lost:
            run(panda.flush())
        told += lost.value.data["lost"]
    assert told == kept
    assert run(panda.flush()) == 0
    assert run(panda.pending()) == 0


def test_the_log_of_definitions_goes_on_after_a_fork(node: Harness) -> None:
    """There is no other log for them."""
    store = MemoryStore()
    room, hall, stage = (
        Schema(name, "A place", (FieldDefinition("name", "varchar"),)) for name in ("room", "hall", "stage")
    )
    run(client(node, store).define(room))
    theirs = run(client(node).define(hall)).id
    with pytest.raises(LogDiverged):
        run(client(node, store).define(stage))
    defined = run(client(node, store).define(stage)).id
    shown = {each.id for each in run(client(node).query(str(DEFINITION.id)).all())}
    assert {theirs, defined} < shown
    assert len(shown) == 3


def test_at_an_early_node_new_instances_go_on_there_too() -> None:
    """It takes a schema in one log only."""
    node, store = Aquadoggo(), MemoryStore()
    old = run(early_client(node, store).create(SCHEMA, {"n": 1})).id
    run(early_client(node).create(SCHEMA, {"n": 2}))
    with pytest.raises(LogDiverged):
        run(early_client(node, store).create(SCHEMA, {"n": 3}))
    assert run(early_client(node, store).update(SCHEMA, old, {"n": 4})).acknowledged
    assert run(early_client(node, store).create(SCHEMA, {"n": 5})).acknowledged
    found = run(early_client(node).query(SCHEMA).all())
    assert sorted(instance["n"] for instance in found) == [2, 4, 5]  # type: ignore[type-var]


def test_what_can_be_done_about_a_refused_entry_is_said(node: Harness) -> None:
    """Signed when nobody could be asked for the definition."""
    talk = Schema("talk", "What is said", (FieldDefinition("title", "varchar"),))
    schema = str(run(client(node, seed=bytes((9,)) * 32).define(talk)).id)
    store = MemoryStore()
    wire = Weather(node)
    old = run(client(wire, store).create(schema, {"title": "Opening"})).id
    set_text(store, f"schema/{schema}", None)
    wire.storm = True
    run(client(wire, store).create(schema, {"n": 1}))
    wire.storm = False
    run(register(node.store, schema))
    run(node.node.views.add(replace(talk, id=schema)))
    with pytest.raises(
        MessageRefused, match=r"The node node refuses what entry 2 of log 1 says .* nobody there"
    ):
        run(client(wire, store).flush())
    assert run(client(wire, store).pending()) == 0
    again = run(client(wire, store).create(schema, {"title": "Again"}))
    assert run(client(wire, store).delete(schema, old)).acknowledged
    assert [each.id for each in run(client(node).query(schema))] == [again.id]
    assert again.error is None


def test_an_older_node_without_items_shows_what_can_be_replayed(node: Harness) -> None:
    class Older(Patched):
        async def send(self, body: bytes) -> bytes:
            request = jsonrpc.loads(body)
            if isinstance(request, dict) and request["method"] == "panda_getItems":
                return jsonrpc.dumps(
                    {
                        "jsonrpc": "2.0",
                        "id": request["id"],
                        "error": {"code": -32601, "message": "No.", "data": {"reason": "method-not-found"}},
                    }
                )
            return await super().send(body)

    run(client(node).create_many(SCHEMA, [{"n": n} for n in range(6)]))
    store = MemoryStore()
    assert run(client(Older(node), store).create(SCHEMA, {"n": 6})).acknowledged
    assert numbers(node) == list(range(7))
