"""The browser's WebSocket as a channel (WHATWG "WebSockets"), and sessions with a node over one.

A browser takes whatever comes, as fast as it comes, and tells scripts nothing of why none could be opened. So
what is not read here is bounded, and a node that cannot be reached so is asked over HTTP whether it is there.
"""

import asyncio
from collections import deque
from typing import Any

import js
from pyodide.ffi import JsException, create_proxy

from panda_web.browser.fetch import TOLD_LATER, FetchTransport, violations
from panda_web.rpc import jsonrpc
from panda_web.rpc.channel import Channel
from panda_web.rpc.errors import AnswerMalformed, ConnectionEnded, NodeUnreachable, RpcError
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.transport import MAX_ANSWER, TIMEOUT, is_under, silent

MAX_UNREAD = MAX_ANSWER
"""Bytes that have come and are not read. With more the channel ends; one message alone may have as many."""

MAX_UNSENT = 1 << 20
"""Bytes that the browser keeps to be sent, above which sending waits."""

LOOK_SECONDS = 0.02
"""Between two looks whether the browser has sent them, since it does not say so."""

GOING = 1000
CUT_OFF = 4008
"""Codes of an end. Of those below 3000 a script may say the first alone (RFC 6455, section 7.4.2)."""


class WebSocketChannel:
    """A WebSocket of the browser's as a channel.

    Args:
        socket: which may still be opening; see `opened`.
        unread: bytes that may have come and not be read.
    """

    def __init__(self, socket: Any, unread: int = MAX_UNREAD) -> None:
        self._socket = socket
        self._most_unread = unread
        self._messages: deque[bytes] = deque()
        self._unread = 0
        self._changed = asyncio.Event()
        self._ended: str | None = None
        self._is_open = False
        socket.binaryType = "arraybuffer"
        self._listeners = {
            "open": create_proxy(self._open),
            "message": create_proxy(self._take),
            "close": create_proxy(self._close),
        }
        for name, listener in self._listeners.items():
            socket.addEventListener(name, listener)

    async def opened(self) -> bool:
        """Whether it could be opened."""
        while not self._is_open and self._ended is None:
            await self._wait()
        return self._is_open

    async def send(self, message: bytes) -> None:
        """Sends a text; see `Channel`."""
        if self._ended is None:
            self._socket.send(message.decode())
        while self._ended is None and self._socket.bufferedAmount > MAX_UNSENT:  # noqa: ASYNC110 - no event
            await asyncio.sleep(LOOK_SECONDS)
        if self._ended is not None:
            raise ConnectionEnded(self._ended)

    async def receive(self) -> bytes:
        """The next message, a text or not; see `Channel`."""
        while not self._messages:
            if self._ended is not None:
                raise ConnectionEnded(self._ended)
            await self._wait()
        message = self._messages.popleft()
        self._unread -= len(message)
        return message

    async def close(self, why: str = "") -> None:
        """Ends it; the browser sees to the rest. See `Channel`."""
        if self._ended is None:
            self._messages.clear()
            self._end("It was closed here.", why)

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _open(self, _: Any) -> None:
        self._is_open = True
        self._changed.set()

    def _take(self, event: Any) -> None:
        data = event.data
        # Half a surrogate pair is no UTF-8, and no such text comes over a WebSocket.
        message = data.encode() if isinstance(data, str) else data.to_bytes()
        if self._messages and self._unread + len(message) > self._most_unread:
            self._messages.clear()
            self._end("More came than was read.", "messages-not-read")
            return
        self._messages.append(message)
        self._unread += len(message)
        self._changed.set()

    def _close(self, event: Any) -> None:
        said = event.reason[:100] or f"code {event.code}"
        self._end("It broke." if event.code == _ABNORMAL else f"The other side closed it ({said}).")

    def _end(self, words: str, why: str = "") -> None:
        if self._ended is not None:
            return
        self._ended = words
        self._changed.set()
        for name, listener in self._listeners.items():
            self._socket.removeEventListener(name, listener)
            asyncio.get_event_loop().call_soon(listener.destroy)  # it may be what calls this
        self._socket.close(CUT_OFF if why else GOING, why)


_ANYTHING = jsonrpc.dumps(jsonrpc.call("1", "panda_unsubscribe", {"subscription": ""}))
"""A call that changes nothing, and that any node answers, be it with an error."""

_ABNORMAL = 1006
"""What a browser says of a connection that ended without an end."""


def sessions(transport: FetchTransport) -> Reopening:
    """Sessions with the node that a transport leads to, opened when they are needed."""
    return Reopening(_Way(transport).open)


class _Way:
    """To a node.

    Args:
        transport: to the same node.
    """

    def __init__(self, transport: FetchTransport) -> None:
        self._transport = transport
        self._url = f"ws{transport.url.removeprefix('http')}"
        self._forbidden = False

    async def open(self) -> Channel:
        """A channel to the node.

        Raises:
            NodeUnreachable: it cannot be reached.
            AnswerMalformed: it can be reached, but not over a WebSocket.
        """
        channel = await self._try() if not self._forbidden else None
        if channel is not None:
            return channel
        try:
            await self._transport.send(_ANYTHING)
        except NodeUnreachable:
            raise
        except RpcError:
            pass  # somebody is there
        if self._forbidden:
            raise AnswerMalformed(
                f"The content security policy of this page does not allow {self._url}, over which a node "
                "tells of changes: connect-src must name it."
            )
        raise AnswerMalformed(f"Nobody at {self._url} speaks WebSocket.")

    async def _try(self) -> Channel | None:
        with violations() as forbidden:
            channel = await self._opened()
            if channel is None:
                await asyncio.sleep(TOLD_LATER)
        # It is not tried again: each attempt is told to the website's administrator.
        self._forbidden = any(is_under(self._url, each) for each in forbidden)
        return channel

    async def _opened(self) -> Channel | None:
        try:
            channel = WebSocketChannel(js.WebSocket.new(self._url))
        except JsException:
            return None
        try:
            async with asyncio.timeout(TIMEOUT):
                return channel if await channel.opened() else None
        except TimeoutError as error:
            await channel.close()
            raise silent(self._url, TIMEOUT) from error
        except asyncio.CancelledError:
            await channel.close()
            raise
