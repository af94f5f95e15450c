"""VarU64: unsigned integers below 2^64 in one to nine bytes.

A first byte below 248 is the number itself; 248 to 255 say that 1 to 8 big-endian bytes follow. Only the
shortest encoding is valid, so each number has exactly one. Source: AljoschaMeyer/varu64.
"""

import struct

from panda_web.bamboo.errors import IntegerNotCanonical, IntegerTruncated

_FIRST_LENGTH = 248
LIMIT = 1 << 64
# Seq nums and sizes are mostly of one or two bytes, and are read and written for every entry.
_SMALL = tuple(bytes((number,)) for number in range(_FIRST_LENGTH))
_TWO_BYTES = struct.Struct(">BH")


def encode(number: int) -> bytes:
    """The shortest encoding of `number`, which must lie in [0, 2^64)."""
    if 0 <= number < _FIRST_LENGTH:
        return _SMALL[number]
    if 1 << 8 <= number < 1 << 16:
        return _TWO_BYTES.pack(_FIRST_LENGTH + 1, number)
    if not 0 <= number < LIMIT:
        raise ValueError(f"{number} does not fit into 64 bits")
    length = (number.bit_length() + 7) // 8
    return bytes((_FIRST_LENGTH - 1 + length,)) + number.to_bytes(length, "big")


def decode(data: bytes, at: int = 0) -> tuple[int, int]:
    """The number at offset `at`, and the offset behind it.

    Raises:
        IntegerTruncated: the bytes end inside the number.
        IntegerNotCanonical: a shorter encoding exists.
    """
    if at >= len(data):
        raise IntegerTruncated("The entry ends where a number should begin.")
    first = data[at]
    if first < _FIRST_LENGTH:
        return first, at + 1
    if first == _FIRST_LENGTH + 1 and at + 2 < len(data) and data[at + 1] != 0:
        return data[at + 1] << 8 | data[at + 2], at + 3
    length = first - _FIRST_LENGTH + 1
    end = at + 1 + length
    if end > len(data):
        raise IntegerTruncated("The entry ends inside a number.")
    number = int.from_bytes(data[at + 1 : end], "big")
    if number < _FIRST_LENGTH or (length > 1 and number < 1 << 8 * (length - 1)):
        raise IntegerNotCanonical(f"The number {number} is written in more bytes than it needs.")
    return number, end
