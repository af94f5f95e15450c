"""The schemas that a client knows: its author's own definitions, those that were fetched, now or before.

A definition never changes, so what is known once is known for good. What is written is held to its schema
before it is signed, whether or not anybody asked for the schema before: known, own, kept, or fetched from the
node. Only where no definition can be had, messages are written as they are given, and the nodes decide.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal, Protocol, TypeVar

from panda_web import messages
from panda_web.bamboo import Slot, is_hex
from panda_web.client import given
from panda_web.client.answers import Answers
from panda_web.client.check import NODE_NAMES, Answer, Instance
from panda_web.client.contact import Contact
from panda_web.client.definitions import KeptDefinitions
from panda_web.client.drafts import AtSlot, BoundMessage, Draft
from panda_web.client.errors import InvalidProof, ProofMismatch, SchemaNotFound
from panda_web.client.listed import ListedSchema
from panda_web.client.own_logs import OwnLogs
from panda_web.errors import PandaError
from panda_web.messages import Field, Message, check_log, infer_all, system_log
from panda_web.messages.errors import SchemaMalformed
from panda_web.messages.schema import (
    DEFINITION,
    InvalidFields,
    InvalidSchema,
    Reference,
    Schema,
    read_definition,
)
from panda_web.messages.schema.errors import FieldNameReserved
from panda_web.messages.schema.rules import listed as in_words
from panda_web.messages.schema.rules import shown
from panda_web.rpc import types
from panda_web.rpc.errors import AnswerMalformed, NodeUnreachable, RelationTargetForeign
from panda_web.rpc.methods import SCHEMAS
from panda_web.rpc.names import MOST_NAMED, only_one

R = TypeVar("R")
Given = Mapping[str, object] | Callable[[Schema | None], Mapping[str, object]]
"""Fields of a message, or what gives them once it is told the schema, None where that cannot be had."""


class Ask(Protocol):
    """Calls the node once, and gives None where no answer comes."""

    async def __call__(self, call: Callable[[], Awaitable[R]]) -> R | None:
        """The answer of `call`."""


async def _if_reachable(call: Callable[[], Awaitable[R]]) -> R | None:
    try:
        return await call()
    except NodeUnreachable:
        return None


class Schemas:
    """What is known of schemas.

    Args:
        query: `Client.query`.
        contact: the node.
        own: the author's own logs; None for a client that only reads.
        kept: the definitions in the client's store; None for a client that has no store.
        beyond: another node, which is asked for what this one lacks.

    Attributes:
        known: by id. None is forgotten: what is written of it would have other types all of a sudden.
    """

    def __init__(
        self,
        query: Callable[..., Answers[Answer, Instance]],
        contact: Contact,
        own: OwnLogs | None,
        kept: KeptDefinitions | None,
        beyond: Contact | None = None,
    ) -> None:
        self._query = query
        self._contacts = [contact] if beyond is None else [contact, beyond]
        self._own = own
        self._kept = kept
        self._undefined: set[str] = set()
        self._offered: set[str] = set()
        self._meant: dict[str, str] = {}
        self.known: dict[str, Schema] = {}

    async def fields(
        self,
        schema: Schema | None,
        rows: Sequence[Given],
        action: Literal["create", "update"],
    ) -> list[dict[str, Field]]:
        """The fields of messages: typed by their schema and held to it; without one, typed as they look.

        Raises:
            InvalidFields: the schema forbids them.
            RelationTargetForeign: a relation leads to an own instance of another schema than it should.
            FieldNameReserved: without a schema, a name that could not be read back.
            InvalidMessage: a value whose type cannot be told.
        """
        values = [row(schema) if callable(row) and not isinstance(row, type) else row for row in rows]
        if schema is None:
            plain = [given.fields(each) for each in values]
            for name in {name for each in plain for name in each} & NODE_NAMES:
                raise FieldNameReserved(
                    f"No field can be called {name!r}: in answers that is the node's own.", field=name
                )
            return [infer_all(each) for each in plain]
        found = [schema.to_fields(each, action) for each in values]
        references = [schema.check(fields, action) for fields in found]
        await self._check_relations({each.instance: each for some in references for each in some}.values())
        return found

    async def drafts(
        self,
        held_to: Schema | None,
        action: Literal["create", "update"],
        schema: str,
        instance: str | None,
        rows: Sequence[Given | AtSlot],
    ) -> list[Draft]:
        """The messages that are written for some rows.

        What is raised: see `fields`. An `AtSlot` is held to the schema when it is made for its slot.
        """

        def bound(row: AtSlot) -> BoundMessage:
            async def at(slot: Slot) -> Mapping[str, Field]:
                (fields,) = await self.fields(held_to, [await row.fields(slot)], action)
                return fields

            return BoundMessage(action, schema, instance, at)

        plain = [row for row in rows if not isinstance(row, AtSlot)]
        fields = iter(await self.fields(held_to, plain, action))
        return [
            bound(row) if isinstance(row, AtSlot) else Message(action, schema, instance, next(fields))
            for row in rows
        ]

    async def to_hold(self, schema: str, ask: Ask) -> Schema | None:
        """The schema that messages are held to before they are signed; None where no definition can be had.

        A node that has none is asked once as long as the client is open.

        Args:
            schema: its id.
            ask: calls the node once; gives None where it does not answer.

        Raises:
            InvalidProof, SystemLogMismatch: what the node gives is no definition with this id.
        """
        held = await self._held(schema)
        if held is not None or schema in self._undefined or system_log(schema) is not None:
            return held
        if not is_hex(schema):
            return None  # no message can be of it, and that is said where it is made
        try:
            return await ask(lambda: self._fetch(schema))
        except InvalidProof:
            raise
        except (SchemaNotFound, InvalidSchema, InvalidFields):  # or nothing that this client can read
            self._undefined.add(schema)
            return None

    def learn(self, schema: Schema) -> Schema:
        """Keeps a schema that has an id."""
        if schema.id is not None:
            self._offered.discard(schema.id)
            self.known[schema.id] = schema
        return schema

    def offer(self, schema: Schema) -> None:
        """Keeps a schema that is at hand, and that nobody has asked for yet: its name is another's first."""
        if schema.id is not None and schema.id not in self.known:
            self._offered.add(schema.id)
            self.known[schema.id] = schema

    async def named(self, name: str, ask: Ask | None = None) -> Schema:
        """A schema by its name, or by its id. See `Client.schema_named`.

        What a name has meant once, with the node's list, it means as long as the client is open.

        Args:
            name: the name.
            ask: calls the node once, where it can be done without; None where its silence is an error.
        """
        if is_hex(name):
            return await self.get(name)
        own = [*await self._own_definitions(), *self.known.values()]
        called = list(dict.fromkeys(str(each.id) for each in own if each.name == name))
        asked_for = [each for each in called if each not in self._offered]
        if name in self._meant and all(each == self._meant[name] for each in asked_for):
            return await self.get(self._meant[name])
        at_hand = called or [str(each.id) for each in await self._all_kept() if each.name == name]
        listed = await (ask or _if_reachable)(self.listed) if at_hand else await self.listed()
        registered = [each for each in listed or () if each.state in ("registered", "pending")]
        bear_it = dict.fromkeys([*asked_for, *(each.id for each in registered if each.name == name)])
        ids = list(bear_it or at_hand)
        described = await self._described(ids) if len(ids) > 1 else {}
        found = await self.get(only_one(name, ids, described=described))
        if found.name != name:
            raise ProofMismatch(f"The node calls a schema {name[:70]!r} that is called {found.name!r}.")
        if listed is not None:
            self._meant[name] = str(found.id)
        return found

    async def id_of(self, schema: str, ask: Ask | None = None) -> str:
        """A schema's id, by its name or by itself. Raises SchemaMalformed, and what `named` does."""
        try:
            types.SCHEMA.read(schema)
        except ValueError as error:
            raise SchemaMalformed(f"The schema {error}.") from error
        return schema if is_hex(schema) else str((await self.named(schema, ask)).id)

    async def get(self, schema: str) -> Schema:
        """A schema: known, of the author's own, or fetched with its proof. See `Client.schema`."""
        if not is_hex(schema):
            raise SchemaMalformed("The schema's id is not a hash of 132 lower-case hex digits.")
        return await self._held(schema) or await self._fetch(schema)

    async def _held(self, schema: str) -> Schema | None:
        """A schema for which nobody has to be asked."""
        if schema == DEFINITION.id:
            return DEFINITION
        if schema in self.known:
            return self.known[schema]
        if self._own is not None and await self._own.instance(schema) is not None:
            for found in await self._own_definitions():
                if found.id == schema:
                    return self.learn(found)
        kept = await self._kept.get(schema) if self._kept is not None else None
        return self.learn(kept) if kept is not None else None

    async def _fetch(self, schema: str) -> Schema:
        """A schema by its definition at the node, which is kept."""
        signed = None
        for contact in self._contacts:
            signed = signed or await contact.definition(schema)
        if signed is None:
            raise SchemaNotFound(
                f"The node has no definition of the schema {schema[:16]}…. Ask one that has, or whoever made "
                "the schema to publish it there.",
                schema=schema,
            )
        found = signed.read(schema)
        if self._kept is not None:
            await self._kept.keep(schema, signed)
        return self.learn(found)

    async def _check_relations(self, references: Iterable[Reference]) -> None:
        for each in references:
            leads_to = await self._own.schema_of(each.instance) if self._own is not None else None
            if leads_to not in (None, each.schema):
                raise RelationTargetForeign(
                    f"Field {each.field!r} leads to {each.instance[:16]}…, which is no instance of the "
                    f"schema {each.schema[:16]}… that it should lead to.",
                    field=each.field,
                    instance=each.instance,
                    schema=each.schema,
                )

    async def listed(self, after: str | None = None) -> tuple[ListedSchema, ...]:
        """The schemas of a node's list, then those that are known here only. See `Client.schemas`.

        What follows `after` is in order of ids, so that a node's pages have an end.
        """
        known = {own.id: own.name for own in await self._own_definitions() if own.id is not None}
        known |= {each: schema.name for each, schema in self.known.items() if each != DEFINITION.id}
        found: dict[str, ListedSchema] = {}
        for place, contact in enumerate(self._contacts):
            try:
                listed = [ListedSchema.from_json(each) for each in await contact.schemas(after)]
            except ValueError as error:
                raise AnswerMalformed(f"The node's answer to {SCHEMAS.name} {error}.") from error
            except NodeUnreachable:
                if place == 0:
                    raise
                continue
            for said in listed:
                found.setdefault(said.id, said._replace(name=known.get(said.id, said.name)))
        if after is not None:
            return tuple(found[each] for each in sorted(found) if each > after)
        for each, name in known.items():
            found.setdefault(each, ListedSchema(each, name, "unlisted"))
        return tuple(found.values())

    async def published(self, schema: Schema, author: str) -> Schema | None:
        """The schema that this author has published already and that says the same; None where there is none.

        The node is asked only where another copy of the key may have published one.
        """
        wanted = replace(schema, id=None)
        found = await self._own_definitions()
        if self._own is not None and not await self._own.is_complete(str(DEFINITION.id)):
            found += await self._definitions_at_node(wanted.name, author)
        for other in found:
            if replace(other, id=None) == wanted:
                return self.learn(other)
        return None

    async def called(self, name: str, author: str | None, most: int) -> AsyncIterator[Schema]:
        """The schemas of a name: the author's own, those at hand, and then those that the node lists.

        Args:
            name: of them.
            author: whose own ones they are, 64 hex digits.
            most: how many of the node's list are looked at.

        Raises:
            CallFailed: the node does not answer.
        """
        for schema in (*await self._own_definitions(), *self.known.values(), *await self._all_kept()):
            if schema.name == name:
                yield schema
        own_log = str(DEFINITION.id)
        if author is not None and self._own is not None and not await self._own.is_complete(own_log):
            for schema in await self._definitions_at_node(name, author):
                yield schema
        listed = [each for each in await self.listed() if each.state in ("registered", "pending")]
        for each in [each.id for each in listed if each.name == name][:most]:
            with suppress(InvalidProof, SchemaNotFound, InvalidSchema, InvalidFields):
                yield await self.get(each)

    async def _all_kept(self) -> list[Schema]:
        return await self._kept.all() if self._kept is not None else []

    async def _described(self, ids: Sequence[str]) -> dict[str, str]:
        """What a person can tell schemas of one name apart by; nothing of those that cannot be had."""
        found: dict[str, str] = {}
        for each in ids[:MOST_NAMED]:
            with suppress(PandaError):
                schema = await self.get(each)
                found[each] = f"{shown(schema.description)}, with {in_words(schema.by_name)}"
        return found

    async def _own_definitions(self) -> list[Schema]:
        own = await self._own.instances(str(DEFINITION.id)) if self._own is not None else {}
        found = []
        for entry_hash, fields in own.items():
            try:
                found.append(read_definition(messages.create(str(DEFINITION.id), fields), entry_hash))
            except PandaError:
                continue  # signed by something else than this client, which checks them
        return found

    async def _definitions_at_node(self, name: str, author: str) -> list[Schema]:
        found: list[Schema] = []
        async for instance in self._query(DEFINITION.id, filter={"author": author, "name": name}):
            with suppress(PandaError):
                found.append(_defined_by(instance))
        return found


def _defined_by(instance: Instance) -> Schema:
    """The schema that a checked instance defines.

    Raises:
        InvalidSchema, InvalidFields: it defines none.
        ProofMismatch, SystemLogMismatch: its entries are not those of a definition.
    """
    message = messages.create(instance.schema, instance.fields)
    check_log(instance.log_id, message)
    if instance.edited:
        raise ProofMismatch("The node shows a schema definition as changed, and such never change.")
    return read_definition(message, instance.id)
