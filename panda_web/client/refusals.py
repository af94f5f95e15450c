"""What a node refuses is that node's word: it says nothing about other nodes, and ends no log.

A refused entry keeps its place in the log. Where it is refused for what its message says, it is brought to
the node as a peer would bring it: there it is kept, and shown to nobody, and the log goes on (`Sender`). A
node that does not take it in this way either can be sent nothing that follows. That is remembered for this
node alone, until it takes the entry after all. Only a proof ends a log: another entry at one of its places,
signed with the same key (`client.branch`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from panda_web.bamboo.errors import (
    AfterEndOfLog,
    BacklinkMismatch,
    BacklinkMissing,
    SkiplinkMismatch,
    SkiplinkMissing,
)
from panda_web.client.errors import LogRefused, MessageRefused
from panda_web.errors import PandaError
from panda_web.messages import InvalidMessage
from panda_web.messages.errors import PayloadTooLarge
from panda_web.messages.schema import InvalidFields, InvalidSchema
from panda_web.rpc.errors import (
    InstanceDeleted,
    InstanceUnknown,
    LogCondemned,
    LogSchemaMismatch,
    RelationTargetForeign,
    SeqNumTaken,
)
from panda_web.rpc.removed import PayloadDropped

MAX_WORDS = 300
"""Characters of a node's own words about a refusal that are kept."""

OTHERS = frozenset((SeqNumTaken.reason, BacklinkMismatch.reason, SkiplinkMismatch.reason))
"""Words that say that the node holds others of this log's entries. Nothing but these entries proves them."""


def _kinds(error: type[PandaError]) -> Iterator[type[PandaError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _kinds(kind)


_OF_A_MESSAGE: tuple[type[PandaError], ...] = (
    LogSchemaMismatch,
    LogCondemned,
    InstanceUnknown,
    InstanceDeleted,
    RelationTargetForeign,
    PayloadDropped,
    *_kinds(InvalidFields),
    *_kinds(InvalidSchema),
    *_kinds(InvalidMessage),
)
OF_A_MESSAGE = frozenset(error.reason for error in _OF_A_MESSAGE) - {PayloadTooLarge.reason}
"""Words that say that what the entry's message says counts for nothing. Its place is not in doubt.

A node of another version may refuse what this client holds for a message, or for a definition. What is too
large it takes from no peer either."""

BLOCKING = OTHERS | OF_A_MESSAGE | {AfterEndOfLog.reason}
"""Words of a refusal that does not pass by itself. After any other the next write tries again."""

LAGGING = frozenset((BacklinkMissing.reason, SkiplinkMissing.reason))
"""Words that say that the node lacks earlier entries of this log."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What one node refuses of one log.

    Attributes:
        seq_num: of the entry.
        reason: the node's word for it.
        words: what the node says about it, `MAX_WORDS` characters at most.
    """

    seq_num: int
    reason: str
    words: str

    @classmethod
    def of(cls, seq_num: int, error: PandaError) -> "Refusal":
        """Out of a node's answer."""
        return cls(seq_num, error.reason, str(error)[:MAX_WORDS])

    def refused(self, node: str, log_id: int) -> LogRefused:
        """The error for whoever has signed the entry, or had it sent again."""
        return self._error(node, log_id, "It is signed, and kept for them.")

    def blocked(self, node: str, log_id: int) -> LogRefused:
        """The error for whoever wants to add to the log at this node. Nothing was signed."""
        return self._error(
            node, log_id, "So your change was not signed. At a node that takes the entry it can be made."
        )

    def passed_over(self, node: str, log_id: int, entry_hash: bytes, *, shown: bool) -> MessageRefused:
        """The error for who has signed the entry: the node has it, as part of the log.

        Args:
            node: its name.
            log_id: the log.
            entry_hash: of the entry.
            shown: whether the node says nothing against showing it.
        """
        what = "counts there all the same" if shown else "is shown to nobody there"
        return MessageRefused(
            f"The node {node} refuses what entry {self.seq_num} of log {log_id} says "
            f"({self.words.rstrip('.')}). It was brought there, so that the log goes on, and {what}. "
            "Write anew what should stand.",
            node=self.reason,
            logId=log_id,
            seqNum=self.seq_num,
            entryHash=entry_hash.hex(),
        )

    def _error(self, node: str, log_id: int, then: str) -> LogRefused:
        return LogRefused(
            f"The node {node} refuses entry {self.seq_num} of log {log_id} ({self.words.rstrip('.')}), and "
            f"takes nothing that follows it in this log. Other nodes may take it. {then}",
            node=self.reason,
            logId=log_id,
            seqNum=self.seq_num,
        )
