"""The node's methods: what they take is typed by the table of methods, what they do is done below them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from panda_web.errors import StoreFailed
from panda_web.keys import Verifier
from panda_web.messages import system_log
from panda_web.node import views
from panda_web.node.answer import heads, instances, items, listing, reconciled, removed, replayable
from panda_web.node.aside import Aside, here
from panda_web.node.dropping import SWEEPS, InstanceNotHeld, Rule, SchemaInUse, Sweep
from panda_web.node.forks import proving
from panda_web.node.forks.following import Following, Recounting
from panda_web.node.forks.trusting import NOBODY, Trust
from panda_web.node.groups import Groups
from panda_web.node.indexing import Indexing
from panda_web.node.ingest import Limits
from panda_web.node.lacks import Lacks
from panda_web.node.live import Live
from panda_web.node.peers import KeptPeers
from panda_web.node.places import KeptPlaces
from panda_web.node.publishing import Publishing, next_arguments
from panda_web.node.rates import Rates
from panda_web.node.schemas import Policy, Registry
from panda_web.node.slices import Pace, in_slices
from panda_web.node.store import Store
from panda_web.node.turns import Turns
from panda_web.node.views import building
from panda_web.node.views.building import ProgressOf
from panda_web.query import typed
from panda_web.rpc import discover
from panda_web.rpc.caller import CALLER, SESSION
from panda_web.rpc.dispatch import Dispatcher, Handler
from panda_web.rpc.methods import METHODS, NO_SCHEMA, EntryArguments, StoredEntry
from panda_web.rpc.queries import read_params
from panda_web.rpc.subscriptions import NOTIFICATIONS
from panda_web.rpc.types import WIRE_LIMIT, Json
from panda_web.rpc.wish import Log, Range

logger = logging.getLogger(__name__)

T = TypeVar("T")

GATHER = 0.02
"""Seconds for which whoever waits for changes is given more of them at a time."""


class Node:
    """A node over one store.

    Args:
        store: where entries and views are kept.
        verifier: checks signatures.
        version: of the software, for `rpc.discover`.
        limits: how much it takes in.
        aside: where signatures are checked when they are many.
        policy: whether messages of schemas that are not registered are taken in.
        rates: of new entries, for each author; None for no limit.
        drops: rules by which payloads are dropped, as they come and now and then.
        trust: whose votes about forked logs count; None for what only works on the folder of a node that
            knows it.

    Attributes:
        write: the way to write to its store.
        views: begins and ends the views of schemas.
        places: where it goes on when it is filled from other nodes.
        peers: the nodes that it is kept alike with.
        lacks: what it lacks of what it wishes to hold.
    """

    def __init__(
        self,
        store: Store,
        verifier: Verifier,
        *,
        version: str,
        limits: Limits | None = None,
        aside: Aside = here,
        policy: Policy = "any",
        rates: Rates | None = None,
        drops: Sequence[Rule] = (),
        trust: Trust | None = NOBODY,
    ) -> None:
        self._store = store
        self._drops = drops
        self._version = version
        self._registry = Registry(store, policy)
        limits = limits or Limits()
        self.write = write = Groups(store)
        self._following = Following(store, trust)
        self._publishing = Publishing(
            store, verifier, limits, aside, self._registry, write, self._following, rates, drops
        )
        self._turns = Turns()
        self._reconciliations = reconciled.Reconciliations(store)
        self._live = Live(store, self._registry)
        self.views = building.Builder(store, write)
        self.places = KeptPlaces(store, write)
        self.peers = KeptPeers(store, write)
        self.lacks = Lacks(store)
        self._indexing = Indexing(store, write, limits.all_bytes)
        self._schemas_changed: asyncio.Event | None = None
        self._recounts_due: asyncio.Event | None = None
        store.tell(self._notice)
        try:
            building.start(store, self._registry)
            self._following.start()
        except StoreFailed:  # a disk that is full, perhaps: what is held is answered all the same
            logger.exception("what is defined, or voted, could not be looked at")

    def _notice(self, noted: frozenset[str]) -> None:
        if "schemas" in noted:
            self._registry.notice()
            if self._schemas_changed is not None:
                self._schemas_changed.set()
        if "recounts" in noted and self._recounts_due is not None:
            self._recounts_due.set()

    @property
    def id(self) -> bytes:
        """Of its store: 16 bytes that no other one has."""
        return self._store.feed.store

    def dispatcher(self) -> Dispatcher:
        """The node's methods, bound to the table."""
        handlers: dict[str, Handler] = {
            "panda_getEntryArguments": self.get_entry_arguments,
            "panda_publishEntry": self.publish_entry,
            "panda_publishItems": self.publish_items,
            "panda_queryEntries": self.query_entries,
            "panda_query": self.query,
            "panda_getLogs": self.get_logs,
            "panda_reconcile": self.reconcile,
            "panda_getItems": self.get_items,
            "panda_getPeers": self.get_peers,
            "panda_getRemoved": self.get_removed,
            "panda_getForkProofs": self.get_fork_proofs,
            "panda_schemas": self.schemas,
            "panda_subscribe": self._live.subscribe,
            "panda_unsubscribe": self._live.unsubscribe,
            "rpc.discover": self.discover,
        }
        return Dispatcher(METHODS, handlers, together={"panda_publishEntry"})

    async def watch(self, pause: float = 1.0, progress: ProgressOf | None = None) -> None:
        """Keeps the views of what is registered, and notices what other programs register; without end.

        Args:
            pause: seconds between two looks at what other programs did to the database; one costs some µs.
            progress: told how far the view of a schema is that is being built.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._store.notice_others(pause))
            tasks.create_task(self._keep_views(pause, progress))
            tasks.create_task(self._keep_counting(pause))
            if self._drops:
                tasks.create_task(self._sweep_again(pause))

    async def keep_views(self, progress: ProgressOf | None = None) -> None:
        """Makes the views of what is registered, and drops those of what is not; returns once that is done.

        Raises:
            StoreFailed: the database did not obey. The next time it may.
        """
        self._registry.refresh()
        await self.views.keep(lambda: self._registry.started, progress)

    async def sweep(self) -> None:
        """Drops what its rules are for, in slices. Raises StoreFailed: what was dropped before is."""
        for rule in self._drops:
            try:
                await Sweep(self._store, rule).run(self.write, Pace(asyncio.sleep))
            except (InstanceNotHeld, SchemaInUse):  # there is nothing that the rule could be for
                continue

    async def _sweep_again(self, pause: float) -> None:
        while True:
            try:
                await self.sweep()
            except Exception:
                logger.exception("what is to be dropped could not be")
                await asyncio.sleep(pause)
            else:
                await asyncio.sleep(SWEEPS)

    async def _keep_views(self, pause: float, progress: ProgressOf | None) -> None:
        changed = self._schemas_changed = asyncio.Event()
        words = "the views of what is registered could not be kept"
        await _whenever(changed, lambda: self.keep_views(progress), words, pause)

    async def count_anew(self) -> None:
        """Finds out what counts of condemned logs, of all that this is due for; returns once that is done.

        Where it is not known here whose votes count, that is left to the node that knows.

        Raises:
            StoreFailed: the database did not obey. What was done before stays done.
        """
        with self._store.snapshot():
            is_due = self._store.forks.due(0) is not None
        if is_due and self._following.trust is not None:
            work = Recounting(self._store, self._following.steps)
            await in_slices(work.slice, self.write, Pace(asyncio.sleep, rest=1.0))

    async def trusts(self, trust: Trust) -> None:
        """Counts the votes of others from now on. Raises StoreFailed: then those of before are counted."""
        before = self._following.trust
        try:
            await self.write(lambda: self._following.trusts(trust))
        except BaseException:
            self._following.trust = before
            raise

    async def _keep_counting(self, pause: float) -> None:
        due = self._recounts_due = asyncio.Event()
        await _whenever(due, self.count_anew, "what counts of forked logs could not be found out", pause)

    async def finish(self) -> None:
        """Returns once nothing is under way: then the store can be closed.

        Whoever builds views is cancelled before.
        """
        self._live.finish()
        await self._indexing.finish()
        await self._publishing.finish()

    async def get_entry_arguments(self, author: bytes, schema: str) -> Json:
        """What the author's next entry for a schema must contain."""
        if schema != NO_SCHEMA:
            self._registry.admit(schema)
        with self._store.snapshot():
            self._publishing.admit(author)
            entries, fixed = self._store.entries, system_log(schema)
            # There is one log for what a system log is for: whatever is held of it, it is gone on with. Who
            # was told to begin it again would fork it.
            found = entries.log_of_schema(author, schema) if fixed is None else entries.log(author, fixed)
            if found is not None:
                return next_arguments(self._store, found).to_json()
            log_id = entries.free_user_log(author) if fixed is None else fixed
            return EntryArguments(log_id, 1, None, None).to_json()

    async def publish_entry(self, entry_encoded: bytes, message_encoded: bytes) -> Json:
        """Takes in an entry with its message; answers once it is durable."""
        return (await self._publishing.publish(entry_encoded, message_encoded)).to_json()

    async def publish_items(self, items: Sequence[StoredEntry]) -> Json:
        """Takes in what a peer brings; answers once it is durable."""
        return {"items": [each.to_json() for each in await self._publishing.offer(items)]}

    async def query_entries(self, schema: str, everything: bool = False) -> Json:
        """The entries of a schema, in an order in which they can be replayed: for old clients, or all."""
        self._registry.answer(schema)
        return {
            "entries": await self._read(lambda: replayable.answer(self._store, schema, everything=everything))
        }

    async def query(
        self,
        schema: str,
        filter: Mapping[str, Json],
        order_by: Sequence[str],
        limit: int,
        after: str | None,
        proof: bool,
        select: Sequence[str] | None = None,
        include: Sequence[str] = (),
        count: bool = False,
    ) -> Json:
        """Instances of a schema, by its id or by a name that one registered schema has; or how many."""
        schema = self._registry.id_of(schema)
        self._registry.answer(schema)
        asked = read_params(schema, filter, order_by, limit, after, select, include)

        def read() -> Json:
            view = views.in_place(self._store, schema)
            if view is None:
                raise self._registry.why_no_view(schema)
            query = typed(asked, view.schema)
            if count:
                return {"count": view.table.count(query.filter)}
            return instances.answer(self._store, query, view, proof=proof)

        try:
            return await self._read(read)
        finally:
            self._indexing.look()

    async def get_logs(
        self,
        since: str | None,
        schemas: Sequence[str] | None,
        authors: Sequence[bytes] | None,
        limit: int,
        wait: int = 0,
    ) -> Json:
        """The logs in which something happened, and where each ends; over a session once there are some."""
        now = asyncio.get_running_loop().time
        until = now() + (wait if SESSION.get() is not None else 0)
        with self._store.feed.telling() as told:
            while True:
                told.clear()
                found = await self._read(partial(heads.answer, self._store, since, schemas, authors, limit))
                if found.logs or found.more or found.reset or now() >= until:
                    return found.to_json()
                since = found.cursor
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await told.wait()
                        await asyncio.sleep(GATHER)  # more may come at once

    async def reconcile(
        self,
        message: bytes,
        lacking: Sequence[bytes],
        schemas: Sequence[str] | None,
        authors: Sequence[bytes] | None,
    ) -> Json:
        """Where logs end, compared with what another node holds."""
        answer = self._reconciliations.answer
        return (await self._read(lambda: answer(message, lacking, schemas, authors))).to_json()

    async def get_items(
        self,
        author: bytes,
        log_id: int,
        start: int,
        end: int,
        dist_low: int,
        dist_high: int,
        payloads: bool,
        max_payload: int | None = None,
        gaps: bool = False,
        only: Sequence[Range] | None = None,
    ) -> Json:
        """A stretch of a log, with the entries that link it to others."""
        answer = partial(items.answer, self._store, author, log_id, start, end, dist_low, dist_high)
        most = max_payload if max_payload is not None else WIRE_LIMIT
        return await self._read(
            partial(answer, max_payload=most if payloads else items.NO_PAYLOADS, gaps=gaps, only=only)
        )

    async def get_removed(self, instances: Sequence[str], authors: Sequence[bytes]) -> Json:
        """What was removed here, of some instances and authors."""
        return (await self._read(lambda: removed.answer(self._store, instances, authors))).to_json()

    async def get_fork_proofs(
        self, author: bytes | None, log_id: int | None, after: Log | None, limit: int
    ) -> Json:
        """Which logs are forked, each with what proves it."""
        trust = self._following.trust or NOBODY
        found = await self._read(lambda: proving.answer(self._store, trust, author, log_id, after, limit))
        return [each.to_json() for each in found]

    async def _read(self, work: Callable[[], T]) -> T:
        """What may take long to read, beside what others ask, who have their turn."""
        caller = CALLER.get()
        turn = self._turns.taken(caller)
        if not self._turns.has(caller):
            return await self._store.read(work, turn)
        async with turn:  # of one caller nothing is read before what they asked first
            return await self._store.read(work)

    async def get_peers(self) -> Json:
        """The nodes that others may find by this one."""
        return {"peers": [each.to_json() for each in await self._read(self.peers.told)]}

    async def schemas(self, after: str | None, limit: int) -> Json:
        """The registered schemas, all of them, then some of the others that entries are held of."""
        return await self._read(lambda: listing.answer(self._store, self._registry, after, limit))

    async def health(self) -> Json:
        """That the node works, and its version; nothing is written. Raises StoreFailed."""
        with self._store.snapshot():
            self._store.room.of_all()
        return {"status": "ok", "version": self._version}

    async def discover(self) -> Json:
        """The OpenRPC document."""
        return discover.document(METHODS.values(), self._version, NOTIFICATIONS.values())


async def _whenever(
    due: asyncio.Event, work: Callable[[], Awaitable[None]], words: str, pause: float
) -> None:
    """Does some work at once, and again whenever it is due; what fails is logged, and tried after a pause."""
    while True:
        due.clear()
        try:
            await work()
        except Exception:
            logger.exception(words)
            await asyncio.sleep(pause)
        else:
            await due.wait()
