"""The called side: a body comes in, handlers run, a body goes out. No sockets here.

Handlers are bound to a table of methods once. A handler whose method the table lacks is an error then,
not at a call.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import (
    AnswerTooLarge,
    BatchTooLong,
    BodyTooLarge,
    InternalError,
    InvalidRequest,
    MethodNotFound,
)
from panda_web.rpc.table import Method, joined
from panda_web.rpc.types import Json

Handler = Callable[..., Awaitable[Json]]

MAX_BODY = 8 << 20
MAX_BATCH = 1000
MAX_ANSWER = 16 << 20
"""Bytes of the answers to a batch, after which the calls that are left are refused."""

BATCH_SECONDS = 10.0
"""After this time no more calls of a batch are begun. The others are refused, and may be sent again."""

MUCH = 16 << 10
"""Bytes of a body of which reading alone is work enough for a turn of the event loop."""

MAX_TOGETHER = 128
"""Calls of a batch that are begun together."""

logger = logging.getLogger(__name__)


async def _here() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a body, as far as that matters here.

    Attributes:
        left: says whether nobody waits for the answer any more.
        charge: told for how many calls those count that came, before the first is begun; refuses them all by
            raising PandaError.
        hold: told how many bytes of answers there are more; refuses the calls that are left, and where there
            is but one its answer, by raising PandaError.
        progress: told the id of a call, the stage that it is in, how much is done, and of how much.
    """

    left: Callable[[], Awaitable[bool]] = _here
    charge: Callable[[int], None] = lambda _: None
    hold: Callable[[int], None] = lambda _: None
    progress: Callable[[jsonrpc.Id, str, int, int], None] = lambda *_: None


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose params are read: what came besides them is forgotten, however much it was.

    Attributes:
        method: its name.
        id: of the request.
        notification: whether it gets no reply.
        run: carries it out, or raises why it cannot be.
        count: for how many calls it counts.
    """

    method: str
    id: jsonrpc.Id
    notification: bool
    run: Callable[[], Awaitable[Json]]
    count: int = 1


async def _refuse(error: PandaError) -> Json:
    raise error


class Dispatcher:
    """Answers JSON-RPC bodies by calling handlers.

    Args:
        methods: the table of methods, by name.
        handlers: method name to an async callable that takes the params by their Python names, and
            `progress(done, total)` where the table says so, and gives the result as JSON values.
        max_body: bytes of a body, 8 MiB.
        max_batch: calls in a batch.
        together: methods whose calls, where they follow each other in a batch, are begun in order without
            waiting for each other's answers. Their handlers see to it that the order holds.
        clock: gives seconds.
        fault: said of what a handler raises that is no PandaError, and then what it was: for callers who may
            know. Empty for strangers, who are told that the node has a fault.
    """

    def __init__(
        self,
        methods: Mapping[str, Method[Any]],
        handlers: Mapping[str, Handler],
        *,
        max_body: int = MAX_BODY,
        max_batch: int = MAX_BATCH,
        together: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
        fault: str = "",
    ) -> None:
        unknown = handlers.keys() - methods.keys()
        if unknown:
            raise ValueError(f"not in the table of methods: {sorted(unknown)}")
        self._methods = methods
        self._handlers = dict(handlers)
        self.max_body = max_body
        self.max_batch = max_batch
        self._together = frozenset(together)
        self._clock = clock
        self._fault = fault
        self._pace = asyncio.Lock()

    def and_also(self, methods: Mapping[str, Method[Any]], handlers: Mapping[str, Handler]) -> "Dispatcher":
        """One that answers these methods besides. Raises ValueError where a name is in use."""
        return Dispatcher(
            joined(self._methods, methods),
            joined(self._handlers, handlers),
            max_body=self.max_body,
            max_batch=self.max_batch,
            together=self._together,
            clock=self._clock,
            fault=self._fault,
        )

    async def handle(self, body: bytes, caller: Caller | None = None) -> bytes:
        """The answer to a body; empty where there is nothing to answer. Raises nothing.

        A batch ends with its caller: what was begun is carried out, and the rest is not.
        """
        caller = caller or Caller()
        try:
            if len(body) > self.max_body:
                return self._too_large(body)
            await self.pace(len(body))
            requests, batch = jsonrpc.read_requests(body, self.max_batch)
        except PandaError as error:
            return jsonrpc.dumps(jsonrpc.error_reply(None, error))
        del body  # megabytes, and all that is needed of them is in the requests
        try:
            return await self.carry_out(requests, batch, caller)
        except PandaError as error:
            about = None if batch else jsonrpc.asked_with(requests[0])
            return jsonrpc.dumps(jsonrpc.error_reply(about, error))

    async def pace(self, size: int) -> None:
        """Waits for a turn, where reading so many bytes is work enough for one."""
        if size > MUCH:
            await self._turn()

    async def carry_out(
        self, requests: Sequence[jsonrpc.Request | InvalidRequest], batch: bool, caller: Caller
    ) -> bytes:
        """The answer to requests that are read: one, or those of a batch. See `handle`.

        Raises:
            PandaError: what the caller refuses all of them with.
        """
        calls = [self._bind(request, caller) for request in requests]
        caller.charge(sum(call.count for call in calls))
        if not batch:
            answer = await self._answer(calls[0])
            try:
                caller.hold(len(answer))
            except PandaError as error:
                return jsonrpc.dumps(jsonrpc.error_reply(calls[0].id, error))
            return answer
        replies = await self._answer_all(calls, caller)
        return b"[" + b",".join(replies) + b"]" if replies else b""

    def _bind(self, request: jsonrpc.Request | InvalidRequest, caller: Caller) -> Call:
        if isinstance(request, InvalidRequest):
            return Call("", request.request_id, False, functools.partial(_refuse, request))
        name = request.method
        handler = self._handlers.get(name)
        count = 1
        try:
            if handler is None:
                raise MethodNotFound(f"There is no method {name[:60]!r} here.")
            method = self._methods[name]
            arguments = method.bind(request.params)
            if method.counted:
                count = max(1, len(arguments[method.counted]))
            if method.progress:
                arguments["progress"] = functools.partial(caller.progress, request.id, method.progress)
            run: Callable[[], Awaitable[Json]] = functools.partial(handler, **arguments)
        except PandaError as error:
            run = functools.partial(_refuse, error)
        return Call(name, request.id, request.notification, run, count)

    async def _answer_all(self, calls: Sequence[Call], caller: Caller) -> list[bytes]:
        """The replies to the calls of a batch, as far as they are carried out."""
        replies: list[bytes] = []
        size, until = 0, self._clock() + BATCH_SECONDS
        full: PandaError | None = None
        for step in self._steps(calls):
            wrong = full
            if size > MAX_ANSWER:
                wrong = AnswerTooLarge("The answers to the calls before this one fill what a batch may give.")
            elif self._clock() > until:
                wrong = BatchTooLong(
                    f"The calls before this one took {BATCH_SECONDS:g} s, which is all that a batch has. "
                    "This one was not carried out: send it again.",
                    retryAfter=1,
                )
            if wrong is None and len(step) > 1:
                answers = await asyncio.gather(*map(self._answer, step))
            else:
                answers = [await self._answer(call, wrong) for call in step]
            replies += filter(None, answers)
            size += (more := sum(map(len, answers)))
            try:
                if full is None:
                    caller.hold(more)
            except PandaError as error:
                full = error
            await self._turn()
            if await caller.left():
                break
        return replies

    async def _turn(self) -> None:
        """Lets others have theirs: of all that is much work, one goes on at each turn of the event loop."""
        async with self._pace:
            await asyncio.sleep(0)

    def _steps(self, calls: Sequence[Call]) -> Iterator[list[Call]]:
        """The calls of a batch in order, those that may be begun together in one list."""
        step: list[Call] = []
        for call in calls:
            if step and not (len(step) < MAX_TOGETHER and self._may_follow(step[-1], call)):
                yield step
                step = []
            step.append(call)
        yield step

    def _may_follow(self, earlier: Call, later: Call) -> bool:
        return earlier.method == later.method and later.method in self._together

    def _too_large(self, start: bytes) -> bytes:
        """The answer to a body beyond the limit, of which at least the start is at hand."""
        error = BodyTooLarge(f"The request is too large: {self.max_body} bytes are allowed.")
        return jsonrpc.dumps(jsonrpc.error_reply(jsonrpc.id_in_front(start), error))

    async def _answer(self, call: Call, wrong: PandaError | None = None) -> bytes:
        try:
            reply = jsonrpc.reply(call.id, await (call.run() if wrong is None else _refuse(wrong)))
        except PandaError as error:
            reply = jsonrpc.error_reply(call.id, error)
        except Exception as error:  # a fault of ours must not end the node, nor say to strangers what it was
            logger.exception("%s failed", call.method[:60])
            words = f"{self._fault}: {type(error).__name__}: {error}"
            fault = InternalError(words if self._fault else "The node has a fault of its own.")
            reply = jsonrpc.error_reply(call.id, fault)
        return b"" if call.notification else jsonrpc.dumps(reply)
