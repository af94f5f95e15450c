"""What a query of this client asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from panda_web.query import Query
from panda_web.rpc.methods import DEFAULT_LIMIT, QUERY, read_query
from panda_web.rpc.types import Json


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, as a node is asked it, and what it means.

    Attributes:
        params: as `panda_query` takes them; what was not given is left out.
        query: what they mean, but for the cursor: a node's is the node's, and is read where the query is
            evaluated here.
    """

    params: Mapping[str, Json]
    query: Query

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
    ) -> "Asked":
        """Reads a query as a node does, all but its cursor. Raises InvalidParams."""
        params: dict[str, Json] = {"schema": schema, "limit": limit}
        if filter:
            params["filter"] = dict(filter)
        if order_by:
            params["orderBy"] = list(order_by)
        if after is not None:
            params["after"] = after
        return Asked(params, _read(params | {"after": None}))

    @property
    def goes_on(self) -> bool:
        """Whether it goes on behind a cursor."""
        return "after" in self.params

    def with_cursor(self) -> Query:
        """All of it, to be evaluated here. Raises InvalidParams."""
        return _read(self.params) if self.goes_on else self.query


def _read(params: Mapping[str, Json]) -> Query:
    bound = QUERY.bind(dict(params))
    del bound["proof"]
    return read_query(**bound)
