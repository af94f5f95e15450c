"""lipmaa, paths and certificate pools. DESIGN's numbers, the definition itself, and properties up to 10^12."""

import functools
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import certificate_pool, has_skiplink, linking_to, lipmaa, path

seq_nums = st.integers(1, 10**12) | st.integers(1, 2000)


def by_definition(n: int) -> int:
    """The recursive definition of the Bamboo specification, word for word."""

    def full(k: int) -> int:
        return (3**k - 1) // 2

    @functools.cache
    def g(m: int) -> int:
        for k in range(64):
            if m == full(k):
                return k
            if full(k) < m < full(k + 1):
                return g(m - full(k))
        raise AssertionError

    for k in range(1, 64):
        if n == full(k):
            return n - 3 ** (k - 1)
    return n - full(g(n))


@pytest.mark.parametrize(("n", "target"), [(1, 0), (2, 1), (3, 2), (4, 1), (8, 4), (13, 4), (40, 13)])
def test_known(n: int, target: int) -> None:
    assert lipmaa(n) == target


@given(seq_nums)
def test_definition(n: int) -> None:
    assert lipmaa(n) == by_definition(n)


def test_only_positive() -> None:
    with pytest.raises(ValueError, match="begin at 1"):
        lipmaa(0)


@given(seq_nums)
def test_skiplink_is_left_out_where_it_says_nothing(n: int) -> None:
    assert has_skiplink(n) == (lipmaa(n) != n - 1 and n > 1)


@given(seq_nums, seq_nums)
def test_links_do_not_cross(a: int, b: int) -> None:
    first, second = sorted((a, b))
    assert not lipmaa(first) < lipmaa(second) < first or first == second


@given(st.integers(1, 500))
def test_what_links_to_an_entry(n: int) -> None:
    behind = range(n + 1, 3 * n + 3)
    assert list(linking_to(n)) == [m for m in behind if n in (m - 1, lipmaa(m))]


@given(seq_nums)
def test_each_link_is_known_at_its_other_end(n: int) -> None:
    assert n + 1 in linking_to(n)
    assert n == 1 or n in linking_to(lipmaa(n))


@given(seq_nums)
def test_path_is_made_of_links_and_short(n: int) -> None:
    steps = list(path(n, 1))
    assert steps[0] == n
    assert steps[-1] == 1
    for here, there in itertools.pairwise(steps):
        assert there in (here - 1, lipmaa(here))
    assert len(steps) <= 8 * n.bit_length()


@given(st.integers(2, 300))
def test_path_is_the_shortest(n: int) -> None:
    distance = {n: 0}
    for here in range(n, 1, -1):
        if here in distance:
            for there in (here - 1, lipmaa(here)):
                distance[there] = min(distance.get(there, n), distance[here] + 1)
    assert len(list(path(n, 1))) - 1 == distance[1]


@given(seq_nums)
def test_next_skiplink_lies_on_the_path(n: int) -> None:
    """What `bamboo.head` relies on."""
    assert lipmaa(n + 1) in path(n, 1)


def linked(pool: set[int], start: int, end: int) -> bool:
    """Whether links within the pool lead from start down to end."""
    reached = {start}
    for here in sorted((n for n in pool if n <= start), reverse=True):
        if here in reached:
            reached |= {here - 1, lipmaa(here)} & pool
    return end in reached


@given(seq_nums, seq_nums)
def test_any_two_pools_join(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert linked({*certificate_pool(low), *certificate_pool(high)}, high, low)


@given(seq_nums)
def test_pool_is_logarithmic_and_holds_both_ends(n: int) -> None:
    pool = certificate_pool(n)
    assert pool == tuple(sorted(set(pool)))
    assert {1, n} <= set(pool)
    assert len(pool) <= 12 * n.bit_length()
    assert linked(set(pool), pool[-1], 1)
