"""Leases: one holder at a time, among tasks and among tabs, and no tab that dies stops the others."""

import asyncio
import json

import pytest

from panda_web.client import lock as lock_module
from panda_web.client.lock import LEASE, POLL, SLOW_POLL, LeaseLock, Lock, ProcessLock
from panda_web.client.store import MemoryStore


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds / 100
        await asyncio.sleep(0)


async def count_together(locks: list[Lock], rounds: int = 20) -> None:
    """Every holder reads, waits and writes: without exclusion numbers get lost."""
    total = 0
    inside = 0

    async def work(lock: Lock) -> None:
        nonlocal total, inside
        for _ in range(rounds):
            async with lock("counter"):
                inside += 1
                assert inside == 1
                seen = total
                for _ in range(3):
                    await asyncio.sleep(0)
                total = seen + 1
                inside -= 1

    await asyncio.gather(*(work(lock) for lock in locks))
    assert total == rounds * len(locks)


async def hold_once(lock: Lock) -> None:
    async with lock("a"):
        pass


def test_tasks() -> None:
    lock = ProcessLock()
    asyncio.run(count_together([lock, lock, lock]))


def test_tabs() -> None:
    store, clock = MemoryStore(), Clock()
    locks = [LeaseLock(store, clock, clock.sleep) for _ in range(3)]
    asyncio.run(count_together([*locks, locks[0]]))
    assert asyncio.run(store.scan("lease/")) == []


def test_names_are_apart() -> None:
    async def work() -> None:
        lock = LeaseLock(MemoryStore())
        async with lock("a"), lock("b"):
            pass

    asyncio.run(work())


def test_a_tab_that_dies_is_waited_for_and_no_longer() -> None:
    async def work() -> None:
        store, clock = MemoryStore(), Clock()
        dead = LeaseLock(store, clock, clock.sleep)
        await dead._take("lease/a")
        died = clock.now
        async with LeaseLock(store, clock, clock.sleep)("a"):
            assert clock.now >= died + LEASE

    asyncio.run(work())


def test_a_lease_is_renewed_while_it_is_held() -> None:
    async def work() -> None:
        store, clock = MemoryStore(), Clock()
        async with LeaseLock(store, clock, clock.sleep)("a"):
            first = json.loads(await store.get("lease/a") or "")["until"]
            for _ in range(1000):
                await asyncio.sleep(0)
            assert json.loads(await store.get("lease/a") or "")["until"] > first

    asyncio.run(work())


def test_who_waits_for_long_looks_less_often() -> None:
    """For a tab that has something as long as it is open, each other one would look 20 times a second."""

    async def work() -> None:
        store = MemoryStore()
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            await asyncio.sleep(0)

        async with LeaseLock(store)("a"):
            waiting = asyncio.create_task(hold_once(LeaseLock(store, sleep=sleep)))
            while sum(pauses) < 60:  # noqa: ASYNC110
                await asyncio.sleep(0)
        await waiting
        assert set(pauses) == {POLL, SLOW_POLL}
        assert sum(each for each in pauses if each == POLL) == pytest.approx(LEASE, abs=POLL)

    asyncio.run(work())


@pytest.mark.parametrize(
    "text", ["", "nonsense", "{}", "[]", '{"until": 1e300, "holder": "x"}', '{"until": "soon"}']
)
def test_a_lease_that_makes_no_sense_is_none(text: str) -> None:
    async def work() -> None:
        store = MemoryStore()
        await store.commit({"lease/a": text}, {})
        async with LeaseLock(store)("a"):
            pass

    asyncio.run(work())


def test_one_that_lost_its_lease_does_not_take_it_from_the_next() -> None:
    async def work() -> None:
        store, clock = MemoryStore(), Clock()
        frozen, other = LeaseLock(store, clock, clock.sleep), LeaseLock(store, clock, clock.sleep)
        await frozen._take("lease/a")
        clock.now += 2 * LEASE
        await other._take("lease/a")
        await frozen._give_back("lease/a")
        assert json.loads(await store.get("lease/a") or "")["holder"] == other._holder

    asyncio.run(work())


def test_cancelled_holders_give_back() -> None:
    async def work() -> None:
        store = MemoryStore()
        lock = LeaseLock(store)

        async def hold() -> None:
            async with lock("a"):
                await asyncio.sleep(60)

        task = asyncio.create_task(hold())
        while await store.get("lease/a") is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await store.get("lease/a") is None

    asyncio.run(work())


def test_leases_are_short_enough_to_wait_for() -> None:
    assert lock_module.POLL < LEASE < 10
