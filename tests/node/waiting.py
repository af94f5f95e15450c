"""Waiting for something to be so, without a clock."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object]) -> None:
    """Returns once the condition holds; everything else may run meanwhile."""
    while not condition():  # noqa: ASYNC110 - any condition will do, and not all have an event
        await asyncio.sleep(0)
