"""Views with a table each: a column for each field of a schema, and indexes for what is asked (`indexes`).

Nobody's names come into SQL: tables are numbered, and columns called by their position (`c0`, `c1`, ...). A
column that is not compared as it is written, a timestamp, has another one beside it (`k0`) for what it is
compared by. In SQL they have no type, so values are kept and compared as they came: a REAL column would turn
-0.0 into 0.0. Instances that have ended, or have no create yet, have no row.

A row is found by the place of the instance's create, its log and seq num, which the entry with the instance's
id for its hash says. Ids are as good as random: an index of them that is kept while a table fills is written
to all over, once for each row. Logs are replayed in order, so places come in order too.

A view is made anew in a table that nobody sees, and takes the place of the old one in one transaction.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from panda_web.messages import Field
from panda_web.messages.instance import Change, Standing, is_emptying
from panda_web.node.store.compiling import (
    Compared,
    InstanceRow,
    compile_count,
    compile_query,
    instance_row,
    long,
    to_column,
    to_json,
)
from panda_web.node.store.counting import Note
from panda_web.node.store.database import Database
from panda_web.node.store.indexes import BEGUN_WITH, Shape, Uses, wanted
from panda_web.query import Filter, Key, Query
from panda_web.rpc.types import Json

LAYOUT = 2
"""The number of the tables' layout; a view that has another one is made anew."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a view keeps of one field.

    Attributes:
        name: of the field.
        type: as messages carry it: `str`, `int`, `float`, `bool`, `relation`, or an array of these.
        key: from a text as it is written to one that orders as it is meant, by code point; None where the
            value itself does.
        indexed: whether an index may hold it. Not for long texts: it would hold them once more.
    """

    name: str
    type: str
    key: Callable[[str], str] | None = None
    indexed: bool = True

    def compared(self, field: Field) -> object:
        """What a value is compared by."""
        return to_column(field) if self.key is None else self.key(str(field.value))


@dataclass(frozen=True, slots=True)
class ViewRow:
    """What is kept of a view beside its table.

    Attributes:
        number: of its table.
        definition: of its schema, the payload that publishes it.
        columns: what it was made for.
        current: whether it is in place; else it is being filled.
    """

    number: int
    definition: bytes
    columns: str
    current: bool

    @property
    def table(self) -> str:
        """The table's name in SQL."""
        return _table(self.number)


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a view is filled: up to this entry, in order of author, log id and seq num.

    Attributes:
        done: how many entries that were.
    """

    author: bytes
    log_id: int
    seq_num: int
    done: int


class ViewTables:
    """Which views there are.

    Args:
        database: where they are.
        uses: is told what they are asked.
    """

    def __init__(self, database: Database, uses: Uses) -> None:
        self._db = database
        self._uses = uses

    def schemas(self) -> set[str]:
        """The schemas that have views, those that are being filled too."""
        return {schema for (schema,) in self._db.rows("SELECT DISTINCT schema FROM views")}

    def in_place(self) -> set[str]:
        """The schemas that have a view in place."""
        return {schema for (schema,) in self._db.rows("SELECT schema FROM views WHERE current")}

    def of_schema(self, schema: str) -> list[ViewRow]:
        """The views of a schema, those that are being filled too."""
        rows = self._db.rows(
            "SELECT number, definition, columns, current FROM views WHERE schema = ?", (schema,)
        )
        return [
            ViewRow(number, definition, made, bool(current)) for number, definition, made, current in rows
        ]

    def open(self, row: ViewRow, columns: Sequence[Column]) -> "ViewTable | None":
        """A view; None where it was made for other columns."""
        if row.columns != _described(tuple(columns)):
            return None
        return ViewTable(self._db, row.number, columns, self._uses)

    def tables(self) -> list[str]:
        """The tables of all views, those that are being filled too."""
        return [_table(number) for (number,) in self._db.rows("SELECT number FROM views")]

    def begin(self, schema: str, columns: Sequence[Column], definition: bytes = b"") -> "ViewTable":
        """An empty view, to be filled. Nobody asks it before `put_in_place`."""
        number = self._db.insert(
            "INSERT INTO views (schema, definition, columns, current) VALUES (?, ?, ?, 0)",
            (schema, definition, _described(tuple(columns))),
        )
        view = ViewTable(self._db, number, columns, self._uses)
        self._db.execute(view.definition())
        return view

    def index(self, view: "ViewTable") -> None:
        """Adds the indexes that the view lacks. Takes long where it is large."""
        for _, statement in view.indexes():
            self._db.execute(statement)

    def index_later(self, view: "ViewTable") -> bool:
        """Adds one index that the view lacks, as its group ends; gives whether there was one to add."""
        for name, statement in view.indexes():
            if self._db.one("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)) is None:
                self._db.execute_later(statement)
                return True
        return False

    def reached(self, view: "ViewTable") -> Reached:
        """How far a view is filled."""
        row = self._db.one("SELECT author, log_id, seq_num, done FROM views WHERE number = ?", (view.number,))
        return Reached(*row)

    def reach(self, view: "ViewTable", reached: Reached) -> None:
        """Keeps how far a view is filled."""
        self._db.execute(
            "UPDATE views SET author = ?, log_id = ?, seq_num = ?, done = ? WHERE number = ?",
            (reached.author, reached.log_id, reached.seq_num, reached.done, view.number),
        )

    def put_in_place(self, view: "ViewTable") -> None:
        """The view is its schema's from now on; the one before it is dropped, and so are unfinished ones."""
        (schema,) = self._db.one("SELECT schema FROM views WHERE number = ?", (view.number,))
        self._drop("schema = ? AND number <> ?", (schema, view.number))
        self._db.execute("UPDATE views SET current = 1 WHERE number = ?", (view.number,))
        self._db.note(Note("views"))

    def drop(self, schema: str) -> None:
        """There is no view of this schema any more."""
        self._drop("schema = ?", (schema,))
        self._db.note(Note("views"))

    def _drop(self, which: str, values: tuple[object, ...]) -> None:
        for (number,) in list(self._db.rows(f"SELECT number FROM views WHERE {which}", values)):
            self._db.execute(f"DROP TABLE {_table(number)}")
            self._db.execute("DELETE FROM views WHERE number = ?", (number,))


