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
from panda_web.bamboo.errors import BacklinkMissing, SkiplinkMissing
from panda_web.client.check import check_answer
from panda_web.client.errors import (
    InstanceNotOwn,
    LogDiverged,
    LogRefused,
    NodeContradictsItself,
    NodeLags,
    StoreConflict,
)
from panda_web.client.lock import Lock
from panda_web.client.own_logs import LogState, OwnEntry, OwnInstance, OwnLogs
from panda_web.keys import Signer, Verifier
from panda_web.messages import Message, system_log
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, NodeUnreachable, RpcError, SeqNumTaken
from panda_web.rpc.methods import (
    GET_ENTRY_ARGUMENTS,
    PUBLISH_ENTRY,
    QUERY,
    QUERY_ENTRIES,
    EntryArguments,
    Published,
)

R = TypeVar("R")

SEND_AT_ONCE = 16
"""Entries in one batch to the node: few enough that progress shows, enough that latency does not rule."""

RETRY_AFTER = (0.2, 0.8, 2.0)
"""Seconds to wait before the second, third and fourth attempt to reach a node."""

_LAGGING = frozenset((BacklinkMissing.reason, SkiplinkMissing.reason))
_NO_SCHEMA = "0040" + "00" * 64
"""A schema that no log is for: asked for it, a node offers a log id that is free."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message that is signed and kept.

    Attributes:
        id: the instance, 132 hex digits.
        entry_hash: of its entry, 132 hex digits.
        acknowledged: whether the node holds it; if not, it is sent again with the next write, or `flush`.
    """

    id: str
    entry_hash: str
    acknowledged: bool


