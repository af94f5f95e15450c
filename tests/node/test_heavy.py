"""What strangers make heavy: long values, endless updates, what cannot be replayed. Bounded in bytes and in work."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.client.check import Instance
from panda_web.messages import Field, message
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.node.answer import instances, replayable
from panda_web.query import Cursor, Key, beginning, read_query, write_cursor
from panda_web.query import page as evaluated
from panda_web.query.matching import ORDERED
from panda_web.query.reading import MAX_CURSOR
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.methods import QUERY, QUERY_ENTRIES
from tests.authors import SCHEMA, Author
from tests.examples import examples
from tests.node.test_publish import Harness

NOTE = Schema(
    "note",
    "With a long text",
    (
        FieldDefinition("text", "text", optional=True),
        FieldDefinition("n", "integer", optional=True),
        FieldDefinition("kept", "varchar", optional=True),
        FieldDefinition("lists", "text[]", optional=True),
    ),
    digest(b"the definition of a note").hex(),
)


@pytest.fixture
def node() -> Harness:
    return Harness()


def with_view(node: Harness) -> Harness:
    asyncio.run(node.node.views.add(NOTE))
    return node


@contextmanager
def statements(node: Harness) -> Iterator[list[str]]:
    """What SQLite is asked in the block."""
    seen: list[str] = []
    node.store.sqlite.set_trace_callback(seen.append)
    yield seen
    node.store.sqlite.set_trace_callback(None)


# -- ordering by what is long --------------------------------------------------------------------------

START = "ä" * (ORDERED - 2)
LONG = st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(["", "a", START, START + "x", START + "xy", START + "xy" * 500, "n\0", "n"]),
    st.text(st.sampled_from("ab\0\U0001f43c"), max_size=4),
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["text", "n"]), LONG, min_size=1), max_size=10)
ORDERS = st.sampled_from([["text"], ["-text"], ["text", "-n"], ["-n", "text"]])


@examples(0.3)
@given(ROWS, ORDERS, st.integers(1, 4))
def test_long_texts_are_ordered_by_their_beginning(
    rows: list[dict[str, str]], order: list[str], limit: int
) -> None:
    """Paging is exact, cursors are short, and a view and a client that evaluates agree."""
    node, schema, author = with_view(Harness()), str(NOTE.id), Author()
    instances = []
    for number, row in enumerate(rows):
        fields = {"text": Field("str", row["text"])} if "text" in row else {"n": Field("int", number)}
        signed, payload = author.write(messages.create(schema, fields))
        node.publish(signed, payload)
        instances.append(_instance(schema, signed.hash.hex(), author.hex, fields))
    found: list[str] = []
    after: dict[str, str] = {}
    while page := node.call(QUERY, schema=schema, orderBy=order, limit=limit, **after):
        found += [item["id"] for item in page]
        after = {"after": page[-1]["_meta"]["cursor"]}
        assert len(after["after"]) <= MAX_CURSOR
    assert sorted(found) == sorted(instance.id for instance in instances)
    theirs = evaluated(instances, read_query(schema, {}, order, 100, None))
    assert found == [instance.id for instance, _ in theirs]
    node.store.close()


def _instance(schema: str, id: str, author: str, fields: dict[str, Field]) -> Instance:
    return Instance(id, schema, fields, author, 1, 1, 1, id, False, True, True, None)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.text(max_size=300))
def test_the_beginning_keeps_the_order(one: str, other: str) -> None:
    least, most = sorted((one, other))
    assert beginning(least) <= beginning(most)  # type: ignore[operator]


def test_the_longest_cursor() -> None:
    longest = write_cursor(Cursor(("\U0001f43c" * ORDERED,) * 4, SCHEMA))
    assert MAX_CURSOR / 2 < len(longest) <= MAX_CURSOR


def test_a_name_is_ordered_by_once(node: Harness) -> None:
    order = read_query(SCHEMA, {}, ["a", "-b", "--a"], 1, None).order
    assert order == (Key("a"), Key("b", descending=True), Key("-a", descending=True))
    with_view(node)
    for order in (["n", "n"], ["n", "-n"], ["n", "text", "kept", "n"]):
        with pytest.raises(ErrorFromNode) as refused:
            node.call(QUERY, schema=NOTE.id, orderBy=order)
        assert refused.value.reason == "invalid-params"
        assert "twice" in str(refused.value)
    with pytest.raises(ErrorFromNode):
        node.call(QUERY, schema=NOTE.id, orderBy=["n"], after=json.dumps(["x" * MAX_CURSOR, SCHEMA]))


def test_an_instance_too_large_for_an_answer(node: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes without its fields, and hides nobody else."""
    with_view(node)
    schema, author = str(NOTE.id), Author()
    made = author.write(messages.create(schema, {"text": Field("str", "x" * 3000)}))
    node.publish(*made)
    more = {"lists": Field("str[]", ("y" * 3000,))}
    node.publish(*author.write(messages.update(schema, made[0].hash.hex(), more)))
    node.publish(*author.write(messages.create(schema, {"n": Field("int", 1)})))
    assert {len(item) for item in node.call(QUERY, schema=schema)} == {3, 4}
    monkeypatch.setattr(instances, "MAX_ANSWER", 5000)
    found = node.call(QUERY, schema=schema, orderBy=["n"])
    assert [sorted(item) for item in found] == [["_meta", "id"], ["_meta", "id", "n"]]


