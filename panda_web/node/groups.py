"""Writing to the store, for many at once.

A group is one transaction, and all in it are answered when its COMMIT has returned: one wait for the disk
serves them all. Each work has a savepoint of its own, so one that is refused takes nothing of the others with
it; it sees what those before it in the group did. That is why a refusal waits for the COMMIT too, and why
everyone in a group gets the error when it fails: what a verdict rested on would be gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from panda_web.errors import StoreFailed
from panda_web.node.batches import Batches
from panda_web.node.store import Store

MOST = 64
"""What the works in one transaction weigh: an ordinary message, of some fields and some KiB, counts for one.
What they have to write is worked out in the event loop, some 10 ms."""

ROWS = 32
BYTES = 8 << 10
"""Rows to write or to look up, and bytes, that count for one."""

T = TypeVar("T")


def weight(rows: int, size: int) -> int:
    """What a work weighs that has to do with so many rows, and so many bytes."""
    return max(1, rows // ROWS, size // BYTES)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done in a transaction, and what it weighs."""

    do: Callable[[], Any]
    weight: int


class Groups:
    """The one way to write while a node runs: whoever writes to its store, writes by the same one of these.

    A caller that is cancelled undoes nothing: what was begun is finished, what was not is never begun.

    Args:
        store: where is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batches: Batches[Work, Any] = Batches(self._do_many, most=MOST, weigh=lambda work: work.weight)

    async def __call__(self, work: Callable[[], T], weight: int = 1) -> T:
        """Does something in a transaction; returns what it gives once that is durable.

        Args:
            work: what is done.
            weight: what it weighs, of `MOST`.

        Raises:
            StoreFailed: the database did not obey; nothing was stored.
            Exception: what the work raises; nothing of it was stored.
        """
        return cast("T", await self._batches(Work(work, weight)))

    async def finish(self) -> None:
        """Returns once nothing is under way."""
        await self._batches.finish()

    async def _do_many(self, works: Sequence[Work]) -> Sequence[Any]:
        results: list[Any] = []
        try:
            await self._store.begin()
            results = [self._do(work) for work in works]
            await self._store.durable()
        except StoreFailed as error:
            # What one of them heard says why. One each: an error that is raised in several places collects
            # all their traces.
            cause = next((result for result in results if isinstance(result, StoreFailed)), error)
            return [type(cause)(str(cause)) for _ in works]
        return results

    def _do(self, work: Work) -> Any:
        try:
            with self._store.transaction():
                return work.do()
        except Exception as error:  # noqa: BLE001 - a fault with one is not the others'
            return error
