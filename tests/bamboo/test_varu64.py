import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import varu64
from panda_web.bamboo.errors import InvalidEntry

numbers = (
    st.integers(0, 2**64 - 1)
    | st.integers(0, 1 << 17)
    | st.sampled_from([0, 247, 248, 255, 256] + [2**b - 1 for b in range(8, 65, 8)])
)


@given(numbers, st.binary(max_size=3))
def test_round_trip(number: int, behind: bytes) -> None:
    encoded = varu64.encode(number)
    assert varu64.decode(encoded + behind) == (number, len(encoded))


@given(st.binary(min_size=1, max_size=10))
def test_what_decodes_was_canonical(data: bytes) -> None:
    try:
        number, end = varu64.decode(data)
    except InvalidEntry:
        return
    assert varu64.encode(number) == data[:end]


@given(numbers)
def test_lengths(number: int) -> None:
    encoded = varu64.encode(number)
    assert len(encoded) == 1 if number < 248 else encoded[0] - 247 == len(encoded) - 1
    if number >= 248:
        assert encoded[1] != 0


@pytest.mark.parametrize("number", [-1, 2**64])
def test_only_64_bits(number: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        varu64.encode(number)
