"""Calls that are made again when the session that they were open in has ended.

Nobody knows then whether a call was carried out. So this is for whoever may be asked twice: a node, to
which an entry that it holds is no news.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from panda_web.rpc.errors import ConnectionEnded, RpcError
from panda_web.rpc.peer import Peer, Progress
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.types import Json

R = TypeVar("R")

TIMES = 5
"""How often a call is begun, at most."""


class Again(Peer):
    """Calls by sessions, from one to the next.

    Args:
        sessions: which open again when they have ended.
    """

    def __init__(self, sessions: Reopening) -> None:
        self._sessions = sessions

    async def call(self, method: str, params: Mapping[str, Json], progress: Progress | None = None) -> Json:
        """The result of one call; see `Peer`."""
        return await self._again(lambda: self._sessions.call(method, params, progress))

    async def call_batch(self, method: str, calls: Sequence[Mapping[str, Json]]) -> Sequence[Json | RpcError]:
        """A result or an error for each; see `Peer`."""
        return await self._again(lambda: self._sessions.call_batch(method, calls))

    async def close(self) -> None:
        """Closes the sessions."""
        await self._sessions.close()

    async def _again(self, call: Callable[[], Awaitable[R]]) -> R:
        for _ in range(TIMES - 1):
            try:
                return await call()
            except ConnectionEnded:
                if self._sessions.closed:
                    raise
        return await call()
