"""What changes of the store's feed mean for the instances of a schema, as it is now. Reads only.

A change says that something happened, and not what: the instance is looked up. So of an instance that changed
many times one state is told, the last one.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from panda_web.messages import Field
from panda_web.node.answer import instances
from panda_web.node.answer.proof import Count, prove
from panda_web.node.store import Store
from panda_web.node.store.changes import Change, Cursor
from panda_web.node.store.compiling import InstanceRow
from panda_web.node.store.earlier import Cause, Was
from panda_web.node.views import View
from panda_web.query import Compare, Query
from panda_web.rpc.types import Json

PAGE = 100
"""Changes that are looked at together."""

MAX_LOOK = 1 << 20
"""Bytes of fields that are looked at together; of one instance there may be more."""

MAX_TOLD = 256 << 10
"""Bytes of a notification, as it is in JSON; one instance may have more."""


@dataclass(frozen=True, slots=True)
class Touched:
    """An instance that a change is about.

    Attributes:
        id: of the instance.
        log_key: of the log in which something happened.
        end: the number of the change.
        new: whether it was created by this, so that nobody knows of it yet.
        causes: the entries that may have changed it.
        hidden: whether it is, or was, hidden by others; then it was what it is now.
        recounted: whether it may count again, or no longer, for what is proven and voted; what it was before,
            nobody keeps.
    """

    id: bytes
    log_key: int
    end: int
    new: bool = False
    causes: tuple[Cause, ...] = ()
    hidden: bool = False
    recounted: bool = False

    def __add__(self, other: "Touched") -> "Touched":
        """Both changes of one instance: somebody may have seen it in between."""
        return replace(
            self,
            new=self.new and other.new,
            causes=self.causes + other.causes,
            hidden=self.hidden or other.hidden,
            recounted=self.recounted or other.recounted,
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """An instance as it is now: see `query.matching.Queried`.

    Attributes:
        touched: why it was looked up.
        row: where it stands; None where it is not shown.
        fields: that have a value.
        hides: what it is where it is hidden.
    """

    touched: Touched
    row: InstanceRow | None
    fields: Mapping[str, Field] = field(default_factory=dict)
    hides: Was | None = None

    @property
    def id(self) -> str:
        """132 hex digits."""
        return self.touched.id.hex()

    @property
    def author(self) -> str:
        """64 hex digits."""
        return self.row.author.hex() if self.row is not None else ""


@dataclass(frozen=True, slots=True)
class Page:
    """Changes that were read together.

    Attributes:
        by_schema: the instances that they are about, in order; an instance of an odd log may be in several.
        end: the place behind them.
        more: whether there are more behind it.
        reset: whether the place that they were to begin at is none of this store, or too far back.
    """

    by_schema: Mapping[str, Sequence[Touched]]
    end: Cursor
    more: bool = False
    reset: bool = False


def page(store: Store, begin: Cursor, wanted: Callable[[str], bool], most_behind: int) -> Page:
    """The first changes behind a place that are about schemas that somebody wants to know of.

    Args:
        store: whose feed it is.
        begin: the place.
        wanted: whether a schema's instances are asked for.
        most_behind: how many changes may lie behind it.
    """
    now = store.feed.now()
    if now.number - begin.number > most_behind:
        return Page({}, now, reset=True)
    found = store.feed.since(begin, PAGE)
    if found.reset:
        return Page({}, found.cursor, reset=True)
    schemas: dict[int, list[str]] = {}
    by_schema: dict[str, dict[bytes, Touched]] = {}
    for change in found.changes:
        if change.log_key not in schemas:
            schemas[change.log_key] = [*filter(wanted, store.entries.schemas_of(change.log_key))]
        touched = _touched(change) if schemas[change.log_key] else None
        if touched is None:
            continue
        for schema in schemas[change.log_key]:
            instances_of = by_schema.setdefault(schema, {})
            known = instances_of.get(touched.id)
            instances_of[touched.id] = touched if known is None else known + touched
    return Page(
        {schema: tuple(each.values()) for schema, each in by_schema.items()},
        found.cursor,
        more=found.cursor.number < now.number,
    )


def _touched(change: Change) -> Touched | None:
    """The instance that a change is about; None for a proof, behind which follows what counts no more."""
    if not change.instance or change.kind == "proof":
        return None
    touched = Touched(change.instance, change.log_key, change.number)
    match change.kind:
        case "counted":
            return replace(touched, recounted=True)
        case "shown" | "hidden":
            return replace(touched, hidden=True)
        case "entry" if change.entry == change.instance:
            return replace(touched, new=True)
        case kind:
            return replace(touched, causes=(Cause(change.entry, kind == "payload"),))


def look(view: View, touched: Iterable[Touched]) -> list[Seen]:
    """The instances, as they are now, as many as fit into `MAX_LOOK`; one at least."""
    found: list[Seen] = []
    size = 0
    for each in touched:
        seen = _look(view, each)
        size += sum(len(str(field.value)) for field in seen.fields.values())
        if found and size > MAX_LOOK:
            break
        found.append(seen)
    return found


def _look(view: View, touched: Touched) -> Seen:
    row = _row(view, touched.id)
    if row is None:
        hidden = view.table.as_it_is(touched.id, instances.MAX_ANSWER) if touched.hidden else None
        was = Was(touched.id.hex(), hidden[0].hex(), hidden[1]) if hidden is not None else None
        return Seen(touched, None, hides=was)
    return Seen(touched, row, view.table.typed_fields(touched.id, instances.MAX_ANSWER))


def _row(view: View, instance: bytes) -> InstanceRow | None:
    which = Compare("id", Field("str", instance.hex()))
    rows = view.table.select(Query(str(view.schema.id), which, limit=1))
    return rows[0] if rows else None


def told(
    store: Store, view: View, seen: Seen, select: Collection[str] | None = None, *, proof: bool
) -> dict[str, Json] | None:
    """What is said of an instance that is shown and asked for; None where it changed since it was looked at.

    Then another change says so.
    """
    row = _row(view, seen.touched.id)
    if row is None or seen.row is None or row.last_entry != seen.row.last_entry:
        return None
    entries = prove(store, row, view, frozenset(), Count()) if proof else None
    return {"id": seen.id, "instance": instances.to_json(row, view, entries, select)}


def gone(store: Store, seen: Seen, *, proof: bool) -> dict[str, Json]:
    """The same of one that is not shown, or not asked for; with the entry that deletes it, if one does."""
    said: dict[str, Json] = {"id": seen.id, "instance": None}
    if proof and seen.row is None:
        entry = store.entries.delete_of(seen.touched.id, seen.touched.log_key)
        if entry is not None:
            said["_entries"] = [instances.entry_json(entry)]
    return said
