"""How a body gets to a node and an answer back: one method, whatever the wire.

Implementations: `InProcess` here, `rpc.http` (httpx), `browser.fetch` (the browser's fetch). All keep one
contract: the answer's body for any HTTP status whose body is JSON, and NodeUnreachable when none came.
"""

from typing import Protocol

from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import AnswerTooLong

MAX_ANSWER = 64 << 20
"""No answer of more bytes is read: a hostile node cannot fill the memory."""

TIMEOUT = 30.0
"""Seconds that a node has for an answer."""


def too_long(url: str) -> AnswerTooLong:
    """The error for an answer of more than `MAX_ANSWER` bytes."""
    return AnswerTooLong(
        f"The answer of {url} has more than {MAX_ANSWER >> 20} MiB, and no more is read: ask for less."
    )


class Transport(Protocol):
    """Carries bodies to one node."""

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`.

        Raises:
            NodeUnreachable: no answer came; the call may have been carried out all the same.
            NodeSilent: none came in time.
            AnswerMalformed: an answer came that cannot be one.
        """

    async def close(self) -> None:
        """Ends what is open. Nothing is sent afterwards."""


class InProcess:
    """A transport to a node in the same process."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`."""
        return await self._dispatcher.handle(body)

    async def close(self) -> None:
        """Nothing is open."""
