"""What JavaScript's values become, and come back as: the same on CPython, where all can be tried."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.browser.values import MAX_SAFE, read_fields, read_filter, write_value
from panda_web.errors import PandaError
from panda_web.messages import Field, create, decode, infer_all
from panda_web.messages.schema import TYPES, FieldDefinition, Schema
from tests.authors import SCHEMA

INSTANCE = "0040" + "77" * 64
EVERY = Schema(
    "every",
    "A field of each type",
    tuple(
        FieldDefinition(f"{kind}{number}", kind + suffix, True, None, "self" if kind == "relation" else None)
        for kind in TYPES
        for number, suffix in enumerate(("", "[]"))
    ),
)


def from_javascript(number: float) -> Any:
    """What Python reads of a number that `panda.js` wrote."""
    if number.is_integer() and abs(number) <= MAX_SAFE and str(number) != "-0.0":
        return json.loads(str(int(number)))
    return json.loads(repr(number))


def signed(fields: dict[str, Any], schema: Schema | None) -> dict[str, Field]:
    """The fields as they are published."""
    values = read_fields(fields, schema)
    typed = schema.to_fields(values, "update") if schema is not None else infer_all(values)
    if schema is not None:
        schema.check(typed, "update")
    return dict(decode(create(SCHEMA, typed).encode()).fields)


def test_a_schema_decides_what_a_number_is() -> None:
    found = signed({"integer0": 3, "float0": 3, "integer1": [1, 2], "float1": [1, 2.5, 1e300]}, EVERY)
    assert {name: field.type for name, field in found.items()} == {
        "integer0": "int",
        "float0": "float",
        "integer1": "int[]",
        "float1": "float[]",
    }
    assert found["float1"].value == (1.0, 2.5, 1e300)
    assert signed({"integer0": {"$int": "3"}}, EVERY)["integer0"] == Field("int", 3)
    assert signed({"relation0": INSTANCE, "relation1": [INSTANCE], "text1": []}, EVERY) == {
        "relation0": Field("relation", INSTANCE),
        "relation1": Field("relation[]", (INSTANCE,)),
        "text1": Field("str[]", ()),
    }
    assert signed({"float0": None, "relation1": None}, EVERY) == {
        "float0": Field("float[]", ()),
        "relation1": Field("relation[]", ()),
    }


def test_without_a_schema_a_value_can_say_what_it_is() -> None:
    assert signed(
        {
            "whole": 3,
            "half": 0.5,
            "large": {"$int": "9007199254740993"},
            "float": {"type": "float", "value": 3},
            "floats": {"type": "float[]", "value": [1, 0.5]},
            "none": {"type": "str[]", "value": []},
            "at": {"type": "relation", "value": INSTANCE},
            "ints": {"type": "int[]", "value": [{"$int": "-9223372036854775808"}, 1]},
            "text": INSTANCE,
        },
        None,
    ) == {
        "whole": Field("int", 3),
        "half": Field("float", 0.5),
        "large": Field("int", 2**53 + 1),
        "float": Field("float", 3.0),
        "floats": Field("float[]", (1.0, 0.5)),
        "none": Field("str[]", ()),
        "at": Field("relation", INSTANCE),
        "ints": Field("int[]", (-(2**63), 1)),
        "text": Field("str", INSTANCE),
    }


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_a_float_where_one_belongs(number: float) -> None:
    value = signed({"float0": from_javascript(number)}, EVERY)["float0"].value
    assert isinstance(value, float)
    assert repr(value) == repr(number)
    assert signed({"n": from_javascript(number)}, None)["n"].value == number


def test_zero_is_an_integer_with_any_sign() -> None:
    for schema, sent in ((EVERY, -0.0), (EVERY, {"type": "int", "value": -0.0})):
        (field,) = signed({"integer0": sent}, schema).values()
        assert repr(field) == repr(Field("int", 0))
    assert repr(signed({"n": -0.0}, None)["n"].value) == "-0.0"
    with pytest.raises(PandaError):
        signed({"integer0": 1e19}, EVERY)


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_integer_comes_back(number: int) -> None:
    sent: Any = number if abs(number) <= MAX_SAFE else {"$int": str(number)}
    for schema in (EVERY, None):
        assert signed({"integer0": {"$int": str(number)}}, schema)["integer0"] == Field("int", number)
        assert signed({"integer0": sent}, schema)["integer0"] == Field("int", number)
    assert write_value(number) == sent
    assert write_value([number, 0]) == [sent, 0]
    assert read_filter({"a": {"in": [sent]}, "b": sent, "not": {"c": 1.5}}) == {
        "a": {"in": [number]},
        "b": number,
        "not": {"c": 1.5},
    }


def test_only_integers_are_tagged() -> None:
    for value in (True, False, 1e300, -0.0, "9" * 30, [1e300, "x"], float(2**60)):
        assert write_value(value) is value or write_value(value) == value
    assert math.copysign(1, write_value(-0.0)) == -1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "field-type-ambiguous"),
        ([None], "field-type-ambiguous"),
        ({}, "field-type-ambiguous"),
        ([[1]], "field-type-ambiguous"),
        ([{"type": "int", "value": 1}], "field-type-ambiguous"),
        ({"type": "int", "value": {"type": "int", "value": 1}}, "field-type-ambiguous"),
        ({"type": "int", "value": None}, "field-type-ambiguous"),
        ({"type": "int"}, "field-type-ambiguous"),
        ({"type": ["int"], "value": 1}, "field-type-ambiguous"),
        ({"type": "int", "value": 1, "more": 1}, "field-type-ambiguous"),
        ({"$int": "1", "more": 1}, "field-type-ambiguous"),
        ({"type": "x" * 100_000, "value": 1}, "field-type-unknown"),
        ({"type": "int", "value": "1"}, "field-type-mismatch"),
        ({"type": "int", "value": [1]}, "field-type-mismatch"),
        ({"type": "relation", "value": 5}, "field-type-mismatch"),
        ({"type": "relation", "value": "x"}, "relation-malformed"),
        ({"type": "str[]", "value": "abc"}, "field-type-mismatch"),
        ({"type": "float", "value": 10**400}, "integer-out-of-range"),
        ({"$int": 1}, "integer-out-of-range"),
        ({"$int": "1.5"}, "integer-out-of-range"),
        ({"$int": ""}, "integer-out-of-range"),
        ({"$int": "٣"}, "integer-out-of-range"),
        ({"$int": "1\n"}, "integer-out-of-range"),
        ({"$int": "9" * 100_000}, "integer-out-of-range"),
        ({"$int": "9223372036854775808"}, "integer-out-of-range"),
        ({"$int": {"$int": "1"}}, "integer-out-of-range"),
        (10**400, "integer-out-of-range"),
        (2**63, "integer-out-of-range"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_a_hostile_page_sends(value: Any, reason: str) -> None:
    with pytest.raises(PandaError) as refused:
        signed({"n": value}, None)
    assert refused.value.reason == reason
    assert 20 < len(str(refused.value)) < 500


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["$int", "type", "value", "x"]) | st.text(), inner)
        | st.fixed_dictionaries({"type": st.sampled_from(["int", "float[]", "str"]), "value": inner})
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([each.name for each in EVERY.fields]) | st.text(), json_values),
    st.sampled_from([EVERY, None]),
)
def test_whatever_comes_is_published_or_refused_by_name(
    fields: dict[str, Any], schema: Schema | None
) -> None:
    try:
        signed(fields, schema)
        read_filter(fields)
    except PandaError as error:
        assert error.reason
