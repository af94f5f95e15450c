"""Pictures as PNG (RFC 2083), made from shapes. Equal shapes make equal bytes on every machine.

So the compression is written out here: what zlib makes differs between its builds. It is RFC 1951 with
fixed codes and repetitions of one byte, which is all that flat colours need once each row says only how it
differs from the one above.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from tools.colours import channels

Point = tuple[float, float]
# Lines within a row of pixels on which is looked what is covered.
LINES = 4
# The lengths of repetitions: code, first length, further bits (RFC 1951, 3.2.5).
LENGTHS = [(257 + n, 3 + n, 0) for n in range(8)]
for bits in range(1, 6):
    LENGTHS += [(261 + 4 * bits + n, 3 + (4 + n << bits), bits) for n in range(4)]
LENGTHS[-1] = (285, 258, 0)
LENGTHS.insert(-1, (284, 227, 5))


@dataclass(frozen=True, slots=True)
class Shape:
    """Closed lines of one colour; what they go around more often one way than the other is filled."""

    lines: Sequence[Sequence[Point]]
    colour: str
    """#rrggbb"""


def picture(size: int, shapes: Sequence[Shape]) -> bytes:
    """A square PNG, transparent where no shape is.

    Args:
        size: pixels of a side, which are the shapes' units.
        shapes: the lowest first.
    """
    rows = [[(0.0, 0.0, 0.0, 0.0)] * size for _ in range(size)]
    for shape in shapes:
        red, green, blue = channels(shape.colour)
        for y, covered in coverage(size, shape.lines).items():
            row = rows[y]
            for x, part in enumerate(covered):
                if part > 0:
                    r, g, b, alpha = row[x]
                    rest = 1 - part
                    row[x] = (
                        r * rest + red * part,
                        g * rest + green * part,
                        b * rest + blue * part,
                        alpha * rest + part,
                    )
    data = bytearray()
    above = bytes(4 * size)
    for row in rows:
        line = bytes(byte for pixel in row for byte in straight(pixel))
        data.append(2)  # each byte as its difference from the one above
        data += bytes((now - before) & 255 for now, before in zip(line, above, strict=True))
        above = line
    head = size.to_bytes(4, "big") * 2 + bytes((8, 6, 0, 0, 0))
    parts = ((b"IHDR", head), (b"IDAT", packed(bytes(data))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, content) for name, content in parts)


def straight(pixel: tuple[float, float, float, float]) -> tuple[int, ...]:
    """A pixel's bytes: colours as they are without their transparency."""
    *colours, alpha = pixel
    if alpha <= 0:
        return (0, 0, 0, 0)
    return (*(min(round(each / alpha), 255) for each in colours), min(round(255 * alpha), 255))


def coverage(size: int, lines: Sequence[Sequence[Point]]) -> dict[int, list[float]]:
    """By row of pixels, how much of each pixel is within the lines: 0 to 1."""
    crossings: dict[int, list[tuple[float, int]]] = {}
    for line in lines:
        for (ax, ay), (bx, by) in zip(line, [*line[1:], line[0]], strict=True):
            if ay == by:
                continue
            way = 1 if ay < by else -1
            top, bottom = sorted((ay, by))
            first, last = math.ceil(top * LINES - 0.5), math.ceil(bottom * LINES - 0.5)
            for at in range(max(first, 0), min(last, size * LINES)):
                y = (at + 0.5) / LINES
                crossings.setdefault(at, []).append((ax + (bx - ax) * (y - ay) / (by - ay), way))
    rows: dict[int, list[float]] = {}
    for at, found in crossings.items():
        row = rows.setdefault(at // LINES, [0.0] * size)
        around, begin = 0, 0.0
        for x, way in sorted(found):
            if around == 0:
                begin = x
            around += way
            if around == 0:
                cover(row, max(begin, 0.0), min(x, float(size)))
    return rows


def cover(row: list[float], begin: float, end: float) -> None:
    """Adds what one line within a row covers between two places."""
    if end <= begin:
        return
    first, last = int(begin), min(int(end), len(row) - 1)
    if first == last:
        row[first] = min(row[first] + (end - begin) / LINES, 1.0)
        return
    row[first] = min(row[first] + (first + 1 - begin) / LINES, 1.0)
    for x in range(first + 1, last):
        row[x] = min(row[x] + 1 / LINES, 1.0)
    row[last] = min(row[last] + (end - last) / LINES, 1.0)


def chunk(name: bytes, content: bytes) -> bytes:
    """A part of a PNG."""
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def packed(data: bytes) -> bytes:
    """Bytes as a zlib stream (RFC 1950)."""
    bits = Bits()
    bits.put(0b011, 3)  # the only block, with fixed codes
    at = 0
    while at < len(data):
        same = 0
        while at and same < 258 and at + same < len(data) and data[at + same] == data[at - 1]:
            same += 1
        if same >= 3:
            code, least, more = next(each for each in reversed(LENGTHS) if each[1] <= same)
            length = min(same, least + (1 << more) - 1)
            bits.put_code(code)
            bits.put(length - least, more)
            bits.put(0, 5)  # of the byte before
            at += length
        else:
            bits.put_code(data[at])
            at += 1
    bits.put_code(256)
    return b"\x78\x01" + bits.whole() + zlib.adler32(data).to_bytes(4, "big")


class Bits:
    """Bits in the order of RFC 1951."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._rest = 0
        self._count = 0

    def put(self, value: int, count: int) -> None:
        """Some bits, the least first."""
        self._rest |= value << self._count
        self._count += count
        while self._count >= 8:
            self._bytes.append(self._rest & 255)
            self._rest >>= 8
            self._count -= 8

    def put_code(self, code: int) -> None:
        """A byte, the end or a length, in its fixed code, the greatest bit first."""
        if code < 144:
            value, count = 0x30 + code, 8
        elif code < 256:
            value, count = 0x190 + code - 144, 9
        elif code < 280:
            value, count = code - 256, 7
        else:
            value, count = 0xC0 + code - 280, 8
        self.put(int(f"{value:0{count}b}"[::-1], 2), count)

    def whole(self) -> bytes:
        """All bytes; the last one filled up."""
        return bytes(self._bytes) + (bytes([self._rest]) if self._count else b"")
