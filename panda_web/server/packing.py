"""What travels packed: which codings a request takes, and answers in gzip, piece by piece.

Entries travel as hex, of which gzip takes more than half away. What a node answers is public, and nothing of
it is told to one caller alone: so nobody learns a secret from how well it packs (BREACH).
"""

import zlib
from collections.abc import Iterator
from functools import lru_cache

LEAST = 1_000
"""Bytes of an answer that is packed: less fits into one packet of the network as it is."""

_LEVEL, _GZIP = 1, 31
"""The fastest level takes some 7 ms for a MB of entries, and packs them as well as others to a twentieth."""


@lru_cache(maxsize=64)
def accepted(header: str) -> frozenset[str]:
    """The codings that a request takes, by its header Accept-Encoding (RFC 9110, 12.5.3)."""
    taken = set()
    for choice in header.split(","):
        name, _, weight = choice.replace(" ", "").partition(";")
        if weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            taken.add(name.lower())
    return frozenset(taken)


def packed(body: bytes, piece: int) -> Iterator[bytes]:
    """A body in gzip, as it comes of one piece after the other; some of these parts may be empty."""
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for start in range(0, len(body), piece):
        yield packing.compress(body[start : start + piece])
    yield packing.flush()
