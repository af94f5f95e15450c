"""What an author must remember of a log to append to it: its length, and a logarithmic number of hashes.

Skiplinks never cross, so whatever entry n + 1 links to lies on the shortest path from n down to 1. Keeping
the hashes along that path is enough for ever: those of the path from n + 1 are the ones from its skiplink's
target down, and its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from panda_web.bamboo.entry import Unsigned
from panda_web.bamboo.errors import BacklinkMissing, SkiplinkMissing
from panda_web.bamboo.links import lipmaa, path
from panda_web.bamboo.yamf import digest


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one entry in one log: what its payload may be bound to before the entry is signed.

    Attributes:
        author: 32 bytes.
        log_id: of the log.
        seq_num: of the entry.
        backlink: the hash of the entry before it, 66 bytes; None at seq num 1. So a slot that another entry
            took is not this one.
    """

    author: bytes
    log_id: int
    seq_num: int
    backlink: bytes | None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a log.

    Attributes:
        seq_num: of the last entry; 0 where the log is empty.
        hashes: seq num to entry hash, along the shortest path from `seq_num` to 1. It may have gaps where
            the log was taken over from elsewhere; then `append` says which hash is missing.
    """

    seq_num: int = 0
    hashes: Mapping[int, bytes] = field(default_factory=dict)

    def append(self, author: bytes, log_id: int, payload: bytes, *, end_of_log: bool = False) -> Unsigned:
        """The next entry, to be signed.

        Raises:
            BacklinkMissing, SkiplinkMissing: a hash that the next entry must contain is not known.
        """
        skiplink, backlink = self.links(log_id)
        return Unsigned(
            author,
            log_id,
            self.seq_num + 1,
            skiplink,
            backlink,
            len(payload),
            digest(payload),
            end_of_log,
        )

    def slot(self, author: bytes, log_id: int) -> Slot:
        """The place of the next entry.

        Raises:
            BacklinkMissing, SkiplinkMissing: no entry can be signed for it, since a hash is not known.
        """
        _, backlink = self.links(log_id)
        return Slot(author, log_id, self.seq_num + 1, backlink)

    def links(self, log_id: int) -> tuple[bytes | None, bytes | None]:
        """Skiplink and backlink of the next entry, None where it has none.

        Raises:
            BacklinkMissing, SkiplinkMissing: a hash that the next entry must contain is not known.
        """
        return next_links(self.seq_num, self.hashes, log_id)

    def advance(self, *entry_hashes: bytes) -> "Head":
        """The head after entries with these hashes were appended, in this order."""
        last = self.seq_num + len(entry_hashes)
        hashes = {**self.hashes, **dict(enumerate(entry_hashes, self.seq_num + 1))}
        return Head(last, {n: hashes[n] for n in sorted(path(last, 1)) if n in hashes})


def next_links(last: int, hashes: Mapping[int, bytes], log_id: int) -> tuple[bytes | None, bytes | None]:
    """As `Head.links`, of a log that ends with entry `last`."""
    if last == 0:
        return None, None
    backlink = hashes.get(last)
    if backlink is None:
        raise BacklinkMissing(f"The hash of entry {last} of log {log_id} is not known.")
    target = lipmaa(last + 1)
    if target == last:
        return None, backlink
    skiplink = hashes.get(target)
    if skiplink is None:
        raise SkiplinkMissing(f"The hash of entry {target} of log {log_id} is not known.")
    return skiplink, backlink
