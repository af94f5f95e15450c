"""How an early node is spoken to."""

from collections.abc import AsyncIterator, Sequence

from panda_web import log as log_module
from panda_web import messages
from panda_web.bamboo import ForkProof
from panda_web.client.asked import Asked
from panda_web.client.branch import not_proven, said_to_be
from panda_web.client.check import Answer
from panda_web.client.definitions import SignedDefinition
from panda_web.client.dialect import (
    Shown,
    acknowledges_other,
    ask_arguments,
    held_of_log,
    signed_in,
    signed_of,
)
from panda_web.client.early.carried import too_new
from panda_web.client.early.held import HeldLog, altered_in
from panda_web.client.errors import NodeTooOld, RefusedUnclearly
from panda_web.client.evaluating import Evaluator
from panda_web.client.log_state import OwnEntry
from panda_web.errors import PandaError
from panda_web.keys import Verifier
from panda_web.log import VerifiedEntry
from panda_web.messages import Message
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerTooLong, ErrorFromNode, RpcError
from panda_web.rpc.methods import PUBLISH_ENTRY, QUERY_ENTRIES, EntryArguments, ItemOutcome, StoredEntry


class Early:
    """An early node.

    Args:
        connection: to the node.
        verifier: checks signatures.
    """

    def __init__(self, connection: Connection, verifier: Verifier) -> None:
        self._connection = connection
        self._verifier = verifier
        self._evaluator = Evaluator(self._stored, verifier)
        # The log and seq num that the node acknowledged last: what follows was never sent to it.
        self._end: tuple[int, int] | None = None

    def check(self, messages: Sequence[Message]) -> None:
        """Raises NodeTooOld for system logs, field types beyond the first five, and emptied fields."""
        for message in messages:
            why = too_new(message)
            if why is not None:
                raise why

    async def arguments(self, author: bytes, schema: str) -> EntryArguments:
        """What the author's next entry must contain, if the log that the node names is the schema's own.

        Raises:
            NodeTooOld: the node has tied the schema to a log that holds another one.
        """
        found = await ask_arguments(self._connection, author, schema)
        if found.seq_num == 1:
            return found
        stored = await self._stored(schema)
        held = await signed_of(stored, self._verifier, author, found.log_id)
        if said_to_be(schema, held):
            return found
        if not held and altered_in(stored, author, found.log_id):
            raise not_proven(found.log_id, found.seq_num - 1)
        if held:
            raise NodeTooOld(
                f"This node is an early one, and it has tied this schema to log {found.log_id}, which holds "
                "another schema. It takes the schema nowhere else: use another node, or another key."
            )
        # It offers an id that is in use; see above.
        return EntryArguments(found.log_id + 2, 1, None, None)

    async def another_log(self, author: bytes, schema: str) -> EntryArguments:
        """A new log, if the node can take one.

        Raises:
            NodeTooOld: it has the schema in a log that is lost for it, and takes it nowhere else.
        """
        found = await self.arguments(author, schema)
        if found.seq_num > 1:
            raise NodeTooOld(
                f"This node is an early one: it takes this schema in log {found.log_id} only, and nothing "
                "can be added to that log here any more. Use another node, or another key."
            )
        return found

    async def forks(self, author: bytes) -> Sequence[ForkProof]:  # noqa: ARG002 - whoever is asked for
        """An early node proves nothing."""
        return []

    async def branch(self, schema: str, author: bytes, log_id: int, above: int) -> Shown:  # noqa: ARG002 - it gives all
        """All that are signed and canonical: altered copies are none of them."""
        return await held_of_log(self._connection, self._verifier, schema, author, log_id)

    async def downwards(
        self,
        schema: str,
        author: bytes,
        log_id: int,
        first: int,  # noqa: ARG002 - it gives all
        last: int,  # noqa: ARG002
    ) -> AsyncIterator[Shown]:
        """All of the log."""
        yield await held_of_log(self._connection, self._verifier, schema, author, log_id)

    # -- sending ---------------------------------------------------------------------------------------

    async def held(self, author: bytes, log_id: int, first: int, last: int) -> None:
        """It takes a log's entries in order, from its author."""

    async def offer(self, items: Sequence[StoredEntry]) -> Sequence[ItemOutcome]:  # noqa: ARG002 - whatever
        """An early node knows no such way."""
        return []

    async def publish(self, entries: Sequence[OwnEntry]) -> tuple[int, PandaError | None]:
        """Sends one entry after the other, none that the node has, and none that it cannot take."""
        acknowledged = 0
        held: HeldLog | None = None  # the log at the node, once it had to be looked through
        for own in entries:
            message, sent = messages.decode(own.payload), log_module.recall(own.entry)
            schema, unfit = message.schema, too_new(message)
            if unfit is not None:
                return acknowledged, _withheld(sent, unfit)
            if held is None and not await self._ends_before(schema, sent):
                held = await self._look_through(schema, sent)
            if held is not None and not held.has(sent):
                conflict = held.conflict(sent)
                if conflict is not None:
                    return acknowledged, held.blocks(sent) or conflict
            if held is None or own.seq_num not in held.entries:
                refusal = await self._publish(sent, own)
                if isinstance(refusal, ErrorFromNode):
                    held = await self._look_through(schema, sent)
                    if not held.has(sent):
                        why = held.blocks(sent) or held.conflict(sent) or _unclear(sent, refusal)
                        return acknowledged, why
                elif refusal is not None:
                    return acknowledged, refusal
                elif held is not None:
                    held.entries[own.seq_num] = sent
            acknowledged = own.seq_num
        return acknowledged, None

    async def _publish(self, sent: VerifiedEntry, own: OwnEntry) -> RpcError | None:
        self._end = None
        try:
            reply = await self._connection.call(
                PUBLISH_ENTRY, entryEncoded=own.entry.hex(), messageEncoded=own.payload.hex()
            )
        except ErrorFromNode as refusal:
            return refusal
        # It names the entry as what the next one links back to.
        wrong = acknowledges_other(sent, reply, reply.next.backlink)
        if wrong is None:
            self._end = sent.entry.log_id, sent.entry.seq_num
        return wrong

    async def _ends_before(self, schema: str, sent: VerifiedEntry) -> bool:
        """Whether the log ends just before the entry at the node, for certain."""
        entry = sent.entry
        if self._end == (entry.log_id, entry.seq_num - 1):
            return True
        found = await ask_arguments(self._connection, entry.author, schema)
        backlink = bytes.fromhex(found.backlink) if found.backlink is not None else None
        return (found.log_id, found.seq_num, backlink) == (entry.log_id, entry.seq_num, entry.backlink)

    async def _look_through(self, schema: str, sent: VerifiedEntry) -> HeldLog:
        """What the node holds of an entry's log."""
        author, log_id = sent.entry.author, sent.entry.log_id
        stored = await self._stored(schema)
        signed = await signed_in([item.entry for item in stored], self._verifier, author, log_id)
        return HeldLog({each.entry.seq_num: each for each in signed}, altered_in(stored, author, log_id))

    # -- reading ---------------------------------------------------------------------------------------

    async def query(self, asked: Asked) -> Answer:
        """Evaluated here: the node has nothing to filter by."""
        return await self._evaluator.query(asked.with_cursor())

    async def count(self, asked: Asked) -> int:
        """Counted here."""
        return await self._evaluator.count(asked.query)

    async def _stored(self, schema: str) -> Sequence[StoredEntry]:
        """All entries that the node gives for a schema. Raises AnswerTooLong, CallFailed."""
        try:
            return await self._connection.call(QUERY_ENTRIES, schema=schema)
        except AnswerTooLong as error:
            raise AnswerTooLong(
                "This node is an early one, which gives all entries of a schema at once, and of this schema "
                f"it has too many: {error} Read it at a present-day node, which gives them page by page."
            ) from error

    async def definition(self, schema: str) -> SignedDefinition | None:  # noqa: ARG002 - it holds none
        """None: it knows no definitions."""
        return None


def _unclear(sent: VerifiedEntry, refusal: PandaError) -> RefusedUnclearly:
    return RefusedUnclearly(
        f"The node refuses entry {sent.entry.seq_num} of log {sent.entry.log_id}. It is an early one and "
        f"gives no reason but these words: {refusal}. The entry is kept. It may pass later, or never at this "
        "node; a present-day node gives reasons."
    )


def _withheld(sent: VerifiedEntry, why: NodeTooOld) -> NodeTooOld:
    return NodeTooOld(
        f"Entry {sent.entry.seq_num} of log {sent.entry.log_id} is signed and kept, and was not sent: {why} "
        "What follows in this log cannot go to this node either; what lies before is there.",
        logId=sent.entry.log_id,
        seqNum=sent.entry.seq_num,
    )
