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
"""Seconds for which a node is left alone that is unsound, or a sink that takes nothing: the first time, and
at most."""


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
        self._alone = Growing(FIRST_ALONE, LONGEST_ALONE)
        self._alone_until = 0.0

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
            rest = self._platform.sleep(pause if passes else self._left_alone())
            if isinstance(
                error, SourceUnsound
            ):  # it is the same one, though there be a network again, or room
                await rest
            else:
                await first_of(rest, self._hurried.wait())

    def _left_alone(self) -> float:
        """Seconds for which nothing is tried; more each time, unless there was a long time of peace."""
        now = self._platform.clock()
        if now > self._alone_until + LONGEST_ALONE:
            self._alone.again()
        pause = self._alone.next()
        self._alone_until = now + pause
        return pause
