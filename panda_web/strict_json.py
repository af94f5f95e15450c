"""JSON from strangers: what is not JSON, too deep or too much is a named error. No I/O.

Too deep, too many values, too long a number, NaN, bytes that are no UTF-8: never an exception of the JSON
library. Used for what comes over the network and for what stands in messages.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from panda_web.errors import PandaError

MAX_DEPTH = 64
"""Arrays and objects within each other. Deeper JSON ends CPython's patience at some thousand, and a whole
browser tab, beyond repair, at some more: so depth is counted before anything is parsed."""

MAX_PARTS = 100_000
"""Parts of a text, unless its reader allows more: each `[`, `{` and `,` outside of strings begins one.

A value takes 8 bytes of memory or 60, however short it is, so a text of nothing but `[],` would take 30
times its size."""

MAX_DIGITS = 4_000
"""Digits of an integer, below the 4,300 that Python reads."""

WINDOW = 1 << 16
"""Bytes, or characters, that are looked at together before a text is parsed: so what is found is small."""

_NO_STRUCTURE = bytes(set(range(256)) - set(b"[]{},"))
_AS_DIGITS = bytes(ord("0") if byte in b"0123456789" else byte for byte in range(256))


class NotJson(PandaError):
    """A text that should be JSON is not, or nests too deep."""

    reason = "not-json"


class TooManyParts(NotJson):
    """A text in JSON of more values than are read at once."""

    reason = "too-many-parts"


class TooManyMembers(NotJson):
    """A JSON array of more members than its reader takes."""

    reason = "too-many-members"


def loads(
    data: bytes | str,
    *,
    parts: int = MAX_PARTS,
    members: int | None = None,
    digits: int | None = None,
    unique_keys: bool = False,
    any_numbers: bool = False,
) -> Any:
    """JSON, of at most `MAX_DEPTH` levels. What is too much is refused before it is parsed.

    Args:
        data: all of it, in UTF-8 or as a text. A text is not copied.
        parts: how many it may have, see `MAX_PARTS`.
        members: how many it may have where it is an array; None for as many as there are parts.
        digits: how many may follow each other in a number, where it matters how long megabytes of integers
            take, for that grows with the square of their digits; None for as many as Python reads.
        unique_keys: refuse an object that has a key twice, of which JSON keeps the last.
        any_numbers: read NaN, infinities and numbers too large for Python as None, and refuse nothing for
            them: for files of which not every value is read.

    Raises:
        TooManyParts, TooManyMembers: with words as below.
        NotJson: with words that go behind "it is", such as "no JSON in UTF-8".
    """
    bare = _without_strings(data, parts)
    _check_shape(bare, parts, members)
    if digits is not None and b"0" * (digits + 1) in bare.translate(_AS_DIGITS):
        raise NotJson(f"JSON with a number of more than {digits} digits, or no JSON at all")
    try:
        return json.loads(
            data if isinstance(data, str) else data.decode(),
            parse_constant=_nothing if any_numbers else _refuse_constant,
            parse_float=_finite_or_nothing if any_numbers else _finite,
            parse_int=_int_or_nothing if any_numbers else None,
            object_pairs_hook=_unique if unique_keys else None,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson("no JSON in UTF-8") from error


def _without_strings(data: bytes | str, parts: int) -> bytes:
    """What stands outside of strings. Of what is no JSON, right up to where the parser will stop.

    Once the escaped backslashes are gone, and then the escaped quotes, each quote begins or ends a string.
    """
    found: list[bytes] = []
    quotes = 0
    for window in _windows(data):
        if b"\\" in window:
            window = window.replace(b"\\\\", b"").replace(b'\\"', b"")
        between = window.split(b'"')
        found.append(b"".join(between[quotes % 2 :: 2]))
        quotes += len(between) - 1
        if quotes > 4 * parts + 2:  # a part has a key and a value at most
            raise _too_many_parts(parts)
    return b"".join(found)


def _windows(data: bytes | str) -> Iterator[bytes]:
    """The data, some at a time. No escape goes over an end."""
    start = 0
    while start < len(data):
        end = start + WINDOW
        while data[end - 1 : end] in ("\\", b"\\"):
            end += 1
        window = data[start:end]
        yield window.encode("utf-8", "surrogatepass") if isinstance(window, str) else window
        start = end


def _check_shape(bare: bytes, parts: int, members: int | None) -> None:
    opened, commas = bare.count(b"[") + bare.count(b"{"), bare.count(b",")
    if opened + commas > parts:
        raise _too_many_parts(parts)
    counted = members is not None and commas >= members and bare.lstrip().startswith(b"[")
    if opened <= MAX_DEPTH and not counted:
        return
    depth, outer = 0, 1
    for mark in bare.translate(None, _NO_STRUCTURE):
        if mark in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson(f"JSON of more than {MAX_DEPTH} levels, or no JSON at all")
        elif mark in b"]}":
            depth -= 1
            if depth <= 0:  # its end; what follows is no JSON
                break
        elif depth == 1:
            outer += 1
    if counted and members is not None and outer > members:
        raise TooManyMembers(f"JSON with {outer} members, and {members} are allowed")


def _too_many_parts(parts: int) -> TooManyParts:
    return TooManyParts(f"JSON of more than {parts:,} values, or no JSON at all")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # 1e999: JSON, but nothing that could be answered with
        raise ValueError(f"{text} is no float")
    return number


def _nothing(_: str) -> None:
    """What NaN and the infinities are read as."""


def _finite_or_nothing(text: str) -> float | None:
    number = float(text)
    return None if math.isinf(number) else number


def _int_or_nothing(text: str) -> int | None:
    return int(text) if len(text) <= MAX_DIGITS else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotJson(f"JSON with the key {key[:60]!r} twice in one object")
        found[key] = value
    return found
