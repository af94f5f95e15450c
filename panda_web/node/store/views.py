"""Instances and their fields in SQLite: the views, untyped until schemas have definitions.

Every name and value from outside is a bound parameter, so no query can be more than it says. Texts compare
by code point (SQLite's BINARY collation on UTF-8), missing values come before all others.
"""

from collections.abc import Mapping

from panda_web.messages import Field
from panda_web.messages.instance import is_emptying
from panda_web.node.store.database import Database
from panda_web.node.store.select import (
    ALIKE,
    InstanceRow,
    Select,
    beginning,
    behind,
    instance_row,
    narrow,
    order_by,
    to_column,
    to_json,
)
from panda_web.rpc.types import Json

_INSTANCE = (
    "SELECT i.id, l.author, l.id, l.log_id, i.seq_num, i.last_entry, i.edited, i.deleted{columns}"
    " FROM instances i JOIN logs l ON l.id = i.log{joins} WHERE {where}"
)


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

    def select(self, select: Select) -> list[InstanceRow]:
        """The instances that match, in order."""
        values: list[object] = []
        joins = ""
        keys = []
        for number, (name, descending) in enumerate(select.order):
            joins += f" LEFT JOIN fields o{number} ON o{number}.instance = i.id AND o{number}.name = ?"
            values.append(name)
            value = f"o{number}.value"
            keys.append((f"iif(typeof({value}) = 'text', {beginning(value)}, {value})", descending))
        where = ["i.schema = ?", "i.deleted = 0"]
        values.append(select.schema)
        narrow(select, where, values)
        for name, field in select.equal.items():
            where.append(
                "EXISTS (SELECT 1 FROM fields f"
                " WHERE f.instance = i.id AND f.name = ? AND f.type IN (?, ?) AND f.value = ?)"
            )
            values += (name, *ALIKE[field.type], to_column(field))
        if select.after is not None:
            where.append(behind(keys, select.after, values))
        columns = "".join(f", {key}" for key, _ in keys)
        sql = _INSTANCE.format(columns=columns, joins=joins, where=" AND ".join(where))
        rows = self._db.rows(f"{sql} ORDER BY {order_by(keys)} LIMIT ?", (*values, select.limit))
        return [instance_row(row) for row in rows]
