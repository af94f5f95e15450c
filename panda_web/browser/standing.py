"""How things stand between a page and its node, and what waits is sent by itself.

The way to the node is held open (`Client.keep`) from the moment that something waits to be sent, be it from
an earlier visit, or that a page follows how things stand. One that only reads costs its node nothing more.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from panda_web.browser.wrong import said
from panda_web.client import Client
from panda_web.client.errors import LogForked
from panda_web.errors import PandaError, all_errors
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.link import LinkState
from panda_web.rpc.pauses import first_of

if TYPE_CHECKING:  # needs a browser to import
    from panda_web.browser.opening import Site
    from panda_web.browser.shapes import NodeStatus, Status

logger = logging.getLogger(__name__)

RECOUNT_SECONDS = 2.0
"""Between two counts of what waits, while something does: other tabs send it too, and do not say so."""

NOTICE_SECONDS = 1.0
"""Between two looks for forks of own logs, at least, while something is brought."""

LOOK_LATER = 0.1
"""Seconds after a call for which a page waits, until somebody looks whether something waits to be sent: the
page has its answer first."""

_STATES: Final[Mapping[LinkState, Literal["connecting", "connected", "unreachable"]]] = {
    "idle": "connecting",
    "connected": "connected",
    "unreachable": "unreachable",
}


@cache
def _away() -> frozenset[str]:
    """The words of errors that say that a node is out of reach."""
    return frozenset(each.reason for each in all_errors(NodeUnreachable))


class Standing:
    """Of one connection of a page.

    Args:
        site: its clients.
    """

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._kept: Client | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._followers: set[asyncio.Event] = set()
        self._wrong: PandaError | None = None
        self._written = asyncio.Event()
        self._learned = asyncio.Event()
        self._spreads = False
        self._looks = False

    def look(self) -> None:
        """Something may wait now, or be sent, or there is another key."""
        self._written.set()
        self._tell()
        if len(self._site.nodes) > 1 and not self._spreads:
            self._spreads = True
            self._begin(self._spread())
        if self._kept is None:
            if not self._looks:
                self._looks = True
                self._begin(self._keep_what_waits())
        elif self._kept is not self._site.sends:
            self._stop()
            self._keep()
        elif self._site.mode == "first":  # what was written is here, and its way goes on from here
            self._kept.hurry()

    async def follow(self) -> "AsyncGenerator[Status, None]":
        """How things stand, and then each change of it. Who is slow is told the last one alone."""
        changed = asyncio.Event()
        self._followers.add(changed)
        told: Status | None = None
        try:
            while True:
                self._keep()
                changed.clear()
                now = await self._now()
                if now != told:
                    told = now
                    yield now
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(RECOUNT_SECONDS if now["pending"] else None):
                        await changed.wait()
        finally:
            self._followers.discard(changed)

    async def close(self) -> None:
        """Ends it all."""
        tasks = self._stop()
        if tasks:
            await asyncio.wait(tasks)

    async def _now(self) -> "Status":
        pending = await self._site.pending()
        wrong = self._wrong if pending else None
        sends = self._site.sends
        return {
            "state": _STATES[sends.link.state] if sends is not None else "local",
            "pending": pending,
            "error": said(wrong),
            "nodes": [self._node(url, pending, wrong) for url in self._site.nodes],
            "forks": await self._site.forked(),
        }

    def _node(self, url: str, pending: int, wrong: PandaError | None) -> "NodeStatus":
        heres = self._site.standings(url)
        as_of = max((each["asOf"] for each in heres if each["asOf"] is not None), default=None)
        failed = next((each["error"] for each in heres if each["error"] is not None), None)
        sends = self._site.sends
        if url == self._site.node and sends is not None:
            state = _STATES[sends.link.state]
            failed = failed or said(wrong)
        else:
            away = failed is not None and failed["reason"] in _away()
            state = (
                "unreachable" if away else "connecting" if as_of is None and failed is None else "connected"
            )
        return {
            "url": url,
            "state": state,
            "asOf": as_of,
            "pending": pending if url == self._site.node else self._site.reach.pending(url),
            # What comes from a peer is counted once for all schemas.
            "brought": (sum if url == self._site.node else max)([0, *(each["brought"] for each in heres)]),
            "error": failed,
        }

    async def _spread(self) -> None:
        """Keeps known how far own entries went, beyond the node."""
        self._site.meet()
        while True:
            await self._site.reach.look(self._site.authors)
            self._tell()
            self._written.clear()
            await first_of(self._site.told(), self._written.wait())

    async def _keep_what_waits(self) -> None:
        await asyncio.sleep(LOOK_LATER)
        self._looks = False  # who writes from now on may have been too late
        if await self._site.pending():
            self._keep()

    def _keep(self) -> None:
        client = self._site.sends
        if self._kept is None and client is not None:
            self._kept = client
            self._begin(client.keep(self._sent))
            self._begin(self._watch(client))
            if self._site.mode == "first":
                self._begin(self._notice())

    async def _watch(self, client: Client) -> None:
        async for state in client.link.follow():
            self._tell()
            if state == "connected":
                with suppress(PandaError):  # its own client says what is wrong with what it sends
                    await self._site.flush_earlier()

    def _sent(self, _: int, wrong: PandaError | None) -> None:
        self._wrong = None if isinstance(wrong, LogForked) else wrong  # that is told as `forks`
        self._learned.set()
        self._tell()

    async def _notice(self) -> None:
        """Keeps known which own logs are forked: by what was brought here, or by what sending found."""
        while True:
            self._learned.clear()
            with suppress(PandaError):  # as long as it cannot be asked
                if await self._site.notice() and self._kept is not None:
                    self._kept.hurry()  # the node may not know
                self._tell()
            await asyncio.sleep(NOTICE_SECONDS)
            await first_of(self._site.told(), self._learned.wait())

    def _tell(self) -> None:
        for changed in self._followers:
            changed.set()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("what waits is not sent any more", exc_info=task.exception())

    def _stop(self) -> "set[asyncio.Task[None]]":
        tasks = set(self._tasks)
        self._kept = self._wrong = None
        self._spreads = self._looks = False
        for task in tasks:
            task.cancel()
        return tasks
