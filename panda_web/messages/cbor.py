"""The few CBOR items that messages are made of, read strictly and written shortest (RFC 8949).

Reading takes any well-formed encoding of definite length, so heads longer than need be too: whether a
payload is valid must not hang on taste, only on the rules. Tags, simple values and byte strings do not
occur in messages. Every reader takes the bytes and an offset and gives the value and the next offset; its
errors name the broken rule, and they are the same on every platform and with every library version, which
is why no general CBOR library stands here (in the tests, one is the oracle).

This is the hot path of whoever writes or reads, so each function looks for the common case first: a short
text, a small number. What is no such case goes through `read_head` and `head`, which know them all.
"""

import struct
import sys

from panda_web.messages.errors import (
    CborIndefinite,
    CborMalformed,
    CborTruncated,
    FieldTypeMismatch,
    FloatNotFinite,
    IntegerOutOfRange,
    TextMalformed,
    WrongType,
)

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
_NAMES = ("integer", "integer", "byte string", "text", "array", "map", "tag", "simple value or float")
_FLOATS = {0xF9: struct.Struct(">e"), 0xFA: struct.Struct(">f"), 0xFB: struct.Struct(">d")}
"""Initial byte to the form of the bytes behind it."""
_TWO_BYTES = struct.Struct(">BH")
_LARGEST = {0xF9: 65504.0, 0xFA: float.fromhex("0x1.fffffep127"), 0xFB: sys.float_info.max}
"""Initial byte to the largest finite float of that width."""


