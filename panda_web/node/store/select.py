"""What a query asks of the views, and what typed and untyped ones answer it with alike."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from panda_web.messages import Field
from panda_web.rpc.query import ORDERED, Scalar
from panda_web.rpc.types import Json


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One instance.

    Attributes:
        id: the hash of its create.
        author: 32 bytes.
        log_id, seq_num: where the last entry about it stands.
        last_entry: that entry's hash.
        edited: whether an update came after the create.
        deleted: whether a delete ended it.
        order: the values that it was ordered by.
    """

    id: bytes
    author: bytes
    log_key: int
    log_id: int
    seq_num: int
    last_entry: bytes
    edited: bool
    deleted: bool
    order: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Select:
    """A query, its parts already held to their types.

    Attributes:
        schema: 132 hex digits.
        equal: field name to the value it must equal.
        instance, author: the one wanted; None for any.
        order: field names, each with True for descending; the id is the last tie-break.
        after: the values and the id of the instance to go on behind.
        limit: how many at most.
    """

    schema: str
    equal: Mapping[str, Field]
    instance: bytes | None
    author: bytes | None
    order: Sequence[tuple[str, bool]]
    after: tuple[tuple[Scalar, ...], bytes] | None
    limit: int


Keys = Sequence[tuple[str, bool]]
"""What is ordered by: an SQL expression, and True for descending."""

# A value that could be two types at once in JSON: texts and relations look alike, so do numbers.
ALIKE: Final = {
    "str": ("str", "relation"),
    "int": ("int", "float"),
    "float": ("int", "float"),
    "bool": ("bool", "bool"),
    "str[]": ("str[]", "relation[]"),
    "int[]": ("int[]", "float[]"),
    "float[]": ("int[]", "float[]"),
    "bool[]": ("bool[]", "bool[]"),
}
"""Type of a filter's value to the types that it may equal."""


def beginning(column: str) -> str:
    """What of a long text in a column it is ordered by."""
    return f"substr({column}, 1, {ORDERED})"


def order_by(keys: Keys) -> str:
    """The ORDER BY clause's terms; the id is the last tie-break."""
    return ", ".join(f"{key} DESC" if descending else key for key, descending in (*keys, ("i.id", False)))


def behind(keys: Keys, after: tuple[tuple[Scalar, ...], bytes], values: list[object]) -> str:
    """The condition for what comes behind a cursor: greater in the first key that differs."""
    last, instance = after
    alternatives = []
    for position in range(len(keys) + 1):
        terms = []
        for (key, _), value in zip(keys[:position], last, strict=False):
            terms.append(f"{key} IS ?")
            values.append(value)
        if position == len(keys):
            terms.append("i.id > ?")
            values.append(instance)
        else:
            key, descending = keys[position]
            value = last[position]
            if value is None:  # the least of all: everything else is greater, nothing is less
                terms.append("0" if descending else f"{key} IS NOT NULL")
            else:
                terms.append(f"({key} < ? OR {key} IS NULL)" if descending else f"{key} > ?")
                values.append(value)
        alternatives.append(" AND ".join(terms))
    condition = f"({' OR '.join(alternatives)})"
    if keys and not keys[0][1] and last[0] is not None:
        # Follows from the rest; said apart, it lets SQLite begin at the cursor where there is an index.
        condition += f" AND {keys[0][0]} >= ?"
        values.append(last[0])
    return condition


def narrow(select: Select, where: list[str], values: list[object]) -> None:
    """Adds the conditions for the instance and for the author that are wanted."""
    if select.instance is not None:
        where.append("i.id = ?")
        values.append(select.instance)
    if select.author is not None:
        where.append("l.author = ?")
        values.append(select.author)


def instance_row(row: tuple[Any, ...]) -> InstanceRow:
    """An instance from what the views select, what it was ordered by last."""
    instance, author, log_key, log_id, seq_num, last_entry, edited, deleted, *order = row
    return InstanceRow(
        instance, author, log_key, log_id, seq_num, last_entry, bool(edited), bool(deleted), tuple(order)
    )


def to_column(field: Field) -> object:
    """A field's value as SQLite holds it."""
    return json.dumps(field.value) if field.type.endswith("[]") else field.value


def to_json(kind: str, value: Json) -> Json:
    """What SQLite holds of a field of a type, as JSON carries it."""
    if kind.endswith("[]"):
        return json.loads(value)
    return bool(value) if kind == "bool" else value
