r"""Patterns: I-Regexp (RFC 9485) without Unicode properties, read into a tree.

Read by the grammar of the RFC's section 3: `^` and `$` are ordinary characters, `.` is anything but a line
feed and a carriage return, and what other dialects have beyond that (\d, lookaheads, lazy quantifiers) is
an error. Unicode's own \p is left out, since its tables differ between versions.

A pattern comes from a stranger. So it is bounded in length, in depth, and in **size**: the characters and
classes in it, those in repeats as often as they may stand there at most (`[a-z]{2,8}b` has size 9). That
number is part of what all nodes must agree on, and hangs on nothing else than the pattern's text.
"""

import re
from dataclasses import dataclass
from typing import Final

from panda_web.messages.schema.errors import (
    PatternEscapeUnknown,
    PatternGroupUnsupported,
    PatternMalformed,
    PatternPropertyUnsupported,
    PatternRangeReversed,
    PatternTooDeep,
    PatternTooLarge,
    PatternTooLong,
)

MAX_LENGTH = 1_024
"""Code points of a pattern."""
MAX_DEPTH = 32
"""Groups within each other."""
MAX_SIZE = 1_000
"""Characters and classes, repeats counted out."""

LAST_CODE_POINT: Final = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]
"""Code points, from and to, both included: in ascending order, and apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Characters:
    """One character out of these."""

    ranges: Ranges
    size: int = 1


@dataclass(frozen=True, slots=True)
class Concatenation:
    """One part behind the other; none of them: the empty text."""

    parts: tuple["Node", ...]
    size: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One part or the other."""

    parts: tuple["Node", ...]
    size: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part, `least` times at least and `most` times at most; None is without end."""

    part: "Node"
    least: int
    most: int | None
    size: int


Node = Characters | Concatenation | Choice | Repeat

EMPTY: Final = Concatenation((), 0)
_NO_LINE_END: Final[Ranges] = ((0, 0x09), (0x0B, 0x0C), (0x0E, LAST_CODE_POINT))
_ESCAPED: Final = {character: character for character in "()*+-.?[\\]^{|}"} | {
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_QUANTIFIERS: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_COUNTED = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def parse(pattern: str) -> Node:
    """The tree of a pattern.

    Raises:
        InvalidPattern: one of its subclasses; `data.at` is the place, in code points from 0.
    """
    if len(pattern) > MAX_LENGTH:
        raise PatternTooLong(
            f"A pattern has {len(pattern)} characters; {MAX_LENGTH} are allowed.", most=MAX_LENGTH
        )
    surrogate = _SURROGATE.search(pattern)
    if surrogate is not None:
        raise _malformed("a pattern holds half a surrogate pair", surrogate.start())
    return _Parser(pattern).parse()


class _Parser:
    """Reads from left to right, and keeps the groups that are open on a stack of its own: no recursion."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._opened: list[tuple[int, list[Node], list[Node]]] = []
        """Of each open group: its place, and what stood before it: finished branches, parts of the branch."""
        self._branches: list[Node] = []
        self._parts: list[Node] = []

    def parse(self) -> Node:
        while self._at < len(self._pattern):
            character = self._pattern[self._at]
            match character:
                case "(":
                    self._open()
                case ")":
                    self._close()
                case "|":
                    self._branches.append(_concatenated(self._parts))
                    self._parts = []
                    self._at += 1
                case "*" | "+" | "?" | "{":
                    raise _malformed(
                        f"{character} repeats what stands before it, and here nothing does "
                        "(I-Regexp has no lazy or possessive repeats)",
                        self._at,
                    )
                case "]" | "}":
                    raise _malformed(f"{character} has nothing to close; write \\{character}", self._at)
                case _:
                    self._add(Characters(self._characters()))
        if self._opened:
            raise _malformed("a group is never closed", self._opened[-1][0])
        return _bounded(self._alternatives())

    def _open(self) -> None:
        if self._pattern.startswith("(?", self._at):
            raise PatternGroupUnsupported(
                f"I-Regexp has no groups that begin with (?, as at {self._at}.", at=self._at
            )
        if len(self._opened) == MAX_DEPTH:
            raise PatternTooDeep(
                f"A pattern has at most {MAX_DEPTH} groups within each other.", at=self._at, most=MAX_DEPTH
            )
        self._opened.append((self._at, self._branches, self._parts))
        self._branches, self._parts = [], []
        self._at += 1

    def _close(self) -> None:
        if not self._opened:
            raise _malformed(") has no group to close; write \\)", self._at)
        group = self._alternatives()
        _, self._branches, self._parts = self._opened.pop()
        self._at += 1
        self._add(group)

    def _alternatives(self) -> Node:
        if not self._branches:
            return _concatenated(self._parts)
        branches = (*self._branches, _concatenated(self._parts))
        return Choice(branches, sum(branch.size for branch in branches))

    def _add(self, part: Node) -> None:
        """Adds a part to the branch, with the repeat behind it."""
        counted = _COUNTED.match(self._pattern, self._at)
        if counted is not None:
            least = _count(counted[1])
            most = least if counted[2] is None else _count(counted[3]) if counted[3] else None
            if most is not None and most < least:
                raise PatternRangeReversed(
                    f"{counted[0][:40]} at {self._at} ends before it begins.", at=self._at
                )
            self._at = counted.end()
        elif self._pattern[self._at : self._at + 1] in _QUANTIFIERS:
            least, most = _QUANTIFIERS[self._pattern[self._at]]
            self._at += 1
        else:
            if self._pattern.startswith("{", self._at):
                raise _malformed("a { begins no count such as {2}, {2,} or {2,8}; write \\{", self._at)
            self._parts.append(part)
            return
        self._parts.append(_bounded(_repeated(part, least, most)))

    def _characters(self) -> Ranges:
        character = self._pattern[self._at]
        if character == "[":
            return self._class()
        if character == ".":
            self._at += 1
            return _NO_LINE_END
        code_point = ord(self._one())
        return ((code_point, code_point),)

    def _one(self) -> str:
        """A character, plain or escaped."""
        character = self._pattern[self._at]
        self._at += 1
        if character != "\\":
            return character
        behind = self._pattern[self._at : self._at + 1]
        if behind in ("p", "P"):
            raise PatternPropertyUnsupported(
                f"Unicode properties (\\{behind} at {self._at - 1}) are not supported: write the characters.",
                at=self._at - 1,
            )
        if behind not in _ESCAPED:
            raise PatternEscapeUnknown(
                f"I-Regexp has no escape {character + behind!r}, as at {self._at - 1}: "
                f"only \\n, \\r, \\t and \\ before one of ()*+-.?[\\]^{{|}}.",
                at=self._at - 1,
            )
        self._at += 1
        return _ESCAPED[behind]

    def _class(self) -> Ranges:
        opened = self._at
        self._at += 1
        negated = self._pattern.startswith("^", self._at)
        self._at += negated
        first = self._at
        found: list[tuple[int, int]] = []
        while not self._pattern.startswith("]", self._at):
            if self._pattern.startswith("-", self._at):
                if self._at != first and not self._pattern.startswith("-]", self._at):
                    raise _malformed("a - in a class stands first, last or between two; write \\-", self._at)
                self._at += 1
                found.append((ord("-"), ord("-")))
                continue
            start = self._at
            low = high = ord(self._one_of_class(opened))
            if self._pattern.startswith("-", self._at) and not self._pattern.startswith("-]", self._at):
                self._at += 1
                high = ord(self._one_of_class(opened))
                if high < low:
                    raise PatternRangeReversed(
                        f"The range {self._pattern[start : self._at]!r} at {start} ends before it begins.",
                        at=start,
                    )
            found.append((low, high))
        if not found:
            raise _malformed("a class is empty; write \\[, \\] or \\^ for the characters", opened)
        self._at += 1
        return _complement(_merged(found)) if negated else _merged(found)

    def _one_of_class(self, opened: int) -> str:
        if self._at >= len(self._pattern):
            raise _malformed("a class is never closed", opened)
        if self._pattern[self._at] in "[]-":
            raise _malformed(f"{self._pattern[self._at]} in a class needs a \\ before it", self._at)
        return self._one()


def _malformed(what: str, at: int) -> PatternMalformed:
    return PatternMalformed(f"At {at}, {what}.", at=at)


def _count(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    if len(digits) > 4:  # a hostile number costs nothing
        raise _too_large()
    return int(digits)


def _repeated(part: Node, least: int, most: int | None) -> Node:
    size = part.size * (max(least, 1) if most is None else most)
    return Repeat(part, least, most, size) if size else EMPTY


def _concatenated(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Concatenation(tuple(parts), sum(part.size for part in parts))


def _bounded(node: Node) -> Node:
    if node.size > MAX_SIZE:
        raise _too_large()
    return node


def _too_large() -> PatternTooLarge:
    return PatternTooLarge(
        f"A pattern has at most {MAX_SIZE} characters and classes, those in repeats counted as often as "
        "they may stand there at most."
    )


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def _complement(ranges: Ranges) -> Ranges:
    starts = [0, *(high + 1 for _, high in ranges)]
    ends = [*(low - 1 for low, _ in ranges), LAST_CODE_POINT]
    return tuple((low, high) for low, high in zip(starts, ends, strict=True) if low <= high)
