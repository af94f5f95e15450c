"""Which entries of a log are sent next, and together."""

from collections.abc import Sequence

from panda_web.client.log_state import LogState, OwnEntry
from panda_web.client.refusals import OTHERS
from panda_web.errors import PandaError
from panda_web.rpc.errors import ErrorFromNode, SeqNumTaken

SEND_AT_ONCE = 16
"""Entries in one batch to the node: few enough that progress shows, enough that latency does not rule."""

MAX_BATCH = 4 << 20
"""Bytes of a batch in hex, half of what a node takes; a larger single entry goes alone."""


def look_back(log: LogState, held: int, error: PandaError, again_from: int | None) -> int | None:
    """Behind which entry to send again, to find where a fork begins; None where that is known.

    A node that was set back, and on which another copy of the key then went on, holds others than it has
    acknowledged. So the last of these is sent once more, and where it lost its place too, all are.

    Args:
        log: the log.
        held: the last entry that the node has acknowledged.
        error: with which it refused the next one.
        again_from: what this gave before, in the same call.
    """
    if not isinstance(error, ErrorFromNode) or error.reason not in OTHERS:
        return None
    first = log.first - 1
    if again_from is None:
        earlier = held - 1 if error.reason == SeqNumTaken.reason else first
    else:
        earlier = first if held == again_from else held
    return earlier if first <= earlier < held else None


def following(entries: Sequence[OwnEntry], above: int) -> Sequence[OwnEntry]:
    """Of entries that follow each other, those behind `above`, as many as are sent at once; else none."""
    start = above + 1 - entries[0].seq_num if entries else -1
    return entries[start : start + SEND_AT_ONCE] if start >= 0 else ()


def at_once(entries: Sequence[OwnEntry]) -> Sequence[OwnEntry]:
    """The first entries, as many as fit into a batch, one at least."""
    size = 0
    for count, own in enumerate(entries):
        size += 2 * (len(own.entry) + len(own.payload))
        if count and size > MAX_BATCH:
            return entries[:count]
    return entries
