"""An entry's place in its log, and its payload: pure checks, one named error for each broken rule.

`check_links` sees the link targets; where they come from (a database, a pool of entries from a peer) is the
caller's business, and so is having checked the targets themselves.
"""

from typing import Protocol

from panda_web.bamboo import yamf
from panda_web.bamboo.entry import Entry
from panda_web.bamboo.errors import (
    AfterEndOfLog,
    BacklinkMismatch,
    BacklinkMissing,
    LinkAuthorMismatch,
    LinkLogMismatch,
    LinkSeqNumMismatch,
    PayloadHashMismatch,
    PayloadSizeMismatch,
    SkiplinkMismatch,
    SkiplinkMissing,
)
from panda_web.bamboo.links import lipmaa


class Place(Protocol):
    """What of an entry decides whether another one may link to it."""

    @property
    def author(self) -> bytes:
        """32 bytes."""

    @property
    def log_id(self) -> int:
        """The author's log."""

    @property
    def seq_num(self) -> int:
        """From 1."""

    @property
    def end_of_log(self) -> bool:
        """Whether nothing may follow it."""


Target = tuple[Place, bytes]
"""A link target: the entry, and its hash."""


def check_links(entry: Entry, backlink: Target | None, skiplink: Target | None) -> None:
    """Raises unless `entry` follows its targets: the entry at n - 1, and the one at lipmaa(n).

    Args:
        entry: the entry to place.
        backlink: the target at n - 1; None where it is not known (or where n = 1).
        skiplink: the target at lipmaa(n); ignored where the entry carries no skiplink.

    Raises:
        InvalidLink: one of its subclasses, named after the broken rule.
    """
    if entry.backlink is not None:
        if backlink is None:
            raise BacklinkMissing(f"Entry {entry.seq_num - 1} of this log is not here yet; publish it first.")
        check_target(entry, entry.seq_num - 1, backlink[0])
        if backlink[1] != entry.backlink:
            raise BacklinkMismatch(f"The backlink is not the hash of entry {entry.seq_num - 1}.")
    if entry.skiplink is not None:
        target = lipmaa(entry.seq_num)
        if skiplink is None:
            raise SkiplinkMissing(f"Entry {target} of this log is not here yet; publish it first.")
        check_target(entry, target, skiplink[0])
        if skiplink[1] != entry.skiplink:
            raise SkiplinkMismatch(f"The skiplink is not the hash of entry {target}.")


def check_target(entry: Entry, seq_num: int, target: Place) -> None:
    """Raises unless `target` may stand at `seq_num`, where `entry` links to. Hashes are compared elsewhere.

    Raises:
        InvalidLink: one of its subclasses, named after the broken rule.
    """
    check_link(entry, seq_num, target)
    if target.end_of_log:
        raise AfterEndOfLog(f"The log was ended by its author with entry {target.seq_num}.")


def check_link(entry: Entry, seq_num: int, target: Place) -> None:
    """The same, but for what may follow an end of log: who keeps a proof of that keeps the entry.

    Raises:
        LinkAuthorMismatch, LinkLogMismatch, LinkSeqNumMismatch: named after the broken rule.
    """
    if target.author != entry.author:
        raise LinkAuthorMismatch("A link leads to an entry of another author.")
    if target.log_id != entry.log_id:
        raise LinkLogMismatch(f"A link leads from log {entry.log_id} into log {target.log_id}.")
    if target.seq_num != seq_num:
        raise LinkSeqNumMismatch(
            f"A link leads to entry {target.seq_num}, but the rule demands entry {seq_num}."
        )


def check_payload(entry: Entry, payload: bytes) -> None:
    """Raises unless `payload` is the one that `entry` announces.

    Raises:
        PayloadHashMismatch: other bytes than the author signed for.
        PayloadSizeMismatch: the right bytes, but the author signed a wrong size.
    """
    if yamf.digest(payload) != entry.payload_hash:
        raise PayloadHashMismatch("The payload's hash is not the one in the entry.")
    if len(payload) != entry.payload_size:
        raise PayloadSizeMismatch(
            f"The payload has {len(payload)} bytes, but the entry says {entry.payload_size}."
        )
