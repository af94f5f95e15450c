"""An early node, as aquadoggo 0.1.0: what it lacks and what it does otherwise is made up for here.

Seen on a real one, built from p2panda/aquadoggo at its tag v0.1.0, and in its source:

- It has three methods, takes no batches, and gives no reason with a refusal that a program could read.
- An entry that it has already is a database error. So nothing is sent before it is certain that the node
  lacks it: the log ends just before it there, or its entries were looked through. And whatever the node
  refuses is looked for: if it is there after all, it is acknowledged.
- An even log id ends the connection without an answer, as if the node were away, so none is sent. What is not
  of the first five field types is refused.
- It takes altered copies of entries (bytes behind them, other tags), and then the slot is taken. It takes
  messages that are none, as with NaN: readers pass over them, and the log goes on behind them.
- It takes a schema in one log for each author only, and offers one log id to many schemas until one of them
  has an entry. Two schemas may end up in one log, and after that it offers ids that are in use.
- `panda_queryEntries` gives all entries of all logs of a schema at once; there is nothing to filter by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from panda_web import bamboo, messages
from panda_web import log as log_module
from panda_web.bamboo import InvalidEntry
from panda_web.bamboo.errors import BacklinkMissing
from panda_web.client.branch import not_proven, said_to_be
from panda_web.client.check import Answer
from panda_web.client.definitions import SignedDefinition
from panda_web.client.dialect import (
    Query,
    Shown,
    acknowledges_other,
    ask_arguments,
    held_of_log,
    signed_in,
    signed_of,
)
from panda_web.client.errors import NodeTooOld, RefusedUnclearly, SlotBlocked
from panda_web.client.looks import Looks
from panda_web.client.own_logs import OwnEntry
from panda_web.client.select import select
from panda_web.errors import PandaError
from panda_web.keys import Verifier
from panda_web.log import SignedEntry, VerifiedEntry
from panda_web.messages import BASIC_TYPES, Message, system_log
from panda_web.messages.instance import is_emptying
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode, RpcError, SeqNumTaken
from panda_web.rpc.methods import PUBLISH_ENTRY, QUERY, EntryArguments, StoredEntry

WAY_OUT = "Use a present-day node for it."


def too_new(message: Message) -> NodeTooOld | None:
    """Why an early node cannot take a message; None where it can."""
    log_id = system_log(message.schema)
    if log_id is not None:
        return NodeTooOld(
            f"This node is an early one and takes no system logs, such as log {log_id}. {WAY_OUT}"
        )
    for name, field in message.fields.items():
        if is_emptying(field):
            return NodeTooOld(
                f"This node is an early one, and cannot take the value of {name[:40]!r} away. {WAY_OUT}"
            )
        if field.type not in BASIC_TYPES:
            return NodeTooOld(
                f"This node is an early one and knows no field type {field.type}, which {name[:40]!r} has. "
                f"{WAY_OUT}"
            )
    return None


class Early:
    """An early node.

    Args:
        connection: to the node.
        verifier: checks signatures.
    """

    def __init__(self, connection: Connection, verifier: Verifier) -> None:
        self._connection = connection
        self._verifier = verifier
        self._looks = Looks(connection, verifier)
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
        stored = await self._looks.stored(schema)
        held = await signed_of(stored, self._verifier, author, found.log_id)
        if said_to_be(schema, held):
            return found
        if not held and _altered(stored, author, found.log_id):
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

    async def branch(self, schema: str, author: bytes, log_id: int, above: int) -> Shown:  # noqa: ARG002 - it gives all
        """All that are signed and canonical: altered copies are none of them."""
        return await held_of_log(self._connection, self._verifier, schema, author, log_id)

    # -- sending ---------------------------------------------------------------------------------------

    async def publish(self, entries: Sequence[OwnEntry]) -> tuple[int, PandaError | None]:
        """Sends one entry after the other, none that the node has, and none that it cannot take."""
        acknowledged = 0
        held: _Held | None = None  # the log at the node, once it had to be looked through
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

    async def _look_through(self, schema: str, sent: VerifiedEntry) -> "_Held":
        """What the node holds of an entry's log."""
        author, log_id = sent.entry.author, sent.entry.log_id
        stored = await self._looks.stored(schema)
        signed = await signed_in([item.entry for item in stored], self._verifier, author, log_id)
        return _Held({each.entry.seq_num: each for each in signed}, _altered(stored, author, log_id))

    # -- reading ---------------------------------------------------------------------------------------

    async def query(self, query: Query) -> Answer:
        """Fetches all entries of the schema, rebuilds the instances, and picks from them.

        Raises:
            InvalidParams: the query is none.
        """
        QUERY.bind(query.params())
        look = await self._looks.at(query.schema, goes_on=query.after is not None)
        found = select(look.instances, query)
        # What is wrong with the entries is said once, with the first page.
        return Answer(
            tuple(found),
            tuple(look.rejected) if query.after is None else (),
            found[-1].cursor if found else None,
        )

    async def definition(self, schema: str) -> SignedDefinition | None:  # noqa: ARG002 - it holds none
        """None: it knows no definitions."""
        return None


@dataclass(frozen=True, slots=True)
class _Held:
    """A log as the node holds it.

    Attributes:
        entries: seq num to entry, of those that are canonical and signed.
        altered: seq nums at which there are bytes that begin as an entry of the log does, and are none.
    """

    entries: dict[int, SignedEntry]
    altered: set[int]

    def has(self, sent: VerifiedEntry) -> bool:
        """Whether an entry is in its place."""
        held = self.entries.get(sent.entry.seq_num)
        return held is not None and held.hash == sent.hash

    def conflict(self, sent: VerifiedEntry) -> ErrorFromNode | None:
        """Why an entry has no place there, in a present-day node's words, and with its proof."""
        seq_num, log_id, backlink = sent.entry.seq_num, sent.entry.log_id, sent.entry.backlink
        other, before = self.entries.get(seq_num), self.entries.get(seq_num - 1)
        if other is None and before is not None and before.hash != backlink:
            other = before
        if other is not None:
            return ErrorFromNode(
                f"The node's entries of log {log_id} are others than this client's.",
                SeqNumTaken.reason,
                node={"entryBytes": other.encoded.hex()},
            )
        if seq_num > 1 and before is None:
            words = f"The node lacks entry {seq_num - 1} of log {log_id}."
            return ErrorFromNode(words, BacklinkMissing.reason)
        return None

    def blocks(self, sent: VerifiedEntry) -> SlotBlocked | None:
        """Why an entry cannot be taken, where there is an altered copy of it, or of the one before."""
        for seq_num in (sent.entry.seq_num - 1, sent.entry.seq_num):
            if seq_num in self.altered:
                return _blocked(sent, seq_num)
        return None


def _altered(stored: Sequence[StoredEntry], author: bytes, log_id: int) -> set[int]:
    found = set()
    for item in stored:
        place = bamboo.place_of(item.entry)
        if place is not None and place[:2] == (author, log_id):
            try:
                bamboo.decode(item.entry)
            except InvalidEntry:
                found.add(place[2])
    return found


def _blocked(sent: VerifiedEntry, seq_num: int) -> SlotBlocked:
    what = "it" if seq_num == sent.entry.seq_num else f"entry {seq_num}"
    return SlotBlocked(
        f"The node cannot take entry {sent.entry.seq_num} of log {sent.entry.log_id}: it holds an altered "
        f"copy of {what}, which somebody made and sent there. Early nodes take such copies, and nothing can "
        "follow them. Use another node: what you have signed is kept here, and goes there."
    )


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
