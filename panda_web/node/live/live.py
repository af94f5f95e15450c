"""Telling subscriptions what changes.

A subscription is a filter, and a place in the store's feed of changes: nothing of an answer is kept for it.
What happens is looked up once for all who follow a schema, compared once with each filter, proven once, and
told to everybody who asked for it. Who has not taken the last notification falls behind, and goes on from
their place when they have: by what is kept of the last steps, or by reading the feed for themselves, in turn.
Who falls too far behind is told that they have lost their place (`reset`), and so is everybody when a view
comes into place or goes.
"""

import asyncio
import itertools
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from panda_web.errors import PandaError, StoreFailed
from panda_web.node import views
from panda_web.node.live import looking
from panda_web.node.live.comparing import Comparing, ViewChanged
from panda_web.node.live.followed import Key, Question, Recent, Step, Subscription
from panda_web.node.live.looking import Page
from panda_web.node.live.share import OF_SESSION, Share, weight
from panda_web.node.live.sieve import Sieve, needed
from panda_web.node.schemas import Registry
from panda_web.node.store import Store
from panda_web.node.store.changes import Cursor
from panda_web.node.turns import Turns
from panda_web.query import Query, matcher, typed
from panda_web.rpc.caller import CALLER, SESSION, VISITOR
from panda_web.rpc.errors import ConnectionEnded, NodeFull, QueryTooExpensive, SessionNeeded
from panda_web.rpc.queries import read_params
from panda_web.rpc.session import Session
from panda_web.rpc.subscriptions import Subscribed
from panda_web.rpc.types import Json

logger = logging.getLogger(__name__)

MOST_BEHIND = 50_000
"""Changes by which who follows may be behind. Beyond that, asking for all anew costs less."""

OFTEN = 5_000
"""Changes after which a subscription is told its new place, where nothing of it happened."""

GATHER = 0.02
"""Seconds between two looks at what happened. What happens after a quiet moment is looked up at once."""

FORMED = 1 << 20
"""Bytes of notifications that are written between two turns of the event loop."""

PAUSE = 1.0
"""Seconds until the next attempt, where the database cannot be read, or what is told finds no room."""


