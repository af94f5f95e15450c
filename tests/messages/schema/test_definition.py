"""Schemas as messages and as files: round trips, and whatever strangers write."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.messages import Field, Message
from panda_web.messages.errors import SchemaMalformed
from panda_web.messages.schema import (
    DEFINITION,
    MAX_FIELDS,
    TYPES,
    FieldDefinition,
    InvalidFields,
    InvalidPattern,
    InvalidSchema,
    Schema,
    SchemaError,
    errors,
    pattern,
    read_definition,
    rules,
    schema_from_toml,
    schema_to_toml,
    write_definition,
)
from panda_web.messages.schema.definition import read_fields
from panda_web.messages.schema.schema import MAX_DESCRIPTION, MAX_NAME, MAX_PATTERNS
from tests.messages.schema.strategies import schemas
from tests.rpc.test_jsonrpc import JSON

ID = "0040" + "ab" * 64
OTHER = "0040" + "cd" * 64


def definition(fields: object = None, **changed: Field | None) -> Message:
    """A definition's message: `fields` as JSON, or as the text that they are."""
    text = (
        fields
        if isinstance(fields, str)
        else json.dumps({"a": {"type": "text"}} if fields is None else fields)
    )
    given = {
        "name": Field("str", "talk"),
        "description": Field("str", "What is said"),
        "version": Field("int", 1),
        "fields": Field("str", text),
        **changed,
    }
    return messages.create(
        DEFINITION.id or "", {name: field for name, field in given.items() if field is not None}
    )


def read(fields: object) -> Schema:
    return read_definition(definition(fields), ID)


@given(schemas())
def test_round_trip_by_message(schema: Schema) -> None:
    message = write_definition(schema)
    found = read_definition(messages.decode(message.encode()), ID)
    assert found == dataclasses.replace(schema, id=ID)
    assert hash(found) == hash(dataclasses.replace(schema, id=ID))
    assert write_definition(found).encode() == message.encode()
    messages.check_log(0, message)


@given(schemas())
def test_round_trip_by_file(schema: Schema) -> None:
    assert schema_from_toml(schema_to_toml(schema)) == Schema(schema.name, schema.description, schema.fields)


def test_the_bytes_of_a_definition() -> None:
    """What others hash: a change here is a change of the format."""
    schema = Schema(
        "comment",
        "What somebody says about a talk",
        (
            FieldDefinition("text", "text", validation='[^"é]+'),
            FieldDefinition("reply_to", "relation", optional=True, schema="self", cascade=True),
            FieldDefinition("about", "relation[]", schema=ID),
        ),
    )
    assert write_definition(schema).fields["fields"].value == (
        '{"text":{"type":"text","validation":"[^\\"é]+"},'
        '"reply_to":{"type":"relation","optional":true,"schema":"self","cascade":true},'
        f'"about":{{"type":"relation[]","schema":"{ID}"}}}}'
    )
    assert digest(write_definition(schema).encode()).hex()[4:20] == "1d5df30195794fab"


def test_the_order_of_fields_is_the_authors() -> None:
    names = ["zebra", "Apple", "m", "b"]
    schema = read({name: {"type": "text"} for name in names})
    assert [field.name for field in schema.fields] == list(schema.by_name) == names
    assert schema != read({name: {"type": "text"} for name in sorted(names)})


def test_defaults_may_be_written_and_are_left_out() -> None:
    written = read({"a": {"optional": False, "type": "relation", "cascade": False, "schema": "self"}})
    assert written == read({"a": {"type": "relation", "schema": "self"}})
    assert "optional" not in str(write_definition(written).fields["fields"].value)


def test_the_schema_of_schema_definitions() -> None:
    assert DEFINITION.id == messages.SYSTEM_LOGS[0]
    assert DEFINITION.check(definition().fields, "create") == ()


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (messages.create(OTHER, definition().fields), errors.NotADefinition),
        (messages.update(DEFINITION.id or "", OTHER, definition().fields), errors.NotADefinition),
        (messages.delete(DEFINITION.id or "", OTHER), errors.NotADefinition),
        (definition(name=None), errors.FieldMissing),
        (definition(fields_=Field("str", "")), errors.FieldUnknown),
        (definition(version=Field("float", 1.0)), errors.ValueTypeMismatch),
        (definition(version=Field("int", 2)), errors.DefinitionVersionUnknown),
        (definition(version=Field("int", -(2**63))), errors.DefinitionVersionUnknown),
        (definition(name=Field("str", "x" * 256)), errors.TextTooLong),
        (definition(description=Field("str", "x" * (MAX_DESCRIPTION + 1))), errors.SchemaDescriptionInvalid),
    ],
)
def test_messages_that_define_nothing(message: Message, error: type[SchemaError]) -> None:
    with pytest.raises(error) as caught:
        read_definition(message, ID)
    assert type(caught.value) is error


