"""A MessagePort as a channel (HTML Standard, "Message ports"). Each message goes as one text.

A BroadcastChannel does the same for two that alone know its name (`browser.broadcast`).

A port tells nobody that its other end is gone, and takes everything at once. So an end is said in a message
of its own, which `panda.js` sends and understands too: the notification `close`.
"""

import asyncio
from collections import deque
from typing import Any

from pyodide.ffi import create_proxy

from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import ConnectionEnded

CLOSE = "close"
_LONGEST_END = 300
"""Characters of a text that may be such a notification: others are not read twice."""


class PortChannel:
    """One end. Messages count from now on; what came before has waited in the port.

    Args:
        port: a MessagePort, or a BroadcastChannel.
    """

    def __init__(self, port: Any) -> None:
        self._port = port
        self._messages: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._ended: str | None = None
        self._over = asyncio.Event()
        self._listener = create_proxy(self._take)
        port.onmessage = self._listener

    async def send(self, message: bytes) -> None:
        """Posts a text; see `Channel`."""
        if self._ended is not None:
            raise ConnectionEnded(self._ended)
        self._port.postMessage(message.decode())

    async def receive(self) -> bytes:
        """The next message; see `Channel`."""
        while not self._messages:
            if self._ended is not None:
                raise ConnectionEnded(self._ended)
            self._changed.clear()
            await self._changed.wait()
        return self._messages.popleft()

    async def over(self) -> None:
        """Returns once it has ended."""
        await self._over.wait()

    def lose(self, why: str) -> None:
        """Ends it on this side: there is no other one any more.

        Args:
            why: a sentence.
        """
        self._end(why)

    async def close(self, why: str = "") -> None:
        """Ends it for both sides; see `Channel`."""
        if self._ended is None:
            said = jsonrpc.notification(CLOSE, {"why": why} if why else {})
            self._port.postMessage(jsonrpc.dumps(said).decode())
            self._messages.clear()
            self._end("It was closed here.")

    def _take(self, event: Any) -> None:
        data = event.data
        # A page may post anything: what is no text is no JSON, and half a surrogate pair is no UTF-8.
        message = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else b""
        why = _end_in(message)
        if why is not None:
            self._end(f"The other side closed it ({why})." if why else "The other side closed it.")
        elif self._ended is None:
            self._messages.append(message)
            self._changed.set()

    def _end(self, why: str) -> None:
        if self._ended is not None:
            return
        self._ended = why
        self._changed.set()
        self._over.set()
        self._port.onmessage = None
        self._port.close()
        asyncio.get_event_loop().call_soon(self._listener.destroy)  # it may be what calls this


def _end_in(message: bytes) -> str | None:
    """Why the other side ends the channel, which may be empty; None where the message is another one."""
    if len(message) > _LONGEST_END or CLOSE.encode() not in message:
        return None
    try:
        (request,), _ = jsonrpc.read_requests(message, 1)
    except PandaError:
        return None
    if not isinstance(request, jsonrpc.Request) or not request.notification or request.method != CLOSE:
        return None
    why = request.params.get("why") if isinstance(request.params, dict) else None
    return why if isinstance(why, str) else ""
