"""Collecting calls: each done once, in order, its own answer to each, whatever is cancelled meanwhile."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.node.batches import Batches, Capacity
from tests.node.waiting import until


class Work:
    """Doubles numbers, refuses multiples of 7, and remembers in which batches they came."""

    def __init__(self, turns: int = 2) -> None:
        self.batches: list[list[int]] = []
        self.busy = False
        self.turns = turns

    async def __call__(self, calls: Sequence[int]) -> list[int | Exception]:
        assert not self.busy, "one batch at a time"
        self.busy = True
        self.batches.append(list(calls))
        for _ in range(self.turns):
            await asyncio.sleep(0)
        self.busy = False
        return [ValueError(call) if call % 7 == 0 else call * 2 for call in calls]


# A call comes, one of those that came is cancelled, or time passes.
STEPS = st.lists(st.one_of(st.just("call"), st.just("turn"), st.integers(0, 30)), max_size=60)


WEIGHTS = st.lists(st.integers(1, 8), min_size=1, max_size=5)


@given(STEPS, st.integers(1, 5), st.integers(0, 3), WEIGHTS)
def test_each_once_and_in_order(steps: list[str | int], most: int, turns: int, weights: list[int]) -> None:
    work = Work(turns)

    def weigh(call: int) -> int:
        return weights[call % len(weights)]

    async def drive() -> tuple[list[asyncio.Task[int]], set[int]]:
        batches = Batches(work, most=most, weigh=weigh)
        tasks: list[asyncio.Task[int]] = []
        cancelled: set[int] = set()
        for step in steps:
            if step == "call":
                tasks.append(asyncio.create_task(batches(len(tasks))))
            elif step == "turn":
                await asyncio.sleep(0)
            elif int(step) < len(tasks) and tasks[int(step)].cancel():
                cancelled.add(int(step))
        await asyncio.gather(*tasks, return_exceptions=True)
        await batches.finish()
        return tasks, cancelled

    tasks, cancelled = asyncio.run(drive())
    done = [call for batch in work.batches for call in batch]
    assert done == sorted(set(done)), "in order, and none twice"
    assert all(sum(map(weigh, batch)) <= most or len(batch) == 1 for batch in work.batches)
    assert cancelled | set(done) == set(range(len(tasks))), "none is lost"
    for call, task in enumerate(tasks):
        if call in cancelled:
            assert task.cancelled()
        elif call % 7 == 0:
            assert isinstance(task.exception(), ValueError)
        else:
            assert task.result() == call * 2


def test_what_comes_meanwhile_is_the_next_batch() -> None:
    work = Work()

    async def drive() -> None:
        batches = Batches(work, most=100)
        first = asyncio.create_task(batches(1))
        await until(lambda: work.busy)
        await asyncio.gather(first, *(batches(call) for call in range(2, 50) if call % 7))

    asyncio.run(drive())
    assert [len(batch) for batch in work.batches] == [1, 41]


def test_work_that_fails_fails_for_all_and_goes_on() -> None:
    async def work(calls: Sequence[int]) -> list[int | Exception]:
        if 1 in calls:
            raise LookupError("all of them")
        return list(calls)

    async def drive() -> None:
        batches: Batches[int, int] = Batches(work, most=10)
        for answer in await asyncio.gather(*(batches(call) for call in range(5)), return_exceptions=True):
            assert isinstance(answer, LookupError)
        assert await batches(7) == 7

    asyncio.run(drive())


def test_one_event_loop_after_the_other() -> None:
    """What the end of a loop cut off does not block the next one."""
    work = Work(turns=1000)
    batches = Batches(work, most=1)

    async def cut_off() -> None:
        tasks = [asyncio.create_task(batches(call)) for call in (1, 2, 3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)

    asyncio.run(cut_off())
    work.busy, work.turns = False, 1

    async def again() -> None:
        assert await asyncio.gather(batches(4), batches(5)) == [8, 10]

    asyncio.run(again())
    assert work.batches[-2:] == [[4], [5]]


@pytest.mark.parametrize("call", [3, 7])
def test_a_lone_call(call: int) -> None:
    async def drive() -> None:
        batches = Batches(Work(), most=1)
        if call % 7:
            assert await batches(call) == 2 * call
        else:
            with pytest.raises(ValueError):
                await batches(call)

    asyncio.run(drive())


@given(STEPS, st.integers(1, 12), WEIGHTS)
def test_there_is_room_for_so_much_and_who_came_first_goes_first(
    steps: list[str | int], size: int, weights: list[int]
) -> None:
    """Whoever is cancelled, waiting or within, leaves the room to the others."""
    begun: list[int] = []
    within: set[int] = set()

    def weigh(number: int) -> int:
        return min(weights[number % len(weights)], size)

    async def drive() -> None:
        capacity = Capacity(size)

        async def come(number: int) -> None:
            async with capacity.taken(weights[number % len(weights)]):
                begun.append(number)
                within.add(number)
                assert sum(map(weigh, within)) <= size
                try:
                    for _ in range(number % 3):
                        await asyncio.sleep(0)
                finally:
                    within.remove(number)

        tasks: list[asyncio.Task[None]] = []
        for step in steps:
            if step == "call":
                tasks.append(asyncio.create_task(come(len(tasks))))
            elif step == "turn":
                await asyncio.sleep(0)
            elif int(step) < len(tasks):
                tasks[int(step)].cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)
            async with capacity.taken(size):
                pass  # all of it is free again
        assert all(task.cancelled() or number in begun for number, task in enumerate(tasks))

    asyncio.run(drive())
    assert begun == sorted(begun)