class ViewTable:
    """The view of one schema. Nothing here decides what is valid, or what stands: see `messages.instance`.

    Args:
        database: where it is.
        number: of its table.
        columns: what the schema's fields are.
        uses: is told what is asked.

    Attributes:
        number: the same.
        table: its name in SQL.
    """

    def __init__(self, database: Database, number: int, columns: Sequence[Column], uses: Uses) -> None:
        self._db = database
        self.number = number
        self.table = _table(number)
        self._uses = uses
        self._columns = {column.name: (position, column) for position, column in enumerate(columns)}

    def definition(self) -> str:
        """The statement that makes the table."""
        columns = ""
        for position, column in self._columns.values():
            columns += f", c{position}" + (f", k{position}" if column.key else "")
        return (
            f"CREATE TABLE {self.table} (log INTEGER NOT NULL, created INTEGER NOT NULL, id BLOB NOT NULL,"
            " seq_num INTEGER NOT NULL, last_entry BLOB NOT NULL, set_at TEXT,"
            f" hidden INTEGER NOT NULL{columns}, UNIQUE (log, created))"
        )

    def indexes(self) -> Iterator[tuple[str, str]]:
        """Names, and the statements that make them. It takes less time when the table is full already."""
        for key, terms in BEGUN_WITH.items():
            name = f"{self.table}_{key}"
            yield name, f"CREATE INDEX IF NOT EXISTS {name} ON {self.table} ({terms}) WHERE hidden = 0"

    def _key(self, name: str) -> str:
        """The column that a field is compared by."""
        position, column = self._columns[name]
        return f"k{position}" if column.key else f"c{position}"

    def standing(self, instance: bytes, log_key: int) -> Standing | None:
        """How far an instance of a log has come; None where it has no row."""
        row = self._db.one(
            f"SELECT created, seq_num, last_entry, set_at FROM {self.table} WHERE {_AT} AND log = ?",
            (instance, log_key),
        )
        if row is None:
            return None
        created, seq_num, last_entry, set_at = row
        return Standing(created, seq_num, last_entry, json.loads(set_at) if set_at else {})

    def put(self, instance: bytes, log_key: int, whole: Change) -> None:
        """All of an instance: it has a row, which is shown, whatever it had before."""
        standing, fields = whole
        row: list[object] = [log_key, standing.created, instance, *_moved(standing), False]
        for name, (_, column) in self._columns.items():
            field = fields.get(name)
            row.append(None if field is None else to_column(field))
            if column.key is not None:
                row.append(None if field is None else column.compared(field))
        marks = ", ".join("?" * len(row))
        self._db.execute(f"INSERT OR REPLACE INTO {self.table} VALUES ({marks})", tuple(row))

    def change(self, log_key: int, change: Change) -> None:
        """What is new of an instance of a log that has a row."""
        standing, fields = change
        changed = ["seq_num = ?", "last_entry = ?", "set_at = ?"]
        values = [*_moved(standing)]
        for name, field in fields.items():
            position, column = self._columns[name]
            empty = is_emptying(field)
            changed.append(f"c{position} = ?")
            values.append(None if empty else to_column(field))
            if column.key is not None:
                changed.append(f"k{position} = ?")
                values.append(None if empty else column.compared(field))
        self._db.execute(
            f"UPDATE {self.table} SET {', '.join(changed)} WHERE log = ? AND created = ?",
            (*values, log_key, standing.created),
        )

    def end(self, instance: bytes, log_key: int) -> None:
        """The instance, if it is one of this log, has no row any more."""
        self._db.execute(f"DELETE FROM {self.table} WHERE {_AT} AND log = ?", (instance, log_key))

    def hide(self, instance: bytes, *, hidden: bool) -> None:
        """Whether the instance is kept from being shown, as one that something it needs is deleted of."""
        self._db.execute(f"UPDATE {self.table} SET hidden = ? WHERE {_AT}", (hidden, instance))

    def fields(self, instance: bytes, most: int | None = None) -> dict[str, Json]:
        """Field names and values, as JSON carries them; names in order, without those that are missing.

        Of an instance whose long texts and lists have more than `most` characters there are none.
        """
        positions = ", ".join(f"c{position}" for position, _ in self._columns.values())
        long = [f"coalesce(length(c{at}), 0)" for at, column in self._columns.values() if not column.indexed]
        few = f" AND {' + '.join(long)} <= {most}" if long and most is not None else ""
        row = self._db.one(f"SELECT {positions} FROM {self.table} WHERE {_AT}{few}", (instance,)) or ()
        values = zip(self._columns.values(), row, strict=False)
        found = {
            column.name: to_json(column.type, value) for (_, column), value in values if value is not None
        }
        return dict(sorted(found.items()))

    def typed_fields(self, instance: bytes, most: int) -> dict[str, Field]:
        """The same with their types, as queries compare them."""
        return {
            name: Field(self._columns[name][1].type, tuple(value) if isinstance(value, list) else value)
            for name, value in self.fields(instance, most).items()
        }

    def as_it_is(self, instance: bytes, most: int) -> tuple[bytes, dict[str, Field]] | None:
        """The author, and fields as `typed_fields` gives them, hidden or not; None without a row."""
        row = self._db.one(
            f"SELECT (SELECT author FROM logs WHERE id = log) FROM {self.table} WHERE {_AT}", (instance,)
        )
        return (row[0], self.typed_fields(instance, most)) if row is not None else None

    def select(self, query: Query) -> list[InstanceRow]:
        """The instances that a query of the schema asks for, in order."""
        sql, values = compile_query(query, self.table, self._compared)
        return [instance_row(row) for row in self._ask(query.filter, query.order, sql, values)]

    def count(self, filter: Filter) -> int:
        """How many instances a filter lets pass, typed by the schema."""
        sql, values = compile_count(filter, self.table, self._compared)
        ((count,),) = self._ask(filter, (), sql, values)
        return int(count)

    def _ask(
        self, filter: Filter, order: Sequence[Key], sql: str, values: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        """The rows; what they cost is told, also where it is too much."""
        found: list[tuple[Any, ...]] = []
        before = self._db.readings.steps
        try:
            found.extend(self._db.rows(sql, values))
        finally:
            indexes = wanted(filter, order, self._short)
            if indexes:
                steps = self._db.readings.steps - before
                self._uses.note(Shape(self.table, indexes), steps, len(found))
        return found

    def _short(self, name: str) -> str | None:
        """The column that a field is compared by, where an index may hold it."""
        return self._key(name) if name in self._columns and self._columns[name][1].indexed else None

    def _compared(self, name: str) -> Compared | None:
        if name not in self._columns:
            return None
        _, column = self._columns[name]
        key = f"i.{self._key(name)}"
        return Compared(
            column.type,
            by=key,
            # Short texts, which may have an index, are ordered by all of them.
            ordered=key if column.indexed else long(key),
            value=column.compared,
        )


_AT = "(log, created, id) = (SELECT log, seq_num, hash FROM entries WHERE hash = ?)"
"""Finds the row of the instance with this id. The slot of its create may have another entry too."""

_to_json = json.JSONEncoder(sort_keys=True).encode


def _moved(standing: Standing) -> tuple[object, ...]:
    """How far an instance has come, as its row says it."""
    return standing.seq_num, standing.last_entry, _to_json(standing.set_at) if standing.set_at else None


def _table(number: int) -> str:
    return f"view_{number}"


@lru_cache(maxsize=64)
def _described(columns: tuple[Column, ...]) -> str:
    described = [(column.name, column.type, column.key is not None, column.indexed) for column in columns]
    return json.dumps([LAYOUT, *described])
