"""Answers that leave piece by piece, as they are read: what waits for a slow reader is in a budget."""

import asyncio
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from panda_web.server.budget import Holding

PIECE = 64 << 10
"""Bytes that are handed on at once. No more of an answer are in no budget."""

BUDGET = 64 << 20
"""Bytes of all answers that are made, or are not read yet."""

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent for a request.

    Attributes:
        body: in JSON; empty for none.
        status: of HTTP.
        headers: besides its type and its length.
        holding: what it takes of the budget, until it is read; None where that does not matter.
    """

    body: bytes
    status: int
    headers: Headers = field(default_factory=list)
    holding: Holding | None = None

    async def send(self, scope: Scope, receive: Receive, send: Send, more: Headers) -> None:
        """Sends it, with more headers; ends the connection where others need the room."""
        headers = [*self.headers, *more]
        if self.status != 204:
            headers = [
                (b"content-length", b"%d" % len(self.body)),
                (b"content-type", b"application/json"),
                *headers,
            ]
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        if self.holding is None or len(self.body) <= PIECE:
            await send(start)
            await send({"type": "http.response.body", "body": self.body})
            return
        with self.holding:
            try:
                async with asyncio.timeout(None) as limit:
                    self.holding.wait(lambda: limit.reschedule(0))
                    await send(start)
                    await self._send_in_pieces(send)
            except TimeoutError:
                end_connection(scope)
                while (await receive())["type"] != "http.disconnect":
                    pass

    async def _send_in_pieces(self, send: Send) -> None:
        for start in range(0, len(self.body), PIECE):
            piece = bytes(self.body[start : start + PIECE])
            more = start + PIECE < len(self.body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
            await asyncio.sleep(0)  # others have a turn, and a lost connection is noticed


def end_connection(scope: Scope) -> None:
    """Ends the connection of a request at once, where it came over one of ours."""
    connection = scope.get("state", {}).get("connection")
    if connection is not None:
        connection.end()
