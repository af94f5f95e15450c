"""What a node tells over a session, until somebody takes it: bounded, whatever the node does.

A subscription's name comes with the answer that begins it, and what is told of it may come before that answer
was read. So what has no owner yet is kept as long as an answer is waited for.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from panda_web.rpc.caller import SESSION
from panda_web.rpc.connection import Connection
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import AnswerMalformed, ConnectionEnded
from panda_web.rpc.pauses import first_of
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Session
from panda_web.rpc.subscriptions import NOTIFICATIONS, SUBSCRIBE, UNSUBSCRIBE, Subscribed, ToldChange
from panda_web.rpc.types import Json

MOST_WAITING = 10_000
MAX_WAITING_BYTES = 16 << 20
"""Instances whose changes wait to be taken, and bytes of them in JSON. With more the place is lost."""

MOST_UNCLAIMED = 100
"""Subscriptions that are told of and have no owner yet."""


@dataclass(eq=False, slots=True)
class Inbox:
    """What was told of a subscription and is not taken yet: of each instance the last state.

    Attributes:
        changes: by the instance's id.
        cursor: the point behind them; None where nothing was told.
        reset: whether the place is lost.
        size: bytes, at most.
        more: set when something was told.
    """

    changes: dict[str, ToldChange] = field(default_factory=dict)
    cursor: str | None = None
    reset: bool = False
    size: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, changes: Sequence[ToldChange], cursor: str, *, reset: bool) -> None:
        """Something is told."""
        self.cursor = cursor
        self.size += sum(len(json.dumps(each.instance)) + 1000 for each in changes)
        self.changes.update((each.id, each) for each in changes)
        self.reset |= reset or len(self.changes) > MOST_WAITING or self.size > MAX_WAITING_BYTES
        if self.reset:
            self.changes.clear()
        self.more.set()

    def take(self) -> tuple[list[ToldChange], str | None, bool]:
        """What was told, the cursor, and whether the place is lost."""
        taken = [*self.changes.values()], self.cursor, self.reset
        self.changes.clear()
        self.size = 0
        self.more.clear()
        return taken


@dataclass(frozen=True, slots=True)
class Open:
    """A subscription that has begun.

    Attributes:
        made: what the node said to it.
        inbox: what it tells.
        session: over which.
    """

    made: Subscribed
    inbox: Inbox
    session: Session

    async def next(self) -> tuple[list[ToldChange], str | None, bool]:
        """What is told next; see `Inbox.take`. Raises ConnectionEnded."""
        await first_of(self.inbox.more.wait(), self.session.over())
        if not self.inbox.more.is_set():
            raise ConnectionEnded(self.session.ended.cause if self.session.ended is not None else "")
        return self.inbox.take()

    def at_hand(self) -> tuple[list[ToldChange], str | None, bool] | None:
        """What was told already; None where nothing was. See `Inbox.take`."""
        return self.inbox.take() if self.inbox.more.is_set() else None


class Inboxes:
    """Subscriptions over the sessions with a node.

    Args:
        sessions: with the node; it is told to these.
    """

    def __init__(self, sessions: Reopening) -> None:
        self._sessions = sessions
        self._inboxes: dict[tuple[Session, str], Inbox] = {}
        self._unclaimed: dict[tuple[Session, str], Inbox] = {}
        self._opening = 0
        sessions.answer_with(Dispatcher(NOTIFICATIONS, {"panda_changed": self._changed}))

    async def _changed(
        self, subscription: str, changes: Sequence[ToldChange], cursor: str, reset: bool
    ) -> Json:
        session = SESSION.get()
        if session is None:
            return None
        about = session, subscription
        inbox = self._inboxes.get(about, self._unclaimed.get(about))
        if inbox is None and self._opening and len(self._unclaimed) < MOST_UNCLAIMED:
            inbox = self._unclaimed[about] = Inbox()
        if inbox is not None:
            inbox.put(changes, cursor, reset=reset)
        return None

    @asynccontextmanager
    async def open(self, **params: Json) -> AsyncIterator[Open]:
        """A subscription, as long as the block lasts.

        Args:
            params: of `panda_subscribe`.

        Raises:
            CallFailed: the node cannot be reached, or refuses.
        """
        session = await self._sessions.session()
        made = await self._begin(session, params)
        about = session, made.subscription
        try:
            yield Open(made, self._inboxes[about], session)
        finally:
            del self._inboxes[about]
            with suppress(ConnectionEnded):
                session.notify(UNSUBSCRIBE.name, {"subscription": made.subscription})

    async def _begin(self, session: Session, params: Mapping[str, Json]) -> Subscribed:
        self._opening += 1
        try:
            call = asyncio.ensure_future(Connection(session).call(SUBSCRIBE, **params))
            try:
                made = await asyncio.shield(call)
            except asyncio.CancelledError:
                call.add_done_callback(partial(_end_late, session))
                raise
            about = session, made.subscription
            if about in self._inboxes:
                raise AnswerMalformed("The node gives two subscriptions of one session the same name.")
            self._inboxes[about] = self._unclaimed.pop(about) if about in self._unclaimed else Inbox()
            return made
        finally:
            self._opening -= 1
            if not self._opening:
                self._unclaimed.clear()


def _end_late(session: Session, call: "asyncio.Future[Subscribed]") -> None:
    """A subscription has begun that nobody waits for any more."""
    if not call.cancelled() and call.exception() is None:
        with suppress(ConnectionEnded):
            session.notify(UNSUBSCRIBE.name, {"subscription": call.result().subscription})
