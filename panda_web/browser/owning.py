"""Who of a site's workers has its database, and how the others reach the node that is on it.

SQLite's files can be open in one worker alone (File System Standard, "createSyncAccessHandle()"). So all
workers of a site ask for one lock. Who has it opens the database, with a node on it, and serves the others;
when its tab is closed, killed or put aside, the browser gives the lock to the next.

Where a page has no Web Locks, the lock is a lease. Who could not renew it, since the machine slept, is told
by the database that another has it, and asks the new one from then on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from panda_web.browser.broadcast import Meeting
from panda_web.client.lock import Lock
from panda_web.errors import PandaError
from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import ConnectionEnded, NodeUnreachable
from panda_web.rpc.pauses import first_of
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Bounds, Session
from panda_web.rpc.transport import MAX_ANSWER
from panda_web.rpc.within import pair

logger = logging.getLogger(__name__)

OF_A_TAB = Bounds(message=MAX_ANSWER, calls=10_000)
"""What the node takes of another tab of its site, which has the same rights as this one."""


class NodeNotOpened(NodeUnreachable):
    """The node of this site could not be opened in this tab. Whoever calls again has it tried again."""

    reason = "node-not-opened"


class Served(Protocol):
    """What is opened: a node."""

    def dispatcher(self) -> Dispatcher:
        """What it answers."""

    async def lost(self) -> None:
        """Returns once another tab has taken the database away; perhaps never."""

    async def close(self) -> None:
        """Closes its files in order."""


class Owning:
    """The node of a site, be it in this worker or in that of another tab.

    Args:
        name: of the database.
        lock: among all tabs of the site.
        open: opens the database, once nobody else has it.

    Attributes:
        owner: what was opened here; None as long as another tab has it.
    """

    def __init__(self, name: str, lock: Lock, open: Callable[[], Awaitable[Served]]) -> None:
        self._name = f"panda:{name}"
        self._lock = lock
        self._open = open
        self._meeting = Meeting(name, lock)
        self._opened: asyncio.Future[None] | None = None
        self._queued: asyncio.Task[None] | None = None
        self._sessions: set[Session] = set()
        self._closed = False
        self.owner: Served | None = None

    def start(self) -> None:
        """Stands in the queue for the database from now on, until that fails."""
        if not self._closed:
            self._attempt()

    async def close(self) -> None:
        """Leaves the queue, or gives the database to the next. Nothing is reached from here any more."""
        self._closed = True
        if self._queued is not None:
            self._queued.cancel()
            await asyncio.wait([self._queued])

    def sessions(self) -> Reopening:
        """Sessions with the node, wherever it is; whoever asks for them closes them."""
        return Reopening(self.reach)

    async def reach(self) -> Channel:
        """A channel to the node, once somebody has it.

        Raises:
            NodeNotOpened: it could not be opened here, and it says why.
            ConnectionEnded: `close` was called.
        """
        while not self._closed:
            opened = self._attempt()
            channel = await self._from_another_tab(opened)
            if channel is not None:
                return channel
            wrong = opened.exception()
            if wrong is not None:
                raise NodeNotOpened(str(wrong)) from wrong
            if self.owner is not None:
                ours, theirs = pair()
                self._serve(theirs)
                return ours
        raise ConnectionEnded("This tab has left the node of its site.")

    async def _from_another_tab(self, opened: "asyncio.Future[None]") -> Channel | None:
        """A channel to the tab that has the node; None once it is known what became of it here."""
        guest = asyncio.create_task(self._meeting.reach())
        reached = False
        try:
            await asyncio.wait((opened, guest), return_when=asyncio.FIRST_COMPLETED)
            reached = not opened.done()
            return guest.result() if reached else None
        finally:
            if not reached:
                guest.cancel()
                await asyncio.wait([guest])
                if not guest.cancelled() and guest.exception() is None:
                    await guest.result().close()

    def _attempt(self) -> "asyncio.Future[None]":
        """Done when the database is open here, or when it is known why not."""
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._queued = asyncio.create_task(self._own(self._opened))
        return self._opened

    async def _own(self, opened: "asyncio.Future[None]") -> None:
        try:
            async with self._lock(self._name):
                self.owner = owner = await self._open_whole()
                opened.set_result(None)
                try:
                    await self._serve_all(owner)
                finally:
                    self.owner = None
                    await self._end_sessions()
                    await owner.close()
        except Exception as error:
            if opened.done() or not isinstance(error, PandaError):
                logger.exception("the node of this site does not run here")
            if not opened.done():
                opened.set_exception(error)
                opened.exception()  # it is known, though nobody may have asked
        finally:
            self._opened = None
            if not opened.done():
                opened.set_result(None)  # it was left: whoever waits looks again

    async def _open_whole(self) -> Served:
        """Opens it; who leaves meanwhile closes what was opened."""
        opening = asyncio.ensure_future(self._open())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])
            if not opening.cancelled() and opening.exception() is None:
                await opening.result().close()
            raise

    async def _serve_all(self, owner: Served) -> None:
        """Serves whoever looks for the node, until another tab has its database."""
        serving = asyncio.create_task(self._meeting.serve(self._serve))
        try:
            await first_of(serving, owner.lost())
        finally:
            serving.cancel()
            await asyncio.wait([serving])
        if not serving.cancelled():
            serving.result()  # which says why it failed

    def _serve(self, channel: Channel) -> None:
        if self.owner is not None:
            session = Session(channel, self.owner.dispatcher(), bounds=OF_A_TAB)
            self._sessions.add(session)
            session.start().add_done_callback(lambda _: self._sessions.discard(session))

    async def _end_sessions(self) -> None:
        """Whoever has a call open asks the next owner."""
        for session in [*self._sessions]:
            await session.close()