FIELDS: list[tuple[Any, type[SchemaError]]] = [
    # JSON
    ("", errors.DefinitionNotJson),
    ("{", errors.DefinitionNotJson),
    ('{"a":{"type":"text"}}x', errors.DefinitionNotJson),
    ('{"a":{"type":"text"},"a":{"type":"text"}}', errors.DefinitionNotJson),
    ('{"a":{"type":"text","type":"text"}}', errors.DefinitionNotJson),
    ('{"a":{"type":"text","optional":NaN}}', errors.DefinitionNotJson),
    ('{"a":' * 100_000, errors.DefinitionNotJson),
    ("[" * 60 + "]" * 60, errors.DefinitionValueWrong),
    ("[" * 100_000, errors.DefinitionNotJson),
    ("[]", errors.DefinitionValueWrong),
    ("null", errors.DefinitionValueWrong),
    ("9" * 4000, errors.DefinitionValueWrong),
    # how many
    ({}, errors.SchemaWithoutFields),
    ({f"f{n}": {"type": "text"} for n in range(MAX_FIELDS + 1)}, errors.SchemaTooManyFields),
    ({f"f{n}": {"type": "text"} for n in range(10_000)}, errors.SchemaTooManyFields),
    # names
    *[
        ({name: {"type": "text"}}, errors.FieldNameInvalid)
        for name in ["", "_a", "1a", "a-b", "a b", "é", "a\n", "aé", "a" * 65, "x" * 500_000, "\ud800"]
    ],
    *[
        ({name: {"type": "text"}}, errors.FieldNameReserved)
        for name in ["id", "author", "and", "or", "not", "sealed", "ID", "Author", "oR"]
    ],
    ({"title": {"type": "text"}, "Title": {"type": "text"}}, errors.FieldNameTaken),
    # keys
    ({"a": {}}, errors.DefinitionKeyMissing),
    ({"a": {"optional": True}}, errors.DefinitionKeyMissing),
    ({"a": {"type": "text", "unique": True}}, errors.DefinitionKeyUnknown),
    ({"a": {"type": "text", "x" * 100_000: True}}, errors.DefinitionKeyUnknown),
    ({"a": {"type": "text", "name": "b"}}, errors.DefinitionKeyUnknown),
    ({"a": {"type": 1}}, errors.DefinitionValueWrong),
    ({"a": {"type": ["text"]}}, errors.DefinitionValueWrong),
    ({"a": {"type": "text", "optional": 1}}, errors.DefinitionValueWrong),
    ({"a": {"type": "text", "optional": None}}, errors.DefinitionValueWrong),
    ({"a": {"type": "text", "validation": True}}, errors.DefinitionValueWrong),
    ({"a": {"type": "text", "validation": None}}, errors.DefinitionValueWrong),
    ({"a": "text"}, errors.DefinitionValueWrong),
    # types and options
    *[
        ({"a": {"type": name}}, errors.SchemaTypeUnknown)
        for name in ["", "str", "Text", "text[][]", "text []", "[]", "x" * 100_000, "\ud800", "relation[ ]"]
    ],
    ({"a": {"type": "relation"}}, errors.RelationTargetMissing),
    ({"a": {"type": "relation[]", "cascade": True}}, errors.RelationTargetMissing),
    *[
        ({"a": {"type": "relation", "schema": target}}, errors.RelationTargetMalformed)
        for target in ["", "talk", "Self", ID.upper(), ID[:-1], "x" * 100_000]
    ],
    ({"a": {"type": "text", "schema": "self"}}, errors.OptionNotForType),
    ({"a": {"type": "integer", "cascade": True}}, errors.OptionNotForType),
    ({"a": {"type": "integer", "validation": "[0-9]"}}, errors.OptionNotForType),
    ({"a": {"type": "relation[]", "schema": "self", "validation": "a"}}, errors.OptionNotForType),
    # patterns
    ({"a": {"type": "text", "validation": "a{1000}{1000}{1000}"}}, errors.PatternMalformed),
    ({"a": {"type": "text", "validation": "((a{1000}){1000}){1000}"}}, errors.PatternTooLarge),
    ({"a": {"type": "text", "validation": "(" * 100_000}}, errors.PatternTooLong),
    ({"a": {"type": "text", "validation": "a" * 1_000_000}}, errors.PatternTooLong),
    ({"a": {"type": "text", "validation": "\\p{L}"}}, errors.PatternPropertyUnsupported),
    ({"a": {"type": "text", "validation": "\ud800"}}, errors.PatternMalformed),
    (
        {f"f{n}": {"type": "text", "validation": ".{1000}"} for n in range(MAX_PATTERNS // 1_000 + 1)},
        errors.PatternTooLarge,
    ),
]  # fmt: skip


def named(fields: object, error: type[SchemaError], make: Callable[[Any], Schema]) -> None:
    with pytest.raises(error) as caught:
        make(fields)
    assert type(caught.value) is error
    assert len(str(caught.value)) < 600, "a stranger does not write our sentences"
    str(caught.value).encode()
    json.dumps(caught.value.data).encode()


@pytest.mark.parametrize(("fields", "error"), FIELDS, ids=lambda value: repr(value)[:40])
def test_fields_that_define_nothing(fields: object, error: type[SchemaError]) -> None:
    named(fields, error, read)


@pytest.mark.parametrize(
    "fields", [fields for fields, _ in FIELDS if isinstance(fields, dict)], ids=lambda value: repr(value)[:40]
)
def test_files_are_read_with_the_same_eyes(fields: dict[str, Any]) -> None:
    error = next(error for given, error in FIELDS if given is fields)
    named(fields, error, read_fields_and_make)


def read_fields_and_make(fields: dict[str, Any]) -> Schema:
    return Schema("talk", "", read_fields(fields))


def test_errors_about_a_pattern_name_field_and_place() -> None:
    with pytest.raises(InvalidPattern, match=r"'title'.*At 2") as caught:
        read({"title": {"type": "varchar", "validation": "ab)"}})
    assert caught.value.data == {"field": "title", "at": 2}


def test_a_schema_as_large_as_may_be() -> None:
    fields = {f"f{n}_{'x' * 50}": {"type": "text[]", "validation": "[😀-😂]{15}"} for n in range(MAX_FIELDS)}
    assert len(read(fields).fields) == MAX_FIELDS


@pytest.mark.parametrize(
    "name", ["", " ", " a", "a ", "a\nb", "a\x00", "\x85", "a\u2028", "\ud800", "x" * (MAX_NAME + 1), ID]
)
def test_names_that_no_schema_has(name: str) -> None:
    with pytest.raises(errors.SchemaNameInvalid):
        Schema(name, "", (FieldDefinition("a", "text"),))


def test_what_no_message_carries_is_no_schema() -> None:
    with pytest.raises(errors.SchemaDescriptionInvalid):
        Schema("a", "\ud800", (FieldDefinition("a", "text"),))
    with pytest.raises(SchemaMalformed):
        Schema("a", "", (FieldDefinition("a", "text"),), "talk")


@given(st.text(max_size=60) | JSON.map(json.dumps))
def test_noise_as_fields(text: str) -> None:
    with pytest.raises(InvalidSchema):
        read(text)


OPTIONS = st.dictionaries(
    st.sampled_from(["type", "optional", "validation", "schema", "cascade", "x"]),
    JSON
    | st.sampled_from(["text", "varchar[]", "relation", "integer", "self", ID, True, False, "[a-z]*", "(a"]),
    max_size=4,
)


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "A", "id", "title"]) | st.text(max_size=5), OPTIONS, max_size=4
    )
)
def test_noise_as_definitions(fields: object) -> None:
    try:
        schema = read(fields)
    except InvalidSchema as error:
        assert type(error) is not InvalidSchema
    else:
        assert read_definition(write_definition(schema), ID) == schema


