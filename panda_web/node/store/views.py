"""Instances and their fields in SQLite: the views, untyped until schemas have definitions.

Every name and value from outside is a bound parameter, so no query can be more than it says. Texts compare
by code point (SQLite's BINARY collation on UTF-8), missing values come before all others.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from panda_web.messages import Field
from panda_web.node.store.database import Database
from panda_web.rpc.query import Scalar
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


_INSTANCE = (
    "SELECT i.id, l.author, l.id, l.log_id, i.seq_num, i.last_entry, i.edited, i.deleted{columns}"
    " FROM instances i JOIN logs l ON l.id = i.log{joins} WHERE {where}"
)
# A value that could be two types at once in JSON: texts and relations look alike, so do numbers.
_ALIKE = {
    "str": ("str", "relation"),
    "int": ("int", "float"),
    "float": ("int", "float"),
    "bool": ("bool", "bool"),
    "str[]": ("str[]", "relation[]"),
    "int[]": ("int[]", "float[]"),
    "float[]": ("int[]", "float[]"),
    "bool[]": ("bool[]", "bool[]"),
}


class ViewTables:
    """The views. Nothing here decides what is valid; `node.materialise` does."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, instance: bytes) -> InstanceRow | None:
        """An instance, a deleted one too."""
        row = self._db.one(_INSTANCE.format(columns="", joins="", where="i.id = ?"), (instance,))
        return _instance(row) if row else None

    def add(
        self, instance: bytes, log_key: int, schema: str, seq_num: int, fields: Mapping[str, Field]
    ) -> None:
        """A new instance."""
        self._db.execute(
            "INSERT INTO instances (id, log, schema, seq_num, last_entry, edited, deleted)"
            " VALUES (?, ?, ?, ?, ?, 0, 0)",
            (instance, log_key, schema, seq_num, instance),
        )
        self._set(instance, fields)

    def change(self, instance: bytes, seq_num: int, entry: bytes, fields: Mapping[str, Field]) -> None:
        """New values for some fields."""
        self._db.execute(
            "UPDATE instances SET seq_num = ?, last_entry = ?, edited = 1 WHERE id = ?",
            (seq_num, entry, instance),
        )
        self._set(instance, fields)

    def end(self, instance: bytes, seq_num: int, entry: bytes) -> None:
        """The instance is deleted; only that it was there remains."""
        self._db.execute(
            "UPDATE instances SET seq_num = ?, last_entry = ?, deleted = 1 WHERE id = ?",
            (seq_num, entry, instance),
        )
        self._db.execute("DELETE FROM fields WHERE instance = ?", (instance,))

    def fields(self, instance: bytes) -> dict[str, Json]:
        """Field names and values, as JSON carries them."""
        rows = self._db.rows(
            "SELECT name, type, value FROM fields WHERE instance = ? ORDER BY name", (instance,)
        )
        return {name: _to_json(kind, value) for name, kind, value in rows}

    def _set(self, instance: bytes, fields: Mapping[str, Field]) -> None:
        self._db.execute_many(
            "INSERT OR REPLACE INTO fields (instance, name, type, value) VALUES (?, ?, ?, ?)",
            ((instance, name, field.type, _to_column(field)) for name, field in fields.items()),
        )

    def select(self, select: Select) -> list[InstanceRow]:
        """The instances that match, in order. Raises QueryTooExpensive."""
        values: list[object] = []
        joins = ""
        keys = []
        for number, (name, descending) in enumerate(select.order):
            joins += f" LEFT JOIN fields o{number} ON o{number}.instance = i.id AND o{number}.name = ?"
            values.append(name)
            keys.append((f"o{number}.value", descending))
        where = ["i.schema = ?", "i.deleted = 0"]
        values.append(select.schema)
        if select.instance is not None:
            where.append("i.id = ?")
            values.append(select.instance)
        if select.author is not None:
            where.append("l.author = ?")
            values.append(select.author)
        for name, field in select.equal.items():
            where.append(
                "EXISTS (SELECT 1 FROM fields f"
                " WHERE f.instance = i.id AND f.name = ? AND f.type IN (?, ?) AND f.value = ?)"
            )
            values += (name, *_ALIKE[field.type], _to_column(field))
        if select.after is not None:
            where.append(_behind(keys, select.after, values))
        order = ", ".join(
            f"{key} DESC" if descending else key for key, descending in (*keys, ("i.id", False))
        )
        columns = "".join(f", {key}" for key, _ in keys)
        sql = _INSTANCE.format(columns=columns, joins=joins, where=" AND ".join(where))
        with self._db.bounded():
            rows = self._db.rows(f"{sql} ORDER BY {order} LIMIT ?", (*values, select.limit))
            return [_instance(row) for row in rows]


def _behind(
    keys: Sequence[tuple[str, bool]], after: tuple[tuple[Scalar, ...], bytes], values: list[object]
) -> str:
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
    return f"({' OR '.join(alternatives)})"


def _instance(row: tuple[Any, ...]) -> InstanceRow:
    instance, author, log_key, log_id, seq_num, last_entry, edited, deleted, *order = row
    return InstanceRow(
        instance, author, log_key, log_id, seq_num, last_entry, bool(edited), bool(deleted), tuple(order)
    )


def _to_column(field: Field) -> object:
    return json.dumps(field.value) if field.type.endswith("[]") else field.value


def _to_json(kind: str, value: Json) -> Json:
    if kind.endswith("[]"):
        return json.loads(value)
    return bool(value) if kind == "bool" else value
