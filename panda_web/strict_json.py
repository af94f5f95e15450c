"""JSON from strangers: what is not JSON, or too deep, is one named error. No I/O.

Too deep, too long a number, NaN, bytes that are no UTF-8: never an exception of the JSON library. Used for
what comes over the network and for what stands in messages.
"""

import json
import math
import re
from typing import Any

from panda_web.errors import PandaError

MAX_DEPTH = 64
"""Arrays and objects within each other. Deeper JSON ends CPython's patience at some thousand, and a whole
browser tab, beyond repair, at some more: so it is looked at before it is parsed."""

MAX_DIGITS = 4_000
"""Digits of an integer, below the 4,300 that Python reads."""

_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class NotJson(PandaError):
    """A text that should be JSON is not, or nests too deep."""

    reason = "not-json"


def _is_deep(data: bytes) -> bool:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _STRINGS.sub(b"", data).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def loads(data: bytes, *, unique_keys: bool = False, any_numbers: bool = False) -> Any:
    """JSON in UTF-8, of at most `MAX_DEPTH` levels.

    Args:
        data: all of it.
        unique_keys: refuse an object that has a key twice, of which JSON keeps the last.
        any_numbers: read NaN, infinities and numbers too large for Python as None, and refuse nothing for
            them: for files of which not every value is read.

    Raises:
        NotJson: with words that go behind "it is", such as "no JSON in UTF-8".
    """
    if _is_deep(data):
        raise NotJson(f"JSON of more than {MAX_DEPTH} levels, or none")
    try:
        return json.loads(
            data.decode(),
            parse_constant=_nothing if any_numbers else _refuse_constant,
            parse_float=_finite_or_nothing if any_numbers else _finite,
            parse_int=_int_or_nothing if any_numbers else None,
            object_pairs_hook=_unique if unique_keys else None,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson("no JSON in UTF-8") from error


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
