"""Dataclasses in place of schemas: which schema one stands for, and its records in place of instances.

Which schema that is: the one whose id the class bears; else the author's own that says the same; else one
that says the same among those that are at hand or kept; else the first such in the node's list. So a program
that runs again finds what it defined before, and with another key what others have. What it has found once it
finds again, since it is kept. Names and fields decide, and the description does not.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Generic, overload

from panda_web.client.answers import Answers
from panda_web.client.check import Answer, Instance, Rejected
from panda_web.client.drafts import Draft
from panda_web.client.kinds import Kind
from panda_web.client.live_records import MOST_RELATED, ChangedRecords, Follow, LiveRecords
from panda_web.client.publisher import Written
from panda_web.client.schemas import Schemas
from panda_web.errors import PandaError
from panda_web.messages.schema import Schema
from panda_web.messages.schema.errors import FieldUnknown
from panda_web.messages.schema.rules import listed, shown
from panda_web.query.reading import MAX_VALUES
from panda_web.records import Dataclass, Meta, Shape, meta_of, shape_of, stamp
from panda_web.records.errors import (
    DataclassNotDefined,
    FieldTypeHasNoPlace,
    NotADataclass,
    RecordsAreWhole,
)
from panda_web.records.record import D, check_class, check_record, is_frozen
from panda_web.records.shape import check_describes, describes
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.types import Json

Write = Callable[[Callable[[], Awaitable[list[Draft]]]], Awaitable[list[Written]]]
Update = Callable[[str, str, Mapping[str, object]], Awaitable[Written]]
MOST_ALIKE = 20
"""Schemas of one name in a node's list that are looked at for one that a dataclass describes."""


@dataclass(frozen=True, slots=True)
class Records(Sequence[D], Generic[D]):
    """The records that a query gave, in the node's order.

    Attributes:
        records: what is sound, and what the dataclass takes.
        rejected: what is not, and why.
        after: where a query goes on behind them; None where there were none.
    """

    records: tuple[D, ...]
    rejected: tuple[Rejected, ...] = ()
    after: str | None = None

    def __len__(self) -> int:
        return len(self.records)

    def __add__(self, other: "Records[D]") -> "Records[D]":
        """Both pages, in order; the second one goes on behind the first."""
        after = other.after or self.after
        return Records((*self.records, *other.records), (*self.rejected, *other.rejected), after)

    @overload
    def __getitem__(self, index: int) -> D: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[D, ...]: ...

    def __getitem__(self, index: int | slice) -> D | tuple[D, ...]:
        return self.records[index]


