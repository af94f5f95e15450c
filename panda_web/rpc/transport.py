"""How a body gets to a node and an answer back: one method, whatever the wire.

Implementations: `InProcess` here, `rpc.http` (httpx), `browser.fetch` (the browser's fetch). All keep one
contract: the answer's body for any HTTP status whose body is JSON, and NodeUnreachable when none came.
"""

import re
from typing import Protocol

from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import AnswerMalformed, AnswerTooLong, NodeDown, NodeOverloaded, RequestTooLarge

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
            NodeDown, NodeOverloaded, RequestTooLarge: a server in front of the node answered instead.
            AnswerMalformed: an answer came that cannot be one.
        """

    async def close(self) -> None:
        """Ends what is open. Nothing is sent afterwards."""


def read_answer(url: str, status: int, retry_after: str | None, body: bytes) -> bytes:
    """The body of an HTTP answer, where a node may have written it.

    A server in front of the node may answer in its place: with one of a few statuses, and no JSON-RPC.
    Sources: RFC 9110, sections 10.2.3, 15.5.14, 15.6.3 to 15.6.5; RFC 6585, section 4.

    Args:
        url: the node's address, for the words.
        status: of the answer.
        retry_after: the header, where there is one and it can be read.
        body: of the answer.

    Raises:
        NodeDown, NodeOverloaded, RequestTooLarge: it answered.
        AnswerMalformed: nobody said anything.
    """
    if b'"jsonrpc"' not in body:
        if status in (502, 504):
            raise NodeDown(
                f"The server at {url} answers, and the node behind it does not (status {status}). "
                f"{_when(retry_after)}"
            )
        if status in (429, 503):
            raise NodeOverloaded(
                f"The node {url} takes no more requests for now (status {status}). {_when(retry_after)}"
            )
        if status == 413:
            raise RequestTooLarge(
                f"The server at {url} takes no request of this size (status 413). Whoever runs it must allow "
                "bodies of 8 MiB, as nodes do."
            )
    if not body.strip():
        raise AnswerMalformed(f"The node {url} answered with status {status} and no body.")
    return body


_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


def _when(retry_after: str | None) -> str:
    """When to try again, in words."""
    asked = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]{1,6}", asked):
        seconds = int(asked)
        if seconds < 2:
            return "It asks to be tried again in a second."
        if seconds < 120:
            return f"It asks to be tried again in {seconds} seconds."
        if seconds < 7200:
            return f"It asks to be tried again in {-(-seconds // 60)} minutes."
        return f"It asks to be tried again in {-(-seconds // 3600)} hours."
    if _DATE.fullmatch(asked):
        return f"It asks to be tried again after {asked}."
    return "Try again in a few minutes."


class InProcess:
    """A transport to a node in the same process."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`."""
        return await self._dispatcher.handle(body)

    async def close(self) -> None:
        """Nothing is open."""
