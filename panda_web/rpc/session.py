"""Calls in both directions over one channel, with notifications, progress and cancelling. No I/O of its own.

Each side may call the other at any time (`asking`, `answering`), and answers arrive in any order. Two
notifications belong to the session itself:

    cancel {id}                            whoever made the call with this id no longer wants its answer
    progress {id, stage, done, total}      how far the call with this id is

Nothing that the other side sends breaks a session: a reply that nobody waits for and a cancel of what is done
are passed over, a request whose id is in use is refused. When the channel ends, all open calls end with
ConnectionEnded, and what was being carried out for the other side is cancelled.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Self

from panda_web import strict_json
from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc
from panda_web.rpc.answering import Answering, anyone
from panda_web.rpc.asking import Asking, UnaskedFor
from panda_web.rpc.caller import SESSION
from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import MAX_BODY, Caller, Dispatcher
from panda_web.rpc.errors import (
    AnswerMalformed,
    AnswerTooLong,
    BodyTooLarge,
    ConnectionEnded,
    InvalidRequest,
    MessagesNotRead,
    RpcError,
)
from panda_web.rpc.outgoing import MAX_QUEUED, MAX_QUEUED_BYTES, UNREAD_SECONDS, Outgoing
from panda_web.rpc.peer import Peer, Progress
from panda_web.rpc.transport import MAX_ANSWER, WHOLE
from panda_web.rpc.types import Json

MAX_CALLS = 100
"""Requests of one side that are under way at once in a session; a batch is one."""


MAX_UNASKED = 1_000
"""Messages in a row that are no answers to open calls, of a side that may call nothing here, until the
session ends; and all of their bytes together are no more than one message may have."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a session takes of the other side.

    Attributes:
        message: bytes of a message.
        parts: values in it, as `strict_json.MAX_PARTS` counts them.
        calls: requests that are carried out at once; as many are sent at once.
        queued: messages that wait to be sent.
        queued_bytes: of these.
        unread: seconds that the channel may take for one message.
        patience: seconds until an answer must have come; None where the caller decides.
    """

    message: int = MAX_BODY
    parts: int = strict_json.MAX_PARTS
    calls: int = MAX_CALLS
    queued: int = MAX_QUEUED
    queued_bytes: int = MAX_QUEUED_BYTES
    unread: float = UNREAD_SECONDS
    patience: float | None = None


OF_A_NODE = Bounds(message=MAX_ANSWER, parts=jsonrpc.ANSWER_PARTS, patience=WHOLE)
"""For whoever calls a node: its answers may be larger than what it takes itself."""

OF_A_PEER = Bounds(message=1 << 20, parts=jsonrpc.PEER_PARTS, patience=WHOLE)
"""For whoever has a node tell that something is new, and no more."""


class Session(Peer):
    """One side of a channel.

    Args:
        channel: this side's end. The session closes it.
        dispatcher: the methods that the other side may call; None for none.
        bounds: what is taken of the other side.
        caller: who calls. It is entered for each request before its calls are counted, and left when the
            answer was handed to the channel; it may refuse the request by raising PandaError.
        telling: entered with how many bytes `tell` sends, and left when the channel has taken them; it may
            refuse them by raising PandaError.

    Attributes:
        ended: why the session ended; None as long as it goes on.
    """

    def __init__(
        self,
        channel: Channel,
        dispatcher: Dispatcher | None = None,
        *,
        bounds: Bounds | None = None,
        caller: Callable[[], AbstractContextManager[Caller]] = anyone,
        telling: Callable[[int], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> None:
        self._channel = channel
        self._bounds = most = bounds or Bounds()
        self._outgoing = Outgoing(channel, most.queued, most.queued_bytes, most.unread)
        self._asking = Asking(self._post, most.calls, most.patience)
        answers = dispatcher or Dispatcher({}, {})
        self._answering = Answering(self, answers, self._post, most.calls, caller)
        self._telling = telling
        self._calls_only = dispatcher is None
        self._unasked = self._unasked_bytes = 0
        self._over = asyncio.Event()
        self._runs: asyncio.Task[None] | None = None
        self.ended: ConnectionEnded | None = None

    def answer_with(self, dispatcher: Dispatcher) -> None:
        """The other side may call these methods from now on, and no others."""
        self._answering.dispatcher = dispatcher
        self._calls_only = False

    async def run(self) -> None:
        """Takes and sends messages until the channel ends or `close` is called. Then nothing is left."""
        works = (self._receive_all(), self._send_all(), self._over.wait())
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._end(ConnectionEnded("It was closed here."))
            for task in tasks:
                task.cancel()
            await self._close_channel()
            ends = await asyncio.gather(*tasks, *self._answering.end(), return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):  # a fault of ours, or of the channel's
                raise end

    def start(self) -> asyncio.Task[None]:
        """Runs from now on, beside whatever else is done; gives that."""
        self._runs = asyncio.create_task(self.run())
        return self._runs

    async def over(self) -> None:
        """Returns once the session has ended; `ended` says why."""
        await self._over.wait()

    async def close(self) -> None:
        """Ends the session, and its channel. Open calls end with ConnectionEnded."""
        self._end(ConnectionEnded("It was closed here."))
        if self._runs is not None:
            await asyncio.wait([self._runs])
        else:
            await self._close_channel()

    async def _close_channel(self) -> None:
        """Ends the channel; whoever was cut off is told why."""
        cut_off = isinstance(self.ended, MessagesNotRead)
        with suppress(ConnectionEnded):
            await self._channel.close(MessagesNotRead.reason if cut_off else "")

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _end(self, why: ConnectionEnded) -> None:
        """Nothing goes on from now on. The first reason counts."""
        if self.ended is None:
            self.ended = why
            self._over.set()
            self._asking.fail(lambda: ConnectionEnded(why.cause))
            self._answering.end()

    # -- what goes ---------------------------------------------------------------------------------

    async def call(self, method: str, params: Mapping[str, Json], progress: Progress | None = None) -> Json:
        """The result of one call. Cancelled, it tells the other side; see `Peer`.

        Raises:
            ConnectionEnded: the channel ended before the answer came, or had ended before.
            NodeSilent: no answer came in the time that it had.
            AnswerMalformed, ErrorFromNode: see `Peer`.
        """
        (result,) = await self._asking.ask(method, [params], progress, at_once=self._is_asked())
        if isinstance(result, RpcError):
            raise result
        return result

    async def call_batch(self, method: str, calls: Sequence[Mapping[str, Json]]) -> Sequence[Json | RpcError]:
        """A result or an error for each. What is begun there is not cancelled. Raises as `call` does."""
        return await self._asking.ask(method, calls, batch=True, at_once=self._is_asked()) if calls else []

    def _is_asked(self) -> bool:
        """Whether this is done for a call of the other side.

        Both sides may be asked as much as they ask. Would their handlers wait for a place to ask back, they
        could wait for each other for ever.
        """
        return SESSION.get() is self

    def notify(self, method: str, params: Mapping[str, Json]) -> None:
        """Tells the other side something, and waits for no answer.

        Raises:
            ConnectionEnded: the session has ended, or ends with this because too much waits unread.
        """
        self._post(jsonrpc.dumps(jsonrpc.notification(method, params)))

    async def tell(self, message: bytes) -> None:
        """Sends a notification that is written already; returns once the channel has taken it.

        Who waits for that before it tells more keeps no more for the other side than one message.

        Raises:
            ConnectionEnded: see `notify`, or the session ends before.
            PandaError: there is no room for it now.
        """
        with self._telling(len(message)):
            sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._post(message, sent)
            over = asyncio.ensure_future(self._over.wait())
            ends: set[asyncio.Future[Any]] = {sent, over}
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                over.cancel()
            if not sent.done():
                raise ConnectionEnded(self.ended.cause if self.ended is not None else "")

    def _post(self, message: bytes, sent: asyncio.Future[None] | None = None) -> None:
        """Puts a message behind the others. Raises ConnectionEnded."""
        if self.ended is None:
            try:
                self._outgoing.put(message, sent)
            except MessagesNotRead as error:
                self._end(error)
        if self.ended is not None:
            raise ConnectionEnded(self.ended.cause)

    async def _send_all(self) -> None:
        try:
            await self._outgoing.send_all()
        except ConnectionEnded as error:
            self._end(error)

    # -- what comes --------------------------------------------------------------------------------

    async def _receive_all(self) -> None:
        try:
            while self.ended is None:
                message = await self._channel.receive()
                await self._answering.dispatcher.pace(len(message))
                self._weigh(len(message), asked=self._take(message))
                del message  # megabytes, while the next one is waited for
        except ConnectionEnded as error:
            self._end(error)

    def _weigh(self, size: int, *, asked: bool) -> None:
        """Nobody who may call nothing here keeps this side busy by what nobody waits for."""
        if asked or not self._calls_only:
            self._unasked = self._unasked_bytes = 0
            return
        self._unasked += 1
        self._unasked_bytes += size
        if self._unasked > MAX_UNASKED or self._unasked_bytes > self._bounds.message:
            words = "The other side sends without end what nobody asked for."
            self._asking.fail(lambda: UnaskedFor(words))
            self._end(ConnectionEnded(words))

    def _take(self, message: bytes) -> bool:
        """Whether it has an answer that is waited for."""
        try:
            if len(message) > self._bounds.message:
                raise BodyTooLarge(f"The message is too large: {self._bounds.message} bytes are allowed.")
            value = jsonrpc.loads(
                message, parts=self._bounds.parts, members=self._answering.dispatcher.max_batch
            )
        except PandaError as error:
            self._take_unreadable(message, error)
            return False
        items = value if isinstance(value, list) else [value]
        requests = [item for item in items if not jsonrpc.is_reply(item)]
        taken = [self._asking.take(item) for item in items if jsonrpc.is_reply(item)]
        told = bool(requests or not items) and self._take_requests(
            requests if isinstance(value, list) else value
        )
        return told or any(taken)

    def _take_unreadable(self, message: bytes, error: PandaError) -> None:
        """It may have been the answer to any open call: so that nobody waits for ever, all of them end."""
        about = jsonrpc.id_in_front(message)
        answer = about in self._asking
        wrong = AnswerTooLong if isinstance(error, BodyTooLarge) else AnswerMalformed
        self._asking.fail(lambda: wrong(f"What the other side sent cannot be read: {error}"))
        if not answer:
            self._answering.refuse(about, error)

    def _take_requests(self, value: Json) -> bool:
        """Whether they tell what is waited for."""
        try:
            requests, batch = jsonrpc.requests(value)
        except PandaError as error:
            self._answering.refuse(None, error)
            return False
        told = self._take_own(requests[0]) if not batch else None
        if told is None:
            self._answering.take(requests, batch=batch)
        return told is True

    def _take_own(self, request: jsonrpc.Request | InvalidRequest) -> bool | None:
        """Whether it told what is waited for; None where it is none of the session's notifications."""
        if isinstance(request, InvalidRequest) or not request.notification:
            return None
        params = request.params if isinstance(request.params, dict) else {}
        about = jsonrpc.id_of(params)
        if request.method == "cancel":
            self._answering.cancel(about)
        elif request.method == "progress":
            return self._asking.tell(about, params)
        else:
            return None
        return False
