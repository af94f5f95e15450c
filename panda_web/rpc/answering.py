"""Half of a session: the calls that the other side makes, and their answers."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc
from panda_web.rpc.caller import SESSION
from panda_web.rpc.dispatch import Caller, Dispatcher
from panda_web.rpc.errors import Cancelled, ConnectionEnded, IdInUse, InvalidRequest, TooManyCalls

if TYPE_CHECKING:
    from panda_web.rpc.session import Session

Asked = jsonrpc.Request | InvalidRequest


@contextmanager
def anyone() -> Iterator[Caller]:
    """A caller of whom nothing is known and nothing is counted."""
    yield Caller()


class Answering:
    """Requests of the other side.

    Args:
        session: whose calls these are; a handler finds it in `SESSION`.
        dispatcher: carries them out.
        post: sends a message, and tells the future once the channel has taken it; raises ConnectionEnded.
        most: requests that are under way at once; more are refused. A batch is one.
        caller: who calls; see `Session`.

    Attributes:
        dispatcher: the same; another one may take its place.
    """

    def __init__(
        self,
        session: "Session",
        dispatcher: Dispatcher,
        post: Callable[[bytes, asyncio.Future[None] | None], None],
        most: int,
        caller: Callable[[], AbstractContextManager[Caller]],
    ) -> None:
        self._session = session
        self.dispatcher = dispatcher
        self._post = post
        self._most = most
        self._caller = caller
        self._ended = False
        # All that are under way, until their answers are sent; and those that can be cancelled.
        self._tasks: set[asyncio.Task[None]] = set()
        self._by_id: dict[jsonrpc.Id, asyncio.Task[None]] = {}

    def take(self, requests: Sequence[Asked], *, batch: bool) -> None:
        """Begins to carry out a request, or those of a batch."""
        about = None if batch else jsonrpc.asked_with(requests[0])
        if about in self._by_id:
            self.refuse(about, IdInUse("A request with this id is under way."))
            return
        if len(self._tasks) >= self._most:
            many = TooManyCalls(
                f"{self._most} requests of yours are under way in this session already. "
                "Send this one again when some of them have their answer."
            )
            self._refuse_all(requests, many)
            return
        task = asyncio.create_task(self._answer(requests, about, batch=batch))
        self._tasks.add(task)
        task.add_done_callback(partial(self._done, about))
        if about is not None:
            self._by_id[about] = task

    def cancel(self, about: jsonrpc.Id) -> None:
        """The other side no longer wants the answer to this request; it may have it already."""
        task = self._by_id.pop(about, None)
        if task is not None:
            task.cancel()

    def end(self) -> list[asyncio.Task[None]]:
        """Cancels what is under way, and gives it; nobody is told any more."""
        self._ended = True
        for task in self._tasks:
            task.cancel()
        return list(self._tasks)

    def refuse(self, about: jsonrpc.Id, error: PandaError) -> None:
        """Answers a request with an error."""
        with suppress(ConnectionEnded):
            self._post(jsonrpc.dumps(jsonrpc.error_reply(about, error)), None)

    async def _answer(self, requests: Sequence[Asked], about: jsonrpc.Id, *, batch: bool) -> None:
        """Carries out requests, and sends the answer. They are under way until the channel has taken that."""
        SESSION.set(self._session)  # in this task only
        try:
            with self._caller() as caller:
                caller = replace(caller, progress=self._tell_progress)
                answer = await self.dispatcher.carry_out(requests, batch, caller)
                self._by_id.pop(about, None)  # from here on it is not cancelled: the answer is on its way
                if answer:
                    sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._post(answer, sent)
                    await sent
        except ConnectionEnded:
            pass
        except PandaError as error:
            self._refuse_all(requests, error)

    def _done(self, about: jsonrpc.Id, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._by_id.get(about) is task:
            del self._by_id[about]
        if task.cancelled() and about is not None and not self._ended:  # also one that had not begun
            self.refuse(about, Cancelled("Cancelled. What was acknowledged stays."))

    def _tell_progress(self, about: jsonrpc.Id, stage: str, done: int, total: int) -> None:
        params = {"id": about, "stage": stage, "done": done, "total": total}
        with suppress(ConnectionEnded):
            self._post(jsonrpc.dumps(jsonrpc.notification("progress", params)), None)

    def _refuse_all(self, requests: Iterable[Asked], error: PandaError) -> None:
        for each in requests:
            if isinstance(each, InvalidRequest) or not each.notification:
                self.refuse(jsonrpc.asked_with(each), error)
