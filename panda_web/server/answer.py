"""Answers that leave piece by piece, as they are read: what waits for a slow reader is in a budget."""

import asyncio
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from panda_web.server.budget import Holding

PIECE = 64 << 10
"""Bytes that are handed on at once. No more of an answer are in no budget."""

BUDGET = 64 << 20
"""Bytes of all answers that are made, or are not read yet."""


class Answer(Response):
    """A body in JSON.

    Args:
        body: its bytes.
        status: of HTTP.
        headers: besides its type.
        holding: what it takes of the budget, until it is read; None where that does not matter.
    """

    media_type = "application/json"

    def __init__(
        self,
        body: bytes,
        status: int,
        headers: Mapping[str, str] | None = None,
        holding: Holding | None = None,
    ) -> None:
        super().__init__(body, status, headers)
        self._holding = holding

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it; ends the connection where others need the room."""
        if self._holding is None or len(self.body) <= PIECE:
            await super().__call__(scope, receive, send)
            return
        with self._holding:
            try:
                async with asyncio.timeout(None) as limit:
                    self._holding.wait(lambda: limit.reschedule(0))
                    await self._send(send)
            except TimeoutError:
                end_connection(scope)
                while (await receive())["type"] != "http.disconnect":
                    pass

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
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
