"""Writing: signing into own logs, and getting what was signed to a node.

    load the log's state → sign → commit state and entries → send → record the acknowledgement

Whatever happens between two of these (a crash, a cancelled task, a lost reply, another tab), the next run
begins at the first and finds what is recorded: a slot is never signed twice, for only what was committed is
sent, and a commit is refused where the log has moved on.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from panda_web import log as log_module
from panda_web.bamboo import Head, InvalidLink, lipmaa, path
from panda_web.bamboo.errors import AfterEndOfLog, BacklinkMissing, SkiplinkMissing
from panda_web.client.contact import Contact
from panda_web.client.dialect import Dialect, Query
from panda_web.client.early import too_new
from panda_web.client.errors import (
    InstanceNotOwn,
    LogDiverged,
    LogRefused,
    NodeContradictsItself,
    NodeLags,
    NodeTooOld,
    StoreConflict,
)
from panda_web.client.lock import Lock
from panda_web.client.own_logs import LogState, OwnEntry, OwnInstance, OwnLogs
from panda_web.errors import PandaError
from panda_web.keys import Signer
from panda_web.messages import Message, system_log
from panda_web.rpc.errors import (
    ErrorFromNode,
    InstanceDeleted,
    InstanceUnknown,
    LogSchemaMismatch,
    NodeUnreachable,
    RpcError,
    SeqNumTaken,
)
from panda_web.rpc.methods import EntryArguments

R = TypeVar("R")

SEND_AT_ONCE = 16
"""Entries in one batch to the node: few enough that progress shows, enough that latency does not rule."""

RETRY_AFTER = (0.2, 0.8, 2.0)
"""Seconds to wait before the second, third and fourth attempt to reach a node."""

MAX_BATCH = 4 << 20
"""Bytes of a batch in hex, half of what a node takes; a larger single entry goes alone."""

MAX_GAP = 10_000
"""So far above the highest known log id a node may offer one: the numbers are not its to use up."""

_FOR_GOOD = frozenset(
    error.reason
    for error in (SeqNumTaken, LogSchemaMismatch, InstanceUnknown, InstanceDeleted, AfterEndOfLog)
)
"""Refusals after which the entry can never be in the node's copy of the log, nor anything behind it."""

