"""What a schema says of a query: which names there are, and how their values are compared."""

from collections.abc import Callable
from dataclasses import replace

from panda_web.messages import Field
from panda_web.messages.schema import FieldDefinition, InvalidFields, Schema, as_asked, instant
from panda_web.messages.schema.errors import FieldUnknown
from panda_web.messages.schema.rules import listed
from panda_web.query.tree import By, Compare, Every, Filter, Query

_OF_INSTANCES = frozenset(("id", "author"))
_WHOLE = frozenset(("varchar", "integer", "float", "boolean", "relation"))


def compared_by(field: FieldDefinition) -> By:
    """What of a field's values is compared: long texts and lists are ordered by their beginning."""
    if field.type == "timestamp":
        return By.INSTANT
    return By.WHOLE if field.type in _WHOLE else By.BEGINNING


def typed(query: Query, schema: Schema) -> Query:
    """A query with what its schema says.

    Raises:
        FieldUnknown: a name that the schema does not have.
        TimestampMalformed, TimestampOutOfRange: a timestamp that is compared with what is none.
    """
    order = [replace(key, by=compared_by(_field(schema, key.name, "orderBy"))) for key in query.order]
    return replace(query, filter=_each(query.filter, lambda one: _typed(one, schema)), order=order)


def untyped(filter: Filter) -> Filter:
    """A filter for who does not know the schema: it passes whatever one who knows it passes."""
    return _each(filter, lambda one: replace(one, by=By.EITHER))


def _typed(compare: Compare, schema: Schema) -> Compare:
    if compare.name in _OF_INSTANCES:
        return compare
    field = _field(schema, compare.name, "filter")
    if compared_by(field) is not By.INSTANT or compare.value.type != "str":
        return compare
    text = as_asked(str(compare.value.value))
    try:
        instant(text)
    except InvalidFields as error:
        words = f"The filter for {compare.name!r}: {error}"
        raise type(error)(words, field=compare.name, param="filter") from None
    return replace(compare, value=Field("str", text), by=By.INSTANT)


def _field(schema: Schema, name: str, param: str) -> FieldDefinition:
    if name not in schema.by_name:
        raise FieldUnknown(
            f"The param {param} names {name[:70]!r}, and the schema {schema.name!r} has no such field. "
            f"It has {listed(schema.by_name)}.",
            field=name[:70],
            param=param,
        )
    return schema.by_name[name]


def _each(filter: Filter, change: Callable[[Compare], Filter]) -> Filter:
    """The filter with each comparison changed."""
    match filter:
        case Every(parts):
            return Every(tuple(_each(part, change) for part in parts))
        case Compare():
            return change(filter)
