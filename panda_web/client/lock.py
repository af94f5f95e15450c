"""Who may write next: one at a time for each author, across tabs and processes.

A lock keeps writers from working for nothing; that no slot is used twice does not hang on it, but on the
store's conditional commits (`client.store`). So a lease may run out under a tab that was frozen: that tab's
next commit is refused, and it begins anew.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from weakref import WeakValueDictionary

from panda_web.client.errors import StoreConflict
from panda_web.client.store import ClientStore

Lock = Callable[[str], AbstractAsyncContextManager[object]]
"""Gives, for a name, a context that one holder is in at a time, tasks in the order in which they asked."""

LEASE = 5.0
"""Seconds that a lease lasts unless it is renewed: so long a killed tab keeps the others waiting."""

POLL = 0.05
"""Seconds between two looks at a lease that somebody else holds."""

SLOW_POLL = 0.5
"""The same, once it was waited for as long as a lease lasts: whoever holds it may do so as long as they are
there, and not for one thing that they write."""


class ProcessLock:
    """Among the tasks of one event loop, in the order in which they asked."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # those in use

    def __call__(self, name: str) -> AbstractAsyncContextManager[object]:
        """The context for `name`."""
        return self._locks.setdefault(name, asyncio.Lock())


class LeaseLock:
    """Among all that share a store, where the platform has no locks of its own: pages without Web Locks.

    Args:
        store: holds the leases.
        now: seconds of a clock that all holders share.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        store: ClientStore,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._now = now
        self._sleep = sleep
        self._holder = os.urandom(16).hex()
        self._among_tasks = ProcessLock()

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[None]:
        """The context for `name`."""
        key = f"lease/{name}"
        async with self._among_tasks(name):
            await self._take(key)
            renewal = asyncio.get_running_loop().create_task(self._renew(key))
            try:
                yield
            finally:
                renewal.cancel()
                await self._give_back(key)

    async def _take(self, key: str) -> None:
        waited = 0.0
        while True:
            seen = await self._store.get(key)
            if seen is None or self._is_free(seen):
                try:
                    await self._store.commit({key: self._text()}, {key: seen})
                except StoreConflict:
                    continue  # somebody was faster
                return
            pause = POLL if waited < LEASE else SLOW_POLL
            await self._sleep(pause)
            waited += pause

    def _is_free(self, text: str) -> bool:
        try:
            lease = json.loads(text)
            until, holder = float(lease["until"]), lease["holder"]
        except (ValueError, KeyError, TypeError):
            return True
        # A lease from the far future was written under a clock that was wrong.
        return holder == self._holder or not self._now() < until <= self._now() + 2 * LEASE

    def _text(self) -> str:
        return json.dumps({"holder": self._holder, "until": self._now() + LEASE})

    async def _renew(self, key: str) -> None:
        while True:
            await self._sleep(LEASE / 3)
            if not await self._replace(key, self._text()):
                return

    async def _give_back(self, key: str) -> None:
        await self._replace(key, None)

    async def _replace(self, key: str, text: str | None) -> bool:
        """Writes a lease that is still ours; gives whether it was."""
        while True:
            seen = await self._store.get(key)
            if seen is None or json.loads(seen)["holder"] != self._holder:
                return False
            try:
                await self._store.commit({key: text}, {key: seen})
            except StoreConflict:
                continue
            return True
