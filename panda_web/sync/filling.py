"""One schema, brought from one source into one sink, and kept up to date: through cuts, without end.

It subscribes first, then fetches pages, each instance with the entries that prove it, and then takes what it
is told. What is told meanwhile it takes between two pages. Whatever was taken in is durable before the place
moves on, so it may be cut anywhere: a page is offered twice at most, and twice is no harm.

Where the source lost the point (`reset`), or tells nothing, the pages only list which instances there are.
They are compared with what is held, and what differs is fetched. What the source shows no more is believed to
be deleted when the entry that deletes it is there; else it stays.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace

from panda_web.errors import PandaError
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import (
    WITHOUT_VIEW,
    AnswerMalformed,
    ErrorFromNode,
    NodeUnreachable,
    SessionNeeded,
    TooManySubscriptions,
)
from panda_web.rpc.inbox import Inboxes, Open
from panda_web.rpc.pauses import ASK_SECONDS, Growing
from panda_web.rpc.subscriptions import ToldChange
from panda_web.rpc.there import STILL_THERE_SECONDS, is_there
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.sync.bringing import Bringing, is_defined
from panda_web.sync.errors import SourceUnsound
from panda_web.sync.offering import Offering, Taken
from panda_web.sync.places import Place, Places, kept_cursor, kept_for
from panda_web.sync.rounds import Platform, Rounds
from panda_web.sync.source import PAGE, Asking, Source, is_early
from panda_web.sync.standing import Board

MOST_INVALID = 100
"""Instances and entries from a source that are nothing, until it is left alone for a while."""

MOST_USELESS = 10_000
"""Changes in a row that tell nothing new, likewise."""

OPENING_SECONDS = 5.0
"""What subscribing may take; then the source is asked instead."""

Told = tuple[list[ToldChange], str | None, bool]


class Filling:
    """Brings a schema.

    Args:
        schema: its id.
        source: from where.
        inboxes: what the source tells; None where it tells nothing.
        sink: to where.
        places: where it goes on.
        board: told how far it is.
        related: told which schemas the relations of this one lead to.
        platform: where it runs.
        wish: whose instances are brought, and how large their payloads may be.
    """

    def __init__(
        self,
        schema: str,
        source: Source,
        inboxes: Inboxes | None,
        sink: Connection,
        places: Places,
        board: Board,
        related: Callable[[Iterable[str]], None],
        platform: Platform,
        wish: Wish = EVERYTHING,
    ) -> None:
        self._schema = schema
        self._wish = wish
        self._source = source.name
        self._inboxes = inboxes
        asking = Asking(Connection(source.way), wish)
        offering = Offering(sink, asking.path, platform.sleep)
        self._bringing = Bringing(schema, asking, Asking(sink, wish), offering, wish)
        self._places = places
        self._board = board
        self._related = related
        self._platform = platform
        self._rounds = Rounds(f"the schema {schema[:16]}…", self._round, self._note_failed, platform)
        self._defined = is_defined(schema)
        self._place = Place(None)
        self._kept = kept_for(schema, wish)
        self._resets = Growing()
        self._invalid = 0
        self._useless = 0

    def hurry(self) -> None:
        """Ends the pause under way: there is a network again, perhaps, or room."""
        self._rounds.hurry()

    async def run(self) -> None:
        """Goes on without end; it may be cancelled anywhere."""
        await self._rounds.run()

    def _note_failed(self, error: PandaError, passes: bool) -> None:
        self._board.change(error=error, state=self._state if passes else "stopped")

    async def _round(self) -> float:
        """Brings all that there is, then what is told, as long as a session lasts; gives a pause."""
        self._invalid = self._useless = 0
        kept = await self._places.get(self._source, self._kept)
        self._place = Place.from_text(kept) or Place(None)
        self._board.change(state=self._state, since=self._place.since, as_of=self._place.as_of)
        async with AsyncExitStack() as ends:
            told = await self._subscribe(ends)
            await self._begin(told)
            await self._define()
            if not await self._fetch(told):
                return self._resets.next()
            if told is None:
                return ASK_SECONDS
            while await self._take(await self._next(told)):
                pass
        return self._resets.next()

    # -- where it goes on --------------------------------------------------------------------------

    @property
    def _state(self) -> str:
        if self._place.since is not None:
            return "whole"
        return "filling" if self._place.done else "never"

    async def _save(self, place: Place) -> None:
        await self._places.put(self._source, self._kept, place.to_text())
        self._place = place

    async def _begin(self, told: Open | None) -> None:
        """Sets where it goes on, with or without somebody who tells what changes."""
        place = self._place
        anew = replace(place, after="", comparing=place != Place(None), done=0)
        if told is None:
            if place.after is None:
                await self._save(anew)
        elif told.made.reset or place.cursor is None:
            # Of what was looked at before, something may have changed since, and nobody said it.
            await self._save(replace(anew, cursor=kept_cursor(told.made.cursor)))

    async def _be_whole(self, cursor: str | None) -> None:
        """All is here that there is, as of now."""
        now = self._platform.clock()
        since = self._place.since or now
        await self._save(replace(self._place, cursor=cursor, after=None, since=since, as_of=now))
        self._rounds.again()
        self._board.change(state="whole", error=None, since=since, as_of=now, done=self._place.done)

    # -- what is asked -----------------------------------------------------------------------------

    async def _define(self) -> None:
        if not self._defined:
            schema, taken = await self._bringing.define()
            self._count(taken)
            if schema is not None:
                self._defined = True
                self._related(schema.leads_to)

    async def _fetch(self, told: Open | None) -> bool:
        """Fetches the pages that are left; gives whether they are whole, and the point is not lost."""
        try:
            while (after := self._place.after) is not None:
                if not after:
                    await self._count_all()
                if told is not None and (each := told.at_hand()) is not None and not await self._take(each):
                    return False
                work = self._bringing.compare if self._place.comparing else self._bringing.page
                step = await work(after)
                await self._save(replace(self._place, after=step.last, done=self._place.done + step.count))
                self._note_filling()
                self._count(step.taken)
        except ErrorFromNode as error:
            if error.reason not in WITHOUT_VIEW and not is_early(error):
                raise
            step = await self._bringing.everything()
            self._place = replace(self._place, done=step.count)
            self._count(step.taken)
        await self._be_whole(self._place.cursor)
        return True

    async def _count_all(self) -> None:
        self._board.change(total=await self._bringing.total())
        self._note_filling()

    def _note_filling(self) -> None:
        state = "whole" if self._place.since is not None else "filling"
        self._board.change(state=state, error=None, done=self._place.done)

    # -- what is told ------------------------------------------------------------------------------

    async def _subscribe(self, ends: AsyncExitStack) -> Open | None:
        """What the source tells; None where it tells nothing, or nothing of this."""
        if self._inboxes is None:
            return None
        since = {"since": self._place.cursor} if self._place.cursor is not None else {}
        whose = {"filter": self._wish.filter} if self._wish.filter else {}
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                about = self._inboxes.open(schema=self._schema, proof=True, **since, **whose)
                return await ends.enter_async_context(about)
        except (TimeoutError, NodeUnreachable, AnswerMalformed):
            return None  # it may answer by another way, or else says so there
        except ErrorFromNode as error:
            if is_early(error) or error.reason in _NOT_TOLD:
                return None
            raise

    async def _next(self, told: Open) -> Told:
        """What is told next. Raises ConnectionEnded."""
        while True:
            try:
                async with asyncio.timeout(STILL_THERE_SECONDS):
                    return await told.next()
            except TimeoutError:
                if told.session.ended is None and not await is_there(told.session):
                    await told.session.close()

    async def _take(self, told: Told) -> bool:
        """Takes what was told; gives whether it goes on from there."""
        changes, cursor, reset = told
        if reset or cursor is None:
            await self._save(replace(self._place, cursor=None))
            return False
        taken = Taken()
        for at in range(0, len(changes), PAGE):
            taken += await self._bringing.changes(changes[at : at + PAGE])
        if taken.stored:
            self._resets.again()
        self._useless = 0 if taken.stored else self._useless + len(changes)
        if self._place.after is None:
            await self._be_whole(kept_cursor(cursor))
        else:
            await self._save(replace(self._place, cursor=kept_cursor(cursor)))
        self._count(taken)  # at last: what is nothing need not come again
        return True

    # -- what comes of it --------------------------------------------------------------------------

    def _count(self, taken: Taken) -> None:
        """Raises SourceUnsound."""
        if taken.refused or taken.stored:
            now = self._board.now
            self._board.change(refused=now.refused + taken.refused, brought=now.brought + taken.stored)
        self._invalid += taken.invalid
        if self._invalid > MOST_INVALID:
            raise SourceUnsound(
                f"The node gave {self._invalid:,} things that are nothing: wrong signatures, wrong links, or "
                "what nobody asked for. What was verified stays, and the node is left alone for a while."
            )
        if self._useless > MOST_USELESS:
            raise SourceUnsound(
                f"The node told {self._useless:,} changes in a row of which none was news. It is left alone "
                "for a while."
            )


_NOT_TOLD = WITHOUT_VIEW | {SessionNeeded.reason, TooManySubscriptions.reason}
