"""`panda_getForkProofs`: which logs are forked, with the two entries that prove it, and what is voted.

Nothing is kept for a proof but the entries themselves, which are never removed: what is held of a log says
what is proven against its author. So nodes that hold the same prove the same. Which branch is followed, each
decides by the votes that it counts.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from panda_web.bamboo import ForkProof, claims, linking_to
from panda_web.log import SignedEntry
from panda_web.node.forks.trusting import Trust
from panda_web.node.store import Store
from panda_web.node.store.entries import LogRow
from panda_web.node.store.forks import Parted
from panda_web.rpc.forks import MOST_VOTES, ForkedLog, HeldVote
from panda_web.rpc.wish import Log

LOOKED_AT = 20_000
"""Condemned logs that are looked at for an answer, some 20 µs each: a log may be broken and not forked, and
keys that break logs cost nothing. A fork behind so many of these is named where its log is asked for."""


def answer(
    store: Store, trust: Trust, author: bytes | None, log_id: int | None, after: Log | None, limit: int
) -> Sequence[ForkedLog]:
    """The logs that are forked, in order of author and log id; of each the places at which it forks.

    Args:
        store: what is asked.
        trust: whose votes count.
        author: only logs of this one.
        log_id: only this log of the author.
        after: only logs behind this one.
        limit: how many logs, at most.
    """
    logs = islice(store.forks.condemned(author, log_id, after), LOOKED_AT)
    found = filter(None, ([*_forks(store, trust, each, MOST_VOTES // limit)] for each in logs))
    return [each for some in islice(found, limit) for each in some]


def _forks(store: Store, trust: Trust, log_row: LogRow, most: int) -> Iterator[ForkedLog]:
    """Where a log is proven to fork: the least place, and later ones on the branch that is followed."""
    partings = store.forks.partings(log_row.key) or [Parted(log_row.condemned, None)]
    for each in partings:
        proof = None
        if each.one is not None and each.other is not None:
            proof = ForkProof.of(store.forks.entry(each.one).entry, store.forks.entry(each.other).entry)
        elif each is partings[0]:
            proof = proof_of(store, log_row)
        if proof is not None:
            votes = _votes(store, trust, log_row, each.seq_num, most)
            yield ForkedLog(proof, log_row.second, votes, each.followed)


def _votes(store: Store, trust: Trust, log_row: LogRow, seq_num: int, most: int) -> tuple[HeldVote, ...]:
    """Votes about a place, so many: those that count, and then some of others."""
    log = log_row.author, log_row.log_id
    counted = store.votes.last_of(log, seq_num, sorted(trust.voters))
    others = [each for each in store.votes.some(log, seq_num, most) if each.voter not in trust.voters]
    votes = [HeldVote(each.voter, each.followed, counted=True) for each in counted]
    votes += [HeldVote(each.voter, each.followed, counted=False) for each in others]
    return tuple(votes[:most])


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
