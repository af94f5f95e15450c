"""Reading what may take long: on a connection of its own, beside the event loop, within a budget.

Whether it does is only known once it does. So a reading is tried in the event loop, and where it does not
end soon it begins anew aside. What is short waits for nobody's turn: only then that comes.

A reading sees one state, that of one commit. SQLite counts steps, of which one may move a MiB; so a reading
has an end in time too, and it ends when whoever asked has left. Where nothing is done aside there is one
connection, and readings are done at once.

SQLite's journal can begin anew only when nobody reads from it. Readings that overlap without end would have
it grow for ever, and keep in it what was deleted: so there are pauses, in which none begins (`pause`).
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any, TypeVar

from panda_web.errors import StoreFailed
from panda_web.node.aside import Aside, here
from panda_web.node.store.failing import Why, failure
from panda_web.node.store.functions import teach
from panda_web.rpc.errors import QueryTooExpensive

MAX_SECONDS = 5.0
"""What a reading may take."""

AT_ONCE_SECONDS = 0.004
AT_ONCE_WAITING_SECONDS = 0.02
"""What each reading may work in the event loop first, and what it may take there with all that it waits for,
a disk or other threads. Most end within it, and the way to a thread would take longer than some of them."""

TRIED = 20
TRIED_A_SECOND = 50
"""Readings that are tried ahead of their turn, and do not end soon: so many at once, and so many a second."""

MAX_STEPS = 20_000_000
"""Steps of SQLite's machine that a reading may take: some seconds."""

STEPS_AT_ONCE = 2_000
"""Steps between two looks at whether the reading has to end: some 50 rows, also when each has a MiB."""

T = TypeVar("T")


class Budget:
    """What is left for one reading.

    Args:
        seconds: that it has.
        working: seconds of these in which this thread works; None for all.
    """

    __slots__ = ("_ended", "_rounds", "_until", "_works_until", "spent")

    def __init__(self, seconds: float, working: float | None = None) -> None:
        self._rounds = MAX_STEPS // STEPS_AT_ONCE
        self._until = time.monotonic() + seconds
        self._works_until = None if working is None else time.thread_time() + working
        self._ended = False
        self.spent = False

    def end(self) -> None:
        """Nobody waits for the reading any more. May be called from another thread."""
        self._ended = True

    def step(self) -> bool:
        """Counts some steps; gives whether the reading has to end."""
        self._rounds -= 1
        return self.is_over()

    @property
    def steps(self) -> int:
        """Steps that were counted."""
        return MAX_STEPS - self._rounds * STEPS_AT_ONCE

    def is_over(self) -> bool:
        """Whether the reading has to end."""
        self.spent |= (
            self._rounds < 0
            or time.monotonic() > self._until
            or (self._works_until is not None and time.thread_time() > self._works_until)
        )
        return self.spent or self._ended


