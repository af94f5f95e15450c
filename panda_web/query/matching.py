"""Whether an instance is meant, what it is ordered by, and the page that a query asks for.

Texts compare by code point. A filter's value must be of a like type: what JSON cannot tell apart, texts and
relations, integers and floats, is alike. In an order what is missing comes first, then numbers, then texts.
"""

import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from panda_web.messages import Field, Value
from panda_web.messages.schema import InvalidFields, as_asked, instant
from panda_web.query.tree import (
    Among,
    By,
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

ORDERED = 255
"""Characters of a text that it is ordered by, none of them behind a NUL. So a node never sorts MiB because
some rows have them, nobody's long value makes a query fail for others, and a cursor stays short. A short text
(varchar) has no more; of longer ones the order means little behind that. The id breaks the ties."""

_LIKE: Final = {"str": "text", "relation": "text", "int": "number", "float": "number", "bool": "bool"}
_IN_ORDER: Final = frozenset(("str", "relation", "int", "float"))
_OPERATORS: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "contains": operator.contains,
    "startsWith": str.startswith,
}
_OF_TEXTS: Final = frozenset(("contains", "startsWith"))


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
Passes = Callable[[Queried], bool]
"""Whether an instance passes."""


def matches(filter: Filter, instance: Queried) -> bool:
    """Whether a filter lets an instance pass; for many instances make a `matcher` once."""
    return matcher(filter)(instance)


def matcher(filter: Filter) -> Passes:
    """What tells of an instance whether a filter lets it pass."""
    match filter:
        case Every(parts):
            every = [matcher(part) for part in parts]
            return lambda instance: all(passes(instance) for passes in every)
        case Some(parts):
            some = [matcher(part) for part in parts]
            return lambda instance: any(passes(instance) for passes in some)
        case Not(part):
            passes = matcher(part)
            return lambda instance: not passes(instance)
        case Exists(name):
            return lambda instance: _held(name, instance) is not None
        case Among(name, values, by):
            return _of_held(name, _one_of(values, by))
        case Compare():
            return _of_held(filter.name, _compares(filter))


def _of_held(name: str, passes: Callable[[Field], bool]) -> Passes:
    def of_instance(instance: Queried) -> bool:
        held = _held(name, instance)
        return held is not None and passes(held)

    return of_instance


def _held(name: str, instance: Queried) -> Field | None:
    match name:
        case "id":
            return Field("str", instance.id)
        case "author":
            return Field("str", instance.author)
        case _:
            return instance.fields.get(name)


def _compares(compare: Compare) -> Callable[[Field], bool]:
    kind, by = compare.operator, compare.by
    compares, value = _OPERATORS[kind], compare.value
    moment = _asked_moment(value.value) if by is not By.WHOLE else None
    is_member = _one_of((value,), by) if kind == "contains" else None

    def passes(held: Field) -> bool:
        if kind != "eq":
            if is_member is not None and held.type.endswith("[]"):
                return is_member(held)
            if held.type != "str" if kind in _OF_TEXTS else held.type not in _IN_ORDER:
                return False
        wanted = alike(value, held.type)
        if wanted is None:
            return False
        one, other = _scalar(held), _scalar(wanted)
        held_moment = _moment(one) if moment is not None else None
        if held_moment is None:
            return by is not By.INSTANT and compares(one, other)
        if by is By.INSTANT:
            return compares(held_moment, moment)
        verdicts = compares(one, other), compares(held_moment, moment)
        return any(verdicts) if by is By.EITHER else all(verdicts)

    return passes


def _one_of(values: Sequence[Field], by: By) -> Callable[[Field], bool]:
    """Whether a field equals one of these values, or a member of it does where it is a list."""
    wanted: dict[str, set[Any]] = {"text": set(), "number": set(), "bool": set()}
    for value in values:
        if value.type in _LIKE:
            wanted[_LIKE[value.type]].add(value.value)
    # Equal texts mean one moment, so by BOTH is by the whole.
    by_moment = by in (By.INSTANT, By.EITHER)
    moments = {_asked_moment(text) for text in wanted["text"]} - {None} if by_moment else set()

    def passes(held: Field) -> bool:
        base = held.type.removesuffix("[]")
        members = held.value if isinstance(held.value, tuple) else (held.value,)
        if by is not By.INSTANT and not wanted[_LIKE[base]].isdisjoint(members):
            return True
        return bool(moments) and base == "str" and not moments.isdisjoint(map(_moment, members))

    return passes


def is_like(value: Field, kind: str) -> bool:
    """Whether JSON writes a value as one of a type."""
    base, wanted = value.type.removesuffix("[]"), kind.removesuffix("[]")
    return (base == value.type) == (wanted == kind) and _LIKE[base] == _LIKE[wanted]


def alike(field: Field, kind: str) -> Field | None:
    """A filter's value as one of the type that it is compared with; None where it cannot equal any."""
    if not is_like(field, kind):
        return None
    base, wanted = field.type.removesuffix("[]"), kind.removesuffix("[]")
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


def _moment(value: Value | None) -> str | None:
    try:
        return instant(value) if isinstance(value, str) else None
    except InvalidFields:
        return None


def _asked_moment(value: Value) -> str | None:
    return _moment(as_asked(value)) if isinstance(value, str) else None


def beginning(value: Scalar) -> Scalar:
    """What of a value it is ordered by, where it may be long."""
    return value[:ORDERED].partition("\0")[0] if isinstance(value, str) else value


def page(instances: Iterable[T], query: Query) -> list[tuple[T, Cursor]]:
    """The instances that a query asks for, each with its place."""
    passes = matcher(query.filter)
    found = [(instance, place(instance, query.order)) for instance in instances if passes(instance)]
    # Sorting is stable: the least significant key comes first.
    found.sort(key=lambda pair: pair[1].id)
    for position, key in reversed(list(enumerate(query.order))):
        found.sort(key=lambda pair: _rank(pair[1].values[position]), reverse=key.descending)
    if query.after is not None:
        after = query.after
        found = [pair for pair in found if is_behind(pair[1], after, query.order)]
    return found[: query.limit]


def place(instance: Queried, order: Sequence[Key]) -> Cursor:
    """Where an instance stands in an order."""
    return Cursor(tuple(_ordered_by(instance, key.name, key.by) for key in order), instance.id)


def is_behind(place: Cursor, after: Cursor, order: Sequence[Key]) -> bool:
    """Whether a place comes behind another: in the first key that differs."""
    for value, bound, key in zip(place.values, after.values, order, strict=True):
        if _rank(value) != _rank(bound):
            return (_rank(value) < _rank(bound)) == key.descending
    return place.id > after.id


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
