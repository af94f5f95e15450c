"""The part of a client that lasts: the way to the node, held open, and what is told over it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, TypeVar, overload

from panda_web.client import given
from panda_web.client.asked import Asked
from panda_web.client.check import Answer
from panda_web.client.contact import Contact
from panda_web.client.definitions import KeptDefinitions
from panda_web.client.keeping import Keeping, Told
from panda_web.client.own_logs import OwnLogs
from panda_web.client.reading import Reading
from panda_web.errors import PandaError
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.link import Link
from panda_web.rpc.methods import MAX_LIMIT
from panda_web.rpc.pauses import Growing
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # a tab that follows nothing loads none of it
    from panda_web.client.collecting import Changed
    from panda_web.client.live_records import ChangedRecords
    from panda_web.records.record import D
    from panda_web.rpc.inbox import Inboxes

T = TypeVar("T")


class Following(Reading):
    """The part of a client that lasts.

    Args:
        contact, own, kept, sleep, beyond: see `Reading`.
        keeping: keeps the way to the node.
    """

    def __init__(
        self,
        contact: Contact,
        own: OwnLogs | None,
        kept: KeptDefinitions | None,
        sleep: Callable[[float], Awaitable[object]],
        keeping: Keeping,
        beyond: Contact | None = None,
    ) -> None:
        super().__init__(contact, own, kept, sleep, beyond)
        self._keeping = keeping
        self._inboxes: Inboxes | None = None

    @property
    def link(self) -> Link:
        """How the way to the node is, as far as `keep` and subscriptions know: `state`, and `follow()`."""
        return self._keeping.link

    async def keep(self, told: Told = lambda *_: None) -> None:
        """Holds the way to the node open, and sends what waits, at once and whenever the node is there again.

        It never returns: run it beside other work, as in `asyncio.create_task(panda.keep())`, and cancel it
        at the end. Attempts to reach the node have growing pauses between them. Where there can be no
        WebSocket, the node is called every 30 s.

        Args:
            told: called with how many entries were sent, where there were any, and with what was wrong with
                the next one, such as LogDiverged, where anything was.
        """
        await self._keeping.keep(told)

    @overload
    def subscribe(
        self,
        schema: "type[D]",
        *,
        filter: Mapping[str, object] | None = None,
        order_by: Sequence[str] = (),
    ) -> AsyncGenerator["ChangedRecords[D]", None]: ...

    @overload
    def subscribe(
        self,
        schema: str,
        *,
        filter: Mapping[str, Json] | None = None,
        order_by: Sequence[str] = (),
        select: Sequence[str] | None = None,
    ) -> AsyncGenerator["Changed", None]: ...

    def subscribe(
        self,
        schema: Any,
        *,
        filter: Mapping[str, Json] | None = None,
        order_by: Sequence[str] = (),
        select: Sequence[str] | None = None,
    ) -> Any:
        """The instances that a question asks for, kept up to date: first all of them, then what changes.

            async for changed in panda.subscribe(schema, filter={"room": "Curie"}, order_by=["start"]):
                show(changed.instances)

        Each instance is rebuilt from its entries and checked, as in the answer of a query. When the way to
        the node breaks, it is opened again, with growing pauses, and it goes on where it was: nothing is
        missed, and nothing told twice. Where the node tells of no changes, it is asked again every 30 s. So
        it never ends; whoever wants no more leaves the loop, best within `contextlib.aclosing`.

        Args:
            schema: its id, 132 hex digits, or its name. Or a dataclass: then records are told in place of
                instances, as `ChangedRecords`.
            filter: as for `query`.
            order_by: as for `query`.
            select: as for `query`. What instances lead to is not followed with them; records are.

        Returns:
            An async iterator of `Changed`: `changes`, what is new, and `instances`, all as they are now, in
            the order asked for.

        Raises:
            SubscriptionTooLarge: more than 10,000 instances are what was asked for.
            InvalidParams and others: see `query`. That the node cannot be reached is no error here: it is
                tried again. How the way is, `link` says.
        """
        given.check_schema(schema)
        given.check_query(filter, order_by)
        if not isinstance(schema, str):
            return self._typed.subscribe(schema, filter, order_by, self._subscribe, self._reachable)
        return self._subscribe(schema, filter=filter, order_by=order_by, select=select)

    async def _subscribe(
        self,
        schema: str,
        *,
        filter: Mapping[str, Json] | None,
        order_by: Sequence[str],
        select: Sequence[str] | None = None,
    ) -> AsyncGenerator["Changed", None]:
        from panda_web.client.subscribing import Subscribing, with_order
        from panda_web.rpc.inbox import Inboxes

        sessions = self._keeping.sessions
        if sessions is not None and self._inboxes is None:
            self._inboxes = Inboxes(sessions)
        of = await self._reachable(lambda: self._schemas.id_of(schema))
        with suppress(PandaError):  # what nobody defined is followed all the same
            await self._reachable(lambda: self._schemas.get(of))
        wanted = None if select is None else with_order(select, order_by)
        known = self._schemas.known.get(of)
        asked = Asked.of(of, filter or {}, order_by, MAX_LIMIT, None, known, wanted)

        def pages() -> AsyncGenerator[Answer, None]:
            return self.query(of, filter=filter, order_by=order_by, select=wanted).pages()

        following = Subscribing(
            self._inboxes, pages, asked, self._contact.verifier, self._sleep, self.link, select
        )
        async with aclosing(following.follow()) as told:
            async for changed in told:
                yield changed

    async def _reachable(self, call: Callable[[], Awaitable[T]]) -> T:
        """What a call gives, once the node can be reached."""
        pauses = Growing()
        while True:
            try:
                return await call()
            except NodeUnreachable:
                await self._sleep(pauses.next())

    def hurry(self) -> None:
        """Has `keep` try at once, and not after its pause: there is a network again, perhaps."""
        self._keeping.hurry()