class Reader:
    """A connection for readings, one at a time.

    Args:
        connect: gives it, at the first reading.
        why: what the platform says where it cannot be read.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], why: Why | None = None) -> None:
        self._connect = connect
        self._why = why
        self._connection: sqlite3.Connection | None = None
        self._budget = Budget(MAX_SECONDS)
        self._lock = threading.Lock()

    def read(self, budget: Budget, work: Callable[[], T]) -> T:
        """What the work gives, which asks `one` and `rows`.

        Raises:
            QueryTooExpensive: it took too much.
            StoreFailed: the database cannot be read, or is being closed.
        """
        with self._lock:
            self._budget = budget
            try:
                if self._connection is None:
                    self._connection = self._connect()
                    teach(self._connection, lambda: self._budget.is_over())
                return _snapshot(self._connection, budget, work)
            except sqlite3.Error as error:
                raise failure("The database cannot be read", error, self._why) from error
            except StoreFailed as error:
                if budget.spent:
                    raise QueryTooExpensive(
                        "This takes too long for a node that others use too. "
                        "Narrow the filter, or order by fewer names."
                    ) from error
                raise

    @property
    def steps(self) -> int:
        """Steps of SQLite's machine that the reading under way has taken."""
        return self._budget.steps

    def rows(self, sql: str, values: tuple[Any, ...]) -> Iterator[Any]:
        """All rows, one after the other."""
        for row in self._ask(sql, values):
            if self._budget.is_over():
                raise StoreFailed("The reading was ended.")
            yield row

    def one(self, sql: str, values: tuple[Any, ...]) -> Any:
        """The first row, or None."""
        return self._ask(sql, values).fetchone()

    def _ask(self, sql: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        if self._connection is None or self._budget.is_over():
            raise StoreFailed("The reading was ended.")
        return self._connection.execute(sql, values)

    def close(self) -> None:
        """Ends a reading that is under way, and closes the connection."""
        self._budget.end()
        with self._lock:
            if self._connection is not None:
                self._connection.close()


def _snapshot(connection: sqlite3.Connection, budget: Budget, work: Callable[[], T]) -> T:
    connection.set_progress_handler(budget.step, STEPS_AT_ONCE)
    try:
        connection.execute("BEGIN")
        return work()
    finally:
        connection.set_progress_handler(None, 0)
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class _Tries:
    """How many readings may be tried ahead of their turn."""

    def __init__(self) -> None:
        self._left = float(TRIED)
        self._at = 0.0

    def are_left(self) -> bool:
        """Whether one may be now."""
        now = time.monotonic()
        self._left = min(float(TRIED), self._left + (now - self._at) * TRIED_A_SECOND)
        self._at = now
        return self._left >= 1

    def take(self, count: int) -> None:
        """They were tried, and did not end soon."""
        self._left -= count


class Readings:
    """All that is read beside the event loop from one database.

    Args:
        connect: makes a connection that reads.
        only: a connection for what is read in the event loop: all, where nothing is done aside.
        aside: where readings are done.
        why: what the platform says where it cannot be read.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        only: sqlite3.Connection,
        aside: Aside,
        why: Why | None = None,
    ) -> None:
        self._connect = connect
        self._why = why
        self._only = Reader(lambda: only, why)
        self._aside = aside
        self._idle: list[Reader] = []
        self._all: list[Reader] = []
        self._of_thread = _OfThread()
        self._tries = _Tries()
        self._under_way = 0
        self._pausing = 0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def current(self) -> Reader | None:
        """What this thread reads with, within a reading."""
        return self._of_thread.reader

    @property
    def steps(self) -> int:
        """Steps of SQLite's machine that this thread's reading has taken so far; 0 without one."""
        reader = self.current
        return 0 if reader is None else reader.steps

    async def __call__(
        self, work: Callable[[], T], turn: AbstractAsyncContextManager[None] | None = None
    ) -> T:
        """What the work gives. Raises as `Reader.read` does.

        Args:
            work: the reading.
            turn: what it waits for where it does not end soon; None for nothing.
        """
        if self._aside is here:
            return self._read(self._only, Budget(MAX_SECONDS), work)
        await self._begun_again()
        if turn is None or self._tries.are_left():
            with suppress(QueryTooExpensive):
                return self._read(self._only, Budget(AT_ONCE_WAITING_SECONDS, AT_ONCE_SECONDS), work)
            self._tries.take(turn is not None)
        async with turn or nullcontext():
            await self._begun_again()
            self._under_way += 1
            reader = self._idle.pop() if self._idle else self._another()
            try:
                return await self._beside(reader, work)
            finally:
                self._idle.append(reader)
                self._under_way -= 1
                self._changed()

    async def _begun_again(self) -> None:
        """Returns where there is no pause."""
        while self._pausing:
            await self._change()

    async def _beside(self, reader: Reader, work: Callable[[], T]) -> T:
        budget = Budget(MAX_SECONDS)

        async def read() -> T:
            return self._read(reader, budget, work)

        reading = asyncio.ensure_future(self._aside(read()))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            budget.end()
            while not reading.done():  # until then the connection is taken, however often who left does so
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([reading])
            if not reading.cancelled():
                reading.exception()  # nobody else asks what became of it
            raise

    def _read(self, reader: Reader, budget: Budget, work: Callable[[], T]) -> T:
        self._of_thread.reader = reader
        try:
            return reader.read(budget, work)
        finally:
            self._of_thread.reader = None

    def _another(self) -> Reader:
        reader = Reader(self._connect, self._why)
        self._all.append(reader)
        return reader

    @asynccontextmanager
    async def pause(self) -> AsyncIterator[None]:
        """Begins when nothing is read; what is to be read meanwhile waits."""
        self._pausing += 1
        try:
            while self._under_way:
                await self._change()
            yield
        finally:
            self._pausing -= 1
            self._changed()

    async def _change(self) -> None:
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(change)
        await change

    def _changed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)

    def close(self) -> None:
        """Ends what is under way."""
        for reader in self._all:
            reader.close()


class _OfThread(threading.local):
    reader: Reader | None = None
