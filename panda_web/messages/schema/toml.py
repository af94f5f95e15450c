"""Schemas as files: TOML, with a table for each field. docs/schemas.md shows one."""

import json
import re
from typing import Any

from panda_web.messages.schema.definition import field_options, schema_from_dict
from panda_web.messages.schema.errors import DefinitionNotToml
from panda_web.messages.schema.schema import Schema

MAX_SIZE = 1 << 20
"""Code points of a file: what it defines must fit into a message."""
MAX_DOTS = 16
"""Dots on a line, outside of texts: the time that tomllib takes grows with their square."""
_TEXTS = re.compile(
    r"""
    \"{3} (?: [^"\\]++ | \\. | "(?!"") )*+ (?: \"{3} | \Z )
    | '{3} .*? (?: '{3} | \Z )
    | " (?: [^"\\\n]++ | \\. )*+ "?
    | ' [^'\n]*+ '?
    | \# [^\n]*+
    """,
    re.DOTALL | re.VERBOSE,
)
"""Texts and comments, also those that never end."""


def schema_from_toml(text: str) -> Schema:
    """The schema that a file describes; it has no id yet.

    Raises:
        InvalidSchema: one of its subclasses; its sentence names the line, or the field and key.
    """
    import tomllib  # here, since a page loads this module and reads no files: its start is 20 KB smaller

    if len(text) > MAX_SIZE:
        raise DefinitionNotToml(f"The file has {len(text)} characters; {MAX_SIZE} are allowed.")
    if any(line.count(".") > MAX_DOTS for line in _TEXTS.sub("", text).split("\n")):
        raise DefinitionNotToml("The file is not TOML that could be a schema: a key in it has too many dots.")
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DefinitionNotToml(f"The file is not TOML: {str(error)[:200]}.") from error
    return schema_from_dict(found, "The file")


def schema_to_toml(schema: Schema) -> str:
    """A file that `schema_from_toml` reads as this schema, but for its id."""
    lines = [f"name = {_value(schema.name)}", f"description = {_value(schema.description)}"]
    for each in schema.fields:
        lines += ["", f"[fields.{each.name}]"]
        lines += [f"{key} = {_value(value)}" for key, value in field_options(each).items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    # JSON's texts and booleans are TOML's, but for one character that TOML wants escaped
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
