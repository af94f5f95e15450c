"""What a query means, in Python and in the node's SQL: the same instances, in the same order, page by page."""

import asyncio
import json
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import Client, messages
from panda_web.messages import Field, Relation
from panda_web.messages.schema.errors import FieldUnknown, TimestampMalformed, ValueTypeMismatch
from panda_web.node import indexing
from panda_web.node.store import indexes
from panda_web.query import (
    By,
    Compare,
    Cursor,
    Every,
    FilterTooLarge,
    Key,
    Not,
    OperatorNotForType,
    QueryMalformed,
    alike,
    matches,
    page,
    read_cursor,
    read_filter,
    read_query,
    typed,
    untyped,
    write_cursor,
)
from panda_web.query.reading import MAX_COMPARISONS, MAX_DEPTH, MAX_VALUES
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA, Author
from tests.contracts import queries
from tests.contracts.queries import EACH_TYPE, Row
from tests.examples import examples
from tests.node.test_publish import Harness


@examples(0.32)
@given(st.builds(Random, st.integers(0)), st.integers(0, 5))  # so many draws are too many for Hypothesis
def test_python_and_sql_give_the_same_pages(draw: Random, count: int) -> None:
    """Thousands of queries, whichever indexes there are: each query has one made, or none does."""
    node = Harness()
    way = InProcess(node.node.dispatcher())

    async def run() -> None:
        async with Client(way, Author(1).signer) as one, Client(way, Author(2).signer) as two:
            table = queries.Table(await one.define(EACH_TYPE), [one, two])
            await table.fill(draw, count)
            async with Client(way) as stranger:
                await queries.give_the_same_pages([one, stranger], table, draw, 300)

    with (
        patch.object(indexing, "PAUSE", 0),
        patch.object(indexes, "STEPS_AT_LEAST", draw.choice([-(10**9), 2000])),
    ):
        asyncio.run(run())
    node.store.close()


# -- what is compared ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "wanted", "passes"),
    [
        (Field("str", "a"), "a", True),
        (Field("str", "1"), 1, False),
        (Field("int", 1), 1.0, True),
        (Field("int", 1), True, False),
        (Field("bool", True), 1, False),
        (Field("int", 2**53 + 1), float(2**53), False),
        (Field("float[]", (1.0, 2.5)), [1, 2.5], False),  # a mixed list is none
        (Field("float[]", (1.0, 2.0)), [1, 2], True),
        (Field("int[]", (1, 2)), [1.0, 2.0], True),
        (Field("int[]", (1, 2)), [1.0, 2.5], False),
        (Field("int[]", (2**63 - 1,)), [float(2**63)], False),
        (Field("str[]", ("a",)), "a", False),
        (Field("str[]", ("a", "b")), ["b", "a"], False),
        (Field("relation", Relation(SCHEMA)), SCHEMA, True),
    ],
    ids=str,
)
def test_equality(held: Field, wanted: Any, passes: bool) -> None:
    row = Row(SCHEMA, Author().hex, {"f": held})
    if isinstance(wanted, list) and len({type(item) for item in wanted}) > 1:
        with pytest.raises(QueryMalformed):
            read_query(SCHEMA, {"f": wanted}, [], 1, None)
        return
    assert matches(read_query(SCHEMA, {"f": wanted}, [], 1, None).filter, row) == passes


def test_moments_are_compared_where_the_schema_says_so() -> None:
    row = Row(SCHEMA, Author().hex, {"when": Field("str", "2026-11-23T01:00:00+01:00")})
    asked = read_query(SCHEMA, {"when": "2026-11-23"}, ["when"], 1, None)
    assert not matches(asked.filter, row)
    assert matches(untyped(asked.filter), row)
    of_schema = typed(asked, EACH_TYPE)
    assert matches(of_schema.filter, row)
    assert page([row], of_schema)[0][1].values == ("2026-11-23T00:00:00",)
    with pytest.raises(FieldUnknown, match="orderBy"):
        typed(read_query(SCHEMA, {}, ["whenn"], 1, None), EACH_TYPE)
    with pytest.raises(FieldUnknown, match="filter"):
        typed(read_query(SCHEMA, {"whenn": 1}, [], 1, None), EACH_TYPE)
    with pytest.raises(TimestampMalformed, match="filter for 'when'"):
        typed(read_query(SCHEMA, {"when": "yesterday"}, [], 1, None), EACH_TYPE)


