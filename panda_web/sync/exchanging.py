"""One schema, kept alike here and at a peer: what a `Filling` is for a node that is only read from."""

import asyncio
from collections.abc import Callable, Iterable

from panda_web.rpc.connection import Connection
from panda_web.sync.bringing import defined
from panda_web.sync.places import Places
from panda_web.sync.replicating import Contact, Replicating
from panda_web.sync.rounds import Platform
from panda_web.sync.source import Asking, Source
from panda_web.sync.standing import Board


class Exchanging:
    """Keeps a schema alike.

    Args:
        schema: its id.
        peer: the other node.
        sink: this one.
        places: where it goes on.
        board: told how far it is.
        related: told which schemas the relations of this one lead to.
        platform: where it runs.
    """

    def __init__(
        self,
        schema: str,
        peer: Source,
        sink: Connection,
        places: Places,
        board: Board,
        related: Callable[[Iterable[str]], None],
        platform: Platform,
    ) -> None:
        self._schema = schema
        self._sink = Asking(sink)
        self._board = board
        self._related = related
        self._replicating = Replicating(sink, peer, places, platform, self._note)
        self._alike = asyncio.Event()

    def hurry(self) -> None:
        """Ends the pause under way: there is a network again, perhaps, or room."""
        self._replicating.hurry()

    async def run(self) -> None:
        """Goes on without end; it may be cancelled anywhere."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._replicating.run())
            tasks.create_task(self._relate())

    async def _relate(self) -> None:
        """Has those brought that this one leads to, once its definition is here."""
        await self._alike.wait()
        schema = defined(await self._sink.definition(self._schema))
        if schema is not None:
            self._related(schema.leads_to)

    def _note(self, contact: Contact) -> None:
        now = self._board.now
        since = now.since if now.since is not None else contact.as_of
        self._board.change(
            state="whole" if since is not None else "never",
            since=since,
            as_of=contact.as_of if contact.as_of is not None else now.as_of,
            error=contact.error,
            refused=contact.refused,
            brought=contact.brought,
        )
        if contact.as_of is not None:
            self._alike.set()
