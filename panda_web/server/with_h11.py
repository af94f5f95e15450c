"""A connection whose HTTP is read by h11, in Python: wherever Python runs."""

import asyncio
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from panda_web.server.connection import MAX_HEAD, Connection, Pieces, TooMuch, check_head


class _Http(h11.Connection):
    """HTTP/1.1, of which heads and bodies are bounded, also where nobody reads them."""

    def __init__(self, pieces: Pieces) -> None:
        super().__init__(h11.SERVER, MAX_HEAD)
        self._came = pieces

    def next_event(self) -> Any:
        """The next event. Raises RemoteProtocolError."""
        try:
            if self.their_state is h11.IDLE:
                self._check_head()
            event = super().next_event()
            if isinstance(event, h11.Request):
                self._came.begin()
            elif isinstance(event, h11.Data):
                self._came.add(len(event.data))
        except TooMuch as error:
            raise h11.RemoteProtocolError(str(error)) from error
        return event

    def _check_head(self) -> None:
        """h11 bounds heads only that are not whole yet."""
        came = self.trailing_data[0]
        end = came.find(b"\r\n\r\n")
        check_head(end if end >= 0 else len(came), came.count(b"\n", 0, end))


class WithH11(Connection, H11Protocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = _Http(self.pieces)

    def behind(self) -> int:
        """See `Connection`: h11 keeps it."""
        return len(self.conn.trailing_data[0])

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP: says so where nothing was said yet, and ends."""
        self.forget()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()
