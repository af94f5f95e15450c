"""The values that a message's fields hold: their types, how they are read, written, and told from Python's.

| type | Python value | CBOR |
| --- | --- | --- |
| `str` | str | text |
| `int` | int, signed 64-bit | integer |
| `float` | float, finite | float, shortest form |
| `bool` | bool | boolean |
| `relation` | `Relation` (an instance's id, 132 hex digits) | text |

and each as an array with `[]` behind it: a tuple in Python. p2panda-js 0.2.1 knows the first five.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from panda_web.bamboo import is_hex
from panda_web.messages import cbor
from panda_web.messages.errors import (
    FieldTypeAmbiguous,
    FieldTypeMismatch,
    FieldTypeUnknown,
    RelationMalformed,
    WrongType,
)


class Relation(str):
    """The id of an instance that a field points to: the entry hash of its create, 132 hex digits."""

    __slots__ = ()


Scalar = str | int | float | bool
Value = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A value with its type in so many words, as messages carry it."""

    type: str
    value: Value


def _read_relation(data: bytes, at: int) -> tuple[Relation, int]:
    text, at = cbor.read_text(data, at)
    return _relation(text), at


def _relation(text: str) -> Relation:
    if not is_hex(text):
        raise RelationMalformed("A relation is not the id of an instance: 132 lower-case hex digits.")
    return Relation(text)


Reader = Callable[[bytes, int], tuple[Scalar, int]]
Writer = Callable[..., bytes]
_READERS: Final[dict[str, Reader]] = {
    "str": cbor.read_text,
    "int": cbor.read_int,
    "float": cbor.read_float,
    "bool": cbor.read_bool,
    "relation": _read_relation,
}
_WRITERS: Final[dict[str, tuple[type, Writer]]] = {
    "str": (str, cbor.write_text),
    "int": (int, cbor.write_int),
    "float": (float, cbor.write_float),
    "bool": (bool, cbor.write_bool),
    "relation": (str, lambda text: cbor.write_text(_relation(text))),
}
BASIC_TYPES = frozenset(_READERS)
"""What p2panda-js 0.2.1 understands."""
FIELD_TYPES = BASIC_TYPES | {f"{name}[]" for name in _READERS}


def read_value(kind: str, data: bytes, at: int) -> tuple[Value, int]:
    """The value of a field of type `kind`, and the offset behind it."""
    try:
        read = _READERS.get(kind)
        if read is not None:
            return read(data, at)
        read = _READERS.get(kind.removesuffix("[]"))
        if read is None:
            raise FieldTypeUnknown(f"There is no field type {kind[:40]!r}.")
        count, at = cbor.read_array(data, at)
        items = []
        for _ in range(count):
            item, at = read(data, at)
            items.append(item)
        return tuple(items), at
    except WrongType as error:
        raise FieldTypeMismatch(f"A field says that it is {kind}, but its value is not: {error}") from error


def write_field(field: Field) -> bytes:
    """The CBOR of a field: a map of `type`, then `value`."""
    if field.type not in FIELD_TYPES:
        raise FieldTypeUnknown(f"There is no field type {field.type[:40]!r}.")
    kind, write = _WRITERS[field.type.removesuffix("[]")]
    if field.type.endswith("[]"):
        if not isinstance(field.value, tuple | list):
            raise FieldTypeMismatch(f"A field of type {field.type} needs a list, not {field.value!r:.60}.")
        items = [write(_typed(item, kind, field.type)) for item in field.value]
        value = cbor.head(cbor.ARRAY, len(items)) + b"".join(items)
    else:
        value = write(_typed(field.value, kind, field.type))
    return b"\xa2\x64type" + cbor.write_text(field.type) + b"\x65value" + value


def _typed(value: object, kind: type, name: str) -> object:
    # bool is an int in Python, and is none here
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FieldTypeMismatch(f"A field of type {name} cannot hold {value!r:.60}.")
    return value


def infer(value: object) -> Field:
    """The field for a plain Python value; a `Field` stays as it is.

    Raises:
        FieldTypeAmbiguous: an empty or mixed list, or a value that is none of the types above. Give the
            type in so many words then: `Field("str[]", ())`.
    """
    if isinstance(value, Field):
        return value
    if isinstance(value, list | tuple):
        kinds = {_scalar_type(item) for item in value}
        if len(kinds) != 1:
            what = "a mixed list" if kinds else "an empty list"
            raise FieldTypeAmbiguous(f"The type of {what} cannot be told; give it with Field(type, value).")
        return Field(f"{kinds.pop()}[]", tuple(value))
    return Field(_scalar_type(value), value)  # type: ignore[arg-type]


def infer_all(fields: Mapping[str, object]) -> dict[str, Field]:
    """`infer` for every field."""
    return {name: infer(value) for name, value in fields.items()}


def _scalar_type(value: object) -> str:
    for kind, name in _PYTHON_TYPES:
        if isinstance(value, kind):
            return name
    raise FieldTypeAmbiguous(f"A field cannot hold a {type(value).__name__}.")


# Order matters: a Relation is a str, and a bool is an int.
_PYTHON_TYPES: Final[Iterable[tuple[type, str]]] = (
    (Relation, "relation"),
    (str, "str"),
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
)
