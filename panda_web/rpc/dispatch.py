"""The called side: a body comes in, handlers run, a body goes out. No sockets here.

Handlers are bound to the method table once, and what they lack is an error at that moment, not at a call.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence

from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import AnswerTooLarge, BodyTooLarge, InternalError, InvalidRequest, MethodNotFound
from panda_web.rpc.methods import METHODS
from panda_web.rpc.types import Json

Handler = Callable[..., Awaitable[Json]]
Called = jsonrpc.Request | InvalidRequest

MAX_BODY = 8 << 20
MAX_BATCH = 1000
MAX_ANSWER = 16 << 20
"""Bytes of the answers to a batch, after which the calls that are left are refused."""

MAX_TOGETHER = 128
"""Calls of a batch that are begun together."""

logger = logging.getLogger(__name__)


class Dispatcher:
    """Answers JSON-RPC bodies by calling handlers.

    Args:
        handlers: method name to an async callable that takes the params by their Python names and gives
            the result as JSON values.
        max_body: bytes of a body, 8 MiB.
        max_batch: calls in a batch.
        together: methods whose calls, where they follow each other in a batch, are begun in order without
            waiting for each other's answers. Their handlers see to it that the order holds.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        max_body: int = MAX_BODY,
        max_batch: int = MAX_BATCH,
        together: Collection[str] = (),
    ) -> None:
        unknown = handlers.keys() - METHODS.keys()
        if unknown:
            raise ValueError(f"not in the table of methods: {sorted(unknown)}")
        self._handlers = dict(handlers)
        self.max_body = max_body
        self.max_batch = max_batch
        self._together = frozenset(together)

    async def handle(self, body: bytes) -> bytes:
        """The answer to a body; empty where there is nothing to answer. Raises nothing."""
        try:
            if len(body) > self.max_body:
                return self.too_large(body)
            requests, batch = jsonrpc.read_requests(body, self.max_batch)
        except PandaError as error:
            return jsonrpc.dumps(jsonrpc.error_reply(None, error))
        replies: list[bytes] = []
        size = 0
        for calls in self._steps(requests):
            full = size > MAX_ANSWER
            if len(calls) == 1:
                answers = [await self._answer(calls[0], full=full)]
            else:
                answers = await asyncio.gather(*(self._answer(request, full=full) for request in calls))
            replies += filter(None, answers)
            size += sum(map(len, answers))
            if batch:
                await asyncio.sleep(0)  # others may have a turn
        if not batch:
            return b"".join(replies)
        return b"[" + b",".join(replies) + b"]" if replies else b""

    def _steps(self, requests: Sequence[Called]) -> Iterator[list[Called]]:
        """The calls of a batch in order, those that may be begun together in one list."""
        step: list[Called] = []
        for request in requests:
            if step and not (len(step) < MAX_TOGETHER and self._may_follow(step[-1], request)):
                yield step
                step = []
            step.append(request)
        yield step

    def _may_follow(self, earlier: Called, later: Called) -> bool:
        return (
            isinstance(earlier, jsonrpc.Request)
            and isinstance(later, jsonrpc.Request)
            and earlier.method == later.method
            and later.method in self._together
        )

    def too_large(self, start: bytes) -> bytes:
        """The answer to a body beyond the limit, of which at least the start is at hand."""
        error = BodyTooLarge(f"The request is too large: {self.max_body} bytes are allowed.")
        return jsonrpc.dumps(jsonrpc.error_reply(jsonrpc.id_in_front(start), error))

    async def _answer(self, request: Called, *, full: bool) -> bytes:
        if isinstance(request, InvalidRequest):
            return jsonrpc.dumps(jsonrpc.error_reply(request.request_id, request))
        try:
            if full:
                raise AnswerTooLarge("The answers to the calls before this one fill what a batch may give.")
            reply = jsonrpc.reply(request.id, await self._call(request))
        except PandaError as error:
            reply = jsonrpc.error_reply(request.id, error)
        except Exception:  # a fault of ours must not end the node, nor say to strangers what it was
            logger.exception("%s failed", request.method[:60])
            reply = jsonrpc.error_reply(request.id, InternalError("The node has a fault of its own."))
        return b"" if request.notification else jsonrpc.dumps(reply)

    async def _call(self, request: jsonrpc.Request) -> Json:
        handler = self._handlers.get(request.method)
        if handler is None:
            raise MethodNotFound(f"This node has no method {request.method[:60]!r}.")
        return await handler(**METHODS[request.method].bind(request.params))
