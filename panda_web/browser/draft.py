"""A schema in the making, as a form has it: what is wrong with it, and its file. Imports no browser.

A draft is `{name, description, fields}` as `schema_from_dict` reads it, but that the fields are a list of
objects, each with its `name` among its keys: while somebody types, names stand twice, or not at all yet.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

from panda_web.messages.schema import (
    FieldDefinition,
    InvalidPattern,
    InvalidSchema,
    Schema,
    schema_from_dict,
    schema_to_dict,
    schema_to_toml,
)
from panda_web.messages.schema.errors import (
    DefinitionValueWrong,
    FieldNameInvalid,
    FieldNameReserved,
    FieldNameTaken,
    RelationTargetMalformed,
    RelationTargetMissing,
    SchemaDescriptionInvalid,
    SchemaNameInvalid,
    SchemaTypeUnknown,
)
from panda_web.messages.schema.schema import check_count
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # no tab loads these
    from panda_web.browser.shapes import DescribedDraft, DraftProblem, Part, SchemaDefinition

_PARTS: Final[Mapping[type[InvalidSchema], "Part"]] = {
    SchemaNameInvalid: "name",
    SchemaDescriptionInvalid: "description",
    FieldNameInvalid: "name",
    FieldNameReserved: "name",
    FieldNameTaken: "name",
    SchemaTypeUnknown: "type",
    InvalidPattern: "validation",
    RelationTargetMissing: "schema",
    RelationTargetMalformed: "schema",
}
"""Errors that are about one key of the draft, or of one of its fields."""


def describe(draft: Mapping[str, Json], refusal: str | None = None) -> "DescribedDraft":
    """What there is to say about a draft: each field is looked at, whatever is wrong with the others.

    Returns:
        problems: what is wrong with its name or description, then with fields by themselves, then with
            fields beside others; of each `reason`, `message`, the `data` that it names, `field` (the place in
            the list, from 0; null where it is about none) and `part` (the key that it is about, or null).
        definition: the schema's `name`, `description` and `fields`; null where there are problems.
        toml: the file, of those fields that are right; null while there is nothing to write.
        refusal: as it was given.

    Raises:
        DefinitionValueWrong: it is not of a draft's shape.
    """
    texts, fields = _split(draft)
    problems: list[DraftProblem] = []
    head = _head(texts, problems)
    right = _right(fields, problems)
    schema = Schema(head.name, head.description, right) if head is not None and right else None
    return {
        "problems": problems,
        "definition": definition_of(schema) if schema is not None and not problems else None,
        "toml": schema_to_toml(schema) if schema is not None else None,
        "refusal": refusal,
    }


def definition_of(schema: Schema) -> "SchemaDefinition":
    """A schema as JSON."""
    return {
        "name": schema.name,
        "description": schema.description,
        "fields": schema_to_dict(schema)["fields"],
    }


def _split(draft: Mapping[str, Json]) -> tuple[dict[str, Json], list[Json]]:
    """All of a draft but its fields, and these."""
    texts = {key: value for key, value in draft.items() if key != "fields"}
    fields = draft.get("fields")
    if not isinstance(fields, list):
        raise DefinitionValueWrong("The draft: fields must be a list.")
    return texts, fields


def _head(texts: Mapping[str, Json], problems: "list[DraftProblem]") -> Schema | None:
    """A schema of this name and description, and of another field."""
    try:
        return schema_from_dict({**texts, "fields": {"any": {"type": "text"}}}, "The draft")
    except InvalidSchema as error:
        problems.append(_problem(error, None))
        return None


def _right(fields: list[Json], problems: "list[DraftProblem]") -> tuple[FieldDefinition, ...]:
    """The fields that are right, also beside each other."""
    right: dict[int, FieldDefinition] = {}
    try:
        check_count(len(fields))
    except InvalidSchema as error:
        problems.append(_problem(error, None))
        return ()
    for at, field in enumerate(fields):
        try:
            right[at] = _field(field)
        except InvalidSchema as error:
            problems.append(_problem(error, at))
    while right or not fields:
        try:
            return Schema("any", "", tuple(right.values())).fields
        except InvalidSchema as error:
            place = _place(error, right)
            problems.append(_problem(error, place))
            if place is None:
                break
            del right[place]
    return ()


def _field(value: Json) -> FieldDefinition:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise DefinitionValueWrong("A field of a draft must be an object with a name that is a text.")
    options = {key: option for key, option in value.items() if key != "name"}
    return schema_from_dict({"name": "any", "description": "", "fields": {value["name"]: options}}).fields[0]


def _place(error: InvalidSchema, fields: Mapping[int, FieldDefinition]) -> int | None:
    """Which field is wrong beside the others: of those with one name, the second."""
    named = [at for at, field in fields.items() if field.name == error.data.get("field")]
    return named[:2][-1] if named else None


def _problem(error: InvalidSchema, field: int | None) -> "DraftProblem":
    part = next((part for kind, part in _PARTS.items() if isinstance(error, kind)), None)
    return {
        "field": field,
        "part": part,
        "reason": error.reason,
        "message": str(error),
        "data": cast("dict[str, Json]", error.data),
    }
