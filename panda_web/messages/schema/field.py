"""One field of a schema: its type, and what its values must keep to.

| type | in messages | in Python | rule |
| --- | --- | --- | --- |
| `varchar` | `str` | str | at most 255 code points |
| `text` | `str` | str | |
| `integer` | `int` | int | signed 64 bits |
| `float` | `float` | float | finite |
| `boolean` | `bool` | bool | |
| `timestamp` | `str` | str | RFC 3339, at most 255 code points |
| `relation` | `relation` | `Relation` | the id of an instance; whether it exists decides nothing |

and each as an array with `[]` behind it: of the same type with `[]` in messages, a tuple in Python.
"""

import re
from dataclasses import dataclass
from typing import Final

from panda_web.bamboo import is_hex
from panda_web.messages.fields import Relation, Scalar
from panda_web.messages.schema.errors import (
    FieldNameInvalid,
    FieldNameReserved,
    OptionNotForType,
    RelationTargetMalformed,
    RelationTargetMissing,
    SchemaTypeUnknown,
)

SELF: Final = "self"
"""As a relation's target: the schema itself, whose id is not known before it is published."""
RESERVED_NAMES = frozenset({"id", "author", "and", "or", "not", "sealed"})
"""Words that mean something else in queries and messages: in whatever case, as names are compared."""

TYPES: Final[dict[str, tuple[str, type[Scalar]]]] = {
    "varchar": ("str", str),
    "text": ("str", str),
    "integer": ("int", int),
    "float": ("float", float),
    "boolean": ("bool", bool),
    "timestamp": ("str", str),
    "relation": ("relation", Relation),
}
"""Schema type to the type in messages and the type in Python."""
_WITH_PATTERN = ("varchar", "text", "timestamp")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A field of a schema.

    Attributes:
        name: a letter, then at most 63 letters, digits and underscores.
        type: one of `TYPES`, for an array with `[]` behind it.
        optional: whether a create may leave it out.
        validation: an I-Regexp (RFC 9485) that the whole value matches, for an array each item; varchar,
            text and timestamp only.
        schema: of a relation, the id of the schema it leads to, or "self".
        cascade: of a relation, whether the instance is hidden with the one it leads to.

    Raises:
        InvalidSchema: one of its subclasses. The pattern is read when the schema is made.
    """

    name: str
    type: str
    optional: bool = False
    validation: str | None = None
    schema: str | None = None
    cascade: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.base not in TYPES:
            raise SchemaTypeUnknown(
                f"Field {self.name!r} is of type {self.type[:40]!r}. There are {', '.join(TYPES)}, "
                "and each with [] behind it for an array.",
                field=self.name,
            )
        if self.base == "relation":
            self._check_target()
        elif self.schema is not None or self.cascade:
            self._refuse("schema" if self.schema is not None else "cascade", "relations")
        if self.validation is not None and self.base not in _WITH_PATTERN:
            self._refuse("validation", ", ".join(_WITH_PATTERN))

    @property
    def base(self) -> str:
        """The type, for an array that of its items."""
        return self.type.removesuffix("[]")

    @property
    def is_array(self) -> bool:
        """Whether the type is an array's."""
        return self.type.endswith("[]")

    @property
    def message_type(self) -> str:
        """The type that the field has in messages."""
        return TYPES[self.base][0] + ("[]" if self.is_array else "")

    def _check_target(self) -> None:
        if self.schema is None:
            raise RelationTargetMissing(
                f"Field {self.name!r} is a relation and needs a schema: the id of the one it leads to, "
                'or "self".',
                field=self.name,
            )
        if self.schema != SELF and not is_hex(self.schema):
            raise RelationTargetMalformed(
                f"Field {self.name!r} leads to the schema {self.schema[:40]!r}: a schema's id has 132 "
                'lower-case hex digits, and the schema itself is called "self".',
                field=self.name,
            )

    def _refuse(self, option: str, for_what: str) -> None:
        raise OptionNotForType(
            f"Field {self.name!r} is of type {self.type}, which has no {option}: that is for {for_what}.",
            field=self.name,
        )


def check_name(name: str) -> None:
    """Raises FieldNameInvalid or FieldNameReserved, unless a field may be called that."""
    if _NAME.fullmatch(name) is None:
        raise FieldNameInvalid(
            f"No field can be called {name[:70]!r}: a name is a letter (a to z, A to Z), then at most 63 "
            "letters, digits and underscores.",
            field=name[:70],
        )
    if name.lower() in RESERVED_NAMES:
        raise FieldNameReserved(
            f"No field can be called {name!r}: "
            f"{', '.join(sorted(RESERVED_NAMES))}, in whatever case, mean something else.",
            field=name,
        )
