"""What another node says is new, held against what comes of it: whoever says so in vain is left alone.

A node may say at each question that it has news, or that it lost the place it gave itself. Looking costs it
nothing, and whoever looks something each time. An honest one has a reason: an entry that came to it. That is
brought, or it is held here, since it came another way. So news are in vain where nothing of the kind is so.
What came late to an honest node (a payload, an entry before the end of its log) may be in vain here as well,
now and then: that is why so many are borne with.
"""

from collections import deque
from collections.abc import Callable, Sequence

from panda_web.rpc.heads import LogHead
from panda_web.rpc.wish import EVERYTHING, Log
from panda_web.sync.errors import NewsInVain
from panda_web.sync.lacks import Lacks

MOST_VAIN = 100
"""Lists of news in a row that are in vain, until a node is left alone."""

MOST_VAIN_PAGES = 1_000
"""Pages in a row of one such list, likewise. A node looks at 5,000 changes for a page."""

MOST_LOST = 5
LOST_SECONDS = 3600.0
"""How often a node may lose the place that it gave itself, in so many seconds, until it is left alone."""

MOST_HEARD = 100_000
"""Logs of which is remembered how far a node said it has them."""


class Hearing:
    """Counts what a node says in vain.

    Args:
        lacks: knows what is held here.
        clock: gives seconds.
    """

    def __init__(self, lacks: Lacks, clock: Callable[[], float]) -> None:
        self._lacks = lacks
        self._clock = clock
        self._heard: dict[Log, int] = {}
        self._vain = 0
        self._pages = 0
        self._said = self._worth = self._unwanted = False
        self._was_alike = False
        self._lost: deque[float] = deque(maxlen=MOST_LOST)

    def begin(self, *, said: bool = False) -> None:
        """A list of news begins; `said` where the node said before that there are some."""
        self._pages = 0
        self._said, self._worth, self._unwanted = said, False, False

    async def page(self, logs: Sequence[LogHead], *, more: bool, brought: bool, refused: bool) -> None:
        """A page of it was looked at, and what it names was asked for.

        Args:
            logs: that it names.
            more: whether it says that there are more.
            brought: whether something came that is new here.
            refused: whether something came that is not taken in here.

        Raises:
            NewsInVain: there were too many of nothing.
        """
        further = [each for each in logs if each.seq_num > self._heard.get(each.log, 0)]
        if len(self._heard) > MOST_HEARD:
            self._heard.clear()
        self._heard |= {each.log: each.seq_num for each in further}
        self._said = self._said or more or bool(logs)
        if brought or (further and refused) or await self._are_held(further):
            self._worth = True
            self._pages = 0
            return
        self._pages += 1
        if self._pages > MOST_VAIN_PAGES:
            raise _in_vain("that it has news")

    def ended(self) -> None:
        """The list is at its end. Raises NewsInVain."""
        if self._worth or not self._said:
            self._vain = 0
        if self._worth or self._unwanted or not self._said:
            return
        self._vain += 1
        if self._vain > MOST_VAIN:
            raise _in_vain("that it has news")

    def peace(self) -> None:
        """It said nothing for a while."""
        self._vain = 0

    def alike(self) -> None:
        """All that it had is here, and it gave a place to go on from."""
        self._was_alike = True

    def lost(self) -> None:
        """It does not know the place. Raises NewsInVain."""
        if not self._was_alike:  # it may have been cut off while both were compared, or begin with this
            return
        now = self._clock()
        if len(self._lost) == MOST_LOST and now < self._lost[0] + LOST_SECONDS:
            raise _in_vain("that all it told before is lost")
        self._lost.append(now)
        self._was_alike = False

    async def _are_held(self, logs: Sequence[LogHead]) -> bool:
        """Whether one of the entries is held here; notes where one is of an author who is refused here."""
        for each in logs:
            lack = await self._lacks.of(EVERYTHING, each.log, each.seq_num, each.seq_num)
            if lack.end >= each.seq_num:
                return True
            self._unwanted = self._unwanted or not lack.ranges
        return False


def _in_vain(what: str) -> NewsInVain:
    return NewsInVain(
        f"This node says again and again {what}, and gives nothing new. It is left alone for a while."
    )
