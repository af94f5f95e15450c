"""What this node lacks of what it wishes to hold, and what came late to it. It is one of `sync.Lacks`."""

from collections.abc import Iterable, Iterator
from heapq import merge

from panda_web.bamboo import decode
from panda_web.node.live.place import read_place
from panda_web.node.store import Store
from panda_web.node.store.entries import LogRow
from panda_web.rpc.wish import MAX_RANGES, Lack, Log, Range, Wish

LOOKED_AT = 20_000
"""Seq nums of one log that are looked at together: some 20 ms."""

LOGS = 500
"""Logs that are given together."""


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
        places = read_place(since), read_place(until)
        if places[0] is None or places[1] is None:
            return []
        behind, last = (each.cursor.number for each in places if each is not None)
        return await self._store.read(
            lambda: [
                ((author, log_id), seq_num, payload)
                for author, log_id, seq_num, payload in self._store.lacks.late(behind, last)
            ]
        )

    def _of(self, wish: Wish, log: Log, start: int, until: int) -> Lack:
        row = self._store.entries.log(*log)
        end = row.seq_num if row is not None else 0
        first = max(start, wish.first(log[1], max(end, until)))
        looked = min(end, until, first + LOOKED_AT - 1)
        found: list[Range] = []
        if row is not None and first <= looked:
            for each in merge(self._gaps(row, first, looked), self._bare(wish, row, first, looked)):
                _add(found, each)
                if len(found) > MAX_RANGES:
                    return Lack(end, tuple(found[:MAX_RANGES]), found[MAX_RANGES][0])
        if looked < min(end, until):
            return Lack(end, tuple(found), max(looked + 1, first))
        if max(end + 1, first) <= until:
            _add(found, (max(end + 1, first), until))
        return Lack(end, tuple(found[:MAX_RANGES]), found[MAX_RANGES][0] if found[MAX_RANGES:] else None)

    def _gaps(self, row: LogRow, first: int, last: int) -> Iterable[Range]:
        return () if row.held - row.second == row.seq_num else self._store.lacks.gaps(row.key, first, last)

    def _bare(self, wish: Wish, row: LogRow, first: int, last: int) -> Iterator[Range]:
        if not wish.wants_payload(row.log_id, 0):
            return
        for seq_num, entry in self._store.lacks.bare(row.key, first, last):
            if wish.wants_payload(row.log_id, decode(entry).payload_size):
                yield seq_num, seq_num

    def _logs(self, wish: Wish, behind: int) -> tuple[list[tuple[Log, int]], int | None]:
        found = self._store.lacks.logs(behind, LOGS, payloads=wish.wants_payload(1, 0))
        keys = self._store.ends.keys(wish.schemas, wish.authors, among=[key for key, *_ in found])
        last = found[-1][0] if len(found) == LOGS else None
        return [((author, log_id), end) for key, author, log_id, end in found if key in keys], last


def _add(ranges: list[Range], more: Range) -> None:
    """Adds one that does not begin before the last one."""
    if ranges and more[0] <= ranges[-1][1] + 1:
        ranges[-1] = ranges[-1][0], max(ranges[-1][1], more[1])
    else:
        ranges.append(more)
