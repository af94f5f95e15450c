"""Who may write next: one at a time for each author, across tabs where the platform can.

A lock keeps tabs from working for nothing; that no slot is used twice does not hang on it (`client.store`).
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

Lock = Callable[[str], AbstractAsyncContextManager[object]]
"""Gives, for a name, a context that only one holder is in at a time."""


class ProcessLock:
    """Among the tasks of one event loop."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def __call__(self, name: str) -> AbstractAsyncContextManager[object]:
        """The context for `name`."""
        return self._locks.setdefault(name, asyncio.Lock())
