"""`panda_schemas`: the schemas that are registered, then a page of the others that messages are held of.

Anybody can define schemas, as large as they come, and everybody's list has them. So definitions are given as
long as there is room, and of the others what a list is for: the id, the state and, where it is registered,
the name. The definition itself is an instance of its own, which `panda_query` gives with its proof.
"""

from collections.abc import Iterator
from itertools import islice

from panda_web.messages import system_log
from panda_web.messages.schema import schema_to_dict
from panda_web.node.schemas import Registry
from panda_web.node.store import Store
from panda_web.rpc import jsonrpc
from panda_web.rpc.types import Json

MAX_DEFINITIONS = 1 << 20
"""Bytes of definitions in an answer; there is one more at most."""


def answer(store: Store, registry: Registry, after: str | None, limit: int) -> list[Json]:
    """The list.

    Args:
        store: what is asked.
        registry: what is registered.
        after: the id of the last one of a page; then what is behind it comes, and no registered ones.
        limit: how many of the others at most, where those are answered too.
    """
    definitions = _Definitions()
    listed = _registered(registry, definitions) if after is None else []
    if registry.takes_any:
        listed += [
            _other(registry, schema, definitions) for schema in islice(_others(store, registry, after), limit)
        ]
    return listed


class _Definitions:
    """The room that an answer has for them."""

    def __init__(self) -> None:
        self._left = MAX_DEFINITIONS

    def have_room(self) -> bool:
        return self._left > 0

    def count(self, listed: dict[str, Json]) -> Json:
        """Gives a schema as it is listed, and counts its definition."""
        self._left -= len(jsonrpc.dumps(listed["definition"]))
        return listed


def _registered(registry: Registry, definitions: _Definitions) -> list[Json]:
    return [
        definitions.count(each.to_json(definition=definitions.have_room()))
        for each in registry.registered.values()
    ]


def _others(store: Store, registry: Registry, after: str | None) -> Iterator[str]:
    return (
        schema
        for schema in store.entries.schemas(after or "")
        if schema not in registry.registered and system_log(schema) is None
    )


def _other(registry: Registry, id: str, definitions: _Definitions) -> Json:
    """One that is not registered. Without room its definition is not read either: that is what takes long."""
    schema = registry.held(id) if definitions.have_room() else None
    is_defined = schema is not None or (not definitions.have_room() and registry.is_held(id))
    return definitions.count(
        {
            "id": id,
            "name": schema.name if schema is not None else None,
            "state": "not-registered" if is_defined else "not-defined",
            "waitsFor": [],
            "definition": schema_to_dict(schema) if schema is not None else None,
        }
    )
