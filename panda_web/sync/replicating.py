"""All that two nodes hold, brought from each to the other, and kept alike: through cuts, without end.

With a node that is known only what changed is looked at, at both, since the points up to which they were
alike. Where there is no such point, or it is lost, the ends of their logs are compared (`comparing`). What
is brought is durable before the points move on, so it may be cut anywhere: what is there already costs a
question at most.

Each side takes in what comes by a peer's rules, and verifies it. So neither is believed anything.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from panda_web.errors import PandaError
from panda_web.rpc import types
from panda_web.rpc.again import Again
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, NodeUnreachable
from panda_web.rpc.heads import LogHead
from panda_web.rpc.methods import GET_LOGS, MAX_LIMIT
from panda_web.rpc.pauses import ASK_SECONDS, Growing
from panda_web.sync.carrying import Carrying
from panda_web.sync.comparing import apart, compare, now
from panda_web.sync.errors import PartnerTooOld
from panda_web.sync.offering import Offering, Taken
from panda_web.sync.patient import Patient
from panda_web.sync.places import Places, kept_cursor
from panda_web.sync.rounds import Platform, Rounds
from panda_web.sync.source import Asking, Source, is_early

WAIT = 25
"""Seconds for which a node is asked to wait until there is something new."""

PLACE = "logs"
"""Under which its place is kept, beside those of schemas."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How it goes with another node.

    Attributes:
        brought: entries from there that were new here, since this program began.
        sent: the other way round.
        refused: entries that one of the two did not take in, for its own reasons.
        as_of: when both were last alike, in seconds since 1970; None where they never were.
        error: why it does not go on now; None where it does.
    """

    brought: int = 0
    sent: int = 0
    refused: int = 0
    as_of: float | None = None
    error: PandaError | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Up to where two nodes are alike: a cursor of each."""

    theirs: str
    ours: str

    def to_text(self) -> str:
        return json.dumps({"theirs": self.theirs, "ours": self.ours})

    @staticmethod
    def from_text(text: str | None) -> "_Place | None":
        try:
            value = json.loads(text or "")
            return _Place(types.member(value, "theirs", types.TEXT), types.member(value, "ours", types.TEXT))
        except ValueError:
            return None


