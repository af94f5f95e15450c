"""Doing in one go what many ask for at the same time, where beginning is what costs.

No timer: whatever came while one batch was worked on is the next one. So a lone caller waits for nobody,
and the more there are, the larger the batches become.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batches(Generic[T, R]):
    """Calls that are collected and carried out together, in the order in which they came.

    A caller that is cancelled is forgotten where its call was not begun; else the call is finished and
    nobody is told.

    Args:
        work: carries out several calls: for each the result, or the error that its caller gets. What it
            raises, all of them get. It runs once at a time.
        most: calls in one batch.
        room: calls that may be under way; whoever comes then waits for room, in turn.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]], *, most: int, room: int
    ) -> None:
        self._work = work
        self._most = most
        self._room = asyncio.Semaphore(room)
        self._queue: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, call: T) -> R:
        """The result of one call. Raises what `work` gives for it."""
        async with self._room:
            answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
            self._queue.append((call, answer))
            if self._worker is None or self._worker.done():
                self._worker = asyncio.create_task(self._drain())
            return await answer

    async def finish(self) -> None:
        """Returns once nothing is under way."""
        while self._worker is not None and not self._worker.done():
            await asyncio.wait([self._worker])

    async def _drain(self) -> None:
        while batch := self._next():
            try:
                results = await self._work([call for call, _ in batch])
            except Exception as error:  # noqa: BLE001 - those who asked for the work are told
                results = [error] * len(batch)
            for (_, answer), result in zip(batch, results, strict=True):
                if answer.done():
                    continue
                if isinstance(result, Exception):
                    answer.set_exception(result)
                else:
                    answer.set_result(result)

    def _next(self) -> list[tuple[T, asyncio.Future[R]]]:
        batch: list[tuple[T, asyncio.Future[R]]] = []
        while self._queue and len(batch) < self._most:
            call, answer = self._queue.popleft()
            if not answer.done():
                batch.append((call, answer))
        return batch
