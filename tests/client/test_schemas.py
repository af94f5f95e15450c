"""Definitions through the client: published once, fetched with proof, and held to before anything is signed."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.client.errors import NoKey, ProofMismatch, SchemaNotFound
from panda_web.client.store import MemoryStore
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import Field, Relation
from panda_web.messages.errors import FieldsEmpty, SchemaMalformed, SystemLogCreateOnly
from panda_web.messages.schema import (
    DEFINITION,
    FieldDefinition,
    InvalidFields,
    InvalidSchema,
    Schema,
    write_definition,
)
from panda_web.node.schemas import drop, register
from panda_web.rpc.errors import (
    AnswerMalformed,
    ErrorFromNode,
    InvalidParams,
    NodeUnreachable,
    SchemaNameAmbiguous,
    SchemaNameUnknown,
)
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA, Author
from tests.client.test_publishing import Patched, client, run
from tests.node.test_publish import Harness

ROOM = Schema(
    "room",
    "Where talks are held",
    (
        FieldDefinition("name", "varchar", validation="[A-Z].*"),
        FieldDefinition("area", "float"),
        FieldDefinition("seats", "integer", optional=True),
        FieldDefinition("beside", "relation[]", schema="self", optional=True),
    ),
)
OTHER = replace(ROOM, description="Another one")


@pytest.fixture
def node() -> Harness:
    return Harness()


def definitions(node: Harness) -> list[str]:
    return [instance.id for instance in run(client(node, seed=bytes(32)).query(DEFINITION.id or "").all())]


def test_defined_once_and_found_again(node: Harness) -> None:
    wire, store = Patched(node), MemoryStore()
    panda = client(wire, store)
    defined = run(panda.define(ROOM))
    assert replace(defined, id=None) == ROOM
    assert definitions(node) == [defined.id]
    assert run(panda.define(ROOM)) == defined
    assert run(client(wire, store).define(replace(ROOM, id=digest(b"x").hex()))) == defined
    other = run(panda.define(OTHER))
    assert sorted(definitions(node)) == sorted([defined.id or "", other.id or ""])
    row = node.store.entries.log(Author(1).signer.author, 0)
    assert row is not None
    assert row.seq_num == 2
    # Somebody else's equal one is another schema: its author is another one.
    theirs = run(client(node, seed=bytes((9,)) * 32).define(ROOM))
    assert theirs.id not in (defined.id, other.id)


def test_at_the_same_moment_it_is_defined_once(node: Harness) -> None:
    panda = client(node)

    async def work() -> list[Schema]:
        return await asyncio.gather(*(panda.define(ROOM) for _ in range(5)))

    assert len({schema.id for schema in run(work())}) == 1
    assert len(definitions(node)) == 1


def test_a_restored_key_finds_what_it_defined(node: Harness) -> None:
    first = run(client(node).define(ROOM))
    for n in range(3):
        run(client(node).define(replace(ROOM, description=str(n))))
    wire = Patched(node)
    again = client(wire)
    assert run(again.define(ROOM)) == first
    assert "panda_publishEntry" not in wire.calls
    run(again.define(OTHER))
    assert run(again.define(ROOM)) == first
    restored = client(node)
    run(restored.key_restored())
    assert run(restored.define(OTHER)).id in definitions(node)
    assert len(definitions(node)) == 5


def test_another_node_gets_what_is_defined_already(node: Harness) -> None:
    store, elsewhere = MemoryStore(), Harness()
    defined = run(client(node, store).define(ROOM))
    assert run(client(elsewhere, store, name="elsewhere").define(ROOM)) == defined
    assert definitions(elsewhere) == [defined.id]


class Mortal(Patched):
    """A node that is there, until it is not."""

    dead = False

    async def send(self, body: bytes) -> bytes:
        if self.dead:
            raise NodeUnreachable("gone")
        return await super().send(body)


def test_without_a_network_it_is_kept_and_usable(node: Harness) -> None:
    wire = Mortal(node)
    panda = client(wire)
    run(panda.define(ROOM))
    run(panda.create(SCHEMA, {"n": 1}))
    wire.dead = True
    defined = run(panda.define(OTHER))
    assert run(panda.define(OTHER)) == defined
    assert (run(panda.pending()), run(panda.pending(DEFINITION.id)), run(panda.pending(SCHEMA))) == (1, 1, 0)
    assert run(panda.schema(defined.id or "")) == defined
    wire.dead = False
    assert run(panda.flush()) == 1
    assert defined.id in definitions(node)


def test_only_with_a_key(node: Harness) -> None:
    reader = Client(InProcess(node.node.dispatcher()), verifier=CryptographyVerifier())
    with pytest.raises(NoKey):
        run(reader.define(ROOM))
    assert definitions(node) == []


# -- fetching ------------------------------------------------------------------------------------------


def test_a_schema_is_fetched_once(node: Harness) -> None:
    defined = run(client(node).define(ROOM))
    wire = Patched(node)
    panda = client(wire, seed=bytes((7,)) * 32)
    assert panda.known_schemas.get(defined.id or "") is None
    assert run(panda.schema(defined.id or "")) == defined
    assert run(panda.schema(defined.id or "")) is panda.known_schemas.get(defined.id or "")
    assert wire.calls.count("panda_query") == 1
    assert run(panda.schema(DEFINITION.id or "")) is DEFINITION


def test_what_is_no_definition_is_none(node: Harness) -> None:
    panda = client(node)
    written = run(panda.create(SCHEMA, {"n": 1}))
    for schema in (written.id, digest(b"nobody's").hex(), SCHEMA):
        with pytest.raises(SchemaNotFound) as refused:
            run(panda.schema(schema))
        assert refused.value.data["schema"] == schema
    for schema in ("", "room", "0040", "x" * 100_000):
        with pytest.raises(SchemaMalformed):
            run(panda.schema(schema))


class Lying(Patched):
    """A node that answers a query for one definition with something else of the kind."""

    def __init__(self, node: Harness, instead: Any) -> None:
        super().__init__(node)
        self.instead = instead

    def answer(self, method: str, result: Any) -> Any:
        return self.instead(result) if method == "panda_query" else result


def item_of(written: list[tuple[Any, bytes]], fields: dict[str, Any]) -> dict[str, Any]:
    """What a hostile node says about entries that somebody really signed."""
    entries = [
        {"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()} for signed, payload in written
    ]
    return {**fields, "id": written[0][0].hash.hex(), "_meta": {"cursor": "x"}, "_entries": entries}


def plain(schema: Schema) -> dict[str, Any]:
    return {name: field.value for name, field in write_definition(schema).fields.items()}


def test_a_hostile_node_cannot_give_another_definition(node: Harness) -> None:
    defined = run(client(node).define(ROOM))
    run(client(node, seed=bytes((9,)) * 32).define(OTHER))

    def forged(result: Any) -> Any:
        return [{**result[0], "description": "Forged"}]

    def swapped(result: Any) -> Any:
        return [{**result[0], "id": digest(b"x").hex()}]

    reader = client(Lying(node, forged), seed=bytes((7,)) * 32)
    with pytest.raises(ProofMismatch):
        run(reader.schema(defined.id or ""))
    assert reader.known_schemas.get(defined.id or "") is None
    with pytest.raises(PandaError):
        run(client(Lying(node, swapped), seed=bytes((7,)) * 32).schema(defined.id or ""))
    with pytest.raises(SchemaNotFound):
        run(client(Lying(node, lambda _: []), seed=bytes((7,)) * 32).schema(defined.id or ""))


class Naming(Patched):
    """A node that calls schemas as a test says."""

    def __init__(self, node: Harness, names: dict[str, str]) -> None:
        super().__init__(node)
        self._names = names

    def answer(self, method: str, result: Any) -> Any:
        if method != "panda_schemas":
            return result
        return [{"id": each, "name": name, "state": "registered"} for each, name in self._names.items()]


def test_a_schema_by_its_name(node: Harness) -> None:
    author = client(node)
    room, other = run(author.define(ROOM)), run(author.define(OTHER))
    ids = str(room.id), str(other.id)

    def reader(names: dict[str, str]) -> Client:
        return client(Naming(node, names), seed=bytes((7,)) * 32)

    assert run(reader({ids[0]: "room", ids[1]: "hall"}).schema_named("room")) == room
    assert run(reader({}).schema_named(ids[0])) == room
    with pytest.raises(SchemaNameUnknown):
        run(reader({ids[0]: "hall"}).schema_named("room"))
    with pytest.raises(SchemaNameAmbiguous) as both:
        run(reader(dict.fromkeys(ids, "room")).schema_named("room"))
    assert both.value.data["ids"] == list(ids)
    for each, about in zip(ids, (ROOM.description, OTHER.description), strict=True):
        assert f"{each} ('{about}', with name, area, seats, beside)" in str(both.value)
    knows = reader(dict.fromkeys(ids, "room"))
    run(knows.schema(ids[1]))
    with pytest.raises(SchemaNameAmbiguous):  # what was read by its id has no more right to the name
        run(knows.schema_named("room"))


def test_what_is_known_and_what_the_node_lists_are_looked_at_together(node: Harness) -> None:
    """Who learned of a schema before does not silently write another one than the node's others do."""
    room, other = run(client(node).define(ROOM)), run(client(node, seed=bytes((8,)) * 32).define(OTHER))
    ids = [str(room.id), str(other.id)]
    wire = Naming(node, {ids[1]: "room"})
    author = client(wire)
    run(author.define(ROOM))
    for write in (author.create("room", {"name": "A", "area": 1}), author.query("room")):
        with pytest.raises(SchemaNameAmbiguous) as both:
            run(write)
        assert sorted(both.value.data["ids"]) == sorted(ids)
    assert "panda_publishEntry" not in wire.calls[wire.calls.index("panda_schemas") :]
    # An application's own counts where no other has the name, and where the node lists it.
    for names, expected in (({ids[1]: "room"}, other), ({}, room), ({ids[0]: "room"}, room)):
        reader = client(Naming(node, names), seed=bytes((7,)) * 32)
        reader.learn([room])
        assert run(reader.schema_named("room")) == expected


