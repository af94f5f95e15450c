"""Whole logs, from one node to another: what that one lacks of each, in the order in which it was written."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping

from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.heads import LogHead
from panda_web.rpc.methods import GET_ITEMS, StoredEntry
from panda_web.sync.errors import SourceUnsound
from panda_web.sync.fitting import Log, behind, of_log
from panda_web.sync.offering import Offering, Taken

AT_ONCE = 8
"""Logs that are brought at a time."""

MOST_INVALID = 100
"""Entries that are nothing, until a node is left alone for a while."""

MOST_EMPTY = 10_000
"""Logs that a node names, and of which it gives nothing, likewise."""

MOST_KNOWN = 100_000
"""Logs of which is remembered how far a node has them: so nothing goes back to where it came from."""


class Carrying:
    """Brings logs from one node to another.

    Args:
        source: from where.
        sink: to where.
        offering: from the one to the other.
    """

    def __init__(self, source: Connection, sink: Connection, offering: Offering) -> None:
        self._source = source
        self._sink = sink
        self._offering = offering
        self._held: dict[Log, int] = {}
        self._invalid = 0
        self._empty = 0

    def begin(self) -> None:
        """Counts what is nothing anew."""
        self._invalid = self._empty = 0

    def know(self, held: Mapping[Log, int]) -> None:
        """How far the sink has some logs."""
        if len(self._held) > MOST_KNOWN:
            self._held.clear()
        self._held |= held

    def forget(self) -> None:
        """Nothing is known of what the sink has."""
        self._held.clear()

    async def all(self, logs: Iterable[LogHead]) -> Taken:
        """Brings what the sink lacks of some logs; it is durable there then. Raises as `once` does."""
        rest = (each for each in logs)

        async def some() -> Taken:
            taken = Taken()
            for each in rest:
                try:
                    taken += await self._one(each)
                except BaseException:
                    rest.close()  # the others bring what they have begun, and begin nothing
                    raise
            return taken

        working = [asyncio.create_task(some()) for _ in range(AT_ONCE)]
        try:
            await asyncio.wait(working)
        except asyncio.CancelledError:
            for each in working:
                each.cancel()
            await asyncio.wait(working)
            raise
        for wrong in [each.exception() for each in working]:
            if wrong is not None:
                raise wrong
        return sum([each.result() for each in working], Taken())

    async def _one(self, head: LogHead) -> Taken:
        log = head.log
        held = self._held[log] if log in self._held else await self._end(log)
        taken = Taken()
        async for entries in self._stretch(log, held + 1, head.seq_num):
            fit, strange = of_log(log, entries)
            taken += Taken(invalid=strange) + await self._offering.offer(fit)
        if held < head.seq_num:
            self._empty += taken == Taken()
        self._invalid += taken.invalid
        if self._invalid > MOST_INVALID or self._empty > MOST_EMPTY:
            raise SourceUnsound(
                "A node gives too much that is nothing: wrong signatures, wrong links, or logs that it does "
                "not have. What was verified stays, and it is left alone for a while."
            )
        return taken

    async def _end(self, log: Log) -> int:
        """The seq num of the last entry that the sink has of a log; 0 where it has none."""
        author, log_id = log
        items = await self._sink.call(
            GET_ITEMS, author=author.hex(), logId=log_id, start=-1, end=-1, payloads=False
        )
        return behind(of_log(log, items.entries)[0], 1) - 1

    async def _stretch(self, log: Log, start: int, end: int) -> AsyncIterator[list[StoredEntry]]:
        """The entries of a log from one seq num to another one, as far as the source has them; ascending."""
        author, log_id = log
        while start <= end:
            items = await self._source.call(
                GET_ITEMS, author=author.hex(), logId=log_id, start=start, end=end, gaps=True
            )
            yield items.entries
            if items.next is None:
                return
            if items.next <= start:
                raise AnswerMalformed("The node goes back in a log.")
            start = items.next
