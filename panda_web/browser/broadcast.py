"""Channels between the workers of a site's tabs (HTML Standard, "Broadcasting to other browsing contexts").

What is said under a name is heard by all who listen to it, so each channel has a name of its own, which
two workers know: one that waits for others (`Meeting.serve`), and one that looks for it (`Meeting.reach`).

    panda:NAME              the guest says what it calls a channel, and says it again whenever a host begins
    panda:NAME:CHANNEL      all else: the host's first message says that it is there

Nobody hears that a tab was closed or killed. So each of the two holds a lock as long as it lives, and the
other waits for that lock.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import js
from pyodide.ffi import create_proxy

from panda_web.browser.port import PortChannel
from panda_web.client.lock import Lock
from panda_web.rpc.channel import Channel
from panda_web.rpc.pauses import first_of

BEGINS = "host"
"""What a host says when it begins."""

WELCOME = ""
"""What it says first on a channel that a guest named."""

NAME = 32
"""Characters of a channel's name, which are hexadecimal."""


class Meeting:
    """Where the workers of a site find each other.

    Args:
        name: of what the host has.
        lock: among all tabs of the site.
    """

    def __init__(self, name: str, lock: Lock) -> None:
        self._name = f"panda:{name}"
        self._lock = lock
        self._ways: set[asyncio.Task[None]] = set()

    async def serve(self, answer: Callable[[Channel], object]) -> None:
        """Gives a channel to each that looks for one, without end. One at a time serves under a name."""
        seen: set[str] = set()
        ways: set[asyncio.Task[None]] = set()

        def hear(event: Any) -> None:
            said = event.data
            if isinstance(said, str) and _is_name(said) and said not in seen:
                seen.add(said)
                way = self._begin(self._hold(said, "host", "guest", answer))
                ways.add(way)
                way.add_done_callback(ways.discard)
                way.add_done_callback(lambda _: seen.discard(said))

        with _Listening(self._name, hear) as hall:
            hall.postMessage(BEGINS)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                for way in ways:
                    way.cancel()

    async def reach(self) -> Channel:
        """A channel to who serves, once there is one: it waits for it."""
        name = os.urandom(NAME // 2).hex()
        made: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()
        way = self._begin(self._hold(name, "guest", "host", made.set_result))
        try:
            await asyncio.wait((made, way), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            way.cancel()
            raise
        if not made.done():
            way.result()  # which says why it failed
        return made.result()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        way = asyncio.create_task(work)
        self._ways.add(way)
        way.add_done_callback(self._ways.discard)
        return way

    async def _hold(self, name: str, ours: str, theirs: str, answer: Callable[[Channel], object]) -> None:
        """Has a channel, until either side ends it or is gone."""
        place = f"{self._name}:{name}"
        async with self._lock(f"{place}:{ours}"):
            port = js.BroadcastChannel.new(place)
            if ours == "guest":
                await self._welcomed(name, port)
            channel = PortChannel(port)
            if ours == "host":
                port.postMessage(WELCOME)
            answer(channel)
            try:
                await first_of(self._gone(f"{place}:{theirs}"), channel.over())
            finally:
                channel.lose("The tab at its other end was closed.")

    async def _gone(self, lock: str) -> None:
        async with self._lock(lock):
            return

    async def _welcomed(self, name: str, port: Any) -> None:
        """Returns when a host has heard of a channel."""
        welcome = asyncio.Event()
        listener = create_proxy(lambda _: welcome.set())
        port.onmessage = listener

        def hear(event: Any) -> None:
            if event.data == BEGINS:
                hall.postMessage(name)

        try:
            with _Listening(self._name, hear) as hall:
                hall.postMessage(name)
                await welcome.wait()
        except asyncio.CancelledError:
            port.close()
            raise
        finally:
            port.onmessage = None
            listener.destroy()


class _Listening:
    """Hears what is said under a name."""

    def __init__(self, name: str, hear: Callable[[Any], None]) -> None:
        self._channel = js.BroadcastChannel.new(name)
        self._listener = create_proxy(hear)

    def __enter__(self) -> Any:
        self._channel.onmessage = self._listener
        return self._channel

    def __exit__(self, *_: object) -> None:
        self._channel.onmessage = None
        self._channel.close()
        asyncio.get_running_loop().call_soon(self._listener.destroy)  # it may be what calls this


def _is_name(said: str) -> bool:
    return len(said) == NAME and said.isascii() and said.isalnum()