def test_a_name_means_the_same_as_long_as_a_client_is_open(node: Harness) -> None:
    room, other = run(client(node).define(ROOM)), run(client(node).define(OTHER))
    names = {str(room.id): "room"}
    wire = Naming(node, names)
    store = MemoryStore()
    panda = client(wire, store, seed=bytes((7,)) * 32)
    assert run(panda.schema_named("room")) == room
    names[str(other.id)] = "room"
    wire.calls.clear()
    assert run(panda.schema_named("room")) == room
    assert wire.calls == []
    with pytest.raises(SchemaNameAmbiguous):
        run(client(wire, seed=bytes((7,)) * 32).schema_named("room"))
    # Without a network it means what it meant before.
    wire.answer = unreachable  # type: ignore[method-assign]
    assert run(client(wire, store, seed=bytes((7,)) * 32).schema_named("room")) == room


def unreachable(method: str, result: Any) -> Any:
    raise NodeUnreachable("The wire is cut.")


def test_queries_by_name(node: Harness) -> None:
    author = client(node)
    room = run(author.define(ROOM))
    run(author.create(str(room.id), {"name": "Hall", "area": 1}))
    reader = client(Naming(node, {str(room.id): "room"}), seed=bytes((7,)) * 32)
    assert [found["name"] for found in run(reader.query("room"))] == ["Hall"]
    with pytest.raises(SchemaNameUnknown):
        run(reader.query("talk"))


