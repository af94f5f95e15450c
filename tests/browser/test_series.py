"""Series: a page asks for each next thing, in CPython; no browser takes part."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable

import pytest

from panda_web.browser.series import MAX_SERIES, NoSuchSeries, Series, TooManySeries
from panda_web.errors import PandaError
from panda_web.rpc import types
from panda_web.rpc.errors import InvalidParams, MethodNotFound
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json

METHODS = {
    name: Method(name, "", (Param("to", types.integer(0, 9), 3),), types.OBJECT)
    for name in ("count", "wait", "break")
}
DONE = {"done": True, "value": None}


class Broken(PandaError):
    """What a series raises."""

    reason = "broken"


class Sources:
    """Series that say when they have ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    def all(self) -> Series:
        return Series(METHODS, {"count": self.count, "wait": self.wait, "break": self.breaks})

    async def count(self, to: int) -> AsyncGenerator[Json, None]:
        try:
            for n in range(to):
                await asyncio.sleep(0)
                yield n
        finally:
            self.ended.append("count")

    async def wait(self, to: int) -> AsyncGenerator[Json, None]:
        try:
            yield to
            await asyncio.get_running_loop().create_future()
        finally:
            self.ended.append("wait")

    async def breaks(self, to: int) -> AsyncGenerator[Json, None]:
        yield to
        raise Broken("It broke.")


def value(n: Json) -> Json:
    return {"done": False, "value": n}


def run(work: Awaitable[None]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(work, 60)

    asyncio.run(bounded())


def test_one_after_the_other_and_then_the_end() -> None:
    async def work() -> None:
        sources = Sources()
        series = sources.all()
        one, other = await series.begin("count", {}), await series.begin("count", {"to": 1})
        assert await asyncio.gather(*(series.next(one) for _ in range(4))) == [
            value(0),
            value(1),
            value(2),
            DONE,
        ]
        assert await series.next(other) == value(0)
        assert sources.ended == ["count"]
        with pytest.raises(NoSuchSeries):
            await series.next(one)
        await series.close()
        assert sources.ended == ["count", "count"]

    run(work())


def test_whoever_waits_hears_of_the_end() -> None:
    async def work() -> None:
        sources = Sources()
        series = sources.all()
        number = await series.begin("wait", {})
        assert await series.next(number) == value(3)
        waiting = [asyncio.ensure_future(series.next(number)) for _ in range(3)]
        await asyncio.sleep(0.01)
        await series.stop(number)
        await series.stop(number)
        assert await asyncio.gather(*waiting) == [DONE] * 3
        assert sources.ended == ["wait"]

    run(work())


def test_who_is_cancelled_ends_it() -> None:
    async def work() -> None:
        sources = Sources()
        series = sources.all()
        number = await series.begin("wait", {})
        await series.next(number)
        waiting = asyncio.ensure_future(series.next(number))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert sources.ended == ["wait"]
        with pytest.raises(NoSuchSeries):
            await series.next(number)

    run(work())


def test_an_error_ends_it() -> None:
    async def work() -> None:
        series = Sources().all()
        number = await series.begin("break", {})
        assert await series.next(number) == value(3)
        with pytest.raises(Broken):
            await series.next(number)
        with pytest.raises(NoSuchSeries):
            await series.next(number)

    run(work())


def test_what_is_none_is_refused() -> None:
    async def work() -> None:
        series = Sources().all()
        with pytest.raises(MethodNotFound):
            await series.begin("create", {})
        with pytest.raises(InvalidParams):
            await series.begin("count", {"to": 10})
        with pytest.raises(NoSuchSeries):
            await series.next(1)

    run(work())


def test_so_many_at_once() -> None:
    async def work() -> None:
        sources = Sources()
        series = sources.all()
        numbers = [await series.begin("wait", {}) for _ in range(MAX_SERIES)]
        await series.next(numbers[0])
        with pytest.raises(TooManySeries):
            await series.begin("count", {})
        await series.stop(numbers[0])
        assert sources.ended == ["wait"]
        await series.begin("count", {})
        await series.close()

    run(work())
