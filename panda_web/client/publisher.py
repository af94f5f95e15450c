"""Writing: signing into own logs, and getting what was signed to a node.

    load the log's state → sign → commit state and entries → send → record the acknowledgement

A message that is bound to its slot is made when the log's state is loaded (`client.drafts`).

Whatever happens between two of these (a crash, a cancelled task, a lost reply, another tab), the next run
begins at the first and finds what is recorded: a slot is never signed twice, for only what was committed is
sent, and a commit is refused where the log has moved on. (The one exception is what follows a fork by another
copy of the key: `client.catching_up`.)
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from panda_web.bamboo import InvalidLink
from panda_web.client.catching_up import CatchingUp
from panda_web.client.choosing import Choosing
from panda_web.client.drafts import Draft, Drafts, Filled
from panda_web.client.errors import (
    ClientError,
    LogDiverged,
    LogNotProven,
    NodeContradictsItself,
    NodeLags,
    StoreConflict,
)
from panda_web.client.lock import Lock
from panda_web.client.log_state import LogState, OwnEntry
from panda_web.client.own_logs import OwnLogs
from panda_web.client.sending import Sender
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys import Signer
from panda_web.messages import Message, check_log, system_log
from panda_web.messages.logs import SCHEMA_DEFINITION_LOG
from panda_web.messages.schema import read_definition
from panda_web.rpc.errors import CallFailed, NodeUnreachable

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Written:
    """A message that is signed and kept.

    Attributes:
        id: the instance, 132 hex digits.
        entry_hash: of its entry, 132 hex digits.
        acknowledged: whether the node holds it; if not, it is sent again with the next write, or `flush`:
            do not write it again.
        error: why the node does not hold it yet; or, where it does, that it refuses what the entry says and
            shows it to nobody (`MessageRefused`, whose `data.entryHash` says which entry), or that its log is
            forked (`LogForked`). That of the last of several may be about one that was signed before, and
            sent with them. None for nothing.
    """

    id: str
    entry_hash: str
    acknowledged: bool
    error: PandaError | None = None


class Publisher:
    """Writes for one author to one node.

    Args:
        sender: to the node.
        signer: the author.
        own: the own logs.
        lock: keeps writers apart.
        beyond: to a node that knows what other copies of the key wrote, where that is another one.
        gather: brings to that one what others hold of the author's logs: see `Choosing`; None for nothing.
    """

    def __init__(
        self,
        sender: Sender,
        signer: Signer,
        own: OwnLogs,
        lock: Lock,
        beyond: Sender | None = None,
        gather: Callable[[], Awaitable[Mapping[str, PandaError]]] | None = None,
    ) -> None:
        self._sender = sender
        self._beyond = beyond or sender
        self._node = sender.node
        self._signer = signer
        self._own = own
        self._lock = lock
        self._catching_up = CatchingUp(self._beyond, self._beyond.node, signer.author, own)
        self._choosing = Choosing(signer.author, own, self._beyond, self._catching_up, gather)
        self._lock_name = f"panda:{signer.author.hex()}"

    async def write(self, compose: Callable[[], Awaitable[Sequence[Draft]]]) -> list[Written]:
        """Signs messages of one schema into one log, in order, and sends them.

        Args:
            compose: gives the messages. It is called when the turn of this write has come, so that whatever
                it asks for lets no later write overtake this one, and may use `ask`.

        Once a message is signed and kept, nothing that the node says or does not say is raised, for who sees
        an error writes again, and then it is there twice; it is told in `Written.error`.

        Raises:
            InvalidMessage, NodeTooOld, NodeLags, CallFailed, StoreFailed: before anything is signed; so is
                what `compose` and `check` raise.
            InstanceNotOwn: for an update or delete.
            LogRefused: this node refuses an earlier entry of the instance's log; nothing was signed.
            LogForked: a fork of the instance's log is proven, so a change would count nowhere; nothing was
                signed.
            LogDiverged: the log is given up; what was signed reaches this node in no way.
        """
        async with self._lock(self._lock_name):
            self._sender.silent = self._beyond.silent = None
            composed = await compose()
            if not composed:
                return []
            drafts = Drafts(composed, self.check)
            await self.check([draft for draft in composed if isinstance(draft, Message)])
            await self._choosing.catch_up_after_restoring(composed[0].schema, writes=True)
            hashes: list[bytes] = []
            error: PandaError | None = None
            while len(hashes) < len(composed):
                try:
                    log, filled = await self._append(drafts, len(hashes))
                    hashes += (each.signed.hash for each in filled)
                    await self._sender.send_pending(log, [OwnEntry.of(each) for each in filled])
                except LogDiverged:
                    raise
                except PandaError as failure:
                    if len(hashes) < len(composed):
                        if hashes:
                            failure.data["kept"] = [kept.hex() for kept in hashes]
                        raise
                    error = failure
            if self._sender.forgotten:  # by a node that was replaced, or set back
                with suppress(StoreFailed):  # what was written is signed and sent
                    await self._bring_up_to_date(None, give_up=False)
        told = self._sender.passed_over
        own = {each: told.pop(each) for each in hashes if each in told}
        before = [*self._sender.forked.values(), *told.values()]
        if before and not own:  # of what was signed before: who hears of it once, hears of it now
            own[hashes[-1]] = before[0]
        told.clear()
        self._sender.forked.clear()
        return [
            Written(
                draft.id or entry_hash.hex(),
                entry_hash.hex(),
                error is None,
                error or own.get(entry_hash),
            )
            for draft, entry_hash in zip(composed, hashes, strict=True)
        ]

    async def ask(self, call: Callable[[], Awaitable[R]]) -> R | None:
        """Calls the node once; None where no answer comes. A silent one is not asked again by this write."""
        return await self._beyond.ask(call)

    async def check(self, messages: Sequence[Message]) -> None:
        """Raises for what the node, or any node, refuses in a system log, which cannot be given up.

        Raises:
            NodeTooOld: the node is an early one that cannot take it.
            SystemLogCreateOnly: a change of a schema definition.
            InvalidSchema, InvalidFields: a schema definition that is none.
        """
        (await self._beyond.last_known()).check(messages)
        for message in messages:
            log_id = system_log(message.schema)
            if log_id is not None:
                check_log(log_id, message)
            if log_id == SCHEMA_DEFINITION_LOG:
                read_definition(message)

    async def flush(self, schema: str | None = None) -> int:
        """Sends what the node does not hold, of one schema or of all; gives how many entries that were.

        The node is asked how far it holds each log, so one that has lost entries gets them again.

        Raises:
            CallFailed, ClientError, StoreFailed: for one of the logs; the others were sent all the same.
        """
        async with self._lock(self._lock_name):
            self._sender.away, self._sender.silent = False, None
            try:
                await self._choosing.catch_up_after_restoring(schema, writes=False)
            except (LogDiverged, LogNotProven, NodeContradictsItself):
                await self._bring_up_to_date(schema, give_up=False)
                raise
            with suppress(CallFailed):  # what waits is sent all the same, as far as it can be
                await self._sender.notice()
            sent, failed = await self._bring_up_to_date(schema, give_up=True)
            await self._follow()
            told = [*self._sender.forked.values(), *self._sender.passed_over.values()]
            self._sender.passed_over.clear()
            self._sender.forked.clear()
        if told:  # once; what failed stays pending, and fails again
            raise told[0]
        if failed is not None:
            raise failed
        return sent

    async def _bring_up_to_date(self, schema: str | None, *, give_up: bool) -> tuple[int, PandaError | None]:
        """Sends what the node does not hold; gives how many entries that were, and the first failure.

        What fails stays pending. Only who is told of the failure may give a log up, and is told of one; and
        only who wants to know tries again what the node has refused.
        """
        sent = 0
        failed: PandaError | None = None
        for log in await self._own.logs():
            left_alone = log.given_up or (self._node in log.refused and not give_up)
            if not left_alone and schema in (None, log.schema):
                try:
                    sent += await self._sender.bring_up_to_date(log, give_up=give_up and failed is None)
                except NodeUnreachable as error:
                    return sent, error  # the next write tries again
                except PandaError as error:
                    failed = failed or error
        self._sender.forgotten = False
        return sent, failed

    async def _follow(self) -> None:
        """Goes on with logs of which the node has more than is here, as after a folder was set back."""
        ahead, self._sender.ahead = self._sender.ahead, set()
        if self._beyond is self._sender:
            for log_id in sorted(ahead):
                log = await self._own.get(log_id)
                if log is not None:
                    with suppress(CallFailed, ClientError):  # a node may say anything
                        await self._catching_up.follow(log)

    async def notice(self) -> bool:
        """Whether forks of own logs were noticed that were not known here: the node is asked. See `flush`.

        Where another node is behind this one, this one gets what it lacks of logs that go on there.

        Raises:
            CallFailed, StoreFailed: the node gives no answer, or the store does not.
        """
        async with self._lock(self._lock_name):
            self._sender.away, self._sender.silent = False, None
            await self._sender.notice()
            noticed = bool(self._sender.forked)
            self._sender.forked.clear()
            for log in await self._own.logs():
                if self._beyond is not self._sender and not log.given_up:
                    with suppress(CallFailed, ClientError):  # the next write needs it, and says so
                        await self._ready(log)
            return noticed

    async def acknowledged(self) -> dict[int, int]:
        """Of each own log, by its id, up to which seq num the node has it. Nobody is asked."""
        return {log.log_id: log.acknowledged.get(self._node, 0) for log in await self._own.logs()}

    async def pending(self, schema: str | None = None) -> int:
        """How many signed entries, of one schema or of all, the node does not hold.

        Where some wait, it is asked: it may hold them, and its answer was lost in a crash. One that does not
        answer counts as holding what it has acknowledged.
        """
        waiting = 0
        answers = True
        for log in await self._own.logs():
            if not log.given_up and schema in (None, log.schema):
                if self._waiting(log) and answers:
                    try:
                        log = await self._sender.look(log)
                    except (CallFailed, ClientError) as error:
                        answers = not isinstance(error, NodeUnreachable)
                waiting += self._waiting(log)
        return waiting

    def _waiting(self, log: LogState) -> int:
        return log.head.seq_num - max(log.acknowledged.get(self._node, 0), log.first - 1)

    # -- signing -------------------------------------------------------------------------------------

    async def _append(self, drafts: Drafts, start: int) -> tuple[LogState, list[Filled]]:
        """Signs and records as many messages, from `start` on, as the known links allow, one at least."""
        stop = len(drafts)
        for _ in range(100):
            try:
                log = await self._ready(await self._choosing.log_for(drafts[start]))
                filled = await drafts.sign(self._signer, log.log_id, log.head, start, stop)
                log = await self._own.append(log, filled)
            except InvalidLink:
                # A log taken over from a node: some hash is only known to the node.
                if stop > start + 1:
                    stop = start + 1
                else:
                    # The node can only say what follows on all that is signed already.
                    await self._catching_up.learn_links(await self._beyond.send_pending(log))
            except StoreConflict:
                pass  # another tab was faster; what was signed here is forgotten, and signed anew
            else:
                return log, filled
        raise StoreConflict("Other tabs keep writing to this log; nothing was recorded.")

    async def _ready(self, log: LogState) -> LogState:
        """The log, once it is sure that the node can take what follows. Raises NodeLags."""
        if log.acknowledged.get(self._node, 0) >= log.first - 1:
            return log
        held = await self._sender.held_up_to(log) or 0
        if held < log.first - 1 and self._beyond is not self._sender:
            await self._catching_up.bring(log, self._sender)
            held = await self._sender.held_up_to(log) or 0
        if held < log.first - 1:
            raise NodeLags(
                f"The node holds {held} entries of log {log.log_id}, and this client only has those from "
                f"{log.first} on. Use the node that the key was restored from, or wait until they exchange."
            )
        return await self._sender.acknowledge(log, held)
