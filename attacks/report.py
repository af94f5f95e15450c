"""What an attack found, and the table of it."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_WAIT = 1000.0
"""Milliseconds within which another client is answered, whatever one client does."""

MOST_MEMORY = 512.0
"""MiB that a node ever has in memory."""


@dataclass(frozen=True, slots=True)
class Row:
    """One attack.

    Attributes:
        what: was tried.
        much: how much of it, in words.
        wait: the worst wait of another client, in milliseconds; None where there was none.
        memory: the most that the node ever had in memory, in MiB; None likewise.
        broken: the promise that did not hold, in words; "" where all did.
    """

    what: str
    much: str
    wait: float | None = None
    memory: float | None = None
    broken: str = ""

    @property
    def verdict(self) -> str:
        """Whether everything held, or what did not."""
        wrong = [self.broken] if self.broken else []
        if self.wait is not None and self.wait > MOST_WAIT:
            wrong.append(f"others wait for more than {MOST_WAIT:.0f} ms")
        if self.memory is not None and self.memory > MOST_MEMORY:
            wrong.append(f"more than {MOST_MEMORY:.0f} MiB of memory")
        return f"BROKEN: {'; '.join(wrong)}" if wrong else "held"


def table(rows: Sequence[Row]) -> str:
    """The rows as text, in columns."""
    cells = [("what was tried", "how much", "worst wait, ms", "memory, MiB", "")]
    cells += [(row.what, row.much, _number(row.wait), _number(row.memory), row.verdict) for row in rows]
    widths = [max(len(cell[column]) for cell in cells) for column in range(4)]
    return "\n".join(
        "  ".join(
            (*(f"{cell[at]:{'<' if at < 2 else '>'}{widths[at]}}" for at in range(4)), cell[4])
        ).rstrip()
        for cell in cells
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
