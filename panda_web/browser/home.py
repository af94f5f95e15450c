"""The site's own node, as a tab has it: reached wherever it is, and told what to bring from which node."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from panda_web.browser import shapes
from panda_web.browser.tabs import ABOUT, FILL, FORGET, HURRY
from panda_web.errors import PandaError
from panda_web.rpc import types
from panda_web.rpc.again import Again
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.followed import Followed
from panda_web.rpc.pauses import Growing
from panda_web.rpc.reopening import Reopening

NOTHING: shapes.Here = {
    "state": "never",
    "done": 0,
    "total": None,
    "asOf": None,
    "error": None,
    "refused": 0,
}
"""How a schema stands of which nothing is known."""


HURRIES_EACH = 2.0
"""Seconds between two questions of a page that have a node asked at once."""


class Kept(Followed[shapes.Here]):
    """How a schema stands that is brought.

    Attributes:
        began: when it was first asked for in this visit, in seconds since 1970.
    """

    def __init__(self, began: float) -> None:
        super().__init__(NOTHING)
        self.began = began


class Home:
    """The site's own node.

    Args:
        sessions: gives sessions with it, wherever it is.

    Attributes:
        way: by which it is called; a call is made again where the tab that has it goes.
        connection: the same, for the methods of nodes.
    """

    def __init__(self, sessions: Callable[[], Reopening]) -> None:
        self.sessions = sessions
        self.way = Again(sessions())
        self.connection = Connection(self.way)
        self._kept: dict[tuple[str, str], Kept] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._hurried = 0.0

    async def name(self) -> str:
        """What clients call it: another database is another node, which has acknowledged nothing.

        Raises:
            PandaError: it cannot be opened, and it says why.
        """
        about = await self.connection.call(ABOUT)
        try:
            return types.member(about, "name", types.TEXT)
        except ValueError as error:
            raise AnswerMalformed(f"The site's node {error}.") from error

    def kept(self, node: str, schema: str) -> Kept:
        """How a schema stands that is brought from a node, from now on.

        Whoever asks once more wants to know what is new: a node that tells of no changes is asked at once.
        """
        want = node, schema
        if want in self._kept and time.monotonic() >= self._hurried + HURRIES_EACH:
            self._hurried = time.monotonic()
            self.hurry()
        if want not in self._kept:
            self._kept[want] = Kept(time.time())
            keeping = asyncio.create_task(self._keep(node, schema, self._kept[want]))
            self._keeping.add(keeping)
            keeping.add_done_callback(self._keeping.discard)
        return self._kept[want]

    async def forget(self) -> None:
        """Takes its database away, with all that is in it; nothing is asked of it any more.

        Raises:
            StoreFailed: the browser does not obey.
        """
        for each in self._keeping:
            each.cancel()
        await self.connection.call(FORGET)

    def hurry(self) -> None:
        """There is a network again, perhaps."""
        hurrying = asyncio.create_task(self._hurry())
        self._keeping.add(hurrying)
        hurrying.add_done_callback(self._keeping.discard)

    async def close(self) -> None:
        """Asks for nothing any more."""
        for each in self._keeping:
            each.cancel()
        if self._keeping:
            await asyncio.wait(self._keeping)
        await self.way.close()

    async def _hurry(self) -> None:
        with suppress(PandaError):
            await self.connection.call(HURRY)

    async def _keep(self, node: str, schema: str, kept: Kept) -> None:
        pauses = Growing()
        told = None
        while True:
            try:
                told = await self.connection.call(FILL, node=node, schema=schema, told=told)
            except PandaError as error:
                about: shapes.WriteError = {"reason": error.reason, "message": str(error)}
                kept.note({**kept.now, "error": about})
                await asyncio.sleep(pauses.next())
            else:
                pauses.again()
                kept.note(cast("shapes.Here", told))
