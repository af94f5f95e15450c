"""Memory that requests share: whoever has held some for long makes room for who needs some now. No I/O."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from panda_web.rpc.errors import NodeFull

PATIENCE = 5.0
"""Seconds for which nobody has to make room for others."""

RETRY_AFTER = 1
"""Seconds after which there may be room again."""


class Budget:
    """Bytes that all visitors share. One of them gets half.

    Args:
        size: bytes.
        clock: gives seconds.
    """

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._clock = clock
        self._held: dict[Holding, None] = {}

    def hold(self, visitor: str | None, free: int = 0) -> "Holding":
        """Begins to hold some.

        Args:
            visitor: who it is for; None for somebody who has no share.
            free: bytes that do not count.
        """
        return Holding(self, visitor, free, self._clock)

    @property
    def used(self) -> int:
        """Bytes that are held."""
        return sum(each.size for each in self._held)

    def take(self, holding: "Holding", count: int) -> None:
        """Holds more. Raises NodeFull."""
        self._held[holding] = None
        if holding.visitor is not None:
            theirs = sum(each.size for each in self._held if each.visitor == holding.visitor)
            self._check(theirs + count <= self._size // 2)
        missing = self.used + count - self._size
        for other in [*self._held] if missing > 0 else ():
            if missing > 0 and other is not holding and other.may_end(self._clock() - PATIENCE):
                missing -= other.size
                other.end_for_others()
        self._check(missing <= 0)
        holding.size += count

    def give_back(self, holding: "Holding") -> None:
        """Holds none of it any more."""
        self._held.pop(holding, None)

    def full(self) -> NodeFull:
        """The error for who finds no room."""
        return NodeFull(
            "The node has as much under way as it can hold. Send it again a little later.",
            retryAfter=RETRY_AFTER,
        )

    def _check(self, fits: bool) -> None:
        if not fits:
            raise self.full()


class Holding:
    """A part of a budget; in a `with` block, which ends it. At first, it makes room for nobody.

    Attributes:
        size: bytes that count.
        visitor: who it is for.
        ended: whether it had to make room for others.
    """

    def __init__(self, budget: Budget, visitor: str | None, free: int, clock: Callable[[], float]) -> None:
        self._budget = budget
        self._free = free
        self._clock = clock
        self._end: Callable[[], None] | None = None
        self._since = 0.0
        self.size = 0
        self.visitor = visitor
        self.ended = False

    def take(self, count: int) -> None:
        """Holds more. Raises NodeFull."""
        if self.ended:
            raise self._budget.full()
        counted = max(0, count - self._free)
        self._free = max(0, self._free - count)
        if counted:
            self._budget.take(self, counted)

    def give_back(self) -> None:
        """Holds nothing any more."""
        self._budget.give_back(self)

    def wait(self, end: Callable[[], None]) -> None:
        """From here on it waits for its visitor, and `end` is called where others need the room."""
        self._end, self._since = end, self._clock()

    def work(self) -> None:
        """From here on its visitor waits for the node."""
        self._end = None

    def may_end(self, before: float) -> bool:
        """Whether it can make room, and was begun before that."""
        return self._end is not None and self._since < before

    def end_for_others(self) -> None:
        """Ends what it is for, and counts it as gone."""
        self.ended = True
        self._budget.give_back(self)
        if self._end is not None:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.give_back()
