"""What a node lacks of what it wishes to hold, what came to it, and what it was given by whom.

A log that ends alike at two nodes need not be alike: an entry may be missing before the end, or a payload. So
the node that wishes says what it lacks, and asks the other one for just that: once, and again when something
happened to the log there.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable
from typing import Protocol

from panda_web.rpc.heads import Broken
from panda_web.rpc.wish import Lack, Log, Range, Stands, Wish

MOST_SPANS = 100_000
"""Stretches of logs of which is remembered who gave them. With more, all are forgotten: what is sent back
then is held there, and costs no more than its bytes."""


class Lacks(Protocol):
    """What a node says of its own logs to who keeps it alike with others."""

    async def of(self, wish: Wish, log: Log, start: int, until: int) -> Lack:
        """What is wished of a log and lacking, from a seq num on.

        Args:
            wish: what is wished.
            log: of which.
            start: the first seq num that is looked at.
            until: the last one. Behind the end of what is held, all up to there is lacking.

        Raises:
            StoreFailed: the store cannot be read.
        """

    async def logs(self, wish: Wish, behind: int) -> tuple[list[tuple[Log, int]], int | None]:
        """Some logs of which something is lacking, perhaps, each with the seq num of its end.

        Args:
            wish: what is wished.
            behind: where to begin: 0, and then what the answer before gave.

        Returns:
            The logs, and where to go on; None at the end.

        Raises:
            StoreFailed: the store cannot be read.
        """

    async def stands(self, log: Log, seq_num: int, entry_hash: bytes) -> Stands:
        """How an entry stands to what is held of its log. Raises StoreFailed."""

    async def held(self, log: Log) -> tuple[int, Broken | None]:
        """The seq num of the last entry that is held of a log, and what is held against its author.

        Returns:
            0 where nothing is held; None where nothing is held against them.

        Raises:
            StoreFailed: the store cannot be read.
        """

    async def late(self, since: str, until: str) -> list[tuple[Log, int, bool]]:
        """What came between two cursors of this node, from one of its pages to the next, and is no growth.

        That is: payloads of entries that were held before, and entries before the end that their log had.

        Returns:
            The log, the seq num, and whether the payload is held.

        Raises:
            StoreFailed: the store cannot be read.
        """


class Given:
    """Which entries somebody gave: so nothing goes back to where it came from."""

    def __init__(self) -> None:
        self._spans: dict[Log, list[Range]] = {}
        self._count = 0

    def add(self, log: Log, seq_num: int) -> None:
        """One more."""
        if self.has(log, seq_num):
            return
        spans = self._spans.setdefault(log, [])
        at = bisect_right(spans, (seq_num, seq_num)) - 1
        if at >= 0 and spans[at][1] == seq_num - 1:
            spans[at] = spans[at][0], seq_num
            return
        insort(spans, (seq_num, seq_num))
        self._count += 1
        if self._count > MOST_SPANS:
            self._spans.clear()
            self._count = 0

    def has(self, log: Log, seq_num: int) -> bool:
        """Whether it was given, as far as that is remembered."""
        spans = self._spans.get(log, [])
        at = bisect_right(spans, (seq_num, 1 << 64)) - 1
        return at >= 0 and spans[at][1] >= seq_num


def as_ranges(seq_nums: Iterable[int]) -> list[Range]:
    """Seq nums, in any order, as the least number of ranges."""
    found: list[Range] = []
    for each in sorted(seq_nums):
        if found and each <= found[-1][1] + 1:
            found[-1] = found[-1][0], each
        else:
            found.append((each, each))
    return found
