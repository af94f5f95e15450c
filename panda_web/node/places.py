"""The places of a filling (`sync.Places`) in the store that is filled."""

from collections.abc import Callable, Collection

from panda_web.node.groups import Groups
from panda_web.node.store import Store


class KeptPlaces:
    """Where fillings of a node go on. It is one of `sync.Places`.

    Args:
        store: the node's.
        write: its way to write.
    """

    def __init__(self, store: Store, write: Groups) -> None:
        self._store = store
        self._write = write

    async def get(self, source: str, schema: str) -> str | None:
        """The place of a schema; None where there is none. Raises StoreFailed."""
        return self._store.places.get(source, schema)

    async def put(self, source: str, schema: str, place: str) -> None:
        """Keeps another one, and returns once it is durable. Raises StoreFailed."""
        await self._write(lambda: self._store.places.put(source, schema, place))

    async def change(self, schemas: Collection[str], change: Callable[[str], str]) -> None:
        """Changes those of some schemas, and returns once that is durable. Raises StoreFailed."""
        await self._write(lambda: self._store.places.change(schemas, change))
