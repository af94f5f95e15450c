"""What was measured, as values, as a table, and as JSON.

Less is better in all that has a limit: seconds, microseconds, bytes.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

ENOUGH = 5
"""A median of fewer samples is none."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Repeated measurements of one thing.

    Attributes:
        values: in the order in which they were made.
    """

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Takes at least five. Raises ValueError where there are fewer."""
        samples = cls(tuple(values))
        if len(samples.values) < ENOUGH:
            raise ValueError(f"{len(samples.values)} samples are too few: {ENOUGH} are needed.")
        return samples

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The least."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The greatest."""
        return max(self.values)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what was measured.

    Attributes:
        name: of the part; parts of ours and of a peer that do the same have the same name.
        value: how much of the whole it is, in its unit.
        later: whether it comes afterwards by itself, and so is not in the whole.
    """

    name: str
    value: float
    later: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """What ours is compared with.

    Attributes:
        name: whose it is, with its version.
        samples: the same work, done by it.
        limit: ours may be at most so many times the peer's median; None where there is no promise.
        parts: what it is made of, where that is known.
    """

    name: str
    samples: Samples
    limit: float | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One thing measured.

    Attributes:
        what: the work, in a few words.
        unit: of all numbers: "s", "MB", "µs" and the like.
        ours: our samples.
        peers: whom it is compared with.
        limit: ours may be at most this, whatever peers do; None where there is no promise.
        parts: what ours is made of, where that is known.
    """

    what: str
    unit: str
    ours: Samples
    peers: tuple[Peer, ...] = ()
    limit: float | None = None
    parts: tuple[Part, ...] = ()


def number(value: float) -> str:
    """Three digits that mean something, and no exponent; what is whole stays whole."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def factor(ours: float, peer: float) -> str:
    """How ours stands to the peer's: "4.7× less", "1.2× more", "equal", "none" where ours is nothing."""
    if ours == 0 or peer == 0:
        return "none" if ours == 0 else "—"
    if ours == peer:
        return "equal"
    times = max(ours, peer) / min(ours, peer)
    if math.isinf(times):
        return "none" if ours < peer else "—"
    return f"{number(times)}× {'less' if ours < peer else 'more'}"


def spread(samples: Samples, unit: str) -> str:
    """The median, and the least and greatest where they differ."""
    middle = f"{number(samples.median)} {unit}".rstrip()
    if samples.low == samples.high:
        return middle
    return f"{middle} ({number(samples.low)}–{number(samples.high)})"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; all words."""

    what: str
    ours: str
    peer: str
    ratio: str
    limit: str


def rows(results: Iterable[Result]) -> Iterator[Row]:
    """One row for each comparison, and one for what is compared with nobody or has a limit of its own."""
    for result in results:
        ours = spread(result.ours, result.unit)
        if result.limit is not None or not result.peers:
            yield Row(result.what, ours, "", "", _own_limit(result))
        for peer in result.peers:
            theirs = f"{peer.name}: {spread(peer.samples, result.unit)}"
            ratio = factor(result.ours.median, peer.samples.median)
            yield Row(result.what, ours, theirs, ratio, _limit(result, peer))


def _own_limit(result: Result) -> str:
    if result.limit is None:
        return ""
    words = f"{number(result.limit)} {result.unit}" if result.limit else "none"
    return f"{words}: {_verdict(held=result.ours.median <= result.limit)}"


def _limit(result: Result, peer: Peer) -> str:
    if peer.limit is None:
        return ""
    held = result.ours.median <= peer.limit * peer.samples.median
    return f"{factor(peer.limit, 1)}: {_verdict(held=held)}"


def _verdict(*, held: bool) -> str:
    return "kept" if held else "BROKEN"


def broken(results: Iterable[Result]) -> list[str]:
    """What is beyond a limit, each with that limit."""
    return [f"{row.what} ({row.limit})" for row in rows(results) if row.limit.endswith(_verdict(held=False))]


HEAD = Row("", "ours", "peer", "ratio", "limit")


def table(results: Sequence[Result]) -> str:
    """The comparisons as text in columns."""
    lines = [
        [row.what, row.ours, row.peer, row.ratio, row.limit]
        for row in (HEAD, *rows(results))  # the head is a row like any other
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_json(results: Sequence[Result], machine: Mapping[str, str], notes: Sequence[str]) -> dict[str, Any]:
    """The same with every sample, as values that `json` writes."""
    return {
        "machine": dict(machine),
        "notes": list(notes),
        "results": [
            {
                "what": result.what,
                "unit": result.unit,
                "ours": _samples(result.ours),
                "limit": result.limit,
                **_parts(result.parts),
                "peers": [
                    {"name": peer.name, **_samples(peer.samples), "limit": peer.limit, **_parts(peer.parts)}
                    for peer in result.peers
                ],
            }
            for result in results
        ],
    }


def _samples(samples: Samples) -> dict[str, Any]:
    return {"median": samples.median, "samples": list(samples.values)}


def _parts(parts: Sequence[Part]) -> dict[str, Any]:
    return {"parts": [asdict(part) for part in parts]} if parts else {}
