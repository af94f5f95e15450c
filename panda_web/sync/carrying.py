"""Parts of logs, from one node to another, each in the order in which it was written."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from panda_web.rpc.connection import Connection
from panda_web.rpc.types import Json
from panda_web.rpc.wish import Log, Range, Wish
from panda_web.sync.errors import SourceUnsound
from panda_web.sync.fitting import asked_for
from panda_web.sync.lacks import Given
from panda_web.sync.listing import stretches
from panda_web.sync.offering import Offering, Taken
from panda_web.sync.source import ALL_HOPS

AT_ONCE = 8
"""Logs that are brought at a time."""

MOST_INVALID = 100
"""Entries that are nothing, until a node is left alone for a while."""

MOST_EMPTY = 1_000
"""Logs that a node names, and of which it gives nothing, likewise."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """What is brought of a log.

    Attributes:
        log: which.
        ranges: of seq nums, ascending; at least one.
        apart: whether what lies before them is not held where they are brought to, as far as is known: then
            they come with what links them to entry 1.
        named: whether the source says that it has them.
    """

    log: Log
    ranges: Sequence[Range]
    apart: bool = False
    named: bool = True


Parts = Callable[[T], AsyncIterator[Part]]
"""What is to be brought of something that is named. What it gives is taken before it is asked for more."""


class Carrying:
    """Brings parts of logs from one node to another.

    Args:
        source: from where.
        offering: from the one to the other.
        wish: which payloads are asked for.
    """

    def __init__(self, source: Connection, offering: Offering, wish: Wish) -> None:
        self._source = source
        self._offering = offering
        self._wish = wish
        self._invalid = 0
        self._empty = 0
        self.bare = Given()
        self.whole = Given()

    def begin(self) -> None:
        """Counts what is nothing anew."""
        self._invalid = self._empty = 0

    def gave(self, log: Log, seq_num: int, *, payload: bool) -> bool:
        """Whether an entry came from the source, with its payload or, where that went there, without it."""
        return self.whole.has(log, seq_num) or (not payload and self.bare.has(log, seq_num))

    async def all(self, named: Iterable[T], parts: Parts[T]) -> Taken:
        """Brings parts of what is named; it is durable there then.

        Raises:
            SourceUnsound: the source gives too much that is nothing.
            SinkFull, SinkRefuses: there is no room.
            CallFailed: one of the two cannot be asked.
        """
        rest = (each for each in named)

        async def some() -> Taken:
            taken = Taken()
            for each in rest:
                try:
                    async for part in parts(each):
                        taken += await self._one(part)
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

    async def _one(self, part: Part) -> Taken:
        params: dict[str, Json] = {**self._wish.payloads_of(part.log[1])}
        if part.apart:
            params["distLow"] = ALL_HOPS
        taken = Taken()
        async with aclosing(stretches(self._source, part.log, part.ranges, **params)) as answers:
            async for items, ranges in answers:
                fit, strange = asked_for(part.log, items.entries, ranges, self._wish)
                more = Taken(invalid=strange) + await self._offering.offer([each for _, each in fit])
                for seq_num, each in fit:
                    gone = each.state in ("dropped", "deleted")
                    (self.whole if each.payload is not None or gone else self.bare).add(part.log, seq_num)
                taken += more
                self._count(more.invalid)
        if part.named and taken == Taken():
            self._count(empty=1)
        return taken

    def _count(self, invalid: int = 0, empty: int = 0) -> None:
        self._invalid += invalid
        self._empty += empty
        if self._invalid > MOST_INVALID or self._empty > MOST_EMPTY:
            raise SourceUnsound(
                "A node gives too much that is nothing: wrong signatures, wrong links, or logs that it does "
                "not have. What was verified stays, and it is left alone for a while."
            )
