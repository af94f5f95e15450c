"""Who reads next, where few can at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from panda_web.rpc.errors import TooManyQueries

READINGS = 2
"""Queries that are answered at the same time, each beside the event loop."""

MOST_WAITING = 100
"""Queries of one caller that wait for their turn."""


async def awaited(turn: asyncio.Future[None], pass_on: Callable[[], None]) -> None:
    """Returns when a turn has come. Who is cancelled when theirs had come already passes it on."""
    try:
        await turn
    except BaseException:
        if turn.done() and not turn.cancelled():
            pass_on()
        raise


class Turns:
    """Lets in few at a time, of each caller one, and in between those of the others.

    So whoever asks for much waits for themselves.

    Args:
        most: how many at a time.
        waiting: how many of one caller may wait.
    """

    def __init__(self, most: int = READINGS, waiting: int = MOST_WAITING) -> None:
        self._most = most
        self._most_waiting = waiting
        self._busy: set[str] = set()
        # By caller, in the order in which they are let in.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def has(self, caller: str) -> bool:
        """Whether a caller has a turn, or waits for one."""
        return caller in self._busy or caller in self._waiting

    @asynccontextmanager
    async def taken(self, caller: str) -> AsyncIterator[None]:
        """Begins when it is the caller's turn. Raises TooManyQueries."""
        if caller in self._busy or len(self._busy) >= self._most:
            await self._turn(caller)
        else:
            self._busy.add(caller)
        try:
            yield
        finally:
            self._leave(caller)

    async def _turn(self, caller: str) -> None:
        waiting = self._waiting.setdefault(caller, deque())
        if len(waiting) >= self._most_waiting:
            raise TooManyQueries(
                f"{self._most_waiting} of your queries wait for an answer already. Try again when some "
                "of them have one."
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        await awaited(turn, lambda: self._leave(caller))

    def _leave(self, caller: str) -> None:
        self._busy.discard(caller)
        for waits in list(self._waiting):
            if len(self._busy) >= self._most:
                return
            if waits not in self._busy:
                self._let_in(waits)

    def _let_in(self, caller: str) -> None:
        waiting = self._waiting.pop(caller)
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                self._busy.add(caller)
                turn.set_result(None)
                break
        if waiting:
            self._waiting[caller] = waiting  # behind the others
