"""What a message changes in the views of its schema, in the transaction that stores it or replays it."""

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import cast

from panda_web.log import VerifiedEntry
from panda_web.messages import Message, Placed, reduce
from panda_web.messages.instance import change
from panda_web.node.store import Store
from panda_web.node.store.earlier import MAX_OF_ONE, Was
from panda_web.node.store.entries import EntryRow, LogRow
from panda_web.node.store.view_tables import ViewTable
from panda_web.node.views.view import View, all_of, in_place


def remember(store: Store, log_row: LogRow, entry: bytes, instance: bytes, *, ends: bool) -> None:
    """Keeps for who follows what an instance is, before an entry of a log changes that.

    Args:
        store: where it is.
        log_row: the entry's log.
        entry: its hash.
        instance: that it is about.
        ends: whether it deletes the instance.
    """
    followed = store.earlier.followed
    for schema in followed.keys() & store.entries.schemas_of(log_row.key) if followed else ():
        view = in_place(store, schema)
        if view is None:
            continue
        fields = view.table.typed_fields(instance, MAX_OF_ONE)
        if fields:
            was = Was(instance.hex(), log_row.author.hex(), fields)
            store.earlier.keep(schema, instance, entry, was, ends=ends)
        elif view.table.standing(instance, log_row.key) is None:
            store.earlier.keep(schema, instance, entry, None, ends=ends)
        # Else it is too large, and whoever follows is told without this.


def take_in(
    store: Store,
    log_row: LogRow,
    verified: VerifiedEntry,
    message: Message,
    *,
    alone: bool = False,
    accepted: bool = False,
) -> None:
    """Brings the views of a message's schema up to date with it, and what cascades.

    Args:
        store: where the entry is stored already.
        log_row: its log.
        verified: the entry.
        message: what it says.
        alone: whether nothing else that is held of the log can be about its instance.
        accepted: whether it is known to be valid under its schema; else that is looked at.
    """
    instance = bytes.fromhex(message.id) if message.id is not None else verified.hash
    came = Placed(log_row.key, verified.entry.seq_num, verified.hash, message)
    for view in all_of(store, message.schema):
        if accepted or view.accepts(message):
            held: Callable[[], Iterable[Placed]] = partial(iter, (came,))
            if not alone:
                entries = store.entries.of_instance_in(log_row.key, instance)
                held = partial(_held, view, log_row.key, entries)
            _apply(store, view, log_row.key, instance, came, held)


def ended(store: Store, log_row: LogRow, instance: bytes) -> None:
    """An instance of a log is deleted; so are its payloads. What leads to it is hidden."""
    for view in _of_log(store, log_row):
        view.table.end(instance, log_row.key)
    store.cascades.ended(instance)


def gone(store: Store, log_row: LogRow, instance: bytes) -> None:
    """An instance of a log is not shown any more though nobody deleted it: it is dropped, or does not count.

    It hides nobody, so what leads to it stays.
    """
    for view in list(_of_log(store, log_row)):
        if view.cascading and view.table.standing(instance, log_row.key) is not None:
            store.cascades.lost(instance)
        view.table.end(instance, log_row.key)


PAGE = 200
"""Entries of an instance that are put into a view together: some ms."""


def out(store: Store, log_row: LogRow, instance: bytes) -> None:
    """An instance of a log is not shown until it is made anew; what it hides meanwhile stays hidden."""
    for view in _of_log(store, log_row):
        view.table.end(instance, log_row.key)


def anew(store: Store, log_row: LogRow, instance: bytes, number: int) -> Generator[None, None, None]:
    """Makes an instance anew that is out of the views, of what counts; yields where others may come.

    Of many entries those that came first make it what it is until the next ones are looked at.

    Args:
        store: where.
        log_row: the log of its create.
        instance: its id.
        number: of its create.
    """
    entries, log_key = store.entries, log_row.key
    create = entries.came_of_instance_in(log_key, instance, number - 1, 1).get(number)
    if create is None:
        store.cascades.lost(instance)
        return
    came, behind = {number: create}, 0
    while more := entries.came_of_instance_in(log_key, instance, behind, PAGE):
        behind = max(more)
        came |= more
        rows = sorted(came.values(), key=lambda row: row.seq_num)
        for view in list(_of_log(store, log_row)):
            placed = [*_held(view, log_key, rows)]
            creates = [each for each in placed if each.message.action == "create"]
            for each in creates if number in came else placed:
                _apply(store, view, log_key, instance, each, partial(iter, placed))
        came = {}
        yield


def _of_log(store: Store, log_row: LogRow) -> Iterator[View]:
    for schema in store.entries.schemas_of(log_row.key):
        yield from all_of(store, schema)


def replay(store: Store, view: View, log_row: LogRow, entry: EntryRow) -> None:
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


def _held(view: View, log_key: int, entries: Iterable[EntryRow]) -> Iterator[Placed]:
    return (Placed(log_key, entry.seq_num, entry.hash, message) for entry, message in view.counting(entries))


def _apply(
    store: Store,
    view: View,
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
    view: ViewTable, log_key: int, instance: bytes, came: Placed, held: Callable[[], Iterable[Placed]]
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


def _targets(view: View, values: dict[str, object]) -> Iterator[bytes]:
    for name in view.cascading:
        value = values.get(name)
        for target in value if isinstance(value, list) else () if value is None else (value,):
            yield bytes.fromhex(cast("str", target))
