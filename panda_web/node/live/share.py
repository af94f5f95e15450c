"""How many subscriptions there may be: each is kept while it lasts, and compared with all that changes."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from panda_web.query import FilterTooLarge
from panda_web.rpc.errors import TooManySubscriptions
from panda_web.rpc.types import Json

OF_SESSION = 200
OF_VISITOR = 1_000
OF_ALL = 5_000
"""Subscriptions of one session, of one visitor, and of all. One whose filter has many values counts for
more."""

VALUES = 8
"""Values in a filter, and fields that are chosen, that count for one subscription more."""

MAX_FILTER = 16 << 10
"""Bytes of a filter, in JSON."""


def weight(filter: Mapping[str, Json], select: Sequence[str] = ()) -> int:
    """What a subscription with this filter and these fields counts for. Raises FilterTooLarge."""
    if len(json.dumps(filter)) > MAX_FILTER:
        raise FilterTooLarge(
            f"A subscription's filter has {MAX_FILTER >> 10} KiB at most. Narrow it, or ask by panda_query."
        )
    return 1 + (sum(1 for _ in _values(filter)) + len(select)) // VALUES


def _values(part: Json) -> Iterator[Json]:
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _values(each)
    else:
        yield part


class Share:
    """Counts what is subscribed, for whom."""

    def __init__(self) -> None:
        self._taken: Counter[object] = Counter()

    def take(self, session: object, visitor: str | None, weight: int) -> None:
        """Counts a subscription. Raises TooManySubscriptions.

        Args:
            session: it is told over.
            visitor: whom limits count it for; None for nobody.
            weight: what it counts for.
        """
        for who, most, whose in (
            (session, OF_SESSION, "in this session"),
            (visitor, OF_VISITOR, "from where you are"),
            (None, OF_ALL, "at this node"),
        ):
            if (who is not None or whose == "at this node") and self._taken[who] + weight > most:
                raise TooManySubscriptions(
                    f"There are as many subscriptions {whose} as there may be ({most:,}; filters with many "
                    "values count for more). End some, or ask by panda_query from time to time."
                )
        for who in {session, visitor, None}:
            self._taken[who] += weight

    def give_back(self, session: object, visitor: str | None, weight: int) -> None:
        """It has ended."""
        for who in {session, visitor, None}:
            self._taken[who] -= weight
            if not self._taken[who]:
                del self._taken[who]
