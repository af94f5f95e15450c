"""`panda_query`: the answer, from a view, with proof where it is asked for.

Of a schema without a view there is none: see `Registry.why_no_view`.
"""

import json
from collections.abc import Collection, Mapping

from panda_web.node.answer.including import Followed, Full, branches
from panda_web.node.answer.proof import Count, Place, prove
from panda_web.node.store import Store
from panda_web.node.store.compiling import InstanceRow
from panda_web.node.store.entries import EntryRow
from panda_web.node.views import View
from panda_web.query import Cursor, Query, write_cursor
from panda_web.rpc.types import Json

MAX_ANSWER = 4 << 20
"""Bytes of fields and entries in one answer; it holds one instance at least. Go on behind its cursor."""

MAX_READ = 16 << 20
"""Bytes of entries and payloads that are read for the proofs in one answer, likewise."""


def answer(store: Store, query: Query, view: View, *, proof: bool) -> list[dict[str, Json]]:
    """The instances that match, at most as many as fit into `MAX_ANSWER`, and are found within `MAX_READ`.

    The first one comes in any case, with as much of what it leads to as fits: else its `_meta.cut` is true.

    Args:
        store: what is asked.
        query: what for, typed.
        view: the schema's.
        proof: whether each comes with its entries.

    Raises:
        FieldUnknown, NotARelation: a path of `include` goes on along what is no relation.
    """
    giving = _Giving(store, proof=proof)
    followed = Followed(branches(store, view, query.include), giving.included) if query.include else None
    found: list[dict[str, Json]] = []
    for row in view.table.select(query):
        fields = view.table.fields(row.id, MAX_ANSWER)
        instance = giving.instance(view, row, _chosen(fields, query.select))
        if followed is not None and not (found and giving.is_full):
            included = instance["_included"] = {}
            try:
                followed.include(fields, included)
            except Full:
                if found:
                    break
                instance["_meta"]["cut"] = True
        if found and giving.is_full:
            break
        found.append(instance)
    return found


class _Giving:
    """Makes what is given of instances, and counts it."""

    def __init__(self, store: Store, *, proof: bool) -> None:
        self._store = store
        self._proof = proof
        self._given: set[Place] = set()
        self._size = 0
        self._count = Count()

    @property
    def is_full(self) -> bool:
        """Whether it is more than an answer may hold."""
        return self._size > MAX_ANSWER or self._count.size > MAX_READ

    def instance(self, view: View, row: InstanceRow, fields: Mapping[str, Json]) -> dict[str, Json]:
        """An instance with these of its fields."""
        entries = prove(self._store, row, view, self._given, self._count) if self._proof else None
        instance = _json(row, fields, entries)
        self._given.update(entries or ())
        self._size += len(json.dumps(instance))
        return instance

    def included(self, view: View, row: InstanceRow) -> dict[str, Json]:
        """One that others lead to. Raises Full."""
        if self.is_full:
            raise Full
        instance = self.instance(view, row, view.table.fields(row.id, MAX_ANSWER))
        del instance["_meta"]["cursor"]
        instance["_meta"]["schema"] = view.schema.id
        return instance


def to_json(
    row: InstanceRow,
    view: View,
    entries: Mapping[Place, EntryRow] | None,
    select: Collection[str] | None = None,
) -> dict[str, Json]:
    """An instance as answers and notifications give it.

    Args:
        row: where it stands.
        view: the schema's.
        entries: its proof; None where none is asked for.
        select: the fields that are given; None for all.
    """
    return _json(row, _chosen(view.table.fields(row.id, MAX_ANSWER), select), entries)


def _chosen(fields: dict[str, Json], select: Collection[str] | None) -> dict[str, Json]:
    return fields if select is None else {name: fields[name] for name in fields if name in select}


def _json(
    row: InstanceRow, fields: Mapping[str, Json], entries: Mapping[Place, EntryRow] | None
) -> dict[str, Json]:
    instance = {
        **fields,
        "id": row.id.hex(),
        "_meta": {
            "author": row.author.hex(),
            "logId": row.log_id,
            "seqNum": row.seq_num,
            "edited": row.edited,
            "lastEntry": row.last_entry.hex(),
            "cursor": write_cursor(Cursor(row.order, row.id.hex())),
        },
    }
    if entries is not None:
        instance["_entries"] = [entry_json(entry) for entry in entries.values()]
    return instance


def entry_json(row: EntryRow) -> dict[str, Json]:
    """An entry in a proof."""
    return {
        "entryBytes": row.entry.hex(),
        "payloadBytes": row.payload.hex() if row.payload is not None else None,
    }
