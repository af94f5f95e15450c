"""How the way to somebody is, as far as is known: for what is shown of it, and for what waits to be sent."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Literal

LinkState = Literal["idle", "connected", "unreachable"]
"""Nobody has needed the way yet, or nobody needs it any more; a session is open; the last one broke, or none
could be opened."""


class Link:
    """The state of a way, which whoever likes follows.

    Attributes:
        state: as it is now.
    """

    def __init__(self) -> None:
        self.state: LinkState = "idle"
        self._followers: set[asyncio.Event] = set()

    def note(self, state: LinkState) -> None:
        """It is so from now on."""
        if state != self.state:
            self.state = state
            for changed in self._followers:
                changed.set()

    async def follow(self) -> AsyncGenerator[LinkState, None]:
        """The state as it is, and then each that it comes to, without end.

        Who is slow is told of the last one alone.
        """
        changed = asyncio.Event()
        self._followers.add(changed)
        told: LinkState | None = None
        try:
            while True:
                changed.clear()
                if told != self.state:
                    told = self.state
                    yield told
                else:
                    await changed.wait()
        finally:
            self._followers.discard(changed)
