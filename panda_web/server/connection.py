"""A connection: uvicorn's, with an end to every wait, and a bound for all that it keeps.

What uvicorn leaves open: the size of a request's head and the time for it, how many pieces a body comes in,
how much is sent behind a request that is not answered yet, and an answer that nobody reads. The last one
matters most, since `close` waits until everything was read.

uvicorn reads HTTP by httptools or by h11. What both need stands here, each bound once; `with_httptools` and
`with_h11` apply it where they read.
"""

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.config import Config
from uvicorn.server import ServerState

from panda_web.server.guests import Guests
from panda_web.server.visitors import visitor

HEAD_SECONDS = 10.0
"""What a request's head may take to arrive."""

ANSWER_SECONDS = 20.0
"""Who has read nothing of an answer for this time is cut off. Less than 48 KiB count as nothing."""

LAST_SECONDS = 3.0
"""What is left for reading answers once the server ends. It gives its tasks 5 s."""

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

MAX_WAITING = 100
"""Requests behind one that is not answered yet, where they are taken apart before their turn."""


class TooMuch(Exception):
    """What somebody sends is beyond a bound. A parser takes it for its own, and nobody else sees it."""


def check_head(size: int, fields: int) -> None:
    """Raises TooMuch for a head of so many bytes and lines."""
    if size > MAX_HEAD or fields > MAX_FIELDS:
        raise TooMuch("a head of too many bytes, or lines")


class Pieces:
    """Counts the pieces of a body, or of a message, as they come.

    Args:
        most: bytes of one.

    Attributes:
        size: bytes that came.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces = self.size = 0

    def begin(self) -> None:
        """Another one begins."""
        self._pieces = self.size = 0

    def add(self, size: int) -> None:
        """One piece more. Raises TooMuch."""
        self._pieces += 1
        self.size += size
        if self._pieces > FREE_PIECES + self.size // PIECE or self.size > self._most:
            raise TooMuch("too many pieces, or bytes")


if TYPE_CHECKING:

    class _Uvicorns(asyncio.Protocol):
        """What both of uvicorn's classes have, of which something is used here."""

        transport: asyncio.Transport
        loop: asyncio.AbstractEventLoop
        client: tuple[str, int] | None
        flow: Any
        cycle: Any

        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None: ...
        def on_response_complete(self) -> None: ...
        def handle_websocket_upgrade(self, *event: Any) -> None: ...
        def shutdown(self) -> None: ...

else:
    _Uvicorns = asyncio.Protocol


class Connection(_Uvicorns):
    """One connection, for one of uvicorn's classes behind it. `connections` gives it what it needs.

    Attributes:
        guests: all connections.
        proxy: the address of a proxy, whose connections count for nobody.
        max_body: bytes of a body after which nothing more is read, beyond what the application allows.
        visitor, since: see `guests.Guest`.
    """

    guests: ClassVar[Guests]
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
        self.visitor: str | None = None
        self.since = 0.0
        self.pieces = Pieces(self.max_body)
        self._head_since: float | None = None
        self._stuck_since: float | None = None
        self._closing_since: float | None = None

    @property
    def answered(self) -> Any:
        """The request that is answered, or was last; None before the first."""
        return self.cycle

    def behind(self) -> int:
        """Bytes that came behind the request that is answered."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Finds its place among the others."""
        super().connection_made(transport)
        self.visitor = visitor(self.client[0] if self.client else None, self.proxy)
        self._head_since = self.guests.clock()
        self.guests.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Makes place for others."""
        self.guests.leave(self)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, *event: Any) -> None:
        """The connection is a WebSocket from here on, which finds a place of its own."""
        self.guests.leave(self)
        super().handle_websocket_upgrade(*event)

    def data_received(self, data: bytes) -> None:
        """Reads on, where it may."""
        before, idle = self.answered, self.idle()
        if idle and self._head_since is None:
            self._head_since = self.guests.clock()
        if not idle and not before.more_body and self.behind() > MAX_BEHIND:
            self.end()
            return
        super().data_received(data)
        if self.answered is not before:
            self._begun()

    def on_response_complete(self) -> None:
        """Is idle again, or answers what came meanwhile."""
        before = self.answered
        super().on_response_complete()
        if self.answered is not before:
            self._begun()
        else:
            self.guests.moved(self)

    def _begun(self) -> None:
        self._head_since = None
        self.guests.moved(self)

    def pause_writing(self) -> None:
        """What was answered is not read."""
        self._stuck_since = self.guests.clock()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It is read."""
        self._stuck_since = None
        super().resume_writing()

    def shutdown(self) -> None:
        """The server ends: what was sent is answered, and nobody is waited for who is slow."""
        if self.idle() or not self.answered.more_body:
            super().shutdown()
            self.loop.call_later(LAST_SECONDS, self._end_unread)
        else:
            self.end()

    def _end_unread(self) -> None:
        if self.flow.write_paused:
            self.end()

    def forget(self) -> None:
        """Nobody waits for the answer any more: its application is told so."""
        if not self.idle():
            self.answered.disconnected = True
            self.answered.message_event.set()

    def idle(self) -> bool:
        """See `guests.Guest`."""
        return self.answered is None or self.answered.response_complete

    def waited_for(self) -> bool:
        """See `guests.Guest`."""
        return self.idle() or self.answered.more_body or self.flow.write_paused

    def overdue(self, now: float) -> bool:
        """See `guests.Guest`."""
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
