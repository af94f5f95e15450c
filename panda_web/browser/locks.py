"""One writer at a time across the tabs of a site, by Web Locks (W3C "Web Locks API").

A tab that is closed or killed gives its lock back by itself. Pages without Web Locks (plain http that is not
localhost) have leases in their store instead.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import js
from pyodide.ffi import JsException, create_proxy, to_js

from panda_web.client.lock import LeaseLock, Lock, ProcessLock
from panda_web.client.store import ClientStore


def platform_lock(store: ClientStore) -> Lock:
    """The best lock that this page has."""
    return WebLock() if getattr(js.navigator, "locks", None) else LeaseLock(store)


class WebLock:
    """Among the tabs of an origin; and among tasks here, who get it in the order in which they asked.

    Chromium has another order at first: it looks aside whether a worker may have locks at all, and what was
    asked for meanwhile comes behind what was asked for later.
    """

    def __init__(self) -> None:
        self._among_tasks = ProcessLock()

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[None]:
        """The context for `name`."""
        async with self._among_tasks(name), _held(name):
            yield


@asynccontextmanager
async def _held(name: str) -> AsyncIterator[None]:
    """Holds the lock `name` of this origin."""
    loop = asyncio.get_running_loop()
    acquired: asyncio.Future[None] = loop.create_future()
    end = js.Promise.withResolvers() if hasattr(js.Promise, "withResolvers") else _resolvers()

    def hold(_: Any) -> Any:
        if not acquired.done():
            acquired.set_result(None)
        return end.promise

    holder = create_proxy(hold)
    abort = js.AbortController.new()
    options = to_js({"signal": abort.signal}, dict_converter=js.Object.fromEntries)
    granted = js.navigator.locks.request(name, options, holder)
    try:
        await acquired
        yield
    finally:
        end.resolve()
        if not acquired.done() or acquired.cancelled():
            abort.abort()  # we leave the queue
        try:
            await granted
        except JsException:
            pass  # aborted while it waited: it never held the lock
        finally:
            holder.destroy()


def _resolvers() -> Any:
    resolvers = js.Object.new()

    def take(resolve: Any, _reject: Any) -> None:
        resolvers.resolve = resolve

    proxy = create_proxy(take)
    resolvers.promise = js.Promise.new(proxy)
    proxy.destroy()
    return resolvers
