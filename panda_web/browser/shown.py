"""What a page is given from the site's own node: when to answer, how much is here, and what of it waits.

Whatever a page reads is brought from its node (`Site.kept`). A question waits for that the first time, since
nobody means by "all talks" those that happen to be here. What was here once is given at once, without a
network too, and a node that is there gets a moment to bring what is new.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, TypeAlias

from panda_web.bamboo import is_hex
from panda_web.browser.answers import Reached, Went, changed_to_json, nowhere
from panda_web.browser.home import Kept
from panda_web.browser.merging import merged
from panda_web.client import Instance
from panda_web.client.collecting import Change, Changed
from panda_web.messages.schema.field import SELF
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # needs a browser to import
    from panda_web.browser.opening import Site
    from panda_web.browser.shapes import Here

FRESH_SECONDS = 2.0
"""Of a visit, in which the node may bring what is new to what was here before, until questions are answered
without that."""

STALLED_SECONDS = 10.0
"""Without anything that comes of a schema, after which a question is answered from what is here."""

RECOUNT_SECONDS = 1.0
"""Between two looks at what waits, while something does: other tabs send it too, and do not say so."""

Told: TypeAlias = AsyncGenerator[dict[str, Json], None]


class Shown:
    """Of one connection of a page.

    Args:
        site: its clients.
    """

    def __init__(self, site: "Site") -> None:
        self._site = site

    async def keep(self, schema: str) -> Kept | None:
        """Has a schema brought from now on, by its id or name; None where nothing is brought.

        Raises:
            SchemaNameUnknown and others: as `Client.schema_named` does.
        """
        if self._site.mode != "first":
            return None
        is_id = is_hex(schema)
        return self._site.kept(schema if is_id else str((await self._site.client.schema_named(schema)).id))

    async def ready(self, schema: str, include: Iterable[str] = ()) -> "Here | None":
        """Returns when a question about a schema can be answered; how it stands, None where nobody brings it.

        Args:
            schema: its id, or its name.
            include: what is included in the answer; that has to be here too.

        Raises: as `keep`.
        """
        kept = await self.keep(schema)
        if kept is None:
            return None
        with suppress(TimeoutError):
            # What a node gave once is here; one that gave nothing yet may have what the others lack.
            while waited := [each.now for each in kept.parts if not _can_answer(each.now, kept.began)]:
                async with asyncio.timeout(max(_patience(each, kept.began) for each in waited)):
                    await self._site.told()
        for path in include:
            await self._led_to(schema, path)
        return kept.now

    async def went(self) -> Went:
        """Says of instances how far they went, where they were written here."""
        if self._site.mode != "first":
            return nowhere
        sent, reach, of = await self._site.sent(), self._site.reach, len(self._site.nodes)

        def went(instance: Instance) -> Reached | None:
            log = instance.author, instance.log_id
            if log not in sent:
                return None
            there = sent[log] >= instance.seq_num
            return Reached(not there, there + reach.at(log, instance.seq_num), of)

        return went

    def follow(self, schema: str, told: AsyncGenerator[Changed, None]) -> Told:
        """What a subscription tells, how much is here, and how far went what was written here."""
        return _Following(self.went, self._site.reach.spread.wait).follow(told, self._here(schema))

    async def _here(self, schema: str) -> "AsyncGenerator[Here, None]":
        kept = await self.keep(schema)
        if kept is not None:
            async with aclosing(kept.follow()) as standings:
                async for each in standings:
                    yield each

    async def _led_to(self, schema: str, path: str) -> None:
        for name in path.split("."):
            definition = await self._site.client.schema_named(schema)
            field = definition.by_name.get(name)
            if field is None or field.schema is None:
                return  # what is wrong with the question is said where it is asked
            if field.schema != SELF:
                schema = field.schema
                await self.ready(schema)


def _can_answer(here: "Here", began: float) -> bool:
    fresh = here["asOf"] is not None and here["asOf"] >= began * 1000
    return fresh or here["error"] is not None or here["state"] == "stopped"


def _patience(here: "Here", began: float) -> float:
    """Seconds for which something new is waited for."""
    return max(0.0, began + FRESH_SECONDS - time.time()) if here["state"] == "whole" else STALLED_SECONDS


class _Following:
    """One subscription."""

    def __init__(self, went: Callable[[], Awaitable[Went]], spread: Callable[[], Awaitable[None]]) -> None:
        self._went = went
        self._spread = spread
        self._own: dict[str, tuple[Instance, Reached]] = {}
        self._not_everywhere = asyncio.Event()
        self._last: Changed | None = None
        self._here: Here | None = None

    async def follow(self, told: AsyncGenerator[Changed, None], here: "AsyncGenerator[Here, None]") -> Told:
        async with aclosing(merged(self._changes(told), self._stands(here), self._goes())) as each_told:
            async for each in each_told:
                yield {**each, "here": self._here}

    async def _changes(self, told: AsyncGenerator[Changed, None]) -> Told:
        async with aclosing(told) as all_changed:
            async for changed in all_changed:
                went = await self._went()
                first = self._last is None
                self._last = changed
                yield {**self._written(changed, went), "first": first}

    async def _stands(self, here: "AsyncGenerator[Here, None]") -> Told:
        async with aclosing(here) as standings:
            async for standing in standings:
                self._here = standing
                if self._last is not None:
                    yield self._without_changes(self._last)

    async def _goes(self) -> Told:
        """Tells of what was not everywhere that it is at more nodes now."""
        while True:
            await self._not_everywhere.wait()
            waits = any(reached.waiting for _, reached in self._own.values())
            with suppress(TimeoutError):
                async with asyncio.timeout(RECOUNT_SECONDS if waits else None):
                    await self._spread()
            went = await self._went()
            gone = [each for each, reached in self._own.values() if went(each) != reached]
            if gone and self._last is not None:
                changes = tuple(Change(each.id, "changed", each) for each in gone)
                yield {**self._written(Changed(changes, self._last.instances), went), "first": False}

    def _written(self, changed: Changed, went: Went) -> dict[str, Json]:
        """What is told. Nothing may come between what is known and the telling: it is told in that order."""
        for change in changed.changes:
            self._own.pop(change.id, None)
            reached = went(change.instance) if change.instance is not None else None
            if change.instance is not None and reached is not None and reached.at < reached.of:
                self._own[change.id] = change.instance, reached
        (self._not_everywhere.set if self._own else self._not_everywhere.clear)()
        return changed_to_json(changed, went)

    @staticmethod
    def _without_changes(last: Changed) -> dict[str, Json]:
        return {
            **changed_to_json(Changed((), last.instances, last.rejected, last.rejected_count)),
            "first": False,
        }
