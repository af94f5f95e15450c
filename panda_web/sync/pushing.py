"""What came here, to another node: what its logs lack at their ends, and what came late to them.

Nothing is sent back to where it came from: how far the other node has a log is remembered from what it said.
Else each entry would go twice over each line of a ring of nodes.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

from panda_web.rpc.connection import Connection
from panda_web.rpc.heads import LogHead
from panda_web.rpc.methods import GET_ITEMS
from panda_web.rpc.wish import EVERYTHING, MAX_RANGES, Log, Range
from panda_web.sync.carrying import Carrying, Part
from panda_web.sync.comparing import apart
from panda_web.sync.fitting import last_of
from panda_web.sync.lacks import as_ranges
from panda_web.sync.offering import Offering, Taken
from panda_web.sync.source import Asking

MOST_KNOWN = 100_000
"""Logs of which is remembered how far a node has them."""


class Pushing:
    """Sends it.

    Args:
        here: gives it.
        there: takes it in.
        sleep: waits for some seconds.
    """

    def __init__(
        self, here: Connection, there: Connection, sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._there = there
        self._carrying = Carrying(here, Offering(there, Asking(here).path, sleep), EVERYTHING)
        self._held: dict[Log, int] = {}

    def begin(self) -> None:
        """Counts what is nothing anew."""
        self._carrying.begin()

    def know(self, held: Mapping[Log, int]) -> None:
        """How far the other node has some logs."""
        if len(self._held) > MOST_KNOWN:
            self._held.clear()
        self._held |= held

    def forget(self) -> None:
        """Nothing is known of what the other node has."""
        self._held.clear()

    async def logs(self, logs: Iterable[LogHead], late: Mapping[Log, Iterable[int]] | None = None) -> Taken:
        """Sends what the other node lacks of logs at their ends, and what came late to these or others.

        Args:
            logs: as they end here.
            late: the seq nums of what came late. What lies behind the end there is sent with the log, once
                its end is.

        Raises:
            SinkFull, SinkRefuses: there is no room there.
            CallFailed: it cannot be asked.
        """
        taken = Taken()
        late = dict(late or {})
        for some in apart(logs):
            parts = [(each.log, each.seq_num, late.pop(each.log, ())) for each in some]
            taken += await self._carrying.all(parts, self._parts)
            self.know({each.log: each.seq_num for each in some})
        return taken + await self._carrying.all([(log, 0, late[log]) for log in late], self._parts)

    async def _parts(self, sent: tuple[Log, int, Iterable[int]]) -> AsyncIterator[Part]:
        log, end, late = sent
        held = self._held[log] if log in self._held else await self._end(log)
        ranges: list[Range] = as_ranges(each for each in late if each <= held)
        if held < end:
            ranges.append((held + 1, end))
        for at in range(0, len(ranges), MAX_RANGES):
            yield Part(log, ranges[at : at + MAX_RANGES])

    async def _end(self, log: Log) -> int:
        """The seq num of the last entry that the other node has of a log; 0 where it has none."""
        author, log_id = log
        items = await self._there.call(
            GET_ITEMS, author=author.hex(), logId=log_id, start=-1, end=-1, payloads=False
        )
        return last_of(log, items.entries)
