"""Which schemas a node validates, and what it takes and answers of the others.

Its administrator registers schemas by id. A registered one is **pending** until its definition is here and
every schema that its relations lead to is registered and not pending itself; then it starts by itself.

    policy        taken                                             answered
    any           everything; held to a schema whose definition     everything
                  is here and that is registered
    registered    system logs, and messages of registered schemas   schema definitions, and registered
                  whose definition is here, held to them            schemas that are not pending
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from panda_web.bamboo import is_hex
from panda_web.errors import PandaError, StoreFailed
from panda_web.messages import SYSTEM_LOGS, Message, decode, system_log
from panda_web.messages.errors import SchemaMalformed
from panda_web.messages.schema import (
    DEFINITION,
    SELF,
    Schema,
    SchemaError,
    read_definition,
    schema_to_dict,
)
from panda_web.node.store import Store
from panda_web.rpc.errors import SchemaNotRegistered, SchemaPending
from panda_web.rpc.names import only_one
from panda_web.rpc.types import Json

logger = logging.getLogger(__name__)

Policy = Literal["any", "registered"]


class SystemSchema(PandaError):
    """A schema of system logs, which every node knows, cannot be registered or dropped."""

    reason = "system-schema"


@dataclass(frozen=True, slots=True)
class Lack:
    """What a pending schema waits for.

    Attributes:
        what: "definition" (its own is not here), "registration" (that of a schema that a relation leads to),
            "start" (that schema is registered, and pending too).
        id: of the schema that it is about.
    """

    what: Literal["definition", "registration", "start"]
    id: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered schema.

    Attributes:
        id: 132 hex digits.
        schema: None while its definition is not here.
        waits_for: empty once it has started.
    """

    id: str
    schema: Schema | None
    waits_for: tuple[Lack, ...]

    @property
    def state(self) -> Literal["registered", "pending"]:
        """The word for it."""
        return "pending" if self.waits_for else "registered"

    def to_json(self) -> dict[str, Json]:
        """As `panda_schemas` gives it."""
        definition = schema_to_dict(self.schema) if self.schema is not None else None
        return {
            "id": self.id,
            "name": self.schema.name if self.schema is not None else None,
            "state": self.state,
            "waitsFor": [{"what": lack.what, "id": lack.id} for lack in self.waits_for],
            "definition": definition,
        }