def test_a_hostile_node_cannot_give_a_name_to_another_schema(node: Harness) -> None:
    room = run(client(node).define(ROOM))
    for names in ({str(room.id): "talk"}, {digest(b"x").hex(): "talk"}, {"no id": "talk"}):
        with pytest.raises((ProofMismatch, SchemaNotFound, AnswerMalformed)):
            run(client(Naming(node, names), seed=bytes((7,)) * 32).schema_named("talk"))


@pytest.mark.parametrize("log_id", [0, 1])
def test_a_definition_that_was_changed_or_stands_elsewhere(node: Harness, log_id: int) -> None:
    """Its author may sign that, and a node may give it; it is no definition all the same."""
    author = Author(5, log_id=log_id)
    message = write_definition(ROOM)
    created = author.write(message)
    written = [created]
    if log_id == 0:
        change = {"description": Field("str", "changed")}
        written.append(author.write(messages.update(message.schema, created[0].hash.hex(), change)))
    fields = plain(ROOM) | ({"description": "changed"} if log_id == 0 else {})
    lying = Lying(node, lambda _: [item_of(written, fields)])
    with pytest.raises(PandaError) as refused:
        run(client(lying).schema(created[0].hash.hex()))
    assert refused.value.reason == ("proof-mismatch" if log_id == 0 else "system-log-mismatch")


