"""Several async generators, read as one."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def merged(*sources: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """What any of them gives, as soon as it does, until all have ended.

    What one raises ends it, and the others are closed. Of each no more than one item is taken ahead.
    """
    steps: dict[asyncio.Future[T], AsyncGenerator[T, None]] = {}

    def step(source: AsyncGenerator[T, None]) -> None:
        steps[asyncio.ensure_future(anext(source))] = source

    try:
        for source in sources:
            step(source)
        while steps:
            done, _ = await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)
            ready = next(each for each in steps if each in done)
            source = steps.pop(ready)
            try:
                item = ready.result()
            except StopAsyncIteration:
                continue
            step(source)
            yield item
    finally:
        for each in steps:
            each.cancel()
        await asyncio.gather(*steps, return_exceptions=True)
        for source in sources:
            await source.aclose()
