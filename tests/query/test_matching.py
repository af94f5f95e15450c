"""What a query means, in Python and in the node's SQL: the same instances, in the same order, page by page."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.messages import Field, Relation
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.messages.schema.errors import FieldUnknown, TimestampMalformed
from panda_web.query import (
    By,
    Compare,
    Cursor,
    Every,
    Key,
    QueryMalformed,
    alike,
    matches,
    page,
    read_cursor,
    read_query,
    typed,
    untyped,
    write_cursor,
)
from panda_web.rpc.methods import QUERY
from tests.authors import SCHEMA, Author
from tests.examples import examples
from tests.node.test_publish import Harness

OF_EACH_TYPE = Schema(
    "each",
    "A field of each type",
    tuple(
        FieldDefinition(
            name, kind, optional=True, schema="self" if kind.startswith("relation") else None
        )
        for name, kind in {
            "short": "varchar", "long": "text", "n": "integer", "x": "float", "yes": "boolean",
            "when": "timestamp", "to": "relation", "words": "varchar[]", "ns": "integer[]", "xs": "float[]",
            "whens": "timestamp[]",
        }.items()
    ),
    digest(b"the definition of a field of each type").hex(),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """An instance, as far as queries ask for it."""

    id: str
    author: str
    fields: Mapping[str, Field]


# Few values, close to each other, so that they meet.
TEXTS = st.sampled_from(
    ["", "a", "a\0", "a\0b", "ab", "B", "ä", "\U0001f43c", "\uffff", "1", "x" * 254 + "yz"]
)
WHENS = st.sampled_from(
    [
        "2026-11-23T02:14:03Z", "2026-11-23T03:14:03+01:00", "2026-11-23T02:14:03.50z", "2026-11-23T00:00:00Z",
        "2016-12-31T23:59:60Z", "2020-05-31T22:51:04+0000", "2020-05-31T20:51:04-02:00",
    ]
)  # fmt: skip
INTS = st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)])
FLOATS = st.sampled_from([0.0, -0.0, 1.0, 0.5, 9007199254740992.0, -1e300, 5e-324])
TARGETS = st.sampled_from([digest(b"%d" % n).hex() for n in range(2)])
BY_NAME = {
    "short": TEXTS.map(lambda text: Field("str", text[:255])),
    "long": TEXTS.map(lambda text: Field("str", text * 2)),
    "n": INTS.map(lambda n: Field("int", n)),
    "x": FLOATS.map(lambda x: Field("float", x)),
    "yes": st.booleans().map(lambda yes: Field("bool", yes)),
    "when": WHENS.map(lambda text: Field("str", text)),
    "to": TARGETS.map(lambda target: Field("relation", Relation(target))),
    "words": st.lists(TEXTS.map(lambda text: text[:255]), min_size=1, max_size=2).map(
        lambda texts: Field("str[]", tuple(texts))
    ),
    "ns": st.lists(INTS, min_size=1, max_size=2).map(lambda ns: Field("int[]", tuple(ns))),
    "xs": st.lists(FLOATS, min_size=1, max_size=2).map(lambda xs: Field("float[]", tuple(xs))),
    "whens": st.lists(WHENS, min_size=1, max_size=2).map(lambda texts: Field("str[]", tuple(texts))),
}
FIELDS = st.fixed_dictionaries({}, optional=BY_NAME).filter(bool)
ASKED: st.SearchStrategy[Any] = st.one_of(
    TEXTS, INTS, FLOATS, st.booleans(), WHENS, TARGETS, st.just("2026-11-23"),
    st.lists(TEXTS, min_size=1, max_size=2), st.lists(INTS, min_size=1, max_size=2),
    st.lists(FLOATS, min_size=1, max_size=2),
)  # fmt: skip


@st.composite
def filters(draw: st.DrawFn, rows: Sequence[Mapping[str, Field]]) -> dict[str, Any]:
    """Mostly what some row has."""
    found: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from([*BY_NAME]), max_size=2)):
        held = [row[name].value for row in rows if name in row]
        found[name] = draw(st.sampled_from(held) | ASKED if held else ASKED)
        if name == "when" and not _is_timestamp(found[name]):
            del found[name]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _is_timestamp(value: Any) -> bool:
    return not isinstance(value, str) or "-" in value


ORDERS = st.lists(
    st.sampled_from([sign + name for name in [*BY_NAME, "id"] for sign in ("", "-") if sign + name != "-id"]),
    max_size=3,
    unique_by=lambda name: name.removeprefix("-"),
)


@examples(3)
@given(st.data(), st.lists(FIELDS, max_size=10), ORDERS, st.integers(1, 4), st.sampled_from([None, 1, 2]))
def test_python_and_sql_give_the_same_pages(
    data: st.DataObject, contents: list[dict[str, Field]], order: list[str], limit: int, by: int | None
) -> None:
    node, authors = Harness(), [Author(1), Author(2)]
    asyncio.run(node.node.views.add(OF_EACH_TYPE))
    rows = []
    for number, fields in enumerate(contents):
        author = authors[number % 2]
        signed, payload = author.write(messages.create(str(OF_EACH_TYPE.id), fields))
        node.publish(signed, payload)
        rows.append(Row(signed.hash.hex(), author.hex, fields))
    wanted = data.draw(filters(contents))
    if by is not None:
        wanted["author"] = authors[by - 1].hex
    after = None
    while True:
        asked = {"filter": wanted, "orderBy": order, "limit": limit, "after": after}
        there = [
            (one["id"], one["_meta"]["cursor"]) for one in node.call(QUERY, schema=OF_EACH_TYPE.id, **asked)
        ]
        query = typed(read_query(str(OF_EACH_TYPE.id), wanted, order, limit, after), OF_EACH_TYPE)
        here = [(row.id, write_cursor(cursor)) for row, cursor in page(rows, query)]
        assert here == there
        if not there:
            break
        after = there[-1][1]
    for row in rows:
        if matches(query.filter, row):
            assert matches(untyped(query.filter), row), "who does not know the schema lets it pass"
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
    of_schema = typed(asked, OF_EACH_TYPE)
    assert matches(of_schema.filter, row)
    assert page([row], of_schema)[0][1].values == ("2026-11-23T00:00:00",)
    with pytest.raises(FieldUnknown, match="orderBy"):
        typed(read_query(SCHEMA, {}, ["whenn"], 1, None), OF_EACH_TYPE)
    with pytest.raises(FieldUnknown, match="filter"):
        typed(read_query(SCHEMA, {"whenn": 1}, [], 1, None), OF_EACH_TYPE)
    with pytest.raises(TimestampMalformed, match="filter for 'when'"):
        typed(read_query(SCHEMA, {"when": "yesterday"}, [], 1, None), OF_EACH_TYPE)


def test_parts_are_joined() -> None:
    row = Row(SCHEMA, Author().hex, {"a": Field("int", 1), "id": Field("str", "a field of this name")})
    one, other = Compare("a", Field("int", 1)), Compare("author", Field("str", Author().hex))
    assert matches(Every((one, Every((other,)), Every())), row)
    assert not matches(Every((one, Every((other, Compare("b", Field("int", 1)))))), row)
    assert matches(Compare("id", Field("str", SCHEMA)), row), "the instance's, whatever its fields are called"


@given(ASKED, st.sampled_from(sorted(messages.FIELD_TYPES)))
def test_what_is_alike_equals_as_it_was(value: Any, kind: str) -> None:
    field = messages.infer(value)
    found = alike(field, kind)
    assert found is None or (found.type == kind and found.value == field.value)


# -- from JSON, and back -------------------------------------------------------------------------------


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | INTS | FLOATS))
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
