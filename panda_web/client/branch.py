"""An own log as a node holds it, after checking it: what a log may be taken over from, and no more.

Every entry in it was shown, is canonical and signed, and a path of links leads from the last one to entry 1.
So a node's bare word is never a link of a new entry: an altered copy of an entry, as early nodes take from
anybody, is no entry here, and what is built on one is not taken over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from panda_web import log as log_module
from panda_web import messages
from panda_web.bamboo import Head, InvalidPayload, check_payload, claims, path
from panda_web.client.errors import LogNotProven, NodeContradictsItself
from panda_web.log import SignedEntry, VerifiedEntry
from panda_web.messages import InvalidMessage


@dataclass(frozen=True, slots=True)
class Branch:
    """A log at a node.

    Attributes:
        head: its end, with all hashes that later entries may need.
        hashes: seq num to entry hash, for all that the author has signed for in it: the entries that were
            shown, and what they link to.
    """

    head: Head
    hashes: Mapping[int, bytes]

    @classmethod
    def of(cls, log_id: int, shown: Iterable[SignedEntry]) -> "Branch | None":
        """The log of which these entries were shown; None where there are none.

        Raises:
            LogNotProven: no path of links leads from the last one to entry 1.
            NodeContradictsItself: two of them cannot be in one log.
        """
        entries = {signed.hash: signed for signed in shown}
        if not entries:
            return None
        hashes: dict[int, bytes] = {}
        for signed in entries.values():
            for seq_num, entry_hash in claims(signed.entry, signed.hash):
                if hashes.setdefault(seq_num, entry_hash) != entry_hash:
                    raise NodeContradictsItself(
                        f"The node shows two entries {seq_num} in log {log_id}, and a log has one."
                    )
        last = max(signed.entry.seq_num for signed in entries.values())
        placed = log_module.verify_paths(entries.values())
        for n in path(last, 1):
            if not isinstance(placed.get(hashes.get(n, b"")), VerifiedEntry):
                raise not_proven(log_id, n)
        return cls(Head(last, {n: hashes[n] for n in path(last, 1)}), hashes)

    def first_other(self, known: Mapping[int, bytes]) -> int | None:
        """The lowest seq num of those known for which the author has signed something else here: a fork."""
        return min((n for n, found in self.hashes.items() if known.get(n, found) != found), default=None)


def first_other(shown: Iterable[SignedEntry], known: Mapping[int, bytes]) -> int | None:
    """The lowest seq num of those known for which some entries show that their author signed something else.

    They need not be linked: each signature is a proof by itself.
    """
    signed = [each for entry in shown for each in claims(entry.entry, entry.hash)]
    return min((n for n, found in signed if known.get(n, found) != found), default=None)


def said_to_be(schema: str, shown: Iterable[tuple[SignedEntry, bytes]]) -> bool:
    """Whether a log is for a schema, as its author's messages say, so far as they are shown.

    Early nodes may have two schemas in one log. Messages that cannot be read are no sign of another one.
    """
    said: set[str | None] = set()
    for signed, payload in shown:
        try:
            check_payload(signed.entry, payload)
            said.add(messages.decode(payload).schema)
        except InvalidPayload:
            continue  # it is not at hand, or not what was signed
        except InvalidMessage:
            said.add(None)
    return schema in said or said == {None}


def not_proven(log_id: int, seq_num: int) -> LogNotProven:
    """The error for an entry on which the next one would be built, and which was not shown."""
    return LogNotProven(
        f"The node does not show entry {seq_num} of log {log_id} as one that this key has signed, so nothing "
        "is signed on it. Early nodes take altered copies of entries from anybody, and one blocks the log "
        "there. Use another node: what you have signed is kept here, and goes there.",
        logId=log_id,
        seqNum=seq_num,
    )
