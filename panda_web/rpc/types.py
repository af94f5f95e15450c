"""The types of params and results: each a JSON Schema for documents, and a reader that holds values to it.

A reader turns a JSON value into the Python value that handlers and clients work with, and raises ValueError
with the rest of a sentence ("must be …") where it is something else. Whatever is read here comes from
somebody else: a client, or a node.
"""

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from panda_web.bamboo import is_hex

T = TypeVar("T")
Json = Any
"""A value as `json.loads` gives it."""

WIRE_LIMIT = 1 << 31
"""Log ids and seq nums on the wire are smaller: the old JavaScript client reads 32-bit integers."""


@dataclass(frozen=True, slots=True)
class Type(Generic[T]):
    """A JSON Schema, and the reader that goes with it."""

    schema: Mapping[str, Json]
    read: Callable[[Json], T]


def _read_hex(value: Json) -> bytes:
    if isinstance(value, str):
        try:
            return binascii.unhexlify(value)
        except ValueError:
            pass
    raise ValueError("must be hex digits, two for each byte")


def _read_author(value: Json) -> bytes:
    if isinstance(value, str) and len(value) == 64 and value == value.lower():
        return _read_hex(value)
    raise ValueError("must be a public key of 64 lower-case hex digits")


def _read_hash(value: Json) -> str:
    if isinstance(value, str) and is_hex(value):
        return value
    raise ValueError("must be a hash of 132 lower-case hex digits that begin with 0040")


def _read_schema(value: Json) -> str:
    text = _read_text(value)
    if len(text) < _LIKE_AN_ID or text.strip("0123456789abcdefABCDEF"):
        return text
    return _read_hash(text)


def _read_bool(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _read_text(value: Json) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            pass  # half a surrogate pair: JSON can spell it, UTF-8 and SQLite cannot
        else:
            return value
    raise ValueError("must be a text")


def _read_object(value: Json) -> dict[str, Json]:
    if isinstance(value, dict):
        return value
    raise ValueError("must be an object")


_LIKE_AN_ID = 64
"""Hex digits from which on a text is meant as an id, and not as a name."""

HEX = Type({"type": "string", "pattern": "^([0-9a-fA-F]{2})*$"}, _read_hex)
AUTHOR = Type({"type": "string", "pattern": "^[0-9a-f]{64}$", "title": "public key"}, _read_author)
HASH = Type({"type": "string", "pattern": "^0040[0-9a-f]{128}$", "title": "YAMF hash"}, _read_hash)
SCHEMA = Type({"type": "string", "title": "id of a schema, or a name that one schema has"}, _read_schema)
BOOL = Type({"type": "boolean"}, _read_bool)
TEXT = Type({"type": "string"}, _read_text)
OBJECT: Type[dict[str, Json]] = Type({"type": "object"}, _read_object)


def named(name: str) -> Type[dict[str, Json]]:
    """An object of a shape that is declared elsewhere under a name; its members are not looked at here."""
    return Type({"type": "object", "title": name}, _read_object)


def integer(minimum: int, maximum: int) -> Type[int]:
    """An integer between two bounds, both included."""

    def read(value: Json) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum:
            return value
        raise ValueError(f"must be an integer from {minimum} to {maximum}")

    return Type({"type": "integer", "minimum": minimum, "maximum": maximum}, read)


def one_of(*words: str) -> Type[Any]:
    """One of some words."""

    def read(value: Json) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError(f"must be one of {', '.join(words)}")

    return Type({"type": "string", "enum": list(words)}, read)


def nullable(kind: Type[T]) -> Type[T | None]:
    """The type, or null."""
    schema = {"oneOf": [dict(kind.schema), {"type": "null"}]}
    return Type(schema, lambda value: None if value is None else kind.read(value))


def array(item: Type[T], most: int | None = None) -> Type[list[T]]:
    """An array of items of one type, of at most `most`."""

    def read(value: Json) -> list[T]:
        if not isinstance(value, list) or (most is not None and len(value) > most):
            raise ValueError("must be an array" + (f" of at most {most} items" if most is not None else ""))
        return [item.read(element) for element in value]

    schema: dict[str, Json] = {"type": "array", "items": dict(item.schema)}
    return Type(schema | ({"maxItems": most} if most is not None else {}), read)


LOG_ID = integer(0, WIRE_LIMIT - 1)
SEQ_NUM = integer(1, WIRE_LIMIT - 1)
COUNT = integer(0, WIRE_LIMIT - 1)


def member(value: Json, name: str, kind: Type[T], default: Json = None) -> T:
    """A member of an object, read; ValueError names the member."""
    try:
        return kind.read(_read_object(value).get(name, default))
    except ValueError as error:
        raise ValueError(f"has a {name} that {error}") from error


def record(reader: Callable[[Json], T], /, **members: Type[Any]) -> Type[T]:
    """An object with these members, read by `reader`."""
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {name: dict(kind.schema) for name, kind in members.items()},
        "required": list(members),
    }
    return Type(schema, reader)
