"""Half of a session: the calls that this side makes, and who waits for their answers."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass

from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import AnswerMalformed, ConnectionEnded, NodeSilent, RpcError
from panda_web.rpc.peer import Progress
from panda_web.rpc.types import Json


class UnaskedFor(AnswerMalformed):
    """The node sends without end what nobody asked for."""

    reason = "unasked-for"


@dataclass(slots=True)
class Open:
    """A call that has no answer yet."""

    reply: asyncio.Future[Json]
    progress: Progress | None


class Asking:
    """Calls of this side.

    Args:
        post: sends a message; raises ConnectionEnded.
        most: calls that are open at once; more wait.
        patience: seconds until an answer must have come; None where the caller decides.
    """

    def __init__(self, post: Callable[[bytes], None], most: int, patience: float | None) -> None:
        self._post = post
        self._free = asyncio.Semaphore(most)
        self._patience = patience
        self._ids = itertools.count(1)
        self._open: dict[jsonrpc.Id, Open] = {}

    def __contains__(self, request_id: jsonrpc.Id) -> bool:
        return request_id in self._open

    async def ask(
        self,
        method: str,
        calls: Sequence[Mapping[str, Json]],
        progress: Progress | None = None,
        *,
        batch: bool = False,
        at_once: bool = False,
    ) -> list[Json | RpcError]:
        """What came for each call. Raises ConnectionEnded, NodeSilent: for all of them.

        Args:
            method: that is called.
            calls: the params of each call.
            progress: told how far they are.
            batch: whether they go as a batch, and not as one call.
            at_once: whether this does not wait until fewer calls are open.
        """
        async with nullcontext() if at_once else self._free:
            loop = asyncio.get_running_loop()
            # An id is a text: early nodes read no other kind.
            asked = {str(next(self._ids)): Open(loop.create_future(), progress) for _ in calls}
            replies = [each.reply for each in asked.values()]
            requests = [jsonrpc.call(each, method, params) for each, params in zip(asked, calls, strict=True)]
            try:
                self._post(jsonrpc.dumps(requests if batch else requests[0]))
                self._open.update(asked)
                async with asyncio.timeout(self._patience):
                    await self._all(replies, asked)
            except TimeoutError as late:
                raise NodeSilent(f"The node did not answer within {self._patience:g} s.") from late
            finally:
                for each in asked:
                    self._open.pop(each, None)
                    asked[each].reply.cancel()
        found: list[Json | RpcError] = []
        for reply in replies:
            error = reply.exception()
            if isinstance(error, ConnectionEnded):
                raise error
            found.append(error if isinstance(error, RpcError) else reply.result())
        return found

    async def _all(self, replies: Sequence[asyncio.Future[Json]], ids: Iterable[str]) -> None:
        """Returns once all are there. Where nobody waits for them any more, the other side is told."""
        try:
            await asyncio.wait(replies)
        except asyncio.CancelledError:
            with suppress(ConnectionEnded):
                for each in ids:
                    self._post(jsonrpc.dumps(jsonrpc.notification("cancel", {"id": each})))
            raise

    def take(self, reply: Json) -> bool:
        """Gives a reply to whoever waits for it; False where nobody does."""
        try:
            request_id, found = jsonrpc.read_reply(reply)
        except AnswerMalformed as error:
            words = str(error)
            self.fail(lambda: AnswerMalformed(words))
            return False
        if request_id is None and isinstance(found, RpcError):
            # Something of ours could not be read, and the other side cannot know what it was.
            self.fail(lambda: _error_in(reply))
            return False
        call = self._open.pop(request_id, None)
        if call is None or call.reply.done():
            return False
        if isinstance(found, RpcError):
            call.reply.set_exception(found)
        else:
            call.reply.set_result(found)
        return True

    def tell(self, about: jsonrpc.Id, params: Mapping[str, Json]) -> bool:
        """Tells the caller how far the call with this id is; False where nobody wants to know."""
        call = self._open.get(about)
        stage, done, total = (params.get(name) for name in ("stage", "done", "total"))
        tell = call.progress if call is not None else None
        if tell and isinstance(stage, str) and isinstance(done, int) and isinstance(total, int):
            # whatever it raises is not the session's
            asyncio.get_running_loop().call_soon(tell, stage, done, total)
        return tell is not None

    def fail(self, error: Callable[[], RpcError]) -> None:
        """All open calls end with an error, each with one of its own."""
        calls, self._open = self._open, {}
        for call in calls.values():
            if not call.reply.done():
                call.reply.set_exception(error())


def _error_in(reply: Json) -> RpcError:
    _, found = jsonrpc.read_reply(reply)
    return found if isinstance(found, RpcError) else AnswerMalformed("The other side's error is none.")
