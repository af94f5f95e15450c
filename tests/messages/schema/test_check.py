"""What a schema accepts: every value that fits, and nothing else."""

import json

import pytest
from hypothesis import given

from panda_web import messages
from panda_web.messages import Field, Relation
from panda_web.messages.errors import FieldsEmpty, RelationMalformed
from panda_web.messages.schema import (
    MAX_ITEMS,
    MAX_VARCHAR,
    TYPES,
    FieldDefinition,
    InvalidFields,
    Reference,
    Schema,
    errors,
    rules,
)
from tests.messages.schema.strategies import schemas_with_values
from tests.messages.strategies import FIELD_MAPS, HASHES

ID = "0040" + "ab" * 64
OTHER = "0040" + "cd" * 64


def one(kind: str, **options: object) -> Schema:
    """A schema of one field, `a`."""
    if kind.startswith("relation"):
        options.setdefault("schema", OTHER)
    return Schema("test", "", (FieldDefinition("a", kind, **options),), ID)  # type: ignore[arg-type]


TALK = Schema(
    "talk",
    "",
    (
        FieldDefinition("title", "varchar", validation="[A-Z].*"),
        FieldDefinition("room", "relation", schema=OTHER),
        FieldDefinition("after", "relation[]", schema="self", optional=True),
        FieldDefinition("seats", "integer", optional=True),
    ),
    ID,
)
TITLE = {"title": Field("str", "Opening")}
ROOM = {"room": Field("relation", Relation(ID))}


@given(schemas_with_values())
def test_what_fits_is_accepted_and_so_is_what_a_message_makes_of_it(
    pair: tuple[Schema, dict[str, object]],
) -> None:
    schema, values = pair
    fields = schema.to_fields(values)
    references = schema.check(fields, "create")
    if fields:
        assert (
            schema.check(messages.decode(messages.create(ID, fields).encode()).fields, "create") is not None
        )
    expected = [
        (name, str(instance))
        for name, value in values.items()
        if schema.by_name[name].base == "relation"
        for instance in (value if isinstance(value, tuple) else (value,))
    ]
    assert [(reference.field, reference.instance) for reference in references] == expected
    for name in values:
        schema.check({name: fields[name]}, "update")
        if not schema.by_name[name].optional:
            with pytest.raises(errors.FieldMissing):
                schema.check({other: field for other, field in fields.items() if other != name}, "create")


@given(schemas_with_values(), FIELD_MAPS)
def test_fields_of_messages_are_accepted_or_a_named_error(
    pair: tuple[Schema, dict[str, object]], fields: dict[str, Field]
) -> None:
    schema, _ = pair
    names = list(schema.by_name)
    for given_fields in (fields, dict(zip(names, fields.values(), strict=False))):
        try:
            schema.check(given_fields, "update")
        except InvalidFields as error:
            assert type(error) is not InvalidFields
            assert error.data["field"] in given_fields


@pytest.mark.parametrize("kind", [*TYPES, *(f"{name}[]" for name in TYPES)])
def test_each_type_takes_one_type_of_message(kind: str) -> None:
    schema = one(kind)
    samples = {"str": "2026-11-23T02:14:03Z", "int": 1, "float": 1.5, "bool": True, "relation": Relation(ID)}
    accepted = []
    for name in sorted(messages.FIELD_TYPES):
        value = samples[name.removesuffix("[]")]
        try:
            schema.check({"a": Field(name, (value,) if name.endswith("[]") else value)}, "create")
        except errors.ValueTypeMismatch as error:
            assert kind in str(error) and name in str(error) and "'a'" in str(error)
        else:
            accepted.append(name)
    assert accepted == [schema.by_name["a"].message_type]


def test_relations_come_back_for_the_node_to_follow() -> None:
    after = Field("relation[]", (Relation(ID), Relation(OTHER)))
    assert TALK.check({**TITLE, "after": after, **ROOM}, "create") == (
        Reference("after", ID, ID),
        Reference("after", ID, OTHER),
        Reference("room", OTHER, ID),
    )
    assert TALK.check({"after": Field("relation[]", ())}, "update") == ()


