"""What two entries prove against their author: every shape, from bytes alone, and nothing that is no proof."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import log
from panda_web.bamboo import (
    MAX_PROOF,
    Entry,
    ForkProof,
    Head,
    InvalidEntry,
    InvalidForkProof,
    claims,
    decode,
    digest,
)
from panda_web.bamboo.entry import Unsigned
from panda_web.bamboo.errors import EntryTrailing, HalvesApart, HalvesDisordered, HalvesEqual, ProvesNothing
from panda_web.errors import PandaError
from panda_web.keys import InvalidSignature
from panda_web.keys.with_cryptography import CryptographyVerifier
from tests.authors import Author
from tests.bamboo.test_entry import entries

VERIFIER = CryptographyVerifier()


def signed(number: int, unsigned: Unsigned) -> Entry:
    return decode(Author(number).sign(unsigned))


def branch(
    head: Head, texts: Sequence[str], number: int = 1, log_id: int = 1, *, end: bool = False
) -> list[Entry]:
    """Entries behind a head; the last one ends its log where that is wished."""
    found = []
    author = Author(number).signer.author
    for at, text in enumerate(texts, 1):
        last = end and at == len(texts)
        entry = signed(number, head.append(author, log_id, text.encode(), end_of_log=last))
        head = head.advance(digest(entry.encode()))
        found.append(entry)
    return found


def head_of(found: Sequence[Entry]) -> Head:
    head = Head()
    for entry in found:
        head = head.advance(digest(entry.encode()))
    return head


TRUNK = branch(Head(), "abcdefgh")
OTHER = branch(head_of(TRUNK[:4]), "ABCDEFGHI")  # entries 5 to 13
ENDED = branch(Head(), "xyz", end=True)


def linked_to_nothing() -> Entry:
    """Entry 4, whose skiplink says of entry 1 what is not so."""
    right = head_of(TRUNK[:3]).append(Author().signer.author, 1, b"wrong")
    return signed(1, replace(right, skiplink=digest(b"nothing")))


SHAPES = {
    "two entries in one slot": (TRUNK[4], OTHER[0], 5, "entries"),
    "at entry 1": (TRUNK[0], branch(Head(), "A")[0], 1, "entries"),
    "a link and the entry in its place": (TRUNK[4], OTHER[1], 5, "entry-and-link"),
    "the other way round": (TRUNK[5], OTHER[0], 5, "entry-and-link"),
    "a skiplink and the entry in its place": (TRUNK[0], linked_to_nothing(), 1, "entry-and-link"),
    "two links": (linked_to_nothing(), TRUNK[1], 1, "links"),
    "two entries that link to different ones": (TRUNK[5], OTHER[1], 5, "links"),
    "behind an end": (ENDED[2], branch(head_of(ENDED), "w")[0], 4, "end"),
    "far behind an end": (branch(Head(), "x", end=True)[0], TRUNK[6], 2, "end"),
    "an end in one branch": (branch(head_of(TRUNK[:4]), "E", end=True)[0], TRUNK[4], 5, "entries"),
}


@pytest.mark.parametrize(("one", "other", "position", "shape"), SHAPES.values(), ids=SHAPES)
def test_every_shape(one: Entry, other: Entry, position: int, shape: str) -> None:
    proof = ForkProof.of(one, other)
    assert (proof.position, proof.shape) == (position, shape)
    assert ForkProof.of(other, one) == proof
    encoded = proof.encode()
    assert len(encoded) < len(one.encode()) + len(other.encode()) <= MAX_PROOF
    assert asyncio.run(log.verify_proof(encoded, VERIFIER)) == proof
    if proof.branches is not None:
        first, second = proof.branches
        assert first != second
        assert (position, first) in [*claims(proof.first, digest(proof.first.encode()))]


NOTHING = {
    "the same entry": (TRUNK[2], TRUNK[2], HalvesEqual),
    "entries of one branch": (TRUNK[2], TRUNK[3], ProvesNothing),
    "far from each other": (TRUNK[1], TRUNK[7], ProvesNothing),
    "before and behind a fork": (TRUNK[3], OTHER[8], ProvesNothing),
    "an end, and what comes before": (TRUNK[0], branch(Head(), "ab", end=True)[1], ProvesNothing),
    "of two authors": (TRUNK[0], branch(Head(), "b", number=2)[0], HalvesApart),
    "of two logs": (TRUNK[0], branch(Head(), "b", log_id=3)[0], HalvesApart),
}


@pytest.mark.parametrize(("one", "other", "error"), NOTHING.values(), ids=NOTHING)
def test_what_proves_nothing(one: Entry, other: Entry, error: type[PandaError]) -> None:
    with pytest.raises(error):
        ForkProof.of(one, other)


def test_halves_in_the_wrong_order() -> None:
    proof = ForkProof.of(TRUNK[4], OTHER[0])
    with pytest.raises(HalvesDisordered):
        ForkProof.decode(replace(proof, first=proof.second, second=proof.first).encode())


def test_bytes_behind_it() -> None:
    with pytest.raises(EntryTrailing):
        ForkProof.decode(ForkProof.of(TRUNK[4], OTHER[0]).encode() + b"\0")


def test_a_half_that_nobody_signed() -> None:
    forged = replace(OTHER[0], payload_size=OTHER[0].payload_size + 1)
    with pytest.raises(InvalidSignature):
        asyncio.run(log.verify_proof(ForkProof.of(TRUNK[4], forged).encode(), VERIFIER))


@given(entries(), entries(), st.booleans())
def test_what_parses_encodes_to_the_same_bytes(one: Entry, other: Entry, near: bool) -> None:
    other = replace(other, author=one.author, log_id=one.log_id)
    if near:
        other = replace(one, payload_size=other.payload_size, signature=other.signature)
    try:
        proof = ForkProof.of(one, other)
    except InvalidForkProof:
        return
    assert ForkProof.decode(proof.encode()) == proof
    assert len(proof.encode()) <= MAX_PROOF


@given(st.data())
def test_damaged_bytes_are_no_other_proof(data: st.DataObject) -> None:
    encoded = bytearray(ForkProof.of(TRUNK[4], OTHER[1]).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    encoded = encoded[: data.draw(st.integers(0, len(encoded)))] + data.draw(st.binary(max_size=3))
    try:
        proof = ForkProof.decode(bytes(encoded))
    except (InvalidEntry, InvalidForkProof):
        return
    assert proof.encode() == bytes(encoded)


@given(st.integers(1, 60), st.integers(0, 59), st.integers(1, 30), st.integers(1, 30))
def test_entries_of_two_branches_never_prove_what_both_have(
    length: int, at: int, one: int, other: int
) -> None:
    """What they prove lies behind where they part; of entries of one branch nothing is proven."""
    at = min(at, length)
    trunk = branch(Head(), [str(n) for n in range(at)])
    first, second = (branch(head_of(trunk), [f"{which} {n}" for n in range(30)]) for which in "ab")
    mine, theirs = first[one - 1], second[other - 1]
    try:
        assert ForkProof.of(mine, theirs).position > at
    except ProvesNothing:
        assert abs(mine.seq_num - theirs.seq_num) > 1
    with pytest.raises((ProvesNothing, HalvesEqual)):
        ForkProof.of(mine, first[other - 1])
