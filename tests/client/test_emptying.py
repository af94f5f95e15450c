"""A field can be emptied, and everybody who makes an instance of messages comes to the same one."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import Field, Placed, Relation, create, reduce, update
from panda_web.messages.errors import FieldTypeAmbiguous
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.messages.schema.errors import FieldRequired, ValueTypeMismatch
from panda_web.node.schemas import register
from panda_web.rpc.methods import QUERY, QUERY_ENTRIES, StoredEntry
from tests.authors import SCHEMA, Author
from tests.client.test_publishing import Patched, client, run
from tests.client.world import replayed
from tests.node.test_publish import Harness

AT = "0040" + "77" * 64
TALK = Schema(
    "talk",
    "What is said on a stage",
    (
        FieldDefinition("title", "varchar"),
        FieldDefinition("start", "timestamp", optional=True),
        FieldDefinition("seats", "integer", optional=True),
        FieldDefinition("fee", "float", optional=True),
        FieldDefinition("open", "boolean", optional=True),
        FieldDefinition("room", "relation", schema="self", cascade=True, optional=True),
        FieldDefinition("persons", "varchar[]"),
        FieldDefinition("tags", "varchar[]", optional=True),
    ),
)
VALUES: dict[str, list[Any]] = {
    "title": ["A", "B"],
    "start": ["2026-11-28T10:00:00Z", None],
    "seats": [0, 7, None],
    "fee": [0.0, None],
    "open": [False, None],
    "room": [AT, None],
    "persons": [["x"], []],
    "tags": [["x", "y"], [], None],
}


@pytest.fixture
def node() -> Harness:
    return Harness()


def drawn(names: st.SearchStrategy[set[str]]) -> st.SearchStrategy[dict[str, Any]]:
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries({n: st.sampled_from(VALUES[n]) for n in chosen})
    )


needed = st.sets(st.sampled_from(sorted(VALUES))).map(lambda names: names | {"title", "persons"})
changes = st.lists(drawn(st.sets(st.sampled_from(sorted(VALUES)), min_size=1)), max_size=12)


@given(drawn(needed), changes, st.booleans(), st.integers(0, 2**32 - 1))
def test_any_updates_give_everybody_the_same_instance(
    first: dict[str, Any], later: list[dict[str, Any]], typed: bool, seed: int
) -> None:
    async def work() -> None:
        node = Harness()
        panda = client(node)
        schema = await panda.define(TALK)
        of = str(schema.id)
        if typed:
            await node.node.views.add(schema)
        instance = (await panda.create(of, first)).id
        said = [create(of, schema.to_fields(first))]
        for change in later:
            assert (await panda.update(of, instance, change)).acknowledged
            said.append(update(of, instance, schema.to_fields(change, "update")))
        expected: dict[str, Any] = {}
        for values in (first, *later):
            expected |= values
        expected = {name: value for name, value in expected.items() if value not in (None, [])}

        def plain(fields: Any) -> dict[str, Any]:
            return {n: list(f.value) if isinstance(f.value, tuple) else f.value for n, f in fields.items()}

        (checked,) = await panda.query(of)
        assert plain(checked.fields) == expected, "the client's check"
        assert plain((await panda.own(of))[instance]) == expected, "its own logs"
        stored = await node.connection.call(QUERY_ENTRIES, schema=of)
        if all(message.fields.keys().isdisjoint(("persons", "tags")) for message in said):
            (again,), _ = await replayed(of, stored, CryptographyVerifier())
            assert again.fields == checked.fields, "its replay for early nodes"
        (shown,) = await node.connection.call(QUERY, schema=of)
        assert {n: v for n, v in shown.items() if n not in ("id", "_meta")} == expected, "the node's view"
        held = [Placed("log", number, b"%d" % number, message) for number, message in enumerate(said, 1)]
        Random(seed).shuffle(held)
        whole = reduce(held)
        assert whole is not None
        assert whole.fields == checked.fields, "in whatever order they come"
        for name in VALUES:
            missing = await panda.query(of, order_by=[name], filter={"title": expected["title"]})
            assert [one.id for one in missing] == [instance]

    asyncio.run(work())


fields = st.dictionaries(
    st.sampled_from("abc"),
    st.sampled_from(
        [Field("str", "x"), Field("int", 0), Field("str[]", ("x",)), Field("str[]", ()), Field("int[]", ())]
    ),
)


@given(st.lists(fields, min_size=1))
def test_what_a_field_is_hangs_on_its_last_setter_alone(setters: list[dict[str, Field]]) -> None:
    said = [create(SCHEMA, setters[0]), *(update(SCHEMA, "", each) for each in setters[1:])]
    made = reduce(Placed("log", number, b"%d" % number, message) for number, message in enumerate(said, 1))
    assert made is not None
    for name in "abc":
        last = next((each[name] for each in reversed(setters) if name in each), Field("str[]", ()))
        assert made.fields.get(name) == (None if last.value == () else last)


def test_the_replay_for_early_nodes_knows_it_too(node: Harness) -> None:
    """An entry of this kind may come from any node that has the early one's methods."""
    author = Author()
    made = author.create(room=Relation(AT), title="A")
    emptied = author.update(made[0].hash, room=Field("relation[]", ()))
    stored = [StoredEntry(signed.encoded, payload) for signed, payload in (made, emptied)]
    (instance,), rejected = run(replayed(SCHEMA, stored, CryptographyVerifier()))
    assert not rejected
    assert instance.fields == {"title": Field("str", "A")}


