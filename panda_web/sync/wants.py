"""Which schemas are asked for, from which source, and by whom: as long as anybody asks, they are filled."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Hashable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from panda_web.messages import FORK_VOTE
from panda_web.rpc.connection import Connection, Way
from panda_web.rpc.inbox import Inboxes
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.sync.errors import WantsTooMany
from panda_web.sync.exchanging import Exchanging
from panda_web.sync.filling import Filling
from panda_web.sync.lacks import Lacks
from panda_web.sync.places import Places, compared_anew
from panda_web.sync.rounds import Platform
from panda_web.sync.source import Source
from panda_web.sync.standing import Board, Standing
from panda_web.sync.voting import Voting

MOST_WANTS = 100
"""Schemas that are filled at the same time, those that others lead to among them."""

Want = tuple[str, str, Wish]
"""The name of a source, the id of a schema, and what is wished of it."""


@dataclass(frozen=True, slots=True)
class _Related:
    """Who asks for a schema because another one leads to it."""

    want: Want


@dataclass(eq=False, slots=True)
class _Filled:
    source: Source
    both: bool
    filling: Filling | Exchanging | Voting
    task: asyncio.Task[None]
    by: set[Hashable] = field(default_factory=set)


class Wants:
    """What is asked for.

    Args:
        sink: the node that is filled.
        places: where fillings go on; they belong to what the sink holds.
        platform: where it runs.
        lacks: what the sink lacks.
    """

    def __init__(self, sink: Way, places: Places, platform: Platform, lacks: Lacks) -> None:
        self._sink = Connection(sink)
        self._places = places
        self._platform = platform
        self._filled: dict[Want, _Filled] = {}
        self._boards: dict[Want, Board] = {}
        self._lacks = lacks
        self._inboxes: dict[str, Inboxes] = {}
        self._peers: dict[tuple[str, Wish], Exchanging] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def ask(
        self, who: Hashable, source: Source, schema: str, wish: Wish = EVERYTHING, *, both: bool = False
    ) -> None:
        """Somebody asks for a schema, and for those that its relations lead to; again is no error.

        Args:
            who: asks, such as the session of a tab; what hangs on it ends with `leave`.
            source: from where. Of one name there is one.
            schema: its id, 132 hex digits.
            wish: whose instances of it, and how large their payloads may be.
            both: whether what is here goes there too: then the source is a peer.

        Raises:
            WantsTooMany: as many are filled as may be.
        """
        want = source.name, schema, wish
        found = self._filled.get(want)
        if found is None:
            if len(self._filled) >= MOST_WANTS:
                raise WantsTooMany(
                    f"{MOST_WANTS} schemas are kept up to date here already. Close a page that shows others."
                )
            found = self._filled[want] = self._begin(want, source, both=both)
        found.by.add(who)

    def leave(self, who: Hashable, want: tuple[str, str] | None = None) -> None:
        """Somebody asks no more: for one schema of a source, or for anything. What came stays."""
        for each in [*self._filled]:
            found = self._filled.get(each) if want in (None, each[:2]) else None
            if found is not None and who in found.by:
                found.by.discard(who)
                if not found.by:
                    self._end(each)

    @property
    def standings(self) -> Mapping[Want, Standing]:
        """How all that is asked for stands."""
        return {want: self._board(want).now for want in self._filled}

    def standing(self, source: str, schema: str, wish: Wish = EVERYTHING) -> Standing:
        """How a schema stands, by the name of the source; `never` where nobody asks."""
        found = self._boards.get((source, schema, wish))
        return found.now if found is not None else Standing()

    async def follow(
        self, source: str, schema: str, wish: Wish = EVERYTHING
    ) -> AsyncGenerator[Standing, None]:
        """The same as it is, and then as it comes to be, without end; it may begin before anybody asks."""
        want = source, schema, wish
        try:
            async with aclosing(self._board(want).follow()) as standings:
                async for each in standings:
                    yield each
        finally:
            self._forget(want)

    async def again(self, schemas: Collection[str]) -> None:
        """Has schemas compared anew with their sources: something of them is wanted that was not before.

        Raises:
            StoreFailed: the places cannot be changed.
        """
        await self._places.change(schemas, compared_anew)
        for want, found in [*self._filled.items()]:
            if want[1] in schemas:
                found.task.cancel()
                await asyncio.wait([found.task])
                await self._places.change([want[1]], compared_anew)  # it may have put one meanwhile
                if self._filled.get(want) is found:
                    self._filled[want] = replace(
                        self._begin(want, found.source, both=found.both), by=found.by
                    )

    def hurry(self) -> None:
        """Ends all pauses: there is a network again, perhaps, or room."""
        for each in self._filled.values():
            each.filling.hurry()

    async def close(self) -> None:
        """Ends all, and returns when nothing is under way."""
        while self._filled:  # the end of one may be that of others
            self._end(next(iter(self._filled)))
        if self._ending:
            await asyncio.wait(self._ending)

    def _begin(self, want: Want, source: Source, *, both: bool) -> _Filled:
        def related(schemas: Iterable[str]) -> None:
            self._ask_related(want, source, schemas, both=both)

        board = self._board(want)
        _, schema, wish = want
        if schema == FORK_VOTE and wish.authors is not None:
            voting = Voting(source, self._sink, self._lacks, board, self._platform, wish.authors)
            return _Filled(source, both, voting, asyncio.create_task(voting.run()))
        if both:
            peer = self._peers.get((source.name, wish))
            if peer is None:
                self._peers = {key: each for key, each in self._peers.items() if not each.is_idle}
                peer = Exchanging(source, self._sink, self._places, self._lacks, self._platform, wish)
                self._peers[source.name, wish] = peer
            return _Filled(source, both, peer, asyncio.create_task(peer.keep(schema, board, related)))
        inboxes = self._inboxes.get(source.name)
        if inboxes is None and source.sessions is not None:
            inboxes = self._inboxes[source.name] = Inboxes(source.sessions)
        filling = Filling(
            schema,
            source,
            inboxes,
            self._sink,
            self._places,
            board,
            related,
            self._platform,
            wish,
        )
        return _Filled(source, both, filling, asyncio.create_task(filling.run()))

    def _ask_related(self, want: Want, source: Source, schemas: Iterable[str], *, both: bool) -> None:
        """Those that a schema leads to, as many as there is room for. They may not lead back to it."""
        for schema in schemas:
            if want in self._filled and len(self._filled) < MOST_WANTS:
                self.ask(_Related(want), source, schema, want[2], both=both)

    def _end(self, want: Want) -> None:
        task = self._filled.pop(want).task
        task.cancel()
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        self.leave(_Related(want))
        self._forget(want)

    def _forget(self, want: Want) -> None:
        """Nobody asks, nobody looks: the place knows how it stands."""
        board = self._boards.get(want)
        if board is not None and want not in self._filled and not board.is_followed:
            del self._boards[want]

    def _board(self, want: Want) -> Board:
        return self._boards.setdefault(want, Board())
