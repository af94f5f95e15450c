"""A WebSocket as a channel: the server's end, bounded in all that it keeps and waits for.

uvicorn hands a connection over to it at the upgrade. What comes is read in slices, one at a turn of the event
loop, since thousands of frames fit into what a socket gives at once. What goes leaves in pieces, each once
the one before has left, as an answer by HTTP does. While the other side does not read, nothing of it is read.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Protocol, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState
from websockets.frames import CloseCode
from websockets.http11 import Request

from panda_web.rpc.dispatch import MAX_BODY
from panda_web.rpc.errors import ConnectionEnded, NodeFull, RateExceeded
from panda_web.rpc.websocket import CLOSE_SECONDS, PING_SECONDS
from panda_web.server import body, connection
from panda_web.server.answer import PIECE
from panda_web.server.budget import Holding
from panda_web.server.connection import TooMuch
from panda_web.server.frames import Frames
from panda_web.server.guests import Guests
from panda_web.server.visitors import visitor

SLICE = 4 << 10
"""Bytes that are read at one turn of the event loop; each frame in them costs some 20 µs."""

QUEUED = 16
"""Messages that wait to be taken, and no more bytes than one may have. Then no more are read."""


class Opened(Protocol):
    """What is done with a WebSocket."""

    def open(
        self, socket: "Socket", address: str | None, forwarded: str
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """Gives the socket its `holds`, and returns what runs until the channel ends.

        Args:
            socket: the channel.
            address: of the other end.
            forwarded: whom it forwards for, as it says.

        Raises:
            RateExceeded: it may not open.
        """


class Socket(asyncio.Protocol):
    """One WebSocket, a `rpc.channel.Channel`. Made by uvicorn; `sockets` gives it what it needs.

    Attributes:
        guests: all connections.
        proxy: the address of a proxy, whose connections count for nobody.
        opened: what is done with one.
        holds: begins to hold what messages take of a budget, from the first byte until no call is under way.
        visitor, since: see `guests.Guest`.
    """

    guests: ClassVar[Guests]
    proxy: ClassVar[str | None]
    opened: ClassVar[Opened]
    holds: Callable[[], Holding]
    transport: asyncio.Transport

    def __init__(
        self,
        config: Config,  # noqa: ARG002 - what uvicorn gives
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._loop = _loop or asyncio.get_running_loop()
        self._server = cast("Any", server_state)
        self._frames = Frames()
        self._came = bytearray()
        self._reads = False  # whether it goes on at the next turn
        self._messages: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._taken = 0  # bytes of messages since no call was under way
        self._calls = 0
        self._stops = False
        self._ended: str | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._message_since: float | None = None
        self._stuck_since: float | None = None
        self._heard = True
        self._timer: asyncio.TimerHandle | None = None
        self._address: str | None = None
        self._holding: Holding | None = None
        self.visitor: str | None = None
        self.since = 0.0

    # -- what asyncio and uvicorn call -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Finds its place among the others."""
        self.transport = cast("asyncio.Transport", transport)
        client = get_remote_addr(self.transport)
        self._address = client[0] if client else None
        self.visitor = visitor(self._address, self.proxy)
        self._server.connections.add(self)
        self.guests.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - what asyncio gives
        """Makes place for others."""
        self._server.connections.discard(self)
        self.guests.leave(self)
        self._over("It broke, or the other side left.")
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Reads it, slice by slice."""
        self._heard = True
        self._came += data
        if not self._reads:
            self._read_on()

    def pause_writing(self) -> None:
        """What was sent is not read."""
        self._stuck_since = self.guests.clock()
        self._writable.clear()

    def resume_writing(self) -> None:
        """It is read."""
        self._stuck_since = None
        self._writable.set()
        if not self._reads:
            self._read_on()

    def shutdown(self) -> None:
        """The server ends: what is under way is answered, for a moment, and nothing more is taken."""
        self._stops = True
        self._messages.clear()
        self._loop.call_later(connection.LAST_SECONDS, self.end)
        self._quieter()

    # -- what comes --------------------------------------------------------------------------------

    def _read_on(self) -> None:
        """Reads a slice now, and another one at the next turn; or lets the other side wait."""
        self._reads = False
        if self._ended is not None or not self._writable.is_set() or self._full():
            self.transport.pause_reading()
            return
        part = bytes(self._came[:SLICE])
        del self._came[:SLICE]
        if part:
            self._read(part)
        if self._came:
            self.transport.pause_reading()
            self._reads = True
            self._loop.call_soon(self._read_on)
        else:
            self.transport.resume_reading()

    def _full(self) -> bool:
        return len(self._messages) >= QUEUED or sum(map(len, self._messages)) >= MAX_BODY

    def _read(self, part: bytes) -> None:
        try:
            for found in self._frames.read(part):
                if isinstance(found, Request):
                    self._open(found)
                else:
                    self._take(found)
            if self._frames.over:
                self._close(CloseCode.NORMAL_CLOSURE, "", self._frames.why)
            elif self._frames.partial:
                self._message_since = self._message_since or self.guests.clock()
                self._hold(len(part))
        except TooMuch as error:
            self._close(CloseCode.POLICY_VIOLATION, str(error), f"It was closed here: {error}.")
        except NodeFull as error:
            self._close(CloseCode.TRY_AGAIN_LATER, error.reason, f"It was closed here: {error}")
        self._flush()

    def _open(self, request: Request) -> None:
        refused = None
        try:
            forwarded = ",".join(request.headers.get_all("X-Forwarded-For"))
            serve = self.opened.open(self, self._address, forwarded)
        except RateExceeded as error:
            refused = (429, str(error), cast("int", error.data["retryAfter"]))
        if self._frames.answer(request, refused):
            task = self._loop.create_task(serve())
            self._server.tasks.add(task)
            task.add_done_callback(self._server.tasks.discard)
            self._timer = self._loop.call_later(PING_SECONDS, self._ping)

    def _hold(self, count: int) -> None:
        if self._holding is None:
            self._holding = self.holds()
        if self._message_since is not None:
            self._holding.wait(self.end)
        self._holding.take(count)

    def _give_back(self) -> None:
        if self._holding is not None:
            self._holding.give_back()
            self._holding = None

    def _take(self, message: bytes) -> None:
        self._message_since = None
        if self._holding is not None:
            self._holding.work()
        self.guests.moved(self)
        if not self._stops:
            self._messages.append(message)
            self._changed.set()

    async def receive(self) -> bytes:
        """The next message; see `Channel`. While calls are under way, so much is taken as one may have."""
        await asyncio.sleep(0)  # others have a turn, and the call before begins
        self._quieter()
        while self._ended is None:
            if self._messages and (not self._calls or self._taken + len(self._messages[0]) <= MAX_BODY):
                message = self._messages.popleft()
                self._taken += len(message)
                if not self._reads:
                    self._read_on()
                return message
            self._changed.clear()
            await self._changed.wait()
        raise ConnectionEnded(self._ended)

    def begin_call(self) -> None:
        """A call is under way."""
        self._calls += 1

    def end_call(self) -> None:
        """It is answered."""
        self._calls -= 1
        self.guests.moved(self)
        self._quieter()

    def _quieter(self) -> None:
        """Where no call is under way, what they took is free; and a server that ends has waited for them."""
        if self._calls:
            self._changed.set()
            return
        self._taken = 0
        self._changed.set()
        if self._holding is not None:
            self._give_back()
            if left := sum(map(len, self._messages)) + self._frames.size:
                self._hold(left)
        if self._stops:
            self._close(CloseCode.GOING_AWAY, "", "The server ends.")

    # -- what goes ---------------------------------------------------------------------------------

    async def send(self, message: bytes) -> None:
        """Sends a text; see `Channel`. It returns when nearly all of it was read."""
        for start in range(0, max(1, len(message)), PIECE):
            last = start + PIECE >= len(message)
            if self._ended is not None:
                raise ConnectionEnded(self._ended)
            self._frames.text(message[start : start + PIECE], first=start == 0, last=last)
            self._flush()
            await self._writable.wait()
            if not last:
                await asyncio.sleep(0)  # others have a turn, and a lost connection is noticed

    async def close(self, why: str = "") -> None:
        """Ends it; see `Channel`."""
        code = CloseCode.POLICY_VIOLATION if why else CloseCode.NORMAL_CLOSURE
        self._close(code, why, "It was closed here.")

    def _flush(self) -> None:
        made = self._frames.made()
        if made and not self.transport.is_closing():
            self.transport.write(made)

    def _ping(self) -> None:
        if not self._heard:
            self.end()
        elif self._ended is None:
            self._heard = False
            self._frames.ping()
            self._flush()
            self._timer = self._loop.call_later(PING_SECONDS, self._ping)

    # -- how it ends -------------------------------------------------------------------------------

    def _close(self, code: CloseCode, reason: str, words: str) -> None:
        """Ends it in order, within `CLOSE_SECONDS`."""
        if self._ended is None:
            self._over(words)
            self._frames.close(code, reason)
            self._flush()
            self.transport.close()
            self._loop.call_later(CLOSE_SECONDS, self.end)

    def _over(self, words: str) -> None:
        if self._ended is None:
            self._ended = words
            self._came.clear()
            self._messages.clear()
            self._give_back()
            self._changed.set()
            self._writable.set()

    def end(self) -> None:
        """Ends at once; what was not read is lost."""
        self.transport.abort()

    # -- see `guests.Guest` ------------------------------------------------------------------------

    def idle(self) -> bool:
        """Whether no call is under way, and no message."""
        return not self._calls and not self._messages and self._message_since is None

    def waited_for(self) -> bool:
        """Whether the node waits for the other end: to send, or to take."""
        return self.idle() or self._message_since is not None or self._stuck_since is not None

    def overdue(self, now: float) -> bool:
        """Whether a message takes too long to arrive, or to be read."""
        allowed = min(body.SECONDS, body.FIRST_SECONDS + self._frames.size / body.MIN_SPEED)
        return (self._message_since is not None and now - self._message_since > allowed) or (
            self._stuck_since is not None and now - self._stuck_since > connection.ANSWER_SECONDS
        )


def sockets(guests: Guests, proxy: str | None, opened: Opened) -> type[Socket]:
    """The class of a server's WebSockets; see the attributes of `Socket`."""
    return type("Socket", (Socket,), {"guests": guests, "proxy": proxy, "opened": opened})
