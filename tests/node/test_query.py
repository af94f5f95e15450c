"""Views and queries: a model in Python beside the node's SQL, proofs that can be checked, old clients' entries."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import log, messages
from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import Field, Relation, infer_all
from panda_web.node.answer import instances
from panda_web.node.store import reading
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.methods import QUERY, QUERY_ENTRIES, SCHEMAS
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA, Author
from tests.defining import define, loose
from tests.examples import examples
from tests.messages.strategies import SCALARS
from tests.node.test_publish import Harness


@pytest.fixture
def node() -> Harness:
    return Harness()


def test_fields_come_as_they_came(node: Harness) -> None:
    schema = define(
        node, s="text", i="integer", f="float", b="boolean", r="relation",
        ss="text[]", ii="integer[]", ff="float[]", bb="boolean[]",
    )  # fmt: skip
    author = Author()
    fields: dict[str, object] = {
        "s": "Ünïcødé 🐼\x00", "i": -(2**63), "f": 3.0, "b": True, "r": Relation(digest(b"r").hex()),
        "ss": ["a", ""], "ii": [1, 2], "ff": [0.5], "bb": [True, False],
    }  # fmt: skip
    signed, payload = author.create(schema, **fields)
    node.publish(signed, payload)
    (found,) = node.call(QUERY, schema=schema)
    meta = found.pop("_meta")
    assert found == {"id": signed.hash.hex(), **fields}
    assert type(found["f"]) is float
    assert meta == {
        "author": author.hex, "logId": 1, "seqNum": 1, "edited": False,
        "lastEntry": signed.hash.hex(), "cursor": json.dumps([signed.hash.hex()]),
    }  # fmt: skip


def test_updates_and_deletes(node: Harness) -> None:
    schema, author = define(node, a="text", b="text", c="integer"), Author()
    one, two = author.create(schema, a="1", b="1"), author.create(schema, a="2")
    node.publish(*one)
    node.publish(*two)
    change = author.update(one[0].hash, schema, b="2", c=3)
    node.publish(*change)
    (found,) = node.call(QUERY, schema=schema, filter={"id": one[0].hash.hex()})
    assert (found["a"], found["b"], found["c"]) == ("1", "2", 3)
    assert found["_meta"]["edited"]
    assert found["_meta"]["seqNum"] == 3
    assert found["_meta"]["lastEntry"] == change[0].hash.hex()
    node.publish(*author.delete(one[0].hash, schema))
    assert [item["a"] for item in node.call(QUERY, schema=schema)] == ["2"]
    items = asyncio.run(node.node.get_items(author.signer.author, 1, 1, 4, 0, 0, True))["items"]
    assert [item["payloadBytes"] is None for item in items] == [True, False, True, False]


def test_fields_named_like_the_nodes_own_do_not_win(node: Harness) -> None:
    signed, payload = Author().create(id="mine", _meta="mine", _entries="mine", n=1)
    node.publish(signed, payload)
    answer = asyncio.run(client(node).query(SCHEMA))
    assert not answer.rejected
    assert (answer[0].id, answer[0].author) == (signed.hash.hex(), Author().hex)
    assert answer[0]["id"] == "mine"


ABC = loose(a="text", b="integer", c="float")
VALUES = st.one_of(*[st.builds(Field, st.just(kind), values) for kind, values in SCALARS.items()])
ROW = st.fixed_dictionaries(
    {},
    optional={
        name: st.builds(Field, st.just(kind), SCALARS[kind])
        for name, kind in (("a", "str"), ("b", "int"), ("c", "float"))
    },
)
ROWS = st.lists(ROW.filter(bool), max_size=12)
ORDERS = st.lists(
    st.sampled_from(["a", "-a", "b", "-b", "c"]), max_size=3, unique_by=lambda name: name.lstrip("-")
)


def rank(field: Field | None) -> tuple[int, Any]:
    """How SQLite orders what it holds: nothing, numbers, texts by code point."""
    if field is None:
        return (0, 0)
    return (2, str(field.value).encode()) if isinstance(field.value, str) else (1, field.value)


@examples(0.6)
@given(ROWS, ORDERS, st.integers(1, 5))
def test_order_and_paging(rows: list[dict[str, Field]], order: list[str], limit: int) -> None:
    node, author = Harness(), Author()
    schema = define(node, ABC)
    model = []
    for fields in rows:
        signed, payload = author.write(messages.create(schema, fields))
        node.publish(signed, payload)
        model.append((signed.hash.hex(), fields))
    model.sort(key=lambda row: row[0])
    for name in reversed(order):
        model.sort(key=lambda row: rank(row[1].get(name.lstrip("-"))), reverse=name.startswith("-"))
    found: list[str] = []
    after: dict[str, str] = {}
    while page := node.call(QUERY, schema=schema, orderBy=order, limit=limit, **after):
        assert len(page) <= limit
        found += [item["id"] for item in page]
        after = {"after": page[-1]["_meta"]["cursor"]}
    assert found == [instance for instance, _ in model]
    node.store.close()


@examples(0.6)
@given(ROWS, st.sampled_from("abc"), VALUES)
def test_equality(rows: list[dict[str, Field]], name: str, wanted: Field) -> None:
    node, author = Harness(), Author()
    schema = define(node, ABC)
    alike = {"str": "text", "relation": "text", "int": "number", "float": "number", "bool": "bool"}
    expected = set()
    kinds = {"a": "str", "b": "int", "c": "float"}
    candidates = [*rows, {name: wanted}] if kinds[name] == wanted.type else rows
    for fields in candidates:
        signed, payload = author.write(messages.create(schema, fields))
        node.publish(signed, payload)
        held = fields.get(name)
        if held and held.value == wanted.value and alike[held.type] == alike[wanted.type]:
            expected.add(signed.hash.hex())
    if alike[kinds[name]] != alike[wanted.type]:
        with pytest.raises(ErrorFromNode) as refused:
            node.call(QUERY, schema=schema, filter={name: wanted.value})
        assert refused.value.reason == "value-type-mismatch"
    else:
        found = node.call(QUERY, schema=schema, filter={name: wanted.value}, limit=1000)
        assert {item["id"] for item in found} == expected
    node.store.close()


def test_filters_join_and_know_author_and_id(node: Harness) -> None:
    schema, one, two = define(node, a="text", b="integer", missing="integer"), Author(1), Author(2)
    first, second = one.create(schema, a="x", b=1), two.create(schema, a="x", b=2)
    assert node.call(QUERY, schema=schema) == []
    node.publish(*first)
    node.publish(*second)
    for wanted, count in (
        ({"a": "x"}, 2), ({"a": "x", "b": 1}, 1), ({"a": "y"}, 0), ({"author": one.hex}, 1),
        ({"author": one.hex, "b": 2}, 0), ({"id": second[0].hash.hex()}, 1), ({"missing": 1}, 0),
        ({"b": 1.0}, 1), ({"b": {"gt": 1}}, 1), ({"or": [{"b": 1}, {"author": two.hex}]}, 2),
    ):  # fmt: skip
        assert len(node.call(QUERY, schema=schema, filter=wanted)) == count, wanted
    for wanted in ({"b": True}, {"b": "1"}, {"a": 1}, {"a": ["x"]}):
        with pytest.raises(ErrorFromNode) as refused:
            node.call(QUERY, schema=schema, filter=wanted)
        assert refused.value.reason == "value-type-mismatch"


def test_arrays_are_equal_as_a_whole(node: Harness) -> None:
    schema = define(node, persons="text[]")
    node.publish(*Author().create(schema, persons=["a", "b"]))
    assert len(node.call(QUERY, schema=schema, filter={"persons": ["a", "b"]})) == 1
    assert node.call(QUERY, schema=schema, filter={"persons": ["b", "a"]}) == []


def test_an_answer_is_bounded_and_goes_on(node: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = define(node, n="integer", text="text")
    monkeypatch.setattr(instances, "MAX_ANSWER", 5000)
    author = Author()
    for n in range(20):
        node.publish(*author.create(schema, n=n, text="x" * 900))
    first = node.call(QUERY, schema=schema)
    assert 1 <= len(first) < 20
    answer = asyncio.run(client(node).query(schema).all())
    assert sorted(instance["n"] for instance in answer) == list(range(20))
    node.publish(*author.create(schema, text="x" * 9000))
    assert len(node.call(QUERY, schema=schema, limit=1)) == 1


def test_a_query_that_takes_too_long(node: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = define(node, n="integer", m="integer")
    author = Author()
    for one in author.write_many([messages.create(schema, infer_all({"n": n})) for n in range(200)]):
        node.publish(*one)
    monkeypatch.setattr(reading, "MAX_STEPS", 2000)
    monkeypatch.setattr(reading, "STEPS_AT_ONCE", 100)
    with pytest.raises(ErrorFromNode) as refused:
        node.call(QUERY, schema=schema, orderBy=["n", "m"])
    assert refused.value.reason == "query-too-expensive"
    monkeypatch.undo()
    assert len(node.call(QUERY, schema=schema, orderBy=["n"], limit=1000)) == 200


def test_schemas(node: Harness) -> None:
    assert node.call(SCHEMAS) == []
    node.publish(*Author().create())
    assert node.call(SCHEMAS) == [
        {"id": SCHEMA, "name": None, "state": "not-defined", "waitsFor": [], "definition": None}
    ]


def client(node: Harness) -> Client:
    return Client(InProcess(node.node.dispatcher()), verifier=CryptographyVerifier())


def test_proofs_verify_every_instance_to_entry_1(node: Harness) -> None:
    schema = define(node, n="integer")
    author, other = Author(1), Author(2)
    made = [author.create(schema, n=n) for n in range(90)]
    for one in made:
        node.publish(*one)
    node.publish(*author.update(made[40][0].hash, schema, n=1000))
    node.publish(*other.create(schema, n=-1))
    for wanted in ({}, {"n": 1000}, {"n": 77}, {"author": other.hex}):
        answer = asyncio.run(client(node).query(schema, filter=wanted))
        assert not answer.rejected
        assert answer
        assert all(instance.verified for instance in answer)
    entries = node.call(QUERY, schema=schema, filter={"n": 77}, proof=True)[0]["_entries"]
    assert len(entries) < 20, "a proof grows with the logarithm of the log"
    assert [entry["payloadBytes"] is not None for entry in entries].count(True) == 1
    everything = node.call(QUERY, schema=schema, limit=1000, proof=True)
    given = [entry["entryBytes"] for item in everything for entry in item["_entries"]]
    links = [
        entry["entryBytes"] for item in everything for entry in item["_entries"] if not entry["payloadBytes"]
    ]
    assert len(links) == len(set(links))
    assert len(given) < 2 * 92


def test_an_instance_that_is_updated_for_ever(node: Harness) -> None:
    """Its proof stays small, one that would be too large hides nobody else, and both are told apart."""
    schema = define(node, n="integer", kept="text", f0="text", f1="text", f2="text", f3="text")
    author, other = Author(1), Author(2)
    small, huge = author.create(schema, n=0, kept="first"), author.create(schema, n=0)
    node.publish(*small)
    node.publish(*huge)
    node.publish(*other.create(schema, n=-1))
    for n in range(1, 40):
        node.publish(*author.update(small[0].hash, schema, n=n))
    node.publish(*author.update(small[0].hash, schema, kept="second"))
    for n in range(4):
        node.publish(*author.update(huge[0].hash, schema, **{f"f{n}": "x" * 900_000}))
    answer = asyncio.run(client(node).query(schema, order_by=["n"]))
    assert [instance["n"] for instance in answer] == [-1, 39]
    assert answer[1]["kept"] == "second"
    assert all(instance.verified for instance in answer)
    assert [rejected.error.reason for rejected in answer.rejected] == ["proof-incomplete"]
    (proof,) = node.call(QUERY, schema=schema, filter={"id": small[0].hash.hex()}, proof=True)
    assert sum(entry["payloadBytes"] is not None for entry in proof["_entries"]) == 3


def test_entries_for_old_clients(node: Harness) -> None:
    author, other = Author(1), Author(2)
    kept, gone = author.create(n=1), author.create(n=2)
    change = author.update(kept[0].hash, n=3)
    unknown_type = author.create(persons=["a"])
    change_of_unknown = author.update(unknown_type[0].hash, n=1)
    change_to_unknown = author.update(kept[0].hash, persons=["a"])
    delete = author.delete(gone[0].hash)
    foreign = other.create(n=4)
    for one in (kept, gone, change, unknown_type, change_of_unknown, change_to_unknown, delete, foreign):
        node.publish(*one)
    raw = asyncio.run(node.node.dispatcher().handle(json.dumps(
        {"jsonrpc": "2.0", "id": "1", "method": "panda_queryEntries", "params": {"schema": SCHEMA}}
    ).encode()))  # fmt: skip
    entries = json.loads(raw)["result"]["entries"]
    by_author = sorted([kept[0].hash.hex(), foreign[0].hash.hex()], key=lambda h: author.hex < other.hex)
    assert {entry["entryHash"] for entry in entries[:2]} == set(by_author)
    assert [entry["entryHash"] for entry in entries[2:]] == [change[0].hash.hex()]
    first = next(entry for entry in entries if entry["entryHash"] == kept[0].hash.hex())
    assert first == {
        "author": author.hex, "entryBytes": kept[0].encoded.hex(), "entryHash": kept[0].hash.hex(), "logId": 1,
        "payloadBytes": kept[1].hex(), "payloadHash": digest(kept[1]).hex(), "seqNum": 1,
    }  # fmt: skip
    stored = node.call(QUERY_ENTRIES, schema=SCHEMA)
    verdicts = asyncio.run(log.verify_many([item.entry for item in stored], CryptographyVerifier()))
    assert all(isinstance(verdict, log.SignedEntry) for verdict in verdicts)


def test_what_hostile_queries_get(node: Harness) -> None:
    """SQL through names and values, what is nested without an end, what is too much: each its reason."""
    schema = define(node, text="text", n="integer", words="text[]")
    author = Author()
    node.publish(*author.create(schema, text="'; DROP TABLE views; --", n=1, words=["a"]))
    deep: Any = {"n": 1}
    for _ in range(30):
        deep = {"and": [deep]}
    for wanted, reason in (
        ({"n) OR (1": 1}, "field-unknown"),
        ({"n": {"= 1 OR 1": 1}}, "invalid-params"),
        ({'"': {"exists": True}}, "field-unknown"),
        (deep, "invalid-params"),
        ({"n": {"in": list(range(10_000))}}, "filter-too-large"),
        ({"n": {"contains": 1}}, "operator-not-for-type"),
        ({"words": {"contains": 1}}, "value-type-mismatch"),
    ):
        with pytest.raises(ErrorFromNode) as refused:
            node.call(QUERY, schema=schema, filter=wanted)
        assert refused.value.reason == reason
    for operator in ("eq", "gte", "lte", "contains", "startsWith"):
        wanted = {"text": {operator: "'; DROP TABLE views; --"}}
        assert len(node.call(QUERY, schema=schema, filter=wanted)) == 1
    with pytest.raises(ErrorFromNode):
        node.call(QUERY, schema=schema, orderBy=["n; DROP TABLE views"])


def test_a_long_part_of_a_long_text(node: Harness) -> None:
    """SQLite's own search would take minutes for it, in one step, which nobody can end."""
    schema = define(node, text="text")
    node.publish(*Author().create(schema, text="a" * 900_000))
    for part, count in (("a" * 400_000 + "b", 0), ("a" * 400_000, 1)):
        found = node.call(QUERY, schema=schema, filter={"text": {"contains": part}}, count=True)
        assert found == {"count": count}
