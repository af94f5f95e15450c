"""The entries by which an instance is checked: what its values rest on, and what links that to entry 1.

Whoever updates an instance for ever would else make every answer that it is in larger and slower, for all.
The view knows of each field which update set it.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import islice

from panda_web.bamboo import path
from panda_web.node.store import Store
from panda_web.node.store.compiling import InstanceRow
from panda_web.node.store.entries import EntryRow
from panda_web.node.views import View

MAX_PROOF = 2 << 20
"""Bytes of payloads in the proof of one instance; one that needs more is given without, and not shown."""

_FEW = 8
"""Entries that are not worth looking into."""

Place = tuple[int, int]
"""A log's key, and a seq num."""


@dataclass(slots=True)
class Count:
    """How much was read.

    Attributes:
        size: bytes of entries and payloads.
    """

    size: int = 0

    def __call__(self, entry: EntryRow) -> EntryRow:
        """Counts an entry, and gives it."""
        self.size += len(entry.entry) + len(entry.payload or b"")
        return entry


def prove(
    store: Store, row: InstanceRow, view: View, given: Set[Place], count: Count
) -> dict[Place, EntryRow]:
    """The proof of an instance, by place; empty where it would be too much.

    What serves as a link only goes without its payload, and not twice in an answer. Shortest paths share
    their ends, so a path that meets an entry given before is complete.

    A place says which entry it is: what is shown stands before all slots that two entries have, since from
    the first of these on its log is condemned.

    Args:
        store: what is asked.
        row: the instance.
        view: its schema's.
        given: what the answer has given already.
        count: counts what is read.
    """
    own = _own(store, row, view, count)
    if own is None or sum(len(entry.payload or b"") for entry in own) > MAX_PROOF:
        return {}
    log = row.log_key
    proof = {(log, entry.seq_num): entry for entry in own}
    for entry in own:
        for seq_num in islice(path(entry.seq_num, 1), 1, None):
            if (log, seq_num) in proof or (log, seq_num) in given:
                break
            proof[log, seq_num] = count(store.entries.at(log, seq_num, payload=False))
    return proof


def _own(store: Store, row: InstanceRow, view: View, count: Count) -> list[EntryRow] | None:
    """The create, and the updates of which a value still stands; None where they are too much to look for."""
    few = store.entries.some_of_instance_in(row.log_key, row.id, _FEW + 1)
    for entry in few:
        count(entry)
    if len(few) <= _FEW:
        return [entry for entry, _ in view.counting(few)]
    standing = view.table.standing(row.id, row.log_key)
    places = standing.rests_on if standing is not None else []
    return _within(MAX_PROOF, store, row.log_key, places, count)


def _within(
    most: int, store: Store, log_key: int, places: Sequence[int], count: Count
) -> list[EntryRow] | None:
    """The entries at these places; None where their payloads have more bytes together."""
    found = []
    for place in places:
        found.append(count(store.entries.at(log_key, place)))
        most -= len(found[-1].payload or b"")
        if most < 0:
            return None
    return found
