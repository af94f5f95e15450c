"""Values between JavaScript and messages. Imports nothing of the browser's.

JavaScript has one kind of number where messages have two, and its JSON has no BigInt and no types:

    3, 0.5                          a number: of the type that a known schema gives the field; without one
                                    an integer where JavaScript holds it exactly, else a float, which
                                    `panda.js` writes so that it is read as one: 0.5, -0.0, 1e+21
    {"$int": "9007199254740993"}    a BigInt, as `panda.js` writes and reads it: an integer
    {"type": "float", "value": 3}   a value with its type in so many words; so without a schema a relation
                                    says that it is one
    null                            no value, of a known schema: an update takes it away, a create leaves
                                    it out

A page may send anything else.
"""

import re
from collections.abc import Mapping
from typing import Any

from panda_web.messages import Field
from panda_web.messages.errors import FieldTypeAmbiguous, IntegerOutOfRange
from panda_web.messages.schema import Schema
from panda_web.rpc.types import Json

MAX_SAFE = (1 << 53) - 1
"""JavaScript's Number.MAX_SAFE_INTEGER: integers beyond it are BigInts there."""

_INTEGER = re.compile(r"-?[0-9]{1,19}")


def read_fields(fields: Mapping[str, Json], schema: Schema | None) -> dict[str, object]:
    """What a page gave as fields, for `Client.create` and `update`.

    Args:
        fields: names to values.
        schema: the message's, where it is known.

    Raises:
        FieldTypeAmbiguous: null where the schema is not known, or an object that is none of the above.
        IntegerOutOfRange: a BigInt that no message can carry.
    """
    kinds = {each.name: each.message_type for each in schema.fields} if schema is not None else {}
    return {
        name: None if value is None and schema is not None else _read_field(name, value, kinds.get(name, ""))
        for name, value in fields.items()
    }


def _read_field(name: str, value: Json, kind: str) -> object:
    if isinstance(value, dict) and value.keys() == {"type", "value"} and isinstance(value["type"], str):
        content = _read(name, value["value"], value["type"])
        return Field(value["type"], tuple(content) if isinstance(content, list) else content)
    return _read(name, value, kind)


def _read(name: str, value: Json, kind: str) -> Any:
    if isinstance(value, list):
        return [_read_scalar(name, item, kind) for item in value]
    return _read_scalar(name, value, kind)


def _read_scalar(name: str, value: Json, kind: str) -> object:
    if is_tagged(value):
        return _read_integer(value)
    if isinstance(value, float) and value == 0 and kind.startswith("int"):
        return 0  # which JavaScript has twice
    if isinstance(value, int) and not isinstance(value, bool) and kind.startswith("float"):
        try:
            return float(value)  # every number of JavaScript's is one
        except OverflowError as error:
            raise IntegerOutOfRange(f"Field {name[:70]!r} has a number that no float can be.") from error
    if value is None or isinstance(value, dict | list):
        what = "null, as long as its schema is not known" if value is None else "an object, or lists in lists"
        raise FieldTypeAmbiguous(
            f"Field {name[:70]!r} cannot hold {what}: give a text, a number, a BigInt, a boolean, a list of "
            'one of these, or { type, value }, such as { type: "relation", value: id }. '
            'An update empties a text by { type: "str[]", value: [] }.'
        )
    return value


def is_tagged(value: Json) -> bool:
    """Whether this is how a BigInt travels."""
    return isinstance(value, dict) and value.keys() == {"$int"}


def _read_integer(value: Mapping[str, Json]) -> int:
    text = value["$int"]
    if not isinstance(text, str) or _INTEGER.fullmatch(text) is None:
        raise IntegerOutOfRange("A BigInt must fit into 64 bits with its sign: from -2^63 to 2^63 - 1.")
    return int(text)


def read_filter(value: Json) -> Json:
    """A filter, or a part of one, with integers for BigInts. Raises IntegerOutOfRange."""
    if is_tagged(value):
        return _read_integer(value)
    if isinstance(value, dict):
        return {name: read_filter(part) for name, part in value.items()}
    return [read_filter(item) for item in value] if isinstance(value, list) else value


def write_value(value: Json) -> Json:
    """A field's value as JSON carries it to the page, with tags where JavaScript needs a BigInt."""
    if isinstance(value, list):
        return [write_value(item) for item in value]
    # a float is a number there, however large; a bool is no integer, and small as one
    return {"$int": str(value)} if isinstance(value, int) and abs(value) > MAX_SAFE else value
