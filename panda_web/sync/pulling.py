"""What is lacking here of what is wished, from another node: what its logs go on with, and what lies before.

Of what a log lacks before its end the other node is asked once, and again when something happened to that
log, there or here. Whoever lacks it too is not asked without end.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable

from panda_web.rpc.connection import Connection
from panda_web.rpc.forks import ForkedLog
from panda_web.rpc.heads import LogHead
from panda_web.rpc.wish import Lack, Log, Wish
from panda_web.sync.carrying import Carrying, Part
from panda_web.sync.comparing import apart
from panda_web.sync.defining import Defining
from panda_web.sync.forks import Forks
from panda_web.sync.lacks import Lacks
from panda_web.sync.offering import Offering, Taken
from panda_web.sync.source import Asking

MOST_ASKED = 100_000
"""Logs of which is remembered what was asked for."""


class Pulling:
    """Brings it.

    Args:
        there: is asked.
        here: takes it in.
        lacks: what is lacking here.
        wish: what is wished.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        there: Connection,
        here: Connection,
        lacks: Lacks,
        wish: Wish,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._lacks = lacks
        self._forks = Forks(there, lacks)
        self._wish = wish
        offering = Offering(here, Asking(there).path, sleep)
        self._carrying = Carrying(there, offering, wish)
        self._defining = Defining(Asking(there), Asking(here), offering)
        self._asked: dict[tuple[Log, int], int] = {}

    def begin(self) -> None:
        """Counts what is nothing anew."""
        self._carrying.begin()

    def gave(self, log: Log, seq_num: int, *, payload: bool) -> bool:
        """Whether an entry came from there, with its payload or, where none is held there, without it."""
        return self._carrying.gave(log, seq_num, payload=payload)

    async def define(self, logs: Iterable[LogHead] = ()) -> Taken:
        """Brings the definitions of schemas that are wished, or that these logs have. Raises as `logs`."""
        if self._wish.authors is None:
            return Taken()  # then all system logs are wished
        schemas = {each.schema for each in logs if each.schema is not None}
        return await self._defining.bring(schemas | (self._wish.schemas or set()))

    async def logs(self, logs: Iterable[LogHead]) -> Taken:
        """Brings what is lacking of logs, as the other node names them, up to their ends.

        Raises:
            SourceUnsound: it gives too much that is nothing.
            SinkFull, SinkRefuses: there is no room here.
            CallFailed: it cannot be asked.
        """
        return await self._bring(logs, self._all_of)

    async def proofs(self, forked: Iterable[ForkedLog]) -> Taken:
        """Brings what proves forks of logs that are held here, with their branches. Raises as `logs`."""
        return await self._carrying.all(forked, self._proofs)

    def parted(self) -> dict[Log, int]:
        """Of which logs another branch came from there, and where it parted; since this was last asked."""
        found, self._forks.parted = self._forks.parted, {}
        return found

    async def again(self, logs: Iterable[LogHead]) -> Taken:
        """Brings what is lacking of logs in which something happened here, unless it was asked for."""
        return await self._bring([each for each in logs if self._wish.names(each)], self._new_lacking)

    async def rest(self, known: Collection[Log]) -> Taken:
        """Brings what is lacking before the ends of all logs but some. Raises as `logs`."""
        taken = Taken()
        behind: int | None = 0
        while behind is not None:
            found, behind = await self._lacks.logs(self._wish, behind)
            some = [(log, end) for log, end in found if log not in known]
            taken += await self._carrying.all(some, lambda each: self._lacking(*each))
        return taken

    async def _bring(self, logs: Iterable[LogHead], parts: Callable[[LogHead], AsyncIterator[Part]]) -> Taken:
        taken = Taken()
        for some in apart(logs):
            taken += await self._carrying.all(some, parts)
        return taken

    async def _all_of(self, head: LogHead) -> AsyncIterator[Part]:
        end, broken = await self._lacks.held(head.log)
        async for part in self._lacking(head.log, head.seq_num, named=True):
            yield part
        async for part in self._forks.of(head, end, broken):
            yield part

    async def _proofs(self, each: ForkedLog) -> AsyncIterator[Part]:
        part = await self._forks.proof(each)
        if part is not None:
            yield part

    def _new_lacking(self, head: LogHead) -> AsyncIterator[Part]:
        return self._lacking(head.log, head.seq_num, anew=False)

    async def _lacking(
        self, log: Log, until: int, *, named: bool = False, anew: bool = True
    ) -> AsyncIterator[Part]:
        start: int | None = 1
        while start is not None:
            lack = await self._lacks.of(self._wish, log, start, until)
            key = log, start
            if lack.ranges and (anew or self._asked.get(key) != hash(lack.ranges)):
                goes_on = lack.ranges[-1][1] > lack.end
                yield Part(
                    log,
                    lack.ranges,
                    apart=lack.ranges[0][0] > lack.end + 1,
                    named=named and goes_on,
                )
                if lack.ranges[0][0] <= lack.end:
                    self._remember(key, await self._lacks.of(self._wish, log, start, until))
            start = lack.next

    def _remember(self, key: tuple[Log, int], left: Lack) -> None:
        if len(self._asked) >= MOST_ASKED:
            self._asked.clear()
        self._asked[key] = hash(left.ranges)
