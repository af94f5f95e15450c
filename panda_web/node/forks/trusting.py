"""Whose votes a node counts, and what these come to. Those of all would be for sale: keys cost nothing."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from panda_web.node.store import Store
from panda_web.rpc.wish import Log


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose votes count.

    Attributes:
        voters: public keys of 32 bytes.
        quorum: how many of them have to agree at least, 1 or more.
    """

    voters: frozenset[bytes] = frozenset()
    quorum: int = 1


NOBODY: Final = Trust()
"""No vote counts."""


def choose(store: Store, trust: Trust, log: Log, seq_num: int) -> bytes | None:
    """The hash of the entry that is to be followed where a log forks; None where nobody, or no one, wins.

    Each voter's last vote counts. An entry wins that a quorum is for, and more than for each other one.
    """
    votes = Counter(each.followed for each in store.votes.last_of(log, seq_num, trust.voters))
    (first, most), (_, second) = [*votes.most_common(2), (b"", 0), (b"", 0)][:2]
    return first if most >= trust.quorum and most > second else None
