"""The site's own node, as a tab has it: reached wherever it is, and told what to bring from which node."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, cast

from panda_web.browser.tabs import ABOUT, FILL, FORGET, FORKS, HURRY, TRUST
from panda_web.browser.wrong import said
from panda_web.errors import PandaError
from panda_web.messages import FORK_VOTE
from panda_web.messages.schema import DEFINITION
from panda_web.rpc import types
from panda_web.rpc.again import Again
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.followed import Followed, Turns
from panda_web.rpc.pauses import Growing
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.types import Json
from panda_web.rpc.wish import EVERYTHING, MAX_WISHED, Wish, write_wish

if TYPE_CHECKING:  # no tab loads these
    from panda_web.browser import shapes

NOTHING: "shapes.Here" = {
    "state": "never",
    "done": 0,
    "total": None,
    "asOf": None,
    "error": None,
    "refused": 0,
    "brought": 0,
}
"""How a schema stands of which nothing is known."""


HURRIES_EACH = 2.0
"""Seconds between two questions of a page that have a node asked at once."""


FORKS_SECONDS = 3.0
"""For which nodes are waited for that may prove that a log is forked, before it is drawn."""


class Kept(Followed["shapes.Here"]):
    """How a schema stands that is brought.

    Args:
        parts: from several nodes, how it stands with each; none from one.

    Attributes:
        began: when it was first asked for in this visit, in seconds since 1970.
        parts: how it stands with each node.
    """

    def __init__(self, parts: Sequence["Kept"] = ()) -> None:
        super().__init__(joined([each.now for each in parts]) if parts else NOTHING)
        self.began = time.time()
        self.parts = parts or (self,)


class Home:
    """The site's own node.

    Args:
        sessions: gives sessions with it, wherever it is.

    Attributes:
        way: by which it is called; a call is made again where the tab that has it goes.
        connection: the same, for the methods of nodes.
        told: happens whenever something stands otherwise.
    """

    def __init__(self, sessions: Callable[[], Reopening]) -> None:
        self.sessions = sessions
        self.way = Again(sessions())
        self.connection = Connection(self.way)
        self._kept: dict[tuple[tuple[str, ...], str, Wish], Kept] = {}
        self._of_nodes: dict[tuple[str, str, Wish], Kept] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._voting: dict[str, tuple[Wish, asyncio.Task[None]]] = {}
        self._hurried = 0.0
        self.told = Turns()

    async def name(self) -> str:
        """What clients call it: another database is another node, which has acknowledged nothing.

        Raises:
            PandaError: it cannot be opened, and it says why.
        """
        about = await self.connection.call(ABOUT)
        try:
            return types.member(about, "name", types.TEXT)
        except ValueError as error:
            raise AnswerMalformed(f"The site's node {error}.") from error

    def kept(self, nodes: Sequence[str], schema: str, wish: Wish = EVERYTHING) -> Kept:
        """How a schema stands that is brought from some nodes, from now on.

        Whoever asks once more wants to know what is new: a node that tells of no changes is asked at once.

        Args:
            nodes: their addresses. The first one is read from; the others are peers, which get what is here.
            schema: its id.
            wish: how much of it.
        """
        want = tuple(nodes), schema, wish
        if want in self._kept:
            if time.monotonic() >= self._hurried + HURRIES_EACH:
                self._hurried = time.monotonic()
                self.hurry()
            return self._kept[want]
        each = [self._one(node, schema, wish, both=node != nodes[0]) for node in nodes]
        if len(each) == 1:
            self._kept[want] = each[0]
        else:
            self._kept[want] = Kept(each)
            for one in each:
                self._begin(self._join(one, each, self._kept[want]))
        return self._kept[want]

    def meet(self, peers: Sequence[str], wish: Wish) -> None:
        """Keeps it alike with peers from now on, though nothing is read: what was written goes there."""
        for each in peers:
            self._one(each, str(DEFINITION.id), wish, both=True)

    async def trust(self, nodes: Sequence[str], named: Sequence[str] | None, own: Sequence[str]) -> list[str]:
        """Counts the votes of some authors about forked logs from now on, and has them brought.

        Args:
            nodes: from where.
            named: their public keys; None for those that were named last, be it in an earlier visit.
            own: those of whoever reads, whose votes count here in any case.

        Returns:
            All whose votes count.

        Raises:
            PandaError: the node cannot do it. Then it counts those of before.
        """
        voters = await self.connection.call(TRUST, named=named, own=[*own][-MAX_WISHED:])
        wish = Wish(authors=frozenset(voters))
        for node in {*nodes, *self._voting}:
            before, task = self._voting.get(node, (None, None))
            if before != wish:
                if task is not None:
                    task.cancel()
                asked = {"node": node, "schema": FORK_VOTE, "wish": write_wish(wish), "both": False}
                self._voting[node] = wish, self._begin(self._keep(asked, Kept(), lambda: None))
        return [each.hex() for each in voters]

    async def forks(self, nodes: Sequence[str], author: str, log_id: int) -> None:
        """Brings what proves forks of a log, of which something is here. What fails is told by nobody.

        Args:
            nodes: from where. Those that do not answer soon bring it meanwhile.
            author: of the log, 64 hex digits.
            log_id: which of theirs.
        """
        bringing = [self._begin(self._bring_forks(node, author, log_id)) for node in nodes]
        if bringing:
            await asyncio.wait(bringing, timeout=FORKS_SECONDS)

    async def _bring_forks(self, node: str, author: str, log_id: int) -> None:
        with suppress(PandaError):
            await self.connection.call(FORKS, node=node, author=author, logId=log_id)

    def standings(self, node: str) -> "list[shapes.Here]":
        """How each schema stands that is brought from a node."""
        return [kept.now for (name, *_), kept in self._of_nodes.items() if name == node]

    def _one(self, node: str, schema: str, wish: Wish, *, both: bool) -> Kept:
        want = node, schema, wish
        if want not in self._of_nodes:
            kept = self._of_nodes[want] = Kept()
            asked = {"node": node, "schema": schema, "wish": write_wish(wish), "both": both}
            self._begin(self._keep(asked, kept, self.told.happen))
        return self._of_nodes[want]

    async def _join(self, one: Kept, each: Sequence[Kept], whole: Kept) -> None:
        async with aclosing(one.follow()) as standings:
            async for _ in standings:
                whole.note(joined([kept.now for kept in each]))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        return task

    async def forget(self) -> None:
        """Takes its database away, with all that is in it; nothing is asked of it any more.

        Raises:
            StoreFailed: the browser does not obey.
        """
        for each in self._keeping:
            each.cancel()
        await self.connection.call(FORGET)

    def hurry(self) -> None:
        """There is a network again, perhaps."""
        self._begin(self._hurry())

    async def close(self) -> None:
        """Asks for nothing any more."""
        for each in self._keeping:
            each.cancel()
        if self._keeping:
            await asyncio.wait(self._keeping)
        await self.way.close()

    async def _hurry(self) -> None:
        with suppress(PandaError):
            await self.connection.call(HURRY)

    async def _keep(self, asked: Mapping[str, Json], kept: Kept, tell: Callable[[], object]) -> None:
        pauses = Growing()
        told = None
        while True:
            try:
                told = await self.connection.call(FILL, **asked, told=told)
            except PandaError as error:
                kept.note({**kept.now, "error": said(error)})
                tell()
                await asyncio.sleep(pauses.next())
            else:
                pauses.again()
                kept.note(cast("shapes.Here", told))
                tell()


_BEST_FIRST = ("whole", "filling", "never", "stopped")


def joined(each: "Sequence[shapes.Here]") -> "shapes.Here":
    """How a schema stands that is brought from several nodes: one that gives it is enough."""
    best = min(each, key=lambda here: _BEST_FIRST.index(here["state"]))
    goes_on = any(here["error"] is None for here in each)
    return {
        "state": best["state"],
        "done": best["done"],
        "total": best["total"],
        "asOf": max((here["asOf"] for here in each if here["asOf"] is not None), default=None),
        "error": None if goes_on else each[0]["error"],
        "refused": sum(here["refused"] for here in each),
        "brought": sum(here["brought"] for here in each),
    }
