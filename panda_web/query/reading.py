"""A query's parts from JSON, each held to its rules, and cursors to JSON and back."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from panda_web import strict_json
from panda_web.bamboo import is_hex
from panda_web.messages import Field, InvalidMessage, infer
from panda_web.messages.schema.rules import shown
from panda_web.query.errors import FilterTooLarge, QueryMalformed
from panda_web.query.tree import (
    Among,
    Compare,
    Cursor,
    Every,
    Exists,
    Filter,
    Key,
    Not,
    Operator,
    Query,
    Scalar,
    Some,
)

Json = Any
"""A value as `json.loads` gives it."""

MAX_COMPARISONS = 64
"""Comparisons in a filter, those within `and`, `or` and `not` too."""

MAX_VALUES = 1000
"""Values in all of a filter's `in` and `notIn`."""

MAX_DEPTH = 8
"""How deep `and`, `or` and `not` may stand within each other."""

MAX_INCLUDES = 16
"""Paths of relations in `include`."""

MAX_HOPS = 4
"""Names in one of them."""

MAX_INTEGER = (1 << 63) - 1
"""The largest integer; the least one is one further from zero."""

MAX_CURSOR = 16 << 10
"""Bytes of a cursor: four texts of `query.matching.ORDERED` characters in JSON, and an id, have no more."""

OPERATORS: Final = ("eq", "ne", "in", "notIn", "lt", "lte", "gt", "gte", "contains", "startsWith", "exists")
"""What a filter compares with; `ne` and `notIn` are the opposites of `eq` and `in`."""

OF_IDS: Final = frozenset(("eq", "ne", "in", "notIn", "exists"))
"""What `id` and `author` can be asked."""

_COMPARES: Final[Mapping[str, Operator]] = {
    "eq": "eq",
    "ne": "eq",
    "lt": "lt",
    "lte": "lte",
    "gt": "gt",
    "gte": "gte",
    "contains": "contains",
    "startsWith": "startsWith",
}
_JOINS: Final = frozenset(("and", "or", "not"))
_AUTHOR = re.compile("[0-9a-f]{64}")


def read_query(
    schema: str,
    filter: Mapping[str, Json],
    order_by: Sequence[str],
    limit: int,
    after: str | None,
    select: Sequence[str] | None = None,
    include: Sequence[str] = (),
) -> Query:
    """A query from its parts, the names and limits of which are looked at already.

    Args:
        schema: an id or a name.
        filter: a field, or `author` or `id`, to the value that it must equal, or to operators; `and`, `or`
            and `not` to filters.
        order_by: field names, `-` before one for descending.
        limit: how many instances at most.
        after: a cursor of this query, in JSON.
        select: names of the fields to give; None for all.
        include: paths of relations, their names joined by dots.

    Raises:
        QueryMalformed: a part that is none.
        FilterTooLarge: a filter of more than is allowed.
    """
    order = _read_order(order_by)
    cursor = None
    if after is not None:
        cursor = read_cursor(after)
        if len(cursor.values) != len(order):
            raise _no_cursor()
    selected = frozenset(select) - {"id"} if select is not None else None
    return Query(schema, read_filter(filter), order, limit, cursor, selected, _read_include(include))


def read_filter(filter: Mapping[str, Json]) -> Filter:
    """A filter from JSON. Raises QueryMalformed."""
    return _FilterReader().read(filter)


