"""`panda_query`: from params to a `Select`, and from rows to the answer, with proof where it is asked for.

Equality only: a filter maps a field, or `author` and `id`, to a value. Of a schema with a typed view in place
that is asked, and only its fields can be named; of others the untyped views are, where any name goes.
"""

import json
from collections.abc import Mapping, Sequence

from panda_web.messages import Field
from panda_web.messages.schema import InvalidFields, Schema, as_asked, instant
from panda_web.messages.schema.errors import FieldUnknown
from panda_web.messages.schema.rules import listed
from panda_web.node.proof import Count, Place, prove
from panda_web.node.store import Store
from panda_web.node.store.entries import EntryRow
from panda_web.node.store.select import Select
from panda_web.node.views import SchemaView
from panda_web.rpc.query import read_cursor, read_filter, read_order, write_cursor
from panda_web.rpc.types import Json

MAX_ANSWER = 4 << 20
"""Bytes of fields and entries in one answer; it holds one instance at least. Go on behind its cursor."""

MAX_READ = 16 << 20
"""Bytes of entries and payloads that are read for the proofs in one answer, likewise."""


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
    """The instances that match, at most as many as fit into `MAX_ANSWER`, and are found within `MAX_READ`.

    Args:
        store: what is asked.
        select: what for.
        view: the schema's typed view; None for the untyped ones.
        proof: whether each comes with its entries.
    """
    instances = store.views if view is None else view.table
    found: list[dict[str, Json]] = []
    given: set[Place] = set()
    size = 0
    count = Count()
    for row in instances.select(select):
        instance = {
            **instances.fields(row.id, MAX_ANSWER),
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
        entries = prove(store, row, view, given, count) if proof else {}
        if proof:
            instance["_entries"] = [_entry_json(entry) for entry in entries.values()]
        size += len(json.dumps(instance))
        if found and (size > MAX_ANSWER or count.size > MAX_READ):
            break
        found.append(instance)
        given.update(entries)
    return found


def _entry_json(row: EntryRow) -> dict[str, Json]:
    return {
        "entryBytes": row.entry.hex(),
        "payloadBytes": row.payload.hex() if row.payload is not None else None,
    }
