"""`panda_queryEntries`: all entries of a schema that an old client can replay, in an order in which it can.

Left out: entries whose payload is gone, what is about an instance whose create is gone, and types that
p2panda-js 0.2.1 does not know: one such row would make its whole query fail. Of a schema with a typed view,
also what does not count there, and what is hidden. There are no pages, so there is a bound, on what is left
out too.
"""

from panda_web import log
from panda_web.messages import BASIC_TYPES
from panda_web.node import views
from panda_web.node.store import Store
from panda_web.node.store.entries import EntryRow
from panda_web.node.views import SchemaView
from panda_web.rpc.errors import AnswerTooLarge
from panda_web.rpc.types import Json

MAX_ANSWER = 8 << 20
"""Bytes of entries and payloads in an answer, which has no pages; hex doubles it."""

MAX_READ = 24 << 20
"""Bytes of entries and payloads that are looked through for it."""

MOST_READ = 25_000
"""Entries in the logs of a schema that is looked through at all."""


def entries(store: Store, schema: str) -> list[Json]:
    """The entries.

    Raises:
        AnswerTooLarge: there are too many, or too many to look through.
    """
    if store.entries.are_more(schema, MOST_READ):
        raise _too_much()
    found: list[Json] = []
    read = given = 0
    created: set[bytes] = set()
    view = views.in_place(store, schema)
    for row in store.entries.of_schema(schema):
        size = len(row.entry) + len(row.payload or b"")
        read += size
        if read > MAX_READ:
            raise _too_much()
        if _replayable(store, row, created, view):
            given += size
            if given > MAX_ANSWER:
                raise _too_much()
            found.append(_to_json(row))
    return found


def _too_much() -> AnswerTooLarge:
    return AnswerTooLarge("This schema has too many entries for one answer; page with panda_query.")


def _replayable(store: Store, row: EntryRow, created: set[bytes], view: SchemaView | None) -> bool:
    message = views.message_of(row)
    if message is None or any(field.type not in BASIC_TYPES for field in message.fields.values()):
        return False
    if message.action != "create" and row.instance not in created:
        return False
    if view is not None and not (view.accepts(message) and not store.cascades.is_hidden(row.instance)):
        return False
    created.add(row.instance)
    return True


def _to_json(row: EntryRow) -> Json:
    entry = log.recall(row.entry).entry
    return {
        "author": entry.author.hex(),
        "entryBytes": row.entry.hex(),
        "entryHash": row.hash.hex(),
        "logId": entry.log_id,
        "payloadBytes": (row.payload or b"").hex(),
        "payloadHash": entry.payload_hash.hex(),
        "seqNum": entry.seq_num,
    }
