"""Filters as text: each reads back as itself, and what is wrong is said where it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import digest
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.query.reading import read_filter
from panda_web.query.text import FilterTextWrong, read_text
from tests.authors import SCHEMA
from tests.messages.strategies import TEXTS

TALK = Schema(
    "talk",
    "",
    (
        FieldDefinition("title", "varchar"),
        FieldDefinition("abstract", "text"),
        FieldDefinition("start", "timestamp"),
        FieldDefinition("seats", "integer"),
        FieldDefinition("price", "float"),
        FieldDefinition("open", "boolean"),
        FieldDefinition("room", "relation", schema=SCHEMA),
        FieldDefinition("beside", "relation[]", schema=SCHEMA),
        FieldDefinition("tags", "varchar[]"),
        FieldDefinition("counts", "integer[]"),
        FieldDefinition("contains", "varchar"),  # words of the language are names too
        FieldDefinition("In", "varchar"),
    ),
)
VALUES = {
    "varchar": TEXTS
    | st.sampled_from(["and", "not", "12", "true", "", "it's", '"', "\\", "a\nb", "(", "[1]"]),
    "timestamp": st.just("2019-08-21") | st.just("2019-08-21T10:00:00+01:00"),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "relation": st.binary(min_size=3, max_size=3).map(lambda data: digest(data).hex()),
}
VALUES["text"] = VALUES["varchar"]
ORDERED = ("lt", "lte", "gt", "gte")


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """A comparison in JSON, as it is shortest."""
    field = draw(st.sampled_from(TALK.fields))
    value = VALUES[field.base]
    operator = draw(
        st.sampled_from(["eq", "ne", "in", "notIn", "exists", "contains", "startsWith", *ORDERED])
    )
    if operator == "exists":
        return {field.name: {"exists": draw(st.booleans())}}
    if operator in ("in", "notIn"):
        return {field.name: {operator: draw(st.lists(value, max_size=3))}}
    given = draw(st.lists(value, max_size=3) if field.is_array and operator in ("eq", "ne") else value)
    return {field.name: given if operator == "eq" else {operator: given}}


FILTERS = st.recursive(
    comparisons(),
    lambda parts: (
        st.builds(
            lambda join, some: {join: some},
            st.sampled_from(["and", "or"]),
            st.lists(parts, min_size=2, max_size=3),
        )
        | parts.map(lambda part: {"not": part})
    ),
    max_leaves=6,
)
SIGNS = {"eq": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
WORDS = {"contains": "contains", "startsWith": "startswith"}


def write(filter: Any, quote: str, space: str) -> str:
    """A filter as text; each part that has parts stands in parentheses."""
    ((name, asked),) = filter.items()
    if name in ("and", "or"):
        return f"{space}{name.upper()}{space}".join(f"({write(part, quote, space)})" for part in asked)
    if name == "not":
        return f"not ({write(asked, quote, space)})"
    ((operator, value),) = asked.items() if isinstance(asked, dict) else [("eq", asked)]
    if operator == "exists":
        return f"{name}{space}{'exists' if value else 'not exists'}"
    if operator in ("in", "notIn"):
        listed = ",".join(write_value(each, quote) for each in value)
        return f"{name}{space}{'in' if operator == 'in' else 'not IN'}{space}({listed})"
    sign = SIGNS.get(operator) or f" {WORDS[operator]} "
    return f"{name}{sign}{write_value(value, quote)}"


def write_value(value: Any, quote: str) -> str:
    if isinstance(value, list):
        return f"[{', '.join(write_value(each, quote) for each in value)}]"
    if not isinstance(value, str):
        return json.dumps(value)
    if quote == "'":
        return "'" + json.dumps(value)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
    return json.dumps(value)


@given(filter=FILTERS, quote=st.sampled_from("'\""), space=st.sampled_from([" ", "  ", "\n\t"]))
def test_every_filter_reads_back_as_itself(filter: dict[str, Any], quote: str, space: str) -> None:
    assert read_text(write(filter, quote, space)).to_json(TALK) == filter


@given(
    text=st.text(max_size=30)
    | st.lists(st.sampled_from(["a", "=", "(", ")", "not", "and", "in", '"', "'", "[", ",", " "])).map(
        "".join
    )
)
def test_whatever_is_written_is_read_or_refused_at_a_place(text: str) -> None:
    try:
        found = read_text(text).to_json(None)
    except FilterTextWrong as error:
        assert 0 <= int(str(error.data["at"])) <= len(text)
    else:
        assert found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start>=2019-08-21 and room=Curie", {"and": [{"start": {"gte": "2019-08-21"}}, {"room": "Curie"}]}),
        ("a=1 or b=2 and c=3", {"or": [{"a": 1}, {"and": [{"b": 2}, {"c": 3}]}]}),
        ("(a=1 or b=2) and c=3", {"and": [{"or": [{"a": 1}, {"b": 2}]}, {"c": 3}]}),
        ("not a=1 and b=2", {"and": [{"not": {"a": 1}}, {"b": 2}]}),
        ("tags not contains x", {"not": {"tags": {"contains": "x"}}}),
        ("a == x:y/z+1", {"a": "x:y/z+1"}),
        ("a=true", {"a": True}),
        ('a="true"', {"a": "true"}),
        ("a=-1.5", {"a": -1.5}),
        ('a="null"', {"a": "null"}),
        ("a=[1, x]", {"a": [1, "x"]}),
    ],
)
def test_what_words_mean_where_nobody_knows_the_schema(text: str, expected: dict[str, Any]) -> None:
    assert read_text(text).to_json(None) == expected


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("", 0, "the name of a field"),
        ("title", 5, "a comparison is needed"),
        ("title=", 6, "a value is needed"),
        ("title=The opening", 10, "a value with spaces stands in quotes"),
        ("title=a and", 11, "the name of a field"),
        ("(title=a", 8, '")" is needed'),
        ("title in a", 9, '"(" is needed'),
        ("title in (a b)", 12, '"," or ")" is needed'),
        ('title="a', 6, "no end"),
        ("title='\\x'", 6, "an escape"),
        ("title ! a", 6, "stands for nothing"),
        ("title not = a", 10, "a comparison is needed"),
        ("seats=many", 6, "'seats' is a whole number"),
        ('seats="1"', 6, "without quotes"),
        ("seats=1.5", 6, "a whole number"),
        ("start<tomorrow", 6, "not a timestamp of RFC 3339"),
        ("room=Curie", 5, "No instance that room could lead to is called so"),
        ("open=1", 5, "true or false"),
        ("price=1e999", 6, "No field can have this value"),
        ("title=null", 6, '"not exists" finds what has no value'),
        ("room in (NULL)", 9, '"not exists" finds what has no value'),
        ("seats=9223372036854775808", 6, "from -9223372036854775808 to 9223372036854775807"),
        ("seats=" + "9" * 5000, 6, "from -9223372036854775808 to 9223372036854775807"),
        ("titel=a", 0, "no field 'titel', but title"),
        ("titel exists", 0, "no field 'titel'"),
        ("(" * 100, 33, "32 deep"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(text: str, at: int, words: str) -> None:
    with pytest.raises(FilterTextWrong, match=f"character {at + 1}: ") as wrong:
        read_text(text).to_json(TALK)
    assert wrong.value.data["at"] == at
    assert words in str(wrong.value)


def test_a_relation_by_what_it_leads_to() -> None:
    """Also where several are called so, and in a list."""
    curie, other, noether = (digest(bytes((n,))).hex() for n in range(3))
    called = {(SCHEMA, "Curie"): (curie, other), (SCHEMA, "Noether"): (noether,)}
    for text, expected in (
        ("room=Curie", {"room": {"in": [curie, other]}}),
        ("room!=Curie", {"room": {"notIn": [curie, other]}}),
        (f"room in (Curie, {noether}, Noether)", {"room": {"in": [curie, other, noether, noether]}}),
        ("room not in (Noether)", {"room": {"notIn": [noether]}}),
        ("beside contains Noether", {"beside": {"in": [noether]}}),
        ("beside not contains Noether", {"not": {"beside": {"in": [noether]}}}),
    ):
        found = read_text(text)
        assert found.calls(TALK) <= called.keys()
        assert found.to_json(TALK, called) == expected


def test_what_is_deeper_than_a_filter_may_be_is_the_filters_matter() -> None:
    """Parentheses count here, and what they mean is counted where filters are read."""
    assert read_filter(read_text("((((((((((a=1))))))))))").to_json(None)) == read_filter({"a": 1})
