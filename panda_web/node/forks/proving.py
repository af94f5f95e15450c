"""`panda_getForkProofs`: which logs are forked, with the two entries that prove it.

Nothing is kept for that but the entries themselves, which are never removed: what is held of a log says what
is proven against its author. So nodes that hold the same prove the same.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from panda_web.bamboo import ForkProof, claims, linking_to
from panda_web.log import SignedEntry
from panda_web.node.store import Store
from panda_web.node.store.entries import LogRow
from panda_web.rpc.forks import ForkedLog
from panda_web.rpc.wish import Log


def answer(
    store: Store, author: bytes | None, log_id: int | None, after: Log | None, limit: int
) -> Sequence[ForkedLog]:
    """The logs that are forked, in order of author and log id.

    Args:
        store: what is asked.
        author: only logs of this one.
        log_id: only this log of the author.
        after: only logs behind this one.
        limit: how many, at most.
    """
    logs = store.forks.condemned(author, log_id, after)
    proofs = ((proof_of(store, each), each.second) for each in logs)
    return [*islice((ForkedLog(proof, second) for proof, second in proofs if proof is not None), limit)]


def proof_of(store: Store, log_row: LogRow) -> ForkProof | None:
    """The proof of the least place from which on a log is condemned; None where no fork condemns it.

    Of several it is the one whose halves stand at the place themselves, and of those the least: the same
    wherever the same is held.
    """
    position = log_row.condemned
    least: dict[bytes, tuple[int, bytes, SignedEntry]] = {}
    for signed in _about(store, log_row, position):
        for seq_num, claimed in claims(signed.entry, signed.hash):
            if seq_num == position:
                found = (signed.entry.seq_num, signed.hash, signed)
                least[claimed] = min(least.get(claimed, found), found, key=lambda each: each[:2])
    halves = [signed for *_, signed in sorted(least.values(), key=lambda each: each[:2])]
    if len(halves) < 2 and position == log_row.ended + 1:
        end = store.entries.verified(log_row.key, log_row.ended)
        halves = [*end, *store.forks.next_behind(log_row.key, log_row.ended)]
    return ForkProof.of(halves[0].entry, halves[1].entry) if len(halves) > 1 else None


def _about(store: Store, log_row: LogRow, position: int) -> Iterator[SignedEntry]:
    """What is held that says which entry stands at a place of a log."""
    yield from store.entries.verified(log_row.key, position)
    for seq_num in linking_to(position):
        if seq_num <= log_row.seq_num:
            yield from store.entries.verified(log_row.key, seq_num)
