"""What an aquadoggo 0.1.0 node takes for a message, which is more than is one.

It reads a payload twice (p2panda-rs 0.2.1). First against its form: there a hash is any text with 132 hex digits
in a row, numbers may be NaN, a delete may have fields, and what is of another form is refused. Then into its
own values: there a key twice, or an integer beyond 64 bits, makes the task panic.
"""

import re
import struct
from collections.abc import Mapping
from typing import Any

_BREAK = object()
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None}
_LIKE_A_HASH = re.compile(r"[0-9a-f]{132}")
_KEYS = {
    "create": ({"fields"},),
    "update": ({"fields", "id"},),
    "delete": ({"id"}, {"id", "fields"}),
}


class OtherForm(Exception):
    """It has not the form of a message."""


class Panic(Exception):
    """It has the form, and cannot be read."""


class Pairs(list[tuple[Any, Any]]):
    """A map, with keys that stand there twice."""


def schema_of(payload: bytes) -> str:
    """The schema of a message. Raises OtherForm or Panic."""
    try:
        item, at = _read(payload, 0)
        if at != len(payload):
            raise OtherForm
        message = dict(_map(item))
        fields = {
            name: dict(_map(field)) for name, field in dict(_map(message.get("fields", Pairs()))).items()
        }
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise OtherForm from error
    if not _has_form(message, fields):
        raise OtherForm
    _unwrap(item, fields)
    schema: str = message["schema"]
    return schema


def _has_form(message: Mapping[Any, Any], fields: Mapping[Any, Mapping[Any, Any]]) -> bool:
    action = message.get("action")
    return (
        isinstance(action, str)
        and set(message) - {"action", "schema", "version"} in _KEYS.get(action, ())
        and message.get("version") == 1
        and _is_like_a_hash(message.get("schema"))
        and ("id" not in message or _is_like_a_hash(message["id"]))
        and ("fields" not in message or bool(fields))
        and all(isinstance(name, str) and _is_field(field) for name, field in fields.items())
    )


def _is_field(field: Mapping[Any, Any]) -> bool:
    if set(field) != {"type", "value"}:
        return False
    value = field["value"]
    match field["type"]:
        case "str":
            return isinstance(value, str)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, float)
        case "bool":
            return isinstance(value, bool)
        case "relation":
            return _is_like_a_hash(value)
    return False


def _is_like_a_hash(value: object) -> bool:
    return isinstance(value, str) and _LIKE_A_HASH.search(value) is not None


def _unwrap(item: Pairs, fields: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises Panic where a key of the message, or of a field, is there twice, or an integer is too large."""
    maps = [item, *(field for key, value in item if key == "fields" for _, field in value)]
    if any(len(pairs) != len(dict(pairs)) for pairs in maps):
        raise Panic
    if any(field["type"] == "int" and not -(2**63) <= field["value"] < 2**63 for field in fields.values()):
        raise Panic


def _map(item: Any) -> Pairs:
    if not isinstance(item, Pairs):
        raise OtherForm
    return item


def _read(data: bytes, at: int) -> tuple[Any, int]:
    """One CBOR item of any kind, and the offset behind it. LookupError where the bytes end."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    number: int | None = info
    if 24 <= info <= 27:
        size = 1 << info - 24
        raw, at = data[at : at + size], at + size
        if len(raw) != size:
            raise IndexError
        if major == 7 and info in _FLOATS:
            return struct.unpack(_FLOATS[info], raw)[0], at
        number = int.from_bytes(raw, "big")
    elif info == 31:
        number = None
        if major == 7:
            return _BREAK, at
    elif info > 27:
        raise OtherForm
    if number is None and major in (0, 1, 6):
        raise OtherForm
    match major:
        case 0:
            return number, at
        case 1:
            return -1 - (number or 0), at
        case 2 | 3:
            return _read_string(data, at, number, text=major == 3)
        case 4:
            return _read_items(data, at, number)
        case 5:
            items, at = _read_items(data, at, None if number is None else 2 * number)
            return Pairs(zip(items[::2], items[1::2], strict=True)), at
        case 6:
            return _read(data, at)
    return _SIMPLE[number or 0], at


def _read_string(data: bytes, at: int, size: int | None, *, text: bool) -> tuple[Any, int]:
    if size is None:
        parts, at = _read_items(data, at, None)
        return ("" if text else b"").join(parts), at
    raw = data[at : at + size]
    if len(raw) != size:
        raise IndexError
    return raw.decode() if text else raw, at + size


def _read_items(data: bytes, at: int, count: int | None) -> tuple[list[Any], int]:
    """So many items, or all up to a break."""
    items: list[Any] = []
    while count is None or len(items) < count:
        item, at = _read(data, at)
        if item is _BREAK:
            if count is not None:
                raise OtherForm
            break
        items.append(item)
    return items, at