def read_head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument and the offset behind them.

    For floats (major type 7, 25 to 27) the argument is the additional information itself, and the float's
    bytes still lie ahead: an integer with their value would say nothing.
    """
    if at >= len(data):
        raise CborTruncated("The message ends where an item should begin.")
    initial = data[at]
    major, info = initial >> 5, initial & 31
    if info < 24 or major == SIMPLE:
        if info == 31:
            raise CborIndefinite("The message holds an item of indefinite length.")
        if info > 27:
            raise CborMalformed(f"The byte {initial:02x} begins no CBOR item.")
        return major, info, at + 1
    if info == 31 and major in (BYTES, TEXT, ARRAY, MAP):
        raise CborIndefinite("The message holds an item of indefinite length.")
    if info > 27:
        raise CborMalformed(f"The byte {initial:02x} begins no CBOR item.")
    end = at + 1 + (1 << info - 24)
    if end > len(data):
        raise CborTruncated("The message ends inside the head of an item.")
    return major, int.from_bytes(data[at + 1 : end], "big"), end


def read_text(data: bytes, at: int) -> tuple[str, int]:
    """A text string."""
    size = data[at] - 0x60 if at < len(data) else -1
    if 0 <= size < 24:
        at += 1
    elif size == 24 and at + 1 < len(data):
        size, at = data[at + 1], at + 2
    else:
        major, size, at = read_head(data, at)
        if major != TEXT:
            raise _wrong("text", major)
    end = at + size
    if end > len(data):
        raise CborTruncated("The message ends inside a text.")
    try:
        return data[at:end].decode(), end
    except UnicodeDecodeError as error:
        raise TextMalformed("A text in the message is not UTF-8.") from error


def read_map(data: bytes, at: int) -> tuple[int, int]:
    """The number of entries of a map."""
    return _read_container(data, at, MAP)


def read_array(data: bytes, at: int) -> tuple[int, int]:
    """The number of items of an array."""
    return _read_container(data, at, ARRAY)


def _read_container(data: bytes, at: int, wanted: int) -> tuple[int, int]:
    major, count, at = read_head(data, at)
    if major != wanted:
        raise _wrong(_NAMES[wanted], major)
    if count > len(data) - at:  # each item takes a byte at least: a hostile count costs nothing
        raise CborTruncated(f"The message ends inside {'an array' if wanted == ARRAY else 'a map'}.")
    return count, at


def read_int(data: bytes, at: int) -> tuple[int, int]:
    """An integer of signed 64 bits."""
    if at < len(data) and data[at] < 24:
        return data[at], at + 1
    major, number, at = read_head(data, at)
    if major not in (UNSIGNED, NEGATIVE):
        raise _wrong("integer", major)
    if number >> 63:
        raise IntegerOutOfRange("An integer in the message does not fit into signed 64 bits.")
    return (number if major == UNSIGNED else -1 - number), at


def read_float(data: bytes, at: int) -> tuple[float, int]:
    """A finite float of 16, 32 or 64 bits."""
    form = _FLOATS.get(data[at]) if at < len(data) else None
    if form is None:
        raise _wrong("float", read_head(data, at)[0])
    end = at + 1 + form.size
    if end > len(data):
        raise CborTruncated("The message ends inside a float.")
    return finite(form.unpack_from(data, at + 1)[0]), end


def read_bool(data: bytes, at: int) -> tuple[bool, int]:
    """True or false."""
    if at < len(data) and data[at] in (0xF4, 0xF5):
        return data[at] == 0xF5, at + 1
    raise _wrong("boolean", read_head(data, at)[0])


def skip(data: bytes, at: int) -> int:
    """The offset behind a value that may stand in a field: a scalar, or an array of scalars."""
    if read_head(data, at)[0] == ARRAY:
        count, at = read_array(data, at)
        for _ in range(count):
            at = _skip_scalar(data, at)
        return at
    return _skip_scalar(data, at)


def _skip_scalar(data: bytes, at: int) -> int:
    major, argument, end = read_head(data, at)
    if major in (UNSIGNED, NEGATIVE):
        return end
    if major == TEXT:
        return read_text(data, at)[1]
    if major == SIMPLE and argument in (25, 26, 27):
        return read_float(data, at)[1]
    return read_bool(data, at)[1]


def _wrong(wanted: str, major: int) -> WrongType:
    return WrongType(f"The message has a {_NAMES[major]} where a {wanted} belongs.")


def finite(number: float) -> float:
    """The number itself. Raises FloatNotFinite for NaN and infinities."""
    if number - number != 0:
        raise FloatNotFinite("NaN and infinities cannot be carried by JSON, so messages do not carry them.")
    return number


def head(major: int, argument: int) -> bytes:
    """The shortest head."""
    if argument < 24:
        return bytes((major << 5 | argument,))
    if 1 << 8 <= argument < 1 << 16:
        return _TWO_BYTES.pack(major << 5 | 25, argument)
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes((major << 5 | info,)) + argument.to_bytes(size, "big")
    raise IntegerOutOfRange("An integer does not fit into signed 64 bits.")


_TEXT_HEADS = tuple(head(TEXT, size) for size in range(256))
_SMALL_INTS = tuple(head(UNSIGNED, number) for number in range(256))


def write_text(text: str) -> bytes:
    """A text string."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise TextMalformed("A text holds half a surrogate pair, which UTF-8 cannot carry.") from error
    size = len(data)
    return (_TEXT_HEADS[size] if size < 256 else head(TEXT, size)) + data


def write_int(number: int) -> bytes:
    """An integer of signed 64 bits."""
    if 0 <= number < 256:
        return _SMALL_INTS[number]
    if not -(1 << 63) <= number < 1 << 63:
        raise IntegerOutOfRange("An integer does not fit into signed 64 bits.")
    return head(UNSIGNED, number) if number >= 0 else head(NEGATIVE, -1 - number)


def write_float(number: float) -> bytes:
    """A finite float in the shortest form that loses nothing: 3.5 is `f94300`."""
    finite(number)
    for initial, form in _FLOATS.items():
        if abs(number) <= _LARGEST[initial]:  # what is larger, `pack` would refuse
            data = form.pack(number)
            if form.unpack(data)[0] == number:
                return bytes((initial,)) + data
    raise FieldTypeMismatch(f"{number!r} is no float.")  # pragma: no cover - 64 bits lose nothing


def write_bool(value: bool) -> bytes:
    """True or false."""
    return b"\xf5" if value else b"\xf4"
