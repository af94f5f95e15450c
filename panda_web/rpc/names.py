"""Schemas by name. Names may repeat: the id decides, and a name is accepted where it is unambiguous."""

from collections.abc import Sequence

from panda_web.rpc.errors import SchemaNameAmbiguous, SchemaNameUnknown

_MOST_NAMED = 5


def only_one(name: str, ids: Sequence[str], *, has: str = "has registered") -> str:
    """The id, where there is exactly one.

    Args:
        name: that was asked for.
        ids: of the schemas that bear it.
        has: what the node does with these schemas.

    Raises:
        SchemaNameUnknown, SchemaNameAmbiguous: there is none; there are several.
    """
    if not ids:
        raise SchemaNameUnknown(
            f"This node {has} no schema called {name[:70]!r}. Give its id, of 132 lower-case hex digits.",
        )
    if len(ids) > 1:
        raise SchemaNameAmbiguous(
            f"This node {has} {len(ids)} schemas called {name[:70]!r}: give the id of the one that you mean.",
            ids=list(ids[:_MOST_NAMED]),
        )
    return ids[0]