class Replicating:
    """Keeps a node alike with another one.

    Args:
        here: the node.
        partner: the other one.
        places: where it goes on; they lie beside what this node holds.
        platform: where it runs.
        told: told how it goes, whenever that changes.
    """

    def __init__(
        self,
        here: Connection,
        partner: Source,
        places: Places,
        platform: Platform,
        told: Callable[[Contact], object] = lambda _: None,
    ) -> None:
        self._here = here
        self._name = partner.name
        # Over a session it can be waited for what is new; else it is asked now and then.
        self._sessions = Connection(Again(partner.sessions)) if partner.sessions is not None else None
        self._there = Patient(partner.way, platform.sleep)
        self._places = places
        self._platform = platform
        self._told = told
        self._cuts = Growing()
        self._rounds = Rounds(f"what {partner.name} has", self._round, self._note_failed, platform)
        bringing = Offering(here, Asking(self._there).path, platform.sleep)
        # It waits as long as the node asks for by itself, so it is given no way that does.
        sending = Offering(Connection(partner.way), Asking(here).path, platform.sleep)
        self._bring = Carrying(self._there, here, bringing)
        self._send = Carrying(here, self._there, sending)
        self.contact = Contact()

    def hurry(self) -> None:
        """Ends the pause under way: there is a network again, perhaps."""
        self._rounds.hurry()

    async def close(self) -> None:
        """Closes the ways to the other node, once nothing runs."""
        await self._there.close()
        if self._sessions is not None:
            await self._sessions.close()

    async def run(self) -> None:
        """Goes on without end; it may be cancelled anywhere."""
        await self._rounds.run()

    async def once(self) -> None:
        """Makes both alike, as of now.

        Raises:
            PartnerTooOld: it knows no replication.
            SourceUnsound: it gives what is nothing.
            SinkFull, SinkRefuses: there is no room, here or there.
            CallFailed: one of them cannot be asked.
        """
        await self._alike()

    # -- how it goes ---------------------------------------------------------------------------

    def _note(self, **changes: object) -> None:
        self.contact = replace(self.contact, **changes)  # type: ignore[arg-type]
        self._told(self.contact)

    def _note_failed(self, error: PandaError, _: bool) -> None:
        self._note(error=error)

    def _note_taken(self, way: Literal["brought", "sent"], taken: Taken) -> None:
        if taken.stored or taken.refused:
            more = {way: getattr(self.contact, way) + taken.stored}
            self._note(refused=self.contact.refused + taken.refused, **more)

    # -- one round -----------------------------------------------------------------------------

    async def _round(self) -> float:
        place = await self._alike()
        while self._sessions is not None:
            try:
                waited = await self._news(self._sessions, place)
            except NodeUnreachable:
                return self._cuts.next()
            except AnswerMalformed:
                break  # nobody speaks WebSocket there
            if not waited:
                break
            place = await self._changed(place) or await self._compared()
            self._cuts.again()
        return ASK_SECONDS

    async def _alike(self) -> _Place:
        self._bring.begin()
        self._send.begin()
        place = _Place.from_text(await self._places.get(self._name, PLACE))
        try:
            return (await self._changed(place) if place is not None else None) or await self._compared()
        except ErrorFromNode as error:
            if is_early(error):
                raise PartnerTooOld(
                    f"The node at {self._name} is an earlier one, which replicates nothing."
                ) from error
            raise

    async def _alike_as_of(self, place: _Place) -> _Place:
        await self._places.put(self._name, PLACE, place.to_text())
        self._rounds.again()
        self._note(as_of=self._platform.clock(), error=None)
        return place

    async def _compared(self) -> _Place:
        """Where nothing is known of what changed."""
        place = _Place(await now(self._there), await now(self._here))
        differing = await compare(self._here, self._there)
        self._send.forget()
        self._send.know({each.log: 0 for each in differing.ours})
        self._send.know({each.log: each.seq_num for each in differing.theirs})
        await self._take_all(differing.theirs)
        await self._send_all(differing.ours)
        return await self._alike_as_of(place)

    async def _changed(self, place: _Place) -> _Place | None:
        """What changed at both since a place; None where one of the two knows it no more."""
        more = True
        while more:
            found = await self._there.call(GET_LOGS, since=place.theirs, limit=MAX_LIMIT)
            if found.reset:
                return None
            self._send.know({each.log: each.seq_num for each in found.logs})
            await self._take_all(found.logs)
            more, place = found.more, replace(place, theirs=kept_cursor(found.cursor))
        more = True
        while more:
            found = await self._here.call(GET_LOGS, since=place.ours, limit=MAX_LIMIT)
            if found.reset:
                return None
            await self._send_all(found.logs)
            more, place = found.more, replace(place, ours=found.cursor)
        return await self._alike_as_of(place)

    async def _news(self, sessions: Connection, place: _Place) -> bool:
        """Returns once something may be new at one of the two; False where that cannot be waited for."""
        begun = asyncio.get_running_loop().time()
        theirs = asyncio.create_task(sessions.call(GET_LOGS, since=place.theirs, limit=1, wait=WAIT))
        ours = asyncio.create_task(self._here.call(GET_LOGS, since=place.ours, limit=1, wait=WAIT))
        try:
            await asyncio.wait((theirs, ours), return_when=asyncio.FIRST_COMPLETED)
            done = [each.result() for each in (theirs, ours) if each.done()]
        finally:
            for each in (theirs, ours):
                each.cancel()
            await asyncio.wait((theirs, ours))
        told = any(each.logs or each.reset or each.more for each in done)
        return told or asyncio.get_running_loop().time() > begun + WAIT / 2

    async def _take_all(self, logs: Sequence[LogHead]) -> None:
        for some in apart(logs):
            self._note_taken("brought", await self._bring.all(some))

    async def _send_all(self, logs: Sequence[LogHead]) -> None:
        for some in apart(logs):
            self._note_taken("sent", await self._send.all(some))
            self._send.know({each.log: each.seq_num for each in some})
