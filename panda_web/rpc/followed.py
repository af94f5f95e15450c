"""Something that changes, and that whoever likes follows or waits for."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns:
    """What happens again and again, and wakes whoever waits for the next time."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def happen(self) -> None:
        """It happens now."""
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self) -> None:
        """Returns once it happens."""
        await self._next.wait()


class Followed(Generic[T]):
    """A value that changes.

    Args:
        now: what it is at first.

    Attributes:
        now: as it is.
    """

    def __init__(self, now: T) -> None:
        self.now = now
        self._followers: set[asyncio.Event] = set()

    @property
    def is_followed(self) -> bool:
        """Whether anybody follows it."""
        return bool(self._followers)

    def note(self, now: T) -> None:
        """It is so from now on."""
        if now != self.now:
            self.now = now
            for changed in self._followers:
                changed.set()

    async def follow(self) -> AsyncGenerator[T, None]:
        """What it is, and then what it comes to be, without end. Who is slow is told the last one alone."""
        changed = asyncio.Event()
        self._followers.add(changed)
        told: list[T] = []
        try:
            while True:
                changed.clear()
                if told != [self.now]:
                    told = [self.now]
                    yield self.now
                else:
                    await changed.wait()
        finally:
            self._followers.discard(changed)
