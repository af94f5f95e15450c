"""Schemas: what kinds of data there are, who may say what under them, and how they are written down. Pure."""

from panda_web.messages.message import MAX_FIELDS
from panda_web.messages.schema.definition import (
    DEFINITION,
    read_definition,
    schema_from_dict,
    schema_to_dict,
    write_definition,
)
from panda_web.messages.schema.errors import InvalidFields, InvalidPattern, InvalidSchema, SchemaError
from panda_web.messages.schema.field import RESERVED_NAMES, SELF, TYPES, FieldDefinition
from panda_web.messages.schema.rules import MAX_ITEMS, MAX_VARCHAR, Reference
from panda_web.messages.schema.schema import MAX_NAME, Schema
from panda_web.messages.schema.timestamp import as_asked, instant
from panda_web.messages.schema.toml import schema_from_toml, schema_to_toml

__all__ = [
    "DEFINITION",
    "MAX_FIELDS",
    "MAX_ITEMS",
    "MAX_NAME",
    "MAX_VARCHAR",
    "RESERVED_NAMES",
    "SELF",
    "TYPES",
    "FieldDefinition",
    "InvalidFields",
    "InvalidPattern",
    "InvalidSchema",
    "Reference",
    "Schema",
    "SchemaError",
    "as_asked",
    "instant",
    "read_definition",
    "schema_from_dict",
    "schema_from_toml",
    "schema_to_dict",
    "schema_to_toml",
    "write_definition",
]
