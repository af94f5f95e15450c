"""Channels within one event loop, and who is called over one: a node in the same program."""

import asyncio
from collections import deque

from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import ConnectionEnded
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Session

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


def in_process(dispatcher: Dispatcher) -> Reopening:
    """Whoever has these methods, in the same event loop, as in `Client(in_process(node.dispatcher()))`."""

    async def reach() -> Channel:
        return reached(dispatcher)

    return Reopening(reach)


def reached(dispatcher: Dispatcher) -> Channel:
    """A channel to whoever has these methods."""
    ours, theirs = pair()
    Session(theirs, dispatcher).start()
    return ours