class _FilterReader:
    """Reads one filter, and counts what is in it."""

    def __init__(self) -> None:
        self._comparisons = 0
        self._values = 0

    def read(self, filter: Json, depth: int = 0) -> Filter:
        if not isinstance(filter, Mapping):
            raise _wrong(f'A filter must be an object, such as {{"room": "Curie"}}, and not {shown(filter)}.')
        if depth > MAX_DEPTH:
            raise _wrong(f"A filter has and, or and not at most {MAX_DEPTH} deep within each other.")
        return _every([self._part(name, value, depth) for name, value in filter.items()])

    def _part(self, name: str, value: Json, depth: int) -> Filter:
        if not isinstance(name, str):
            raise _wrong(f"A filter's names are texts, and not {shown(name)}.")
        if name == "not":
            return Not(self.read(value, depth + 1))
        if name in _JOINS:
            if not isinstance(value, list | tuple):
                raise _wrong(f"The filter's {name} needs a list of filters, and not {shown(value)}.")
            self._count(len(value))
            parts = [self.read(part, depth + 1) for part in value]
            return _every(parts) if name == "and" else Some(tuple(parts))
        if not isinstance(value, Mapping):
            return self._compare(name, "eq", value)
        if not value:
            raise _wrong(f"The filter for {shown(name)} is empty. {_there_are()}")
        return _every([self._compare(name, operator, asked) for operator, asked in value.items()])

    def _compare(self, name: str, operator: str, value: Json) -> Filter:
        self._count(1)
        if operator not in OPERATORS:
            raise _wrong(f"The filter for {shown(name)} has no operator {shown(operator)}. {_there_are()}")
        if name in ("id", "author") and operator not in OF_IDS:
            raise _wrong(f"The filter's {name} has no operator {operator}: it is equal or not.")
        if operator == "exists":
            if not isinstance(value, bool):
                raise _wrong(
                    f"The filter for {shown(name)}: exists is true or false, and not {shown(value)}."
                )
            return Exists(name) if value else Not(Exists(name))
        found: Filter
        if operator in ("in", "notIn"):
            found = Among(name, self._values_of(name, operator, value))
        else:
            found = Compare(name, _read_value(name, value), operator=_COMPARES[operator])
        return Not(found) if operator in ("ne", "notIn") else found

    def _values_of(self, name: str, operator: str, values: Json) -> tuple[Field, ...]:
        if not isinstance(values, list | tuple):
            raise _wrong(
                f"The filter for {shown(name)}: {operator} needs a list of values, and not {shown(values)}."
            )
        self._values += len(values)
        if self._values > MAX_VALUES:
            raise FilterTooLarge(
                f"A filter has at most {MAX_VALUES} values in its in and notIn. Ask for fewer at a time.",
                param="filter",
            )
        if any(isinstance(value, list | tuple) for value in values):
            raise _wrong(f"The filter for {shown(name)}: the values of {operator} cannot be lists.")
        return tuple(_read_value(name, value) for value in values)

    def _count(self, more: int) -> None:
        self._comparisons += more
        if self._comparisons > MAX_COMPARISONS:
            raise FilterTooLarge(
                f"A filter has at most {MAX_COMPARISONS} comparisons. Many values of a field go into one in.",
                param="filter",
            )


def _every(parts: Sequence[Filter]) -> Filter:
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def _there_are() -> str:
    return f"There are {', '.join(OPERATORS)}."


def _wrong(words: str) -> QueryMalformed:
    return QueryMalformed(words, param="filter")


def _read_value(name: str, value: Json) -> Field:
    if name == "id" and not (isinstance(value, str) and is_hex(value)):
        raise _wrong("The filter's id must be a hash of 132 lower-case hex digits that begin with 0040.")
    if name == "author" and not (isinstance(value, str) and _AUTHOR.fullmatch(value)):
        raise _wrong("The filter's author must be a public key of 64 lower-case hex digits.")
    if value is None:
        raise _wrong(f'The filter for {shown(name)}: what has no value is found by {{"exists": false}}.')
    try:
        name.encode()
        field = infer(value)
        for item in field.value if isinstance(field.value, tuple) else (field.value,):
            _check_scalar(item)
    except OverflowError as error:
        raise _wrong(f"The filter's value for {shown(name)} {error}.") from error
    except (InvalidMessage, ValueError) as error:
        raise _wrong(
            f"The filter's value for {shown(name)} must be a text, number, boolean or an array of such."
        ) from error
    return field


def _check_scalar(value: Json) -> None:
    """Raises ValueError for half a surrogate pair, and OverflowError for integers of more than 64 bits."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int) and not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
        raise OverflowError(f"is an integer beyond {-MAX_INTEGER - 1} to {MAX_INTEGER}")


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


def _read_include(include: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    paths = tuple(dict.fromkeys(tuple(path.split(".")) for path in include))
    if len(paths) > MAX_INCLUDES or any(len(path) > MAX_HOPS for path in paths):
        raise QueryMalformed(
            f"The param include has at most {MAX_INCLUDES} paths of at most {MAX_HOPS} names each.",
            param="include",
        )
    return paths


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
    except (strict_json.NotJson, ValueError, TypeError, OverflowError) as error:
        raise _no_cursor() from error


def _read_scalar(value: Json) -> Scalar:
    if value is not None and not isinstance(value, str | int | float):
        raise ValueError("is no value")
    _check_scalar(value)
    return value


def _no_cursor() -> QueryMalformed:
    return QueryMalformed("The param after is not a cursor of this query.", param="after")
