"""What is brought of one schema, step by step: each can be done again, and says what became of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from panda_web.bamboo import digest
from panda_web.errors import PandaError
from panda_web.messages.schema import DEFINITION, Schema
from panda_web.rpc.errors import WITHOUT_VIEW, ErrorFromNode
from panda_web.rpc.stored import StoredEntry
from panda_web.rpc.subscriptions import ToldChange
from panda_web.rpc.wish import EVERYTHING, Log, Wish
from panda_web.sync import fitting
from panda_web.sync.defining import defined
from panda_web.sync.errors import ItemUnfit
from panda_web.sync.offering import Offering, Taken
from panda_web.sync.source import PAGE, Asking, Given, Listed, given, is_early

MOST_SUSPECTS = 10_000
"""Instances that a source shows no more, of which it is remembered how far their logs were looked through."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step brought.

    Attributes:
        taken: what became of the entries.
        count: instances that were looked at.
        last: the id of the last one of them; None where there was none left.
    """

    taken: Taken
    count: int
    last: str | None


class Bringing:
    """Brings a schema.

    Args:
        schema: its id.
        source: is asked.
        sink: is asked what it holds.
        offering: into the sink.
        wish: whose instances are brought, and how large their payloads may be.
    """

    def __init__(
        self, schema: str, source: Asking, sink: Asking, offering: Offering, wish: Wish = EVERYTHING
    ) -> None:
        self._schema = schema
        self._wish = wish
        self._source = source
        self._sink = sink
        self._offering = offering
        self._suspects: dict[str, int] = {}
        self._seen: set[tuple[bytes, bool]] = set()
        self._ahead: tuple[str, list[Given] | PandaError] | None = None

    async def define(self) -> tuple[Schema | None, Taken]:
        """Brings the definition, so that the sink has a view; gives the schema, where it can be had."""
        taken = Taken()
        held = await self._sink.definition(self._schema)
        if held is None and (found := await self._source.definition(self._schema)) is not None:
            taken = await self._offer([found], EVERYTHING)
            held = await self._sink.definition(self._schema)
        return defined(held), taken

    async def total(self) -> int | None:
        """How many instances there are, as the source says."""
        return await self._source.count(self._schema)

    async def page(self, after: str) -> Step:
        """Brings the first instances behind one. The page behind them is fetched while they are stored."""
        page = await self._page(after)
        if not page:
            return Step(Taken(), 0, None)
        last = page[-1].id
        ahead = asyncio.create_task(self._fetch_ahead(last))
        try:
            taken = await self._offer(page)
            self._ahead = last, await ahead
        finally:
            ahead.cancel()
        return Step(taken, len(page), last)

    async def _page(self, after: str) -> list[Given]:
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != after:
            return await self._source.page(self._schema, after)
        if isinstance(ahead[1], PandaError):
            raise ahead[1]
        return ahead[1]

    async def _fetch_ahead(self, after: str) -> list[Given] | PandaError:
        try:
            return await self._source.page(self._schema, after)
        except PandaError as error:  # when its turn comes: the page before is stored, and counts
            return error

    async def compare(self, after: str) -> Step:
        """Has the first instances behind one listed, and brings those that are not held as they are there.

        Of what is held and not listed it looks whether the author deleted it. What is listed and then not
        given counts as nothing: for being listed, nothing has to be signed.
        """
        self._ahead = None
        there = await self._source.listed(self._schema, after)
        last = there[-1].id if there else None
        held = {each.id: each async for each in self._held(after, last)}
        new = [each.id for each in there if not _is_as(each, held.pop(each.id, None))]
        if new:  # what was removed here, nobody wants back
            removed = await self._sink.removed(new)
            new = [each for each in new if each not in removed]
        taken = Taken()
        for at in range(0, len(new), PAGE):
            some = new[at : at + PAGE]
            found = await self._source.of(self._schema, some)
            taken += await self._offer(found) + Taken(invalid=len(some) - len(found))
        taken += await self._deletes(list(held.values()))
        return Step(taken, len(there), last)

    async def changes(self, changes: Iterable[ToldChange]) -> Taken:
        """Brings what is told. That something is gone is nothing without the entry that deletes it."""
        return await self._offer([_told(self._schema, each) for each in changes])

    async def everything(self) -> Step:
        """Brings all entries, from a source that has no view of the schema; those that are new since."""
        given = await self._source.everything(self._schema)
        entries, strange = fitting.of_schema(self._schema, given, self._wish)
        keys = [(digest(each.entry), each.payload is not None) for each in entries]
        new = [each for each, key in zip(entries, keys, strict=True) if key not in self._seen]
        taken = await self._offering.offer(new)
        self._seen = set(keys)
        return Step(taken + Taken(invalid=strange), len(entries), None)

    async def _held(self, after: str, until: str | None) -> AsyncIterator[Listed]:
        """What the sink shows behind one instance, and up to another."""
        while True:
            try:
                page = await self._sink.listed(self._schema, after)
            except ErrorFromNode as error:
                if error.reason in WITHOUT_VIEW:
                    return
                raise
            for each in page:
                if until is not None and each.id > until:
                    return
                yield each
            if not page:
                return
            after = page[-1].id

    async def _deletes(self, suspects: Sequence[Listed]) -> Taken:
        """Looks through the ends of the logs of what the source shows no more."""
        by_log: dict[Log, list[Listed]] = {}
        for each in suspects:
            by_log.setdefault(each.log, []).append(each)
        taken = Taken()
        for log, some in by_log.items():
            ids = frozenset(each.id for each in some)
            start = min(self._suspects.get(each.id, each.seq_num + 1) for each in some)
            try:
                async for end, entries in self._source.tail(log, start):
                    taken += await self._offering.offer(fitting.deletes(self._schema, ids, entries))
                    if len(self._suspects) < MOST_SUSPECTS:
                        self._suspects |= dict.fromkeys(ids, end)
            except ErrorFromNode as error:
                if not is_early(error):
                    raise
        return taken

    async def _offer(self, items: Sequence[Given], wish: Wish | None = None) -> Taken:
        wrong = 0
        offered: list[StoredEntry] = []
        for each in items:
            try:
                if each.wrong is None and fitting.is_wished(wish or self._wish, each.entries):
                    offered += each.entries
                wrong += each.wrong is not None
            except ItemUnfit:
                wrong += 1
        return await self._offering.offer(offered) + Taken(invalid=wrong)


def _is_as(there: Listed, here: Listed | None) -> bool:
    return here is not None and here.last_entry == there.last_entry


def _told(schema: str, change: ToldChange) -> Given:
    if change.instance is not None:
        return given(schema, change.id, change.instance)
    fit = fitting.deletes(schema, frozenset((change.id,)), change.entries)
    strange = len(change.entries) - len(fit)
    wrong = ItemUnfit(f"{strange} entries delete nothing that was asked for.") if strange else None
    return Given(change.id, fit, wrong)


def is_defined(schema: str) -> bool:
    """Whether a schema needs no definition: that of definitions."""
    return schema == DEFINITION.id
