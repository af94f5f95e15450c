"""What forks of logs need of another node: votes of some authors, and the branches that these are about.

Of a schema a filled node is given what its source shows: of a forked log that ends before the fork. So what
proves forks of logs that are held here is brought by itself, with the branches; and so are logs, all of them,
that one of the authors votes about. Nobody else's votes are brought: keys cost nothing.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing, suppress

from panda_web import messages
from panda_web.errors import PandaError
from panda_web.messages import FORK_VOTE, FORK_VOTE_LOG
from panda_web.rpc.again import Again
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed, NodeUnreachable
from panda_web.rpc.heads import MAX_NAMED, LogHead
from panda_web.rpc.methods import GET_LOGS
from panda_web.rpc.pauses import ASK_SECONDS, Growing
from panda_web.rpc.stored import StoredEntry
from panda_web.rpc.wish import EVERYTHING, Log, Wish
from panda_web.sync.forks import forked
from panda_web.sync.lacks import Lacks
from panda_web.sync.listing import listed, now, pages
from panda_web.sync.offering import Taken
from panda_web.sync.patient import Patient
from panda_web.sync.places import kept_cursor
from panda_web.sync.pulling import Pulling
from panda_web.sync.replicating import FIRST_IDLE, LONGEST_IDLE, WAIT
from panda_web.sync.rounds import Platform, Rounds
from panda_web.sync.source import Asking, Source
from panda_web.sync.standing import Board

MOST_VOTED = 1000
"""Logs that somebody votes about and that are kept up to date: those of which a vote was found last."""

MOST_LOOKED_AT = 100_000
"""Logs that are looked at in one go, of authors of whom one is voted about; the rest is in the next."""


class Voting:
    """Brings it from one source, and keeps it up to date.

    Args:
        source: from where.
        sink: to where.
        lacks: what is lacking there.
        board: told how it goes.
        platform: where it runs.
        voters: whose votes are brought.
    """

    def __init__(
        self,
        source: Source,
        sink: Connection,
        lacks: Lacks,
        board: Board,
        platform: Platform,
        voters: frozenset[bytes],
    ) -> None:
        self._there = Patient(source.way, platform.sleep)
        self._sessions = Connection(Again(source.sessions)) if source.sessions is not None else None
        self._here = Asking(sink)
        self._board = board
        self._platform = platform
        self._wish = Wish(authors=voters, schemas=frozenset({FORK_VOTE}))
        self._bring = Pulling(self._there, sink, lacks, EVERYTHING, platform.sleep)
        self._rounds = Rounds(f"what is voted at {source.name}", self._round, self._failed, platform)
        self._read: dict[bytes, int] = {}
        self._voted: dict[Log, None] = {}
        self._since: dict[bytes, str | None] = {}
        self._cuts = Growing()
        self._idle = Growing(FIRST_IDLE, LONGEST_IDLE)

    def hurry(self) -> None:
        """Ends the pause under way: there is a network again, perhaps, or room."""
        self._rounds.hurry()

    async def run(self) -> None:
        """Goes on without end; it may be cancelled anywhere."""
        await self._rounds.run()

    def _failed(self, error: PandaError, _: bool) -> None:
        self._board.change(error=error)

    async def _round(self) -> float:
        """Brings what there is, and returns when there may be more; gives a pause."""
        self._bring.begin()
        since = await now(self._there)
        brought = await self._all()
        as_of = self._platform.clock()
        first = self._board.now.since
        self._board.change(
            state="whole", since=as_of if first is None else first, as_of=as_of, error=None,
            brought=self._board.now.brought + brought,
        )  # fmt: skip
        self._rounds.again()
        if self._sessions is None or not self._wish.authors:
            return ASK_SECONDS
        begun = self._platform.clock()
        try:
            await self._sessions.call(GET_LOGS, since=since, limit=1, wait=WAIT, **self._wish.named)
        except NodeUnreachable:
            return self._cuts.next()
        except AnswerMalformed:  # nobody speaks WebSocket there
            return ASK_SECONDS
        self._cuts.again()
        if brought or self._platform.clock() > begun + WAIT / 2:
            self._idle.again()
        return self._idle.next()

    async def _all(self) -> int:
        """Brings what is lacking; gives how many entries were new."""
        wish = self._wish
        heads = await listed(self._there, **wish.named) if wish.authors else []
        taken = await self._bring.logs(
            each for each in heads if each.log_id == FORK_VOTE_LOG and wish.names(each)
        )
        await self._read_votes()
        taken += await self._voted_logs()
        taken += await self._bring.proofs((await forked(self._there)).values())
        return taken.stored

    async def _read_votes(self) -> None:
        """Finds which logs the votes that are here are about."""
        for voter in sorted(self._wish.authors or ()):
            async for behind, entries in self._here.tail((voter, FORK_VOTE_LOG), self._read.get(voter, 1)):
                self._note(entries)
                self._read[voter] = behind

    def _note(self, entries: Iterable[StoredEntry]) -> None:
        for each in entries:
            with suppress(PandaError):  # it was taken in by other rules, perhaps
                vote = messages.read_vote(messages.decode(each.payload or b""))
                if vote is not None:
                    about = vote.author, vote.log_id
                    if about not in self._voted:
                        self._since.pop(vote.author, None)  # another log of theirs may have been voted about
                    self._voted.pop(about, None)
                    self._voted[about] = None
        for log in [*self._voted][:-MOST_VOTED]:
            del self._voted[log]

    async def _voted_logs(self) -> Taken:
        """Brings what changed of the logs that are voted about, since they were looked at last."""
        taken, alike = Taken(), defaultdict[str | None, list[bytes]](list)
        for author in sorted({author for author, _ in self._voted}):
            alike[self._since.get(author)].append(author)
        for since, authors in alike.items():
            for at in range(0, len(authors), MAX_NAMED):
                some = authors[at : at + MAX_NAMED]
                heads, cursor = await self._heads(since, some)
                taken += await self._bring.logs(heads)
                self._since |= dict.fromkeys(some, cursor)
        return taken

    async def _heads(self, since: str | None, authors: Iterable[bytes]) -> tuple[list[LogHead], str | None]:
        """How logs that are voted about end there, as far as that changed; and where to go on."""
        found: list[LogHead] = []
        seen, cursor = 0, since
        async with aclosing(pages(self._there, since, authors=[each.hex() for each in authors])) as some:
            async for page in some:
                found += [each for each in page.logs if each.log in self._voted]
                seen += len(page.logs)
                cursor = None if page.reset else kept_cursor(page.cursor)
                if seen >= MOST_LOOKED_AT:
                    break
        return found, cursor


async def bring_forks(
    source: Source, sink: Connection, lacks: Lacks, sleep: Callable[[float], Awaitable[object]], log: Log
) -> Taken:
    """Brings what proves forks of one log that is held, with its branches.

    Args:
        source: from where.
        sink: to where.
        lacks: what is lacking there.
        sleep: waits for some seconds.
        log: which.

    Raises:
        SourceUnsound: the source gives too much that is nothing.
        SinkFull, SinkRefuses: there is no room.
        CallFailed: one of the two cannot be asked.
    """
    there = Patient(source.way, sleep)
    found = (await forked(there, author=log[0].hex(), logId=log[1])).get(log)
    if found is None:
        return Taken()
    return await Pulling(there, sink, lacks, EVERYTHING, sleep).proofs([found])
