"""Schemas for tests, defined by an author of their own: a node that is told of one has a view of it."""

import asyncio
from typing import Any

from panda_web.log import SignedEntry
from panda_web.messages.schema import FieldDefinition, Schema, write_definition
from tests.authors import Author

DEFINER = 77


def definition(schema: Schema, number: int = DEFINER) -> tuple[str, tuple[SignedEntry, bytes]]:
    """The id that a schema has when this author defines nothing else, and its entry."""
    signed, payload = Author(number, log_id=0).write(write_definition(schema))
    return signed.hash.hex(), (signed, payload)


def loose(**fields: str) -> Schema:
    """A schema with these fields, name to type, of which none must be there; relations lead to its own."""
    return Schema(
        "thing",
        "",
        tuple(
            FieldDefinition(name, type_, optional=True, schema="self" if "relation" in type_ else None)
            for name, type_ in fields.items()
        ),
    )


def define(node: Any, schema: Schema | None = None, /, **fields: str) -> str:
    """Publishes a definition at a node, of `loose(**fields)` unless a schema is given; gives its id."""
    schema_id, (signed, payload) = definition(schema or loose(**fields))
    asyncio.run(getattr(node, "node", node).publish_entry(signed.encoded, payload))
    return schema_id