def test_parts_are_joined() -> None:
    row = Row(SCHEMA, Author().hex, {"a": Field("int", 1), "id": Field("str", "a field of this name")})
    one, other = Compare("a", Field("int", 1)), Compare("author", Field("str", Author().hex))
    assert matches(Every((one, Every((other,)), Every())), row)
    assert not matches(Every((one, Every((other, Compare("b", Field("int", 1)))))), row)
    assert matches(Compare("id", Field("str", SCHEMA)), row), "the instance's, whatever its fields are called"


@given(
    st.sampled_from([one for values in queries.ASKED.values() for one in values]),
    st.sampled_from(sorted(messages.FIELD_TYPES)),
)
def test_what_is_alike_equals_as_it_was(value: Any, kind: str) -> None:
    field = messages.infer(value)
    found = alike(field, kind)
    assert found is None or (found.type == kind and found.value == field.value)


ONE = Row(
    SCHEMA,
    Author().hex,
    {
        "text": Field("str", "Marie Curie"),
        "n": Field("int", 3),
        "yes": Field("bool", True),
        "words": Field("str[]", ("a", "b")),
        "ns": Field("int[]", (1, 2)),
        "to": Field("relation", Relation(SCHEMA)),
    },
)


@pytest.mark.parametrize(
    ("filter", "passes"),
    [
        ({}, True),
        ({"text": {"ne": "other"}}, True),
        ({"text": {"ne": "Marie Curie"}}, False),
        ({"gone": {"ne": "x"}}, True),
        ({"gone": {"notIn": ["x"]}}, True),
        ({"gone": {"lt": 5}}, False),
        ({"not": {"gone": {"lt": 5}}}, True),
        ({"n": {"gt": 2, "lte": 3}}, True),
        ({"n": {"gt": 2, "lt": 3}}, False),
        ({"n": {"gte": 2.5}}, True),
        ({"n": {"gte": "2"}}, False),
        ({"yes": {"lt": True}}, False),
        ({"words": {"lt": ["b"]}}, False),
        ({"n": {"in": [1, 3.0]}}, True),
        ({"n": {"in": []}}, False),
        ({"n": {"notIn": []}}, True),
        ({"yes": {"in": [1]}}, False),
        ({"n": {"in": [True, "3"]}}, False),
        ({"words": {"contains": "b"}}, True),
        ({"words": {"contains": "c"}}, False),
        ({"words": {"in": ["c", "b"]}}, True),
        ({"words": {"notIn": ["c", "b"]}}, False),
        ({"ns": {"contains": 2.0}}, True),
        ({"text": {"contains": "e C"}}, True),
        ({"text": {"contains": ""}}, True),
        ({"text": {"contains": "curie"}}, False),
        ({"text": {"startsWith": "Marie"}}, True),
        ({"text": {"startsWith": "arie"}}, False),
        ({"n": {"startsWith": "3"}}, False),
        ({"to": {"startsWith": "0040"}}, False),
        ({"text": {"exists": True}}, True),
        ({"text": {"exists": False}}, False),
        ({"gone": {"exists": False}}, True),
        ({"id": {"in": [SCHEMA]}, "author": {"ne": Author(2).hex}}, True),
        ({"or": [{"n": 1}, {"text": {"startsWith": "M"}}]}, True),
        ({"or": []}, False),
        ({"and": []}, True),
        ({"and": [{"n": 3}, {"yes": True}], "not": {"words": ["b", "a"]}}, True),
        ({"not": {"not": {"n": 4}}}, False),
    ],
    ids=str,
)
def test_what_a_filter_means(filter: dict[str, Any], passes: bool) -> None:
    found = read_filter(filter)
    assert matches(found, ONE) == passes
    assert matches(Not(found), ONE) != passes


