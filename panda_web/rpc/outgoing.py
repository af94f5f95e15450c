"""What waits to be sent on a channel: in order, and bounded, so that who does not read is cut off."""

import asyncio
from collections import deque

from panda_web.rpc.channel import Channel
from panda_web.rpc.errors import MessagesNotRead

MAX_QUEUED = 1000
MAX_QUEUED_BYTES = 64 << 20
"""Messages, and bytes of them, that wait for the other side to read. With more it is cut off."""

UNREAD_SECONDS = 300.0
"""What the channel may take for one message. Then the other side is cut off."""


class Outgoing:
    """Messages on their way out.

    Args:
        channel: takes them.
        most: messages that wait.
        most_bytes: of these; one alone may have more.
        seconds: that the channel may take for one.
    """

    def __init__(self, channel: Channel, most: int, most_bytes: int, seconds: float) -> None:
        self._channel = channel
        self._most = most
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._queue: deque[tuple[bytes, asyncio.Future[None] | None]] = deque()
        self._bytes = 0
        self._more = asyncio.Event()

    def put(self, message: bytes, sent: asyncio.Future[None] | None = None) -> None:
        """Puts a message behind the others.

        Args:
            message: the message.
            sent: gets its result once the channel has taken the message.

        Raises:
            MessagesNotRead: too much waits.
        """
        full = len(self._queue) >= self._most or self._bytes + len(message) > self._most_bytes
        if self._queue and full:
            raise MessagesNotRead
        self._queue.append((message, sent))
        self._bytes += len(message)
        self._more.set()

    async def send_all(self) -> None:
        """Sends without end. Raises ConnectionEnded; MessagesNotRead: one was not taken in time."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._queue:
                message, sent = self._queue[0]
                try:
                    async with asyncio.timeout(self._seconds):
                        await self._channel.send(message)
                except TimeoutError as error:
                    raise MessagesNotRead from error
                self._queue.popleft()
                self._bytes -= len(message)
                del message  # megabytes, while the next one is waited for
                if sent is not None and not sent.done():
                    sent.set_result(None)
