"""A query's parts from JSON, each held to its rules, and cursors to JSON and back."""

import json
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from panda_web import strict_json
from panda_web.bamboo import is_hex
from panda_web.messages import Field, InvalidMessage, infer
from panda_web.query.errors import QueryMalformed
from panda_web.query.tree import Compare, Cursor, Every, Filter, Key, Query, Scalar

Json = Any
"""A value as `json.loads` gives it."""

MAX_FILTERS = 32
"""Fields to filter by."""

MAX_CURSOR = 16 << 10
"""Bytes of a cursor: four texts of `query.matching.ORDERED` characters in JSON, and an id, have no more."""

_AUTHOR = re.compile("[0-9a-f]{64}")


def read_query(
    schema: str, filter: Mapping[str, Json], order_by: Sequence[str], limit: int, after: str | None
) -> Query:
    """A query from its parts, the names and limits of which are looked at already.

    Args:
        schema: an id or a name.
        filter: a field, or `author` or `id`, to the value that it must equal.
        order_by: field names, `-` before one for descending.
        limit: how many instances at most.
        after: a cursor of this query, in JSON.

    Raises:
        QueryMalformed: a part that is none.
    """
    order = _read_order(order_by)
    cursor = None
    if after is not None:
        cursor = read_cursor(after)
        if len(cursor.values) != len(order):
            raise _no_cursor()
    return Query(schema, _read_filter(filter), order, limit, cursor)


def _read_filter(filter: Mapping[str, Json]) -> Filter:
    if len(filter) > MAX_FILTERS:
        raise QueryMalformed(f"A filter has at most {MAX_FILTERS} fields.", param="filter")
    return Every(tuple(Compare(name, _read_value(name, value)) for name, value in filter.items()))


def _read_value(name: str, value: Json) -> Field:
    if name == "id" and not (isinstance(value, str) and is_hex(value)):
        raise QueryMalformed(
            "The filter's id or author must be a hash of 132 lower-case hex digits that begin with 0040.",
            param="filter",
        )
    if name == "author" and not (isinstance(value, str) and _AUTHOR.fullmatch(value)):
        raise QueryMalformed(
            "The filter's id or author must be a public key of 64 lower-case hex digits.", param="filter"
        )
    try:
        name.encode()
        field = infer(value)
        for item in field.value if isinstance(field.value, tuple) else (field.value,):
            _check_scalar(item)
    except (InvalidMessage, ValueError) as error:
        raise QueryMalformed(
            f"The filter's value for {name[:40]!r} must be a text, number, boolean or an array of such.",
            param="filter",
        ) from error
    return field


def _check_scalar(value: Json) -> None:
    """Raises ValueError for half a surrogate pair and for integers of more than 64 bits."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int):
        try:
            struct.pack(">q", value)
        except struct.error as error:
            raise ValueError("is too large") from error


def _read_order(order_by: Sequence[str]) -> tuple[Key, ...]:
    """The keys up to `id`, which breaks all ties: nothing behind it matters, nor does it itself."""
    keys: list[Key] = []
    names = [name.removeprefix("-") for name in order_by]
    for position, name in enumerate(names):
        if name in names[:position]:
            raise QueryMalformed(
                f"The param orderBy names {name[:70]!r} twice; the second time decides nothing.",
                param="orderBy",
            )
    for text, name in zip(order_by, names, strict=True):
        if text == "id":
            break
        keys.append(Key(name, descending=text.startswith("-")))
    return tuple(keys)


def write_cursor(cursor: Cursor) -> str:
    """A cursor in JSON."""
    return json.dumps([*cursor.values, cursor.id], separators=(",", ":"))


def read_cursor(text: str) -> Cursor:
    """The other way. Raises QueryMalformed."""
    try:
        if len(text) > MAX_CURSOR:
            raise ValueError("is too long")
        *values, instance = strict_json.loads(text.encode())
        if not (isinstance(instance, str) and is_hex(instance)):
            raise ValueError("has no id")
        return Cursor(tuple(map(_read_scalar, values)), instance)
    except (strict_json.NotJson, ValueError, TypeError) as error:
        raise _no_cursor() from error


def _read_scalar(value: Json) -> Scalar:
    if value is not None and not isinstance(value, str | int | float):
        raise ValueError("is no value")
    _check_scalar(value)
    return value


def _no_cursor() -> QueryMalformed:
    return QueryMalformed("The param after is not a cursor of this query.", param="after")
