"""What counts of a log that is condemned: nothing from there on, but what is on a branch that is voted for.

What that is, is a function of what is held and of whose votes count. It is found out anew when either
changes, and views, and whoever follows them, are brought up to date entry by entry: what goes, from the end
on, and then what comes, from the beginning on. So whenever it is interrupted, what counts is part of one
branch. Of few entries that is done at once, in the transaction that changes something; of many in slices
(`Recounting`), among all else that the node does.
"""

import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

from panda_web.bamboo import Branches, lipmaa
from panda_web.bamboo.errors import PayloadSizeMismatch
from panda_web.log import VerifiedEntry, recall
from panda_web.messages import FORK_VOTE_LOG, InvalidMessage, Message, decode, read_vote
from panda_web.node import views
from panda_web.node.forks.trusting import NOBODY, Trust, choose
from panda_web.node.store import Store
from panda_web.node.store.entries import NEVER, LogRow
from panda_web.node.store.forks import Parted, Row

AT_ONCE = 64
"""Entries of a log, from where it is condemned on, that are looked at in the transaction that changes
something: some ms."""

AT_ONCE_SECONDS = 0.04
"""What is done of them there."""

PAGE = 50
"""Entries that are read together, and brought out of views or into them: some ms."""


class Following:
    """Notices what changes what counts of condemned logs. All of it within transactions.

    Args:
        store: where.
        trust: whose votes count. None where that is not known here: then it is noted what is to be found out
            anew, for the node that knows.
    """

    def __init__(self, store: Store, trust: Trust | None) -> None:
        self._store = store
        self.trust = trust

    def _may_count(self, voter: bytes) -> bool:
        return self.trust is None or voter in self.trust.voters

    def trusts(self, trust: Trust) -> None:
        """Counts other votes from now on."""
        before, self.trust = self.trust, trust
        for key in self._undecided(before or NOBODY):
            self._store.forks.recount(key)

    def start(self) -> None:
        """The same when a node starts: before, other votes may have been counted. Raises StoreFailed."""
        trust = self.trust
        if trust is None:
            return
        with self._store.snapshot():
            is_due = next(self._undecided(NOBODY), None) is not None
        if is_due:
            self._store.at_once(lambda: self.trusts(trust))

    def _undecided(self, before: Trust) -> Iterator[int]:
        """The keys of logs that votes now say something else about than is kept."""
        store = self._store
        voters = before.voters | (self.trust or NOBODY).voters
        for key in sorted({*store.forks.parted(), *store.votes.logs_of(voters)}):
            log_row = store.entries.log_at(key)
            kept = store.forks.partings(key) or [Parted(log_row.condemned, None)]
            if any(self._choose(log_row, each.seq_num) != each.followed for each in kept):
                yield key

    def _choose(self, log_row: LogRow, seq_num: int) -> bytes | None:
        return choose(self._store, self.trust or NOBODY, (log_row.author, log_row.log_id), seq_num)

    # -- what comes ------------------------------------------------------------------------------------

    def came(self, known: LogRow | None, log_row: LogRow, verified: VerifiedEntry) -> None:
        """An entry came, or the payload of one.

        Args:
            known: its log before; None where nothing was held of it.
            log_row: as it is now.
            verified: the entry, which is stored.
        """
        if log_row.condemned == NEVER:
            return
        before = known.condemned if known is not None else NEVER
        if log_row.condemned < before:
            self._store.forks.follow_between(log_row, before, verified.hash)  # as long as views hold it
            self.recount(log_row)
            if log_row.log_id == FORK_VOTE_LOG:
                self._votes_went(log_row.author)
        elif verified.entry.seq_num >= log_row.condemned and self._is_voted(log_row.key):
            if known is not None and self._goes_on(known, verified):
                self._store.forks.follow_hash(log_row.key, verified.hash)
            else:
                self.recount(log_row)

    def _is_voted(self, log_key: int) -> bool:
        """Whether something of a log is followed, or may be: that is being found out."""
        return bool(self._store.forks.partings(log_key)) or self._store.forks.is_due(log_key)

    def _goes_on(self, known: LogRow, verified: VerifiedEntry) -> bool:
        """Whether an entry stands at the end of what is followed, and all that it links to does too."""
        entry, forks = verified.entry, self._store.forks
        if entry.seq_num <= known.seq_num or known.ended or forks.is_due(known.key):
            return False
        if any(each.followed is None for each in forks.partings(known.key)):
            return False
        if self._store.entries.mark(verified.hash) == PayloadSizeMismatch.reason:
            return False
        skiplink = entry.skiplink if lipmaa(entry.seq_num) >= known.condemned else None
        links = [link for link in (entry.backlink, skiplink) if link is not None]
        return bool(links) and all(forks.is_followed(known.key, link) for link in links)

    def voted(self, log_row: LogRow, verified: VerifiedEntry, message: Message) -> None:
        """A message came into somebody's log of votes."""
        vote = read_vote(message)
        if vote is None:
            return
        self._store.votes.add(vote, log_row.author, verified.entry.seq_num, verified.hash)
        about = self._store.entries.log(vote.author, vote.log_id)
        if self._may_count(log_row.author) and about is not None and about.condemned < NEVER:
            self.recount(about)

    def vote_went(self, voter: bytes, instance: bytes) -> None:
        """A vote of somebody is deleted."""
        if self._may_count(voter):
            vote_went(self._store, instance)

    def _votes_went(self, voter: bytes) -> None:
        """Votes of somebody may count no more: their log is condemned."""
        if self._may_count(voter):
            for key in [*self._store.votes.logs_of((voter,))]:
                self._store.forks.recount(key)

    def recount(self, log_row: LogRow) -> None:
        """Finds out anew what counts of a condemned log: of few entries at once, unless it is under way.

        What they are about may have many more before; then it is begun, and gone on with later.
        """
        forks = self._store.forks
        if self.trust is None or forks.is_due(log_row.key) or forks.are_more(log_row, AT_ONCE):
            forks.recount(log_row.key)
            return
        until = time.process_time() + AT_ONCE_SECONDS
        for _ in self.steps(log_row.key):
            if time.process_time() >= until:
                forks.recount(log_row.key)
                return

    # -- what counts -----------------------------------------------------------------------------------

    def steps(self, log_key: int) -> Generator[None, None, None]:
        """Brings it up to date what counts of a log, which is condemned; yields where a transaction may end.

        An instance of which something went is gone in the same transaction, until it is made anew: an older
        state of it would be shown with a proof of another one.
        """
        store = self._store
        log_row = store.entries.log_at(log_key)
        standing, partings = yield from self._standing(log_row)
        followed: dict[int, int] = {}
        last = 0
        while some := store.forks.followed(log_key, last, PAGE):
            followed.update(some)
            last = max(some)
            yield
        away = [(seq_num, number) for number, seq_num in followed.items() if number not in standing]
        away.sort(reverse=True)
        for count, (_, number) in enumerate(away):
            self._uncount(log_row, store.forks.row(number))
            if count % PAGE == 0:
                yield
        while (instance := store.forks.unmade(log_key)) is not None:
            create = store.forks.number_in(log_key, instance)
            if create is not None:
                yield from views.anew(store, log_row, instance, create)
                store.forks.note(create, instance)
            store.forks.made(log_key, instance)
            yield
        for number, entry in enumerate(standing):
            if entry not in followed:
                self._count(log_row, store.forks.row(entry))
            if number % PAGE == 0:
                yield
        store.forks.part(log_key, partings)

    def _standing(self, log_row: LogRow) -> Generator[None, None, tuple[dict[int, None], list[Parted]]]:
        """The numbers of the entries that count, in order, and where the log parts, as far as is decided."""
        if self._choose(log_row, log_row.condemned) is None or 0 < log_row.ended < log_row.condemned:
            return {}, []  # nobody goes on with what stands behind an end
        branches = Branches()
        rows: list[int] = []
        behind = (0, b"")
        while some := self._store.forks.some(log_row, behind, PAGE):
            for row in some:
                rows.append(row.number)
                branches.add(recall(row.entry).entry, row.hash, sound=row.mark != PayloadSizeMismatch.reason)
            behind = some[-1].seq_num, some[-1].hash
            yield
        found = yield from branches.follow(log_row.condemned, partial(self._choose, log_row))
        partings = [
            Parted(each.position, each.followed, *(rows[half] for half in each.halves or ()))
            for each in found.partings
        ]
        return {rows[number]: None for number in found.entries}, partings

    def _uncount(self, log_row: LogRow, row: Row) -> None:
        """An entry does not count: what it created, or changed, is gone; that is to be made anew."""
        forks = self._store.forks
        forks.unfollow(log_row.key, row.number)
        if row.instance == row.hash:
            views.gone(self._store, log_row, row.instance)
        elif row.instance:
            views.out(self._store, log_row, row.instance)
            forks.unmake(log_row.key, row.instance)
        forks.note(row.number, row.hash)

    def _count(self, log_row: LogRow, row: Row) -> None:
        """An entry counts from now on."""
        self._store.forks.follow(log_row.key, row.number)
        payload = self._store.entries.payload_of(row.hash)
        if payload is not None:
            try:
                message = decode(payload)
            except InvalidMessage:  # taken in by rules that held it for one
                return
            if message.action != "delete":
                views.take_in(self._store, log_row, recall(row.entry), message)
        self._store.forks.note(row.number, row.hash)


def vote_went(store: Store, instance: bytes) -> None:
    """A vote counts no more, whoever counted it: it is deleted, or dropped."""
    key = store.votes.log_of(instance)
    if key is not None:
        store.forks.recount(key)


class Recounting:
    """Finds out what counts, of all logs that this is due for, in slices.

    Args:
        store: where.
        steps: of one log (`Following.steps`).
    """

    def __init__(self, store: Store, steps: Callable[[int], Generator[None, None, None]]) -> None:
        self._store = store
        self._of = steps
        self._steps: Generator[None, None, None] | None = None
        self._key = self._stamp = 0

    def slice(self, until: float) -> bool:
        """Does some, in the transaction under way, until a moment; gives whether that was all."""
        if self._steps is None:
            due = self._store.forks.due(self._key) or self._store.forks.due(0)
            if due is None:
                return True
            self._key, self._stamp = due
            self._steps = self._of(self._key)
        for _ in self._steps:
            if time.monotonic() >= until:
                return False
        self._steps = None
        self._store.forks.counted(self._key, self._stamp)
        return False
