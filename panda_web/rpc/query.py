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

ORDERED = 255
"""Characters of a text that it is ordered by, none of them behind a NUL. So a node never sorts MiB because
some rows have them, nobody's long value makes a query fail for others, and a cursor stays short. A short text
(varchar) has no more; of longer ones the order means little behind that. The id breaks the ties."""

MAX_CURSOR = 16 << 10
"""Bytes of a cursor: four texts of `ORDERED` characters in JSON, and an id, have no more."""

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
    """Field names, each with True for descending. Raises InvalidParams."""
    order = [(name.removeprefix("-"), name.startswith("-")) for name in order_by]
    names = [name for name, _ in order]
    for position, name in enumerate(names):
        if name in names[:position]:
            raise InvalidParams(
                f"The param orderBy names {name[:70]!r} twice; the second time decides nothing.",
                param="orderBy",
            )
    return order


def ordered_by(value: Scalar) -> Scalar:
    """What of a value it is ordered by."""
    return value[:ORDERED].partition("\0")[0] if isinstance(value, str) else value


def write_cursor(values: Sequence[Scalar], instance: str) -> str:
    """Where a query goes on: what the last instance was ordered by, and its id."""
    return json.dumps([*values, instance], separators=(",", ":"))


def read_cursor(text: str, keys: int) -> tuple[tuple[Scalar, ...], bytes]:
    """The values, as many as there are keys to order by, and the id. Raises InvalidParams."""
    try:
        if len(text) > MAX_CURSOR:
            raise ValueError("is too long")
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
