"""Making the view of a schema from the stored log, beside everything else that the node does.

The log is replayed in slices, author by author, log by log. Each slice is a work of its own among the
publishes (`node.groups`), which come between; what they bring goes into the new table too
(`changing.take_in`). Indexes are made when the table is full, which is much sooner than keeping them while it
fills; publishes wait for each of them, queries do not. The table takes its place in a transaction that finds
nothing left to do.

How far it has come is kept with each slice. So it does not matter who stops it, when, or how: nobody has seen
anything of it, and whoever begins again goes on from there.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Set

from panda_web.errors import PandaError
from panda_web.log import VerifiedEntry
from panda_web.messages.schema import Schema
from panda_web.node.groups import Groups
from panda_web.node.schemas import Registry
from panda_web.node.store import Store
from panda_web.node.store.view_tables import Reached
from panda_web.node.views import changing
from panda_web.node.views.view import View, begin, drop, in_place, is_in_place, unfinished

MOST_REPLAYED = 500
"""Entries in one slice."""

SLICE_SECONDS = 0.04
"""Others are kept waiting so long by a slice, and by one message more. Each slice waits for the disk once."""

START_SECONDS = 1.0
"""Before a node answers, it fills views for so long at most; the others are filled beside what it does."""

Progress = Callable[[int, int], object]
"""Told how many entries are replayed, and how many there are. That number grows with what comes meanwhile."""
ProgressOf = Callable[[Schema, int, int], object]
"""The same, told of which schema."""


class ViewDropped(PandaError):
    """The view was dropped while it was being built."""

    reason = "view-dropped"


class NotWanted(Exception):
    """The schema is not registered any more: building its view ends."""


class Builder:
    """Begins and ends the views of a node.

    Args:
        store: where logs and views are.
        write: the node's way to write.
    """

    def __init__(self, store: Store, write: Groups) -> None:
        self._store = store
        self._write = write
        self._of_now: set[str] = set()  # schemas whose views were seen not to be an earlier version's

    async def add(self, schema: Schema, progress: Progress | None = None) -> None:
        """Returns once queries of a schema are answered from its view, at once where they are already.

        Several may ask for the same view: they build it together.

        Args:
            schema: with its id.
            progress: called after each slice.

        Raises:
            ViewDropped: `drop` was called meanwhile.
            StoreFailed: the database did not obey. What was replayed before is kept.
            ValueError: the schema has no id.
        """
        if schema.id is None:
            raise ValueError("a schema that is not published has no view")
        schema_id = schema.id
        if not await self._write(lambda: self._begin(schema_id, schema)):
            return
        with self._store.snapshot():
            total = self._store.entries.count(schema_id)
        finished = False
        while not finished:
            done, finished = await self._write(lambda: self._slice(schema_id))
            total = max(total, done)
            if progress is not None:
                progress(total if finished else done, total)

    async def drop(self, schema_id: str) -> None:
        """Ends the view of a schema, if there is one. Its entries stay. Raises StoreFailed."""
        await self._write(lambda: drop(self._store, schema_id))

    async def keep(
        self, wanted: Callable[[], Mapping[str, Schema]], progress: ProgressOf | None = None
    ) -> None:
        """Makes the views that are wanted and not there, one after the other, and drops the others.

        Args:
            wanted: gives schemas by id, as of now; one that is not among them any more is not built further.
            progress: called after each slice.

        Raises:
            StoreFailed: the database did not obey.
        """
        with self._store.snapshot():
            others = self._store.views.schemas() - wanted().keys()
            there = self._store.views.in_place()
            self._of_now &= there
            missing = [schema for each, schema in wanted().items() if not self._is_there(schema, there)]
        for schema_id in others:
            await self.drop(schema_id)
        for schema in missing:

            def go_on(done: int, total: int, schema: Schema = schema) -> None:
                if progress is not None:
                    progress(schema, done, total)
                if schema.id not in wanted():
                    raise NotWanted

            with contextlib.suppress(NotWanted, ViewDropped):
                await self.add(schema, go_on)

    def _is_there(self, schema: Schema, there: Set[str]) -> bool:
        """Whether the view of a schema is in place. Those of all are asked for whenever one comes."""
        schema_id = str(schema.id)
        if schema_id in there and schema_id not in self._of_now and is_in_place(self._store, schema):
            self._of_now.add(schema_id)
        return schema_id in self._of_now

    def _begin(self, schema_id: str, schema: Schema) -> bool:
        """Makes the table, unless there is one already; gives whether there is anything to do."""
        if in_place(self._store, schema_id) is not None:
            return False
        if unfinished(self._store, schema_id) is None:
            begin(self._store, schema)
        return True

    def _slice(self, schema_id: str) -> tuple[int, bool]:
        """Replays some entries; gives how many they are by now, and whether the view is in place."""
        view = unfinished(self._store, schema_id)
        if view is None:
            if in_place(self._store, schema_id) is None:
                raise ViewDropped(
                    f"The view of schema {schema_id[:16]}… was dropped while it was being built."
                )
            return 0, True
        done, full = _fill(self._store, view, time.monotonic() + SLICE_SECONDS)
        if not full or self._store.views.index_later(view.table):
            return done, False
        self._store.views.put_in_place(view.table)
        return done, True


def start(store: Store, registry: Registry) -> None:
    """Registers what was defined before, and has the views in place that take no time; before anything else.

    Raises:
        StoreFailed: the database did not obey. What was so before still is.
    """

    def work() -> None:
        registry.take_in_held()
        at_once(store, registry, time.monotonic() + START_SECONDS)

    with store.snapshot():
        is_due = registry.is_due() or registry.started.keys() - store.views.schemas()
    if is_due:
        store.at_once(work)


def definition_came(store: Store, registry: Registry, verified: VerifiedEntry) -> None:
    """A definition is stored, in the transaction under way: its schema may start, and so may others."""
    if registry.take_in(verified.hash.hex(), verified.entry.author):
        at_once(store, registry, time.monotonic() + SLICE_SECONDS)


def at_once(store: Store, registry: Registry, until: float) -> None:
    """Makes the views that started schemas lack, in the transaction under way, as long as there is time.

    As a rule nothing is held of a schema that was defined just now, so its view is empty, and in place.
    """
    there = store.views.schemas()
    for schema_id, schema in registry.started_within().items():
        if schema_id in there:
            continue
        view = begin(store, schema)
        _, full = _fill(store, view, until)
        if not full:
            return
        store.views.index(view.table)
        store.views.put_in_place(view.table)


def _fill(store: Store, view: View, until: float) -> tuple[int, bool]:
    """Replays entries until a moment, `MOST_REPLAYED` at most.

    Gives how many are replayed by now, and whether these are all.
    """
    reached = store.views.reached(view.table)
    done = reached.done
    entries = store.entries.scan(str(view.schema.id), reached.author, reached.log_id, reached.seq_num)
    for log_row, entry in entries:
        changing.replay(store, view, log_row, entry)
        done += 1
        if done - reached.done == MOST_REPLAYED or time.monotonic() >= until:
            entries.close()
            store.views.reach(view.table, Reached(log_row.author, log_row.log_id, entry.seq_num, done))
            return done, False
    if done > reached.done:
        store.views.reach(view.table, Reached(log_row.author, log_row.log_id, entry.seq_num, done))
    return done, True
