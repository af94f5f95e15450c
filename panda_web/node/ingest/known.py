"""What is held, as far as one transaction has read it or written it: each is read once.

Most of what comes is the next entry of a log that is held to its end. All that it is checked by was read, or
written, with the entry before.
"""

from panda_web.bamboo import Entry, lipmaa
from panda_web.log import Held, SignedEntry, VerifiedEntry
from panda_web.node.ingest.limits import House
from panda_web.node.store.entries import LogRow
from panda_web.rpc.methods import PayloadState


class Known:
    """Is made anew for each transaction: before it and behind it others write.

    Args:
        house: whose store is read.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._entries = house.store.entries
        self._logs: dict[tuple[bytes, int], LogRow | None] = {}
        self._held: dict[bytes, Held | None] = {}
        self._admitted: set[bytes] = set()

    def log(self, author: bytes, log_id: int) -> LogRow | None:
        """The log, if anything of it is held."""
        log = author, log_id
        if log not in self._logs:
            self._logs[log] = self._entries.log(author, log_id)
        return self._logs[log]

    def held(self, entry_hash: bytes) -> Held | None:
        """The entry with a hash; that it may end its log is not asked."""
        if entry_hash not in self._held:
            self._held[entry_hash] = self._entries.held(entry_hash)
        return self._held[entry_hash]

    def state(self, log_row: LogRow | None, signed: SignedEntry) -> PayloadState | None:
        """What became of the payload of an entry of a log; None where the entry is not held."""
        if log_row is None or signed.entry.seq_num > log_row.seq_num:
            return None
        return self._entries.state(signed.hash)

    def has_its_links(self, entry: Entry) -> bool:
        """Whether all that an entry links to is held, each in its place."""
        links = (entry.backlink, entry.seq_num - 1), (entry.skiplink, lipmaa(entry.seq_num))
        return all(self._is_at(entry, seq_num, link) for link, seq_num in links if link is not None)

    def _is_at(self, entry: Entry, seq_num: int, link: bytes) -> bool:
        there = self.held(link)
        at = entry.author, entry.log_id, seq_num
        return there is not None and (there.author, there.log_id, there.seq_num) == at

    def admit(self, author: bytes) -> None:
        """Raises AuthorRefused unless anything is taken in of an author."""
        if author not in self._admitted:
            self._house.admit(author)
            self._admitted.add(author)

    def note(self, log_row: LogRow, verified: VerifiedEntry) -> None:
        """An entry was stored, or its payload: its log is as it is given."""
        author, log_id = log_row.author, log_row.log_id
        self._logs[author, log_id] = log_row
        self._held[verified.hash] = Held(author, log_id, verified.entry.seq_num, False, verified.hash)
