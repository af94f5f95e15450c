"""Schemas by name. Names may repeat: the id decides, and a name is accepted where it is unambiguous."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from panda_web.rpc.errors import SchemaNameAmbiguous, SchemaNameUnknown

MOST_NAMED = 5
"""Schemas of one name that are listed, for somebody to choose."""
_NONE: Mapping[str, str] = MappingProxyType({})


def only_one(
    name: str, ids: Sequence[str], *, has: str = "has registered", described: Mapping[str, str] = _NONE
) -> str:
    """The id, where there is exactly one.

    Args:
        name: that was asked for.
        ids: of the schemas that bear it.
        has: what the node does with these schemas.
        described: by id, what a person tells them apart by, as far as that is known.

    Raises:
        SchemaNameUnknown, SchemaNameAmbiguous: there is none; there are several.
    """
    if not ids:
        raise SchemaNameUnknown(
            f"This node {has} no schema called {name[:70]!r}. Give its id, of 132 lower-case hex digits.",
        )
    if len(ids) > 1:
        first = ids[:MOST_NAMED]
        shown = (f"{each} ({described[each]})" if each in described else each for each in first)
        more = f"; and {len(ids) - len(first)} more" if len(ids) > len(first) else ""
        raise SchemaNameAmbiguous(
            f"{len(ids)} schemas are called {name[:70]!r}: {'; '.join(shown)}{more}. "
            "In place of the name give the id of the one that you mean.",
            ids=list(first),
        )
    return ids[0]
