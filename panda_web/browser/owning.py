"""Who of a site's workers has its database, and how the others reach the node that is on it.

SQLite's files can be open in one worker alone (File System Standard, "createSyncAccessHandle()"). So all
workers of a site ask for one lock. Who has it opens the database, with a node on it, and serves the others;
when its tab is closed, killed or put aside, the browser gives the lock to the next.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from panda_web.browser.broadcast import Meeting
from panda_web.client.lock import Lock
from panda_web.errors import PandaError
from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Bounds, Session
from panda_web.rpc.transport import MAX_ANSWER
from panda_web.rpc.within import pair

OF_A_TAB = Bounds(message=MAX_ANSWER, calls=10_000)
"""What the node takes of another tab of its site, which has the same rights as this one."""


class Served(Protocol):
    """What is opened: a node."""

    def dispatcher(self) -> Dispatcher:
        """What it answers."""

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
        self._owns = asyncio.Event()
        self._refusal: PandaError | None = None
        self._queued: asyncio.Task[None] | None = None
        self.owner: Served | None = None

    def start(self) -> None:
        """Stands in the queue for the database from now on."""
        if self._queued is None:
            self._queued = asyncio.create_task(self._own())

    async def close(self) -> None:
        """Leaves the queue, or gives the database to the next."""
        if self._queued is not None:
            self._queued.cancel()
            with suppress(asyncio.CancelledError):
                await self._queued

    def sessions(self) -> Reopening:
        """Sessions with the node, wherever it is; whoever asks for them closes them."""
        return Reopening(self.reach)

    async def reach(self) -> Channel:
        """A channel to the node, once somebody has it.

        Raises:
            PandaError: it could not be opened here, and it says why.
        """
        self.start()
        owns = asyncio.create_task(self._owns.wait())
        guest = asyncio.create_task(self._meeting.reach())
        try:
            await asyncio.wait((owns, guest), return_when=asyncio.FIRST_COMPLETED)
        finally:
            owns.cancel()
            guest.cancel()
        if not self._owns.is_set():
            return guest.result()
        if self.owner is None:
            raise self._refusal or PandaError("The database is closed.")
        ours, theirs = pair()
        self._serve(theirs)
        return ours

    async def _own(self) -> None:
        async with self._lock(self._name):
            try:
                self.owner = await self._open()
            except PandaError as error:
                self._refusal = error
                self._owns.set()
                return
            self._owns.set()
            try:
                await self._meeting.serve(self._serve)
            finally:
                owner, self.owner = self.owner, None
                await owner.close()

    def _serve(self, channel: Channel) -> None:
        if self.owner is not None:
            Session(channel, self.owner.dispatcher(), bounds=OF_A_TAB).start()