class Live:
    """All subscriptions of a node.

    Args:
        store: what is followed.
        registry: which schemas are registered.
    """

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._comparing = Comparing(store, store.earlier)
        self._comparing_late = Comparing(store)
        self._share = Share()
        self._turns = Turns(waiting=OF_SESSION)
        self._names = itertools.count(1)
        self._questions: dict[Key, Question] = {}
        self._sieves: dict[str, Sieve] = {}
        self._recent = Recent()
        self._forming = asyncio.Lock()
        self._formed = 0
        self._fresh = 0
        self._by_session: dict[Session, dict[str, Subscription]] = {}
        self._front = store.feed.start()
        self._happened = asyncio.Event()
        self._views_changed = False
        self._failed = False
        self._follows: asyncio.Task[None] | None = None
        self._ends: set[asyncio.Task[None]] = set()
        store.tell(self._notice)

    def _notice(self, noted: frozenset[str]) -> None:
        if self._questions:
            self._views_changed |= not noted.isdisjoint(("schemas", "views"))
            self._happened.set()

    @contextmanager
    def _snapshot(self) -> Iterator[Cursor]:
        """What is read within is one state, and this the place behind it. Raises StoreFailed."""
        with self._store.snapshot():
            yield self._store.feed.now()

    # -- who follows -------------------------------------------------------------------------------

    async def subscribe(
        self,
        schema: str,
        filter: Mapping[str, Json],
        proof: bool,
        select: Sequence[str] | None,
        since: str | None,
    ) -> Json:
        """Begins a subscription of whoever calls; see `rpc.methods.SUBSCRIBE`.

        Raises:
            SessionNeeded: the call came over no session.
            TooManySubscriptions, FilterTooLarge: there may be no more, or not with this filter.
            PandaError: as a query of the same filter.
        """
        session = SESSION.get()
        if session is None:
            raise SessionNeeded(
                "Changes are told over a session: open a WebSocket to this node, and subscribe there. "
                "By POST, ask by panda_query from time to time."
            )
        schema = self._registry.id_of(schema)
        self._registry.answer(schema)
        asked = read_params(schema, filter, (), 1, None, select)
        weighs = weight(filter, select or ())
        visitor = VISITOR.get()
        chosen = tuple(sorted(asked.select)) if asked.select is not None else None
        key = (schema, json.dumps(filter, sort_keys=True), proof, chosen)
        self._share.take(session, visitor, weighs)
        try:
            begin, reset = self._begin(since)
            question = self._questions.get(key) or self._ask(key, asked)
        except BaseException:
            self._share.give_back(session, visitor, weighs)
            raise
        made = Subscription(str(next(self._names)), session, question, visitor, CALLER.get(), weighs)
        question.by.add(made)
        self._of(session)[made.name] = made
        if self._follows is None:
            self._follows = asyncio.create_task(self._follow())
        if since is not None and not reset:
            made.at = begin
            self._tell(made)
        return Subscribed(made.name, str(begin), reset).to_json()

    def _begin(self, since: str | None) -> tuple[Cursor, bool]:
        """Where to begin, and whether that is another place than was asked for."""
        with self._snapshot() as now:
            if not self._questions:
                self._front, self._fresh = now, now.number
            wanted = Cursor.read(since) if since is not None else None
            if wanted is not None and not self._store.feed.since(wanted, 1).reset:
                return wanted, False
            return now, since is not None

    def _ask(self, key: Key, asked: Query) -> Question:
        schema = key[0]
        with self._snapshot() as now:
            view = views.in_place(self._store, schema)
        if view is None:
            raise self._registry.why_no_view(schema)
        wanted = typed(asked, view.schema).filter
        question = Question(key, schema, matcher(wanted), needed(wanted), view.table.number, now)
        self._questions[key] = question
        self._store.earlier.follow(schema)
        self._sieves.setdefault(schema, Sieve()).add(question)
        return question

    def _forget(self, question: Question) -> None:
        """No new subscription joins those who ask this."""
        if self._questions.get(question.key) is question:
            del self._questions[question.key]
            self._store.earlier.unfollow(question.schema)
            sieve = self._sieves[question.schema]
            sieve.remove(question)
            if not sieve.all:
                del self._sieves[question.schema]

    def _of(self, session: Session) -> dict[str, Subscription]:
        """The subscriptions of a session, which end with it."""
        if session not in self._by_session:
            self._by_session[session] = {}

            async def end() -> None:
                await session.over()
                for each in [*self._by_session.get(session, {}).values()]:
                    self._end(each)

            task = asyncio.create_task(end())
            self._ends.add(task)
            task.add_done_callback(self._ends.discard)
        return self._by_session[session]

    async def unsubscribe(self, subscription: str) -> Json:
        """Ends a subscription of whoever calls; gives whether there was one."""
        session = SESSION.get()
        made = self._by_session.get(session, {}).get(subscription) if session is not None else None
        if made is not None:
            self._end(made)
        return made is not None

    def _end(self, made: Subscription) -> None:
        question = made.question
        if made not in question.by:
            return
        question.by.discard(made)
        self._share.give_back(made.session, made.visitor, made.weight)
        mine = self._by_session[made.session]
        del mine[made.name]
        if made.session.ended is not None and not mine:
            del self._by_session[made.session]
        if made.telling is not None and made.telling is not asyncio.current_task():
            made.telling.cancel()
        if not question.by:
            self._forget(question)
        if not self._questions and self._follows is not None:
            self._follows.cancel()
            self._follows = None

    def finish(self) -> None:
        """Ends all subscriptions, without a word."""
        for made in [each for mine in self._by_session.values() for each in mine.values()]:
            self._end(made)
        for task in self._ends:
            task.cancel()

    # -- what happens ------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Follows the feed for all, as long as there are subscriptions."""
        while True:
            self._happened.clear()
            try:
                if self._failed:
                    self._begin_again()
                if self._views_changed:
                    self._views_changed = False
                    self._check_views()
                more = await self._go_on()
            except ViewChanged:
                self._views_changed = True
            except StoreFailed:
                logger.exception("it cannot be told what changes")
                await asyncio.sleep(PAUSE)
            except Exception:
                logger.exception("what changes is passed over, and whoever follows begins again")
                self._failed = True
                await asyncio.sleep(PAUSE)
            else:
                if not more:
                    looked = asyncio.get_running_loop().time()
                    await self._happened.wait()
                    # Who writes much is not held up each time: what they write is looked up together.
                    await asyncio.sleep(looked + GATHER - asyncio.get_running_loop().time())

    def _begin_again(self) -> None:
        """Behind what could not be looked at: nobody is left without a word."""
        with self._snapshot() as self._front:
            self._failed = False
        self._lose(self._questions.values(), self._front)

    async def _go_on(self) -> bool:
        """Tells everybody the changes of a page; gives whether there are more."""
        page = await self._page(self._front, self._sieves.keys())
        if page.reset:
            self._lose(self._questions.values(), page.end)
        for schema, touched in page.by_schema.items():
            asked = self._sieves.get(schema) or Sieve()
            try:
                async for at, told in self._comparing.steps(schema, touched, page.end, asked):
                    for question, changes in told.items():
                        self._told(question, Step(question.told, at, changes))
            except QueryTooExpensive:
                self._lose(asked.all, page.end)
        self._front = page.end
        if self._front.number - self._fresh >= OFTEN:
            self._keep_fresh()
        return page.more

    def _keep_fresh(self) -> None:
        """A place that is far behind costs who goes on from it: it is told anew, though nothing happened."""
        self._fresh = self._front.number
        for question in self._questions.values():
            if question.told != self._front:
                self._told(question, Step(question.told, self._front))

    async def _page(self, begin: Cursor, schemas: Collection[str]) -> Page:
        return await self._store.read(
            lambda: looking.page(self._store, begin, schemas.__contains__, MOST_BEHIND)
        )

    def _check_views(self) -> None:
        with self._snapshot() as now:
            self._lose([each for each in self._questions.values() if not each.is_of(self._store)], now)

    def _lose(self, questions: Iterable[Question], now: Cursor) -> None:
        """Whoever asked these begins again."""
        for question in [*questions]:
            self._forget(question)
            for made in question.by:
                made.lost = now
                self._tell(made)

    def _told(self, question: Question, step: Step) -> None:
        question.told = step.end
        self._recent.keep(question, step)
        for made in question.by:
            if made.at is None:
                made.at = step.begin
                self._tell(made)

    # -- who is told -------------------------------------------------------------------------------

    def _tell(self, made: Subscription) -> None:
        """Has somebody told what there is to tell, unless that is under way."""
        if made.telling is None:
            made.telling = asyncio.create_task(self._tell_all(made))

    async def _tell_all(self, made: Subscription) -> None:
        try:
            await self._tell_behind(made)
            if made.lost is not None:
                await self._send(made, Step(made.lost, made.lost, reset=True))
                self._end(made)
        except ConnectionEnded:
            pass  # what is to be done then, is done when the session is over
        except Exception:
            logger.exception("a subscription failed")
        finally:
            made.telling = None  # at once: whoever has more to tell looks here

    async def _tell_behind(self, made: Subscription) -> None:
        """Tells what is behind their place, until nothing is, or they have lost it."""
        try:
            while made.at is not None and made.lost is None:
                if (step := self._recent.behind(made.question, made.at)) is not None:
                    await self._send(made, step)
                    made.at = step.end
                elif made.at >= made.question.told:
                    made.at = None  # whatever happens behind that is told to all who ask this
                else:
                    await self._catch_up(made, made.at)
        except ViewChanged:
            made.lost = self._front
        except ConnectionEnded:
            raise
        except PandaError as error:  # it takes too long, or cannot be read
            logger.warning("a subscription begins again: %s", error.reason)
            made.lost = self._front

    async def _catch_up(self, made: Subscription, at: Cursor) -> None:
        """Reads for one what the others were told long ago. Whoever takes it slowly has no turn meanwhile."""
        question = made.question
        async with self._turns.taken(made.caller):
            page = await self._page(at, {question.schema})
        touched = page.by_schema.get(question.schema, ())
        steps = self._comparing_late.steps(question.schema, touched, page.end, Sieve(question))
        begin = at
        while True:
            async with self._turns.taken(made.caller):
                step = await anext(steps, None)
            if step is None:
                break
            end, told = step
            if question in told:
                await self._send(made, Step(begin, end, told[question]))
            begin = end
        made.at = page.end
        if page.reset:
            made.lost = page.end

    async def _send(self, made: Subscription, step: Step) -> None:
        """Returns once it was taken. Raises ConnectionEnded."""
        while True:
            async with self._forming:  # there may be thousands who are told the same at once
                self._formed += len(step.changes)
                if self._formed > FORMED:
                    self._formed = 0
                    await asyncio.sleep(0)
            try:
                await made.session.tell(step.message(made.name))
            except NodeFull:
                await asyncio.sleep(PAUSE)
            else:
                return
