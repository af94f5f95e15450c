"""How a body gets to a node and an answer back: one method, whatever the wire.

Implementations: `InProcess` here, `rpc.http` (httpx), `browser.fetch` (the browser's fetch). All keep one
contract: the answer's body for any HTTP status whose body is JSON, and NodeUnreachable when none came.
"""

import re
import zlib
from typing import TYPE_CHECKING, Protocol

from panda_web.rpc.errors import (
    AnswerMalformed,
    AnswerTooLong,
    NodeDown,
    NodeOverloaded,
    NodeSilent,
    NodeSlow,
    RequestTooLarge,
)

if TYPE_CHECKING:  # whoever has no node of their own has no use for it
    from panda_web.rpc.dispatch import Dispatcher

MAX_ANSWER = 64 << 20
"""No answer of more bytes is read, counted behind their coding: a hostile node cannot fill the memory."""

MAX_OF_PEER = 16 << 20
"""Likewise for a node that this one is kept alike with: there may be many, and no honest one gives more than
4 MiB and one entry, or one instance with its proof."""

TIMEOUT = 30.0
"""Seconds without a byte until a node counts as silent."""

WHOLE = 300.0
"""Seconds from the first byte that is sent to the last one of the answer: 64 MiB at 1.8 Mbit/s. A byte now
and then keeps nobody waiting for longer."""

_GZIP = 16 + zlib.MAX_WBITS


def silent(url: str, seconds: float) -> NodeSilent:
    """The error for `seconds` without a byte."""
    return NodeSilent(f"The node {url} did not answer within {seconds:g} s.")


def slow(url: str, seconds: float) -> NodeSlow:
    """The error for an answer that is not whole after `seconds`."""
    return NodeSlow(f"The node {url} began to answer, and after {seconds:g} s the answer was not whole.")


def too_long(url: str, most: int) -> AnswerTooLong:
    """The error for an answer of more than `most` bytes."""
    return AnswerTooLong(
        f"The answer of {url} has more than {most >> 20} MiB, and no more is read: ask for less."
    )


class Body:
    """An answer's body as it comes, never more of it than so many bytes, whatever they were packed in.

    Codings may stand in each other ("gzip, gzip"), and 5 kB of two become gigabytes. So one is taken at most,
    and unpacked no further than there is room. Source: RFC 9110, section 8.4.

    Args:
        url: the node's address, for the words.
        coding: the header Content-Encoding; empty where the bytes come unpacked.
        most: bytes; None for `MAX_ANSWER`.

    Raises:
        AnswerMalformed: a coding that nobody asked for.
    """

    def __init__(self, url: str, coding: str = "", most: int | None = None) -> None:
        self._url = url
        self._most = most if most is not None else MAX_ANSWER
        self._parts: list[bytes] = []
        self._came = self._size = 0
        named = coding.strip().lower()
        if named not in ("", "identity", "gzip"):
            raise AnswerMalformed(
                f"The node {url} answered in the coding {coding[:40]!r}; plain and gzip are read."
            )
        self._unpack = zlib.decompressobj(_GZIP) if named == "gzip" else None

    def add(self, chunk: bytes) -> None:
        """Takes the next bytes.

        Raises:
            AnswerTooLong: the answer has more bytes than are read.
            AnswerMalformed: they are not what the coding gives.
        """
        self._came += len(chunk)
        if self._unpack is not None:
            try:
                chunk = self._unpack.decompress(chunk, self._most - self._size + 1)
            except zlib.error as error:
                raise self._torn() from error
            if self._unpack.unused_data:
                raise self._torn()
        self._size += len(chunk)
        if max(self._size, self._came) > self._most:
            self._parts.clear()
            raise too_long(self._url, self._most)
        if chunk:
            self._parts.append(chunk)

    def whole(self) -> bytes:
        """All of it, where it is. Raises AnswerMalformed."""
        if self._unpack is not None and not self._unpack.eof and self._came:
            raise self._torn()
        return b"".join(self._parts)

    def _torn(self) -> AnswerMalformed:
        return AnswerMalformed(f"The answer of {self._url} is no gzip, or not whole.")


class Transport(Protocol):
    """Carries bodies to one node."""

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`.

        Raises:
            NodeUnreachable: no answer came; the call may have been carried out all the same.
            NodeSilent: none came in time; NodeSlow: one began, and did not end.
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
    """A transport to a node in the same process: a body in, a body out, for what a program puts in between.

    `rpc.within` is the way that carries both directions.
    """

    def __init__(self, dispatcher: "Dispatcher") -> None:
        self._dispatcher = dispatcher

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`."""
        return await self._dispatcher.handle(body)

    async def close(self) -> None:
        """Nothing is open."""


def is_under(url: str, beginning: str) -> bool:
    """Whether a URL is another one, or goes on behind it: behind a whole host, port, or part of a path."""
    start = beginning.rstrip("/")
    return bool(start) and f"{url.rstrip('/')}/".startswith(f"{start}/")
