"""What people call an instance: the first text of it, such as the name of a room."""

from collections.abc import Iterable, Mapping

from panda_web import Client
from panda_web.messages.schema import SELF, Schema
from panda_web.query.reading import MAX_VALUES
from panda_web.rpc.types import Json


class Naming:
    """Asks a node what instances are called, each once.

    Attributes:
        names: by id, as far as they are known.
    """

    def __init__(self, panda: Client) -> None:
        self._panda = panda
        self.names: dict[str, str] = {}

    async def ids(self, schema: str, name: str) -> list[str]:
        """The instances of a schema that are called so."""
        text = await self._text(schema)
        if text is None:
            return []
        found = self._panda.query(schema, filter={text: name}, limit=MAX_VALUES)
        return [each.id async for each in found]

    async def learn(self, schema: Schema, rows: Iterable[Mapping[str, Json]]) -> None:
        """Finds what those are called that instances lead to."""
        wanted: dict[str, dict[str, None]] = {}
        fields = [each for each in schema.fields if each.base == "relation"]
        for row in rows if fields else ():
            for field in fields:
                value = row.get(field.name) or ()
                ids = [value] if isinstance(value, str) else value
                target = schema.id if field.schema == SELF else field.schema
                wanted.setdefault(str(target), {}).update(dict.fromkeys(ids))
        for target, ids in wanted.items():
            await self._ask(target, [each for each in ids if each not in self.names][:MAX_VALUES])

    async def _ask(self, schema: str, ids: list[str]) -> None:
        text = await self._text(schema) if ids else None
        if text is not None:
            async for each in self._panda.query(schema, filter={"id": {"in": ids}}):
                if text in each.fields:
                    self.names[each.id] = str(each[text])

    async def _text(self, schema: str) -> str | None:
        fields = (await self._panda.schema(schema)).fields
        return next((each.name for each in fields if each.type in ("varchar", "text")), None)
