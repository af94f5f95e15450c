"""How messages get from one side of a session to the other and back, in order, whatever carries them.

To put a session on something new, write a class with the three methods of `Channel`. Then

    await Session(channel, dispatcher).run()           # answers what comes, until the channel ends

    async with Session(channel) as session:            # calls, and has no methods of its own
        found = await session.call("panda_query", {"schema": schema})

and both may be done on one channel: a session calls and answers at the same time. What runs on every channel
is shown by the contract in `tests/contracts/channels.py`; run yours through it.

Implementations: `rpc.within` (in one event loop), `rpc.websocket` (by the package websockets), `browser.port`
(a MessagePort). HTTP is no channel, since a node cannot begin there: see `rpc.transport`.
"""

from typing import Protocol


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
