"""How far own entries went: to the page's node, and to each peer that the site's own node is kept alike with.

What the node has, it has acknowledged. What a peer has, it says itself, where it is asked for the ends of own
logs: each time that it was found to be alike. So it is a peer's word, and of one that is out of reach it is
what that one said last.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from panda_web.errors import PandaError
from panda_web.rpc.connection import Connection, Way
from panda_web.rpc.followed import Turns

if TYPE_CHECKING:  # a tab that keeps no node has no use for it
    from panda_web.browser.home import Home

Ends: TypeAlias = Mapping[tuple[str, int], int]
"""Of logs, by author and log id, the seq num up to which somebody has them."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a peer said, and when: how things stood with it then."""

    stamp: object
    ends: Ends


class Reach:
    """Of one site.

    Args:
        peers: their addresses.
        way: gives the way to a node. Raises PandaError where there is none.
        home: the site's own node; None where there is none, and so no peers.

    Attributes:
        spread: happens when own entries are at more nodes, or it is known of more that they are there.
    """

    def __init__(self, peers: Sequence[str], way: Callable[[str], Way], home: "Home | None") -> None:
        self._ways = {each: Connection(way(each)) for each in peers}
        self._home = home
        self._said: dict[str, _Said] = {}
        self._own: Ends = {}
        self.spread = Turns()

    async def look(self, authors: Sequence[str]) -> None:
        """Asks each peer with which things are otherwise since it was asked last. Nothing that fails is told.

        Args:
            authors: whose logs these are.
        """
        if self._home is None or not self._ways or not authors:
            return
        with suppress(PandaError):
            self._own = await _ends(self._home.connection, authors)
        for url, connection in self._ways.items():
            alike = [each["asOf"] for each in self._home.standings(url) if each["error"] is None]
            stamp = (*authors, *alike)
            said = self._said.get(url)
            if any(each is not None for each in alike) and (said is None or said.stamp != stamp):
                with suppress(PandaError):
                    now = _Said(stamp, await _ends(connection, authors))
                    self._said[url] = now
                    if said is None or said.ends != now.ends:
                        self.spread.happen()

    def pending(self, peer: str) -> int | None:
        """How many own entries a peer has not got; None where it was not asked yet."""
        said = self._said.get(peer)
        if said is None:
            return None
        return sum(max(0, end - said.ends.get(log, 0)) for log, end in self._own.items())

    def at(self, log: tuple[str, int], seq_num: int) -> int:
        """At how many peers an own entry is."""
        return sum(each.ends.get(log, 0) >= seq_num for each in self._said.values())


async def _ends(node: Connection, authors: Sequence[str]) -> Ends:
    from panda_web.sync.listing import listed  # a tab without peers has no use for it

    logs = await listed(node, authors=[*authors])
    return {(each.author.hex(), each.log_id): each.seq_num for each in logs}