FIELD = st.sampled_from([Field("str", "x"), Field("int", 1), Field("str[]", ()), Field("bool", True)])


@given(
    st.dictionaries(
        st.sampled_from(["name", "description", "version", "fields"]) | st.text(max_size=5), FIELD, min_size=1
    )
)
def test_noise_as_messages(fields: dict[str, Field]) -> None:
    with pytest.raises((InvalidSchema, InvalidFields)):
        read_definition(messages.create(DEFINITION.id or "", fields), ID)


TOML = """
name = "comment"
description = "What somebody says about a talk"

[fields.text]
type = "text"

[fields.talk]
type = "relation"
schema = "ID"
cascade = true

[fields.reply_to]
type = "relation"
schema = "self"
optional = true
""".replace("ID", ID)


def test_a_file() -> None:
    assert schema_from_toml(TOML) == Schema(
        "comment",
        "What somebody says about a talk",
        (
            FieldDefinition("text", "text"),
            FieldDefinition("talk", "relation", schema=ID, cascade=True),
            FieldDefinition("reply_to", "relation", optional=True, schema="self"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "error", "place"),
    [
        ("", errors.DefinitionKeyMissing, "name"),
        ("name = 'a'\nversion = 1", errors.DefinitionKeyUnknown, "version"),
        ("name = 'a'\ndescription = 3", errors.DefinitionValueWrong, "description"),
        ("name = 'a'\ndescription = ''\nfields = 1979-05-27", errors.DefinitionValueWrong, "fields"),
        ("name = 'a'\nname = 'b'\n", errors.DefinitionNotToml, "line 2"),
        ("name = = 1", errors.DefinitionNotToml, "line 1"),
        (
            TOML.replace("cascade = true", "cascade = 'yes'"),
            errors.DefinitionValueWrong,
            "field talk: cascade",
        ),
        (TOML.replace("[fields.text]", "[fields.id]"), errors.FieldNameReserved, "'id'"),
        (TOML + "x = 1", errors.DefinitionKeyUnknown, "field reply_to"),
        ("[fields]\na = 1\n" + TOML, errors.DefinitionKeyMissing, "name"),
        ("a=" + "[" * 100_000, errors.DefinitionNotToml, "is not TOML"),
        ("a=" + "{b=" * 100_000, errors.DefinitionNotToml, "is not TOML"),
        ("a." * 500_000 + "a=1", errors.DefinitionNotToml, "dots"),
        ("'a'.\"b\"." * 50_000 + "a=1", errors.DefinitionNotToml, "dots"),
        ("[" + "a." * 500_000 + "a]", errors.DefinitionNotToml, "dots"),
        ("a=0x" + "f" * 100_000, errors.DefinitionKeyUnknown, "'a'"),
        ("a=" + "9" * 100_000, errors.DefinitionNotToml, "digits"),
        ("name=0x" + "f" * 100_000, errors.DefinitionValueWrong, "very large"),
        ("{a='" + "x" * 100_000, errors.DefinitionNotToml, "line 1"),
        ("a={" + "'k'=1,'k'=1".replace("k", "k" * 100_000) + "}", errors.DefinitionNotToml, "Duplicate"),
        (" " * (1 << 20) + " ", errors.DefinitionNotToml, "1048577"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_files_that_are_wrong(text: str, error: type[InvalidSchema], place: str) -> None:
    with pytest.raises(error, match=re.escape(place)) as caught:
        schema_from_toml(text)
    assert type(caught.value) is error
    assert len(str(caught.value)) < 400


@given(st.text(max_size=80) | st.text("a.='\"[]{}\n#\\,1", max_size=60))
def test_noise_as_a_file(text: str) -> None:
    with pytest.raises(InvalidSchema):
        schema_from_toml(text)


@given(st.text("ab.'\"\\\n# =", max_size=40), st.text("ab.'\"#\\ ", max_size=20))
def test_dots_in_texts_and_comments_are_not_counted(comment: str, literal: str) -> None:
    schema = Schema("a", f"{'.' * 30}{comment}{'.' * 30}{literal}", (FieldDefinition("a", "text"),))
    assert schema_from_toml(schema_to_toml(schema)) == schema
    lines = "\n".join(f"# {line}......................" for line in comment.split("\n"))
    quoted = literal.replace("'", "")
    file = f"{lines}\nname = 'a'\ndescription = '''{'.' * 30}\n{quoted}'''\n[fields]\na.type = 'text'"
    assert schema_from_toml(file).description == f"{'.' * 30}\n{quoted}"


PAGE = (Path(__file__).parents[3] / "docs" / "schemas.md").read_text("utf-8")


def test_the_file_that_the_documentation_shows() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(schema_from_toml(text).fields) == 4


def test_the_documentation_names_the_bounds_types_and_reasons() -> None:
    bounds = [
        MAX_FIELDS,
        MAX_NAME,
        MAX_DESCRIPTION,
        MAX_PATTERNS,
        rules.MAX_ITEMS,
        rules.MAX_VARCHAR,
        rules.MAX_WORK,
    ]
    for bound in [*bounds, pattern.MAX_LENGTH, pattern.MAX_DEPTH, pattern.MAX_SIZE]:
        assert re.search(rf"\b{bound:,}\b", PAGE), bound
    for word in [*TYPES, *(error.reason for error in InvalidFields.__subclasses__())]:
        assert f"`{word}`" in PAGE, word


def test_a_cycle_would_need_an_id_before_its_own_publication() -> None:
    """Two schemas that name each other: each new id changes the other's bytes, and so its id. Only "self" closes."""
    ids = [ID, OTHER]
    seen = set()
    for turn in range(100):
        schema = Schema("a" if turn % 2 else "b", "", (FieldDefinition("other", "relation", schema=ids[-1]),))
        ids.append(digest(write_definition(schema).encode()).hex())
        assert ids[-1] not in seen
        seen.add(ids[-1])
    itself = read({"parent": {"type": "relation", "schema": "self"}})
    (reference,) = itself.check({"parent": Field("relation", OTHER)}, "create")
    assert (reference.field, reference.schema, reference.instance) == ("parent", ID, OTHER)
