"""Whether a text matches a pattern, in time linear in the text, whatever the pattern.

The pattern's tree becomes a position automaton (Glushkov 1961): one state for each character or class in
it, and no other, so that its size is the pattern's. A set of states is one integer, a bit for each. The
sets met while matching, and where characters lead from them, are kept and looked up the next time (a lazy
deterministic automaton), up to a bound; then all are forgotten. A character costs a look-up at best, and at
worst one step for each state. Threads may share an automaton: what one has worked out is right for all, and
what it counts is then about right.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from panda_web.messages.schema.pattern import Characters, Choice, Concatenation, Node, Ranges, Repeat, parse

MAX_KEPT = 2_000
"""Transitions kept. Each takes some hundred bytes, and the set it leads to up to 300."""


class Automaton:
    """A compiled pattern.

    Attributes:
        size: characters and classes in it, repeats counted out.
        steps: what has been worked out so far: one for each state that was gone through, and one for each
            transition. Matching a text costs these and a look-up for each character.
    """

    def __init__(self, pattern: str) -> None:
        """Raises InvalidPattern."""
        tree = parse(pattern)
        builder = _Builder()
        whole = builder.build(tree)
        self.size = tree.size
        self.steps = 0
        # Before the first character stands a state of its own, behind those of the pattern.
        begin = 1 << self.size
        self._follow = [*builder.follow, whole.first]
        self._final = whole.last | (begin if whole.nullable else 0)
        self._starts, self._masks = _by_code_point(builder.states)
        self._begin = _States(self, begin)
        self._known = {begin: self._begin}
        self._kept = 0

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        states = self._begin
        for character in text:
            states = states[character]
            if not states.bits:
                return False
        return bool(states.bits & self._final)

    def work_out(self, states: "_States", character: str) -> "_States":
        """The states to which a character leads, which are kept from now on."""
        if states.behind is None:
            behind = 0
            for state in _bits(states.bits):
                behind |= self._follow[state]
                self.steps += 1
            states.behind = behind  # whole: another thread may read it
        self.steps += 1
        bits = states.behind & self._masks[bisect_right(self._starts, ord(character)) - 1]
        if self._kept >= MAX_KEPT:
            forgotten, self._known = self._known, {self._begin.bits: self._begin}
            self._kept = 0
            for known in list(forgotten.values()):
                known.clear()
        reached = self._known.get(bits)
        if reached is None:
            reached = self._known[bits] = _States(self, bits)
        states[character] = reached
        self._kept += 1
        return reached


class _States(dict[str, "_States"]):
    """A set of states, and where characters lead from it, as far as that is known."""

    __slots__ = ("_automaton", "behind", "bits")

    def __init__(self, automaton: Automaton, bits: int) -> None:
        super().__init__()
        self._automaton = automaton
        self.bits = bits
        self.behind: int | None = None
        """The states that may come next, whatever the character."""

    def __missing__(self, character: str) -> "_States":
        return self._automaton.work_out(self, character)


class _Part:
    """A part of a pattern from outside: can it match the empty text, in which states can it begin and end."""

    __slots__ = ("first", "last", "nullable")

    def __init__(self, nullable: bool, first: int, last: int) -> None:
        self.nullable = nullable
        self.first = first
        self.last = last


class _Builder:
    """Numbers the states and finds which may follow which."""

    def __init__(self) -> None:
        self.follow: list[int] = []
        self.states: defaultdict[Ranges, int] = defaultdict(int)
        """Characters to the states that are entered by them."""

    def build(self, node: Node) -> _Part:
        match node:
            case Characters():
                state = 1 << len(self.follow)
                self.follow.append(0)
                self.states[node.ranges] |= state
                return _Part(False, state, state)
            case Concatenation():
                whole = _Part(True, 0, 0)
                for part in reversed(node.parts):
                    whole = self._joined(self.build(part), whole)
                return whole
            case Choice():
                whole = _Part(False, 0, 0)
                for branch in map(self.build, node.parts):
                    whole.nullable |= branch.nullable
                    whole.first |= branch.first
                    whole.last |= branch.last
                return whole
            case Repeat():
                return self._repeat(node)

    def _repeat(self, node: Repeat) -> _Part:
        # From the end to the beginning, so that what is optional is nested: a{0,3} is (a(a(a)?)?)?
        if node.most is None:
            whole = self.build(node.part)
            self._link(whole.last, whole.first)
            whole.nullable |= node.least == 0
            needed = node.least - 1
        else:
            whole = _Part(True, 0, 0)
            needed = node.least
            for _ in range(node.most - node.least):
                whole = self._joined(self.build(node.part), whole)
                whole.nullable = True
        for _ in range(needed):
            whole = self._joined(self.build(node.part), whole)
        return whole

    def _joined(self, part: _Part, behind: _Part) -> _Part:
        self._link(part.last, behind.first)
        return _Part(
            part.nullable and behind.nullable,
            part.first | (behind.first if part.nullable else 0),
            behind.last | (part.last if behind.nullable else 0),
        )

    def _link(self, states: int, behind: int) -> None:
        for state in _bits(states):
            self.follow[state] |= behind


def _bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, from the lowest."""
    digits = bin(number)[:1:-1]  # a text is searched faster than a long integer is taken apart
    place = digits.find("1")
    while place >= 0:
        yield place
        place = digits.find("1", place + 1)


def _by_code_point(states: dict[Ranges, int]) -> tuple[list[int], list[int]]:
    """The code points at which the states that can be entered change, and which they are from there on."""
    changes = defaultdict(int, {0: 0})
    for ranges, bits in states.items():
        for low, high in ranges:
            changes[low] ^= bits
            changes[high + 1] ^= bits
    starts = sorted(changes)
    masks = []
    entered = 0
    for start in starts:
        entered ^= changes[start]
        masks.append(entered)
    return starts, masks