def test_a_signed_definition_of_nonsense(node: Harness) -> None:
    author = Author(5, log_id=0)
    fields = plain(ROOM) | {"fields": '{"a": {"type": "varchar", "validation": "("}}'}
    created = author.create(DEFINITION.id or "", **fields)
    lying = Lying(node, lambda _: [item_of([created], fields)])
    with pytest.raises(InvalidSchema):
        run(client(lying).schema(created[0].hash.hex()))


# -- writing -------------------------------------------------------------------------------------------


def test_a_known_schema_gives_types_and_is_held_to(node: Harness) -> None:
    panda = client(node)
    room = run(panda.define(ROOM)).id or ""
    first = run(panda.create(room, {"name": "Hall", "area": 80, "beside": []})).id
    run(panda.create(room, {"name": "Cellar", "area": 12.5, "seats": None, "beside": [first]}))
    run(panda.update(room, first, {"area": 81}))
    found = {str(instance["name"]): instance for instance in run(panda.query(room))}
    assert found["Hall"].fields == {
        "name": Field("str", "Hall"),
        "area": Field("float", 81.0),
    }, "a list without items is none"
    assert found["Cellar"].fields["beside"] == Field("relation[]", (Relation(first),))
    pending, logs = run(panda.pending()), run(panda.own(room))
    for values in (
        {"name": "hall", "area": 1.0},
        {"name": "Hall"},
        {"name": "Hall", "area": "large"},
        {"name": "Hall", "area": 1, "colour": "red"},
        {"name": "Hall", "area": 1, "seats": 1.5},
    ):
        with pytest.raises(InvalidFields):
            run(panda.create(room, values))
        with pytest.raises(InvalidFields):
            run(panda.create_many(room, [{"name": "Hall", "area": 1}, values]))
    for change in ({"name": "hall"}, {"n": 1}, {"name": None}):
        with pytest.raises(InvalidFields):
            run(panda.update(room, first, change))
    with pytest.raises(FieldsEmpty):
        run(panda.update(room, first, {}))
    assert (run(panda.pending()), run(panda.own(room))) == (pending, logs)


def test_nothing_but_definitions_goes_into_log_0(node: Harness) -> None:
    """A refused entry there would end the author's only log of definitions."""
    wire = Patched(node)
    panda = client(wire)
    log_0 = DEFINITION.id or ""
    for fields in ({"name": "room"}, plain(ROOM) | {"fields": "[]"}, plain(ROOM) | {"version": 2}):
        with pytest.raises((InvalidFields, InvalidSchema)):
            run(panda.create(log_0, fields))
    defined = run(panda.define(ROOM)).id or ""
    before = len(wire.calls)
    with pytest.raises(SystemLogCreateOnly):
        run(panda.update(log_0, defined, {"name": "hall"}))
    with pytest.raises(SystemLogCreateOnly):
        run(panda.delete(log_0, defined))
    assert len(wire.calls) == before
    assert run(panda.define(OTHER)).id in definitions(node)