class Registry:
    """What is registered, as of the last `refresh`.

    Args:
        store: which holds the registrations, and definitions among its entries.
        policy: what becomes of messages of other schemas.

    Attributes:
        registered: by id, in the order of registering.
    """

    def __init__(self, store: Store, policy: Policy = "any") -> None:
        self._store = store
        self._policy = policy
        self._ids: tuple[str, ...] = ()
        self._waiting = False
        self.registered: Mapping[str, Registered] = MappingProxyType({})
        self.refresh()

    def refresh(self) -> None:
        """Looks what is registered by now, and which definitions have come. Raises StoreFailed."""
        with self._store.snapshot():
            ids = self._store.schemas.all()
            if ids != self._ids or self._waiting:
                self.registered = MappingProxyType(_states({each: self._definition(each) for each in ids}))
                self._ids = ids
        self._waiting = any(each.schema is None for each in self.registered.values())

    def notice(self) -> None:
        """Looks, where nobody is there to whom it would matter that it fails: the next look may succeed."""
        try:
            self.refresh()
        except StoreFailed:
            logger.exception("the registered schemas cannot be read")

    def _definition(self, schema: str) -> Schema | None:
        known = self.registered.get(schema)
        if known is not None and known.schema is not None:
            return known.schema
        try:
            return held(self._store, schema)
        except SchemaError:
            return None  # something else was published under this id, after it was registered

    @property
    def started(self) -> dict[str, Schema]:
        """Registered schemas that wait for nothing, by id."""
        return {
            each.id: each.schema
            for each in self.registered.values()
            if each.schema is not None and not each.waits_for
        }

    def id_of(self, schema: str) -> str:
        """The id of a schema that is given by its id or by its name.

        Raises:
            SchemaNameUnknown, SchemaNameAmbiguous: not exactly one registered schema has the name.
        """
        if is_hex(schema):
            return schema
        known = (each.schema for each in self.registered.values() if each.schema is not None)
        return only_one(schema, [str(each.id) for each in known if each.name == schema])

    def schema(self, id: str) -> Schema | None:
        """What messages of a schema are held to; None for nothing."""
        found = self.registered.get(id)
        return found.schema if found is not None else None

    def judge(self, message: Message) -> "Verdict | None":
        """What its schema says to a message; None where none is known to say anything."""
        if message.schema == DEFINITION.id:
            return _judge_definition(message)
        schema = self.schema(message.schema)
        if schema is None:
            return None
        if message.action == "delete":
            return Verdict()
        try:
            relations = schema.check(message.fields, message.action)
            return Verdict(tuple((each.instance, each.schema) for each in relations))
        except SchemaError as error:
            return Verdict(wrong=error)

    @property
    def takes_any(self) -> bool:
        """Whether messages of all schemas are taken in."""
        return self._policy == "any"

    def admit(self, id: str) -> None:
        """Raises unless messages of a schema are taken in.

        Raises:
            SchemaNotRegistered: the node takes registered schemas only, and this is none.
            SchemaPending: it is registered, and its definition is not here.
        """
        if self._policy == "any" or system_log(id) is not None:
            return
        if self._expected(id).schema is None:
            raise SchemaPending(
                f"The schema {id[:16]}… is registered at this node, but its definition has not come yet: "
                "publish it here, and then try again.",
                schema=id,
            )

    def answer(self, id: str) -> None:
        """Raises unless the node answers queries of a schema. Raises as `admit` does."""
        if self._policy == "any" or system_log(id) is not None:
            return
        found = self._expected(id)
        if found.waits_for:
            raise SchemaPending(
                f"The schema {id[:16]}… is registered at this node, but cannot be queried yet: "
                f"{_in_words(found.waits_for)}.",
                schema=id,
            )

    def _expected(self, id: str) -> Registered:
        found = self.registered.get(id)
        if found is None:
            raise SchemaNotRegistered(
                f"This node is for the schemas that it has registered, and {id[:16]}… is none of them: ask "
                "whoever runs it.",
                schema=id,
            )
        return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a schema says to a message.

    Attributes:
        relations: the instances that it leads to, each with the schema that it must be of.
        wrong: what is forbidden; None for nothing.
    """

    relations: tuple[tuple[str, str], ...] = ()
    wrong: SchemaError | None = None


def _judge_definition(message: Message) -> Verdict:
    try:
        read_definition(message)
    except SchemaError as error:
        return Verdict(wrong=error)
    return Verdict()


def held(store: Store, id: str) -> Schema | None:
    """The schema whose definition is held under an id; None where nothing is.

    Raises:
        InvalidSchema, InvalidFields: what is held under the id is no definition.
    """
    payload = store.entries.payload_of(bytes.fromhex(id))
    return read_definition(decode(payload), id) if payload is not None else None


def id_of_held(store: Store, schema: str) -> str:
    """The id of a schema that is given by its id, or by the name that one held definition gives it.

    Raises:
        SchemaNameUnknown, SchemaNameAmbiguous: not exactly one definition that is held has the name.
    """
    if is_hex(schema):
        return schema
    with store.snapshot():
        found = [
            row.hash.hex()
            for row in store.entries.of_schema(str(DEFINITION.id))
            if row.payload is not None and read_definition(decode(row.payload)).name == schema
        ]
    return only_one(schema, found, has="holds")


async def register(store: Store, id: str) -> Registered:
    """Registers a schema, whether its definition has come or not; again is no error.

    Raises:
        SchemaMalformed, SystemSchema, InvalidSchema, InvalidFields: the id is no schema's.
        StoreFailed: the database did not obey.
    """
    if not is_hex(id):
        raise SchemaMalformed("A schema's id has 132 lower-case hex digits that begin with 0040.")
    if system_log(id) is not None:
        raise SystemSchema("This is a schema of system logs, which every node takes anyway.")
    with store.snapshot():
        held(store, id)
    await store.begin()
    with store.transaction():
        store.schemas.add(id)
    await store.durable()
    return Registry(store).registered[id]


async def drop(store: Store, id: str) -> Registered:
    """Ends the registration of a schema; gives how it was. Its entries stay.

    Raises:
        SchemaNotRegistered: there is none.
        StoreFailed: the database did not obey.
    """
    found = Registry(store).registered.get(id)
    if found is None:
        raise SchemaNotRegistered(f"No schema {id[:16]!r} is registered at this node.")
    await store.begin()
    with store.transaction():
        store.schemas.remove(id)
    await store.durable()
    return found


def _states(definitions: Mapping[str, Schema | None]) -> dict[str, Registered]:
    """How far each has come. Schemas cannot lead to each other in a circle, for an id is a hash."""
    leads = {each: _leads_to(schema) for each, schema in definitions.items() if schema is not None}
    started = set(SYSTEM_LOGS.values())
    while fresh := {each for each in leads.keys() - started if leads[each] <= started}:
        started |= fresh
    found = {}
    for each, schema in definitions.items():
        if schema is None:
            lacks = [Lack("definition", each)]
        else:
            lacks = [
                Lack("start" if target in definitions else "registration", target)
                for target in sorted(leads[each] - started)
            ]
        found[each] = Registered(each, schema, tuple(lacks))
    return found


def _leads_to(schema: Schema) -> set[str]:
    return {each.schema for each in schema.fields if each.schema not in (None, SELF)}


def _in_words(lacks: tuple[Lack, ...]) -> str:
    words = {
        "definition": "its definition has not come",
        "registration": "a relation leads to the schema {}…, which is not registered",
        "start": "a relation leads to the schema {}…, which is pending itself",
    }
    return ", ".join(words[lack.what].format(lack.id[:16]) for lack in lacks[:3])
