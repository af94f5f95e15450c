"""What a query of this client asks for, and whether an answer is that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from panda_web.client.errors import FilterMismatch, OrderMismatch
from panda_web.messages.schema import Schema
from panda_web.query import (
    Queried,
    Query,
    QueryMalformed,
    is_behind,
    matcher,
    place,
    read_cursor,
    typed,
    untyped,
)
from panda_web.rpc.queries import DEFAULT_LIMIT, QUERY, read_params
from panda_web.rpc.types import Json


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, as a node is asked it, and what it means.

    Attributes:
        params: as `panda_query` takes them; what was not given is left out.
        query: what they mean, but for the cursor: a node's is the node's, and is read where the query is
            evaluated here. Typed where the schema is known.
        known: the schema, where it is known.
    """

    params: Mapping[str, Json]
    query: Query
    known: Schema | None = None

    @property
    def schema(self) -> str:
        """The id of the schema."""
        return self.query.schema

    @staticmethod
    def of(
        schema: str,
        filter: Mapping[str, Json],
        order_by: Sequence[str] = (),
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
        known: Schema | None = None,
        select: Sequence[str] | None = None,
        include: Sequence[str] = (),
    ) -> "Asked":
        """Reads a query as a node does, all but its cursor.

        Raises:
            InvalidParams, FilterTooLarge: it is none.
            FieldUnknown, OperatorNotForType, ValueTypeMismatch: it is none of this schema; see `query.typed`.
        """
        params: dict[str, Json] = {"schema": schema, "limit": limit}
        if filter:
            params["filter"] = dict(filter)
        if order_by:
            params["orderBy"] = list(order_by)
        if after is not None:
            params["after"] = after
        if select is not None:
            params["select"] = list(select)
        if include:
            params["include"] = list(include)
        return Asked(params, _read(params | {"after": None}, known), known)

    @property
    def goes_on(self) -> bool:
        """Whether it goes on behind a cursor."""
        return "after" in self.params

    def with_cursor(self) -> Query:
        """All of it, to be evaluated here. Raises InvalidParams."""
        return _read(self.params, self.known) if self.goes_on else self.query

    def expected(self) -> "Expected":
        """What its answer is held to."""
        return Expected(self.query, self.known, self.params.get("after"))


class Expected:
    """Holds the instances of an answer, one after the other, to what was asked for.

    Where the schema is not known, nor are the types of its fields. Then a filter passes whatever it passes
    under any schema, and an order is the node's word.

    Args:
        query: what was asked for, typed where the schema is known.
        known: the schema, where it is known.
        after: the cursor, as the node gave it.
    """

    def __init__(self, query: Query, known: Schema | None = None, after: str | None = None) -> None:
        self._passes = matcher(query.filter if known is not None else untyped(query.filter))
        self._order = query.order if known is not None or not query.order else None
        self._last = None
        if after is not None and self._order is not None:
            try:
                last = read_cursor(after)
            except QueryMalformed:
                return  # a node may write its cursors as it likes
            self._last = last if len(last.values) == len(self._order) else None

    def check(self, instance: Queried) -> None:
        """Raises FilterMismatch, OrderMismatch."""
        if not self._passes(instance):
            raise FilterMismatch("The node returned an instance that is not what was asked for.")
        if self._order is not None:
            here = place(instance, self._order)
            if self._last is not None and not is_behind(here, self._last, self._order):
                raise OrderMismatch(
                    "The node returned an instance where it does not belong in the order asked for."
                )
            self._last = here


def _read(params: Mapping[str, Json], known: Schema | None) -> Query:
    bound = QUERY.bind(dict(params))
    del bound["proof"], bound["count"]
    query = read_params(**bound)
    return typed(query, known) if known is not None else query
