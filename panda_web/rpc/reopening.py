"""A session that is opened when something is first called, and again when it has ended."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import ConnectionEnded, NodeUnreachable, RpcError
from panda_web.rpc.link import Link
from panda_web.rpc.peer import Peer, Progress
from panda_web.rpc.session import OF_A_NODE, Bounds, Session
from panda_web.rpc.types import Json


class Reopening(Peer):
    """Calls by a session that lasts from call to call. A call that was open when it ended is not made again.

    Args:
        reach: opens a channel. Raises NodeUnreachable.
        dispatcher: the methods that the other side may call.
        bounds: of the sessions.

    Attributes:
        link: whether a session is open, or none could be.
        closed: whether `close` was called.
    """

    def __init__(
        self,
        reach: Callable[[], Awaitable[Channel]],
        dispatcher: Dispatcher | None = None,
        bounds: Bounds = OF_A_NODE,
    ) -> None:
        self._reach = reach
        self._dispatcher = dispatcher
        self.link = Link()
        self._bounds = bounds
        self._opening = asyncio.Lock()
        self._session: Session | None = None
        self.closed = False

    def answer_with(self, dispatcher: Dispatcher) -> None:
        """The other side may call these methods from now on, over a session that is open already too."""
        self._dispatcher = dispatcher
        if self._session is not None:
            self._session.answer_with(dispatcher)

    async def session(self) -> Session:
        """The session, as it is or anew. Raises NodeUnreachable."""
        async with self._opening:
            if self.closed:
                raise ConnectionEnded("It was closed here.")
            if self._session is None or self._session.ended is not None:
                self._session = await self._open()
            return self._session

    async def _open(self) -> Session:
        try:
            channel = await self._reach()
        except NodeUnreachable:
            self.link.note("unreachable")
            raise
        session = Session(channel, self._dispatcher, bounds=self._bounds)
        session.start().add_done_callback(lambda _: self.link.note("idle" if self.closed else "unreachable"))
        self.link.note("connected")
        return session

    async def call(self, method: str, params: Mapping[str, Json], progress: Progress | None = None) -> Json:
        """The result of one call; see `Peer`."""
        return await (await self.session()).call(method, params, progress)

    async def call_batch(self, method: str, calls: Sequence[Mapping[str, Json]]) -> Sequence[Json | RpcError]:
        """A result or an error for each; see `Peer`."""
        return await (await self.session()).call_batch(method, calls)

    async def close(self) -> None:
        """Ends the session. Whoever calls afterwards gets ConnectionEnded."""
        self.closed = True
        async with self._opening:
            if self._session is not None:
                await self._session.close()