def test_itself_is_called_self_before_it_has_an_id() -> None:
    unpublished = Schema(TALK.name, TALK.description, TALK.fields)
    (reference,) = unpublished.check({"after": Field("relation[]", (Relation(ID),))}, "update")
    assert reference.schema == "self"


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({**TITLE}, errors.FieldMissing, "room"),
        ({}, errors.FieldMissing, "room"),
        ({**TITLE, **ROOM, "x" * 1_000_000: Field("int", 1)}, errors.FieldUnknown, "x" * 70),
        ({**TITLE, **ROOM, "Title": Field("str", "A")}, errors.FieldUnknown, "Title"),
        ({**TITLE, **ROOM, "id": Field("str", "A")}, errors.FieldUnknown, "id"),
        ({**TITLE, **ROOM, "seats": Field("float", 1.0)}, errors.ValueTypeMismatch, "seats"),
        ({**TITLE, **ROOM, "seats": Field("x" * 1_000_000, 1)}, errors.ValueTypeMismatch, "seats"),
        ({**TITLE, "room": Field("str", ID)}, errors.ValueTypeMismatch, "room"),
        ({**TITLE, "room": Field("relation", "me")}, RelationMalformed, "room"),
        ({**TITLE, "room": Field("relation", 5)}, RelationMalformed, "room"),
        ({**ROOM, "title": Field("str", "opening")}, errors.PatternNotMatched, "title"),
        ({**ROOM, "title": Field("str", "A" * 256)}, errors.TextTooLong, "title"),
        ({**ROOM, "title": Field("str", 5)}, errors.ValueTypeMismatch, "title"),
        ({**ROOM, **TITLE, "after": Field("relation[]", 5)}, errors.ValueTypeMismatch, "after"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_refused(fields: dict[str, Field], error: type[InvalidFields], field: str) -> None:
    with pytest.raises(error) as caught:
        TALK.check(fields, "create")
    assert type(caught.value) is error
    assert caught.value.data["field"] == field
    assert field in str(caught.value)
    assert len(str(caught.value)) < 500
    json.dumps(caught.value.data)


def test_an_update_of_nothing() -> None:
    with pytest.raises(FieldsEmpty):
        TALK.check({}, "update")
    assert one("text", optional=True).check({}, "create") == (), (
        "that a message is never empty, its codec says"
    )


@pytest.mark.parametrize("kind", ["varchar", "varchar[]"])
def test_varchars_count_code_points(kind: str) -> None:
    for character in "a😀":
        text = character * MAX_VARCHAR
        for value in (text, text + "a"):
            field = Field("str[]", ("", value)) if kind.endswith("[]") else Field("str", value)
            if value == text:
                one(kind).check({"a": field}, "create")
            else:
                with pytest.raises(errors.TextTooLong, match="256"):
                    one(kind).check({"a": field}, "create")
    one("text").check({"a": Field("str", "a" * 1_000_000)}, "create")


def test_timestamps() -> None:
    one("timestamp").check({"a": Field("str", "2016-12-31T23:59:60Z")}, "create")
    for text, error in [
        ("2026-02-30T00:00:00Z", errors.TimestampMalformed),
        ("0000-01-01T00:00:00+01:00", errors.TimestampOutOfRange),
        ("2026-01-01T00:00:00." + "0" * 300 + "Z", errors.TextTooLong),
    ]:
        for schema, field in [
            (one("timestamp"), Field("str", text)),
            (one("timestamp[]"), Field("str[]", ("2026-01-01T00:00:00Z", text))),
        ]:
            with pytest.raises(error, match="'a'"):
                schema.check({"a": field}, "create")


@pytest.mark.parametrize("kind", [f"{name}[]" for name in TYPES])
def test_arrays_are_bounded(kind: str) -> None:
    schema = one(kind)
    sample = {"str[]": "2026-11-23T02:14:03Z", "int[]": 1, "float[]": 1.5, "bool[]": True, "relation[]": ID}
    kind = schema.by_name["a"].message_type
    assert len(schema.check({"a": Field(kind, (sample[kind],) * MAX_ITEMS)}, "create")) in (0, MAX_ITEMS)
    with pytest.raises(errors.ArrayTooLong):
        schema.check({"a": Field(kind, (sample[kind],) * (MAX_ITEMS + 1))}, "create")


def test_each_item_is_matched() -> None:
    schema = one("text[]", validation="[a-z]+")
    schema.check({"a": Field("str[]", ("a", "bc"))}, "create")
    schema.check({"a": Field("str[]", ())}, "create")
    with pytest.raises(errors.PatternNotMatched, match="'B'"):
        schema.check({"a": Field("str[]", ("a", "B"))}, "create")


@pytest.mark.parametrize(
    ("kind", "pattern", "value"),
    [
        ("text", "[^<]*", "a" * (rules.MAX_WORK // 2 - 1)),
        ("text", ".{1000}", "a" * (rules.MAX_WORK // 1001 - 1)),
        ("text[]", "[a-z]{0,250}", ("a" * 200,) * (rules.MAX_WORK // 201 // 251)),
        ("text[]", "(a?){260}", ("",) * (rules.MAX_WORK // 261)),
    ],
)
def test_what_matching_may_cost_is_bounded(kind: str, pattern: str, value: str | tuple[str, ...]) -> None:
    """Whatever the pattern, a text or so more is refused before anything is matched."""
    schema = one(kind, validation=pattern)
    field = "str" if isinstance(value, str) else "str[]"
    for number in range(2):
        try:
            schema.check({"a": Field(field, value)}, "create")
        except errors.PatternTooCostly as error:
            assert number == 1
            assert str(rules.MAX_WORK) in str(error)
        except errors.PatternNotMatched:
            assert number == 0
        else:
            assert number == 0
        value = value + "aa" if isinstance(value, str) else (*value, *value[:2])


def test_the_costs_of_all_fields_count() -> None:
    fields = [FieldDefinition(f"f{n}", "text", validation="(.?){100}") for n in range(40)]
    schema = Schema("test", "", tuple(fields))
    with pytest.raises(errors.PatternTooCostly):
        schema.check({field.name: Field("str", "a" * 600) for field in fields}, "create")


def test_a_pattern_is_compiled_once() -> None:
    schema = one("text", validation="[a-z]{3}")
    automaton = schema._rules["a"].pattern
    assert automaton is not None
    schema.check({"a": Field("str", "abc")}, "create")
    known = automaton.steps
    schema.check({"a": Field("str", "abc")}, "create")
    assert automaton.steps == known


@given(HASHES, HASHES)
def test_a_target_decides_nothing(instance: str, other: str) -> None:
    assert TALK.check({**TITLE, "room": Field("relation", instance)}, "create") == (
        Reference("room", OTHER, instance),
    )
