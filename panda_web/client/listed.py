"""A node's list of schemas, which it says without proof."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from panda_web.messages.schema import MAX_NAME
from panda_web.rpc import types
from panda_web.rpc.types import Json

State = Literal["registered", "pending", "not-registered", "not-defined", "unlisted"]
_STATES: Mapping[str, State] = {
    "registered": "registered",
    "pending": "pending",
    "not-registered": "not-registered",
    "not-defined": "not-defined",
}


class ListedSchema(NamedTuple):
    """A schema in a list of those that there are.

    Attributes:
        id: 132 hex digits.
        name: what it is called, by the node's word alone unless its definition is known here; None where
            nobody says.
        state: at the node `registered`, `pending` (registered, and waiting), or of a schema that it holds
            messages of and has no view of, `not-registered` or `not-defined`; `unlisted` where this client
            knows it and the node does not list it in its first page.
    """

    id: str
    name: str | None
    state: State

    @classmethod
    def from_json(cls, value: Json) -> "ListedSchema":
        """Reads an item of the node's list. Raises ValueError."""
        state = types.member(value, "state", types.TEXT)
        if state not in _STATES:
            raise ValueError(f"has a state that must be one of {', '.join(_STATES)}")
        name = types.member(value, "name", types.nullable(types.TEXT))
        if name is not None and len(name) > MAX_NAME:
            raise ValueError(f"has a name that must have at most {MAX_NAME} characters")
        return cls(types.member(value, "id", types.HASH), name, _STATES[state])
