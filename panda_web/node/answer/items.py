"""`panda_getItems`: a stretch of a log, with the entries that link it to entry 1 and to what comes later.

The stateless part of bamboo-point2point: whoever asks for entry 1,000,000 gets some dozens of entries with
it, and verifies it down to entry 1 without the others. Everything ascends, so each prefix of an answer can
be verified as it comes.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from panda_web.bamboo import block_end, decode, path
from panda_web.node.store import Store
from panda_web.node.store.entries import EntryRow, LogRow
from panda_web.rpc.types import WIRE_LIMIT, Json
from panda_web.rpc.wish import Range

MAX_ANSWER = 4 << 20
"""Bytes of entries and payloads in hex in one answer; it holds one item at least. Go on at its `next`.

Of a slot with several entries all come in one answer: those for whose payloads there is no room, without. The
links beside the stretch are never left out for their size."""

NO_PAYLOADS = -1


def answer(
    store: Store,
    author: bytes,
    log_id: int,
    start: int,
    end: int,
    dist_low: int,
    dist_high: int,
    *,
    max_payload: int = WIRE_LIMIT,
    gaps: bool = False,
    only: Sequence[Range] | None = None,
) -> Json:
    """The entries from `start` to `end`, and those of the certificate pool around them.

    Args:
        store: what is asked.
        author: 32 bytes.
        log_id: the author's log; of one that is not held there are no items.
        start: seq num of the first entry; a negative one counts from the log's end, -1 being the last.
        end: of the last entry, likewise.
        dist_low: how many hops the path is followed from `start` down to 1.
        dist_high: how many hops before `end` the path is begun that leads to it from above.
        max_payload: bytes of a payload that is given for an entry between, at most; `NO_PAYLOADS` for none.
        gaps: whether entries between that are not held are passed over; else the first one ends the answer.
        only: of the entries between only those in one of these ranges, which ascend; of all without them.
    """
    log_row = store.entries.log(author, log_id)
    if log_row is None:
        return {"items": [], "next": None}
    first, last = (log_row.seq_num + 1 + n if n < 0 else n for n in (start, end))
    first, last = max(first, 1), min(last, log_row.seq_num)
    if first > last:
        return {"items": [], "next": None}
    found: list[Json] = []
    size = slot = 0
    for row, with_payload in chain(
        _below(store, log_row, first, dist_low),
        _between(store, log_row, _parts(first, last, only), max_payload, gaps=gaps or only is not None),
        _above(store, log_row, last, dist_high),
    ):
        item = _item(row, payload=with_payload)
        if slot and size + _size(item) > MAX_ANSWER and row.seq_num <= last:
            if row.seq_num > slot:
                return {"items": found, "next": row.seq_num}
            item = _item(row, payload=False)  # whoever goes on, goes on behind this slot
        size += _size(item)
        found.append(item)
        if first <= row.seq_num <= last:
            slot = row.seq_num
    return {"items": found, "next": None}


Rows = Iterator[tuple[EntryRow, bool]]
"""Entries, each with whether its payload was read."""


def _below(store: Store, log_row: LogRow, first: int, hops: int) -> Rows:
    for seq_num in sorted(islice(path(first, 1), 1, 1 + hops)):
        yield from _link(store, log_row, seq_num)


def _parts(first: int, last: int, only: Sequence[Range] | None) -> Iterator[Range]:
    for begin, end in ((first, last),) if only is None else only:
        yield max(begin, first), min(end, last)


def _between(store: Store, log_row: LogRow, parts: Iterable[Range], most: int, *, gaps: bool) -> Rows:
    for begin, end in parts:
        behind = begin
        for row in store.entries.between(log_row.key, begin, end, max_payload=most):
            if row.seq_num > behind and not gaps:
                return  # a gap: what comes behind it, whoever asks gets by asking for it
            yield row, True
            behind = row.seq_num + 1


def _above(store: Store, log_row: LogRow, last: int, hops: int) -> Rows:
    for seq_num in sorted(path(block_end(last), last))[1 : 1 + hops]:
        yield from _link(store, log_row, seq_num)


def _link(store: Store, log_row: LogRow, seq_num: int) -> Rows:
    return ((row, False) for row in store.entries.between(log_row.key, seq_num, seq_num))


def _size(item: Json) -> int:
    return len(item["entryBytes"]) + len(item["payloadBytes"] or "")


def _item(row: EntryRow, *, payload: bool) -> dict[str, Json]:
    return {
        "entryBytes": row.entry.hex(),
        "entryHash": row.hash.hex(),
        "payloadBytes": row.payload.hex() if row.payload is not None and payload else None,
        "payloadState": row.state,
        "payloadSize": decode(row.entry).payload_size,
    }
