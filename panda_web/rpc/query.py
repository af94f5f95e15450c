"""The parts of a query that both sides read: the filter's values, and cursors.

A present-day node answers `panda_query` by them. For an early node, which has no such method, the client does
(`client.select`), so that a query means the same whoever carries it out.
"""

import json
import struct
from collections.abc import Mapping, Sequence

from panda_web.messages import Field, InvalidMessage, infer
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import BodyTooIntricate, InvalidParams, ParseError
from panda_web.rpc.types import AUTHOR, HASH, TEXT, Json

MAX_FILTERS = 32

Scalar = str | int | float | None
"""What instances are ordered by; None where the field is missing."""


def read_filter(filter: Mapping[str, Json]) -> tuple[bytes | None, bytes | None, dict[str, Field]]:
    """The id and the author that are asked for, if any, and the fields. Raises InvalidParams."""
    if len(filter) > MAX_FILTERS:
        raise InvalidParams(f"A filter has at most {MAX_FILTERS} fields.", param="filter")
    wanted = dict(filter)
    try:
        instance = bytes.fromhex(HASH.read(wanted.pop("id"))) if "id" in wanted else None
        author = AUTHOR.read(wanted.pop("author")) if "author" in wanted else None
    except ValueError as error:
        raise InvalidParams(f"The filter's id or author {error}.", param="filter") from error
    return instance, author, {name: _equal(name, value) for name, value in wanted.items()}


def _equal(name: str, value: Json) -> Field:
    try:
        TEXT.read(name)
        field = infer(value)
        for item in field.value if isinstance(field.value, tuple) else (field.value,):
            if isinstance(item, str):
                TEXT.read(item)
            elif isinstance(item, int):
                struct.pack(">q", item)
    except (InvalidMessage, ValueError, struct.error) as error:
        raise InvalidParams(
            f"The filter's value for {name[:40]!r} must be a text, number, boolean or an array of such.",
            param="filter",
        ) from error
    return field


def read_order(order_by: Sequence[str]) -> list[tuple[str, bool]]:
    """Field names, each with True for descending."""
    return [(name.removeprefix("-"), name.startswith("-")) for name in order_by]


def write_cursor(values: Sequence[Scalar], instance: str) -> str:
    """Where a query goes on: what the last instance was ordered by, and its id."""
    return json.dumps([*values, instance], separators=(",", ":"))


def read_cursor(text: str, keys: int) -> tuple[tuple[Scalar, ...], bytes]:
    """The values, as many as there are keys to order by, and the id. Raises InvalidParams."""
    try:
        *values, instance = jsonrpc.loads(text.encode())
        if len(values) != keys:
            raise ValueError("has another order")
        for value in values:
            if isinstance(value, str):
                TEXT.read(value)
            elif isinstance(value, int):
                struct.pack(">q", value)
            elif value is not None and not isinstance(value, float):
                raise ValueError("has a value that is none")
        return tuple(values), bytes.fromhex(HASH.read(instance))
    except (ParseError, BodyTooIntricate, ValueError, TypeError, struct.error) as error:
        raise InvalidParams("The param after is not a cursor of this query.", param="after") from error
