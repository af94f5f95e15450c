"""What `Client.query` was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from panda_web.rpc.types import Json


@dataclass(frozen=True, slots=True)
class Query:
    """What `Client.query` was asked for."""

    schema: str
    filter: Mapping[str, Json]
    order_by: Sequence[str]
    limit: int
    after: str | None

    def params(self) -> dict[str, Json]:
        """As `panda_query` takes them; what was not given is left out."""
        params: dict[str, Json] = {"schema": self.schema, "limit": self.limit}
        if self.filter:
            params["filter"] = dict(self.filter)
        if self.order_by:
            params["orderBy"] = list(self.order_by)
        if self.after is not None:
            params["after"] = self.after
        return params
