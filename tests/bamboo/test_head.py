"""What an author remembers of a log is enough for ever, and stays small."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import Head, Slot, digest, lipmaa, path
from panda_web.bamboo.errors import BacklinkMissing, SkiplinkMissing


def fake(n: int) -> bytes:
    return digest(str(n).encode())


def test_a_log_of_3000_entries_never_lacks_a_hash() -> None:
    head = Head()
    for n in range(1, 3001):
        unsigned = head.append(bytes(32), 1, b"")
        assert unsigned.seq_num == n
        assert unsigned.backlink == (fake(n - 1) if n > 1 else None)
        assert unsigned.skiplink == (fake(lipmaa(n)) if n > 1 and lipmaa(n) != n - 1 else None)
        head = head.advance(fake(n))
        assert set(head.hashes) == set(path(n, 1))


@given(st.integers(1, 10**12))
def test_far_along(n: int) -> None:
    head = Head(n, {k: fake(k) for k in path(n, 1)})
    for m in range(n + 1, n + 50):
        head.append(bytes(32), 1, b"")
        head = head.advance(fake(m))
    assert set(head.hashes) == set(path(n + 49, 1))


@given(st.integers(0, 500), st.integers(0, 50), st.integers(0, 50))
def test_many_at_once_are_one_after_the_other(before: int, some: int, more: int) -> None:
    start = Head().advance(*map(fake, range(1, before + 1)))
    assert start == Head(before, {k: fake(k) for k in path(before, 1)} if before else {})
    new = [fake(n) for n in range(before + 1, before + some + more + 1)]
    one_by_one = start
    for each in new:
        one_by_one = one_by_one.advance(each)
    assert start.advance(*new) == start.advance(*new[:some]).advance(*new[some:]) == one_by_one


def test_the_slot_of_the_next_entry() -> None:
    author = bytes(32)
    assert Head().slot(author, 1) == Slot(author, 1, 1, None)
    assert Head().advance(fake(1), fake(2)).slot(author, 3) == Slot(author, 3, 3, fake(2))


def test_gaps_are_named() -> None:
    with pytest.raises(BacklinkMissing):
        Head(1, {}).append(bytes(32), 1, b"")
    with pytest.raises(SkiplinkMissing):
        Head(3, {3: fake(3)}).append(bytes(32), 1, b"")