_LAGGING = frozenset((BacklinkMissing.reason, SkiplinkMissing.reason))


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
        self._sleep = sleep
        self._lock_name = f"panda:{signer.author.hex()}"

    async def write(self, messages: Sequence[Message]) -> list[Written]:
        """Signs messages of one schema into one log, in order, and sends them.

        Once a message is signed and kept, nothing that the node says or does not say is raised, for who sees
        an error writes again, and then it is there twice; it is told in `Written.error`.

        Raises:
            InvalidMessage, NodeTooOld, NodeLags, CallFailed, StoreFailed: before anything is signed.
            InstanceNotOwn: for an update or delete.
            LogDiverged, LogRefused: the log is given up; what was signed reaches this node in no way.
        """
        payloads = [message.encode() for message in messages]
        if not messages:
            return []
        if any(map(too_new, messages)):
            (await self._contact.last_known()).check(messages)
        async with self._lock(self._lock_name):
            await self._catch_up_after_restoring()
            hashes: list[bytes] = []
            error: PandaError | None = None
            while len(hashes) < len(messages):
                done = len(hashes)
                log, made = await self._append(messages[done:], payloads[done:])
                hashes += made
                try:
                    await self._send_pending(log)
                except (LogDiverged, LogRefused):
                    raise
                except PandaError as failure:
                    if len(hashes) < len(messages):
                        failure.data["kept"] = [made.hex() for made in hashes]
                        raise
                    error = failure
        return [
            Written(message.id or entry_hash.hex(), entry_hash.hex(), error is None, error)
            for message, entry_hash in zip(messages, hashes, strict=True)
        ]

    async def flush(self) -> int:
        """Sends what the node does not hold; gives how many entries that were.

        The node is asked how far it holds each log, so one that has lost entries gets them again.

        Raises:
            CallFailed, ClientError, StoreFailed: for one of the logs; the others were sent all the same.
        """
        sent = 0
        failed: PandaError | None = None
        async with self._lock(self._lock_name):
            for log in await self._own.logs():
                if log.given_up is None:
                    try:
                        sent += await self._bring_up_to_date(log)
                    except NodeUnreachable:
                        raise
                    except PandaError as error:
                        failed = failed or error
        if failed is not None:
            raise failed
        return sent

    async def _bring_up_to_date(self, log: LogState) -> int:
        held, known = await self._held_up_to(log), log.acknowledged.get(self._node, 0)
        if held is not None and held < known:
            log = await self._acknowledge(log, held)
        before = log.acknowledged.get(self._node, 0)
        return (await self._send_pending(log)).acknowledged.get(self._node, 0) - before

    async def pending(self) -> int:
        """How many signed entries the node has not acknowledged."""
        logs = [log for log in await self._own.logs() if log.given_up is None]
        return sum(log.head.seq_num - max(log.acknowledged.get(self._node, 0), log.first - 1) for log in logs)

    # -- signing -------------------------------------------------------------------------------------

    async def _append(
        self, messages: Sequence[Message], payloads: Sequence[bytes]
    ) -> tuple[LogState, list[bytes]]:
        """Signs and records as many of the messages as the known links allow, one at least."""
        count = len(messages)
        for _ in range(100):
            log = await self._ready(await self._log_for(messages[0]))
            chain = log_module.chain(self._signer.author, log.log_id, log.head, payloads[:count])
            try:
                made = await self._signer.sign_chain(chain)
            except InvalidLink:
                # A log taken over from a node: some hash is only known to the node.
                if count > 1:
                    count = 1
                else:
                    # The node can only say what follows on all that is signed already.
                    await self._ask_for_links(await self._send_pending(log))
                continue
            try:
                log = await self._own.append(log, list(zip(made, payloads, messages, strict=False)))
            except StoreConflict:
                continue  # another tab was faster; what was signed here is forgotten, and signed anew
            return log, [signed.hash for signed in made]
        raise StoreConflict("Other tabs keep writing to this log; nothing was recorded.")

    async def _ready(self, log: LogState) -> LogState:
        """The log, once it is sure that the node can take what follows. Raises NodeLags."""
        if log.acknowledged.get(self._node, 0) >= log.first - 1:
            return log
        held = await self._held_up_to(log) or 0
        if held < log.first - 1:
            raise NodeLags(
                f"The node holds {held} entries of log {log.log_id}, and this client only has those from "
                f"{log.first} on. Use the node that the key was restored from, or wait until they exchange."
            )
        return await self._acknowledge(log, held)

    async def _log_for(self, message: Message) -> LogState:
        if message.id is not None:
            return await self._log_of_instance(message.schema, message.id)
        return await self._own.of_schema(message.schema) or await self._begin(message.schema)

    async def _log_of_instance(self, schema: str, instance: str) -> LogState:
        known = await self._own.instance(instance) or await self._ask_for_instance(schema, instance)
        log = await self._own.get(known.log_id)
        if log is None and not known.deleted:
            log = await self._begin(schema)  # a restored key: the node knows its log
        if log is None or (log.log_id, log.schema) != (known.log_id, schema):
            raise InstanceNotOwn("This instance is in a log that this client cannot go on with.")
        if known.deleted:
            raise InstanceNotOwn("This instance is deleted; there is nothing left to change.")
        if log.given_up is not None:
            raise LogDiverged(f"Log {log.log_id}, which holds this instance, was given up: {log.given_up}.")
        return log

    async def _ask_for_instance(self, schema: str, instance: str) -> OwnInstance:
        """Where an instance is that another copy of this key wrote, as its entries at the node prove."""
        query = Query(schema, {"id": instance}, (), 1, None)
        for found in await self._reach(lambda dialect: dialect.query(query)):
            if found.author == self._signer.author.hex():
                return OwnInstance(found.log_id, deleted=False)
        raise InstanceNotOwn("Only the author of an instance can change it, and this key did not create it.")

    async def _catch_up_after_restoring(self) -> None:
        """Takes over what another copy of the key wrote into logs that are known here."""
        if not await self._own.is_restored():
            return
        for log in await self._own.logs():
            if log.given_up is None:
                try:
                    arguments = await self._arguments(log.schema)
                except NodeTooOld:
                    continue  # an early node that cannot have this log
                sent = log.acknowledged.get(self._node, 0) >= log.head.seq_num
                if sent and arguments.log_id == log.log_id and arguments.seq_num - 1 > log.head.seq_num:
                    await self._take_over(log.schema, arguments, log)
        await self._own.set_restored(restored=False)

    # -- beginning, or taking over, a log ------------------------------------------------------------

    async def _begin(self, schema: str) -> LogState:
        """Asks the node, since nothing is known here: a first use, or a restored key."""
        arguments = await self._arguments(schema)
        fixed, free = system_log(schema), await self._own.next_free()
        if (arguments.log_id % 2 == 0 or fixed is not None) and arguments.log_id != fixed:
            raise NodeContradictsItself(
                f"The node names log {arguments.log_id}, which is not for this schema."
            )
        if arguments.seq_num == 1 and arguments.log_id > free + MAX_GAP:
            raise NodeContradictsItself(f"The node offers log {arguments.log_id}, far above any in use.")
        known = await self._own.get(arguments.log_id)
        if known is not None and known.schema == schema and known.given_up is None:
            return known  # another tab began it
        if arguments.seq_num > 1 and known is None:
            return await self._take_over(schema, arguments)
        log_id = fixed
        if log_id is None:
            if known is not None:  # in use here for something else, or given up
                author = self._signer.author
                arguments = await self._reach(lambda dialect: dialect.another_log(author, schema))
            log_id = max(arguments.log_id, free)
        # Another tab may have begun one in the meantime; a schema has one log, where that can be had.
        return await self._own.of_schema(schema) or await self._own.begin(LogState(log_id, schema))

    async def _take_over(
        self, schema: str, arguments: EntryArguments, known: LogState | None = None
    ) -> LogState:
        """Goes on with a log that the node holds, after checking what it says against the entries it has."""
        last = arguments.seq_num - 1
        hashes: dict[int, bytes] = {}
        if arguments.backlink is None:
            raise NodeContradictsItself("The node gives no backlink for a log that is not empty.")
        hashes[last] = bytes.fromhex(arguments.backlink)
        if arguments.skiplink is not None:
            hashes[lipmaa(last + 1)] = bytes.fromhex(arguments.skiplink)
        author = self._signer.author
        held = await self._reach(lambda dialect: dialect.held(schema, author, arguments.log_id))
        for signed, _ in held:
            seq_num = signed.entry.seq_num
            if seq_num > last or hashes.setdefault(seq_num, signed.hash) != signed.hash:
                raise NodeContradictsItself(
                    f"The node's answers about entry {seq_num} of log {arguments.log_id} differ."
                )
        log = LogState(
            arguments.log_id,
            schema,
            Head(last, {n: hashes[n] for n in path(last, 1) if n in hashes}),
            first=last + 1,
            acknowledged={**(known.acknowledged if known else {}), self._node: last},
            stored=known.stored if known else None,
        )
        return await self._own.begin(log)

    async def _arguments(self, schema: str) -> EntryArguments:
        return await self._reach(lambda dialect: dialect.arguments(self._signer.author, schema))

    async def _ask_for_links(self, log: LogState) -> None:
        """Asks the node for the skiplink of the next entry."""
        arguments = await self._arguments(log.schema)
        if (arguments.log_id, arguments.seq_num) != (
            log.log_id,
            log.head.seq_num + 1,
        ) or not arguments.skiplink:
            raise NodeLags(
                f"The node cannot say what entry {log.head.seq_num + 1} of log {log.log_id} links to."
            )
        await self._own.learn(log, lipmaa(arguments.seq_num), bytes.fromhex(arguments.skiplink))

    # -- sending -------------------------------------------------------------------------------------

    async def _send_pending(self, log: LogState) -> LogState:
        """Sends what the node has not acknowledged, in order, in batches."""
        caught_up = False
        while True:
            above = log.acknowledged.get(self._node, 0)
            if above >= log.head.seq_num:
                return log
            if above < log.first - 1:
                raise NodeLags(
                    f"The node lacks entries of log {log.log_id} that this client does not hold either."
                )
            entries = _at_once(await self._own.entries(log.log_id, above, SEND_AT_ONCE))
            acknowledged, error = await self._send(entries)
            if acknowledged > above:
                log = await self._acknowledge(log, acknowledged)
            if error is None:
                continue
            if isinstance(error, ErrorFromNode) and error.reason in _LAGGING and not caught_up:
                caught_up = True  # once in a call: a node cannot keep us busy
                log = await self._acknowledge(log, await self._held_up_to(log) or 0)
                continue
            await self._refused(log, error)

    async def _send(self, entries: Sequence[OwnEntry]) -> tuple[int, RpcError | None]:
        """Sends some entries; gives the last seq num that was acknowledged (0: none), and the first error."""
        return await self._reach(lambda dialect: dialect.publish(entries))

    async def _acknowledge(self, log: LogState, seq_num: int) -> LogState:
        while True:
            try:
                return await self._own.acknowledge(log, self._node, seq_num)
            except StoreConflict:
                log = await self._own.get(log.log_id) or log
                seq_num = max(seq_num, log.acknowledged.get(self._node, 0))

    async def _held_up_to(self, log: LogState) -> int | None:
        """How far the node's copy of a log goes; None where it does not say, for it names another log."""
        arguments = await self._arguments(log.schema)
        return min(arguments.seq_num - 1, log.head.seq_num) if arguments.log_id == log.log_id else None

    async def _refused(self, log: LogState, error: RpcError) -> None:
        if isinstance(error, ErrorFromNode) and error.reason in _LAGGING:
            raise NodeLags(
                f"The node does not take entries of log {log.log_id} that it needs: {error}"
            ) from error
        if not isinstance(error, ErrorFromNode) or error.reason not in _FOR_GOOD:
            raise error
        kept = await self._own.entries(log.log_id, log.acknowledged.get(self._node, 0), None)
        error.data["lost"] = [log_module.recall(own.entry).hash.hex() for own in kept]
        await self._own.give_up(log, error.reason)
        if error.reason == SeqNumTaken.reason:
            raise LogDiverged(
                f"The node holds another entry in log {log.log_id} than this client signed: this key is "
                "in use elsewhere too. The log is given up here; write again, and a new one begins.",
                logId=log.log_id,
                lost=error.data["lost"],
            ) from error
        raise LogRefused(
            f"The node refuses a signed entry of log {log.log_id}: {error}",
            node=error.reason,
            lost=error.data["lost"],
        ) from error

    async def _reach(self, call: Callable[[Dialect], Awaitable[R]]) -> R:
        """Calls the node in its dialect, some times where it cannot be reached."""
        for seconds in RETRY_AFTER:
            try:
                return await call(await self._contact.dialect())
            except NodeUnreachable:
                await self._sleep(seconds)
        return await call(await self._contact.dialect())


def _at_once(entries: Sequence[OwnEntry]) -> Sequence[OwnEntry]:
    """The first entries, as many as fit into a batch, one at least."""
    size = 0
    for count, own in enumerate(entries):
        size += 2 * (len(own.entry) + len(own.payload))
        if count and size > MAX_BATCH:
            return entries[:count]
    return entries
