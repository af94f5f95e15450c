"""What an entry proves against its author, together with what is held of its log.

Two entries in a slot; a link that is not to the entry in its place; two links to one slot that differ; an
entry behind the end of the log; a payload of another size than was signed. Each has a seq num from which on
nothing in the log counts but deletes. A log's least one is a function of what is held, so each that comes is
compared with all that it can contradict.
"""

from panda_web.bamboo import claims, linking_to
from panda_web.bamboo.errors import PayloadSizeMismatch
from panda_web.log import SignedEntry
from panda_web.node.ingest.checking import Checked
from panda_web.node.store import Store
from panda_web.node.store.entries import NEVER, LogRow


def by_payload(checked: Checked) -> int:
    """The seq num from which on a payload condemns its log; `NEVER` where it does not."""
    wrong_size = isinstance(checked.wrong, PayloadSizeMismatch)
    return checked.signed.entry.seq_num if wrong_size else NEVER


def by_entry(store: Store, log_row: LogRow | None, signed: SignedEntry) -> int:
    """The least seq num from which on an entry that is about to be stored condemns its log.

    What the log is condemned for already is not looked for again.
    """
    if log_row is None:
        return NEVER
    entry = signed.entry
    found = log_row.condemned
    if log_row.ended and entry.seq_num > log_row.ended:
        found = min(found, log_row.ended + 1)
    if entry.end_of_log and log_row.seq_num > entry.seq_num:
        found = min(found, entry.seq_num + 1)
    for seq_num, claimed in claims(signed.entry, signed.hash):
        if seq_num < found and is_contradicted(store, log_row, seq_num, claimed):
            found = seq_num
    return found


def is_contradicted(store: Store, log_row: LogRow, seq_num: int, claimed: bytes) -> bool:
    """Whether a held entry shows that the author signed for another hash in a slot than for this one."""
    there = store.entries.hashes_at(log_row.key, seq_num) if seq_num <= log_row.seq_num else []
    if there:  # what else is held that links there has been compared with it
        return any(each != claimed for each in there)
    return linking_past(store, log_row, seq_num, claimed) is not None


def linking_past(store: Store, log_row: LogRow, seq_num: int, claimed: bytes) -> SignedEntry | None:
    """The first held entry that links to another hash in a slot than to this one; None where none does."""
    return next(
        (
            other
            for behind in linking_to(seq_num)
            if behind <= log_row.seq_num
            for other in store.entries.verified(log_row.key, behind)
            for slot, link in claims(other.entry, other.hash)
            if slot == seq_num and link != claimed
        ),
        None,
    )
