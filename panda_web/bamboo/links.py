"""Which entries an entry links to: lipmaa, shortest link paths, certificate pools.

The backlink leads from n to n - 1, the skiplink from n to lipmaa(n). Skiplinks never cross each other, so
the shortest path between two entries is the greedy one, it is unique, and it has a logarithmic number of
entries. Source: the Bamboo specification; Buldas, Laud, Lipmaa, "New linking schemes for digital
time-stamping", section 5.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile

_BLOCKS: tuple[int, ...] = tuple((3**k - 1) // 2 for k in range(64))
"""0, 1, 4, 13, 40, and on beyond 2^64: where the blocks end, one in the other, that skiplinks join."""


@lru_cache(maxsize=1024)  # an entry asks for its own several times: to be linked, encoded and remembered
def lipmaa(n: int) -> int:
    """The seq num that entry `n`'s skiplink points to; 0 for the first entry, which has none."""
    if n < 1:
        raise ValueError("seq nums begin at 1")
    k = bisect_left(_BLOCKS, n)
    rest = n
    while rest != _BLOCKS[k]:  # not at the end of a block of this size, so within one of those it is made of
        k -= 1
        rest = (rest - 1) % _BLOCKS[k] + 1
    # Entry n closes a block of length `rest`. The link leaves it out, or, in the outermost, all but entry 1.
    return _BLOCKS[k - 1] if rest == n else n - rest


def has_skiplink(n: int) -> bool:
    """Whether entry `n` carries a skiplink: not the first, and not where it would equal the backlink."""
    return n > 1 and lipmaa(n) != n - 1


def linking_to(n: int) -> Iterator[int]:
    """The entries that link to entry `n`, ascending: the one behind it, and those whose skiplink does."""
    yield n + 1
    for size in takewhile(n.__ge__, _BLOCKS[2:]):
        if lipmaa(n + size) == n:  # it closes a block of that size, which begins behind n
            yield n + size
    if n in _BLOCKS:
        yield 3 * n + 1


def path(start: int, end: int) -> Iterator[int]:
    """The shortest link path from `start` down to `end`, both included."""
    n = start
    while n > end:
        yield n
        skip = lipmaa(n)
        n = skip if skip >= end else n - 1
    yield end


def block_end(x: int) -> int:
    """The smallest (3^k - 1) / 2 >= x: where the block ends that entry `x` is in."""
    return _BLOCKS[bisect_left(_BLOCKS, x, 1)]


def certificate_pool(x: int) -> tuple[int, ...]:
    """The seq nums of the certificate pool of entry `x`, ascending.

    The shortest path from x to 1, and the one from z to x, z being the smallest (3^k - 1) / 2 >= x. The
    pools of any two entries hold, together, a path from the later to the earlier.
    """
    return tuple(sorted({*path(x, 1), *path(block_end(x), x)}))
