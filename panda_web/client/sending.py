"""Sending: what is signed and kept gets to a node, in order, until it is acknowledged or can never be."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from panda_web import log as log_module
from panda_web.bamboo import ForkProof
from panda_web.client.arguments import checked
from panda_web.client.branch import first_other
from panda_web.client.contact import Contact
from panda_web.client.dialect import Dialect, shown_in
from panda_web.client.errors import (
    ClientError,
    LogForked,
    LogNotProven,
    NodeContradictsItself,
    NodeLags,
    StoreConflict,
)
from panda_web.client.log_state import LogState, OwnEntry
from panda_web.client.lost import diverged, forked
from panda_web.client.own_logs import OwnLogs
from panda_web.client.portions import SEND_AT_ONCE, at_once, following, look_back
from panda_web.client.reaching import Reaching
from panda_web.client.refusals import BLOCKING, LAGGING, OF_A_MESSAGE, OTHERS, Refusal
from panda_web.errors import PandaError
from panda_web.log import SignedEntry
from panda_web.messages import decode
from panda_web.rpc.errors import (
    CallFailed,
    ErrorFromNode,
    LogCondemned,
)
from panda_web.rpc.methods import EntryArguments, StoredEntry
from panda_web.rpc.pauses import Pauses

R = TypeVar("R")


class _Call(Protocol):
    """Calls the node in its dialect, once or until it answers."""

    async def __call__(self, call: Callable[[Dialect], Awaitable[R]], /) -> R:
        """What it answers."""


class Sender(Reaching):
    """Gets the entries of one author's logs to one node.

    Args:
        contact: the node.
        node: its name, under which acknowledgements are kept; its address.
        author: 32 bytes.
        own: the own logs.
        sleep: waits for some seconds between attempts.
        behind: whether what is written goes to another node first, and to this one later.

    Attributes:
        node: its name.
        passed_over: by entry hash, what the node refused for what it says, or because the log is forked, and
            was brought all the same: its author is to be told. Whoever tells it takes it out.
        forked: by log id, forks that were noticed: likewise.
        ahead: logs of which the node says that they go on behind all that is here, and that it holds all of
            that. Whoever sees to that empties it.
        forgotten: whether the node was found to lack entries that it had acknowledged: then other logs may
            lack some too. Whoever sees to that sets it back.
    """

    def __init__(
        self,
        contact: Contact,
        node: str,
        author: bytes,
        own: OwnLogs,
        sleep: Callable[[float], Awaitable[object]],
        *,
        behind: bool = False,
    ) -> None:
        super().__init__(contact, sleep, behind=behind)
        self.node = node
        self._author = author
        self._own = own
        self.passed_over: dict[bytes, ClientError] = {}
        self.forked: dict[int, LogForked] = {}
        self._carried: set[int] = set()
        self.forgotten = False
        self.ahead: set[int] = set()

    async def bring_up_to_date(self, log: LogState, *, give_up: bool = True) -> int:
        """Asks how far the node holds a log, and sends the rest; gives how many entries that were.

        Args:
            log: one of the author's.
            give_up: whether to give the log up where a fork of it is shown; else it stays as it is, and its
                entries pending.
        """
        if not log.proven:  # else it names another one
            with suppress(LogNotProven, NodeContradictsItself):  # what is wrong is found out by sending
                log = await self._as_held(log, await self.arguments(log.schema), self.reach)
        before = log.acknowledged.get(self.node, 0)
        return (await self.send_pending(log, give_up=give_up)).acknowledged.get(self.node, 0) - before

    async def send_pending(
        self, log: LogState, recorded: Sequence[OwnEntry] = (), *, give_up: bool = True
    ) -> LogState:
        """Sends what the node has not acknowledged, in order, in batches. See `bring_up_to_date`.

        Args:
            log: one of the author's.
            recorded: its last entries, where they were recorded just now: they are not read again.
            give_up: see `bring_up_to_date`.
        """
        caught_up, again_from = False, None  # so that a node cannot keep us busy
        pauses = Pauses(self._sleep)
        while True:
            above = log.acknowledged.get(self.node, 0)
            if above >= log.head.seq_num:
                return log
            if above < log.first - 1:
                raise NodeLags(
                    f"The node lacks entries of log {log.log_id} that this client does not hold either."
                )
            entries = following(recorded, above) or await self._own.entries(log.log_id, above, SEND_AT_ONCE)
            entries = at_once(entries)
            acknowledged, error = await self._send(entries)
            if acknowledged > above:
                log, pauses = await self.acknowledge(log, acknowledged), Pauses(self._sleep)
            if error is None or await pauses.granted(error):
                continue
            if isinstance(error, ErrorFromNode) and error.reason in LAGGING and not caught_up:
                caught_up = True
                held = await self.held_up_to(log) or 0
                self.forgotten = self.forgotten or held < above
                log = await self.acknowledge(log, held)
                continue
            earlier = look_back(log, log.acknowledged.get(self.node, 0), error, again_from)
            if earlier is not None:
                again_from = earlier
                log = await self.acknowledge(log, earlier)
                continue
            brought = await self._bring(log, error)
            log = brought or await self._judged(log, error, give_up=give_up)

    async def _send(self, entries: Sequence[OwnEntry]) -> tuple[int, PandaError | None]:
        """Sends some entries; gives the last seq num that was acknowledged (0: none), and the first error."""
        return await self.reach(lambda dialect: dialect.publish(entries))

    async def _bring(self, log: LogState, error: PandaError) -> LogState | None:
        """Brings the log's next entry, refused for what it says, as a peer would; the log goes on behind it.

        So it does with what is refused because the log is forked: people may vote for the branch that is
        here, and deletes count on each.

        Gives the log as it is then; None where the entry is refused for something else, or does not pass in
        this way either.
        """
        if not isinstance(error, ErrorFromNode):
            return None
        if error.reason == LogCondemned.reason and not log.proven:
            with suppress(CallFailed):  # without a proof it is the node's word
                await self.notice()
            log = await self._own.get(log.log_id) or log
        if error.reason not in OF_A_MESSAGE and not (log.proven and error.reason in OTHERS):
            return None
        seq_num = log.acknowledged.get(self.node, 0) + 1
        (own,) = await self._own.entries(log.log_id, seq_num - 1, 1)
        try:
            item = StoredEntry(own.entry, own.payload)
            outcomes = await self.reach(lambda dialect: dialect.offer([item]))
        except ErrorFromNode:
            return None
        if not outcomes or outcomes[0].state not in ("stored", "held"):
            return None
        (outcome,) = outcomes
        refusal = Refusal.of(seq_num, error)
        entry_hash = log_module.recall(own.entry).hash
        if not 0 < log.proven <= seq_num:
            self.passed_over[entry_hash] = refusal.passed_over(
                self.node, log.log_id, entry_hash, shown=outcome.reason is None
            )
        elif decode(own.payload).action != "delete":
            self.passed_over[entry_hash] = self.forked.get(log.log_id) or forked(log, [own])
        log = await self.acknowledge(log, seq_num)
        if error.reason == LogCondemned.reason:  # for what is new it has to be another log
            log = await self._record(log, lambda now: self._own.refuse(now, self.node, refusal))
        return log

    async def acknowledge(self, log: LogState, seq_num: int) -> LogState:
        """Records that the node holds the log up to `seq_num`, whatever another tab recorded meanwhile."""

        def held(now: LogState) -> Awaitable[LogState]:
            theirs = 0 if now is log else now.acknowledged.get(self.node, 0)
            return self._own.acknowledge(now, self.node, max(seq_num, theirs))

        return await self._record(log, held)

    async def _record(self, log: LogState, change: Callable[[LogState], Awaitable[LogState]]) -> LogState:
        """Changes what is known of a log at this node; again, where somebody else changed it meanwhile."""
        while True:
            try:
                return await change(log)
            except StoreConflict:
                log = await self._own.get(log.log_id) or log

    async def held_up_to(self, log: LogState) -> int | None:
        """How far the node holds a log without a gap; None where it does not say: it holds another one."""
        if log.proven:  # it names another log, since this one is not gone on with
            return await self._without_gap(log, log.first - 1, log.head.seq_num, self.reach)
        end = self._end_at_node(log, await self.arguments(log.schema))
        return None if end is None else await self._without_gap(log, log.first - 1, end, self.reach)

    async def look(self, log: LogState) -> LogState:
        """The log as the node, which is asked once, holds it. Raises CallFailed, ClientError."""
        if log.proven:
            return log
        said = await self.call_once(lambda dialect: dialect.arguments(self._author, log.schema))
        return await self._as_held(log, await checked(self._own, log.schema, said), self.call_once)

    async def _as_held(self, log: LogState, arguments: EntryArguments, call: _Call) -> LogState:
        """Records how far the node holds a log: less than it had, or more, where the reply was lost."""
        end, known = self._end_at_node(log, arguments), log.acknowledged.get(self.node, 0)
        if arguments.log_id == log.log_id and arguments.seq_num - 1 > log.head.seq_num == known:
            self.ahead.add(log.log_id)
        if end is None or end == known:
            return log
        if end > known:
            (last,) = await self._own.entries(log.log_id, end - 1, 1) or (None,)
            if last is None or log_module.recall(last.entry).hash.hex() != arguments.backlink:
                # Others than this client's: that is found out by sending.
                return await self.acknowledge(log, log.first - 1) if known < log.first - 1 <= end else log
        above = known if end > known else log.first - 1
        return await self.acknowledge(log, await self._without_gap(log, above, end, call))

    def _end_at_node(self, log: LogState, arguments: EntryArguments) -> int | None:
        """The last entry of a log at the node; None where it does not say."""
        if arguments.log_id == log.log_id:
            return min(arguments.seq_num - 1, log.head.seq_num)
        refusal = log.refused.get(self.node)
        if refusal is not None and refusal.reason == LogCondemned.reason:
            return None  # it offers another one, since nothing counts in this
        return 0 if arguments.seq_num == 1 else None  # an id that is free: it holds none of the schema

    async def _without_gap(self, log: LogState, above: int, end: int, call: _Call) -> int:
        """The last entry before the first one above `above` that the node lacks, or has no payload of.

        Anybody may have brought it the end of a log, and what links that, and nothing else.
        """
        ours = await self._own.entries(log.log_id, above, end - above) if end > above else []
        if not ours:
            return end
        try:
            theirs = await call(lambda dialect: dialect.held(self._author, log.log_id, above + 1, end))
        except ErrorFromNode:
            return above  # what it has, it takes again
        if theirs is None:
            return end
        whole = {each.entry for each in theirs if each.state != "never-held"}
        return next((own.seq_num - 1 for own in ours if own.entry not in whole), end)

    async def _judged(self, log: LogState, error: PandaError, *, give_up: bool) -> LogState:
        """What a node's answer to a log's next entry comes to: an error for whoever had it sent.

        Where a fork is shown, and another node has our branch already, the fork is there to stay: then this
        node gets our branch too. Gives the log as it is then.
        """
        if not isinstance(error, ErrorFromNode):
            raise error
        if error.reason in LAGGING:
            raise NodeLags(f"The node does not take entries of log {log.log_id} that it needs: {error}")
        if error.reason not in BLOCKING:
            raise error
        fork, shown = await self._fork(log, error) if error.reason in OTHERS and not log.proven else (0, ())
        if not fork:
            refusal = Refusal.of(log.acknowledged.get(self.node, 0) + 1, error)
            await self._record(log, lambda now: self._own.refuse(now, self.node, refusal))
            raise refusal.refused(self.node, log.log_id)
        found = await self._own.proof(log, fork, shown)
        if found is not None and any(
            held >= found[1] for node, held in log.acknowledged.items() if node != self.node
        ):
            return await self._prove(log, found[0])
        if not give_up:
            raise error
        lost = await self._own.entries(log.log_id, fork - 1, None)
        await self._record(log, lambda now: self._own.give_up(now, fork))
        raise diverged(log.log_id, lost)

    async def _fork(self, log: LogState, error: ErrorFromNode) -> tuple[int, Sequence[SignedEntry]]:
        """The first place of a log for which the node shows that the author has signed another entry there.

        The node shows it with its refusal, or in what it holds of the log. 0 where it does not: then it only
        says so. Entries of this client that lost their places before show nothing new.
        """
        ours = await self._own.signed_for(log)
        lost = {log_module.recall(own.entry).hash for own in await self._own.lost()}

        def new(shown: Sequence[SignedEntry]) -> tuple[int, Sequence[SignedEntry]]:
            news = [signed for signed in shown if signed.hash not in lost]
            return first_other(news, ours) or 0, news

        fork = new(await shown_in(error, self._contact.verifier, self._author, log.log_id))
        if not fork[0]:
            above = max(log.acknowledged.get(self.node, 0) - 1, 0)
            with suppress(CallFailed, ClientError):
                shown = await self.reach(
                    lambda dialect: dialect.branch(log.schema, self._author, log.log_id, above)
                )
                fork = new([signed for signed, _ in shown])
        return fork

    # -- forks that others can prove -----------------------------------------------------------------

    async def notice(self) -> None:
        """Takes note of the author's forks that the node can prove, and brings it those that it cannot."""
        own = await self._own.logs()
        if not own:
            return
        proofs = await self.reach(lambda dialect: dialect.forks(self._author))
        least_last = sorted(proofs, key=lambda proof: -proof.position)  # a followed branch may fork again
        proven = {each.log_id: each for each in least_last}
        for log in own:
            if log.log_id in proven:
                log = await self._prove(log, proven[log.log_id])
            lacks = log.log_id not in proven or proven[log.log_id].position > log.proven
            if log.proven and lacks and log.log_id not in self._carried:
                self._carried.add(log.log_id)  # a node that does not take it is not asked each time
                await self._carry(log)

    async def _carry(self, log: LogState) -> None:
        """Brings the node what proves that a log is forked."""
        proof = ForkProof.decode(log.proof)
        halves = [StoredEntry(each.encode(), None) for each in (proof.first, proof.second)]
        await self.reach(lambda dialect: dialect.offer(halves))

    async def _prove(self, log: LogState, proof: ForkProof) -> LogState:
        """Records a fork, and has its author told of one that was not known, or not so far down."""
        after = await self._record(log, lambda now: self._own.prove(now, proof))
        if after.proven != log.proven:
            self.forked[log.log_id] = forked(
                after, await self._own.entries(log.log_id, after.proven - 1, None)
            )
        return after

    async def arguments(self, schema: str) -> EntryArguments:
        """What the author's next entry for a schema must contain, as the node says.

        Raises:
            NodeContradictsItself: it cannot be so.
            CallFailed: it does not say it.
        """
        said = await self.reach(lambda dialect: dialect.arguments(self._author, schema))
        return await checked(self._own, schema, said)

    async def another_log(self, schema: str) -> EntryArguments:
        """The same for a new log. Raises NodeTooOld too: an early node has the schema in a log already."""
        said = await self.reach(lambda dialect: dialect.another_log(self._author, schema))
        if said.seq_num > 1:
            raise NodeContradictsItself(
                f"The node offers log {said.log_id} as a new one, and it has entries."
            )
        return await checked(self._own, schema, said)
