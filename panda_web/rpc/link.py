"""How the way to somebody is, as far as is known: for what is shown of it, and for what waits to be sent."""

from typing import Literal

from panda_web.rpc.followed import Followed

LinkState = Literal["idle", "connected", "unreachable"]
"""Nobody has needed the way yet, or nobody needs it any more; a session is open; the last one broke, or none
could be opened."""


class Link(Followed[LinkState]):
    """The state of a way, which whoever likes follows."""

    def __init__(self) -> None:
        super().__init__("idle")

    @property
    def state(self) -> LinkState:
        """As it is now."""
        return self.now
