"""Which schemas a node validates, and what it takes and answers of the others.

Its administrator registers schemas by id. Under the policy `any` a schema is also registered by itself when
its definition is taken in, unless its author or all authors together have too many of these
(`MOST_OF_AUTHOR`, `MOST_BY_THEMSELVES`), or the administrator has dropped it.

A registered schema is **pending** until its definition is here and every schema that its relations lead to is
registered and not pending itself; then it starts by itself.

    policy        taken                                             answered
    any           everything; held to a schema whose definition     entries of everything; queries of schemas
                  is here and that is registered                    that have a view
    registered    system logs, and messages of schemas that the     schema definitions, and chosen schemas
                  administrator chose, whose definition is here;    that are not pending
                  held to them
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from panda_web.bamboo import is_hex
from panda_web.errors import StoreFailed
from panda_web.messages import Message, system_log
from panda_web.messages.schema import (
    DEFINITION,
    Schema,
    SchemaError,
    read_definition,
)
from panda_web.node.schemas.states import Registered, held, states
from panda_web.node.store import Store
from panda_web.rpc.errors import RefusedByNode, SchemaNotDefined, SchemaNotRegistered, SchemaPending
from panda_web.rpc.names import only_one

logger = logging.getLogger(__name__)

Policy = Literal["any", "registered"]

MOST_OF_AUTHOR = 20
"""Schemas of one author that are registered by themselves."""

MOST_BY_THEMSELVES = 1000
"""Schemas of all authors together that are registered by themselves. Each has a table and its indexes, which
every connection to the database keeps in mind."""


class Registry:
    """What is registered, as of the last commit that changed it.

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
            ids = self._store.registrations.all(chosen_only=self._policy == "registered")
            if ids != self._ids or self._waiting:
                self.registered = MappingProxyType(self._states(ids))
                self._ids = ids
        self._waiting = any(each.schema is None for each in self.registered.values())

    def notice(self) -> None:
        """Looks, where nobody is there to whom it would matter that it fails: the next look may succeed."""
        try:
            self.refresh()
        except StoreFailed:
            logger.exception("the registered schemas cannot be read")

    def _states(self, ids: Iterable[str]) -> dict[str, Registered]:
        return states({each: self._definition(each) for each in ids}, self.registered)

    def _definition(self, schema: str) -> Schema | None:
        known = self.registered.get(schema)
        if known is not None and known.schema is not None:
            return known.schema
        return self.held(schema)

    @property
    def started(self) -> dict[str, Schema]:
        """The schemas that have a view, by id: registered ones that wait for nothing, and definitions."""
        return _started(self.registered.values())

    def started_within(self) -> dict[str, Schema]:
        """The same, as it is within the transaction under way."""
        ids = self._store.registrations.all(chosen_only=self._policy == "registered")
        return _started(self._states(ids).values())

    def take_in(self, id: str, author: bytes) -> bool:
        """A definition is stored, in the transaction under way: its schema is registered by itself.

        Gives whether it may start with that. Only then may others that wait for it.
        """
        self._store.registrations.note()
        try:
            schema = held(self._store, id)
        except SchemaError:  # taken from a peer, or at a time that took anything
            return False
        if schema is None:
            return False
        if self._policy == "any":
            self._store.registrations.add(id, author, MOST_OF_AUTHOR, MOST_BY_THEMSELVES)
        # What was started has a view, or is known to have started and has none yet.
        return all(
            target in self.registered or system_log(target) is not None or self._has_view(target)
            for target in schema.leads_to
        )

    def _has_view(self, id: str) -> bool:
        return bool(self._store.views.of_schema(id))

    def take_in_held(self) -> None:
        """The same for what is held already."""
        for schema, author in self._not_registered():
            self.take_in(schema, author)

    def is_due(self) -> bool:
        """Whether `take_in_held` would do anything."""
        return bool(self._not_registered())

    def _not_registered(self) -> list[tuple[str, bytes]]:
        if self._policy == "registered":
            return []
        registrations = self._store.registrations
        return registrations.not_registered(str(DEFINITION.id), MOST_OF_AUTHOR, MOST_BY_THEMSELVES)

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
        """Raises unless the node answers anything about a schema. Raises as `admit` does."""
        if self._policy == "any" or system_log(id) is not None:
            return
        found = self._expected(id)
        if found.waits_for:
            raise _pending(found)

    def why_no_view(self, id: str) -> RefusedByNode:
        """What to say of a schema that no view is in place of. Reads what is held."""
        found = self.registered.get(id)
        if found is not None or id == DEFINITION.id:
            return _pending(found)
        if self.held(id) is not None:
            return SchemaNotRegistered(
                f"This node has no view of the schema {id[:16]}…, since it is not registered here: ask "
                "whoever runs it. What is held of it, panda_queryEntries gives.",
                schema=id,
            )
        return SchemaNotDefined(
            f"This node holds no definition of the schema {id[:16]}…, so it cannot tell what its messages "
            "mean: publish the definition here. What is held of it, panda_queryEntries gives.",
            schema=id,
        )

    def held(self, id: str) -> Schema | None:
        """The schema whose definition is held, whether it is registered or not. Reads what is held."""
        try:
            return held(self._store, id)
        except SchemaError:
            return None

    def is_held(self, id: str) -> bool:
        """Whether something is held under a schema's id, without looking whether it is a definition."""
        return self._store.entries.payload_of(bytes.fromhex(id)) is not None

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


def _started(registered: Iterable[Registered]) -> dict[str, Schema]:
    found = {str(DEFINITION.id): DEFINITION}
    for each in registered:
        if each.schema is not None and not each.waits_for:
            found[each.id] = each.schema
    return found


def _pending(found: Registered | None) -> SchemaPending:
    if found is not None and found.waits_for:
        why = ", ".join(str(lack) for lack in found.waits_for[:3])
        return SchemaPending(
            f"The schema {found.id[:16]}… is registered at this node, but cannot be queried yet: {why}.",
            schema=found.id,
        )
    return SchemaPending(
        "The node is still building its view of this schema from the messages that it holds: try again soon.",
        schema=found.id if found is not None else DEFINITION.id,
    )
