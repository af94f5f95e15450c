"""Drafts of schemas: whatever a form holds, each field says what is wrong with it, as it would at publishing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.browser.draft import describe
from panda_web.messages.schema import (
    MAX_FIELDS,
    InvalidSchema,
    Schema,
    schema_from_dict,
    schema_from_toml,
    schema_to_dict,
)
from panda_web.messages.schema.errors import DefinitionValueWrong
from tests.messages.schema.strategies import schemas

ANY = {"name": "a", "type": "text"}
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("name", "type", "optional", "validation", "schema", "cascade")
FIELDS = st.lists(
    st.dictionaries(
        st.sampled_from(KEYS),
        st.sampled_from(
            ["a", "A", "", "id", "text", "varchar[]", "relation", "self", "[a-z", "\ud800", True, None]
        ),
        max_size=6,
    )
    | JUNK,
    max_size=5,
)


def draft_of(schema: Schema) -> dict[str, Any]:
    """What a form holds in which this schema was typed."""
    definition = schema_to_dict(schema)
    fields = [{"name": name, **options} for name, options in definition["fields"].items()]
    return {**definition, "fields": fields}


def said(*fields: object, name: object = "talk", **more: object) -> list[tuple[int | None, str | None, str]]:
    """Where, at which part and why a draft is wrong."""
    found = describe({"name": name, "description": "", "fields": list(fields), **more})
    assert all(len(problem["message"]) < 1000 for problem in found["problems"])
    assert (found["definition"] is None) is bool(found["problems"])
    return [(problem["field"], problem["part"], problem["reason"]) for problem in found["problems"]]


@given(schemas())
def test_a_draft_that_is_right_is_its_schema(schema: Schema) -> None:
    found = describe(draft_of(schema))
    assert found["problems"] == []
    assert found["definition"] == schema_to_dict(schema)
    assert list(found["definition"]["fields"]) == [each.name for each in schema.fields]
    assert schema_to_dict(schema_from_toml(found["toml"])) == found["definition"]


@given(st.fixed_dictionaries({"name": st.text() | JUNK, "description": st.text() | JUNK, "fields": FIELDS}))
def test_it_is_wrong_where_no_schema_comes_of_it(draft: dict[str, Any]) -> None:
    """And a field says the same whatever stands beside it."""
    found = describe(draft)
    names = [field.get("name") if isinstance(field, dict) else None for field in draft["fields"]]
    once = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    if once:
        definition = {**draft, "fields": {field["name"]: {**field} for field in draft["fields"]}}
        for field in definition["fields"].values():
            del field["name"]
        try:
            schema = schema_from_dict(definition)
        except InvalidSchema:
            assert found["problems"]
        else:
            assert found == {"problems": [], "definition": schema_to_dict(schema), "toml": found["toml"]}
    else:
        assert found["problems"]
    alone = [
        describe({"name": "x", "description": "", "fields": [field]})["problems"] for field in draft["fields"]
    ]
    for at, problems in enumerate(alone):
        for problem in problems:
            assert {**problem, "field": at} in found["problems"]


def test_every_field_says_what_is_wrong_with_it() -> None:
    assert said(
        {"name": "", "type": "text"},
        {"name": "Id", "type": "text"},
        ANY,
        {"name": "b", "type": "words"},
        {"name": "c", "type": "varchar", "validation": r"\d"},
        {"name": "d", "type": "relation"},
        {"name": "e", "type": "relation[]", "schema": "room"},
        {"name": "f", "type": "integer", "validation": "[0-9]"},
        {"name": "g", "type": "text", "colour": "red"},
        {"name": 5, "type": "text"},
        "h",
        {"name": "i"},
        {"name": "A", "type": "float"},
        name=" ",
    ) == [
        (None, "name", "schema-name-invalid"),
        (0, "name", "field-name-invalid"),
        (1, "name", "field-name-reserved"),
        (3, "type", "schema-type-unknown"),
        (4, "validation", "pattern-escape-unknown"),
        (5, "schema", "relation-target-missing"),
        (6, "schema", "relation-target-malformed"),
        (7, None, "option-not-for-type"),
        (8, None, "definition-key-unknown"),
        (9, None, "definition-value-wrong"),
        (10, None, "definition-value-wrong"),
        (11, None, "definition-key-missing"),
        (12, "name", "field-name-taken"),
    ]


def test_a_name_that_stands_twice_is_wrong_the_second_time() -> None:
    other = {"name": "b", "type": "text"}
    assert said(other, ANY, ANY, ANY) == [(at, "name", "field-name-taken") for at in (2, 3)]
    assert len(said(*[ANY] * MAX_FIELDS)) == MAX_FIELDS - 1
    assert said({"name": "B", "type": "text"}, {"name": "?", "type": "text"}, other)[1:] == [
        (2, "name", "field-name-taken")
    ]


def test_what_is_about_all_of_it() -> None:
    assert said() == [(None, None, "schema-without-fields")]
    assert said(*[ANY] * (MAX_FIELDS + 1)) == [(None, None, "schema-too-many-fields")]
    assert said(*["junk"] * 100_000) == [(None, None, "schema-too-many-fields")]
    assert said(ANY, colour="red") == [(None, None, "definition-key-unknown")]
    assert said(ANY, name=None) == [(None, None, "definition-value-wrong")]
    assert said(ANY, description="x" * 10_001) == [(None, "description", "schema-description-invalid")]
    large = [{"name": f"f{n}", "type": "text", "validation": "[a-z]{900}"} for n in range(5)]
    assert said(*large) == [(4, "validation", "pattern-too-large")]


def test_the_file_grows_with_what_is_right() -> None:
    draft: dict[str, Any] = {"name": "", "description": "", "fields": [ANY]}
    assert describe(draft)["toml"] is None
    draft["name"] = "talk"
    assert schema_from_toml(describe(draft)["toml"]).fields[0].name == "a"
    draft["fields"].append({"name": "", "type": "text"})
    assert [each.name for each in schema_from_toml(describe(draft)["toml"]).fields] == ["a"]
    draft["fields"] += [ANY, {"name": "b", "type": "text"}]
    assert [each.name for each in schema_from_toml(describe(draft)["toml"]).fields] == ["a", "b"]
    draft["fields"] = []
    assert describe(draft)["toml"] is None


@pytest.mark.parametrize(
    "draft", [{}, {"fields": None}, {"fields": {"a": {"type": "text"}}}, {"fields": "a"}]
)
def test_what_is_no_draft(draft: dict[str, Any]) -> None:
    with pytest.raises(DefinitionValueWrong):
        describe(draft)
