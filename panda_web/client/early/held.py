"""A log as an early node holds it, and what that means for an entry that is sent there."""

from collections.abc import Sequence
from dataclasses import dataclass

from panda_web import bamboo
from panda_web.bamboo import InvalidEntry
from panda_web.bamboo.errors import BacklinkMissing
from panda_web.client.errors import SlotBlocked
from panda_web.log import SignedEntry, VerifiedEntry
from panda_web.rpc.errors import ErrorFromNode, SeqNumTaken
from panda_web.rpc.methods import StoredEntry


@dataclass(frozen=True, slots=True)
class HeldLog:
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


def altered_in(stored: Sequence[StoredEntry], author: bytes, log_id: int) -> set[int]:
    """Seq nums at which there are bytes that begin as an entry of the log does, and are none."""
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
