"""`panda_queryEntries`: all entries of a schema that an old client can replay, in an order in which it can.

Left out: entries whose payload is gone, what is about an instance that no create in the same log made, and
types that p2panda-js 0.2.1 does not know: one such row would make its whole query fail. Of a schema with a
view, also what does not count there, and what is hidden. There are no pages, so there is a bound, on
what is left out too.
"""

from panda_web import log
from panda_web.bamboo import Entry
from panda_web.messages import BASIC_TYPES
from panda_web.node import views
from panda_web.node.store import Store
from panda_web.node.store.entries import EntryRow
from panda_web.node.views import View
from panda_web.rpc.errors import AnswerTooLarge
from panda_web.rpc.types import Json

MAX_ANSWER = 8 << 20
"""Bytes of entries and payloads in an answer, which has no pages; hex doubles it."""

MAX_READ = 24 << 20
"""Bytes of entries and payloads that are looked through for it."""

MOST_READ = 25_000
"""Entries in the logs of a schema that is looked through at all."""


def answer(store: Store, schema: str, *, everything: bool = False) -> list[Json]:
    """The entries.

    Args:
        store: what is asked.
        schema: of the entries.
        everything: for who evaluates them as we do: types that old clients do not know too, deletes of what
            may be held elsewhere, and what is left out otherwise without its payload, since it links the
            others to entry 1.

    Raises:
        AnswerTooLarge: there are too many, or too many to look through.
    """
    if store.entries.are_more(schema, MOST_READ):
        raise _too_much()
    found: list[Json] = []
    read = given = 0
    created: dict[bytes, tuple[bytes, int]] = {}
    view = views.in_place(store, schema)
    for row in store.entries.of_schema(schema, everything=everything):
        size = len(row.entry) + len(row.payload or b"")
        read += size
        if read > MAX_READ:
            raise _too_much()
        entry = log.recall(row.entry).entry
        replayable = _replayable(store, schema, row, entry, created, view, every_type=everything)
        if replayable or everything:
            given += size if replayable else len(row.entry)
            if given > MAX_ANSWER:
                raise _too_much()
            found.append(_to_json(row, entry, row.payload if replayable else None))
    return found


def _too_much() -> AnswerTooLarge:
    return AnswerTooLarge(
        "This schema has too many entries for one answer. Where its definition is published, panda_query "
        "gives its instances page by page."
    )


def _replayable(
    store: Store,
    schema: str,
    row: EntryRow,
    entry: Entry,
    created: dict[bytes, tuple[bytes, int]],
    view: View | None,
    *,
    every_type: bool,
) -> bool:
    message = views.message_of(row)
    if message is None or message.schema != schema:
        return False
    if not (every_type or all(field.type in BASIC_TYPES for field in message.fields.values())):
        return False
    if every_type and message.action == "delete":
        return True
    log_of_entry = entry.author, entry.log_id
    if message.action != "create" and created.get(row.instance) != log_of_entry:
        return False
    if view is not None and not (view.accepts(message) and not store.cascades.is_hidden(row.instance)):
        return False
    created[row.instance] = log_of_entry
    return True


def _to_json(row: EntryRow, entry: Entry, payload: bytes | None) -> Json:
    return {
        "author": entry.author.hex(),
        "entryBytes": row.entry.hex(),
        "entryHash": row.hash.hex(),
        "logId": entry.log_id,
        "payloadBytes": payload.hex() if payload is not None else None,
        "payloadHash": entry.payload_hash.hex(),
        "seqNum": entry.seq_num,
    }