# -- proofs --------------------------------------------------------------------------------------------


def updated(node: Harness, schema: str, count: int) -> str:
    """An instance of which one field is updated for ever, and another one but once."""
    author = Author(count % 256)
    fields = {"n": Field("int", 0), "kept": Field("str", "first")}
    made = author.write(messages.create(schema, fields))
    instance = made[0].hash.hex()
    node.publish(*made)
    node.publish(*author.write(messages.update(schema, instance, {"kept": Field("str", "second")})))
    for n in range(count):
        node.publish(*author.write(messages.update(schema, instance, {"n": Field("int", n)})))
    return instance


def proof_of(node: Harness, schema: str, instance: str) -> list[Any]:
    (found,) = node.call(QUERY, schema=schema, filter={"id": instance}, proof=True)
    return list(found["_entries"])


def test_a_proof_takes_no_longer_for_more_updates(node: Harness) -> None:
    """All that is asked grows with the paths of links, which are logarithmic, and not with the updates."""
    with_view(node)
    asked = []
    for count in (30, 300):
        instance = updated(node, str(NOTE.id), count)
        with statements(node) as seen:
            entries = proof_of(node, str(NOTE.id), instance)
        assert sum(entry["payloadBytes"] is not None for entry in entries) == 3
        asked.append(len(seen))
        assert len(seen) < 60
    assert asked[1] < asked[0] * 2


def test_what_is_read_ends_a_page(node: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    with_view(node)
    ids = {updated(node, str(NOTE.id), count) for count in range(20, 26)}
    monkeypatch.setattr(instances, "MAX_READ", 1)
    found: set[str] = set()
    after: dict[str, str] = {}
    pages = 0
    while page := node.call(QUERY, schema=str(NOTE.id), proof=True, **after):
        pages += 1
        found |= {item["id"] for item in page if item["_entries"]}
        after = {"after": page[-1]["_meta"]["cursor"]}
    assert found == ids
    assert pages == len(ids)


def test_payloads_of_links_are_not_read(node: Harness) -> None:
    with_view(node)
    author = Author()
    for n in range(20):
        node.publish(*author.create(str(NOTE.id), text="x" * 100_000, n=n))
    last = author.create(str(NOTE.id), n=-1)
    node.publish(*last)
    with statements(node) as seen:
        proof_of(node, str(NOTE.id), last[0].hash.hex())
    links = [one for one in seen if "FROM entries" in one and "seq_num = " in one]
    assert links
    assert all("payload" not in one for one in links)


# -- entries for old clients ---------------------------------------------------------------------------


@pytest.mark.parametrize(("bound", "value"), [("MAX_READ", 5000), ("MOST_READ", 19)])
def test_what_is_looked_through_counts_though_nothing_is_given(
    node: Harness, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    author = Author()
    for n in range(20):
        node.publish(*author.create(lists=["x"], n=n))
    assert node.call(QUERY_ENTRIES, schema=SCHEMA) == []
    monkeypatch.setattr(replayable, bound, value)
    with statements(node) as seen, pytest.raises(ErrorFromNode) as refused:
        node.call(QUERY_ENTRIES, schema=SCHEMA)
    assert refused.value.reason == "answer-too-large"
    assert "panda_query" in str(refused.value)
    assert any("FROM entries" in one or "JOIN entries" in one for one in seen) == (bound == "MAX_READ")


def test_only_numbers_are_sorted(node: Harness) -> None:
    """SQLite's sorter holds no payload: what of a schema is large is read when it is its turn."""
    author = Author()
    node.publish(*author.create(text="x" * 100_000))
    with statements(node) as seen:
        node.call(QUERY_ENTRIES, schema=SCHEMA)
    (sql,) = [one for one in seen if "JOIN entries" in one]
    plan = [str(row[3]) for row in node.store.sqlite.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert plan[-3] == "USE TEMP B-TREE FOR ORDER BY", plan
    assert plan[-2:] == ["SCAN found", "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)"], plan


def test_what_an_earlier_version_took_for_a_message(node: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that today's rules would refuse stay where they are, and hide nobody else."""
    author = Author()
    with monkeypatch.context() as patch:
        patch.setattr(message, "MAX_FIELDS", 1000)
        node.publish(*author.create(**{f"f{n}": n for n in range(300)}))
    good = author.create(n=1)
    node.publish(*good)
    entries = node.call(QUERY_ENTRIES, schema=SCHEMA)
    assert [entry.entry for entry in entries] == [good[0].encoded]


def test_a_proof_is_not_looked_for_in_the_whole_log(node: Harness) -> None:
    schema = str(NOTE.id)
    with_view(node)
    author = Author()
    made = [author.write(messages.create(schema, {"n": Field("int", n)})) for n in range(3)]
    for one in made:
        node.publish(*one)
    with statements(node) as seen:
        node.publish(*author.write(messages.create(schema, {"n": Field("int", 4)})))
        node.call(QUERY, schema=schema, proof=True)
    connection = node.store.sqlite
    plans = [
        str(row[3])
        for one in seen
        if "instance = " in one and "FROM entries" in one
        for row in connection.execute(f"EXPLAIN QUERY PLAN {one}")
    ]
    plans = [plan for plan in plans if "entries" in plan or "SCAN" in plan]
    assert plans
    assert all("entries_by_instance (instance=?" in plan or "TEMP B-TREE" in plan for plan in plans), plans
