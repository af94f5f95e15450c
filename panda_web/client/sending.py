"""Sending: what is signed and kept gets to a node, in order, until it is acknowledged or can never be."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from panda_web import log as log_module
from panda_web.client.arguments import checked
from panda_web.client.branch import first_other
from panda_web.client.contact import Contact
from panda_web.client.dialect import Dialect, shown_in
from panda_web.client.errors import (
    ClientError,
    LogNotProven,
    MessageRefused,
    NodeContradictsItself,
    NodeLags,
    StoreConflict,
)
from panda_web.client.lost import diverged
from panda_web.client.own_logs import LogState, OwnEntry, OwnLogs
from panda_web.client.refusals import BLOCKING, LAGGING, OF_A_MESSAGE, OTHERS, Refusal
from panda_web.errors import PandaError
from panda_web.log import SignedEntry
from panda_web.rpc.errors import (
    CallFailed,
    ErrorFromNode,
    LogCondemned,
    NodeSilent,
    NodeUnreachable,
    SeqNumTaken,
)
from panda_web.rpc.methods import EntryArguments, StoredEntry
from panda_web.rpc.pauses import Pauses, patiently

R = TypeVar("R")

SEND_AT_ONCE = 16
"""Entries in one batch to the node: few enough that progress shows, enough that latency does not rule."""

RETRY_AFTER = (0.2, 0.8, 2.0)
"""Seconds to wait before the second, third and fourth attempt to reach a node that was there before."""

MAX_BATCH = 4 << 20
"""Bytes of a batch in hex, half of what a node takes; a larger single entry goes alone."""


class _Call(Protocol):
    """Calls the node in its dialect, once or until it answers."""

    async def __call__(self, call: Callable[[Dialect], Awaitable[R]], /) -> R:
        """What it answers."""


class Sender:
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
        away: whether the node could not be reached when last it was called: then the next call has one
            attempt. Whoever was asked to send sets it back.
        silent: what a question of this write has brought: then the node is not waited for a second time.
            Whoever begins a write, or was asked to send, sets it back.
        passed_over: by entry hash, what the node refused for what it says, and was brought all the same: its
            author is to be told. Whoever tells it takes it out.
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
        self._contact = contact
        self._behind = behind
        self.node = node
        self._author = author
        self._own = own
        self._sleep = sleep
        self.passed_over: dict[bytes, MessageRefused] = {}
        self.forgotten = False
        self.away = False
        self.silent: NodeSilent | None = None

    async def bring_up_to_date(self, log: LogState, *, give_up: bool = True) -> int:
        """Asks how far the node holds a log, and sends the rest; gives how many entries that were.

        Args:
            log: one of the author's.
            give_up: whether to give the log up where a fork of it is shown; else it stays as it is, and its
                entries pending.
        """
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
            entries = _following(recorded, above) or await self._own.entries(log.log_id, above, SEND_AT_ONCE)
            entries = _at_once(entries)
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
            earlier = _look_back(log, log.acknowledged.get(self.node, 0), error, again_from)
            if earlier is not None:
                again_from = earlier
                log = await self.acknowledge(log, earlier)
                continue
            brought = await self._bring(log, error)
            if brought is None:
                raise await self._judged(log, error, give_up=give_up)
            log = brought

    async def _send(self, entries: Sequence[OwnEntry]) -> tuple[int, PandaError | None]:
        """Sends some entries; gives the last seq num that was acknowledged (0: none), and the first error."""
        return await self.reach(lambda dialect: dialect.publish(entries))

    async def _bring(self, log: LogState, error: PandaError) -> LogState | None:
        """Brings the log's next entry, refused for what it says, as a peer would; the log goes on behind it.

        Gives the log as it is then; None where the entry is refused for something else, or does not pass in
        this way either.
        """
        if not isinstance(error, ErrorFromNode) or error.reason not in OF_A_MESSAGE:
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
        self.passed_over[entry_hash] = refusal.passed_over(
            self.node, log.log_id, entry_hash, shown=outcome.reason is None
        )
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
        end = self._end_at_node(log, await self.arguments(log.schema))
        return None if end is None else await self._without_gap(log, log.first - 1, end, self.reach)

    async def look(self, log: LogState) -> LogState:
        """The log as the node, which is asked once, holds it. Raises CallFailed, ClientError."""
        said = await self._call(lambda dialect: dialect.arguments(self._author, log.schema))
        return await self._as_held(log, await checked(self._own, log.schema, said), self._call)

    async def _as_held(self, log: LogState, arguments: EntryArguments, call: _Call) -> LogState:
        """Records how far the node holds a log: less than it had, or more, where the reply was lost."""
        end, known = self._end_at_node(log, arguments), log.acknowledged.get(self.node, 0)
        if end is None or end == known:
            return log
        if end > known:
            (last,) = await self._own.entries(log.log_id, end - 1, 1) or (None,)
            if last is None or log_module.recall(last.entry).hash.hex() != arguments.backlink:
                return log  # others than this client's: that is found out by sending
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

    async def _judged(self, log: LogState, error: PandaError, *, give_up: bool) -> PandaError:
        """What a node's answer to a log's next entry comes to: the error for whoever had it sent."""
        if not isinstance(error, ErrorFromNode):
            return error
        if error.reason in LAGGING:
            return NodeLags(f"The node does not take entries of log {log.log_id} that it needs: {error}")
        if error.reason not in BLOCKING:
            return error
        fork = await self._fork(log, error) if error.reason in OTHERS else None
        if fork is None:
            refusal = Refusal.of(log.acknowledged.get(self.node, 0) + 1, error)
            await self._record(log, lambda now: self._own.refuse(now, self.node, refusal))
            return refusal.refused(self.node, log.log_id)
        if not give_up:
            return error
        lost = await self._own.entries(log.log_id, fork - 1, None)
        await self._record(log, lambda now: self._own.give_up(now, fork))
        return diverged(log.log_id, lost)

    async def _fork(self, log: LogState, error: ErrorFromNode) -> int | None:
        """The first place of a log for which the node shows that the author has signed another entry there.

        The node shows it with its refusal, or in what it holds of the log. None where it does not: then it
        only says so. Entries of this client that lost their places before show nothing new.
        """
        ours = await self._own.signed_for(log)
        lost = {log_module.recall(own.entry).hash for own in await self._own.lost()}

        def new(shown: Sequence[SignedEntry]) -> int | None:
            return first_other([signed for signed in shown if signed.hash not in lost], ours)

        fork = new(await shown_in(error, self._contact.verifier, self._author, log.log_id))
        if fork is None:
            above = max(log.acknowledged.get(self.node, 0) - 1, 0)
            with suppress(CallFailed, ClientError):
                shown = await self.reach(
                    lambda dialect: dialect.branch(log.schema, self._author, log.log_id, above)
                )
                fork = new([signed for signed, _ in shown])
        return fork

    async def reach(self, call: Callable[[Dialect], Awaitable[R]]) -> R:
        """Calls the node in its dialect; again after a while, unless it was away before, or is silent now.

        Whoever asks a silent one again waits as long again. A node that asks for a pause gets it.
        """
        if self.silent is not None:
            raise self.silent

        waits = iter(() if self.away else RETRY_AFTER)
        self.away = False
        while True:
            try:
                return await patiently(lambda: self._call(call), self._sleep)
            except NodeUnreachable as error:
                seconds = None if isinstance(error, NodeSilent) else next(waits, None)
                if seconds is None:
                    self.away = True
                    raise
            await self._sleep(seconds)

    async def _call(self, call: Callable[[Dialect], Awaitable[R]]) -> R:
        """Calls the node once, in its dialect."""
        return await call(await self._contact.dialect())

    async def ask(self, call: Callable[[], Awaitable[R]]) -> R | None:
        """Calls the node once, for what can be done without; None where it gives no answer."""
        try:
            return await call()
        except NodeSilent as error:
            self.silent = error
        except CallFailed:
            pass
        return None

    async def last_known(self) -> Dialect:
        """The node's dialect; where it cannot be reached, the one that it spoke when it last could be."""
        if self._behind:
            return await self._contact.shortly()
        if self.silent is None:
            try:
                return await self._contact.dialect()
            except NodeSilent as error:
                self.silent = error
            except NodeUnreachable:
                pass
        return await self._contact.last_known()

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


