"""What is asked for, kept alike here and at a peer: what `Filling` is for a node that is only read from.

The wish grows with what is asked for. What is held here goes to the peer, whatever is asked for: it may have
been written here in an earlier visit.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from panda_web.rpc.connection import Connection
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.sync.defining import defined
from panda_web.sync.lacks import Lacks
from panda_web.sync.places import Places
from panda_web.sync.replicating import Contact, Replicating
from panda_web.sync.rounds import Platform
from panda_web.sync.source import Asking, Source
from panda_web.sync.standing import Board

GATHER = 0.05
"""Seconds for which it is waited for more that is asked for: whoever reads talks reads rooms too."""


@dataclass(eq=False, slots=True)
class _Asked:
    board: Board
    alike: asyncio.Event = field(default_factory=asyncio.Event)


class Exchanging:
    """Keeps it alike with one peer.

    Args:
        peer: the other node.
        sink: this one.
        places: where it goes on.
        lacks: what this one lacks.
        platform: where it runs.
        wish: what is wished of the schemas that are asked for.
    """

    def __init__(
        self,
        peer: Source,
        sink: Connection,
        places: Places,
        lacks: Lacks,
        platform: Platform,
        wish: Wish = EVERYTHING,
    ) -> None:
        self._peer = peer
        self._sink = sink
        self._places = places
        self._lacks = lacks
        self._platform = platform
        self._wish = wish
        self._asked: dict[str, _Asked] = {}
        self._more = asyncio.Event()
        self._brought = 0
        self._refused = 0
        self._replicating: Replicating | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody asks for anything."""
        return self._running is None

    def hurry(self) -> None:
        """Ends the pause under way: there is a network again, perhaps, or room."""
        if self._replicating is not None:
            self._replicating.hurry()

    async def keep(self, schema: str, board: Board, related: Callable[[Iterable[str]], None]) -> None:
        """Keeps a schema alike until it is cancelled; nobody else asks for the same.

        Args:
            schema: its id.
            board: told how far it is.
            related: told which schemas the relations of this one lead to.
        """
        asked = self._asked[schema] = _Asked(board)
        self._more.set()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        place = f"since {schema}"
        try:
            known = await self._places.get(self._peer.name, place)
            if known is not None and board.now.since is None:
                board.change(state="whole", since=float(known))
            await asked.alike.wait()
            if known is None:
                await self._places.put(self._peer.name, place, str(board.now.since))
            definition = defined(await Asking(self._sink).definition(schema))
            if definition is not None:
                related(definition.leads_to)
            await asyncio.Event().wait()
        finally:
            del self._asked[schema]
            if not self._asked:
                running, self._running = self._running, None
                running.cancel()
                await asyncio.wait([running])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(GATHER)
            self._more.clear()
            wish = replace(self._wish, schemas=frozenset(self._asked))
            told = partial(self._note, [*self._asked.values()], self._brought, self._refused)
            self._replicating = Replicating(
                self._sink, self._peer, self._places, self._lacks, self._platform, told, wish
            )
            replicating = asyncio.create_task(self._replicating.run())
            try:
                await self._more.wait()
            finally:
                replicating.cancel()
                await asyncio.wait([replicating])

    def _note(self, asked: Iterable[_Asked], brought: int, refused: int, contact: Contact) -> None:
        self._brought, self._refused = brought + contact.brought, refused + contact.refused
        for each in asked:
            now = each.board.now
            since = now.since if now.since is not None else contact.as_of
            each.board.change(
                state="whole" if since is not None else "never",
                since=since,
                as_of=contact.as_of if contact.as_of is not None else now.as_of,
                error=contact.error,
                refused=self._refused,
                brought=self._brought,
            )
            if contact.as_of is not None:
                each.alike.set()
