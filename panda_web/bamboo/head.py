"""What an author must remember of a log to append to it: its length, and a logarithmic number of hashes.

Skiplinks never cross, so whatever entry n + 1 links to lies on the shortest path from n down to 1. Keeping
the hashes along that path is enough for ever: those of the path from n + 1 are the ones from its skiplink's
target down, and its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from panda_web.bamboo.entry import Unsigned
from panda_web.bamboo.errors import BacklinkMissing, SkiplinkMissing
from panda_web.bamboo.links import lipmaa
from panda_web.bamboo.yamf import digest


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

    def links(self, log_id: int) -> tuple[bytes | None, bytes | None]:
        """Skiplink and backlink of the next entry, None where it has none.

        Raises:
            BacklinkMissing, SkiplinkMissing: a hash that the next entry must contain is not known.
        """
        last = self.seq_num
        if last == 0:
            return None, None
        backlink = self.hashes.get(last)
        if backlink is None:
            raise BacklinkMissing(f"The hash of entry {last} of log {log_id} is not known.")
        target = lipmaa(last + 1)
        if target == last:
            return None, backlink
        skiplink = self.hashes.get(target)
        if skiplink is None:
            raise SkiplinkMissing(f"The hash of entry {target} of log {log_id} is not known.")
        return skiplink, backlink

    def advance(self, entry_hash: bytes) -> "Head":
        """The head after an entry with this hash was appended."""
        seq_num = self.seq_num + 1
        target = lipmaa(seq_num)
        if target == self.seq_num:  # no skiplink: the path from here goes through all that is known
            return Head(seq_num, {**self.hashes, seq_num: entry_hash})
        hashes = {n: known for n, known in self.hashes.items() if n <= target}
        hashes[seq_num] = entry_hash
        return Head(seq_num, hashes)
