"""Following the instances that a question asks for: with the node's help, through cuts, or by asking again.

It subscribes, then fetches all pages, then applies what is told. When the session ends it goes on from its
last cursor, after growing pauses. Where the node has lost the place it fetches all pages again, and tells
what differs. A node that knows no subscriptions, or has no view of the schema, is asked again every
`ASK_SECONDS`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
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
from panda_web.rpc.pauses import ASK_SECONDS, LONGEST_PAUSE, Growing
from panda_web.rpc.subscriptions import MAX_CHANGES, ToldChange

Pages = Callable[[], AsyncGenerator[Answer, None]]


OPENING_SECONDS = 5.0
"""What opening a session and subscribing may take; then the node is asked, lest nothing be shown. Firefox may
let a page wait for a minute before it tries a WebSocket again with a host that has refused some."""


class NotTold(Exception):
    """This node does not tell of changes, or not of these."""


class Subscribing:
    """One who follows.

    Args:
        inboxes: what the node tells; None where there is no way to be told.
        pages: fetches all that there is, page by page, checked.
        asked: what is asked for, without a limit.
        verifier: checks signatures.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        inboxes: Inboxes | None,
        pages: Pages,
        asked: Asked,
        verifier: Verifier,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._inboxes = inboxes
        self._pages = pages
        self._asked = asked
        self._verifier = verifier
        self._sleep = sleep
        # What is told comes in no order: it is checked in that of the ids.
        self._single = replace(asked, query=replace(asked.query, order=(), limit=MAX_CHANGES))
        self._collected = Collected(asked.query)
        self._cursor: str | None = None
        self._pauses = Growing()

    async def follow(self) -> AsyncGenerator[Changed, None]:
        """What is new, without end; the first time all that there is.

        Raises:
            SubscriptionTooLarge: there is more than is kept.
            CallFailed: the node refuses the question, or its answers are none.
        """
        while True:
            pause: float | None = None
            try:
                try:
                    async with aclosing(self._be_told()) as told:
                        async for changed in told:
                            yield changed
                except NotTold:
                    pause = ASK_SECONDS
                if pause is not None:
                    await self._fetch()
                    self._pauses.again()
                    if (new := self._collected.tell()) is not None:
                        yield new
            except NodeUnreachable:
                pause = None
            except ErrorFromNode as error:
                if not error.may_pass:
                    raise
                pause = None if error.retry_after is None else min(error.retry_after, LONGEST_PAUSE)
            await self._sleep(self._pauses.next() if pause is None else pause)

    async def _be_told(self) -> AsyncGenerator[Changed, None]:
        """What is new, as long as a session lasts, and the place is not lost."""
        async with AsyncExitStack() as ends:
            told = await self._subscribe(ends)
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

    async def _subscribe(self, ends: AsyncExitStack) -> Open:
        """Raises NotTold, CallFailed."""
        if self._inboxes is None:
            raise NotTold
        asked = self._asked.params
        params = {name: asked[name] for name in ("schema", "filter") if name in asked}
        if self._cursor is not None:
            params["since"] = self._cursor
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                return await ends.enter_async_context(self._inboxes.open(**params, proof=True))
        except TimeoutError as error:
            raise NotTold from error
        except AnswerMalformed as error:  # nobody there speaks WebSocket, or not of this
            raise NotTold from error
        except ErrorFromNode as error:
            if error.node_code == MethodNotFound.code or error.reason in _NOT_TOLD:
                raise NotTold from error
            raise

    async def _fetch(self) -> None:
        """Takes in all that there is."""
        self._cursor = None  # until that is done
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


_NOT_TOLD = WITHOUT_VIEW | {SessionNeeded.reason, TooManySubscriptions.reason}
