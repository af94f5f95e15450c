"""Instances and their fields in SQLite: the views, untyped until schemas have definitions.

Every name and value from outside is a bound parameter, so no query can be more than it says. Texts compare
by code point (SQLite's BINARY collation on UTF-8), missing values come before all others.
"""

from collections.abc import Mapping

from panda_web.messages import Field
from panda_web.messages.instance import is_emptying
from panda_web.node.store.compiling import (
    InstanceRow,
    behind,
    instance_row,
    long,
    order_by,
    to_column,
    to_json,
)
from panda_web.node.store.database import Database
from panda_web.query import Compare, Every, Query
from panda_web.rpc.types import Json

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
"""Type of a filter's value to the types that it may equal."""


class ViewTables:
    """The views. Nothing here decides what is valid; `node.materialise` does."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, instance: bytes) -> InstanceRow | None:
        """An instance, a deleted one too."""
        row = self._db.one(_INSTANCE.format(columns="", joins="", where="i.id = ?"), (instance,))
        return instance_row(row) if row else None

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

    def fields(self, instance: bytes, most: int | None = None) -> dict[str, Json]:
        """Field names and values, as JSON carries them; none where they have more than `most` characters."""
        rows = self._db.rows(
            "SELECT name, type, value FROM fields WHERE instance = ? ORDER BY name", (instance,)
        )
        found: dict[str, Json] = {}
        size = 0
        for name, kind, value in rows:
            size += len(name) + (len(value) if isinstance(value, str) else 8)
            if most is not None and size > most:
                return {}
            found[name] = to_json(kind, value)
        return found

    def _set(self, instance: bytes, fields: Mapping[str, Field]) -> None:
        self._db.execute_many(
            "DELETE FROM fields WHERE instance = ? AND name = ?",
            ((instance, name) for name, field in fields.items() if is_emptying(field)),
        )
        self._db.execute_many(
            "INSERT OR REPLACE INTO fields (instance, name, type, value) VALUES (?, ?, ?, ?)",
            (
                (instance, name, field.type, to_column(field))
                for name, field in fields.items()
                if not is_emptying(field)
            ),
        )

    def select(self, query: Query) -> list[InstanceRow]:
        """The instances that match, in order."""
        values: list[object] = []
        joins = ""
        keys = []
        for number, key in enumerate(query.order):
            joins += f" LEFT JOIN fields o{number} ON o{number}.instance = i.id AND o{number}.name = ?"
            values.append(key.name)
            value = f"o{number}.value"
            keys.append((f"iif(typeof({value}) = 'text', {long(value)}, {value})", key.descending))
        where = ["i.schema = ?", "i.deleted = 0"]
        values.append(query.schema)
        for part in query.filter.parts if isinstance(query.filter, Every) else (query.filter,):
            if not isinstance(part, Compare):
                continue
            if part.name in ("id", "author"):
                where.append("i.id = ?" if part.name == "id" else "l.author = ?")
                values.append(bytes.fromhex(str(part.value.value)))
                continue
            where.append(
                "EXISTS (SELECT 1 FROM fields f"
                " WHERE f.instance = i.id AND f.name = ? AND f.type IN (?, ?) AND f.value = ?)"
            )
            values += (part.name, *_ALIKE[part.value.type], to_column(part.value))
        if query.after is not None:
            where.append(behind(keys, query.after, values))
        columns = "".join(f", {key}" for key, _ in keys)
        sql = _INSTANCE.format(columns=columns, joins=joins, where=" AND ".join(where))
        rows = self._db.rows(f"{sql} ORDER BY {order_by(keys)} LIMIT ?", (*values, query.limit))
        return [instance_row(row) for row in rows]
