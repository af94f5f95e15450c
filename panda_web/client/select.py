"""Filter, order, limit and cursor, carried out on instances at hand as a present-day node carries them out.

A filter's value must be equal and of a like type (texts and relations are alike, so are numbers); texts
compare by code point; missing values come first, then numbers, then texts; the id is the last tie-break.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from panda_web.client.asked import Query
from panda_web.client.check import Instance
from panda_web.messages import Field
from panda_web.rpc.query import Scalar, ordered_by, read_cursor, read_filter, read_order, write_cursor

_LIKE = {"str": "text", "relation": "text", "int": "number", "float": "number"}
_Key = tuple[int, str | int | float]


def select(instances: Iterable[Instance], query: Query) -> list[Instance]:
    """The instances that a query asks for, with cursors. Raises InvalidParams."""
    wanted_id, wanted_author, equal = read_filter(query.filter)
    order = read_order(query.order_by)
    after = read_cursor(query.after, len(order)) if query.after is not None else None
    found = [
        (instance, [_ordered_by(instance.fields.get(name)) for name, _ in order])
        for instance in instances
        if (wanted_id is None or instance.id == wanted_id.hex())
        and (wanted_author is None or instance.author == wanted_author.hex())
        and _matches(instance.fields, equal)
    ]
    # Sorting is stable: the least significant key comes first.
    found.sort(key=lambda pair: pair[0].id)
    for position, (_, descending) in reversed(list(enumerate(order))):
        found.sort(key=lambda pair: _key(pair[1][position]), reverse=descending)
    if after is not None:
        values, last = after
        found = [pair for pair in found if _is_behind(pair[1], pair[0].id, order, values, last.hex())]
    return [
        replace(instance, cursor=write_cursor(values, instance.id))
        for instance, values in found[: query.limit]
    ]


def _matches(fields: Mapping[str, Field], equal: Mapping[str, Field]) -> bool:
    for name, wanted in equal.items():
        held = fields.get(name)
        if held is None or _like(held.type) != _like(wanted.type) or held.value != wanted.value:
            return False
    return True


def _like(kind: str) -> tuple[str, bool]:
    base = kind.removesuffix("[]")
    return _LIKE.get(base, base), base != kind


def _ordered_by(field: Field | None) -> Scalar:
    if field is None:
        return None
    if isinstance(field.value, tuple):
        return ordered_by(json.dumps(field.value))
    return int(field.value) if isinstance(field.value, bool) else ordered_by(field.value)


def _key(value: Scalar) -> _Key:
    if value is None:
        return 0, 0
    return (2, value) if isinstance(value, str) else (1, value)


def _is_behind(
    values: Sequence[Scalar],
    instance: str,
    order: Sequence[tuple[str, bool]],
    after: Sequence[Scalar],
    last: str,
) -> bool:
    """Whether an instance comes behind a cursor: in the first key that differs."""
    for value, bound, (_, descending) in zip(values, after, order, strict=True):
        if _key(value) != _key(bound):
            return (_key(value) < _key(bound)) == descending
    return instance > last
