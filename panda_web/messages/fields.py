"""The values that a message's fields hold: their types, how they are read, written, and told from Python's.

| type | Python value | CBOR |
| --- | --- | --- |
| `str` | str | text |
| `int` | int, signed 64-bit | integer |
| `float` | float, finite | float, shortest form |
| `bool` | bool | boolean |
| `relation` | `Relation` (an instance's id, 132 hex digits) | text |

and each as an array with `[]` behind it: a tuple in Python; one without items takes a field's value away
(`messages.instance`). p2panda-js 0.2.1 knows the first five.
"""

from collections.abc import Callable, Mapping, Sequence
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
    _check_relation(text)
    return Relation(text), at


def _write_relation(text: str) -> bytes:
    _check_relation(text)
    return cbor.write_text(text)


def _check_relation(text: str) -> None:
    if not is_hex(text):
        raise RelationMalformed("A relation is not the id of an instance: 132 lower-case hex digits.")


Reader = Callable[[bytes, int], tuple[Value, int]]
Writer = Callable[..., bytes]
_SCALARS: Final[dict[str, tuple[type, Callable[[bytes, int], tuple[Scalar, int]], Writer]]] = {
    "str": (str, cbor.read_text, cbor.write_text),
    "int": (int, cbor.read_int, cbor.write_int),
    "float": (float, cbor.read_float, cbor.write_float),
    "bool": (bool, cbor.read_bool, cbor.write_bool),
    "relation": (str, _read_relation, _write_relation),
}
BASIC_TYPES = frozenset(_SCALARS)
"""What p2panda-js 0.2.1 understands."""
FIELD_TYPES = BASIC_TYPES | {f"{name}[]" for name in _SCALARS}


def _list_of(read: Callable[[bytes, int], tuple[Scalar, int]]) -> Reader:
    def read_list(data: bytes, at: int) -> tuple[Value, int]:
        count, at = cbor.read_array(data, at)
        items = []
        for _ in range(count):
            item, at = read(data, at)
            items.append(item)
        return tuple(items), at

    return read_list


_READERS: Final[dict[str, Reader]] = {
    **{name: read for name, (_, read, _) in _SCALARS.items()},
    **{f"{name}[]": _list_of(read) for name, (_, read, _) in _SCALARS.items()},
}
_STARTS: Final = {
    name: b"\xa2\x64type" + cbor.write_text(name) + b"\x65value" for name in sorted(FIELD_TYPES)
}
"""Type to the bytes of a field up to its value, as `write_field` writes them."""
READERS_BEHIND: Final = {start: (name, _READERS[name]) for name, start in _STARTS.items()}
"""The other way: these bytes to the type, and to what reads the value behind them."""


def read_value(kind: str, data: bytes, at: int) -> tuple[Value, int]:
    """The value of a field of type `kind`, and the offset behind it."""
    read = _READERS.get(kind)
    if read is None:
        raise FieldTypeUnknown(f"There is no field type {kind[:40]!r}.")
    try:
        return read(data, at)
    except WrongType as error:
        raise FieldTypeMismatch(f"A field says that it is {kind}, but its value is not: {error}") from error


@dataclass(frozen=True, slots=True)
class Shape:
    """What messages with the same fields have in common: all but the values.

    Attributes:
        head: of the map of fields.
        fields: in the order in which they are written, for each its name, its bytes up to the value, what
            writes the value, the value's type in Python, and its type in so many words.
    """

    head: bytes
    fields: tuple[tuple[str, bytes, Writer, type, str], ...]

    @staticmethod
    def of(names: Sequence[str], kinds: Sequence[str]) -> "Shape":
        """The shape of fields with these names and types. Raises TextMalformed, FieldTypeUnknown."""
        fields = []
        # Code points sort as their UTF-8 bytes do.
        for name, kind in sorted(zip(names, kinds, strict=True)):
            if kind not in _STARTS:
                raise FieldTypeUnknown(f"There is no field type {kind[:40]!r}.")
            fields.append((name, cbor.write_text(name) + _STARTS[kind], *_WRITERS[kind], kind))
        return Shape(cbor.head(cbor.MAP, len(names)), tuple(fields))

    def write(self, fields: Mapping[str, Field]) -> list[bytes]:
        """The CBOR of fields of this shape, in pieces: a map of name to a map of `type`, then `value`."""
        parts = [self.head]
        for name, start, write, python, kind in self.fields:
            value = fields[name].value
            parts += (start, write(value if type(value) is python else _typed(value, python, kind)))
        return parts


def _list_writer(kind: str) -> Writer:
    python, _, write = _SCALARS[kind]

    def write_list(values: Sequence[object]) -> bytes:
        items = [write(_typed(each, python, kind + "[]")) for each in values]
        return cbor.head(cbor.ARRAY, len(items)) + b"".join(items)

    return write_list


_WRITERS: Final[dict[str, tuple[Writer, type]]] = {
    **{name: (write, python) for name, (python, _, write) in _SCALARS.items()},
    **{f"{name}[]": (_list_writer(name), tuple) for name in _SCALARS},
}


def _typed(value: object, kind: type, name: str) -> object:
    if kind is tuple:
        if not isinstance(value, tuple | list):
            raise FieldTypeMismatch(f"A field of type {name} needs a list, not {value!r:.60}.")
    # bool is an int in Python, and is none here
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FieldTypeMismatch(f"A field of type {name} cannot hold {value!r:.60}.")
    return value


def infer(value: object) -> Field:
    """The field for a plain Python value; a `Field` stays as it is.

    Raises:
        FieldTypeAmbiguous: an empty or mixed list, or a value that is none of the types above. Give the
            type in so many words then: `Field("str[]", ())`.
    """
    name = _EXACT_TYPES.get(type(value))
    if name is not None:
        return Field(name, value)  # type: ignore[arg-type]
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
    return {
        name: Field(kind, value) if (kind := _EXACT_TYPES.get(type(value))) else infer(value)  # type: ignore[arg-type]
        for name, value in fields.items()
    }


def _scalar_type(value: object) -> str:
    if value is None:
        raise FieldTypeAmbiguous(
            "None empties a field of a known schema. Of another one give the empty list of the value's type: "
            'Field("str[]", ()) for a text.'
        )
    for kind, name in _PYTHON_TYPES:
        if isinstance(value, kind):
            return name
    raise FieldTypeAmbiguous(f"A field cannot hold a {type(value).__name__}.")


# Order matters: a Relation is a str, and a bool is an int.
_PYTHON_TYPES: Final = (
    (Relation, "relation"),
    (str, "str"),
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
)
_EXACT_TYPES: Final[dict[type, str]] = dict(_PYTHON_TYPES)
"""Nearly every value is of one of these very types, and a look-up tells."""
