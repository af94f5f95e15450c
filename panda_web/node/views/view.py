"""What a view is: a schema, what counts under it, and its table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from panda_web.messages import InvalidMessage, Message, decode
from panda_web.messages.schema import (
    DEFINITION,
    InvalidFields,
    InvalidSchema,
    Schema,
    instant,
    read_definition,
    write_definition,
)
from panda_web.node.store import Store
from panda_web.node.store.entries import EntryRow
from panda_web.node.store.view_tables import Column, ViewRow, ViewTable
from panda_web.query import By, compared_by


@dataclass(frozen=True, slots=True)
class View:
    """A schema and its view.

    Attributes:
        schema: with its id.
        table: the instances.
        cascading: the relations by which they are hidden with others.
    """

    schema: Schema
    table: ViewTable
    cascading: frozenset[str]

    def accepts(self, message: Message) -> bool:
        """Whether a message counts."""
        if message.schema != self.schema.id:
            return False
        if message.action == "delete":
            return True
        try:
            if self.schema.id == DEFINITION.id:
                read_definition(message)
            else:
                self.schema.check(message.fields, message.action)
        except (InvalidFields, InvalidMessage, InvalidSchema):
            return False
        return True

    def counting(self, entries: Iterable[EntryRow]) -> Iterator[tuple[EntryRow, Message]]:
        """Those of the entries that count and whose payload is held, with their messages."""
        for entry in entries:
            message = message_of(entry)
            if message is not None and self.accepts(message):
                yield entry, message


def message_of(entry: EntryRow) -> Message | None:
    """What an entry says; None where its payload is gone, or was taken in by rules that held it for one."""
    try:
        return decode(entry.payload) if entry.payload is not None else None
    except InvalidMessage:
        return None


def columns_of(schema: Schema) -> tuple[Column, ...]:
    """What a view keeps of each field. Timestamps are compared as instants; long values have no index."""
    return tuple(
        Column(
            each.name,
            each.message_type,
            key=instant if compared_by(each) is By.INSTANT else None,
            indexed=compared_by(each) is not By.BEGINNING,
        )
        for each in schema.fields
    )


def in_place(store: Store, schema_id: str) -> View | None:
    """The view that queries of a schema are answered from; None where none is in place."""
    return next((view for row, view in _each(store, schema_id) if row.current), None)


def is_in_place(store: Store, schema: Schema) -> bool:
    """Whether there is one. A schema that is known already need not be read from its definition."""
    rows = [row for row in store.views.of_schema(str(schema.id)) if row.current]
    return any(store.views.open(row, columns_of(schema)) is not None for row in rows)


def unfinished(store: Store, schema_id: str) -> View | None:
    """The view of a schema that is being filled; None where none is."""
    return next((view for row, view in _each(store, schema_id) if not row.current), None)


def begin(store: Store, schema: Schema) -> View:
    """An empty view of a schema that has an id, to be filled."""
    definition = write_definition(schema).encode()
    table = store.views.begin(str(schema.id), columns_of(schema), definition)
    return View(schema, table, _cascading(schema))


def all_of(store: Store, schema_id: str) -> Iterator[View]:
    """The views of a schema: the one in place, and the one that is being filled."""
    return (view for _, view in _each(store, schema_id))


def _each(store: Store, schema_id: str) -> Iterator[tuple[ViewRow, View]]:
    for row in store.views.of_schema(schema_id):
        schema, columns = _read(row.definition, schema_id)
        table = store.views.open(row, columns)
        if table is not None:  # else an earlier version made it, and it is to be made anew
            yield row, View(schema, table, _cascading(schema))


@lru_cache(maxsize=64)
def _read(definition: bytes, schema_id: str) -> tuple[Schema, tuple[Column, ...]]:
    schema = read_definition(decode(definition), schema_id)
    return schema, columns_of(schema)


@lru_cache(maxsize=64)
def _cascading(schema: Schema) -> frozenset[str]:
    return frozenset(each.name for each in schema.fields if each.cascade)


def drop(store: Store, schema_id: str) -> None:
    """There is no view of this schema any more, finished or not. Its entries stay."""
    for row in store.views.of_schema(schema_id):
        schema, _ = _read(row.definition, schema_id)
        if _cascading(schema):
            store.cascades.forget(row.table)
    store.views.drop(schema_id)
