"""How far a schema was brought, as a value, and as values to follow."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any, Literal

from panda_web.errors import PandaError

State = Literal["never", "filling", "whole", "stopped"]
"""Nothing was seen yet; some of it was; all that the source had was, once at least; it does not go on, for a
reason that does not pass by itself."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a schema stands here.

    Attributes:
        state: see `State`.
        done: instances that were looked at, of those that there are.
        total: how many there are, as the source says; None where it does not.
        since: when all of it was here for the first time, in seconds since 1970; None before that. It stays
            so, whatever the state comes to be.
        as_of: when the source had last nothing more; None likewise.
        error: why it does not go on now, as that the source cannot be reached; None where it does.
        refused: entries that were not taken in here, such as those of an author whose room is used up.
    """

    state: State = "never"
    done: int = 0
    total: int | None = None
    since: float | None = None
    as_of: float | None = None
    error: PandaError | None = None
    refused: int = 0


class Board:
    """A standing that changes, and that whoever likes follows.

    Attributes:
        now: as it is.
    """

    def __init__(self) -> None:
        self.now = Standing()
        self._followers: set[asyncio.Event] = set()

    @property
    def is_followed(self) -> bool:
        """Whether anybody follows it."""
        return bool(self._followers)

    def note(self, **changes: Any) -> None:
        """It is otherwise in this from now on."""
        new = replace(self.now, **changes)
        if new != self.now:
            self.now = new
            for changed in self._followers:
                changed.set()

    async def follow(self) -> AsyncGenerator[Standing, None]:
        """The standing as it is, and then as it comes to be, without end. Who is slow gets the last one."""
        changed = asyncio.Event()
        self._followers.add(changed)
        told: Standing | None = None
        try:
            while True:
                changed.clear()
                if told != self.now:
                    told = self.now
                    yield told
                else:
                    await changed.wait()
        finally:
            self._followers.discard(changed)
