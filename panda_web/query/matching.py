"""Whether an instance is meant, what it is ordered by, and the page that a query asks for.

Texts compare by code point. A filter's value must be of a like type: what JSON cannot tell apart, texts and
relations, integers and floats, is alike. In an order what is missing comes first, then numbers, then texts.
"""

import json
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol, TypeVar

from panda_web.messages import Field, Value
from panda_web.messages.schema import InvalidFields, as_asked, instant
from panda_web.query.tree import By, Compare, Cursor, Every, Filter, Operator, Query, Scalar

ORDERED = 255
"""Characters of a text that it is ordered by, none of them behind a NUL. So a node never sorts MiB because
some rows have them, nobody's long value makes a query fail for others, and a cursor stays short. A short text
(varchar) has no more; of longer ones the order means little behind that. The id breaks the ties."""

_LIKE: Final = {"str": "text", "relation": "text", "int": "number", "float": "number", "bool": "bool"}
_OPERATORS: Final[Mapping[Operator, Callable[[Scalar, Scalar], bool]]] = {"eq": operator.eq}


class Queried(Protocol):
    """An instance, as far as queries ask for it."""

    @property
    def id(self) -> str:
        """132 hex digits."""

    @property
    def author(self) -> str:
        """64 hex digits."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """Those that have a value."""


T = TypeVar("T", bound=Queried)


def matches(filter: Filter, instance: Queried) -> bool:
    """Whether a filter lets an instance pass."""
    match filter:
        case Every(parts):
            return all(matches(part, instance) for part in parts)
        case Compare():
            return _compares(filter, instance)


def _compares(compare: Compare, instance: Queried) -> bool:
    held = _held(compare.name, instance)
    wanted = alike(compare.value, held.type) if held is not None else None
    if held is None or wanted is None:
        return False
    compares = _OPERATORS[compare.operator]
    if compare.by is not By.INSTANT and compares(_scalar(held), _scalar(wanted)):
        return True
    if compare.by is By.WHOLE or not isinstance(wanted.value, str):
        return False
    one, other = _moment(held.value), _moment(as_asked(wanted.value))
    return one is not None and other is not None and compares(one, other)


def _held(name: str, instance: Queried) -> Field | None:
    match name:
        case "id":
            return Field("str", instance.id)
        case "author":
            return Field("str", instance.author)
        case _:
            return instance.fields.get(name)


def alike(field: Field, kind: str) -> Field | None:
    """A filter's value as one of the type that it is compared with; None where it cannot equal any."""
    base, wanted = field.type.removesuffix("[]"), kind.removesuffix("[]")
    if (base == field.type) != (wanted == kind) or _LIKE[base] != _LIKE[wanted]:
        return None
    if not isinstance(field.value, tuple) or base == wanted or _LIKE[base] != "number":
        return Field(kind, field.value)
    # Lists are compared as they are written, and the two kinds of numbers are written differently.
    exact: list[int | float] = []
    for item in field.value:
        try:
            number = float(item) if wanted == "float" else int(item)
        except OverflowError:
            return None
        if number != item:
            return None
        exact.append(number)
    return Field(kind, tuple(exact))


def _scalar(field: Field) -> Scalar:
    return json.dumps(field.value) if isinstance(field.value, tuple) else field.value


def _moment(value: Value) -> str | None:
    try:
        return instant(value) if isinstance(value, str) else None
    except InvalidFields:
        return None


def beginning(value: Scalar) -> Scalar:
    """What of a value it is ordered by, where it may be long."""
    return value[:ORDERED].partition("\0")[0] if isinstance(value, str) else value


def page(instances: Iterable[T], query: Query) -> list[tuple[T, Cursor]]:
    """The instances that a query asks for, each with its place."""
    found = [
        (instance, Cursor(tuple(_ordered_by(instance, key.name, key.by) for key in query.order), instance.id))
        for instance in instances
        if matches(query.filter, instance)
    ]
    # Sorting is stable: the least significant key comes first.
    found.sort(key=lambda pair: pair[1].id)
    for position, key in reversed(list(enumerate(query.order))):
        found.sort(key=lambda pair: _rank(pair[1].values[position]), reverse=key.descending)
    if query.after is not None:
        found = [pair for pair in found if _is_behind(pair[1], query.after, query)]
    return found[: query.limit]


def _ordered_by(instance: Queried, name: str, by: By) -> Scalar:
    field = instance.fields.get(name)
    if field is None:
        return None
    if by is By.INSTANT:
        return _moment(field.value)
    value = _scalar(field)
    if isinstance(value, bool):
        return int(value)
    return value if by is By.WHOLE else beginning(value)


def _rank(value: Scalar) -> tuple[int, str | int | float]:
    if value is None:
        return 0, 0
    return (2, value) if isinstance(value, str) else (1, value)


def _is_behind(place: Cursor, after: Cursor, query: Query) -> bool:
    """Whether a place comes behind another: in the first key that differs."""
    for value, bound, key in zip(place.values, after.values, query.order, strict=True):
        if _rank(value) != _rank(bound):
            return (_rank(value) < _rank(bound)) == key.descending
    return place.id > after.id
