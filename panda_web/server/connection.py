"""A connection: uvicorn's, with an end to every wait, and a bound for all that it keeps.

What uvicorn leaves open: the time for a request's head, how many pieces a body comes in, how much is sent
behind a request that is not answered yet, and an answer that nobody reads. The last one matters most, since
`close` waits until everything was read.
"""

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from panda_web.server.room import Room
from panda_web.server.visitors import visitor

HEAD_SECONDS = 10.0
"""So long a request's head may take to arrive."""

ANSWER_SECONDS = 20.0
"""So long nothing of an answer may be read; 48 KiB are the least that counts as reading."""

LAST_SECONDS = 3.0
"""So long answers may still be read once the server ends; it gives its tasks 5 s."""

MAX_HEAD = 16 << 10
"""Bytes of a request's head."""

MAX_FIELDS = 100
"""Lines of a request's head; each costs some 2 µs."""

FREE_PIECES = 256
"""Pieces in which a body may come, however small they are; each costs some 10 µs."""

PIECE = 512
"""Bytes that each piece beyond these must have, on average."""

MAX_BEHIND = 64 << 10
"""Bytes behind a request that is not answered yet, with which no more are read."""


class _Http(h11.Connection):
    """HTTP/1.1, of which a request's body is bounded, also where nobody reads it."""

    def __init__(self, max_body: int) -> None:
        super().__init__(h11.SERVER, MAX_HEAD)
        self._max_body = max_body
        self._pieces = self._bytes = 0

    def next_event(self) -> Any:
        """The next event. Raises RemoteProtocolError."""
        if self.their_state is h11.IDLE:
            self._check_head()
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._pieces = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self._bytes += len(event.data)
            if self._pieces > FREE_PIECES + self._bytes // PIECE or self._bytes > self._max_body:
                raise h11.RemoteProtocolError("a body of too many pieces, or bytes")
        return event

    def _check_head(self) -> None:
        """h11 bounds heads only that are not whole yet."""
        came = self.trailing_data[0]
        end = came.find(b"\r\n\r\n")
        if (end if end >= 0 else len(came)) > MAX_HEAD or came.count(b"\n", 0, end) > MAX_FIELDS:
            raise h11.RemoteProtocolError("a head of too many bytes, or lines")


class Connection(H11Protocol):
    """One connection. Made by uvicorn; `connections` gives it what it needs.

    Attributes:
        room: of all connections.
        proxy: the address of a proxy, whose connections count for nobody.
        max_body: bytes of a body after which nothing more is read, beyond what the application allows.
        visitor, since: see `room.Guest`.
    """

    room: ClassVar[Room]
    proxy: ClassVar[str | None]
    max_body: ClassVar[int]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        # What the application ends a connection by.
        super().__init__(config, server_state, {**app_state, "connection": self}, _loop)
        self.conn = _Http(self.max_body)
        self.visitor: str | None = None
        self.since = 0.0
        self._head_since: float | None = None
        self._stuck_since: float | None = None
        self._closing_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Finds its place among the others."""
        super().connection_made(transport)
        self.visitor = visitor(self.client[0] if self.client else None, self.proxy)
        self._head_since = self.room.clock()
        self.room.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Makes place for others."""
        self.room.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on, where it may."""
        before, idle = self.cycle, self.idle()
        if idle and self._head_since is None:
            self._head_since = self.room.clock()
        if not idle and not before.more_body and len(self.conn.trailing_data[0]) > MAX_BEHIND:
            self.end()
            return
        super().data_received(data)
        if self.cycle is not before:
            self._begun()

    def on_response_complete(self) -> None:
        """Is idle again, or answers what came meanwhile."""
        before = self.cycle
        super().on_response_complete()
        if self.cycle is not before:
            self._begun()
        else:
            self.room.moved(self)

    def _begun(self) -> None:
        self._head_since = None
        self.room.moved(self)

    def pause_writing(self) -> None:
        """What was answered is not read."""
        self._stuck_since = self.room.clock()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It is read."""
        self._stuck_since = None
        super().resume_writing()

    def shutdown(self) -> None:
        """The server ends: what was sent is answered, and nobody is waited for who is slow."""
        if self.idle() or not self.cycle.more_body:
            super().shutdown()
            self.loop.call_later(LAST_SECONDS, self._end_unread)
        else:
            self.end()

    def _end_unread(self) -> None:
        if self.flow.write_paused:
            self.end()

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP: says so where nothing was said yet, and ends."""
        if not self.idle():  # its application must not answer as well
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def idle(self) -> bool:
        """See `room.Guest`."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def waited_for(self) -> bool:
        """See `room.Guest`."""
        return self.idle() or self.cycle.more_body or self.flow.write_paused

    def overdue(self, now: float) -> bool:
        """See `room.Guest`."""
        if self._closing_since is None and self.transport.is_closing():
            self._closing_since = now
        return (
            (self._head_since is not None and now - self._head_since > HEAD_SECONDS)
            or (self._stuck_since is not None and now - self._stuck_since > ANSWER_SECONDS)
            or (self._closing_since is not None and now - self._closing_since > ANSWER_SECONDS)
        )

    def end(self) -> None:
        """Ends at once; what was not read is lost."""
        self.transport.abort()


def connections(room: Room, proxy: str | None, max_body: int) -> type[Connection]:
    """The class of a server's connections; see the attributes of `Connection`."""
    return type("Connection", (Connection,), {"room": room, "proxy": proxy, "max_body": max_body})
