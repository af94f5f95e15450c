"""What is written is held to its schema before it is signed, though nobody asked for the schema."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from panda_web.client import definitions
from panda_web.client.errors import ProofMismatch
from panda_web.client.store import MemoryStore
from panda_web.errors import PandaError
from panda_web.messages import Field, InvalidMessage, Relation
from panda_web.messages.errors import FieldNameTooLong, FieldsTooMany
from panda_web.messages.message import MAX_FIELD_NAME, MAX_FIELDS
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.messages.schema.errors import FieldMissing, FieldNameReserved, FieldUnknown
from panda_web.node.schemas import register
from panda_web.rpc.errors import NodeSilent, RelationTargetForeign
from tests.authors import OTHER_SCHEMA, SCHEMA
from tests.client.kept import set_text, texts_of
from tests.client.test_publishing import Far, Patched, Weather, client, run, timed
from tests.node.test_publish import Harness

ROOM = Schema("room", "Where talks are held", (FieldDefinition("name", "varchar"),))
OWNER = bytes((9,)) * 32
"""The key of whoever defines the schemas."""


@pytest.fixture
def node() -> Harness:
    return Harness()


def defined(node: Harness, schema: Schema) -> str:
    """Defined by somebody else, and registered, so that the node refuses what the schema forbids."""
    schema_id = str(run(client(node, seed=OWNER).define(schema)).id)
    run(register(node.store, schema_id))
    return schema_id


def talk_of(room: str) -> Schema:
    return Schema(
        "talk",
        "What is said",
        (
            FieldDefinition("title", "varchar"),
            FieldDefinition("seats", "float", optional=True),
            FieldDefinition("room", "relation", schema=room, optional=True),
        ),
    )


def test_a_client_that_never_asked_signs_nothing_wrong(node: Harness) -> None:
    """What a node would refuse for good, and with it all that was written before."""
    room = defined(node, ROOM)
    talk = defined(node, talk_of(room))
    hall = run(client(node).create(room, {"name": "Hall"}))
    store = MemoryStore()
    first = run(client(node, store).create(talk, {"title": "Opening", "room": hall.id, "seats": 3}))
    for values in ({}, {"seats": 3.0}, {"title": "A", "rom": hall.id}, {"title": "A", "room": "Hall"}):
        wire = Patched(node)
        with pytest.raises(PandaError) as refused:
            run(client(wire, store).create(talk, values))
        assert refused.value.reason in ("field-missing", "field-unknown", "relation-malformed")
        assert "panda_publishEntry" not in wire.calls
    with pytest.raises(FieldUnknown):
        run(client(node, store).update(talk, first.id, {"n": 1}))
    assert run(client(node, store).update(talk, first.id, {"seats": 4})).acknowledged
    (shown,) = run(client(node).query(talk))
    assert shown.fields == {
        "title": Field("str", "Opening"),
        "room": Field("relation", Relation(hall.id)),
        "seats": Field("float", 4.0),
    }
    assert run(client(node, store).delete(talk, first.id)).acknowledged


def test_relation_to_an_own_instance_of_another_schema_is_not_signed(node: Harness) -> None:
    room = defined(node, ROOM)
    talk = defined(node, talk_of(room))
    panda = client(node)
    first = run(panda.create(talk, {"title": "Opening"}))
    for change in (
        panda.create(talk, {"title": "Second", "room": first.id}),
        panda.update(talk, first.id, {"room": first.id}),
    ):
        with pytest.raises(RelationTargetForeign) as refused:
            run(change)
        assert refused.value.data["field"] == "room"
    assert run(panda.pending()) == 0
    assert run(panda.delete(talk, first.id)).acknowledged


def test_fields_are_made_for_the_schema_that_is_found(node: Harness) -> None:
    room = defined(node, ROOM)
    told: list[str | None] = []

    def fields(schema: Schema | None) -> dict[str, object]:
        told.append(schema.name if schema else None)
        return {"name": "Hall"}

    panda = client(node)
    run(panda.create(room, fields))
    run(panda.create(SCHEMA, fields))
    assert told == ["room", None]


def test_a_definition_is_fetched_once_and_kept_for_later_clients(node: Harness) -> None:
    room = defined(node, ROOM)
    wire, store = Patched(node), MemoryStore()
    for n in range(2):
        panda = client(wire, store)
        for _ in range(2):
            run(panda.create(room, {"name": f"Hall {n}"}))
    assert wire.calls.count("panda_query") == 1
    storm = Weather(node)
    storm.storm = True
    with pytest.raises(FieldMissing):
        run(client(storm, store).create(room, {}))
    assert not run(client(storm, store).create(room, {"name": "Cellar"})).acknowledged


@pytest.mark.parametrize("what", ["entry", "payload", "place"])
def test_a_kept_definition_that_was_changed_is_fetched_again(node: Harness, what: str) -> None:
    room, other = defined(node, ROOM), defined(node, replace(ROOM, description="Another"))
    wire, store = Patched(node), MemoryStore()
    for schema in (room, other):
        run(client(wire, store).create(schema, {"name": "Hall"}))
    right, false = (json.loads(texts_of(store)[f"schema/{schema}"]) for schema in (room, other))
    wrong = {**right, what: false[what] if what != "place" else "first"}
    set_text(store, f"schema/{room}", json.dumps(wrong))
    run(client(wire, store).create(room, {"name": "Hall"}))
    assert wire.calls.count("panda_query") == (2 if what == "place" else 3)
    set_text(store, f"schema/{room}", "{}")
    with pytest.raises(FieldMissing):
        run(client(wire, store).create(room, {}))


def test_few_definitions_are_kept_and_no_huge_one(node: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "MAX_KEPT", 3)
    monkeypatch.setattr(definitions, "MAX_SIZE", 2_000)
    store = MemoryStore()
    huge = defined(node, replace(ROOM, description="x" * 2_000))
    run(client(node, store).create(huge, {"name": "Hall"}))
    ids = [defined(node, replace(ROOM, description=str(n))) for n in range(5)]
    for schema in ids:
        run(client(node, store).create(schema, {"name": "Hall"}))
    assert sorted(f"schema/{schema}" for schema in ids[2:]) == [key for key, _ in run(store.scan("schema/"))]


def test_what_another_tab_defined_is_held_to_without_the_node(node: Harness) -> None:
    store = MemoryStore()
    room = str(run(client(node, store).define(ROOM)).id)
    wire = Patched(node)
    with pytest.raises(FieldMissing):
        run(client(wire, store).create(room, {}))
    assert wire.calls == []


# -- where no definition can be had ------------------------------------------------------------------


def test_a_node_is_asked_once_for_what_nobody_defined(node: Harness) -> None:
    wire = Patched(node)
    panda = client(wire)
    for n in range(5):
        run(panda.create(SCHEMA, {"n": n}))
    run(panda.create(OTHER_SCHEMA, {"n": 0}))
    assert wire.calls.count("panda_query") == 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({f"n{number}": number for number in range(MAX_FIELDS + 1)}, FieldsTooMany),
        ({"n" * (MAX_FIELD_NAME + 1): 1}, FieldNameTooLong),
    ],
)
def test_more_fields_than_nodes_take_are_not_signed(
    node: Harness, fields: dict[str, int], error: type[InvalidMessage]
) -> None:
    wire, store = Patched(node), MemoryStore()
    panda = client(wire, store)
    made = run(panda.create(SCHEMA, {"n": 1})).id
    for write in (panda.create(SCHEMA, fields), panda.update(SCHEMA, made, fields)):
        with pytest.raises(error):
            run(write)
    assert wire.calls.count("panda_publishEntry") == 1
    assert len(texts_of(store, "entry/")) == 1


@pytest.mark.parametrize("name", ["id", "_meta", "_entries"])
def test_names_that_could_not_be_read_back_are_not_signed(node: Harness, name: str) -> None:
    with pytest.raises(FieldNameReserved):
        run(client(node).create(SCHEMA, {"n": 1, name: "x"}))


def test_a_silent_node_is_waited_for_once_in_a_write(node: Harness) -> None:
    room = defined(node, ROOM)
    panda, wire, waits = timed(node)
    run(panda.create(SCHEMA, {"n": 1}))
    run(panda.key_made())
    attempts: list[str] = []
    send = wire.send

    async def counted(body: bytes) -> bytes:
        attempts.append("sent")
        return await send(body)

    wire.send = counted  # type: ignore[method-assign]
    wire.storm, wire.failure = True, NodeSilent
    written = run(panda.create(room, {"name": "Hall"}))
    assert isinstance(written.error, NodeSilent)
    assert (len(attempts), waits) == (1, [])
    run(panda.create(room, {"name": "Cellar"}))
    assert len(attempts) == 2
    wire.storm = False
    assert run(panda.flush()) == 2


def test_a_node_that_is_away_costs_one_attempt_more(node: Harness) -> None:
    room = defined(node, ROOM)
    panda, wire, waits = timed(node)
    run(panda.key_made())
    wire.storm = True
    assert not run(panda.create(room, {"name": "Hall"})).acknowledged
    assert waits == [0.2, 0.8, 2.0]


def test_a_false_definition_is_told(node: Harness) -> None:
    room = defined(node, ROOM)

    class Lying(Patched):
        def answer(self, method: str, result: Any) -> Any:
            return (
                [{**each, "description": "Forged"} for each in result] if method == "panda_query" else result
            )

    wire = Lying(node)
    with pytest.raises(ProofMismatch):
        run(client(wire).create(room, {"name": "Hall"}))
    assert "panda_publishEntry" not in wire.calls


def test_later_writes_do_not_overtake_one_that_waits_for_a_definition(node: Harness) -> None:
    room = defined(node, ROOM)

    async def work() -> list[object]:
        store = MemoryStore()
        hall = await client(node, store).create(room, {"name": "0"})
        panda = client(Far(node), store)
        await store.commit({f"schema/{room}": None}, {})
        await asyncio.gather(*(panda.update(room, hall.id, {"name": str(n)}) for n in (1, 2, 3)))
        return [instance["name"] for instance in await panda.query(room)]

    assert run(work()) == ["3"]
