"""Answers that leave piece by piece, as they are read: what waits for a slow reader is in a budget."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from panda_web.server.budget import Holding
from panda_web.server.packing import LEAST, packed

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

    async def send(self, scope: Scope, receive: Receive, send: Send, more: Headers, *, packs: bool) -> None:
        """Sends it, with more headers; ends the connection where others need the room.

        Args:
            scope: of the request.
            receive: likewise.
            send: likewise.
            more: headers.
            packs: whether it may go in gzip.
        """
        headers = [*self.headers, *more]
        packs = packs and len(self.body) >= LEAST
        whole = self.body
        in_pieces = self.holding is not None and len(whole) > PIECE
        if self.status != 204:
            headers.append((b"content-type", b"application/json"))
            if packs:
                headers.append((b"content-encoding", b"gzip"))
                whole = whole if in_pieces else b"".join(packed(whole, PIECE))
            if not (packs and in_pieces):  # else nobody knows yet
                headers.append((b"content-length", b"%d" % len(whole)))
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        if self.holding is None or not in_pieces:
            await send(start)
            await send({"type": "http.response.body", "body": whole})
            return
        with self.holding:
            try:
                async with asyncio.timeout(None) as limit:
                    self.holding.wait(lambda: limit.reschedule(0))
                    await send(start)
                    await self._send_in_pieces(send, packed(whole, PIECE) if packs else _pieces(whole))
            except TimeoutError:
                end_connection(scope)
                while (await receive())["type"] != "http.disconnect":
                    pass

    async def _send_in_pieces(self, send: Send, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # others have a turn, and a lost connection is noticed
        await send({"type": "http.response.body", "body": b""})


def _pieces(body: bytes) -> Iterator[bytes]:
    return (bytes(body[start : start + PIECE]) for start in range(0, len(body), PIECE))


def end_connection(scope: Scope) -> None:
    """Ends the connection of a request at once, where it came over one of ours."""
    connection = scope.get("state", {}).get("connection")
    if connection is not None:
        connection.end()
