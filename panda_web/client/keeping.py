"""Holding a session with the node open, and sending what waits whenever the node is there again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from panda_web.errors import PandaError
from panda_web.rpc.errors import AnswerMalformed, CallFailed, ErrorFromNode
from panda_web.rpc.link import Link
from panda_web.rpc.pauses import ASK_SECONDS, Growing, first_of
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Session
from panda_web.rpc.there import STILL_THERE_SECONDS, is_there

OPENING_SECONDS = 5.0
"""What opening a session may take; then the node is called without one, since something may wait."""

Told = Callable[[int, PandaError | None], object]
"""Told how many entries were sent, and what was wrong with one; where neither is so, it is not called."""

Sleep = Callable[[float], Awaitable[object]]


class Keeping:
    """Keeps the way to a node.

    Args:
        sessions: with the node; None where there is no way to have one: then it is called from time to time.
        ask: calls the node, whatever for. Raises CallFailed.
        flush: sends what the node does not hold; gives how many entries that were.
        sleep: waits for some seconds.

    Attributes:
        sessions: the same.
        link: how the way is.
    """

    def __init__(
        self,
        sessions: Reopening | None,
        ask: Callable[[], Awaitable[object]],
        flush: Callable[[], Awaitable[int]],
        sleep: Sleep,
    ) -> None:
        self.sessions = sessions
        self._ask = ask
        self._flush = flush
        self._sleep = sleep
        self._hurried = asyncio.Event()
        self.link = sessions.link if sessions is not None else Link()

    def hurry(self) -> None:
        """Ends the pause under way: there is a network again, perhaps."""
        self._hurried.set()

    async def keep(self, told: Told) -> None:
        """Holds a session open, and sends what waits, at each beginning and now and then; without end."""
        pauses = Growing()
        while True:
            self._hurried.clear()
            try:
                session = await self._reach()
                await self._send(told)
                pauses.again()
                await self._rest(session)
            except CallFailed:
                await self._pause(pauses.next())

    async def _reach(self) -> Session | None:
        if self.sessions is not None:
            with suppress(AnswerMalformed, TimeoutError):  # nobody there speaks WebSocket, or says so
                async with asyncio.timeout(OPENING_SECONDS):
                    return await self.sessions.session()
        try:
            await self._ask()
        except CallFailed as error:
            self.link.note("connected" if isinstance(error, ErrorFromNode) else "unreachable")
            raise
        self.link.note("connected")
        return None

    async def _send(self, told: Told) -> None:
        sent, wrong = 0, None
        try:
            sent = await self._flush()
        except CallFailed as error:
            if isinstance(error, ErrorFromNode) and not error.may_pass:
                told(0, error)  # it is there, and refuses what waits: whoever wrote it is to know why
            raise
        except PandaError as error:
            wrong = error
        if sent or wrong is not None:
            told(sent, wrong)

    async def _rest(self, session: Session | None) -> None:
        """Returns when it is time to look again. A session that says nothing more has ended by then."""
        if session is None:
            await self._pause(ASK_SECONDS)
            return
        await self._pause(STILL_THERE_SECONDS, session.over())
        if session.ended is None and not await is_there(session):
            await session.close()

    async def _pause(self, seconds: float, *ends: Awaitable[object]) -> None:
        """Waits, unless somebody hurries it, or one of `ends` comes before."""
        await first_of(self._sleep(seconds), self._hurried.wait(), *ends)
