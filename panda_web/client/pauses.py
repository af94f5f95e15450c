"""A node that takes so many calls a second asks whoever is faster for a pause: it gets one, within bounds."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from panda_web.errors import PandaError
from panda_web.rpc.errors import ErrorFromNode

R = TypeVar("R")

MOST_WAITED = 60
"""Seconds for which a node is waited for in this way, while nothing gets there."""


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


async def patiently(call: Callable[[], Awaitable[R]], sleep: Callable[[float], Awaitable[object]]) -> R:
    """What a call gives; again after each pause that the node asks for. Raises what the call raises."""
    pauses = Pauses(sleep)
    while True:
        try:
            return await call()
        except ErrorFromNode as error:
            if not await pauses.granted(error):
                raise
