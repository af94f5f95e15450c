"""How messages get from one side of a session to the other and back, in order, whatever carries them.

To put a session on something new, write a class with the three methods of `Channel`. Then

    await Session(channel, dispatcher).run()           # answers what comes, until the channel ends

    async with Session(channel) as session:            # calls, and has no methods of its own
        found = await session.call("panda_query", {"schema": schema})

and both may be done on one channel: a session calls and answers at the same time. What runs on every channel
is shown by the contract in `tests/contracts/channels.py`; run yours through it.

Implementations: `pair` here, `rpc.websocket` (a client's end, by the package websockets), `browser.port` (a
MessagePort). HTTP is no channel, since a node cannot begin there: see `rpc.transport`.
"""

import asyncio
from collections import deque
from typing import Protocol

from panda_web.rpc.errors import ConnectionEnded


class Channel(Protocol):
    """One end. A message is bytes, JSON in UTF-8; a channel that carries texts encodes and decodes them.

    Messages arrive whole and in the order in which they were sent, each once, or the channel ends.
    """

    async def send(self, message: bytes) -> None:
        """Returns when the channel takes another message; it waits while the other side does not read.

        One at a time calls it. Raises ConnectionEnded.
        """

    async def receive(self) -> bytes:
        """The next message. One at a time calls it, and may be cancelled, after which no message is lost.

        Raises:
            ConnectionEnded: no more comes; it says why.
        """

    async def close(self, why: str = "") -> None:
        """Ends the channel for both sides, at once; again is no error. Waits for nobody for long.

        Args:
            why: a reason word, such as "messages-not-read", for the other side; empty at an ordinary end.
        """


ROOM = 16
"""Messages that an in-process channel holds in each direction before sending waits."""


def pair(room: int = ROOM) -> tuple[Channel, Channel]:
    """The two ends of a channel within one event loop.

    Args:
        room: messages that wait in each direction until sending does.
    """
    there, back = _Way(room), _Way(room)
    return _End(back, there), _End(there, back)


class _Way:
    """Messages in one direction."""

    def __init__(self, room: int) -> None:
        self.messages: deque[bytes] = deque()
        self.room = room
        self.ended: str | None = None
        self.changed = asyncio.Condition()


class _End:
    def __init__(self, incoming: _Way, outgoing: _Way) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    async def send(self, message: bytes) -> None:
        way = self._outgoing
        async with way.changed:
            await way.changed.wait_for(lambda: len(way.messages) < way.room or way.ended is not None)
            if way.ended is not None:
                raise ConnectionEnded(way.ended)
            way.messages.append(message)
            way.changed.notify_all()

    async def receive(self) -> bytes:
        way = self._incoming
        async with way.changed:
            await way.changed.wait_for(lambda: way.messages or way.ended is not None)
            if not way.messages:
                raise ConnectionEnded(way.ended or "")
            message = way.messages.popleft()
            way.changed.notify_all()
            return message

    async def close(self, why: str = "") -> None:
        self._incoming.messages.clear()
        said = f"The other side closed it ({why})." if why else "The other side closed it."
        for way, words in ((self._incoming, "It was closed here."), (self._outgoing, said)):
            async with way.changed:
                way.ended = way.ended or words
                way.changed.notify_all()
