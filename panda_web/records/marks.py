"""What is said of a field beside its type, within `Annotated`, and of a class, by a decorator."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

T = TypeVar("T")

_SCHEMA: Final = "__panda_schema__"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that is said of a field: `Annotated[str, text]`.

    Attributes:
        option: which, in the words of a schema's definition; `name` is what the field is called there.
        value: what.
    """

    option: Literal["type", "validation", "schema", "cascade", "name"]
    value: object


varchar: Final = Mark("type", "varchar")
"""A text of at most 255 characters, which a node filters and orders by fast: what a `str` is anyway."""
text: Final = Mark("type", "text")
"""A text of any length."""
timestamp: Final = Mark("type", "timestamp")
"""A `str` that is a timestamp of RFC 3339, and stays as it is written. A `datetime` is one anyway."""
cascade: Final = Mark("cascade", True)
"""The record is hidden when the one that this field leads to is deleted."""


def pattern(regexp: str) -> Mark:
    """The whole text matches an I-Regexp (RFC 9485)."""
    return Mark("validation", regexp)


def to(target: type | str) -> Mark:
    """What a `Relation` leads to: a dataclass, a schema's id, or "self"."""
    return Mark("schema", target)


def called(name: str) -> Mark:
    """What the field is called in the schema, where Python wants another name: `class_`."""
    return Mark("name", name)


@dataclass(frozen=True, slots=True)
class About:
    """What the decorator `schema` says of a class."""

    name: str | None = None
    id: str | None = None


def schema(*, name: str | None = None, id: str | None = None) -> Callable[[type[T]], type[T]]:
    """A decorator for a dataclass: what its schema is called, or which one it is.

    Args:
        name: in place of the class's own name in lower case.
        id: of a schema that is published, which the class then must describe. All who have the class read and
            write the same data, whoever published the definition.
    """

    def say(cls: type[T]) -> type[T]:
        setattr(cls, _SCHEMA, About(name, id))
        return cls

    return say


def about(cls: type) -> About:
    """What the decorator says of a class itself."""
    found = vars(cls).get(_SCHEMA)
    return found if isinstance(found, About) else About()
