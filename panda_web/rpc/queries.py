"""`panda_query`: its params, as documents describe them and as they are read, and its answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from panda_web import query
from panda_web.query import Query, QueryMalformed
from panda_web.query.reading import MAX_INCLUDES, MAX_VALUES, OPERATORS
from panda_web.rpc import types
from panda_web.rpc.errors import InvalidParams
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json, Type

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_ORDER = 4
"""Names to order by: each is a join over all instances."""
MAX_SELECT = 256
"""Names of fields to give: as many as a schema may have."""

_SCALAR: Final[Json] = {"type": ["string", "number", "boolean"]}
_VALUE: Final[Json] = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]}
_VALUES: Final[Json] = {"type": "array", "items": _SCALAR, "maxItems": MAX_VALUES}
_OPERANDS: Final[Mapping[str, Json]] = {"in": _VALUES, "notIn": _VALUES, "exists": {"type": "boolean"}}
_FILTER: Final[Json] = {"$ref": "#/components/schemas/Filter"}

SCHEMAS_BY_NAME: Final[Mapping[str, Json]] = {
    "Filter": {
        "title": "Filter",
        "description": "Field, id or author to the value it equals, or to operators; all of it must hold.",
        "type": "object",
        "properties": {
            "and": {"type": "array", "items": _FILTER},
            "or": {"type": "array", "items": _FILTER},
            "not": _FILTER,
        },
        "additionalProperties": {
            "anyOf": [
                *_VALUE["anyOf"],
                {
                    "type": "object",
                    "properties": {name: _OPERANDS.get(name, _VALUE) for name in OPERATORS},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ]
        },
    }
}
"""What stands in a document once, since it holds itself: under `components.schemas`."""

FILTER: Type[dict[str, Json]] = Type(_FILTER, types.OBJECT.read)
"""A filter; what is in it is read by `panda_web.query`."""


def _read_answer(value: Json) -> Json:
    if isinstance(value, dict) and isinstance(value.get("count"), int):
        return value
    return _INSTANCES.read(value)


_INSTANCES = types.array(types.OBJECT, MAX_LIMIT)
_COUNT = types.record(lambda value: value, count=types.integer(0, (1 << 53) - 1))

QUERY: Method[Any] = Method(
    "panda_query",
    "Instances of a schema: their fields and id, with _meta; with proof, _entries to check them by.",
    (
        Param("schema", types.SCHEMA),
        Param("filter", FILTER, {}),
        Param("orderBy", types.array(types.TEXT, MAX_ORDER), []),
        Param("limit", types.integer(1, MAX_LIMIT), DEFAULT_LIMIT),
        Param("after", types.TEXT, None),
        Param("proof", types.BOOL, False),
        Param("select", types.array(types.TEXT, MAX_SELECT), None),
        Param("include", types.array(types.TEXT, MAX_INCLUDES), []),
        Param("count", types.BOOL, False),
    ),
    Type({"oneOf": [dict(_INSTANCES.schema), dict(_COUNT.schema)]}, _read_answer),
)


def read_params(
    schema: str,
    filter: Mapping[str, Json],
    order_by: Sequence[str],
    limit: int,
    after: str | None,
    select: Sequence[str] | None = None,
    include: Sequence[str] = (),
) -> Query:
    """What the params of `QUERY` ask for. Raises InvalidParams, FilterTooLarge."""
    try:
        return query.read_query(schema, filter, order_by, limit, after, select, include)
    except QueryMalformed as error:
        raise InvalidParams(str(error), **error.data) from error
