"""Reconciliation by ranges: whatever differs is found, in whatever portions, and nonsense is refused."""

import hashlib
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from panda_web.negentropy import ID, Ids, ReconcileMalformed, Reconciling, respond

# Few values for each byte, so that ids share beginnings.
SHORT = st.lists(st.sampled_from([0, 1, 255]), min_size=3, max_size=3).map(
    lambda values: bytes([values[0], *[7] * 29, *values[1:]])
)
LONG = st.binary(min_size=2, max_size=3).map(lambda seed: hashlib.sha256(seed).digest())
SETS = st.sets(SHORT | LONG, max_size=150)


def reconciled(ours: set[bytes], theirs: set[bytes], most: int) -> Reconciling:
    """Both ends here; fails where that does not end."""
    reconciling, answering = Reconciling(Ids(ours), most), Ids(theirs)
    message: bytes | None = reconciling.begin()
    for _ in range(400):
        assert message is not None
        assert len(message) <= most
        answer = respond(answering, message, most)
        assert len(answer) <= most
        message = reconciling.go_on(answer)
        if message is None:
            return reconciling
    raise AssertionError("it does not end")


@given(SETS, SETS, SETS, st.sampled_from([512, 1024, 4096, 1 << 16]))
def test_what_differs_is_found(both: set[bytes], ours: set[bytes], theirs: set[bytes], most: int) -> None:
    ours, theirs = both | ours, both | theirs
    found = reconciled(ours, theirs, most)
    assert (found.have, found.need) == (ours - theirs, theirs - ours)


def test_equal_sets_cost_one_message_and_an_empty_answer() -> None:
    ids = Ids(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(2000))
    begun = Reconciling(ids).begin()
    assert len(begun) < 400
    assert respond(ids, begun) == b"\x61"


def test_few_that_differ_among_many_cost_little() -> None:
    """100,000 of which 10 differ: 25 kB at most, in both directions."""
    many = [hashlib.sha256(b"%d" % n).digest() for n in range(100_000)]
    ours, theirs = Ids(many[:-5]), Ids(many[:-10] + many[-5:])
    reconciling = Reconciling(ours)
    message: bytes | None = reconciling.begin()
    cost = messages = 0
    while message is not None:
        answer = respond(theirs, message)
        cost += len(message) + len(answer)
        messages += 2
        message = reconciling.go_on(answer)
    assert (len(reconciling.have), len(reconciling.need)) == (5, 5)
    assert cost < 25_000
    assert messages <= 8


@given(SETS, st.binary(max_size=200))
@example(set(), b"")
def test_nonsense_is_answered_or_refused(ids: set[bytes], message: bytes) -> None:
    for wire in (message, b"\x61" + message):
        with suppress(ReconcileMalformed):
            assert respond(Ids(ids), wire)[0] == 0x61
        with suppress(ReconcileMalformed):
            said = Reconciling(Ids(ids)).go_on(wire)
            assert said is None or said[0] == 0x61


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("", "ends in the middle"),
        ("00", "version"),
        ("7061", "version"),
        ("6101", "ends in the middle"),
        ("610000", "ends in the middle"),
        ("61000003", "kind 3"),
        ("6100000100", "ends in the middle"),
        ("61000002ffffffff7f", "ends in the middle"),
        ("6101" + "21" + "00" * 33 + "00", "33 bytes"),
        ("6101020100" + "0001" + "0100" + "00", "ascend"),
        ("61" + "ff" * 11, "too large"),
    ],
)
def test_what_is_refused(message: str, why: str) -> None:
    with pytest.raises(ReconcileMalformed, match=why):
        respond(Ids([]), bytes.fromhex(message))


def test_another_version_is_told_this_one() -> None:
    assert respond(Ids([]), bytes.fromhex("62000001")) == b"\x61"
    with pytest.raises(ReconcileMalformed):
        Reconciling(Ids([])).go_on(b"\x62")


def test_what_lies_behind_all_ids_is_empty() -> None:
    """Timestamps that nothing here has, as others use them."""
    ids = Ids([bytes(ID), b"\xff" * ID])
    beyond = bytes.fromhex("61" + "0100" + "00" + "0900" + "02" + "00")
    assert respond(ids, beyond).count(b"\xff" * ID) == 1
