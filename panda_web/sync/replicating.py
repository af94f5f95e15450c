"""All that two nodes hold, brought from each to the other, and kept alike: through cuts, without end.

With a node that is known only what changed is looked at, at both, since the points up to which they were
alike. Where there is no such point, or it is lost, the ends of their logs are compared (`comparing`). What
is brought is durable before the points move on, so it may be cut anywhere: what is there already costs a
question at most.

A wish bounds what is brought. What is held here is offered all the same, and the other node has its own. What
is lacking before the end of a log is asked for at first contact, and when something happened to that log.

Each side takes in what comes by a peer's rules, and verifies it. So neither is believed anything.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from panda_web.errors import PandaError
from panda_web.rpc import types
from panda_web.rpc.again import Again
from panda_web.rpc.asking import UnaskedFor
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, NodeUnreachable
from panda_web.rpc.heads import MAX_NAMED, Heads, LogHead
from panda_web.rpc.methods import GET_LOGS
from panda_web.rpc.pauses import ASK_SECONDS, Growing
from panda_web.rpc.wish import EVERYTHING, Log, Wish
from panda_web.sync.comparing import Differing, compare
from panda_web.sync.errors import PartnerTooOld, SourceUnsound
from panda_web.sync.forks import MOST_BRANCH, forked, places
from panda_web.sync.hearing import Hearing
from panda_web.sync.lacks import Lacks
from panda_web.sync.listing import listed, now, pages
from panda_web.sync.offering import Taken
from panda_web.sync.patient import Patient
from panda_web.sync.places import Places, kept_cursor, kept_for
from panda_web.sync.pulling import Pulling
from panda_web.sync.pushing import Pushing
from panda_web.sync.rounds import Platform, Rounds
from panda_web.sync.source import Source, is_early

WAIT = 25
"""Seconds for which a node is asked to wait until there is something new."""

FIRST_IDLE = 0.05
LONGEST_IDLE = 2.0
"""Seconds of rest after news that turned out to be none: the first time, and at most. What went there comes
back as news once, so it is short at first. A node with news without end is asked no faster than that."""

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
    """Up to where two nodes are alike, as far as is wished here: a cursor of each."""

    theirs: str
    ours: str

    def to_text(self) -> str:
        return json.dumps({"theirs": self.theirs, "ours": self.ours})

    @staticmethod
    def from_text(text: str | None) -> "_Place | None":
        try:
            value = json.loads(text or "")
            return _Place(
                types.member(value, "theirs", types.TEXT),
                types.member(value, "ours", types.TEXT),
            )
        except ValueError:
            return None


class Replicating:
    """Keeps a node alike with another one.

    Args:
        here: the node.
        partner: the other one.
        places: where it goes on; they lie beside what this node holds.
        lacks: what the node lacks.
        platform: where it runs.
        told: told how it goes, whenever that changes.
        wish: what the node wishes to hold of what the other one has.
    """

    def __init__(
        self,
        here: Connection,
        partner: Source,
        places: Places,
        lacks: Lacks,
        platform: Platform,
        told: Callable[[Contact], object] = lambda _: None,
        wish: Wish = EVERYTHING,
    ) -> None:
        self._here = here
        self._name = partner.name
        # Over a session it can be waited for what is new; else it is asked now and then.
        self._sessions = Connection(Again(partner.sessions)) if partner.sessions is not None else None
        self._there = Patient(partner.way, platform.sleep)
        self._places = places
        self._lacks = lacks
        self._wish = wish
        self._kept = kept_for(PLACE, wish)
        self._platform = platform
        self._told = told
        self._cuts = Growing()
        self._idle = Growing(FIRST_IDLE, LONGEST_IDLE)
        self._resets = Growing()
        self._hearing = Hearing(lacks, platform.clock)
        self._rounds = Rounds(f"what {partner.name} has", self._round, self._note_failed, platform)
        self._bring = Pulling(self._there, here, lacks, wish, platform.sleep)
        # It waits as long as the node asks for by itself, so it is given no way that does.
        self._send = Pushing(here, Connection(partner.way), platform.sleep)
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
            SourceUnsound: it gives what is nothing, or says in vain that it has news.
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
            except UnaskedFor as error:
                raise SourceUnsound(f"{error} It is left alone for a while.") from error
            except AnswerMalformed:
                break  # nobody speaks WebSocket there
            if waited is None:
                break
            before = self.contact
            changed = await self._changed(place, said=waited)
            place = changed or await self._compared()
            self._cuts.again()
            await self._rest(before, was_reset=changed is None)
        return ASK_SECONDS

    async def _rest(self, before: Contact, *, was_reset: bool) -> None:
        """Nobody keeps this node busy by news that are none, or by asking to be compared anew."""
        if was_reset:
            await self._platform.sleep(self._resets.next())
        elif (before.brought, before.sent) == (self.contact.brought, self.contact.sent):
            await self._platform.sleep(self._idle.next())
        else:
            self._idle.again()

    async def _alike(self) -> _Place:
        self._bring.begin()
        self._send.begin()
        place = _Place.from_text(await self._places.get(self._name, self._kept))
        try:
            self._note_taken("brought", await self._bring.define())
            return (await self._changed(place) if place is not None else None) or await self._compared()
        except ErrorFromNode as error:
            if is_early(error):
                raise PartnerTooOld(
                    f"The node at {self._name} is an earlier one, which replicates nothing."
                ) from error
            raise

    async def _alike_as_of(self, place: _Place) -> _Place:
        await self._places.put(self._name, self._kept, place.to_text())
        self._rounds.again()
        self._hearing.alike()
        self._note(as_of=self._platform.clock(), error=None)
        return place

    async def _compared(self) -> _Place:
        """Where nothing is known of what changed."""
        place = _Place(await now(self._there), await now(self._here))
        wished = await listed(self._here, **self._wish.named)
        differing = await compare(wished, self._there, self._wish.named)
        await self._take(differing.theirs)
        # Of a log that is here alone, and has no other end there, the other node has nothing.
        elsewhere = {each.log for each in (*differing.theirs, *differing.ours)}
        self._note_taken("brought", await self._bring.rest(elsewhere))
        self._send.forget()
        await self._send_differing(differing)
        await self._share_proofs()
        if self._wish.named:
            await self._send_unwished({each.log for each in wished})
        return await self._alike_as_of(place)

    async def _share_proofs(self) -> None:
        """What proves that logs are forked, both ways: their ends do not say it."""
        theirs, ours = await forked(self._there), await forked(self._here)
        self._note_taken("brought", await self._bring.proofs(theirs.values()))
        more = [
            each for log, each in ours.items() if log not in theirs or each.broken.adds_to(theirs[log].broken)
        ]
        await self._send_late({each.log: places(each) for each in more})

    async def _send_late(self, late: Mapping[Log, Iterable[int]]) -> None:
        if late:
            self._note_taken("sent", await self._send.logs((), late))

    async def _send_unwished(self, wished: AbstractSet[Log]) -> None:
        """What is held here though it is not wished, such as what was published here."""
        logs: dict[str, list[LogHead]] = {}
        for each in await listed(self._here):
            if each.log not in wished:
                logs.setdefault(each.author.hex(), []).append(each)
        authors = [*logs]
        for some in (authors[at : at + MAX_NAMED] for at in range(0, len(authors), MAX_NAMED)):
            ours = [each for author in some for each in logs[author]]
            differing = await compare(ours, self._there, {"authors": some}, take=False)
            await self._send_differing(differing)

    async def _changed(self, place: _Place, *, said: bool = False) -> _Place | None:
        """What changed at both since a place; None where one of the two knows it no more.

        Args:
            place: since when.
            said: whether the other node said that something did there.
        """
        self._hearing.begin(said=said)
        async with aclosing(pages(self._there, place.theirs, **self._wish.named)) as theirs:
            async for page in theirs:
                if page.reset:
                    self._hearing.lost()
                    return None
                self._send.know({each.log: each.seq_num for each in page.logs})
                await self._hear(page)
                place = await self._at(replace(place, theirs=kept_cursor(page.cursor)), more=page.more)
        self._hearing.ended()
        async with aclosing(pages(self._here, place.ours)) as ours:
            async for page in ours:
                if page.reset:
                    return None
                await self._send_changed(page.logs, place.ours, page.cursor)
                self._note_taken("brought", await self._bring.again(page.logs))
                place = await self._at(replace(place, ours=page.cursor), more=page.more)
        return await self._alike_as_of(place)

    async def _at(self, place: _Place, *, more: bool) -> _Place:
        """A place on the way: what lies before it need not be looked at again after a cut."""
        if more:
            await self._places.put(self._name, self._kept, place.to_text())
        return place

    async def _news(self, sessions: Connection, place: _Place) -> bool | None:
        """Returns once something may be new at one of the two, or after a while.

        Returns:
            Whether the other node says so; None where that cannot be waited for.
        """
        begun, named = asyncio.get_running_loop().time(), self._wish.named
        theirs = asyncio.create_task(sessions.call(GET_LOGS, since=place.theirs, limit=1, wait=WAIT, **named))
        ours = asyncio.create_task(self._here.call(GET_LOGS, since=place.ours, limit=1, wait=WAIT))
        try:
            await asyncio.wait((theirs, ours), return_when=asyncio.FIRST_COMPLETED)
            done = {each: each.result() for each in (theirs, ours) if each.done()}
        finally:
            for each in (theirs, ours):
                each.cancel()
            await asyncio.wait((theirs, ours))
        new = [each for each, heads in done.items() if heads.logs or heads.reset or heads.more]
        if new:
            return theirs in new
        peaceful = asyncio.get_running_loop().time() > begun + WAIT / 2
        if peaceful:
            self._idle.again()
            self._resets.again()
            self._hearing.peace()
        return False if peaceful else None

    async def _hear(self, page: Heads) -> None:
        """Brings what a page of news says that the other node has."""
        before = self.contact
        await self._take(page.logs)
        await self._hearing.page(
            page.logs,
            more=page.more,
            brought=self.contact.brought > before.brought,
            refused=self.contact.refused > before.refused,
        )

    async def _take(self, logs: Sequence[LogHead]) -> None:
        """Brings what is wished and lacking of logs that the other node has. It may name others, unasked."""
        logs = [each for each in logs if self._wish.names(each)]
        self._note_taken("brought", await self._bring.logs(logs))
        parted = self._bring.parted().items()
        await self._send_late({log: range(first, first + MOST_BRANCH) for log, first in parted})
        if logs:
            self._note_taken("brought", await self._bring.define(logs))

    async def _send_differing(self, differing: Differing) -> None:
        self._send.know({each.log: 0 for each in differing.ours})
        self._send.know({each.log: each.seq_num for each in differing.theirs})
        self._note_taken("sent", await self._send.logs(differing.ours))

    async def _send_changed(self, logs: Sequence[LogHead], since: str, until: str) -> None:
        late: dict[Log, set[int]] = {}
        for log, seq_num, payload in await self._lacks.late(since, until):
            if not self._bring.gave(log, seq_num, payload=payload):
                late.setdefault(log, set()).add(seq_num)
        self._note_taken("sent", await self._send.logs(logs, late))