def _look_back(log: LogState, held: int, error: PandaError, again_from: int | None) -> int | None:
    """Behind which entry to send again, to find where a fork begins; None where that is known.

    A node that was set back, and on which another copy of the key then went on, holds others than it has
    acknowledged. So the last of these is sent once more, and where it lost its place too, all are.

    Args:
        log: the log.
        held: the last entry that the node has acknowledged.
        error: with which it refused the next one.
        again_from: what this gave before, in the same call.
    """
    if not isinstance(error, ErrorFromNode) or error.reason not in OTHERS:
        return None
    first = log.first - 1
    if again_from is None:
        earlier = held - 1 if error.reason == SeqNumTaken.reason else first
    else:
        earlier = first if held == again_from else held
    return earlier if first <= earlier < held else None


def _following(entries: Sequence[OwnEntry], above: int) -> Sequence[OwnEntry]:
    """Of entries that follow each other, those behind `above`, as many as are sent at once; else none."""
    start = above + 1 - entries[0].seq_num if entries else -1
    return entries[start : start + SEND_AT_ONCE] if start >= 0 else ()


def _at_once(entries: Sequence[OwnEntry]) -> Sequence[OwnEntry]:
    """The first entries, as many as fit into a batch, one at least."""
    size = 0
    for count, own in enumerate(entries):
        size += 2 * (len(own.entry) + len(own.payload))
        if count and size > MAX_BATCH:
            return entries[:count]
    return entries
