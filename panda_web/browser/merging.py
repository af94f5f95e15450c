"""Several async generators, read as one."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def merged(*sources: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """What any of them gives, in the order in which they gave it, until all have ended.

    What one raises ends it, and the others are closed. Of each no more than one item is taken ahead.
    """
    steps: dict[asyncio.Future[T], AsyncGenerator[T, None]] = {}
    done: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()

    def step(source: AsyncGenerator[T, None]) -> None:
        future = asyncio.ensure_future(anext(source))
        steps[future] = source
        future.add_done_callback(done.put_nowait)

    try:
        for source in sources:
            step(source)
        while steps:
            ready = await done.get()
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
