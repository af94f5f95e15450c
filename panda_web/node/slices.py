"""Long work on a store, in slices that others can come between."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """How others have their turn.

    Attributes:
        sleep: waits for some seconds.
        seconds: for which others are kept waiting by a slice, and by one step more.
        rest: a slice in which something was done for a second is followed by so many without.
    """

    sleep: Callable[[float], Awaitable[object]]
    seconds: float = 0.04
    rest: float = 2.0


class Write(Protocol):
    """Does something in a transaction, and gives what it gives once that is durable (`node.groups`)."""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """What the work gives."""


async def in_slices(work: Callable[[float], bool], write: Write, pace: Pace) -> None:
    """Works until nothing is left to do.

    Args:
        work: does some, in the transaction under way, until a moment of `time.monotonic`; gives whether that
            was all.
        write: the node's way to write.
        pace: how others have their turn.

    Raises:
        StoreFailed: what was done before stays done.
    """
    took = 0.0

    def timed() -> bool:
        nonlocal took
        began = time.monotonic()
        done = work(began + pace.seconds)
        took = time.monotonic() - began  # while the disk is waited for, others have their turn
        return done

    while not await write(timed):
        await pace.sleep(pace.rest * took)
