"""Following the instances that a question asks for: with the node's help, through cuts, or by asking again.

It subscribes, then fetches all pages, then applies what is told. When the session ends it goes on from its
last cursor, after growing pauses, or as soon as anybody else has opened one. Where the node has lost the
place it fetches all pages again, and tells what differs. While a session takes long to open, and where the
node knows no subscriptions or has no view of the schema, it is asked every `ASK_SECONDS`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace

from panda_web.client.asked import Asked
from panda_web.client.check import Answer, check_answer, check_end
from panda_web.client.collecting import Changed, Collected
from panda_web.errors import PandaError
from panda_web.keys import Verifier
from panda_web.rpc.errors import (
    WITHOUT_VIEW,
    AnswerMalformed,
    ErrorFromNode,
    MethodNotFound,
    NodeUnreachable,
    SessionNeeded,
    TooManySubscriptions,
)
from panda_web.rpc.inbox import Inboxes, Open
from panda_web.rpc.link import Link
from panda_web.rpc.pauses import ASK_SECONDS, LONGEST_PAUSE, Growing, first_of
from panda_web.rpc.subscriptions import MAX_CHANGES, ToldChange

Pages = Callable[[], AsyncGenerator[Answer, None]]


SOON_SECONDS = 1.0
"""What opening a session and subscribing may take; then the node is asked beside it, lest nothing be shown.
Firefox may let a page wait for a minute before it tries a WebSocket again with a host that refused some."""


class NotTold(Exception):
    """This node does not tell of changes, or not of these."""


def with_order(select: Sequence[str], order_by: Sequence[str]) -> list[str]:
    """The fields to ask for, so that what is told can be put in order."""
    return [
        *dict.fromkeys([*select, *(name.removeprefix("-") for name in order_by if name.strip("-") != "id")])
    ]


class Subscribing:
    """One who follows.

    Args:
        inboxes: what the node tells; None where there is no way to be told.
        pages: fetches all that there is, page by page, checked.
        asked: what is asked for, without a limit.
        verifier: checks signatures.
        sleep: waits for some seconds.
        link: how the way to the node is.
        select: the fields that are given; None for all. What is ordered by is asked for besides.
    """

    def __init__(
        self,
        inboxes: Inboxes | None,
        pages: Pages,
        asked: Asked,
        verifier: Verifier,
        sleep: Callable[[float], Awaitable[object]],
        link: Link,
        select: Collection[str] | None = None,
    ) -> None:
        self._inboxes = inboxes
        self._pages = pages
        self._asked = asked
        self._verifier = verifier
        self._sleep = sleep
        self._link = link
        # What is told comes in no order: it is checked in that of the ids.
        self._single = replace(asked, query=replace(asked.query, order=(), limit=MAX_CHANGES))
        self._collected = Collected(asked.query, select=select)
        self._cursor: str | None = None
        self._pauses = Growing()

    async def follow(self) -> AsyncGenerator[Changed, None]:
        """What is new, without end; the first time all that there is.

        Raises:
            SubscriptionTooLarge: there is more than is kept.
            CallFailed: the node refuses the question, or its answers are none.
        """
        while True:
            try:
                async with aclosing(self._be_told()) as told:
                    async for changed in told:
                        yield changed
                pause = self._pauses.next()
            except NotTold:
                pause = await self._look()
                if (new := self._collected.tell()) is not None:
                    yield new
            except (NodeUnreachable, ErrorFromNode) as error:
                pause = self._until_again(error)
            await self._rest(pause)

    async def _be_told(self) -> AsyncGenerator[Changed, None]:
        """What is new, as long as a session lasts, and the place is not lost; before that, what is asked."""
        async with AsyncExitStack() as ends:
            opening = asyncio.create_task(self._subscribe(ends))
            ends.push_async_callback(_give_up, opening)
            await asyncio.wait({opening}, timeout=SOON_SECONDS)
            while not opening.done():
                pause = await self._look()
                if (new := self._collected.tell()) is not None:
                    yield new
                await first_of(self._sleep(pause), opening)
            told = await opening
            if self._cursor is None or told.made.reset:
                await self._fetch()
                self._cursor = told.made.cursor
            while True:
                if (new := self._collected.tell()) is not None:
                    yield new
                changes, cursor, reset = await told.next()
                if reset:
                    self._cursor = None
                    return
                await self._apply(changes)
                self._cursor = cursor
                self._pauses.again()

    async def _look(self) -> float:
        """Asks the node for all that there is; gives the seconds until it is asked again."""
        try:
            await self._fetch()
        except (NodeUnreachable, ErrorFromNode) as error:
            return self._until_again(error)
        self._pauses.again()
        return ASK_SECONDS

    def _until_again(self, error: NodeUnreachable | ErrorFromNode) -> float:
        """Seconds until what failed is tried again. Raises the error where it does not pass."""
        if isinstance(error, ErrorFromNode):
            if not error.may_pass:
                raise error
            if error.retry_after is not None:
                return min(error.retry_after, LONGEST_PAUSE)
        return self._pauses.next()

    async def _rest(self, seconds: float) -> None:
        """Waits, but no longer than until somebody else has opened a session."""
        await first_of(self._sleep(seconds), self._connected())

    async def _connected(self) -> None:
        """Returns when the way to the node opens."""
        async with aclosing(self._link.follow()) as states:
            await anext(states)
            async for state in states:
                if state == "connected":
                    return

    async def _subscribe(self, ends: AsyncExitStack) -> Open:
        """Raises NotTold, CallFailed."""
        if self._inboxes is None:
            raise NotTold
        asked = self._asked.params
        params = {name: asked[name] for name in ("schema", "filter", "select") if name in asked}
        if self._cursor is not None:
            params["since"] = self._cursor
        try:
            return await ends.enter_async_context(self._inboxes.open(**params, proof=True))
        except AnswerMalformed as error:  # nobody there speaks WebSocket, or not of this
            raise NotTold from error
        except ErrorFromNode as error:
            if error.node_code == MethodNotFound.code or error.reason in _NOT_TOLD:
                raise NotTold from error
            raise

    async def _fetch(self) -> None:
        """Takes in all that there is. What is told from the last cursor on is newer, or says the same."""
        self._collected.begin()
        async with aclosing(self._pages()) as pages:
            async for page in pages:
                self._collected.answer(page, page.rejected)
        self._collected.end()

    async def _apply(self, changes: Sequence[ToldChange]) -> None:
        """Takes in what is told, each instance checked as those of answers are."""
        shown = sorted((each for each in changes if each.instance is not None), key=lambda each: each.id)
        for at in range(0, len(shown), MAX_CHANGES):
            items = [each.instance or {} for each in shown[at : at + MAX_CHANGES]]
            answer = await check_answer(self._single, items, self._verifier)
            for instance in answer:
                self._collected.change(instance.id, instance)
            self._collected.reject(answer.rejected)
        for each in changes:
            known = self._collected.known(each.id)
            if each.instance is None and known is not None:
                deleted = False
                if each.entries:
                    with suppress(PandaError):
                        await check_end(known, each.entries, self._verifier)
                        deleted = True
                self._collected.change(each.id, None, deleted=deleted)


async def _give_up(opening: "asyncio.Task[Open]") -> None:
    opening.cancel()
    await asyncio.wait({opening})
    if not opening.cancelled():
        opening.exception()  # it is known, or nobody waits for it any more


_NOT_TOLD = WITHOUT_VIEW | {SessionNeeded.reason, TooManySubscriptions.reason}