def test_what_can_be_emptied(node: Harness) -> None:
    panda = client(node)
    schema = run(panda.define(TALK))
    of = str(schema.id)
    talk = run(panda.create(of, {"title": "A", "seats": None, "room": AT, "persons": ["x"]})).id
    pending = run(panda.pending())
    with pytest.raises(FieldRequired, match="title"):
        run(panda.update(of, talk, {"title": None}))
    for wrong in (Field("int[]", ()), Field("relation[]", (Relation(AT),)), Field("str", "")):
        with pytest.raises(ValueTypeMismatch):
            run(panda.update(of, talk, {"room": wrong}))
    with pytest.raises(ValueTypeMismatch):
        run(panda.create(of, {"title": "A", "persons": [], "room": Field("relation[]", ())}))
    with pytest.raises(ValueTypeMismatch):
        schema.check(
            {"title": Field("str", "A"), "persons": Field("str[]", ()), "seats": Field("int[]", ())}, "create"
        )
    assert run(panda.pending()) == pending
    run(panda.update(of, talk, {"room": None, "persons": None}))
    (found,) = run(panda.query(of, filter={"title": "A"}))
    assert found.values == {"title": "A"}
    assert len(run(panda.query(of, filter={"room": AT}))) == 0
    record = schema.to_record(found.to_json())
    assert (record.room, record.persons, record.tags) == (None, (), None)
    run(panda.update(of, talk, replace(record, seats=3)))
    assert run(panda.own(of))[talk] == {"title": Field("str", "A"), "seats": Field("int", 3)}
    run(panda.update(of, talk, replace(record, title="B")))
    assert run(panda.own(of))[talk] == {"title": Field("str", "B")}


def test_without_the_schema_the_type_is_given(node: Harness) -> None:
    panda = client(node)
    talk = run(panda.create(SCHEMA, {"title": "A", "seats": 7})).id
    with pytest.raises(FieldTypeAmbiguous, match="known schema"):
        run(panda.update(SCHEMA, talk, {"seats": None}))
    run(panda.update(SCHEMA, talk, {"seats": Field("int[]", ())}))
    (found,) = run(panda.query(SCHEMA))
    assert found.values == {"title": "A"}
    run(panda.update(SCHEMA, talk, {"seats": 8}))
    (found,) = run(panda.query(SCHEMA, order_by=["seats"]))
    assert found.values == {"title": "A", "seats": 8}


def test_a_node_holds_others_to_it(node: Harness) -> None:
    schema = run(client(node).define(TALK))
    of = str(schema.id)
    run(node.node.views.add(schema))
    run(register(node.store, of))
    author = Author(4)
    made = author.create(of, title="A", persons=Field("str[]", ()), seats=7)
    node.publish(*made)
    node.refuses(
        *Author(5).create(of, title="A", persons=Field("str[]", ()), seats=Field("int[]", ())),
        "value-type-mismatch",
    )
    refused = messages.update(of, made[0].hash.hex(), {"title": Field("str[]", ())})
    head = author.head
    node.refuses(*author.write(refused), "field-required")
    author.head = head
    node.publish(*author.update(made[0].hash, of, seats=Field("int[]", ())))
    assert [one.values for one in run(client(node).query(of))] == [{"title": "A"}]


def test_what_no_longer_leads_to_a_deleted_one_is_shown_again(node: Harness) -> None:
    """Also where nothing else is left of it."""
    panda = client(node)
    schema = run(
        panda.define(
            replace(
                TALK,
                fields=(
                    FieldDefinition("room", "relation", schema="self", cascade=True, optional=True),
                    FieldDefinition("seats", "integer", optional=True),
                ),
            )
        )
    )
    of = str(schema.id)
    run(node.node.views.add(schema))
    hall = run(panda.create(of, {"seats": 1})).id
    talk = run(panda.create(of, {"room": hall})).id
    run(panda.delete(of, hall))
    assert len(run(panda.query(of))) == 0
    run(panda.update(of, talk, {"room": None}))
    assert [(one.id, one.values) for one in run(panda.query(of))] == [(talk, {})]


def test_an_answer_of_an_earlier_version_is_taken(node: Harness) -> None:
    """Its views show lists without items."""

    class Earlier(Patched):
        def answer(self, method: str, result: Any) -> Any:
            return [one | {"tags": []} for one in result] if method == "panda_query" else result

    panda = client(Earlier(node))
    run(panda.create(SCHEMA, {"title": "A", "tags": Field("str[]", ())}))
    answer = run(panda.query(SCHEMA))
    assert [one.values for one in answer] == [{"title": "A"}]
    assert not answer.rejected
