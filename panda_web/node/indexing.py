"""Making the indexes that queries would use, in the writer's turn, one at a time.

Publishes wait while an index is made. So the next one waits longer: whatever is asked, and by whomever,
making indexes takes a small part of the time. Nor do they take the room of what is published: none is made
where that is scarce.
"""

import asyncio
import logging
import time

from panda_web.errors import StoreFailed
from panda_web.node.groups import MOST, Groups
from panda_web.node.store import Store
from panda_web.node.store.indexes import Lacking

logger = logging.getLogger(__name__)

PAUSE = 20
"""After an index is made none is for so many times as long as that took, until others see it."""

SHARE_OF_ROOM = 0.5
"""None is made where the files take more than this part of what all may take. An index takes no more room
than its view does, so they stay below that."""

PAUSE_OF_FAULT = 600.0
"""Seconds for which none is made where one could not be: a disk that is full, perhaps."""


class Indexing:
    """Makes indexes.

    Args:
        store: where views are.
        write: the node's way to write.
        most_bytes: what all may take, of the database's files.
    """

    def __init__(self, store: Store, write: Groups, most_bytes: int) -> None:
        self._store = store
        self._write = write
        self._most_bytes = most_bytes
        self._making: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def look(self) -> None:
        """Begins to make an index if queries have cost as much by now. To be called after a query."""
        if time.monotonic() < self._not_before or (self._making is not None and not self._making.done()):
            return
        try:
            lacking = self._store.indexes.lacking()
            if lacking is not None and self._store.room.of_all() > SHARE_OF_ROOM * self._most_bytes:
                self._not_before = time.monotonic() + PAUSE_OF_FAULT
                return
        except StoreFailed:
            logger.exception("it cannot be told which indexes there are")
            self._not_before = time.monotonic() + PAUSE_OF_FAULT
            return
        if lacking is not None:
            self._making = asyncio.create_task(self._make(lacking))

    async def _make(self, lacking: Lacking) -> None:
        begun = time.monotonic()
        pause = PAUSE_OF_FAULT
        try:
            await self._write(lambda: self._store.indexes.add(lacking), MOST)  # in a group of its own
            with self._store.snapshot():  # whoever reads next waits until it is known which indexes there are
                self._store.views.in_place()
            pause = PAUSE * (time.monotonic() - begun)
        except StoreFailed:
            logger.exception("an index could not be made")
        finally:
            self._not_before = time.monotonic() + pause

    async def finish(self) -> None:
        """Returns once none is being made."""
        if self._making is not None and not self._making.done():
            await asyncio.wait([self._making])
