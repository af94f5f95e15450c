"""Work with another node that is begun again without end, with pauses that follow from how it ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from panda_web.errors import PandaError, StoreFailed
from panda_web.rpc.errors import ErrorFromNode, NodeUnreachable
from panda_web.rpc.pauses import LONGEST_PAUSE, Growing, first_of
from panda_web.sync.errors import SourceUnsound, SyncError

logger = logging.getLogger(__name__)

FIRST_ALONE = 5.0
LONGEST_ALONE = 600.0
"""Seconds for which a node is left alone that answers what is none, or a sink that takes nothing: the first
time, and at most."""

FIRST_DROPPED = 60.0
LONGEST_DROPPED = 3600.0
"""Likewise for a node that is unsound, which nothing hurries."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What work with other nodes has from where it runs.

    Attributes:
        sleep: waits for some seconds.
        clock: gives the seconds since 1970.
    """

    sleep: Callable[[float], Awaitable[object]]
    clock: Callable[[], float]


class Rounds:
    """Begins a piece of work again and again.

    Args:
        what: is worked on, in words for the log.
        work: one round, which gives the seconds until the next one.
        failed: told why a round failed, and whether that passes by itself.
        platform: where it runs.
    """

    def __init__(
        self,
        what: str,
        work: Callable[[], Awaitable[float]],
        failed: Callable[[PandaError, bool], None],
        platform: Platform,
    ) -> None:
        self._what = what
        self._work = work
        self._failed = failed
        self._platform = platform
        self._hurried = asyncio.Event()
        self._pauses = Growing()
        self._alone = _Alone(FIRST_ALONE, LONGEST_ALONE)
        self._dropped = _Alone(FIRST_DROPPED, LONGEST_DROPPED)

    def hurry(self) -> None:
        """Ends the pause under way, but for that of a node that is unsound.

        There is a network again, perhaps, or room.
        """
        self._hurried.set()

    def again(self) -> None:
        """It goes well: after what fails next comes a short pause."""
        self._pauses.again()

    async def run(self) -> None:
        """Goes on without end; it may be cancelled anywhere."""
        while True:
            self._hurried.clear()
            error: PandaError | None = None
            passes = True
            pause = 0.0
            try:
                pause = await self._work()
            except (NodeUnreachable, StoreFailed) as failed:
                error, pause = failed, self._pauses.next()
            except ErrorFromNode as refused:
                error, passes = refused, refused.may_pass
                pause = min(refused.retry_after or self._pauses.next(), LONGEST_PAUSE)
            except PandaError as wrong:
                error, passes = wrong, False
            except Exception:
                logger.exception("%s cannot be brought", self._what)
                error, passes = SyncError("A fault of this program's own. What came before stays."), False
            if error is not None:
                self._failed(error, passes)
            if isinstance(error, SourceUnsound):
                # It is the same one, though there be a network again, or room.
                await self._platform.sleep(self._dropped.next(self._platform.clock()))
                continue
            if not passes:
                pause = self._alone.next(self._platform.clock())
            await first_of(self._platform.sleep(pause), self._hurried.wait())


class _Alone:
    """Pauses in which nothing is tried; longer each time, unless there was a long time of peace.

    Args:
        first: seconds of the first one.
        longest: of the longest, and of peace.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._pauses = Growing(first, longest)
        self._longest = longest
        self._until = 0.0

    def next(self, now: float) -> float:
        """Seconds until the next attempt."""
        if now > self._until + self._longest:
            self._pauses.again()
        pause = self._pauses.next()
        self._until = now + pause
        return pause
