"""Forks: what two entries of one log prove against their author, with nothing but their own bytes.

By an entry its author signs for hashes at up to three places of the log: at its own, and at those that its
two links lead to. Whoever signs for two at one place has forked the log there; whoever goes on behind an end
of log has forked it right behind the end. Source: AljoschaMeyer/bamboo-point2point.

Nothing here checks a signature: `log.verify_proof` does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

from panda_web.bamboo import varu64
from panda_web.bamboo.entry import MAX_SIZE, Entry, decode, decode_first
from panda_web.bamboo.errors import EntryTruncated, HalvesApart, HalvesDisordered, HalvesEqual, ProvesNothing
from panda_web.bamboo.links import lipmaa
from panda_web.bamboo.yamf import digest

Shape = Literal["entries", "entry-and-link", "links", "end"]
"""Two entries in one slot; a link that is not to the entry in its place; two links to one slot that differ;
an entry behind the end of its log."""

MAX_PROOF = 2 * MAX_SIZE
"""No proof is longer, in bytes: a reader may refuse more before looking at it."""


def claims(entry: Entry, entry_hash: bytes) -> Iterator[tuple[int, bytes]]:
    """The seq nums and hashes that an entry's author has signed for with it: its own, and its links."""
    yield entry.seq_num, entry_hash
    if entry.backlink is not None:
        yield entry.seq_num - 1, entry.backlink
    if entry.skiplink is not None:
        yield lipmaa(entry.seq_num), entry.skiplink


@dataclass(frozen=True, slots=True)
class ForkProof:
    """Two entries of one author and log that cannot both stand. Made by `of` or `decode`, which check that.

    Attributes:
        first: the one with the lesser seq num; of two in one slot, the one with the lesser bytes.
        second: the other one.
        position: the least seq num for which they prove it: what comes before is not in question.
        shape: how.
    """

    first: Entry
    second: Entry
    position: int
    shape: Shape

    @classmethod
    def of(cls, one: Entry, other: Entry) -> Self:
        """What two entries prove, in whichever order.

        Raises:
            HalvesEqual: they are the same entry.
            HalvesApart: they are of two authors, or of two logs.
            ProvesNothing: they can both stand.
        """
        if one == other:
            raise HalvesEqual("The two halves of the proof are the same entry.")
        if (one.author, one.log_id) != (other.author, other.log_id):
            raise HalvesApart("The two halves of the proof are of different logs.")
        first, second = sorted((one, other), key=_order)
        found = min(_contradictions(first, second), default=None)
        if found is None:
            raise ProvesNothing("The two entries can both stand in one log: they prove no fork.")
        position, _, shape = found
        return cls(first, second, position, shape)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Reads a proof that fills `data` exactly.

        Raises:
            InvalidEntry: there are no two entries, one of its subclasses saying why.
            InvalidForkProof: they prove nothing, one of its subclasses saying why.
        """
        first, at = decode_first(data)
        if at == len(data):
            raise EntryTruncated("The proof ends behind its first half.")
        second = decode(data[at : at + 1] + _beginning(first) + data[at + 1 :])
        if _order(second) < _order(first):
            raise HalvesDisordered("The halves of the proof stand in the wrong order.")
        return cls.of(first, second)

    def encode(self) -> bytes:
        """The first half, then the second without its author and log. `MAX_PROOF` bytes at most."""
        second = self.second.encode()
        return self.first.encode() + second[:1] + second[1 + len(_beginning(self.second)) :]

    @property
    def author(self) -> bytes:
        """Who forked the log: 32 bytes."""
        return self.first.author

    @property
    def log_id(self) -> int:
        """The log that is forked."""
        return self.first.log_id

    @property
    def branches(self) -> tuple[bytes, bytes] | None:
        """The hashes that `first` and `second` claim at the position; None behind an end."""
        if self.shape == "end":
            return None
        one, other = (dict(claims(each, digest(each.encode()))) for each in (self.first, self.second))
        return one[self.position], other[self.position]


def _order(entry: Entry) -> tuple[int, bytes]:
    return entry.seq_num, entry.encode()


def _beginning(entry: Entry) -> bytes:
    """What follows the tag in every entry of a log."""
    return entry.author + varu64.encode(entry.log_id)


_SHAPES: tuple[Shape, ...] = ("entries", "entry-and-link", "links")


def _contradictions(first: Entry, second: Entry) -> Iterator[tuple[int, int, Shape]]:
    """Where two entries contradict each other, how clearly, and how: what is least says it best."""
    mine = dict(claims(first, digest(first.encode())))
    for seq_num, claimed in claims(second, digest(second.encode())):
        if mine.get(seq_num, claimed) != claimed:
            links = sum(seq_num != each.seq_num for each in (first, second))
            yield seq_num, links, _SHAPES[links]
    if first.end_of_log and first.seq_num < second.seq_num:
        yield first.seq_num + 1, len(_SHAPES), "end"
