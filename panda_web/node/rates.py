"""How fast somebody may go on: a token bucket for each address, or for each author. No I/O.

A bucket begins full, with a minute's worth, and fills by so many a second. Whoever still has something in it
may do all that was asked for, so what is asked for at once may be more than a bucket holds; then it is in
debt, and has to wait.
"""

import math
import time
from collections.abc import Callable, Hashable

from panda_web.rpc.errors import RateExceeded

BURST_SECONDS = 60
"""A full bucket holds what comes in so many seconds."""

MAX_BUCKETS = 20_000
"""Buckets that are remembered; then the one that was used longest ago is forgotten, and so full again."""


class Rates:
    """Token buckets.

    Args:
        rate: what is granted a second, to each.
        what: is counted, for the words: "calls", "entries".
        whose: gets it, for the words: "this address", "this author".
        clock: gives seconds.
        most: buckets that are remembered.
    """

    def __init__(
        self,
        rate: float,
        what: str,
        whose: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        most: int = MAX_BUCKETS,
    ) -> None:
        self._rate = rate
        self._full = max(1.0, rate * BURST_SECONDS)
        self._words = f"{what} of {whose}"
        self._clock = clock
        self._most = most
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def check(self, whose: Hashable) -> None:
        """Raises RateExceeded while the bucket is empty, with the seconds until it is not."""
        self._check(self._held(self._buckets.get(whose), self._clock()))

    def charge(self, whose: Hashable, count: int) -> None:
        """Takes out of the bucket. Raises RateExceeded where it is empty already, and takes nothing then."""
        now, bucket = self._clock(), self._buckets.get(whose)
        held = self._held(bucket, now)
        self._check(held)
        if bucket is not None:
            del self._buckets[whose]  # who comes now, is forgotten last
        self._buckets[whose] = (held - count, now)
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]

    def __len__(self) -> int:
        return len(self._buckets)

    def _held(self, bucket: tuple[float, float] | None, now: float) -> float:
        return self._full if bucket is None else min(self._full, bucket[0] + (now - bucket[1]) * self._rate)

    def _check(self, held: float) -> None:
        # Clocks are not exact: whoever waits as long as was said must find it filled.
        if held < 1 - 1e-6:
            seconds = max(1, math.ceil((1 - held) / self._rate))
            raise RateExceeded(
                f"The node takes {self._rate:g} {self._words} a second, and {BURST_SECONDS} times as many at "
                f"once. Go on in {seconds} s.",
                retryAfter=seconds,
            )
