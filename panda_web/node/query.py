"""`panda_query`: from params to a `Select`, and from rows to the answer, with proof where it is asked for.

Equality only, until schemas have definitions: a filter maps a field, or `author` and `id`, to a value.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace

from panda_web.bamboo import path
from panda_web.messages import Field, InvalidMessage, infer
from panda_web.node.store import Store
from panda_web.node.store.entries import EntryRow
from panda_web.node.store.views import InstanceRow, Scalar, Select
from panda_web.rpc.errors import InvalidParams
from panda_web.rpc.types import AUTHOR, HASH, TEXT, Json

MAX_FILTERS = 32
MAX_ANSWER = 4 << 20
"""Bytes of fields and entries in one answer; it holds one instance at least. Go on behind its cursor."""


def compile_query(
    schema: str,
    filter: Mapping[str, Json],
    order_by: Sequence[str],
    limit: int,
    after: str | None,
) -> Select:
    """Holds a query's parts to the rules. Raises InvalidParams."""
    if len(filter) > MAX_FILTERS:
        raise InvalidParams(f"A filter has at most {MAX_FILTERS} fields.", param="filter")
    wanted = dict(filter)
    try:
        instance = HASH.read(wanted.pop("id")) if "id" in wanted else None
        author = AUTHOR.read(wanted.pop("author")) if "author" in wanted else None
    except ValueError as error:
        raise InvalidParams(f"The filter's id or author {error}.", param="filter") from error
    order = [(name.removeprefix("-"), name.startswith("-")) for name in order_by]
    return Select(
        schema=schema,
        equal={name: _equal(name, value) for name, value in wanted.items()},
        instance=bytes.fromhex(instance) if instance else None,
        author=author,
        order=order,
        after=_read_cursor(after, len(order)) if after is not None else None,
        limit=limit,
    )


def _equal(name: str, value: Json) -> Field:
    try:
        TEXT.read(name)
        field = infer(value)
        for item in field.value if isinstance(field.value, tuple) else (field.value,):
            if isinstance(item, str):
                TEXT.read(item)
            elif isinstance(item, int):
                struct.pack(">q", item)
    except (InvalidMessage, ValueError, struct.error) as error:
        raise InvalidParams(
            f"The filter's value for {name[:40]!r} must be a text, number, boolean or an array of such.",
            param="filter",
        ) from error
    return field


def _cursor(row: InstanceRow) -> str:
    return json.dumps([*row.order, row.id.hex()], separators=(",", ":"))


def _read_cursor(text: str, keys: int) -> tuple[tuple[Scalar, ...], bytes]:
    try:
        *values, instance = json.loads(text)
        if len(values) != keys:
            raise ValueError("has another order")
        for value in values:
            if isinstance(value, str):
                TEXT.read(value)
            elif isinstance(value, int):
                struct.pack(">q", value)
            elif value is not None and not isinstance(value, float):
                raise ValueError("has a value that is none")
        return tuple(values), bytes.fromhex(HASH.read(instance))
    except (ValueError, TypeError, RecursionError, struct.error) as error:
        raise InvalidParams("The param after is not a cursor of this query.", param="after") from error


def answer(store: Store, select: Select, *, proof: bool) -> list[dict[str, Json]]:
    """The instances that match, at most as many as fit into `MAX_ANSWER`."""
    found: list[dict[str, Json]] = []
    given: set[bytes] = set()
    size = 0
    for row in list(store.views.select(select)):
        instance = {
            **store.views.fields(row.id),
            "id": row.id.hex(),
            "_meta": {
                "author": row.author.hex(),
                "logId": row.log_id,
                "seqNum": row.seq_num,
                "edited": row.edited,
                "lastEntry": row.last_entry.hex(),
                "cursor": _cursor(row),
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
    meets an entry given before is complete.
    """
    proof = {entry.hash: entry for entry in store.entries.of_instance(row.id)}
    for entry in list(proof.values()):
        for seq_num in path(entry.seq_num, 1):
            link = entry if seq_num == entry.seq_num else store.entries.at(row.log_key, seq_num)
            if link is None:
                raise LookupError(f"entry {seq_num} of a log is missing in the store")
            if link is not entry and (link.hash in given or link.hash in proof):
                break
            proof.setdefault(link.hash, replace(link, payload=None))
    return list(proof.values())


def _entry_json(row: EntryRow) -> dict[str, Json]:
    return {
        "entryBytes": row.entry.hex(),
        "payloadBytes": row.payload.hex() if row.payload is not None else None,
    }
