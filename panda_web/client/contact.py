"""Which dialect the node at the other end speaks: found out once, remembered as long as the connection.

A question for a schema's definition, as before a first write, tells it too; else `rpc.discover` does.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from panda_web.client.asked import Asked
from panda_web.client.check import Answer
from panda_web.client.definitions import SignedDefinition
from panda_web.client.dialect import Dialect, PresentDay
from panda_web.client.errors import NodeTooOld
from panda_web.client.own_logs import OwnLogs
from panda_web.errors import StoreFailed
from panda_web.keys import Verifier
from panda_web.messages import Field, create
from panda_web.messages.schema import DEFINITION
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import (
    AnswerMalformed,
    CallFailed,
    ErrorFromNode,
    InvalidParams,
    MethodNotFound,
    NodeUnreachable,
)
from panda_web.rpc.methods import DISCOVER, MAX_LIMIT, QUERY, SCHEMAS
from panda_web.rpc.removed import GET_REMOVED, Removed
from panda_web.rpc.types import OBJECT, Json, array, member

BRIEFLY = 2.0
"""Seconds for which a node is waited for that can be done without."""

RESTS = 30.0
"""Seconds for which such a one is not asked again, once it did not answer."""


class Contact:
    """A node, and how it is spoken to.

    Args:
        connection: to the node.
        node: its name, under which is kept what it was.
        verifier: checks signatures.
        own: the own logs; None for a client that only reads.
    """

    def __init__(self, connection: Connection, node: str, verifier: Verifier, own: OwnLogs | None) -> None:
        self.connection = connection
        self.verifier = verifier
        self._node = node
        self._own = own
        self._dialect: Dialect | None = None
        self._last_known: Dialect | None = None
        self._rests_until = 0.0

    async def dialect(self) -> Dialect:
        """The node's dialect. Raises CallFailed."""
        if self._dialect is None:
            self._dialect = await self._found(early=not await self._answers_queries())
        return self._dialect

    async def definition(self, schema: str) -> SignedDefinition | None:
        """The signed entry that defines a schema; None where the node gives none. See `Dialect`.

        As long as the dialect is not known, the node is asked as one of today. One that has no such method is
        an early one, so the answer tells both.
        """
        if self._dialect is not None:
            return await self._dialect.definition(schema)
        early = False
        definition: SignedDefinition | None = None
        try:
            definition = await self._speak(early=False).definition(schema)
        except ErrorFromNode as error:
            early = error.node_code == MethodNotFound.code
            if not early:
                raise
        self._dialect = await self._found(early=early)
        return await self._dialect.definition(schema) if early else definition

    async def _found(self, *, early: bool) -> Dialect:
        """The dialect, once it is kept what the node is."""
        if self._own is not None:
            with suppress(StoreFailed):  # no room: reading goes on, and the node is asked again
                await self._own.note_early(self._node, early=early)
        return self._speak(early=early)

    async def query(self, asked: Asked) -> Answer:
        """Instances, checked. Raises CallFailed."""
        return await (await self.dialect()).query(asked)

    async def count(self, asked: Asked) -> int:
        """How many instances there are. Raises CallFailed."""
        return await (await self.dialect()).count(asked)

    async def removed(self, instances: Sequence[str], authors: Sequence[str]) -> Removed:
        """What of these the node removed; nothing where it is too old to say. Raises CallFailed."""
        try:
            return await self.connection.call(GET_REMOVED, instances=[*instances], authors=[*authors])
        except ErrorFromNode as error:
            if error.node_code == MethodNotFound.code:
                return Removed([], [])
            raise

    async def shortly(self) -> Dialect:
        """The dialect, where the node says it at once; else the one that it spoke when last it was reached.

        No write waits for a node long, nor fails by it, that it does not go to: such as in a network that
        answers itself, and wants a visitor to log in.
        """
        now = asyncio.get_running_loop().time()
        if self._dialect is not None or now >= self._rests_until:
            with suppress(TimeoutError, CallFailed):
                async with asyncio.timeout(BRIEFLY):
                    return await self.dialect()
            self._rests_until = now + RESTS
        return await self.last_known()

    async def last_known(self) -> Dialect:
        """The dialect that the node spoke when it could last be reached. Nobody is asked."""
        if self._dialect is not None:
            return self._dialect
        if self._last_known is None:
            early = self._own is not None and await self._own.was_early(self._node)
            self._last_known = self._speak(early=early)
        return self._last_known

    async def not_carried(
        self, schema: str, rows: Sequence[Mapping[str, Field]]
    ) -> list[dict[str, NodeTooOld]]:
        """Which fields of each message the node cannot take, and why; as it was, where it is out of reach."""
        try:
            dialect = await self.dialect()
        except NodeUnreachable:
            dialect = await self.last_known()
        return [_not_carried(dialect, schema, fields) for fields in rows]

    async def schemas(self, after: str | None = None) -> list[dict[str, Json]]:
        """What the node lists as its schemas, or the page after one of them. Raises CallFailed.

        Nothing where it is too old to list any, or to list them in pages: then the first one is all.
        """
        await self.dialect()
        params = {"after": after, "limit": MAX_LIMIT} if after is not None else {}
        try:
            return await self.connection.call(SCHEMAS, **params)
        except ErrorFromNode as error:
            if error.node_code == MethodNotFound.code or (params and error.node_code == InvalidParams.code):
                return []
            raise

    async def takes_no_definitions(self) -> NodeTooOld | None:
        """Why the node, as it was when it was last asked something, takes no schemas; None where it does."""
        lacks = _not_carried(await self.last_known(), str(DEFINITION.id), {"name": Field("str", "")})
        return lacks.get("name")

    def _speak(self, *, early: bool) -> Dialect:
        if not early:
            return PresentDay(self.connection, self.verifier)
        from panda_web.client.early import Early  # few nodes are, and a first visit is the smaller

        return Early(self.connection, self.verifier)

    async def _answers_queries(self) -> bool:
        try:
            document = await self.connection.call(DISCOVER)
        except ErrorFromNode as error:
            if error.node_code == MethodNotFound.code:
                return False
            raise
        try:
            methods = member(document, "methods", array(OBJECT))
        except ValueError as error:
            raise AnswerMalformed(f"The node's answer to {DISCOVER.name} {error}.") from error
        return any(method.get("name") == QUERY.name for method in methods)


def _not_carried(dialect: Dialect, schema: str, fields: Mapping[str, Field]) -> dict[str, NodeTooOld]:
    found = {}
    for name, field in fields.items():
        try:
            dialect.check([create(schema, {name: field})])
        except NodeTooOld as error:
            found[name] = error
    return found
