"""The called side: a body comes in, handlers run, a body goes out. No sockets here.

Handlers are bound to the method table once, and what they lack is an error at that moment, not at a call.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import AnswerTooLarge, BodyTooLarge, InternalError, InvalidRequest, MethodNotFound
from panda_web.rpc.methods import METHODS
from panda_web.rpc.types import Json

Handler = Callable[..., Awaitable[Json]]

MAX_BODY = 8 << 20
MAX_BATCH = 1000
MAX_ANSWER = 16 << 20
"""Bytes of the answers to a batch, after which the calls that are left are refused."""

logger = logging.getLogger(__name__)


class Dispatcher:
    """Answers JSON-RPC bodies by calling handlers.

    Args:
        handlers: method name to an async callable that takes the params by their Python names and gives
            the result as JSON values.
        max_body: bytes of a body, 8 MiB.
        max_batch: calls in a batch.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], *, max_body: int = MAX_BODY, max_batch: int = MAX_BATCH
    ) -> None:
        unknown = handlers.keys() - METHODS.keys()
        if unknown:
            raise ValueError(f"not in the table of methods: {sorted(unknown)}")
        self._handlers = dict(handlers)
        self.max_body = max_body
        self.max_batch = max_batch

    async def handle(self, body: bytes) -> bytes:
        """The answer to a body; empty where there is nothing to answer. Raises nothing."""
        try:
            if len(body) > self.max_body:
                return self.too_large(body)
            requests, batch = jsonrpc.read_requests(body, self.max_batch)
        except PandaError as error:
            return jsonrpc.dumps(jsonrpc.error_reply(None, error))
        replies, size = [], 0
        for request in requests:
            reply = await self._answer(request, full=size > MAX_ANSWER)
            if reply:
                replies.append(reply)
                size += len(reply)
            if batch:
                await asyncio.sleep(0)  # others may have a turn
        if not batch:
            return b"".join(replies)
        return b"[" + b",".join(replies) + b"]" if replies else b""

    def too_large(self, start: bytes) -> bytes:
        """The answer to a body beyond the limit, of which at least the start is at hand."""
        error = BodyTooLarge(f"The request is too large: {self.max_body} bytes are allowed.")
        return jsonrpc.dumps(jsonrpc.error_reply(jsonrpc.id_in_front(start), error))

    async def _answer(self, request: jsonrpc.Request | InvalidRequest, *, full: bool) -> bytes:
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
