"""How far a schema was brought, as a value, and as values to follow."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from panda_web.errors import PandaError
from panda_web.rpc.followed import Followed

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
        brought: entries from there that were new here, since this program began.
    """

    state: State = "never"
    done: int = 0
    total: int | None = None
    since: float | None = None
    as_of: float | None = None
    error: PandaError | None = None
    refused: int = 0
    brought: int = 0


class Board(Followed[Standing]):
    """A standing that changes, and that whoever likes follows."""

    def __init__(self) -> None:
        super().__init__(Standing())

    def change(self, **changes: Any) -> None:
        """It is otherwise in this from now on."""
        self.note(replace(self.now, **changes))
