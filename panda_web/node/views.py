"""The typed view of a schema: what is in it, kept so in the transaction that stores a message.

A view is a function of what is held, not of the order in which it came:

- Only what its schema accepts counts. A create that it refuses makes no instance, whatever follows; an update
  that it refuses is passed over as if it had never come; deletes have nothing to be refused for. Nodes that
  take in other people's logs hold such messages, as do those that knew the schema later than its messages.
- What counts of an instance, in the log of its create, makes it what it is: `messages.instance`.
- Relations that cascade hide it: `node.store.cascades`.

Nothing is remembered here. Which views there are, finished and not, the database says, within the transaction
that asks; so no message is missed by a view, whoever began it, and when.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import cast

from panda_web.log import VerifiedEntry
from panda_web.messages import InvalidMessage, Message, Placed, decode, reduce
from panda_web.messages.instance import change
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
from panda_web.node.store.entries import EntryRow, LogRow
from panda_web.node.store.typed import Column, Kept, TypedView
from panda_web.query import By, compared_by


@dataclass(frozen=True, slots=True)
class SchemaView:
    """A schema and its view.

    Attributes:
        schema: with its id.
        table: the instances.
        cascading: the relations by which they are hidden with others.
    """

    schema: Schema
    table: TypedView
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


def in_place(store: Store, schema_id: str) -> SchemaView | None:
    """The view that queries of a schema are answered from; None where none is in place."""
    return next(_views(store, schema_id, lambda kept: kept.current), None)


def unfinished(store: Store, schema_id: str) -> SchemaView | None:
    """The view of a schema that is being filled; None where none is."""
    return next(_views(store, schema_id, lambda kept: not kept.current), None)


def begin(store: Store, schema: Schema) -> SchemaView:
    """An empty view of a schema that has an id, to be filled."""
    definition = write_definition(schema).encode()
    table = store.typed.begin(str(schema.id), columns_of(schema), definition)
    return SchemaView(schema, table, _cascading(schema))


def _views(store: Store, schema_id: str, which: Callable[[Kept], bool]) -> Iterator[SchemaView]:
    for kept in store.typed.of_schema(schema_id):
        if which(kept):
            schema, columns = _read(kept.definition, schema_id)
            table = store.typed.open(kept, columns)
            if table is not None:  # else an earlier version made it, and it is to be made anew
                yield SchemaView(schema, table, _cascading(schema))


@lru_cache(maxsize=64)
def _read(definition: bytes, schema_id: str) -> tuple[Schema, tuple[Column, ...]]:
    schema = read_definition(decode(definition), schema_id)
    return schema, columns_of(schema)


@lru_cache(maxsize=64)
def _cascading(schema: Schema) -> frozenset[str]:
    return frozenset(each.name for each in schema.fields if each.cascade)


def take_in(store: Store, log_row: LogRow, verified: VerifiedEntry, message: Message) -> None:
    """Brings the views of a message's schema up to date with it, and what cascades. Stored it is already."""
    instance = bytes.fromhex(message.id) if message.id is not None else verified.hash
    came = Placed(log_row.key, verified.entry.seq_num, verified.hash, message)
    for view in _views(store, message.schema, lambda _: True):
        if view.accepts(message):
            entries = store.entries.of_instance_in(log_row.key, instance)
            _apply(store, view, log_row.key, instance, came, partial(_held, view, log_row.key, entries))


def ended(store: Store, log_row: LogRow, instance: bytes) -> None:
    """An instance of a log is deleted; so are its payloads. What leads to it is hidden."""
    for view in _of_log(store, log_row):
        view.table.end(instance, log_row.key)
    store.cascades.ended(instance)


def refresh(store: Store, log_row: LogRow, instance: bytes) -> None:
    """Makes an instance of a log anew out of what still counts of it."""
    for view in _of_log(store, log_row):
        entries = list(store.entries.of_instance_in(log_row.key, instance))
        view.table.end(instance, log_row.key)
        held = list(_held(view, log_row.key, entries))
        create = next((each for each in held if each.message.action == "create"), None)
        if create is not None:
            _apply(store, view, log_row.key, instance, create, partial(iter, held))
        elif view.cascading:
            store.cascades.point(instance, frozenset())


def _of_log(store: Store, log_row: LogRow) -> Iterator[SchemaView]:
    for schema in store.entries.schemas_of(log_row.key):
        yield from _views(store, schema, lambda _: True)


def replay(store: Store, view: SchemaView, log_row: LogRow, entry: EntryRow) -> None:
    """Puts an entry into a view that is being filled: those of a log in order, one or more times."""
    for _, message in view.counting((entry,)):
        came = Placed(log_row.key, entry.seq_num, entry.hash, message)
        # What stands behind a create in its log is replayed too, so none of it is needed here; but where it
        # leads hides others at once, and must not be where it once led.
        held = partial(iter, (came,))
        if view.cascading and message.action == "create":
            held = partial(
                _held, view, log_row.key, store.entries.of_instance_in(log_row.key, entry.instance)
            )
        _apply(store, view, log_row.key, entry.instance, came, held)


def drop(store: Store, schema_id: str) -> None:
    """There is no view of this schema any more, finished or not. Its entries stay."""
    for kept in store.typed.of_schema(schema_id):
        schema, _ = _read(kept.definition, schema_id)
        if _cascading(schema):
            store.cascades.forget(kept.table)
    store.typed.drop(schema_id)


def _held(view: SchemaView, log_key: int, entries: Iterable[EntryRow]) -> Iterator[Placed]:
    return (Placed(log_key, entry.seq_num, entry.hash, message) for entry, message in view.counting(entries))


def _apply(
    store: Store,
    view: SchemaView,
    log_key: int,
    instance: bytes,
    came: Placed,
    held: Callable[[], Iterable[Placed]],
) -> None:
    """Changes a view's table by one message, and hides or shows what that leads to."""
    update(view.table, log_key, instance, came, held)
    action = came.message.action
    names = view.cascading if action == "create" else view.cascading.intersection(came.message.fields)
    # Without a row it has ended, or has no create yet.
    if names and view.table.standing(instance, log_key) is not None:
        store.cascades.point(instance, frozenset(_targets(view, view.table.fields(instance))))
        if action == "create" and store.cascades.is_hidden(instance):
            view.table.hide(instance, hidden=True)


def update(
    view: TypedView, log_key: int, instance: bytes, came: Placed, held: Callable[[], Iterable[Placed]]
) -> None:
    """Brings a view's table up to date with a message, whichever of the instance's others came before it.

    Args:
        view: of the message's schema.
        log_key: of the message's log: those of other logs change nothing.
        instance: that it is about.
        came: the message; valid under its schema.
        held: gives all that counts and is held of the instance in this log, the message included. Asked
            for creates only, whose updates may have come before them.
    """
    match came.message.action:
        case "create":
            whole = reduce(held())
            if whole is not None and not whole.deleted:
                view.put(instance, log_key, (whole.standing, whole.fields))
        case "update":
            standing = view.standing(instance, log_key)
            if standing is not None:
                view.change(log_key, change(standing, came))
        case "delete":
            view.end(instance, log_key)


def _targets(view: SchemaView, values: dict[str, object]) -> Iterator[bytes]:
    for name in view.cascading:
        value = values.get(name)
        for target in value if isinstance(value, list) else () if value is None else (value,):
            yield bytes.fromhex(cast("str", target))
