"""Doing in one go what many ask for at the same time, where beginning is what costs.

No timer: whatever came while one batch was worked on is the next one. So a lone caller waits for nobody,
and the more there are, the larger the batches become. Calls weigh: a heavy one fills a batch alone, so those
behind it get their turn between.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from panda_web.node.turns import awaited

T = TypeVar("T")
R = TypeVar("R")


class Capacity:
    """Room for so much weight at a time. Who comes when it is full waits, in turn.

    Args:
        size: the weight; what is heavier has to have all of it.
    """

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def taken(self, weight: int) -> AsyncIterator[None]:
        """Begins once there is room."""
        weight = min(weight, self._size)
        if self._waiting or weight > self._free:
            await self._turn(weight)
        else:
            self._free -= weight
        try:
            yield
        finally:
            self._give_back(weight)
            self._admit()

    def _give_back(self, weight: int) -> None:
        self._free += weight

    async def _turn(self, weight: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waits = weight, turn
        self._waiting.append(waits)
        try:
            await awaited(turn, lambda: self._give_back(weight))
        finally:
            self._waiting.remove(waits)  # not before: who comes meanwhile would be faster
            self._admit()

    def _admit(self) -> None:
        for weight, turn in self._waiting:
            if not turn.done():
                if weight > self._free:
                    return
                self._free -= weight
                turn.set_result(None)


def _one(_: object) -> int:
    return 1


class Batches(Generic[T, R]):
    """Calls that are collected and carried out together, in the order in which they came.

    How many may wait is no business of theirs: who calls for others sees to it (`Capacity`).

    A caller that is cancelled is forgotten where its call was not begun; else the call is finished and
    nobody is told.

    Args:
        work: carries out several calls: for each the result, or the error that its caller gets. What it
            raises, all of them get. It runs once at a time.
        most: what the calls in one batch weigh together; a heavier one is a batch of its own.
        weigh: gives the weight of a call; each counts for one unless given.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        most: int,
        weigh: Callable[[T], int] = _one,
    ) -> None:
        self._work = work
        self._most = most
        self._weigh = weigh
        self._queue: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, call: T) -> R:
        """The result of one call. Raises what `work` gives for it."""
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
        weight = 0
        while self._queue:
            call, answer = self._queue[0]
            if not answer.done():
                weight += self._weigh(call)
                if batch and weight > self._most:
                    break
                batch.append((call, answer))
            self._queue.popleft()
        return batch
