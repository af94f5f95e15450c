"""Which connections stay when there are many, and which have taken too long. No I/O.

Nobody is turned away, since who comes last may be the only one that asks for little. Whoever has been idle
longest goes first, then whoever keeps the node waiting, and in the end whoever it has worked for longest.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

MAX_CONNECTIONS = 1000
"""Connections at once."""

SHARE = 100
"""Connections of one visitor at once."""

LOOK_SECONDS = 1.0
"""Between two looks at who has taken too long."""


class Guest(Protocol):
    """A connection.

    Attributes:
        visitor: whom it counts for; None for nobody.
        since: when it came, or when its last request began or was answered: seconds.
    """

    visitor: str | None
    since: float

    def idle(self) -> bool:
        """Whether no request has come of which the answer is not there."""

    def waited_for(self) -> bool:
        """Whether the node waits for the other end: to send, or to take."""

    def overdue(self, now: float) -> bool:
        """Whether it has taken too long for what it does."""

    def end(self) -> None:
        """Ends it at once."""


class Guests:
    """The connections that there are.

    Args:
        most: of them.
        share: of one visitor.
        clock: gives seconds.
    """

    def __init__(
        self,
        most: int = MAX_CONNECTIONS,
        share: int = SHARE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._share = share
        self.clock = clock
        self._guests: dict[Guest, None] = {}  # who moved longest ago comes first

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest) -> None:
        """Takes one in, for which another may have to go."""
        if guest.visitor is not None:
            theirs = [each for each in self._guests if each.visitor == guest.visitor]
            if len(theirs) >= self._share:
                self._end_one(theirs)
        if len(self._guests) >= self._most:
            self._end_one([*self._guests])
        self._guests[guest] = None
        self.moved(guest)

    def moved(self, guest: Guest) -> None:
        """A request of its own has begun, or was answered; where it is still here."""
        if guest in self._guests:
            guest.since = self.clock()
            del self._guests[guest]
            self._guests[guest] = None

    def leave(self, guest: Guest) -> None:
        """It is gone."""
        self._guests.pop(guest, None)

    def look(self) -> None:
        """Ends whoever has taken too long."""
        now = self.clock()
        for guest in [*self._guests]:
            if guest.overdue(now):
                guest.end()

    async def watch(self) -> None:
        """Looks, without end."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def _end_one(self, among: list[Guest]) -> None:
        last = (
            next((each for each in among if each.idle()), None)
            or next((each for each in among if each.waited_for()), None)
            or among[0]
        )
        self.leave(last)
        last.end()
