"""The handlers of what a page can ask the worker for. The page is not trusted to send the right types."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from panda_web.browser.answers import answer_to_json, versions_to_json
from panda_web.browser.at_hand import at_hand
from panda_web.browser.draft import definition_of, describe
from panda_web.browser.methods import METHODS, SERIES
from panda_web.browser.opening import Site
from panda_web.browser.series import Begins
from panda_web.browser.shown import Shown
from panda_web.browser.standing import Standing
from panda_web.browser.values import read_fields, read_filter
from panda_web.browser.wrong import said
from panda_web.client import Written
from panda_web.messages.schema import Schema, schema_from_dict, schema_from_toml
from panda_web.rpc.dispatch import Handler
from panda_web.rpc.methods import DEFAULT_LIMIT
from panda_web.rpc.table import python_name
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # seldom asked for
    from panda_web.browser import shapes
    from panda_web.browser.archiving import Archiving
    from panda_web.browser.log_shapes import Log
    from panda_web.browser.removing import Removing

PAGE = 2 * DEFAULT_LIMIT
"""Instances that are fetched and checked at once while a page iterates: soon there, and few questions."""


@dataclass(frozen=True, slots=True)
class Api:
    """The handlers.

    Attributes:
        site: the clients.
        standing: how things are with the node.
        shown: what is here of it.
        storage: how the browser keeps what is here.
    """

    site: Site
    standing: Standing
    shown: Shown
    storage: Callable[[], Awaitable["shapes.Storage"]]
    _opened: list["Archiving"] = field(default_factory=list)

    def handlers(self) -> Mapping[str, Handler]:
        """A handler for each method of the table."""
        return {name: getattr(self, python_name(name)) for name in METHODS}

    def series(self) -> Mapping[str, Begins]:
        """What begins each series of the table."""
        return {name: getattr(self, f"each_{python_name(name)}") for name in SERIES}

    def who(self) -> "shapes.Author":
        """What a page shows of itself: the answer to one that connects, and to one that restored a key."""
        client, refusal = self.site.client, self.site.refusal
        return {
            "node": self.site.node,
            "peers": [*self.site.nodes[1:]],
            "mode": self.site.mode,
            "author": client.author,
            "keyKind": client.signer.kind if client.signer else None,
            "canBackUp": self.site.can_back_up,
            "copy": self.site.copy,
            "readOnly": {"reason": refusal.reason, "message": str(refusal)} if refusal else None,
        }

    def _archiving(self) -> "Archiving":
        from panda_web.browser.archiving import Archiving

        if not self._opened:
            self._opened.append(Archiving(self.site.home().connection))
        return self._opened[0]

    async def create(self, schema: str, fields: Mapping[str, Json]) -> "shapes.Written":
        """A new instance."""
        written = await self.site.writer().create(schema, partial(read_fields, fields))
        await self.shown.keep(schema)  # behind it: nothing comes between writes and their order
        return _written(written)

    async def update(self, schema: str, id: str, fields: Mapping[str, Json]) -> "shapes.Written":
        """New values for some fields."""
        return _written(await self.site.writer().update(schema, id, partial(read_fields, fields)))

    async def delete(self, schema: str, id: str) -> "shapes.Written":
        """The end of an instance."""
        return _written(await self.site.writer().delete(schema, id))

    async def vote(self, author: bytes, log_id: int, seq_num: int, entry: str) -> "shapes.Written":
        """Which branch of a forked log to follow."""
        return _written(await self.site.writer().vote(author.hex(), log_id, seq_num, entry))

    async def trust(self, authors: Sequence[bytes]) -> Sequence[str]:
        """Whose votes count."""
        return await self.site.trust([each.hex() for each in authors])

    async def query(
        self,
        schema: str,
        filter: Mapping[str, Json] | None,
        order_by: Sequence[str],
        limit: int,
        after: str | None,
        select: Sequence[str] | None,
        include: Sequence[str],
    ) -> Json:
        """Instances of a schema, and what was withheld."""
        wanted = read_filter(filter or {})
        here = await self.shown.ready(schema, include)
        answer = await self.site.client.query(
            schema,
            filter=wanted,
            order_by=order_by,
            limit=limit,
            after=after,
            select=select,
            include=include,
        )
        return {**answer_to_json(answer, await self.shown.went()), "here": here}

    async def versions(self, schema: str, id: str) -> "shapes.Versions":
        """What was said of an instance."""
        await self.shown.ready(schema)
        return versions_to_json(await self.site.client.versions(schema, id))

    async def log(self, author: bytes, log_id: int, at: int | None, last: int | None, limit: int) -> "Log":
        """A log to be drawn."""
        from panda_web.browser.drawing import drawn

        return await drawn(self.site, author, log_id, at, last, limit)

    async def count(self, schema: str, filter: Mapping[str, Json] | None) -> int:
        """How many there are."""
        wanted = read_filter(filter or {})
        await self.shown.ready(schema)
        return await self.site.client.count(schema, filter=wanted)

    async def each_query(
        self,
        schema: str,
        filter: Mapping[str, Json] | None,
        order_by: Sequence[str],
        limit: int | None,
        after: str | None,
        select: Sequence[str] | None,
        include: Sequence[str],
    ) -> AsyncGenerator[Json, None]:
        """The same, page after page, until there is no more, or so many were given."""
        wanted = read_filter(filter or {})
        here = await self.shown.ready(schema, include)
        asked = self.site.client.query(
            schema,
            filter=wanted,
            order_by=order_by,
            limit=limit,
            after=after,
            select=select,
            include=include,
        )
        async for page in asked.pages(PAGE):
            yield {**answer_to_json(page, await self.shown.went()), "here": here}

    async def each_subscribe(
        self,
        schema: str,
        filter: Mapping[str, Json] | None,
        order_by: Sequence[str],
        select: Sequence[str] | None,
    ) -> AsyncGenerator[Json, None]:
        """What is new among the instances that are asked for, and where each of it stands in their order."""
        wanted = read_filter(filter or {})
        following = self.site.client.subscribe(schema, filter=wanted, order_by=order_by, select=select)
        async with aclosing(self.shown.follow(schema, following)) as told:
            async for each in told:
                yield each

    async def each_export(self) -> AsyncGenerator[Json, None]:
        """All that is here, in pieces."""
        async with aclosing(self._archiving().each_export()) as pieces:
            async for each in pieces:
                yield each

    def each_status(self) -> AsyncGenerator[Json, None]:
        """How things stand, and each change."""
        return self.standing.follow()

    async def define(self, schema: Mapping[str, Json]) -> "shapes.Schema":
        """A schema with its id."""
        return _schema(await self.site.writer().define(schema_from_dict(schema)))

    async def schema(self, id: str) -> "shapes.Schema":
        """A schema that somebody published."""
        return _schema(await self.site.client.schema_named(id))

    async def schemas(self, after: str | None) -> "list[shapes.ListedSchema]":
        """The schemas to choose from."""
        listed = await self.site.client.schemas(after)
        return [{"id": each.id, "name": each.name, "state": each.state} for each in listed]

    async def describe(self, draft: Mapping[str, Json]) -> "shapes.DescribedDraft":
        """A definition in the making."""
        refusal = await self.site.client.takes_no_definitions()
        return describe(draft, str(refusal) if refusal is not None else None)

    async def schema_from_toml(self, text: str) -> "shapes.SchemaDefinition":
        """The definition in a file."""
        with at_hand():
            return definition_of(schema_from_toml(text))

    async def node_peers(self) -> "list[shapes.NodePeer]":
        """Whom the node exchanges with."""
        peers = await self.site.node_peers()
        return [{"url": each.url, "lastContact": 1000 * each.last_contact} for each in peers]

    async def pending(self) -> int:
        """How many entries wait."""
        return await self.site.pending()

    async def flush(self) -> int:
        """Sends them."""
        return await self.site.flush()

    async def import_begin(self) -> Json:
        """Begins to take in a file."""
        return await self._archiving().import_begin()

    async def import_part(self, text: str) -> Json:
        """The next piece of it."""
        return await self._archiving().import_part(text)

    async def import_end(self) -> Json:
        """There are no more."""
        return await self._archiving().import_end()

    def _removing(self) -> "Removing":
        from panda_web.browser.removing import Removing

        return Removing(self.site)

    async def drop(self, **rule: Json) -> Json:
        """Something is here no more."""
        return await self._removing().drop(**rule)

    async def keep(self, **what: Json) -> Json:
        """It may come again."""
        return await self._removing().keep(**what)

    async def removed(self, instances: Sequence[str], authors: Sequence[bytes]) -> "shapes.Removed":
        """What is not here, and why."""
        return await self._removing().removed(instances, authors)

    async def forget(self, unsent: bool) -> Json:
        """Nothing is left."""
        return asdict(await self.site.forget(unsent_too=unsent))

    async def back_up(self, passphrase: str) -> str:
        """The key pair under a passphrase."""
        return await self.site.back_up(passphrase)

    async def decline_backup(self) -> "shapes.Author":
        """The key can no longer be copied."""
        await self.site.keyring().settle("declined")
        return self.who()

    async def restore(self, text: str, passphrase: str) -> "shapes.Author":
        """Another key from now on."""
        await self.site.restore(text, passphrase)
        if self.site.mode != "remote":
            await self.site.trust(None)
        return self.who()

    async def gather(self) -> "list[shapes.Unasked]":
        """What the key wrote elsewhere comes here."""
        wrong = await self.site.gather()
        return [{"url": url, "error": said(why)} for url, why in wrong.items()]


def _written(written: Written) -> "shapes.Written":
    return {
        "id": written.id,
        "entryHash": written.entry_hash,
        "acknowledged": written.acknowledged,
        "error": said(written.error),
    }


def _schema(schema: Schema) -> "shapes.Schema":
    return {"id": str(schema.id), **definition_of(schema)}
