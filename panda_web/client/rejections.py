"""What a node gives and what does not pass the checks, where that may be much: bounded, and counted."""

from collections.abc import Sequence

from panda_web.client.check import Rejected

MOST_REJECTED = 1_000
"""Of what does not pass the checks in many pages, or is told between two looks, so many are kept."""


class Rejections:
    """Collects it.

    Attributes:
        kept: the first `MOST_REJECTED`.
        count: how many there were.
    """

    def __init__(self) -> None:
        self.kept: list[Rejected] = []
        self.count = 0

    def add(self, rejected: Sequence[Rejected], count: int = 0) -> None:
        """Some more; `count` says how many there were, where that is more than are given."""
        self.count += max(count, len(rejected))
        self.kept += rejected[: MOST_REJECTED - len(self.kept)]
