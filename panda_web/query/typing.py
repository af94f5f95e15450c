"""What a schema says of a query: which names there are, and how their values are compared."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from panda_web.bamboo import is_hex
from panda_web.messages import Field
from panda_web.messages.schema import FieldDefinition, InvalidFields, Schema, as_asked, instant
from panda_web.messages.schema.errors import FieldUnknown, ValueTypeMismatch
from panda_web.messages.schema.field import TYPES
from panda_web.messages.schema.rules import listed, shown
from panda_web.query.errors import NotARelation, OperatorNotForType
from panda_web.query.matching import is_like
from panda_web.query.tree import Among, By, Compare, Every, Exists, Filter, Leaf, Not, Query, Some

_OF_INSTANCES = frozenset(("id", "author"))
_NO_FIELDS: Final[Mapping[str, str]] = {
    "orderBy": "instances are ordered by fields, and then by id, ascending; a filter takes id and author",
    "select": "id and author (in _meta) come with every instance",
    "include": "it leads to no instance",
}
_WHOLE = frozenset(("varchar", "integer", "float", "boolean", "relation"))


def compared_by(field: FieldDefinition) -> By:
    """What of a field's values is compared: long texts and lists are ordered by their beginning."""
    if field.type == "timestamp":
        return By.INSTANT
    return By.WHOLE if field.type in _WHOLE else By.BEGINNING


_ORDERED: Final = frozenset(("lt", "lte", "gt", "gte"))
_EQUAL: Final = frozenset(("eq",))
_ASKED: Final[Mapping[str, frozenset[str]]] = {
    "varchar": _EQUAL | _ORDERED | {"contains", "startsWith"},
    "text": _EQUAL | _ORDERED | {"contains", "startsWith"},
    "integer": _EQUAL | _ORDERED,
    "float": _EQUAL | _ORDERED,
    "boolean": _EQUAL,
    "timestamp": _EQUAL | _ORDERED,
    "relation": _EQUAL,
}
"""What the fields of a type can be asked, besides `in` and `exists`."""
_OF_LISTS: Final = _EQUAL | {"contains"}


def typed(query: Query, schema: Schema) -> Query:
    """A query with what its schema says.

    Raises:
        FieldUnknown: a name that the schema does not have.
        NotARelation: `include` follows a field that is none. Only the first name of a path is looked at.
        OperatorNotForType: a field is compared in a way that its type does not know.
        ValueTypeMismatch: a field is compared with a value of another type.
        TimestampMalformed, TimestampOutOfRange: a timestamp that is compared with what is none.
    """
    order = [replace(key, by=compared_by(_field(schema, key.name, "orderBy"))) for key in query.order]
    for name in query.select or ():
        _field(schema, name, "select")
    for first, *_ in query.include:
        relation(schema, first)
    return replace(query, filter=_each(query.filter, lambda leaf, _: _typed(leaf, schema)), order=order)


def untyped(filter: Filter) -> Filter:
    """A filter for who does not know the schema: it passes whatever one who knows it passes."""
    return _each(filter, _whatever)


def _whatever(leaf: Leaf, negated: bool) -> Leaf:
    return leaf if isinstance(leaf, Exists) else replace(leaf, by=By.BOTH if negated else By.EITHER)


def _typed(leaf: Leaf, schema: Schema) -> Leaf:
    if leaf.name in _OF_INSTANCES:
        return leaf
    field = _field(schema, leaf.name, "filter")
    match leaf:
        case Exists():
            return leaf
        case Among(values=values):
            items = tuple(_item(field, value) for value in values)
            return replace(leaf, values=items, by=By.INSTANT) if field.base == "timestamp" else leaf
        case Compare(value=value, operator=operator):
            if operator not in (_OF_LISTS if field.is_array else _ASKED[field.base]):
                raise OperatorNotForType(
                    f"The filter for {field.name!r} cannot ask {operator}: it is {_kind(field, field.type)}.",
                    field=field.name,
                    param="filter",
                )
            if field.is_array and operator == "eq":
                _check_like(field, value, field.type)
                return leaf
            item = _item(field, value)
            return replace(leaf, value=item, by=By.INSTANT) if field.base == "timestamp" else leaf


def _item(field: FieldDefinition, value: Field) -> Field:
    """A filter's value as a field has it, or as its items are: of a timestamp as one is written."""
    _check_like(field, value, field.base)
    if field.base != "timestamp":
        return value
    text = as_asked(str(value.value))
    try:
        instant(text)
    except InvalidFields as error:
        words = f"The filter for {field.name!r}: {error}"
        raise type(error)(words, field=field.name, param="filter") from None
    return Field("str", text)


def _check_like(field: FieldDefinition, value: Field, kind: str) -> None:
    """Raises ValueTypeMismatch."""
    base = TYPES[field.base][0]
    items = value.value if isinstance(value.value, tuple) else (value.value,)
    if not is_like(value, base + kind.removeprefix(field.base)) or (
        base == "relation" and not all(is_hex(str(item)) for item in items)
    ):
        raise ValueTypeMismatch(
            f"The filter for {field.name!r} compares {_kind(field, kind)} with {_shown(value)}.",
            field=field.name,
            param="filter",
        )


def _kind(field: FieldDefinition, kind: str) -> str:
    if kind.endswith("[]"):
        return f"a list ({kind})"
    if field.base == "relation":
        return "the id of an instance"
    return f"an {kind}" if kind == "integer" else f"a {kind}"


def _shown(value: Field) -> str:
    return "a list" if isinstance(value.value, tuple) else shown(value.value)


def relation(schema: Schema, name: str) -> FieldDefinition:
    """The relation of this name, for `include`. Raises FieldUnknown, NotARelation."""
    field = _field(schema, name, "include")
    if field.base != "relation":
        raise NotARelation(
            f"The param include names {name!r} of the schema {schema.name!r}, which leads nowhere: it is "
            f"{_kind(field, field.type)}.",
            field=name,
            param="include",
        )
    return field


def _field(schema: Schema, name: str, param: str) -> FieldDefinition:
    if name in _OF_INSTANCES:
        raise FieldUnknown(
            f"The param {param} names {name!r}, which is no field: {_NO_FIELDS[param]}.", param=param
        )
    if name not in schema.by_name:
        raise FieldUnknown(
            f"The param {param} names {name[:70]!r}, and the schema {schema.name!r} has no such field. "
            f"It has {listed(schema.by_name)}.",
            field=name[:70],
            param=param,
        )
    return schema.by_name[name]


def _each(filter: Filter, change: Callable[[Leaf, bool], Leaf], negated: bool = False) -> Filter:
    """The filter with each comparison changed; told is whether it passes where the comparison does not."""
    match filter:
        case Every(parts):
            return Every(tuple(_each(part, change, negated) for part in parts))
        case Some(parts):
            return Some(tuple(_each(part, change, negated) for part in parts))
        case Not(part):
            return Not(_each(part, change, not negated))
        case Compare() | Among() | Exists():
            return change(filter, negated)
