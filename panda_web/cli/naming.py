"""What people call an instance: the first text of it, such as the name of a room."""

import asyncio
from collections.abc import Iterable, Mapping

from panda_web import Client
from panda_web.messages.schema import SELF, Schema
from panda_web.query.reading import MAX_VALUES
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.pauses import Growing
from panda_web.rpc.types import Json


class Naming:
    """Asks a node what instances are called.

    Args:
        panda: asks it.
        patient: for who watches: each is asked about whenever something leads to it, for it may be called
            otherwise by then, and again where the node cannot be reached. Else each once.

    Attributes:
        names: by id, as far as they are known.
    """

    def __init__(self, panda: Client, *, patient: bool = False) -> None:
        self._panda = panda
        self._patient = patient
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
            unknown = [each for each in ids if self._patient or each not in self.names]
            for at in range(0, len(unknown), MAX_VALUES):
                await self._reach(target, unknown[at : at + MAX_VALUES])

    async def _reach(self, schema: str, ids: list[str]) -> None:
        pauses = Growing()
        while True:
            try:
                return await self._ask(schema, ids)
            except NodeUnreachable:
                if not self._patient:
                    raise
                await asyncio.sleep(pauses.next())

    async def _ask(self, schema: str, ids: list[str]) -> None:
        text = await self._text(schema) if ids else None
        if text is not None:
            async for each in self._panda.query(schema, filter={"id": {"in": ids}}):
                if text in each.fields:
                    self.names[each.id] = str(each[text])

    async def _text(self, schema: str) -> str | None:
        fields = (await self._panda.schema(schema)).fields
        return next((each.name for each in fields if each.type in ("varchar", "text")), None)