class Typed:
    """The dataclasses of a client.

    Args:
        schemas: what the client knows of schemas.
        author: the client's, 64 hex digits; None where it only reads.
        query: `Client.query`, by a schema's id.
    """

    def __init__(
        self, schemas: Schemas, author: str | None, query: Callable[..., Answers[Answer, Instance]]
    ) -> None:
        self._schemas = schemas
        self._author = author
        self._query = query
        self._kinds: dict[type, Kind] = {}

    async def of(self, cls: type[Dataclass]) -> Kind:
        """The schema that a dataclass stands for. Raises DataclassNotDefined; see `define`."""
        return await self._find(cls, None)

    async def asked(
        self, cls: type[Dataclass], filter: Mapping[str, object] | None
    ) -> tuple[str, dict[str, Json]]:
        """The id of a dataclass's schema, and a filter of its records as one of instances."""
        kind = await self.of(cls)
        return kind.id, kind.shape.asked(filter)

    async def define(self, cls: type[Dataclass], publish: Callable[[Schema], Awaitable[Schema]]) -> Schema:
        """The same; where there is none it is published, after those of the dataclasses that it leads to.

        Args:
            cls: the dataclass.
            publish: publishes a schema.

        Raises:
            RecordError, InvalidSchema: the class cannot be a schema; one of the subclasses.
            SchemaDiffers: the schema whose id it bears is another one.
            What `publish` raises.
        """
        return (await self._find(cls, publish)).schema

    async def _find(
        self,
        cls: type[Dataclass],
        publish: Callable[[Schema], Awaitable[Schema]] | None,
        within: tuple[type, ...] = (),
    ) -> Kind:
        check_class(cls)
        if cls in self._kinds:
            return self._kinds[cls]
        if cls in within:
            raise FieldTypeHasNoPlace(
                f"A {cls.__name__} cannot hold another {cls.__name__}, which may hold one again, without an "
                'end: a Relation is the id alone, `Annotated[Relation, to("self")]`.'
            )
        shape = shape_of(cls)
        ids = {each: (await self._find(each, publish, (*within, cls))).id for each in shape.related}
        wanted = shape.schema(ids)
        try:
            schema = await self._published(shape, wanted)
        except NodeUnreachable:
            if publish is None:
                raise
            schema = None  # what others have may be the same; nobody can know that now
        if schema is None and publish is not None:
            schema = await publish(wanted)
        if schema is None:
            raise DataclassNotDefined(
                f"Nobody has published a schema called {wanted.name!r} with the fields of {cls.__name__}, as "
                f"far as this client and its node know: `await panda.define({cls.__name__})`."
            )
        kind = self._kinds[cls] = Kind(shape, schema)
        return kind

    async def _published(self, shape: Shape, wanted: Schema) -> Schema | None:
        if shape.about.id is not None:
            schema = await self._schemas.get(shape.about.id)
            check_describes(replace(wanted, name=shape.about.name or schema.name), schema)
            return schema
        async for found in self._schemas.called(wanted.name, self._author, MOST_ALIKE):
            if describes(wanted, found):
                return self._schemas.learn(found)
        return None

    async def create(self, records: Sequence[D], write: Write) -> list[D]:
        """The work of `Client.create_many`.

        Args:
            records: of one class.
            write: `Publisher.write`.
        """
        if not records:
            return []
        for each in records:
            check_record(each)
        cls = type(records[0])
        if any(type(each) is not cls for each in records):
            raise NotADataclass("What is created together is of one dataclass, and so in one log.")
        shape = shape_of(cls)
        said = [shape.say(each) for each in records]

        async def compose() -> list[Draft]:
            kind = await self.of(cls)
            rows = [shape.named(each) for each in said]
            return await self._schemas.drafts(kind.schema, "create", kind.id, None, rows)

        written = await write(compose)
        kind = await self.of(cls)
        made = (
            Meta(each.id, kind.id, str(self._author), each.entry_hash, said=says)
            for each, says in zip(written, said, strict=True)
        )
        return [
            stamp(record, replace(meta, acknowledged=each.acknowledged, error=each.error))
            for record, meta, each in zip(records, made, written, strict=True)
        ]

    @staticmethod
    def place(record: Dataclass) -> tuple[str, str]:
        """The ids of a record's schema and instance. Raises NotPublished."""
        check_record(record)
        meta = meta_of(record)
        return meta.schema, meta.id

    async def update(self, given: tuple[D, ...], changes: Mapping[str, object], update: Update) -> D:
        """The work of `Client.update`.

        Args:
            given: a record as it is published, and where that is given too, as it is to be.
            changes: attributes to values, as they are to be.
            update: the same by ids.
        """
        record, changed = given if len(given) > 1 else (given[0], None)
        check_record(record)
        if changed is not None and type(changed) is not type(record):
            raise NotADataclass(
                f"A {type(record).__name__} is changed to another one, and not to {shown(changed)}."
            )
        meta, shape = meta_of(record), shape_of(type(record))
        known = [each.attribute for each in shape.members]
        for name in changes:
            if name not in known:
                raise FieldUnknown(
                    f"A {type(record).__name__} has no {name[:70]!r}; it has {listed(known)}.",
                    field=name[:70],
                )
        now = replace(changed or record, **changes) if changes else changed or record
        said = shape.say(now)
        differs = {name: value for name, value in said.items() if value != meta.said.get(name)}
        if not differs:
            return record
        written = await update(meta.schema, meta.id, shape.named(differs))
        if changed is None and not is_frozen(type(record)):
            for name in changes:
                setattr(record, name, getattr(now, name))
            now = record
        known_now = replace(meta, last_entry=written.entry_hash, edited=True, said=said)
        return stamp(now, replace(known_now, acknowledged=written.acknowledged, error=written.error))

    def query(
        self,
        cls: type[D],
        filter: Mapping[str, object] | None,
        order_by: Sequence[str],
        limit: int | None,
        after: str | None,
        select: Sequence[str] | None,
        include: Sequence[str],
    ) -> Answers[Records[D], D]:
        """The work of `Client.query`. Raises RecordsAreWhole."""
        if select is not None or include:
            raise RecordsAreWhole(
                f"{cls.__name__} is read with all its fields, and with the records that they lead to where "
                f"their types are dataclasses. `{'include' if select is None else 'select'}` is for schemas "
                "that are given by id or name."
            )

        async def ask(limit: int, after: str | None) -> Answer:
            kind = await self.of(cls)
            asked, order = kind.shape.asked(filter), kind.shape.ordered(order_by)
            return await self._query(kind.id, filter=asked, order_by=order, limit=limit, after=after)

        async def read(answer: Answer) -> Records[D]:
            return await self._read(await self.of(cls), answer)

        return Answers(ask, read, limit, after)

    async def subscribe(
        self,
        cls: type[D],
        filter: Mapping[str, object] | None,
        order_by: Sequence[str],
        follow: Follow,
        reachable: Callable[[Callable[[], Awaitable[Kind]]], Awaitable[Kind]],
    ) -> AsyncGenerator[ChangedRecords[D], None]:
        """The work of `Client.subscribe`.

        Args:
            cls: the dataclass.
            filter: see `Client.query`.
            order_by: see `Client.query`.
            follow: the same by a schema's id.
            reachable: calls something again until the node can be reached.
        """
        kind = await reachable(lambda: self.of(cls))
        asked, order = kind.shape.asked(filter), kind.shape.ordered(order_by)
        async with aclosing(LiveRecords[D](kind, self._kinds, follow).follow(asked, order)) as told:
            async for changed in told:
                yield changed

    async def _read(self, kind: Kind, answer: Answer) -> Records[Any]:
        """The records of an answer."""
        related = await self._related(kind, answer)
        records, rejected = [], list(answer.rejected)
        for instance in answer:
            try:
                records.append(kind.record(instance, related))
            except PandaError as error:
                rejected.append(Rejected(instance.id, error))
        return Records(tuple(records), tuple(rejected), answer.after)

    async def _related(self, kind: Kind, instances: Iterable[Instance]) -> dict[str, object]:
        """What the relations of instances lead to and is there, by id."""
        found: dict[str, object] = {}
        for cls, ids in kind.shape.leads_to(each.fields for each in instances).items():
            target = await self.of(cls)
            wanted = list(ids)[:MOST_RELATED]
            for at in range(0, len(wanted), MAX_VALUES):
                asked = self._query(target.id, filter={"id": {"in": wanted[at : at + MAX_VALUES]}})
                async for page in asked.pages():
                    found.update((meta_of(each).id, each) for each in await self._read(target, page))
        return found
