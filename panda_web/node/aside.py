"""Where work goes that would hold up everybody else: signatures to check, a disk to wait for.

The platform decides: a server has threads, a tab has none and already is a worker of its page.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Aside(Protocol):
    """Runs a coroutine and gives what it returns, or raises what it raises."""

    async def __call__(self, work: Coroutine[Any, Any, T], /) -> T:
        """Returns once the work is done."""


async def here(work: Coroutine[Any, Any, T], /) -> T:
    """Nowhere else: in the event loop, where others wait unless the work itself lets them have a turn."""
    return await work


async def in_a_thread(work: Coroutine[Any, Any, T], /) -> T:
    """In a thread, for work that waits for nothing but its turn (`asyncio.sleep(0)`).

    OpenSSL and SQLite let other threads run while they compute and while they write. Whoever is cancelled
    here does not stop the thread: the work goes on to its end.
    """
    return await asyncio.to_thread(_run, work)


def _run(work: Coroutine[Any, Any, T]) -> T:
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
