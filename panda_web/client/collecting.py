"""All instances that a question asks for, in order, as pages and changes say them. Pure: no I/O, no clock.

Pages say what there is, and changes what became of single instances: both are states, so they may come
twice. Changes that come while pages are fetched are taken in behind the last page. Whoever began anew is told
only what differs from what they knew.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Literal

from panda_web.client.check import Instance, Rejected
from panda_web.client.errors import SubscriptionTooLarge
from panda_web.client.rejections import Rejections
from panda_web.query import Cursor, Query, is_behind, place

MOST_KEPT = 10_000
"""Instances that one subscription keeps."""

Kind = Literal["added", "changed", "deleted", "gone"]
"""What became of an instance: it is there and was not; it says something else; its author ended it, and
signed that; the node does not give it any more, which nobody can check: it may be hidden for what it leads
to, or no longer be what was asked for."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an instance.

    Attributes:
        id: of the instance, 132 hex digits.
        kind: what became of it.
        instance: as it is now; None where it is not there any more.
    """

    id: str
    kind: Kind
    instance: Instance | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a subscription gives.

    Attributes:
        changes: what is new, each instance once; the first time all that there are, as added.
        instances: all as they are now, in the order asked for.
        rejected: what the node told and what does not pass the checks: it is not shown, and what was known of
            it stays. The first `MOST_REJECTED` are here.
        rejected_count: how many there were.
    """

    changes: tuple[Change, ...]
    instances: tuple[Instance, ...]
    rejected: tuple[Rejected, ...] = ()
    rejected_count: int = 0


class Collected:
    """What is known of the instances that a question asks for.

    Args:
        query: the question; its order counts, and what it asks for is checked before.
        most: instances that are kept; None for `MOST_KEPT`.
        select: the fields that are told; None for all.
    """

    def __init__(self, query: Query, most: int | None = None, select: Collection[str] | None = None) -> None:
        self._order = query.order
        self._most = MOST_KEPT if most is None else most
        self._select = frozenset(select) if select is not None else None
        self._known: dict[str, tuple[Cursor, Instance]] = {}
        self._places: list[Cursor] = []
        self._told: dict[str, Instance] | None = None
        self._deleted: set[str] = set()
        self._dirty: set[str] = set()
        self._rejected = Rejections()
        self._paged: set[str] = set()
        self._whole = False

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All that there are, in order."""
        return tuple(self._known[each.id][1].chosen(self._select) for each in self._places)

    def known(self, instance: str) -> Instance | None:
        """An instance, where it is known."""
        found = self._known.get(instance)
        return found[1] if found is not None else None

    def begin(self) -> None:
        """From here on pages say anew what there is, from the first one to the last."""
        self._paged = set()

    def answer(self, instances: Iterable[Instance], rejected: Sequence[Rejected] = ()) -> None:
        """A page. Raises SubscriptionTooLarge."""
        self._rejected.add(rejected)
        for each in instances:
            self._paged.add(each.id)
            self._put(each)
        # What was known of these stays. A page that says of anything else that it is wrong takes no room.
        self._paged.update(each.id for each in rejected if each.id in self._known)

    def end(self) -> None:
        """The last page was there: what none of them said is gone."""
        for each in self._known.keys() - self._paged:
            self._remove(each)
        self._paged = set()
        self._whole = True

    def change(self, instance: str, now: Instance | None, *, deleted: bool = False) -> None:
        """A change.

        Args:
            instance: its id.
            now: as it is now; None where it is gone.
            deleted: whether it is gone because its author ended it.

        Raises:
            SubscriptionTooLarge: there are more than may be kept.
        """
        if now is not None:
            self._put(now)
        else:
            self._remove(instance, deleted=deleted)

    def reject(self, rejected: Sequence[Rejected]) -> None:
        """What does not pass the checks."""
        self._rejected.add(rejected)

    def tell(self) -> Changed | None:
        """What is new since this was last called; None where nothing is, but for the first time.

        None too as long as not all that there is has been there once.
        """
        if not self._whole:
            return None
        first = self._told is None
        told = self._told = self._told if self._told is not None else {}
        changes = [*self._changes(told)]
        self._dirty.clear()
        self._deleted.clear()
        rejected, self._rejected = self._rejected, Rejections()
        if not (first or changes or rejected.count):
            return None
        return Changed(tuple(changes), self.instances, tuple(rejected.kept), rejected.count)

    def _changes(self, told: dict[str, Instance]) -> Iterable[Change]:
        for each in sorted(self._dirty, key=self._rank):
            before, now = told.get(each), self.known(each)
            now = now.chosen(self._select) if now is not None else None
            if now is None and before is not None:
                del told[each]
                yield Change(each, "deleted" if each in self._deleted else "gone", None)
            elif now is not None and (before is None or differ(before, now)):
                told[each] = now
                yield Change(each, "added" if before is None else "changed", now)

    def _rank(self, instance: str) -> tuple[int, int, str]:
        """What is gone first, then the others in their order."""
        found = self._known.get(instance)
        return (0, 0, instance) if found is None else (1, self._at(found[0]), instance)

    def _put(self, instance: Instance) -> None:
        self._remove(instance.id)
        if len(self._known) >= self._most:
            raise SubscriptionTooLarge(
                f"More than {self._most:,} instances are what was asked for, and no more are kept up to "
                "date. Narrow the filter, or query page by page."
            )
        here = place(instance, self._order)
        self._known[instance.id] = here, instance
        insort(self._places, here, key=self._key)
        self._deleted.discard(instance.id)

    def _remove(self, instance: str, *, deleted: bool = False) -> None:
        self._dirty.add(instance)
        if deleted:
            self._deleted.add(instance)
        found = self._known.pop(instance, None)
        if found is not None:
            del self._places[self._at(found[0])]

    def _at(self, here: Cursor) -> int:
        return bisect_left(self._places, self._key(here), key=self._key)

    @property
    def _key(self):  # type: ignore[no-untyped-def]
        def compared(one: Cursor, other: Cursor) -> int:
            if one == other:
                return 0
            return 1 if is_behind(one, other, self._order) else -1

        return cmp_to_key(compared)


def differ(before: Instance, now: Instance) -> bool:
    """Whether two states of an instance are two."""
    return before.last_entry != now.last_entry or before.fields != now.fields
