"""Pauses: those that a node asks for because it takes so many calls a second, and those between attempts."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from panda_web.errors import PandaError
from panda_web.rpc.errors import ErrorFromNode

R = TypeVar("R")

MOST_WAITED = 60
"""Seconds for which a node is waited for in this way, while nothing gets there."""


FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
"""Seconds until what failed is tried again: the first time, and at most. Each is twice the one before it, but
for a random part of up to half, so that the clients of a node that comes back do not come all at once."""

ASK_SECONDS = 30.0
"""Between two questions to a node with which there is no session, or that knows no subscriptions."""


class Growing:
    """Pauses between attempts at one thing.

    Args:
        first: seconds of the first one.
        longest: of the longest.
    """

    def __init__(self, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> None:
        self._first = self._next = first
        self._longest = longest

    def next(self) -> float:
        """Seconds until the next attempt."""
        seconds = self._next
        self._next = min(2 * seconds, self._longest)
        return seconds * random.uniform(0.5, 1)  # noqa: S311 - nobody has to be unable to guess it

    def again(self) -> None:
        """It succeeded: what fails next is tried again soon."""
        self._next = self._first


class Pauses:
    """The pauses in one piece of work.

    Args:
        sleep: waits for some seconds.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._sleep = sleep
        self._waited = 0

    async def granted(self, error: PandaError) -> bool:
        """Waits as long as the node asks for with an error; False where it asks for no pause, or too long."""
        seconds = error.retry_after if isinstance(error, ErrorFromNode) else None
        if seconds is None or self._waited + seconds > MOST_WAITED:
            return False
        self._waited += seconds
        await self._sleep(seconds)
        return True


async def first_of(*awaited: Awaitable[object]) -> None:
    """Returns when one of them is done; the others are cancelled. Tasks, begun elsewhere, go on."""
    waits = [asyncio.ensure_future(each) for each in awaited]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for given, wait in zip(awaited, waits, strict=True):
            if not isinstance(given, asyncio.Task):
                wait.cancel()


async def patiently(call: Callable[[], Awaitable[R]], sleep: Callable[[float], Awaitable[object]]) -> R:
    """What a call gives; again after each pause that the node asks for. Raises what the call raises."""
    pauses = Pauses(sleep)
    while True:
        try:
            return await call()
        except ErrorFromNode as error:
            if not await pauses.granted(error):
                raise
