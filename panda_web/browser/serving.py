"""What the worker with the site's database serves to all tabs: its node, which it fills from other nodes.

A tab says which schemas it reads, and from which node, by asking how they stand (`browser.tabs`): as long as
any tab asks, they are brought and kept up to date (`sync`). So it goes on where the tab that asked is closed
and another asks, or where another tab has the database from now on.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from panda_web.browser.local import LocalNode
from panda_web.browser.tabs import TAB_METHODS
from panda_web.browser.wrong import said
from panda_web.errors import PandaError
from panda_web.messages import system_log
from panda_web.node.dropping import Keeping, Rule, Sweep
from panda_web.node.forks.trusting import Trust
from panda_web.node.schemas import register
from panda_web.node.slices import Pace
from panda_web.node.store.trusted import Trusted
from panda_web.rpc.connection import Connection
from panda_web.rpc.dispatch import Dispatcher, Handler
from panda_web.rpc.types import Json
from panda_web.rpc.wish import EVERYTHING, Wish
from panda_web.sync import Platform, Source, Standing, Wants, bring_forks

if TYPE_CHECKING:  # no tab loads these
    from panda_web.browser import shapes

TOLD_AGAIN = 25.0
"""Seconds after which a tab is told how a schema stands, though nothing changed: then it asks again."""

LINGERS = 10.0
"""Seconds for which a schema is kept up to date once nobody asks any more: a tab may be on its way to."""

Definition = tuple[bytes, bytes]
"""A definition as it is published: its entry, and its message."""


class SharedNode:
    """The site's node, as its tabs reach it.

    Args:
        local: the node; it is closed with this.
        source: gives the node at an address. Raises PandaError where it can be none.
        platform: where it runs.
        definitions: of schemas that every site of this kind has.
    """

    def __init__(
        self,
        local: LocalNode,
        source: Callable[[str], Source],
        platform: Platform,
        definitions: Iterable[Definition] = (),
    ) -> None:
        self._local = local
        self._source = source
        self._sources: dict[str, Source] = {}
        self._platform = platform
        self._wants = Wants(local.peer(), local.node.places, platform, local.node.lacks)
        self._trusting = asyncio.Lock()
        self._defining = asyncio.ensure_future(self._define(definitions))

    def dispatcher(self) -> Dispatcher:
        """What the node answers, and what tabs ask."""
        handlers: dict[str, Handler] = {
            "tab_about": self.about,
            "tab_drop": self.drop,
            "tab_fill": self.fill,
            "tab_forget": self.forget,
            "tab_forks": self.forks,
            "tab_hurry": self.hurry,
            "tab_keep": self.keep,
            "tab_trust": self.trust,
        }
        return self._local.dispatcher().and_also(TAB_METHODS, handlers)

    async def lost(self) -> None:
        """Returns once another tab has taken the database away; perhaps never."""
        await self._local.lost()

    async def forget(self) -> Json:
        """Takes the database away, with all that is in it. Raises StoreFailed."""
        await self._end()
        await self._local.forget()
        return {}

    async def close(self) -> None:
        """Ends what is under way, and closes the files in order."""
        await self._end()
        await self._local.close()

    async def _end(self) -> None:
        self._defining.cancel()
        await asyncio.wait([self._defining])
        await self._wants.close()
        for source in self._sources.values():
            if source.sessions is not None:
                await source.sessions.close()

    async def about(self) -> Json:
        """Which database it is: a name that it shares with no other one; and how it is kept."""
        await asyncio.wait([self._defining])
        disk = self._local.disk
        return {"name": self._local.name, "kind": disk.kind, "warning": disk.warning}

    async def hurry(self) -> Json:
        """Ends all pauses."""
        self._wants.hurry()
        return {}

    async def drop(
        self,
        instance: str | None,
        author: bytes | None,
        schema: str | None,
        larger_than: int | None,
        dry_run: bool,
    ) -> Json:
        """Removes what a rule is for. Raises RuleEmpty, InstanceNotHeld, SchemaInUse, StoreFailed."""
        rule = Rule(bytes.fromhex(instance) if instance else None, author, schema, larger_than)
        sweep = Sweep(self._local.store, rule, dry=dry_run)
        swept = await sweep.run(self._local.node.write, Pace(self._platform.sleep))
        return {"instances": swept.instances, "payloads": swept.payloads, "bytes": swept.size}

    async def keep(self, instance: str | None, author: bytes | None, schema: str | None) -> Json:
        """Takes it back; what can be had of it comes again. Raises StoreFailed."""
        keeping = Keeping(
            self._local.store,
            instance=bytes.fromhex(instance) if instance else None,
            author=author,
            schema=schema,
        )
        kept = await keeping.run(self._local.node.write, Pace(self._platform.sleep))
        await self._wants.again(keeping.schemas)
        return {"instances": kept.instances, "payloads": kept.payloads}

    async def trust(self, named: Sequence[bytes] | None, own: Sequence[bytes]) -> Json:
        """Counts votes of these from now on, and after the next start too. Raises StoreFailed."""
        store, node = self._local.store, self._local.node
        async with self._trusting:
            before = store.trusted.get()
            trusted = Trusted(before.named if named is None else frozenset(named), frozenset(own))
            if trusted != before:
                await node.write(lambda: store.trusted.put(trusted))
                await node.trusts(Trust(trusted.voters))
        return [each.hex() for each in sorted(trusted.voters)]

    async def forks(self, node: str, author: bytes, log_id: int) -> Json:
        """Brings what proves forks of a log. Raises what `bring_forks` and `source` do."""
        local, sleep = self._local.node, self._platform.sleep
        sink = Connection(self._local.peer())
        try:
            taken = await bring_forks(self._reach(node), sink, local.lacks, sleep, (author, log_id))
        finally:
            await sink.close()
        return {"brought": taken.stored}

    def _reach(self, node: str) -> Source:
        if node not in self._sources:
            self._sources[node] = self._source(node)
        return self._sources[node]

    async def fill(
        self,
        node: str,
        schema: str,
        told: Mapping[str, Json] | None,
        both: bool = False,
        wish: Wish = EVERYTHING,
    ) -> "shapes.Here":
        """How a schema stands, which is brought meanwhile. Raises WantsTooMany, and what `source` does."""
        source = self._reach(node)
        if system_log(schema) is None:  # the others have views anyway
            await register(self._local.store, schema)
        who = object()
        self._wants.ask(who, source, schema, wish, both=both)
        now: shapes.Here | None = None
        try:
            async with aclosing(self._wants.follow(source.name, schema, wish)) as standings:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TOLD_AGAIN):
                        async for standing in standings:
                            now = here(standing)
                            if now != told:
                                break
        finally:
            asyncio.get_running_loop().call_later(LINGERS, self._wants.leave, who)
        return now or here(Standing())

    async def _define(self, definitions: Iterable[Definition]) -> None:
        for entry, payload in definitions:
            with suppress(PandaError):  # a store that is full goes on answering
                await self._local.node.publish_entry(entry, payload)


def here(standing: Standing) -> "shapes.Here":
    """How a schema stands, as pages are told."""
    return {
        "state": standing.state,
        "done": standing.done,
        "total": standing.total,
        "asOf": None if standing.as_of is None else round(standing.as_of * 1000),
        "error": said(standing.error),
        "refused": standing.refused,
        "brought": standing.brought,
    }
