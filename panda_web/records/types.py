r"""Which types of a dataclass's fields have a place in a schema, and what their values are in messages.

| in the dataclass | in the schema |
| --- | --- |
| `str` | `varchar`; with a mark `text` or `timestamp` |
| `int`, `float`, `bool` | `integer`, `float`, `boolean` |
| `datetime`, with a time zone | `timestamp` |
| another dataclass | `relation` to its schema; what it leads to is read along |
| `Annotated[Relation, to(…)]` | `relation`; the id of what it leads to |
| `list` and `tuple[…, ...]` of one of these | the same with `[]` behind it |
| `… \| None` | optional |
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin

from panda_web.messages import Field, Relation
from panda_web.messages.schema import SELF, FieldDefinition
from panda_web.records.errors import FieldTypeHasNoPlace, RelatedMissing
from panda_web.records.marks import Mark
from panda_web.records.record import Meta, meta_of
from panda_web.records.times import to_datetime, to_timestamp

_TYPES: Mapping[type, str] = {
    str: "varchar",
    int: "integer",
    float: "float",
    bool: "boolean",
    datetime: "timestamp",
    Relation: "relation",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a dataclass.

    Attributes:
        attribute: what it is called there.
        python: the type of a value; of a list, of its items.
        many: makes a list of that from a message's; None where it is no list.
        target: what a relation leads to: a dataclass, a schema's id, or "self".
        definition: what it is in the schema, but for the target where that is a dataclass.
    """

    attribute: str
    python: type
    many: Callable[[Iterable[object]], object] | None
    target: type | str | None
    definition: FieldDefinition

    @property
    def related(self) -> type | None:
        """The dataclass that values of this field are of."""
        return self.python if is_dataclass(self.python) else None

    def say(self, value: object) -> object:
        """A value as messages carry it; what is of a wrong type stays, and the schema refuses it.

        Raises:
            TimeZoneMissing, TimestampOutOfRange: a moment that is no timestamp.
            NotPublished: a record that is to be led to.
        """
        if isinstance(value, list | tuple):
            return tuple(map(self._say, value))
        return self._say(value)

    def _say(self, value: object) -> object:
        if isinstance(value, datetime):
            return to_timestamp(value, self.attribute)
        return _led_to(value) if self.definition.base == "relation" else value

    def read(self, field: Field | None, related: Mapping[str, object]) -> object:
        """The value that a field has, which is valid.

        Args:
            field: None where it is missing.
            related: records that are led to, by id.

        Raises:
            TimeNotHeld: a timestamp that is no `datetime`.
            RelatedMissing: a record that is led to is not among those, and is not optional.
        """
        if field is None:
            return self.many(()) if self.many is not None and not self.definition.optional else None
        if isinstance(field.value, tuple):
            found = [self._read(item, related) for item in field.value]
            return self.many(found) if self.many is not None else None
        return self._read(field.value, related)

    def _read(self, value: object, related: Mapping[str, object]) -> object:
        if self.python is datetime:
            return to_datetime(str(value))
        if self.related is None:
            return value
        found = related.get(str(value))
        if found is None and (self.many is not None or not self.definition.optional):
            raise RelatedMissing(
                f"{self.attribute} leads to {str(value)[:16]}…, which the node does not have. Where that may "
                f"be, the type is `{self.python.__name__} | None`, or a Relation, which is the id alone.",
                field=self.attribute,
                instance=str(value),
            )
        return found


def said(value: object) -> object:
    """What a filter's value says, of whatever type its field is. Raises what `Member.say` raises."""
    if isinstance(value, datetime):
        return to_timestamp(value, "The filter's moment")
    return value.isoformat() if isinstance(value, date) else _led_to(value)


def _led_to(value: object) -> object:
    """The id of what a relation is to lead to: a record, or whatever else has one. Raises NotPublished."""
    if value is None or isinstance(value, str | int | float):
        return value
    meta = getattr(value, "meta", None)
    found = meta.id if isinstance(meta, Meta) else getattr(value, "id", None)
    if isinstance(found, str):
        return Relation(found)
    if is_dataclass(value) and not isinstance(value, type):
        meta_of(value)  # raises
    return value


def member_of(attribute: str, annotation: object, owner: str) -> Member:
    """What a field is.

    Args:
        attribute: what it is called.
        annotation: its type, no text any more.
        owner: the class's name, for errors.

    Raises:
        FieldTypeHasNoPlace: the type has none.
        InvalidSchema: what its marks say is not allowed; one of the subclasses.
    """
    place = f"{owner}.{attribute}"
    python, many, optional, marks = _unfold(annotation, place)
    options: dict[str, Any] = {mark.option: mark.value for mark in marks}
    if len(options) < len(marks):
        raise FieldTypeHasNoPlace(f"{place} is marked as two things of one kind: {annotation!s:.200}.")
    is_record = isinstance(python, type) and is_dataclass(python)
    base = "relation" if is_record else _TYPES.get(python)
    if base is None:
        raise FieldTypeHasNoPlace(
            f"{place} is of the type {_named(python)}, which has no place in a schema. There are "
            f"{', '.join(map(_named, _TYPES))}, other dataclasses, lists and tuples of one of these, and "
            "each with `| None`.",
            field=attribute,
        )
    marked, leads_to = options.pop("type", base), options.pop("schema", None)
    if marked != base and python is not str:
        raise FieldTypeHasNoPlace(f"{place} is marked as {marked}, and that is for str.", field=attribute)
    target = python if is_record else leads_to
    if target is None and base == "relation":
        raise FieldTypeHasNoPlace(
            f"{place} leads to instances of a schema, and does not say of which: "
            "`Annotated[Relation, to(Room)]`.",
            field=attribute,
        )
    definition = FieldDefinition(
        options.pop("name", attribute),
        marked + ("[]" if many is not None else ""),
        optional=optional,
        schema=target if isinstance(target, str) else SELF if target is not None else None,
        **options,
    )
    return Member(attribute, python, many, target, definition)


def _unfold(annotation: Any, place: str) -> tuple[Any, Callable[..., object] | None, bool, list[Mark]]:
    """The type itself, what makes a list of it, whether it may be missing, and what is said of it."""
    marks: list[Mark] = []
    many: Callable[..., object] | None = None
    optional = False
    while True:
        origin, parts = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            marks += (each for each in annotation.__metadata__ if isinstance(each, Mark))
            annotation = parts[0]
        elif origin in (Union, UnionType):
            kept = [each for each in parts if each is not NoneType]
            if len(kept) != 1 or many is not None:
                raise FieldTypeHasNoPlace(
                    f"{place} is of several types, {annotation!s:.200}, and a field of a schema is of one. "
                    "What may be missing is `… | None`, and no item of a list may."
                )
            (annotation,), optional = kept, True
        elif many is None and (origin is list or (origin is tuple and parts[1:] == (...,))):
            many, annotation = origin, parts[0]
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif hasattr(annotation, "__value__"):  # type Title = str
            annotation = annotation.__value__
        else:
            return annotation, many, optional, marks


def _named(python: Any) -> str:
    return python.__name__ if isinstance(python, type) and not get_args(python) else str(python)[:70]
