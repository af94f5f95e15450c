"""What this node lacks of what it wishes to hold, and what came late to it. It is one of `sync.Lacks`."""

from collections.abc import Iterable, Iterator
from heapq import merge

from panda_web.bamboo import decode
from panda_web.node.ingest import condemning
from panda_web.node.store import Store
from panda_web.node.store.changes import Cursor
from panda_web.rpc.heads import Broken
from panda_web.rpc.wish import MAX_RANGES, Lack, Log, Range, Stands, Wish

LOOKED_AT = 10_000
"""Logs that are looked at together, or seq nums of one that has gaps: some 20 ms."""

BARE = 1_000
"""Entries of a log, of which the payload never came, that are looked at together: some ms."""


class Lacks:
    """What is lacking, and what came late.

    Args:
        store: the node's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, wish: Wish, log: Log, start: int, until: int) -> Lack:
        """What is lacking of a log that elsewhere goes on to `until`, from a seq num on. See `sync.Lacks`."""
        return await self._store.read(lambda: self._of(wish, log, start, until))

    async def logs(self, wish: Wish, behind: int) -> tuple[list[tuple[Log, int]], int | None]:
        """Logs of which something may be lacking. See `sync.Lacks`."""
        return await self._store.read(lambda: self._logs(wish, behind))

    async def late(self, since: str, until: str) -> list[tuple[Log, int, bool]]:
        """What came late between two cursors. See `sync.Lacks`."""
        behind, last = Cursor.read(since), Cursor.read(until)
        if behind is None or last is None:
            return []
        return await self._store.read(
            lambda: [
                ((author, log_id), seq_num, payload)
                for author, log_id, seq_num, payload in self._store.lacks.late(behind.number, last.number)
            ]
        )

    async def stands(self, log: Log, seq_num: int, entry_hash: bytes) -> Stands:
        """How an entry stands to what is held of its log. See `sync.Lacks`."""
        return await self._store.read(lambda: self._stands(log, seq_num, entry_hash))

    def _stands(self, log: Log, seq_num: int, entry_hash: bytes) -> Stands:
        row = self._store.entries.log(*log)
        if row is None:
            return "new"
        there = self._store.entries.hashes_at(row.key, seq_num)
        if entry_hash in there:
            return "alone" if len(there) == 1 else "beside"
        return "against" if condemning.is_contradicted(self._store, row, seq_num, entry_hash) else "new"

    async def held(self, log: Log) -> tuple[int, Broken | None]:
        """Where a log ends, and what is held against its author. See `sync.Lacks`."""
        row = await self._store.read(lambda: self._store.entries.log(*log))
        return (row.seq_num, row.broken) if row is not None else (0, None)

    def _of(self, wish: Wish, log: Log, start: int, until: int) -> Lack:
        row = self._store.entries.log(*log)
        end = row.seq_num if row is not None else 0
        if self._store.dropped.refused(log[0]) is not None:
            return Lack(end, (), None)  # nothing of theirs would be taken in
        first = max(start, wish.first(log[1], max(end, until)))
        looked, last = first - 1, min(end, until)
        found: list[Range] = []
        if row is not None and first <= last:
            whole = row.held - row.second == row.seq_num
            looked = last if whole else min(last, first + LOOKED_AT - 1)
            bare: list[tuple[int, bytes]] = []
            if wish.wants_payload(row.log_id, 0):
                bare = self._store.lacks.bare(row.key, first, looked, BARE)
                looked = bare[-1][0] if len(bare) == BARE else looked
            gaps = () if whole else self._store.lacks.gaps(row.key, first, looked)
            for each in merge(gaps, _wished(wish, row.log_id, bare)):
                _add(found, each)
                if len(found) > MAX_RANGES:
                    return Lack(end, tuple(found[:MAX_RANGES]), found[MAX_RANGES][0])
        if looked < last:
            return Lack(end, tuple(found), looked + 1)
        if max(end + 1, first) <= until:
            _add(found, (max(end + 1, first), until))
        return Lack(end, tuple(found[:MAX_RANGES]), found[MAX_RANGES][0] if found[MAX_RANGES:] else None)

    def _logs(self, wish: Wish, behind: int) -> tuple[list[tuple[Log, int]], int | None]:
        until = behind + LOOKED_AT
        found = self._store.lacks.logs(behind, until, payloads=wish.wants_payload(1, 0))
        keys = self._store.ends.keys(wish.schemas, wish.authors, among=[key for key, *_ in found])
        rest = until if until < self._store.lacks.last_log() else None
        return [((author, log_id), end) for key, author, log_id, end in found if key in keys], rest


def _wished(wish: Wish, log_id: int, bare: Iterable[tuple[int, bytes]]) -> Iterator[Range]:
    for seq_num, entry in bare:
        if wish.wants_payload(log_id, decode(entry).payload_size):
            yield seq_num, seq_num


def _add(ranges: list[Range], more: Range) -> None:
    """Adds one that does not begin before the last one."""
    if ranges and more[0] <= ranges[-1][1] + 1:
        ranges[-1] = ranges[-1][0], max(ranges[-1][1], more[1])
    else:
        ranges.append(more)