def test_what_one_client_knows_another_can_learn(node: Harness) -> None:
    panda = client(node)
    room = run(panda.define(ROOM)).id or ""
    wire = Patched(node)
    other = client(wire, seed=bytes((9,)) * 32)
    other.learn(panda.known_schemas.values())
    with pytest.raises(InvalidFields):
        run(other.create(room, {"name": "hall", "area": 1}))
    assert wire.calls == []


def test_a_refused_query_is_told(node: Harness) -> None:
    class Refusing(Patched):
        def answer(self, method: str, result: Any) -> Any:
            if method == "panda_query":
                raise InvalidParams("no")
            return result

    with pytest.raises((ErrorFromNode, InvalidParams)):
        run(client(Refusing(node)).schema(digest(b"x").hex()))


# -- the list ------------------------------------------------------------------------------------------


def listed(panda: Any) -> list[tuple[str, str | None, str]]:
    return [(each.id, each.name, each.state) for each in run(panda.schemas())]


def test_those_of_the_node_are_listed_and_then_the_own_ones(node: Harness) -> None:
    theirs = run(client(node, seed=bytes((9,)) * 32).define(ROOM)).id
    run(register(node.store, digest(b"to come").hex()))
    store = MemoryStore()
    panda = client(node, store)
    mine = run(panda.define(OTHER)).id
    run(panda.create(SCHEMA, {"n": 1}))
    found = [
        (theirs, "room", "registered"),
        (digest(b"to come").hex(), None, "pending"),
        (mine, "room", "registered"),
        (SCHEMA, None, "not-defined"),
    ]
    assert listed(panda) == found
    run(drop(node.store, mine))
    found = [*found[:2], found[3], (mine, "room", "unlisted")]
    assert listed(panda) == found
    assert listed(client(node, store)) == found  # also when this client has not asked for it
    assert listed(client(node, seed=bytes((7,)) * 32)) == found[:3]


def test_what_is_known_here_is_called_by_its_own_name(node: Harness) -> None:
    panda = client(Listing(node, "The best room"))
    mine = run(panda.define(ROOM)).id
    run(register(node.store, mine))
    assert listed(panda) == [(mine, "room", "registered")]
    stranger = client(Listing(node, "The best room"), seed=bytes((7,)) * 32)
    assert listed(stranger) == [(mine, "The best room", "registered")]
    run(stranger.schema(mine or ""))
    assert listed(stranger) == [(mine, "room", "registered")]


class Listing(Patched):
    """A node that gives a name of its own to what it lists, or puts something else in the list."""

    def __init__(self, node: Harness, name: object, **more: object) -> None:
        super().__init__(node)
        self.more = {"name": name, **more}

    def answer(self, method: str, result: Any) -> Any:
        return [{**item, **self.more} for item in result] if method == "panda_schemas" else result


@pytest.mark.parametrize(
    "more",
    [
        {"name": 5},
        {"name": "x" * 256},
        {"name": "\ud800"},
        {"name": "room", "id": "room"},
        {"name": "room", "id": None},
        {"name": "room", "state": "unlisted"},
        {"name": "room", "state": ["registered"]},
    ],
    ids=str,
)
def test_a_list_of_something_else(node: Harness, more: dict[str, Any]) -> None:
    run(client(node).create(SCHEMA, {"n": 1}))
    with pytest.raises(AnswerMalformed) as wrong:
        run(client(Listing(node, **more)).schemas())
    assert len(str(wrong.value)) < 300


def test_an_own_definition_has_its_name_before_the_node_registers_it(node: Harness) -> None:
    store = MemoryStore()
    made = run(client(node, store).define(ROOM))
    run(drop(node.store, made.id))
    assert run(client(node, store).schema_named("room")) == made
    with pytest.raises(SchemaNameUnknown):
        run(client(node, seed=bytes((9,)) * 32).schema_named("room"))
