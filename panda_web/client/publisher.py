"""Writing: signing into own logs, and getting what was signed to a node.

    load the log's state → sign → commit state and entries → send → record the acknowledgement

Whatever happens between two of these (a crash, a cancelled task, a lost reply, another tab), the next run
begins at the first and finds what is recorded: a slot is never signed twice, for only what was committed is
sent, and a commit is refused where the log has moved on.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from panda_web import log as log_module
from panda_web.bamboo import InvalidLink
from panda_web.client.catching_up import CatchingUp
from panda_web.client.check import Instance
from panda_web.client.contact import Contact
from panda_web.client.dialect import Query
from panda_web.client.early import too_new
from panda_web.client.errors import (
    InstanceNotOwn,
    LogDiverged,
    LogNotProven,
    LogRefused,
    NodeContradictsItself,
    NodeLags,
    NodeTooOld,
    StoreConflict,
)
from panda_web.client.lock import Lock
from panda_web.client.lost import diverged
from panda_web.client.own_logs import LogState, OwnLogs
from panda_web.client.sending import Sender
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys import Signer
from panda_web.messages import Message, check_log, system_log
from panda_web.messages.logs import SCHEMA_DEFINITION_LOG
from panda_web.messages.schema import read_definition
from panda_web.rpc.errors import NodeUnreachable, SeqNumTaken
from panda_web.rpc.methods import EntryArguments

R = TypeVar("R")

MAX_GAP = 10_000
"""So far above the highest known log id a node may offer one: the numbers are not its to use up."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message that is signed and kept.

    Attributes:
        id: the instance, 132 hex digits.
        entry_hash: of its entry, 132 hex digits.
        acknowledged: whether the node holds it; if not, it is sent again with the next write, or `flush`:
            do not write it again.
        error: why the node does not hold it yet; None where it does.
    """

    id: str
    entry_hash: str
    acknowledged: bool
    error: PandaError | None = None


class Publisher:
    """Writes for one author to one node.

    Args:
        contact: the node.
        node: its name, under which acknowledgements are kept; its address.
        signer: the author.
        own: the own logs.
        lock: keeps writers apart.
        sleep: waits for some seconds between attempts.
    """

    def __init__(
        self,
        contact: Contact,
        node: str,
        signer: Signer,
        own: OwnLogs,
        lock: Lock,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._contact = contact
        self._node = node
        self._signer = signer
        self._own = own
        self._lock = lock
        self._sender = Sender(contact, node, signer.author, own, sleep)
        self._catching_up = CatchingUp(self._sender, node, signer.author, own)
        self._lock_name = f"panda:{signer.author.hex()}"

    async def write(self, compose: Callable[[], Awaitable[Sequence[Message]]]) -> list[Written]:
        """Signs messages of one schema into one log, in order, and sends them.

        Args:
            compose: makes the messages. It is called when the turn of this write has come, so that whatever
                it asks for lets no later write overtake this one, and may use `ask`.

        Once a message is signed and kept, nothing that the node says or does not say is raised, for who sees
        an error writes again, and then it is there twice; it is told in `Written.error`.

        Raises:
            InvalidMessage, NodeTooOld, NodeLags, CallFailed, StoreFailed: before anything is signed; so is
                what `compose` and `check` raise.
            InstanceNotOwn: for an update or delete.
            LogDiverged, LogRefused: the log is given up; what was signed reaches this node in no way.
        """
        async with self._lock(self._lock_name):
            self._sender.silent = None
            messages = await compose()
            if not messages:
                return []
            payloads = [message.encode() for message in messages]
            await self.check(messages)
            await self._catch_up_after_restoring(messages[0].schema)
            hashes: list[bytes] = []
            error: PandaError | None = None
            while len(hashes) < len(messages):
                done = len(hashes)
                log, made = await self._append(messages[done:], payloads[done:])
                hashes += made
                try:
                    await self._sender.send_pending(log)
                except (LogDiverged, LogRefused):
                    raise
                except PandaError as failure:
                    if len(hashes) < len(messages):
                        failure.data["kept"] = [made.hex() for made in hashes]
                        raise
                    error = failure
            if self._sender.forgotten:  # by a node that was replaced, or set back
                with suppress(StoreFailed):  # what was written is signed and sent
                    await self._bring_up_to_date(None, give_up=False)
        return [
            Written(message.id or entry_hash.hex(), entry_hash.hex(), error is None, error)
            for message, entry_hash in zip(messages, hashes, strict=True)
        ]

    async def ask(self, call: Callable[[], Awaitable[R]]) -> R | None:
        """Calls the node once; None where no answer comes. A silent one is not asked again by this write."""
        return await self._sender.ask(call)

    async def check(self, messages: Sequence[Message]) -> None:
        """Raises for what the node, or any node, refuses in a system log, which cannot be given up.

        Raises:
            NodeTooOld: the node is an early one that cannot take it.
            SystemLogCreateOnly: a change of a schema definition.
            InvalidSchema, InvalidFields: a schema definition that is none.
        """
        if any(map(too_new, messages)):
            (await self._sender.last_known()).check(messages)
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
                await self._catch_up_after_restoring(schema)
            except (LogDiverged, LogNotProven, NodeContradictsItself):
                await self._bring_up_to_date(schema, give_up=False)
                raise
            sent, failed = await self._bring_up_to_date(schema, give_up=True)
        if failed is not None:
            raise failed
        return sent

    async def _bring_up_to_date(self, schema: str | None, *, give_up: bool) -> tuple[int, PandaError | None]:
        """Sends what the node does not hold; gives how many entries that were, and the first failure.

        What fails stays pending. Only who is told of the failure may give a log up, and is told of one.
        """
        sent = 0
        failed: PandaError | None = None
        for log in await self._own.logs():
            if log.given_up is None and schema in (None, log.schema):
                try:
                    sent += await self._sender.bring_up_to_date(log, give_up=give_up and failed is None)
                except NodeUnreachable as error:
                    return sent, error  # the next write tries again
                except PandaError as error:
                    failed = failed or error
        self._sender.forgotten = False
        return sent, failed

    async def pending(self, schema: str | None = None) -> int:
        """How many signed entries, of one schema or of all, the node has not acknowledged."""
        logs = [
            log for log in await self._own.logs() if log.given_up is None and schema in (None, log.schema)
        ]
        return sum(log.head.seq_num - max(log.acknowledged.get(self._node, 0), log.first - 1) for log in logs)

    # -- signing -------------------------------------------------------------------------------------

    async def _append(
        self, messages: Sequence[Message], payloads: Sequence[bytes]
    ) -> tuple[LogState, list[bytes]]:
        """Signs and records as many of the messages as the known links allow, one at least."""
        count = len(messages)
        for _ in range(100):
            try:
                log = await self._ready(await self._log_for(messages[0]))
                chain = log_module.chain(self._signer.author, log.log_id, log.head, payloads[:count])
                made = await self._signer.sign_chain(chain)
                log = await self._own.append(log, list(zip(made, payloads, messages, strict=False)))
            except InvalidLink:
                # A log taken over from a node: some hash is only known to the node.
                if count > 1:
                    count = 1
                else:
                    # The node can only say what follows on all that is signed already.
                    await self._catching_up.learn_links(await self._sender.send_pending(log))
            except StoreConflict:
                pass  # another tab was faster; what was signed here is forgotten, and signed anew
            else:
                return log, [signed.hash for signed in made]
        raise StoreConflict("Other tabs keep writing to this log; nothing was recorded.")

    async def _ready(self, log: LogState) -> LogState:
        """The log, once it is sure that the node can take what follows. Raises NodeLags."""
        if log.acknowledged.get(self._node, 0) >= log.first - 1:
            return log
        held = await self._sender.held_up_to(log) or 0
        if held < log.first - 1:
            raise NodeLags(
                f"The node holds {held} entries of log {log.log_id}, and this client only has those from "
                f"{log.first} on. Use the node that the key was restored from, or wait until they exchange."
            )
        return await self._sender.acknowledge(log, held)

    async def _log_for(self, message: Message) -> LogState:
        if message.id is not None:
            return await self._log_of_instance(message.schema, message.id)
        return await self._own.of_schema(message.schema) or await self._begin(message.schema)

    async def _log_of_instance(self, schema: str, instance: str) -> LogState:
        for _ in range(3):  # what is known of a log may have to be put right
            known = await self._own.instance(instance)
            at_node = await self._ask_for_instance(schema, instance) if known is None else None
            log_id = at_node.log_id if at_node is not None else known.log_id if known is not None else 0
            log = await self._own.get(log_id)
            if known is not None and known.deleted:
                raise InstanceNotOwn("This instance is deleted; there is nothing left to change.")
            if log is None:
                return await self._catching_up.begin(schema, log_id)  # a restored key
            if log.schema != schema:
                raise InstanceNotOwn("This instance is in a log that this client cannot go on with.")
            behind = at_node is not None and at_node.seq_num > log.head.seq_num
            if log.given_up is None and not behind:
                return log
            await self._catch_up(log)
        raise NodeContradictsItself("The node's answers about this instance and its log do not go together.")

    async def _ask_for_instance(self, schema: str, instance: str) -> Instance:
        """An instance that another copy of this key wrote, as its entries at the node prove."""
        query = Query(schema, {"id": instance}, (), 1, None)
        for found in await self._sender.reach(lambda dialect: dialect.query(query)):
            if found.author == self._signer.author.hex():
                return found
        raise InstanceNotOwn(
            "The node shows no instance with this id that this key created: it is somebody else's, or "
            "deleted, or it lost its place to what another copy of the key wrote."
        )

    async def _catch_up(self, log: LogState) -> None:
        """Takes over what another copy of the key wrote into a log that is known here.

        Raises:
            LogDiverged: some of what waits here lost its place; or the log stays given up.
            LogRefused: nothing can follow in the node's copy of this log.
        """
        if log.given_up not in (None, SeqNumTaken.reason):
            raise LogRefused(
                f"A node refused an entry of log {log.log_id} for what it says ({log.given_up}), and nothing "
                "can follow it until nodes take entries as they do from each other: what was written there "
                "before stays as it is. Publish anew what should stand, under a new id. All entries are "
                "kept.",
                logId=log.log_id,
                node=log.given_up,
            )
        after, lost = await self._catching_up.catch_up(log)
        if after.given_up is not None:
            raise LogDiverged(
                f"Log {log.log_id} was given up, since the node said that it holds another entry than this "
                "client signed, and it does not show that one. Publish anew what should stand, or use "
                "another node.",
                logId=log.log_id,
            )
        if lost and log.given_up is None:  # else it was told when the log was given up
            raise diverged(log.log_id, lost)

    async def _catch_up_after_restoring(self, schema: str | None) -> None:
        """Takes over what another copy of the key wrote into logs that are known here.

        What is wrong with the log of another schema than is written is told when that is written.
        """
        if not await self._own.is_restored():
            return
        whole = True
        for log in await self._own.logs():
            if log.given_up in (None, SeqNumTaken.reason):
                try:
                    await self._catch_up(log)
                except (LogNotProven, NodeContradictsItself):
                    if schema in (None, log.schema):
                        raise
                    whole = False
                except LogDiverged as error:
                    if error.data.get("messages"):
                        raise
        if whole:
            await self._own.set_restored(restored=False)

    # -- beginning, or taking over, a log ------------------------------------------------------------

    async def _begin(self, schema: str) -> LogState:
        """Begins a log; where another copy of the key may have begun one, the node is asked for it."""
        fixed = system_log(schema)
        if await self._own.is_only_copy():
            new = await self._own.next_free() if fixed is None else fixed
            # Another tab may have begun one in the meantime, or this will not be the only copy any more: the
            # first entry is refused then.
            return await self._own.of_schema(schema) or LogState(new, schema)
        arguments = await self._arguments(schema, await self._sender.arguments(schema))
        known = await self._own.get(arguments.log_id)
        if known is not None and known.schema == schema and known.given_up is None and not known.forked:
            return known  # another tab began it
        if arguments.seq_num > 1 and known is None:
            return await self._catching_up.begin(schema, arguments.log_id, arguments)
        log_id = fixed
        if log_id is None:
            if known is not None:  # in use here for something else, given up, or forked
                author = self._signer.author
                try:
                    arguments = await self._arguments(
                        schema, await self._sender.reach(lambda dialect: dialect.another_log(author, schema))
                    )
                except NodeTooOld:
                    if known.schema == schema and known.given_up is None:
                        return known  # it takes the schema nowhere else
                    raise
            log_id = max(arguments.log_id, await self._own.next_free())
        elif known is not None:  # given up, and there is no other log for the schema
            await self._catch_up(known)
            return await self._own.get(known.log_id) or known
        # Another tab may have begun one in the meantime; a schema has one log, where that can be had.
        return await self._own.of_schema(schema) or await self._own.begin(LogState(log_id, schema))

    async def _arguments(self, schema: str, arguments: EntryArguments) -> EntryArguments:
        """What a node says about the next entry for a schema, held to what it may say."""
        fixed = system_log(schema)
        if (arguments.log_id % 2 == 0 or fixed is not None) and arguments.log_id != fixed:
            raise NodeContradictsItself(
                f"The node names log {arguments.log_id}, which is not for this schema."
            )
        if arguments.seq_num == 1 and arguments.log_id > await self._own.next_free() + MAX_GAP:
            raise NodeContradictsItself(f"The node offers log {arguments.log_id}, far above any in use.")
        return arguments
