"""Branches: which entries of a forked log stand with an entry that was chosen where it forks.

A log may fork again behind a fork. So it is asked at each place at which what is left still contradicts
itself, from the least on, which entry to follow there; what leads to another one is left out from then on.
Source of the places: AljoschaMeyer/bamboo-point2point.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from panda_web.bamboo.entry import Entry
from panda_web.bamboo.fork import claims
from panda_web.bamboo.varu64 import LIMIT

PAUSE = 1_000
"""Entries that are worked on between two pauses: a millisecond or two."""

_APART = b""
"""Stands for the entry that an entry leads to at some place, where that is more than one."""


@dataclass(frozen=True, slots=True)
class Parting:
    """A place where what is followed up to there parts.

    Attributes:
        position: the seq num.
        followed: the hash of the entry that was chosen; None where none was.
        halves: the numbers of two entries that together prove it, in the order in which they were added; None
            for the first place, which was given.
    """

    position: int
    followed: bytes | None
    halves: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What stands.

    Attributes:
        entries: the numbers of the entries that do, in order: no two of them in one slot.
        partings: from the least place on; only at the last one nothing may be chosen.
    """

    entries: Sequence[int]
    partings: Sequence[Parting]


class Branches:
    """The entries that are held of a log, from a place on at which it forks.

    What comes before that place is not looked at: it is in no question.
    """

    def __init__(self) -> None:
        self._seq_nums: list[int] = []
        self._claims: list[tuple[tuple[int, bytes], ...]] = []
        self._numbers: dict[bytes, int] = {}
        self._ends: set[int] = set()
        self._unsound: set[int] = set()

    def add(self, entry: Entry, entry_hash: bytes, *, sound: bool = True) -> None:
        """Adds an entry; they come in order of their seq nums, and are numbered from 0 on.

        Args:
            entry: the entry.
            entry_hash: its YAMF hash.
            sound: whether its payload is what was signed, as far as is known: nothing stands on one that is
                not.
        """
        number = len(self._seq_nums)
        self._numbers[entry_hash] = number
        self._seq_nums.append(entry.seq_num)
        self._claims.append(tuple(claims(entry, entry_hash)))
        if entry.end_of_log:
            self._ends.add(number)
        if not sound:
            self._unsound.add(number)

    def follow(self, position: int, choose: Callable[[int], bytes | None]) -> Generator[None, None, Followed]:
        """What stands, if at each place an entry is chosen; a function of what was added, and of the choices.

        Yields where others may have a turn.

        Args:
            position: the least seq num for which it is proven that the log forks.
            choose: gives the hash of the entry to follow at a place; None for none.
        """
        first = position
        left: Sequence[int] = range(len(self._seq_nums))
        partings = []
        halves: tuple[int, int] | None = None
        while True:
            chosen = choose(position)
            partings.append(Parting(position, chosen, halves))
            if chosen is None:
                break
            left = yield from self._leading(left, position, chosen)
            behind = yield from self._least(left, position)
            if behind is None:
                return Followed(left, partings)
            if behind <= position:  # it is broken at that place itself, and not by a fork
                break
            position = behind
            halves = self._halves(left, position)
        return Followed([n for n in left if first <= self._seq_nums[n] < position], partings)

    def _leading(
        self, left: Sequence[int], position: int, chosen: bytes
    ) -> Generator[None, None, Sequence[int]]:
        """What comes before a place; and of the rest what leads to one entry at it, and all that links to."""
        leads: dict[int, bytes | None] = {}
        for count, number in enumerate(left):
            if not count % PAUSE:
                yield
            if self._seq_nums[number] >= position:
                leads[number] = self._lead(number, position, leads)
        standing = {number for number, led in leads.items() if led == chosen}
        for count, number in enumerate(reversed(leads)):
            if not count % PAUSE:
                yield
            if number in standing:
                standing.update(linked for linked in self._linked(number) if linked in leads)
        return [n for n in left if n in standing or self._seq_nums[n] < position]

    def _lead(self, number: int, position: int, leads: dict[int, bytes | None]) -> bytes | None:
        """The entry at a place that an entry leads to, as its links and what they lead to say."""
        found: bytes | None = None
        for seq_num, claimed in self._claims[number]:
            led = claimed if seq_num == position else leads.get(self._numbers.get(claimed, -1))
            if led is not None:
                found = led if found in (None, led) else _APART
        return found

    def _linked(self, number: int) -> Iterator[int]:
        for _, claimed in self._claims[number][1:]:
            linked = self._numbers.get(claimed)
            if linked is not None:
                yield linked

    def _least(self, left: Sequence[int], position: int) -> Generator[None, None, int | None]:
        """The least place from which on entries cannot all stand, whatever was chosen up to a place."""
        claimed: dict[int, bytes] = {}
        least: int | None = None
        end = last = 0
        for count, number in enumerate(left):
            if not count % PAUSE:
                yield
            last = self._seq_nums[number]
            end = end or (last if number in self._ends else 0)
            for place, entry_hash in self._claims[number]:
                is_other = place > position and claimed.setdefault(place, entry_hash) != entry_hash
                if (is_other or (place == last and number in self._unsound)) and place < (least or LIMIT):
                    least = place
        if 0 < end < last:
            least = min(least or LIMIT, end + 1)
        return least

    def _halves(self, left: Sequence[int], position: int) -> tuple[int, int] | None:
        """Two entries that say different things of a place: of each the first that does."""
        first: dict[bytes, int] = {}
        for number in left:
            for place, entry_hash in self._claims[number]:
                if place == position:
                    first.setdefault(entry_hash, number)
        halves = sorted(first.values())[:2]
        if len(halves) < 2:
            end = min((n for n in left if n in self._ends), default=None)
            behind = min((n for n in left if self._seq_nums[n] >= position), default=None)
            halves = [n for n in (end, behind) if n is not None]
        return (halves[0], halves[1]) if len(halves) == 2 else None
