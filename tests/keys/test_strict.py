"""The byte rules, against the reference of the vector generator, and the error each broken rule gives."""

import copy
import pickle

import pytest

from panda_web.errors import all_errors
from panda_web.keys import InvalidSignature, KeyUnusable, strict
from tests.vectors import make_ed25519 as reference

GOOD = reference.ANN.sign(b"good")
AUTHOR = reference.ANN.author


def reason(author: bytes, signature: bytes) -> str | None:
    try:
        strict.check(author, signature)
    except InvalidSignature as error:
        return error.reason
    return None


def test_the_odd_encodings_are_all_there() -> None:
    small = {reference.encode(point) for point in reference.SMALL}
    assert len(small) == 8
    assert small == strict.OF_SMALL_ORDER
    assert set(reference.NOT_CANONICAL) == strict.NOT_CANONICAL
    assert len(strict.NOT_CANONICAL) == 40
    spellings = {spelling for point in reference.SMALL for spelling in reference.spellings(point)}
    assert spellings <= strict.OF_SMALL_ORDER | strict.NOT_CANONICAL
    assert not any(reference.is_canonical(spelling) for spelling in strict.NOT_CANONICAL)


def test_a_good_signature_passes() -> None:
    assert reason(AUTHOR, GOOD) is None


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_key_length(length: int) -> None:
    assert reason(bytes(length), GOOD) == "author-length"


@pytest.mark.parametrize("length", [0, 32, 63, 65, 128])
def test_signature_length(length: int) -> None:
    assert reason(AUTHOR, bytes(length)) == "signature-length"


def test_s_is_below_l() -> None:
    r, small = GOOD[:32], "signature-s-not-reduced"
    for s in (0, 1, 2**252 - 1, 2**252, 2**252 + 1, reference.L - 1):
        assert reason(AUTHOR, r + reference.little(s)) is None
    for s in (reference.L, reference.L + 1, 2**253 - 1, 2**253, 2**255, 2**256 - 1):
        assert reason(AUTHOR, r + reference.little(s)) == small


@pytest.mark.parametrize("encoding", sorted(strict.NOT_CANONICAL), ids=bytes.hex)
def test_not_canonical(encoding: bytes) -> None:
    assert reason(encoding, GOOD) == "author-not-canonical"
    assert reason(AUTHOR, encoding + GOOD[32:]) == "signature-r-not-canonical"


@pytest.mark.parametrize("encoding", sorted(strict.OF_SMALL_ORDER), ids=bytes.hex)
def test_small_order(encoding: bytes) -> None:
    assert reason(encoding, GOOD) == "author-small-order"
    assert reason(AUTHOR, encoding + GOOD[32:]) == "signature-r-small-order"


def test_the_edges_beside_the_odd_encodings_pass() -> None:
    for y in (2, reference.P - 2):
        for sign in (0, reference.SIGN):
            assert reason(reference.little(y + sign), GOOD) is None


def test_the_first_broken_rule_is_named() -> None:
    not_canonical = min(strict.NOT_CANONICAL)
    small = min(strict.OF_SMALL_ORDER)
    too_big = b"\xff" * 32
    assert reason(b"", b"") == "author-length"
    assert reason(small, b"") == "signature-length"
    assert reason(small, small + too_big) == "signature-s-not-reduced"
    assert reason(not_canonical, not_canonical + GOOD[32:]) == "author-not-canonical"
    assert reason(small, not_canonical + GOOD[32:]) == "signature-r-not-canonical"
    assert reason(small, small + GOOD[32:]) == "author-small-order"


def test_reasons_are_words_of_their_own() -> None:
    every = [*all_errors(InvalidSignature), *all_errors(KeyUnusable)]
    reasons = [error.reason for error in every]
    assert len(set(reasons)) == len(reasons)
    assert all(word.replace("-", "").isalpha() and word.islower() for word in reasons)


def test_errors_can_be_copied_and_sent_to_another_process() -> None:
    for author, signature in ((b"", b""), (AUTHOR, b""), (AUTHOR, bytes(64))):
        with pytest.raises(InvalidSignature) as caught:
            strict.check(author, signature)
        for twin in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
            assert type(twin) is type(caught.value)
            assert str(twin) == str(caught.value)
            assert twin.data == caught.value.data == {"author": author.hex()}
