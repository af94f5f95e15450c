"""A connection whose HTTP is read by httptools, in C.

The parser goes on to the requests behind one that is not answered yet, and uvicorn keeps them in line. So
these are counted; and where one of them is no HTTP, those before it are answered first.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from panda_web.server.connection import MAX_FIELDS, MAX_HEAD, MAX_WAITING, Connection, TooMuch, check_head

REFUSED = "Invalid HTTP request received."


class WithHttptools(Connection, HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._answered: Any = None
        self._broken = False
        self._in_head = True
        self._trailers = 0
        self._moved = False
        self._idly = 0  # bytes since something was whole: they are in the parser

    @property
    def answered(self) -> Any:
        """See `Connection`: `cycle` is the request that came last."""
        return self._answered

    def behind(self) -> int:
        """See `Connection`."""
        return sum(len(cycle.body) for cycle, _ in self.pipeline)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        """Reads on, where it may."""
        if self._broken:
            return
        self._moved = False
        super().data_received(data)
        self._idly = 0 if self._moved else self._idly + len(data)
        if self._idly > MAX_HEAD and not self._broken:
            self.send_400_response(REFUSED)

    def connection_lost(self, exc: Exception | None) -> None:
        """Makes place for others, and nobody waits for answers."""
        self.forget()
        self.pipeline.clear()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Is idle again, or answers what came meanwhile."""
        super().on_response_complete()
        if self.idle() and self._broken:
            super().send_400_response(REFUSED)
        elif self.pipeline:
            self.flow.pause_reading()

    def shutdown(self) -> None:
        """The server ends: what is behind the request that is answered now is left."""
        self.pipeline.clear()
        self.cycle = self._answered
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP: says so behind the answers that are due, and ends."""
        self._broken = True
        broken = self.cycle if self.cycle is not None and self.cycle.more_body else None
        if broken is not None and broken is self._answered:  # there is no more of its body
            self.forget()
            if broken.response_started:
                self.transport.close()
            else:
                super().send_400_response(msg)
            return
        if broken is not None:
            self.pipeline.popleft()
        if self.idle():
            super().send_400_response(msg)

    def _should_upgrade(self) -> bool:
        return self.idle() and super()._should_upgrade()

    # What the parser calls. What is raised there ends the parsing, as bytes do that are no HTTP.

    def on_message_begin(self) -> None:
        """A request begins."""
        if len(self.pipeline) >= MAX_WAITING:
            raise TooMuch("too many requests behind one that is not answered")
        self._in_head, self._trailers = True, 0
        self.pieces.begin()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head; or behind a body, where it could claim to be one."""
        if not self._in_head:
            self._trailers += 1
            check_head(0, self._trailers)
        elif len(self.headers) >= MAX_FIELDS:
            raise TooMuch("a head of too many lines")
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._moved = False, True
        check_head(len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers), 0)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._moved = True
        self.pieces.add(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._moved = True
        super().on_message_complete()
        if self.cycle is not None:
            self.cycle.more_body = False  # also of one that was answered before
