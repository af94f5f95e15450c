"""The schemas that a client knows: its author's own definitions, and those that were asked for.

A definition never changes, so what is known once is known for good. Nothing is fetched unless it is asked
for: where a schema is not known, messages are written as they are given, and the nodes decide.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from panda_web import messages
from panda_web.bamboo import is_hex
from panda_web.client.check import Answer, Instance
from panda_web.client.errors import ProofMismatch, SchemaNotFound
from panda_web.client.own_logs import OwnLogs
from panda_web.errors import PandaError
from panda_web.messages import Field, check_log, infer_all
from panda_web.messages.errors import SchemaMalformed
from panda_web.messages.schema import DEFINITION, MAX_NAME, Schema, read_definition
from panda_web.rpc import types
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.methods import SCHEMAS
from panda_web.rpc.names import only_one
from panda_web.rpc.types import Json

State = Literal["registered", "pending", "untyped", "unlisted"]
_STATES: Mapping[str, State] = {
    "registered": "registered",
    "pending": "pending",
    "untyped": "untyped",
}


class ListedSchema(NamedTuple):
    """A schema in a list of those that there are.

    Attributes:
        id: 132 hex digits.
        name: what it is called, by the node's word alone unless its definition is known here; None where
            nobody says.
        state: at the node `registered`, `pending` (registered, and waiting) or `untyped` (messages of it are
            held); `unlisted` where this client knows it and the node does not list it.
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


class Schemas:
    """What is known of schemas.

    Args:
        query: `Client.query`.
        at_node: what the node lists as its schemas.
        own: the author's own logs; None for a client that only reads.

    Attributes:
        known: by id. None is forgotten: what is written of it would have other types all of a sudden.
    """

    def __init__(
        self,
        query: Callable[..., Awaitable[Answer]],
        at_node: Callable[[], Awaitable[Sequence[Json]]],
        own: OwnLogs | None,
    ) -> None:
        self._query = query
        self._at_node = at_node
        self._own = own
        self.known: dict[str, Schema] = {}

    def fields(
        self, schema: str, values: Mapping[str, object], action: Literal["create", "update"]
    ) -> dict[str, Field]:
        """The fields of a message: of a known schema, typed by it and held to it; else typed as they look.

        Raises:
            InvalidFields: the schema is known, and forbids them.
            InvalidMessage: a value whose type cannot be told.
        """
        known = self.known.get(schema)
        if known is None:
            return infer_all(values)
        fields = known.to_fields(values)
        known.check(fields, action)
        return fields

    def learn(self, schema: Schema) -> Schema:
        """Keeps a schema that has an id."""
        if schema.id is not None:
            self.known[schema.id] = schema
        return schema

    async def named(self, name: str) -> Schema:
        """A schema by its name, or by its id. See `Client.schema_named`."""
        if is_hex(name):
            return await self.get(name)
        known = [schema for schema in self.known.values() if schema.name == name]
        if len(known) == 1:
            return known[0]
        listed = [each for each in await self.listed() if each.state in ("registered", "pending")]
        found = await self.get(only_one(name, [each.id for each in listed if each.name == name]))
        if found.name != name:
            raise ProofMismatch(f"The node calls a schema {name[:70]!r} that is called {found.name!r}.")
        return found

    async def get(self, schema: str) -> Schema:
        """A schema: known, of the author's own, or fetched with its proof. See `Client.schema`."""
        if not is_hex(schema):
            raise SchemaMalformed("The schema's id is not a hash of 132 lower-case hex digits.")
        if schema == DEFINITION.id:
            return DEFINITION
        if schema in self.known:
            return self.known[schema]
        for found in await self._own_definitions():
            if found.id == schema:
                return self.learn(found)
        answer = await self._query(DEFINITION.id, filter={"id": schema}, limit=1)
        for instance in answer:
            return self.learn(_defined_by(instance))
        for rejected in answer.rejected:
            raise rejected.error
        raise SchemaNotFound(
            f"The node has no definition of the schema {schema[:16]}…. Ask one that has, or whoever made the "
            "schema to publish it there.",
            schema=schema,
        )

    async def listed(self) -> tuple[ListedSchema, ...]:
        """The schemas of a node's list, then those that are known here only. See `Client.schemas`."""
        known = {own.id: own.name for own in await self._own_definitions() if own.id is not None}
        known |= {each: schema.name for each, schema in self.known.items() if each != DEFINITION.id}
        try:
            listed = [ListedSchema.from_json(each) for each in await self._at_node()]
        except ValueError as error:
            raise AnswerMalformed(f"The node's answer to {SCHEMAS.name} {error}.") from error
        found = {each.id: each._replace(name=known.get(each.id, each.name)) for each in listed}
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
        after: str | None = None
        while True:
            wanted = {"author": author, "name": name}
            page = await self._query(DEFINITION.id, filter=wanted, after=after)
            for instance in page:
                try:
                    found.append(_defined_by(instance))
                except PandaError:
                    continue
            if page.after in (None, after):
                return found
            after = page.after


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
