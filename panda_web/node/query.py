"""`panda_query`: from params to a `Select`, and from rows to the answer, with proof where it is asked for.

Equality only: a filter maps a field, or `author` and `id`, to a value. Of a schema with a typed view in place
that is asked, and only its fields can be named; of others the untyped views are, where any name goes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from panda_web import messages
from panda_web.bamboo import path
from panda_web.messages import Field
from panda_web.messages.schema import InvalidFields, Schema, as_asked, instant
from panda_web.messages.schema.errors import FieldUnknown
from panda_web.messages.schema.rules import listed
from panda_web.node.store import Store
from panda_web.node.store.entries import EntryRow
from panda_web.node.store.select import InstanceRow, Select
from panda_web.node.views import SchemaView
from panda_web.rpc.query import read_cursor, read_filter, read_order, write_cursor
from panda_web.rpc.types import Json

MAX_ANSWER = 4 << 20
"""Bytes of fields and entries in one answer; it holds one instance at least. Go on behind its cursor."""

MAX_PROOF = 2 << 20
"""Bytes of payloads in the proof of one instance; one that needs more is given without, and not shown."""

_FEW = 8
"""Entries that are not worth looking into."""


def compile_query(
    schema: str,
    filter: Mapping[str, Json],
    order_by: Sequence[str],
    limit: int,
    after: str | None,
    definition: Schema | None = None,
) -> Select:
    """Holds a query's parts to the rules, and to the schema's definition, if it has a typed view in place.

    Raises:
        InvalidParams: a part that is none.
        FieldUnknown: a name that the schema does not have.
        TimestampMalformed, TimestampOutOfRange: a timestamp that is compared with what is none.
    """
    instance, author, equal = read_filter(filter)
    order = read_order(order_by)
    if definition is not None:
        equal = _checked_filter(definition, equal)
        order = _checked_order(definition, order)
    return Select(
        schema=schema,
        equal=equal,
        instance=instance,
        author=author,
        order=order,
        after=read_cursor(after, len(order)) if after is not None else None,
        limit=limit,
    )


def _checked_filter(schema: Schema, equal: Mapping[str, Field]) -> dict[str, Field]:
    """The filter with timestamps where the schema has some."""
    checked = dict(equal)
    for name, field in equal.items():
        _check_name(schema, name, "filter")
        if schema.by_name[name].type == "timestamp" and field.type == "str":
            checked[name] = Field("str", as_asked(str(field.value)))
            try:
                instant(str(checked[name].value))
            except InvalidFields as error:
                raise type(error)(f"The filter for {name!r}: {error}", field=name, param="filter") from None
    return checked


def _checked_order(schema: Schema, order: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """The order up to `id`, which breaks all ties: nothing behind it matters, nor does it itself."""
    kept = []
    for name, descending in order:
        if name == "id" and not descending:
            break
        _check_name(schema, name, "orderBy")
        kept.append((name, descending))
    return kept


def _check_name(schema: Schema, name: str, param: str) -> None:
    if name not in schema.by_name:
        raise FieldUnknown(
            f"The param {param} names {name[:70]!r}, and the schema {schema.name!r} has no such field. "
            f"It has {listed(schema.by_name)}.",
            field=name[:70],
            param=param,
        )


def answer(
    store: Store, select: Select, view: SchemaView | None = None, *, proof: bool
) -> list[dict[str, Json]]:
    """The instances that match, at most as many as fit into `MAX_ANSWER`.

    Args:
        store: what is asked.
        select: what for.
        view: the schema's typed view; None for the untyped ones.
        proof: whether each comes with its entries.
    """
    instances = store.views if view is None else view.table
    found: list[dict[str, Json]] = []
    given: set[bytes] = set()
    size = 0
    for row in instances.select(select):
        instance = {
            **instances.fields(row.id),
            "id": row.id.hex(),
            "_meta": {
                "author": row.author.hex(),
                "logId": row.log_id,
                "seqNum": row.seq_num,
                "edited": row.edited,
                "lastEntry": row.last_entry.hex(),
                "cursor": write_cursor(row.order, row.id.hex()),
            },
        }
        entries = _proof(store, row, view, given) if proof else []
        if proof:
            instance["_entries"] = [_entry_json(entry) for entry in entries]
        size += len(json.dumps(instance))
        if found and size > MAX_ANSWER:
            break
        found.append(instance)
        given.update(entry.hash for entry in entries)
    return found


def _proof(store: Store, row: InstanceRow, view: SchemaView | None, given: set[bytes]) -> list[EntryRow]:
    """The instance's entries, and those that link them to entry 1 where the answer has not given them yet.

    What serves as a link only goes without its payload. Shortest paths share their ends, so a path that
    meets an entry given before is complete. Empty where the instance alone would fill an answer.
    """
    entries = store.entries.of_instance_in(row.log_key, row.id)
    own = _deciding(entries if view is None else (entry for entry, _ in view.counting(entries)))
    if own is None:
        return []
    proof = {entry.hash: entry for entry in own}
    for entry in own:
        for seq_num in path(entry.seq_num, 1):
            link = entry if seq_num == entry.seq_num else store.entries.at(row.log_key, seq_num)
            if link is None:
                raise LookupError(f"entry {seq_num} of a log is missing in the store")
            if link is not entry and (link.hash in given or link.hash in proof):
                break
            proof.setdefault(link.hash, replace(link, payload=None))
    return list(proof.values())


def _deciding(entries: Iterable[EntryRow]) -> list[EntryRow] | None:
    """The create, and the updates of which a value still stands; None where they are too much for a proof.

    An instance that is updated for ever would else make every answer that it is in larger, for everybody.
    """
    every = list(entries)
    if len(every) > _FEW:
        decided: set[str] = set()
        deciding = []
        for entry in reversed(every[1:]):
            names = messages.decode(entry.payload or b"").fields.keys()
            if not names <= decided:
                decided |= names
                deciding.append(entry)
        every = [every[0], *reversed(deciding)]
    return every if sum(len(entry.payload or b"") for entry in every) <= MAX_PROOF else None


def _entry_json(row: EntryRow) -> dict[str, Json]:
    return {
        "entryBytes": row.entry.hex(),
        "payloadBytes": row.payload.hex() if row.payload is not None else None,
    }
