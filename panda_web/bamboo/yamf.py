"""YAMF hash: `00` (BLAKE2b), `40` (64 bytes follow), then BLAKE2b-512. 66 bytes, 132 hex digits in text.

Source: AljoschaMeyer/yamf-hash. Bamboo allows no other hash.
"""

import re
from hashlib import blake2b

SIZE = 66
HEX_SIZE = 2 * SIZE
PREFIX = b"\x00\x40"
_HEX = re.compile(r"0040[0-9a-f]{128}")


def digest(data: bytes) -> bytes:
    """The YAMF hash of `data`, 66 bytes."""
    return PREFIX + blake2b(data).digest()


def is_hash(data: bytes) -> bool:
    """Whether the bytes have the shape of a YAMF hash."""
    return len(data) == SIZE and data.startswith(PREFIX)


def is_hex(text: str) -> bool:
    """Whether the text is a YAMF hash as the wire and messages carry it: 132 lower-case hex digits."""
    return _HEX.fullmatch(text) is not None
