"""Reconciliation with the reference implementation of Negentropy, in both roles."""

import random
from collections.abc import Iterator

import pytest

from panda_web.negentropy import Ids, Reconciling, respond
from tests.interop.old_client import OldClient, package

MOST = 4096
"""Bytes of a message, the fewest that the reference knows."""


@pytest.fixture(scope="module")
def reference(old_client: OldClient) -> Iterator[OldClient]:
    """In a process of its own; `old_client` says where nothing can be fetched."""
    with OldClient(package(), "negentropy.mjs") as library:
        yield library


def two_sets(seed: int, count: int, differ: int) -> tuple[set[bytes], set[bytes]]:
    random_bytes = random.Random(seed).randbytes
    both, ours, theirs = ({random_bytes(32) for _ in range(each)} for each in (count, differ, differ))
    return both | ours, both | theirs


SETS = [(1, 0, 0), (2, 0, 5), (3, 1, 0), (4, 40, 3), (5, 3000, 0), (6, 3000, 7), (7, 100, 700)]


@pytest.mark.parametrize(("seed", "count", "differ"), SETS)
def test_we_begin(reference: OldClient, seed: int, count: int, differ: int) -> None:
    ours, theirs = two_sets(seed, count, differ)
    reference.ask("hold", ids=[each.hex() for each in sorted(theirs)])
    reconciling = Reconciling(Ids(ours), MOST)
    message: bytes | None = reconciling.begin()
    rounds = 0
    while message is not None:
        assert len(message) <= MOST
        answer = reference.ask("respond", message=message.hex(), most=MOST)
        message = reconciling.go_on(bytes.fromhex(answer))
        rounds += 1
        assert rounds < 40
    assert (reconciling.have, reconciling.need) == (ours - theirs, theirs - ours)


@pytest.mark.parametrize(("seed", "count", "differ"), SETS)
def test_the_reference_begins(reference: OldClient, seed: int, count: int, differ: int) -> None:
    ours, theirs = two_sets(seed, count, differ)
    ids = Ids(ours)
    reference.ask("hold", ids=[each.hex() for each in sorted(theirs)])
    message = reference.ask("begin", most=MOST)
    have, need = set[str](), set[str]()
    rounds = 0
    while message is not None:
        answer = respond(ids, bytes.fromhex(message), MOST)
        assert len(answer) <= MOST
        said = reference.ask("go_on", message=answer.hex())
        have.update(said["have"])
        need.update(said["need"])
        message = said["next"]
        rounds += 1
        assert rounds < 40
    assert have == {each.hex() for each in theirs - ours}
    assert need == {each.hex() for each in ours - theirs}


def test_the_same_bytes(reference: OldClient) -> None:
    """As far as both part a range alike: we list shorter ones only."""
    _, theirs = two_sets(8, 500, 20)
    reference.ask("hold", ids=[each.hex() for each in sorted(theirs)])
    begun = reference.ask("begin", most=0)
    assert bytes.fromhex(begun) == Reconciling(Ids(theirs)).begin()
