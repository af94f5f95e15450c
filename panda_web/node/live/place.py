"""A place in the feed of changes, from which subscriptions go on, and the text that clients keep of it."""

from dataclasses import dataclass

from panda_web.node.store.changes import Cursor

_MAX_NUMBER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Behind some changes, and perhaps within the next one.

    Attributes:
        cursor: behind which changes.
        within: where the next change says that a log counts no more from some entry on, the seq num up to
            which that is told: it may be all that an author ever wrote. Else 0.
    """

    cursor: Cursor
    within: int = 0

    def __ge__(self, other: "Place") -> bool:
        return (self.cursor.number, self.within) >= (other.cursor.number, other.within)

    def __str__(self) -> str:
        cursor = self.cursor
        return f"{cursor.store.hex()}.{cursor.number}.{cursor.hash.hex()}.{self.within}"


def read_place(text: str) -> Place | None:
    """The other way; None where it is none."""
    parts = text[:200].split(".")
    try:
        store, number, chained, within = parts
        place = Place(Cursor(bytes.fromhex(store), _number(number), bytes.fromhex(chained)), _number(within))
    except ValueError:
        return None
    return place if str(place) == text else None


def _number(text: str) -> int:
    if len(text) > len(str(_MAX_NUMBER)) or not 0 <= int(text) <= _MAX_NUMBER:
        raise ValueError("is no number of a change")
    return int(text)
