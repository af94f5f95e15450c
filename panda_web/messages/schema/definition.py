"""Schema definitions: messages in log 0 that define a schema, which then bears the hash of their entry.

A definition is a create of a schema that every node knows, with the fields `name`, `description`, `version`
(1) and `fields`: a JSON object, field name to definition, in the order in which people are to see the
fields. (JSON texts have an order, and so do the objects of Python and of JavaScript, whose exception, names
that are numbers, cannot occur.) Written here, the JSON is compact and in UTF-8, a field's keys stand in the
order type, optional, validation, schema, cascade, and what is the default is left out: one schema has one
text. Read, it may be any JSON that says the same.

Definitions cannot form a cycle but by "self": an id is the hash of an entry that names the ids of others,
so each of two schemas would have to be published before the other.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from panda_web import strict_json
from panda_web.messages.fields import Field
from panda_web.messages.logs import SCHEMA_DEFINITION_LOG, SYSTEM_LOGS
from panda_web.messages.message import Message, create
from panda_web.messages.schema.errors import (
    DefinitionKeyMissing,
    DefinitionKeyUnknown,
    DefinitionNotJson,
    DefinitionValueWrong,
    DefinitionVersionUnknown,
    NotADefinition,
)
from panda_web.messages.schema.field import FieldDefinition, check_name
from panda_web.messages.schema.rules import shown
from panda_web.messages.schema.schema import Schema, check_count

VERSION: Final = 1
DEFINITION: Final = Schema(
    "schema_definition",
    "A schema: what the instances of one kind of data are like. Its id is the hash of the entry.",
    (
        FieldDefinition("name", "varchar"),
        FieldDefinition("description", "text"),
        FieldDefinition("version", "integer"),
        FieldDefinition("fields", "text"),
    ),
    SYSTEM_LOGS[SCHEMA_DEFINITION_LOG],
)
"""The schema of schema definitions."""

_OPTIONS: Final[dict[str, tuple[type, str]]] = {
    "type": (str, "a text"),
    "optional": (bool, "true or false"),
    "validation": (str, "a text"),
    "schema": (str, "a text"),
    "cascade": (bool, "true or false"),
}
"""The keys of a field's definition, as they are written, and what each holds."""
_KEYS: Final[dict[str, tuple[type, str]]] = {
    "name": (str, "a text"),
    "description": (str, "a text"),
    "fields": (dict, "a table of the fields"),
}
"""The keys of a schema in a file, or from a page."""


def read_definition(message: Message, schema_id: str | None = None) -> Schema:
    """The schema that a message defines.

    Args:
        message: a create, as it stands in log 0.
        schema_id: the hash of its entry, 132 hex digits; None before it is signed.

    Raises:
        InvalidSchema: one of its subclasses, named after the broken rule.
        InvalidFields: the message does not have the fields of a definition.
    """
    if message.schema != DEFINITION.id or message.action != "create":
        raise NotADefinition(
            f"The message is not a schema's definition: that is a create of the schema {DEFINITION.id}."
        )
    DEFINITION.check(message.fields, "create")
    name, description, version, fields = (message.fields[each.name].value for each in DEFINITION.fields)
    if version != VERSION:
        raise DefinitionVersionUnknown(
            f"The definition is of version {shown(version)}; only version {VERSION} is known."
        )
    return Schema(str(name), str(description), read_fields(_from_json(str(fields))), schema_id)


def write_definition(schema: Schema) -> Message:
    """The create that defines a schema; its id, if it has one, plays no part."""
    fields = schema_to_dict(schema)["fields"]
    return create(
        SYSTEM_LOGS[SCHEMA_DEFINITION_LOG],
        {
            "name": Field("str", schema.name),
            "description": Field("str", schema.description),
            "version": Field("int", VERSION),
            "fields": Field("str", json.dumps(fields, separators=(",", ":"), ensure_ascii=False)),
        },
    )


def schema_from_dict(value: Mapping[str, Any], place: str = "The schema") -> Schema:
    """A schema without an id from its `name`, `description` and `fields`, as files and pages write them.

    Raises:
        InvalidSchema: one of its subclasses; `place` says in its sentence where.
    """
    check_keys(value, _KEYS, tuple(_KEYS), place)
    return Schema(value["name"], value["description"], read_fields(value["fields"]))


def schema_to_dict(schema: Schema) -> dict[str, Any]:
    """What `schema_from_dict` reads as this schema, but for its id."""
    fields = {each.name: field_options(each) for each in schema.fields}
    return {"name": schema.name, "description": schema.description, "fields": fields}


def _from_json(text: str) -> Any:
    try:
        return strict_json.loads(text.encode(), unique_keys=True)
    except (strict_json.NotJson, UnicodeEncodeError) as error:
        what = error if isinstance(error, strict_json.NotJson) else "no text that UTF-8 can carry"
        raise DefinitionNotJson(
            f"The fields of a definition must be a JSON object; this is {what}."
        ) from error


def read_fields(value: object) -> tuple[FieldDefinition, ...]:
    """The fields of a definition, from JSON or TOML. Raises InvalidSchema."""
    fields = _map(value, "The fields of a definition")
    check_count(len(fields))
    return tuple(_read_field(name, options) for name, options in fields.items())


def _read_field(name: str, value: object) -> FieldDefinition:
    check_name(name)
    place = f"The definition of field {name}"
    options = _map(value, place)
    check_keys(options, _OPTIONS, ("type",), place)
    return FieldDefinition(name, **options)


def _map(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DefinitionValueWrong(f"{place}: an object is needed (in TOML a table), not {shown(value)}.")
    return value


def check_keys(
    found: Mapping[str, object],
    known: Mapping[str, tuple[type, str]],
    needed: tuple[str, ...],
    place: str,
) -> None:
    """Raises unless a map has only keys that are known, those that are needed, and values of their types."""
    for key, value in found.items():
        if key not in known:
            raise DefinitionKeyUnknown(
                f"{place} has the key {shown(key)}, which there is not; there are {', '.join(known)}."
            )
        kind, words = known[key]
        if not isinstance(value, kind):
            raise DefinitionValueWrong(f"{place}: {key} must be {words}, not {shown(value)}.")
    for key in needed:
        if key not in found:
            raise DefinitionKeyMissing(f"{place} lacks the key {key}.")


def field_options(definition: FieldDefinition) -> dict[str, Any]:
    """The keys of a field's definition that are not left at their defaults."""
    options = {key: getattr(definition, key) for key in _OPTIONS}
    return {key: value for key, value in options.items() if value is not None and value is not False}