@pytest.mark.parametrize(
    ("filter", "error", "words"),
    [
        ({"shortt": {"exists": True}}, FieldUnknown, "shortt"),
        ({"not": {"or": [{"shortt": 1}]}}, FieldUnknown, "shortt"),
        ({"short": 1}, ValueTypeMismatch, "a varchar with 1"),
        ({"n": {"in": [1, "2"]}}, ValueTypeMismatch, "an integer with '2'"),
        ({"n": True}, ValueTypeMismatch, "True"),
        ({"n": {"lt": [1]}}, ValueTypeMismatch, "a list"),
        ({"words": "a"}, ValueTypeMismatch, "varchar"),
        ({"words": {"contains": 1}}, ValueTypeMismatch, "a varchar with 1"),
        ({"to": "Curie"}, ValueTypeMismatch, "the id of an instance"),
        ({"yes": {"lt": True}}, OperatorNotForType, "cannot ask lt"),
        ({"to": {"gte": SCHEMA}}, OperatorNotForType, "cannot ask gte"),
        ({"words": {"startsWith": "a"}}, OperatorNotForType, "a list"),
        ({"n": {"contains": 1}}, OperatorNotForType, "an integer"),
        ({"when": {"startsWith": "2026"}}, OperatorNotForType, "a timestamp"),
        ({"when": {"lt": "soon"}}, TimestampMalformed, "filter for 'when'"),
        ({"whens": {"contains": "soon"}}, TimestampMalformed, "filter for 'whens'"),
    ],
    ids=str,
)
def test_what_a_schema_does_not_know(filter: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as refused:
        typed(read_query(SCHEMA, filter, [], 1, None), EACH_TYPE)
    assert refused.value.data["param"] == "filter"  # type: ignore[attr-defined]


def nested(depth: int) -> dict[str, Any]:
    return {"not": nested(depth - 1)} if depth else {"n": 1}


@pytest.mark.parametrize(
    ("filter", "words"),
    [
        ({"n": {"near": 1}}, "There are eq, ne, in"),
        ({"n": {}}, "is empty"),
        ({"n": None}, "exists"),
        ({"n": {"eq": None}}, "exists"),
        ({"n": {"exists": 1}}, "true or false"),
        ({"n": {"in": 1}}, "a list of values"),
        ({"n": {"in": [[1]]}}, "cannot be lists"),
        ({"n": {"in": [None]}}, "exists"),
        ({"n": {"eq": {"eq": 1}}}, "must be a text"),
        ({"n": 1 << 63}, "is an integer beyond"),
        ({"a": "\ud800"}, "must be a text"),
        ({"\ud800": "a"}, "must be a text"),
        ({"and": {"n": 1}}, "list of filters"),
        ({"or": [1]}, "must be an object"),
        ({"not": []}, "must be an object"),
        ({"id": {"lt": SCHEMA}}, "no operator lt"),
        ({"id": {"in": ["x"]}}, "132"),
        ({"author": SCHEMA}, "64"),
        (nested(MAX_DEPTH + 1), "deep"),
        (nested(900), "deep"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_filter(filter: dict[str, Any], words: str) -> None:
    with pytest.raises(QueryMalformed, match=words) as refused:
        read_filter(filter)
    assert refused.value.data == {"param": "filter"}


@pytest.mark.parametrize(
    "filter",
    [
        {"n": {"in": list(range(MAX_VALUES + 1))}},
        {"and": [{"n": {"in": [0] * MAX_VALUES}}, {"n": {"notIn": [0]}}]},
        {"or": [{"n": 1}] * MAX_COMPARISONS},
        {"or": [{}] * (MAX_COMPARISONS + 1)},
        {f"f{n}": 1 for n in range(MAX_COMPARISONS + 1)},
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_too_much_of_a_filter(filter: dict[str, Any]) -> None:
    with pytest.raises(FilterTooLarge):
        read_filter(filter)


def test_as_much_as_is_allowed() -> None:
    assert matches(read_filter(nested(MAX_DEPTH)), ONE) == (ONE.fields["n"].value == 1)
    assert matches(read_filter({"n": {"in": list(range(MAX_VALUES))}}), ONE)


# -- from JSON, and back -------------------------------------------------------------------------------


@given(
    st.lists(
        st.none()
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
        | st.sampled_from(queries.INTS + queries.FLOATS)
    )
)
def test_cursors_come_back(values: list[Any]) -> None:
    cursor = Cursor(tuple(values), SCHEMA)
    assert repr(read_cursor(write_cursor(cursor))) == repr(cursor)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5)
)
def test_what_is_no_cursor_is_said_to_be_none(value: Any) -> None:
    text = json.dumps(value)
    with pytest.raises(QueryMalformed) as refused:
        read_cursor(text)
    assert refused.value.data == {"param": "after"}


def test_the_id_ends_an_order() -> None:
    """Nothing behind it decides anything, and a cursor has no value for it."""
    query = read_query(SCHEMA, {}, ["-a", "id", "b"], 1, json.dumps([1, SCHEMA]))
    assert query.order == (Key("a", descending=True),)
    assert query.order[0].by is By.BEGINNING
    with pytest.raises(QueryMalformed):
        read_query(SCHEMA, {}, ["-a", "id", "b"], 1, json.dumps([1, 2, SCHEMA]))
