"""`panda_query`: from params to a `Select`, and from rows to the answer, with proof where it is asked for.

Equality only, until schemas have definitions: a filter maps a field, or `author` and `id`, to a value.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from panda_web import messages
from panda_web.bamboo import path
from panda_web.node.store import Store
from panda_web.node.store.entries import EntryRow
from panda_web.node.store.select import InstanceRow, Select
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
) -> Select:
    """Holds a query's parts to the rules. Raises InvalidParams."""
    instance, author, equal = read_filter(filter)
    order = read_order(order_by)
    return Select(
        schema=schema,
        equal=equal,
        instance=instance,
        author=author,
        order=order,
        after=read_cursor(after, len(order)) if after is not None else None,
        limit=limit,
    )


def answer(store: Store, select: Select, *, proof: bool) -> list[dict[str, Json]]:
    """The instances that match, at most as many as fit into `MAX_ANSWER`."""
    found: list[dict[str, Json]] = []
    given: set[bytes] = set()
    size = 0
    for row in store.views.select(select):
        instance = {
            **store.views.fields(row.id),
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
        entries = _proof(store, row, given) if proof else []
        if proof:
            instance["_entries"] = [_entry_json(entry) for entry in entries]
        size += len(json.dumps(instance))
        if found and size > MAX_ANSWER:
            break
        found.append(instance)
        given.update(entry.hash for entry in entries)
    return found


def _proof(store: Store, row: InstanceRow, given: set[bytes]) -> list[EntryRow]:
    """The instance's entries, and those that link them to entry 1 where the answer has not given them yet.

    What serves as a link only goes without its payload. Shortest paths share their ends, so a path that
    meets an entry given before is complete. Empty where the instance alone would fill an answer.
    """
    own = _deciding(store.entries.of_instance(row.id))
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
