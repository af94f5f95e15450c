"""Dataclasses of schemas, and plain values as fields."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.messages import Field, Relation
from panda_web.messages.schema import FieldDefinition, Schema, SchemaError, errors
from tests.messages.schema.strategies import schemas_with_values

ID = "0040" + "ab" * 64
TALK = Schema(
    "festival talk",
    "What is said on a stage",
    (
        FieldDefinition("title", "varchar"),
        FieldDefinition("class", "text", optional=True),
        FieldDefinition("price", "float", optional=True),
        FieldDefinition("tags", "varchar[]", optional=True),
        FieldDefinition("rooms", "relation[]", schema=ID, optional=True),
        FieldDefinition("seats", "integer", optional=True),
        FieldDefinition("open", "boolean", optional=True),
    ),
)


@given(schemas_with_values())
def test_round_trip(pair: tuple[Schema, dict[str, object]]) -> None:
    schema, values = pair
    record = schema.to_record(values)
    assert type(record) is schema.dataclass()
    assert schema.to_fields(record) == schema.to_fields(values)
    assert schema.to_record(schema.to_fields(record)) == record
    assert len(dataclasses.fields(record)) == len(schema.fields)
    for member, definition in zip(dataclasses.fields(record), schema.fields, strict=True):
        value = getattr(record, member.name)
        assert value == values.get(definition.name)
        if definition.base == "float" and value == 0:
            assert str(value) == str(values[definition.name])


@given(schemas_with_values())
def test_a_row_of_a_query_gives_a_record(pair: tuple[Schema, dict[str, object]]) -> None:
    schema, values = pair
    row = json.loads(json.dumps({**values, "id": ID, "_meta": {"author": "ab" * 32}}))
    assert schema.to_record(row) == schema.to_record(values)


def test_the_class() -> None:
    made = TALK.dataclass()
    assert made is TALK.dataclass()
    assert made.__name__ == "FestivalTalk"
    assert made.__doc__ == TALK.description
    talk = made(title="Opening")
    assert repr(talk).startswith("FestivalTalk(title='Opening', class_=None, price=None")
    with pytest.raises(dataclasses.FrozenInstanceError):
        talk.title = "Closing"
    with pytest.raises(TypeError):
        made("Opening")
    with pytest.raises(TypeError):
        made()
    assert not hasattr(talk, "__dict__")
    assert made.__annotations__ == {
        "title": str,
        "class_": str | None,
        "price": float | None,
        "tags": tuple[str, ...] | None,
        "rooms": tuple[Relation, ...] | None,
        "seats": int | None,
        "open": bool | None,
    }


def test_keywords_get_an_underscore() -> None:
    names = ["class", "class_", "None", "match", "self", "fields"]
    schema = Schema("test", "", tuple(FieldDefinition(name, "integer") for name in names))
    record = schema.dataclass()(class__=1, class_=2, None_=3, match=4, self=5, fields=6)
    assert {name: field.value for name, field in schema.to_fields(record).items()} == dict(
        zip(names, range(1, 7), strict=True)
    )
    assert schema.to_record(dict(zip(names, range(1, 7), strict=True))) == record


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("talk", "Talk"),
        ("class", "Class"),
        ("none", "Record"),
        ("2 talks", "Record"),
        ("…", "Record"),
        ("a-b c_d", "ABCD"),
    ],
)
def test_the_name_of_the_class(name: str, expected: str) -> None:
    assert Schema(name, "", (FieldDefinition("a", "text"),)).dataclass().__name__ == expected


def test_the_schema_gives_the_type() -> None:
    assert TALK.to_fields({"title": "A", "price": 3, "tags": [], "rooms": [ID], "seats": None}) == {
        "title": Field("str", "A"),
        "price": Field("float", 3.0),
        "tags": Field("str[]", ()),
        "rooms": Field("relation[]", (Relation(ID),)),
    }
    assert isinstance(TALK.to_fields({"price": 3})["price"].value, float)
    assert isinstance(TALK.to_fields({"rooms": (ID,)})["rooms"].value[0], Relation)  # type: ignore[index]
    assert TALK.to_fields({"title": Field("str", "A")}) == {"title": Field("str", "A")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", 5), ("title", b"a"), ("title", ["a"]), ("title", Field("int", 5)), ("title", Field("str", 5)),
        ("price", "3"), ("price", True), ("price", (1 << 53) + 1), ("price", 10**400),
        ("seats", 3.0), ("seats", True), ("seats", "3"), ("open", 1), ("open", "yes"),
        ("tags", "a"), ("tags", {"a"}), ("tags", [1]), ("tags", [None]), ("tags", [["a"]]),
        ("rooms", ID), ("rooms", [5]), ("title", object()), ("title", 1 << 100_000),
    ],
    ids=lambda value: repr(type(value)),
)  # fmt: skip
def test_what_a_field_cannot_hold(name: str, value: object) -> None:
    with pytest.raises(errors.ValueTypeMismatch, match=repr(name)) as caught:
        TALK.to_fields({name: value})
    assert caught.value.data == {"field": name}
    assert len(str(caught.value)) < 200


def test_names_that_there_are_not() -> None:
    for values in ({"titel": "A"}, {"Title": "A"}, {"class_": "A"}, {5: "A"}, {"x" * 100_000: None}):
        with pytest.raises(errors.FieldUnknown) as caught:
            TALK.to_fields(values)  # type: ignore[arg-type]
        assert len(str(caught.value)) < 200


def test_a_record_is_valid() -> None:
    for values, error in [
        ({}, errors.FieldMissing),
        ({"title": None}, errors.FieldMissing),
        ({"title": "A" * 256}, errors.TextTooLong),
        ({"title": "A", "titel": "A"}, errors.FieldUnknown),
    ]:
        with pytest.raises(error):
            TALK.to_record(values)


@pytest.mark.parametrize("record", [5, None, "title", TALK.dataclass(), [("title", "A")]])
def test_what_is_neither_mapping_nor_record(record: Any) -> None:
    with pytest.raises(errors.ValueTypeMismatch):
        TALK.to_fields(record)


@given(
    st.dictionaries(
        st.sampled_from([field.name for field in TALK.fields]),
        st.from_type(type).flatmap(st.from_type) | st.none() | st.lists(st.integers() | st.text()),
        max_size=3,
    )
)
def test_anything_is_a_field_or_a_named_error(values: dict[str, object]) -> None:
    try:
        TALK.to_fields(values)
    except SchemaError as error:
        assert error.data["field"] in values
