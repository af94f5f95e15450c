"""What would be lost with this store: entries that are nowhere else."""

from collections.abc import Iterable

from panda_web.client.log_state import LogState

LOGS = "log/"
"""How the keys of all own logs begin, whichever author's they are."""

HERE = "local:"
"""How the names of nodes begin that go with the store: what they have acknowledged goes with it."""


def unsent(texts: Iterable[str]) -> int:
    """How many signed entries no node has acknowledged, but for those that go with the store.

    What lost its place to another copy of the key waits for nobody, and does not count.

    Args:
        texts: what is stored at `LOGS`.

    Raises:
        StoreFailed: what is stored is damaged.
    """
    return sum(map(_of_log, map(LogState.read, texts)))


def _of_log(log: LogState) -> int:
    if log.given_up:
        return 0
    elsewhere = (up_to for node, up_to in log.acknowledged.items() if not node.startswith(HERE))
    return max(0, log.head.seq_num - max(log.first - 1, *elsewhere, 0))
