"""Whoever follows a node's instances in a test, as any client may: by a session, and by what it is told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from panda_web.node import Node
from panda_web.rpc.channel import Channel
from panda_web.rpc.connection import Connection
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.methods import QUERY
from panda_web.rpc.session import Session
from panda_web.rpc.subscriptions import NOTIFICATIONS, SUBSCRIBE, UNSUBSCRIBE, ToldChange
from panda_web.rpc.within import pair


class Follower:
    """One end of a session with a node.

    Attributes:
        shown: what is known of each subscription, id to instance.
        told: all notifications, in order: the subscription, its changes, the cursor, and whether it is reset.
    """

    def __init__(self, channel: Channel) -> None:
        dispatcher = Dispatcher(NOTIFICATIONS, {"panda_changed": self._changed})
        self.session = Session(channel, dispatcher)
        self.node = Connection(self.session)
        self.told: list[tuple[str, list[ToldChange], str, bool]] = []
        self.shown: dict[str, dict[str, Mapping[str, Any]]] = {}
        self.cursors: dict[str, str] = {}

    async def _changed(self, subscription: str, changes: list[ToldChange], cursor: str, reset: bool) -> None:
        self.told.append((subscription, changes, cursor, reset))
        self.cursors[subscription] = cursor
        shown = self.shown.setdefault(subscription, {})
        for each in changes:
            shown.pop(each.id, None)
            if each.instance is not None:
                shown[each.id] = each.instance

    async def subscribe(
        self, schema: str, page: bool = True, known: Mapping[str, Mapping[str, Any]] = {}, **more: Any
    ) -> str:
        """Begins a subscription, and asks for what there is; gives its name."""
        made = await self.node.call(SUBSCRIBE, schema=schema, **more)
        self.cursors.setdefault(made.subscription, made.cursor)
        told = self.shown.get(made.subscription, {})
        shown = self.shown[made.subscription] = dict(known)
        for _, changes, *_ in (each for each in self.told if each[0] == made.subscription):
            for change in changes:
                shown.pop(change.id, None)
        shown.update(told)
        if page:
            wanted = more.get("filter", {})
            for each in await self.node.call(QUERY, schema=schema, filter=wanted, limit=1000):
                shown.setdefault(each["id"], each)
        return made.subscription

    async def unsubscribe(self, subscription: str) -> bool:
        """Ends one."""
        return await self.node.call(UNSUBSCRIBE, subscription=subscription)


@asynccontextmanager
async def following(node: Node, room: int = 16) -> AsyncIterator[Follower]:
    """A session with a node in this event loop."""
    here, there = pair(room)
    serving = Session(there, node.dispatcher()).start()
    follower = Follower(here)
    async with follower.session:
        yield follower
    await asyncio.wait([serving])