class Publisher:
    """Writes for one author to one node.

    Args:
        connection: to the node.
        node: the node's name, under which acknowledgements are kept; its address.
        signer: the author.
        verifier: checks what a node says about own logs.
        own: the own logs.
        lock: keeps writers apart.
        sleep: waits for some seconds between attempts.
    """

    def __init__(
        self,
        connection: Connection,
        node: str,
        signer: Signer,
        verifier: Verifier,
        own: OwnLogs,
        lock: Lock,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._connection = connection
        self._node = node
        self._signer = signer
        self._verifier = verifier
        self._own = own
        self._lock = lock
        self._sleep = sleep
        self._lock_name = f"panda:{signer.author.hex()}"

    async def write(self, messages: Sequence[Message]) -> list[Written]:
        """Signs messages of one schema into one log, in order, and sends them.

        A node that cannot be reached is no error once the messages are signed and kept.

        Raises:
            InvalidMessage: before anything is signed.
            InstanceNotOwn: for an update or delete.
            CallFailed, ClientError, StoreFailed.
        """
        payloads = [message.encode() for message in messages]
        if not messages:
            return []
        async with self._lock(self._lock_name):
            await self._catch_up_after_restoring()
            hashes: list[bytes] = []
            while len(hashes) < len(messages):
                done = len(hashes)
                log, made = await self._append(messages[done:], payloads[done:])
                hashes += made
                try:
                    log = await self._send_pending(log)
                except NodeUnreachable:
                    if len(hashes) < len(messages):
                        raise
            acknowledged = log.acknowledged.get(self._node, 0) >= log.head.seq_num
        return [
            Written(message.id or entry_hash.hex(), entry_hash.hex(), acknowledged)
            for message, entry_hash in zip(messages, hashes, strict=True)
        ]

    async def flush(self) -> int:
        """Sends what no reply has acknowledged yet; gives how many entries that were."""
        async with self._lock(self._lock_name):
            before = await self.pending()
            for log in await self._own.logs():
                if log.given_up is None:
                    await self._send_pending(log)
            return before

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
            log = await self._log_for(messages[0])
            chain = log_module.chain(self._signer.author, log.log_id, log.head, payloads[:count])
            try:
                made = await self._signer.sign_chain(chain)
            except InvalidLink:
                # A log taken over from a node: some hash is only known to the node.
                if count > 1:
                    count = 1
                else:
                    await self._ask_for_links(log)
                continue
            try:
                log = await self._own.append(log, list(zip(made, payloads, messages, strict=False)))
            except StoreConflict:
                continue  # another tab was faster; what was signed here is forgotten, and signed anew
            return log, [signed.hash for signed in made]
        raise StoreConflict("Other tabs keep writing to this log; nothing was recorded.")

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
        wanted = {"id": instance}
        items = await self._reach(
            lambda: self._connection.call(QUERY, schema=schema, filter=wanted, limit=1, proof=True)
        )
        for found in await check_answer(schema, wanted, items, self._verifier):
            if found.author == self._signer.author.hex():
                return OwnInstance(found.log_id, deleted=False)
        raise InstanceNotOwn("Only the author of an instance can change it, and this key did not create it.")

    async def _catch_up_after_restoring(self) -> None:
        """Takes over what another copy of the key wrote into logs that are known here."""
        if not await self._own.is_restored():
            return
        for log in await self._own.logs():
            if log.given_up is None:
                arguments = await self._arguments(log.schema)
                if arguments.log_id == log.log_id and arguments.seq_num - 1 > log.head.seq_num:
                    await self._take_over(log.schema, arguments, log)
        await self._own.set_restored(restored=False)

    # -- beginning, or taking over, a log ------------------------------------------------------------

    async def _begin(self, schema: str) -> LogState:
        """Asks the node, since nothing is known here: a first use, or a restored key."""
        arguments = await self._arguments(schema)
        known = await self._own.get(arguments.log_id)
        if arguments.seq_num > 1 and known is None:
            return await self._take_over(schema, arguments)
        log_id = system_log(schema)
        if log_id is None:
            if known is not None:  # the node goes on with a log that was given up here
                arguments = await self._arguments(_NO_SCHEMA)
            log_id = max(arguments.log_id | 1, await self._own.next_free())
        return await self._own.begin(LogState(log_id, schema))

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
        for signed in await self._held_by_node(schema, arguments.log_id):
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

    async def _held_by_node(self, schema: str, log_id: int) -> list[log_module.SignedEntry]:
        stored = await self._connection.call(QUERY_ENTRIES, schema=schema)
        verdicts = await log_module.verify_many([item.entry for item in stored], self._verifier)
        return [
            signed
            for signed in verdicts
            if isinstance(signed, log_module.SignedEntry)
            and signed.entry.author == self._signer.author
            and signed.entry.log_id == log_id
        ]

    async def _arguments(self, schema: str) -> EntryArguments:
        return await self._reach(
            lambda: self._connection.call(
                GET_ENTRY_ARGUMENTS, author=self._signer.author.hex(), schema=schema
            )
        )

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
            entries = await self._own.entries(log.log_id, above, SEND_AT_ONCE)
            acknowledged, error = await self._send(log, entries)
            if acknowledged > above:
                log = await self._acknowledge(log, acknowledged)
            if error is None:
                continue
            if isinstance(error, ErrorFromNode) and error.reason in _LAGGING and not caught_up:
                caught_up = True  # once in a call: a node cannot keep us busy
                log = await self._acknowledge(log, await self._held_up_to(log))
                continue
            await self._refused(log, error)

    async def _send(self, log: LogState, entries: Sequence[OwnEntry]) -> tuple[int, RpcError | None]:
        """Sends a batch; gives the last seq num that was acknowledged (0 for none), and the first error."""
        calls = [{"entryEncoded": e.entry.hex(), "messageEncoded": e.payload.hex()} for e in entries]
        replies: Sequence[Published | RpcError]
        replies = await self._reach(lambda: self._connection.call_batch(PUBLISH_ENTRY, calls))
        acknowledged = 0
        for entry, reply in zip(entries, replies, strict=True):
            if isinstance(reply, RpcError):
                return acknowledged, reply
            if reply.entry_hash and reply.entry_hash != log_module.recall(entry.entry).hash.hex():
                return acknowledged, AnswerMalformed("The node acknowledged another entry than was sent.")
            if reply.next.log_id != log.log_id:
                return acknowledged, AnswerMalformed("The node acknowledged an entry of another log.")
            acknowledged = entry.seq_num
        return acknowledged, None

    async def _acknowledge(self, log: LogState, seq_num: int) -> LogState:
        while True:
            try:
                return await self._own.acknowledge(log, self._node, seq_num)
            except StoreConflict:
                log = await self._own.get(log.log_id) or log
                seq_num = max(seq_num, log.acknowledged.get(self._node, 0))

    async def _held_up_to(self, log: LogState) -> int:
        """How far the node's copy of a log goes, which it turned out to lag behind in."""
        arguments = await self._arguments(log.schema)
        return min(arguments.seq_num - 1, log.head.seq_num) if arguments.log_id == log.log_id else 0

    async def _refused(self, log: LogState, error: RpcError) -> None:
        if isinstance(error, ErrorFromNode) and error.reason in _LAGGING:
            raise NodeLags(
                f"The node does not take entries of log {log.log_id} that it needs: {error}"
            ) from error
        if not isinstance(error, ErrorFromNode) or error.may_pass:
            raise error
        await self._own.give_up(log, error.reason)
        if error.reason == SeqNumTaken.reason:
            raise LogDiverged(
                f"The node holds another entry in log {log.log_id} than this client signed: this key is "
                "in use elsewhere too. The log is given up here; write again, and a new one begins.",
                logId=log.log_id,
            ) from error
        raise LogRefused(
            f"The node refuses a signed entry of log {log.log_id}: {error}", node=error.reason
        ) from error

    async def _reach(self, call: Callable[[], Awaitable[R]]) -> R:
        for seconds in RETRY_AFTER:
            try:
                return await call()
            except NodeUnreachable:
                await self._sleep(seconds)
        return await call()
