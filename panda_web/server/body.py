"""A request's body as it arrives: bounded in bytes, in time, and in what all bodies may take together."""

import asyncio

from starlette.types import Receive

from panda_web.rpc.errors import BodyTooLarge, BodyTooSlow, NodeFull
from panda_web.server.budget import RETRY_AFTER, Holding

SECONDS = 60.0
"""What a body may take to arrive, at most."""

FIRST_SECONDS = 10.0
"""What it may take however little arrives."""

MIN_SPEED = 4 << 10
"""Bytes a second that must arrive after that."""

SMALL = 16 << 10
"""Bytes of a body that are in no budget: what is no publish always fits."""

BUDGET = 64 << 20
"""Bytes of all bodies that arrive or are worked on."""


class CallerLeft(Exception):
    """Nobody waits for an answer any more, so there is nobody to be told."""


class Arriving:
    """The body of a request.

    Args:
        receive: what gives it, as ASGI says.
        most: bytes that are allowed.

    Attributes:
        start: its first bytes.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._limit = asyncio.timeout(FIRST_SECONDS)
        self.start = b""

    async def read(self, holding: Holding | None) -> bytes:
        """All of it; what it takes of the budget is kept from there on.

        Args:
            holding: of the budget; None where the body is only read, and nothing is given.

        Raises:
            BodyTooLarge, BodyTooSlow, NodeFull: it is not read to its end.
            CallerLeft: nobody waits for an answer.
        """
        body, size, more = bytearray(), 0, True
        full: NodeFull | None = None
        begun = asyncio.get_running_loop().time()
        try:
            async with self._limit:
                if holding is not None:
                    holding.wait(lambda: self._limit.reschedule(0))
                while more:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise CallerLeft
                    chunk, more = message.get("body", b""), message.get("more_body", False)
                    size += len(chunk)
                    self.start = self.start or chunk[:1000]
                    if size > self._most:
                        raise BodyTooLarge(f"The request is too large: {self._most} bytes are allowed.")
                    if size > SMALL:
                        seconds = min(SECONDS, FIRST_SECONDS + size / MIN_SPEED)
                        self._limit.reschedule(begun + seconds)
                    if holding is None or full is not None:
                        continue
                    body += chunk
                    try:
                        holding.take(len(chunk))
                    except NodeFull as error:
                        full = error  # the rest is read all the same: only then the sender reads it
                        holding.give_back()
                        body.clear()
        except TimeoutError as error:
            if holding is not None and holding.ended:
                raise NodeFull(
                    "Others needed the room, and the request took long to arrive. Send it again.",
                    retryAfter=RETRY_AFTER,
                ) from error
            raise BodyTooSlow(
                f"The request took too long to arrive: {FIRST_SECONDS:g} s are allowed, and a second more "
                f"for each {MIN_SPEED} bytes, up to {SECONDS:g} s."
            ) from error
        if full is not None:
            raise full
        if holding is not None:
            holding.work()
        return bytes(body)
