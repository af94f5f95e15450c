"""`panda_query`: the answer, from a view, with proof where it is asked for.

Of a schema without a view there is none: see `Registry.why_no_view`.
"""

import json
from collections.abc import Mapping

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

    Args:
        store: what is asked.
        query: what for, typed.
        view: the schema's.
        proof: whether each comes with its entries.
    """
    found: list[dict[str, Json]] = []
    given: set[Place] = set()
    size = 0
    count = Count()
    for row in view.table.select(query):
        entries = prove(store, row, view, given, count) if proof else None
        instance = to_json(row, view, entries)
        size += len(json.dumps(instance))
        if found and (size > MAX_ANSWER or count.size > MAX_READ):
            break
        found.append(instance)
        given.update(entries or ())
    return found


def to_json(row: InstanceRow, view: View, entries: Mapping[Place, EntryRow] | None) -> dict[str, Json]:
    """An instance as answers and notifications give it.

    Args:
        row: where it stands.
        view: the schema's.
        entries: its proof; None where none is asked for.
    """
    instance = {
        **view.table.fields(row.id, MAX_ANSWER),
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
