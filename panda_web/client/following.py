"""The part of a client that lasts: the way to the node, held open, and what is told over it."""

from panda_web.client.keeping import Keeping, Told
from panda_web.rpc.link import Link


class Following:
    """The part of a client that lasts.

    Args:
        keeping: keeps the way to the node.
    """

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    @property
    def link(self) -> Link:
        """How the way to the node is, as far as `keep` and subscriptions know: `state`, and `follow()`."""
        return self._keeping.link

    async def keep(self, told: Told = lambda *_: None) -> None:
        """Holds the way to the node open, and sends what waits, at once and whenever the node is there again.

        It never returns: run it beside other work, as in `asyncio.create_task(panda.keep())`, and cancel it
        at the end. Attempts to reach the node have growing pauses between them. Where there can be no
        WebSocket, the node is called every 30 s.

        Args:
            told: called with how many entries were sent, where there were any, and with what was wrong with
                the next one, such as LogDiverged, where anything was.
        """
        await self._keeping.keep(told)

    def hurry(self) -> None:
        """Has `keep` try at once, and not after its pause: there is a network again, perhaps."""
        self._keeping.hurry()
