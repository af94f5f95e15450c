"""The worker's event loop: the browser gives it turns, and in each of them all runs that is ready.

Pyodide's own loop hands each callback to the browser alone. It hands over each timer too, and the browser
keeps that until its time has come, also when it was cancelled. A thousand writes take some ten thousand
callbacks, and hundreds of timers that are cancelled long before. What the browser kept for those took more
memory than what was written. So here callbacks and timers wait in Python, as in CPython's own loop, and the
browser is asked for one turn and for one timer.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar

import js
from pyodide.ffi import create_proxy
from pyodide.webloop import WebLoop, scheduleCallback

T = TypeVar("T")

LONGEST_MS = 2**31 - 1
"""Of a browser's timer (HTML Standard, "Timers": a 32-bit number)."""

FEW = 64
"""Cancelled timers that may wait to be forgotten, besides as many as there are others."""


class EventLoop(WebLoop):  # type: ignore[misc]  # Pyodide has no types at hand
    """Runs callbacks in the order in which they came.

    What comes during a turn runs in the next one, so messages from outside have theirs in between.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[asyncio.TimerHandle] = []
        self._most = FEW
        self._asked = False
        self._due = math.inf
        self._timer: int | None = None
        self._turn_proxy = create_proxy(self._turn)
        self._ring_proxy = create_proxy(self._ring)

    def create_future(self) -> "asyncio.Future[Any]":
        """Pyodide counts those that are open, by one callback each. Nobody here asks for their number."""
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, T], **settings: Any) -> "asyncio.Task[T]":
        """See `create_future`. Where nobody asks for a failure, it is told when the task is forgotten."""
        return asyncio.Task(coro, loop=self, **settings)

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Calls it in the next turn."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        self._ask()
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Calls it in so many seconds, which may be none, or fewer."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Calls it at a time of this loop's clock."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        if when < math.inf:
            heappush(self._timers, timer)
            self._forget_cancelled()
            self._wind()
        return timer

    def _forget_cancelled(self) -> None:
        if len(self._timers) > self._most:
            self._timers = [each for each in self._timers if not each.cancelled()]
            heapify(self._timers)
            self._most = 2 * len(self._timers) + FEW

    def _ask(self) -> None:
        """Asks the browser for a turn."""
        if not self._asked:
            self._asked = True
            scheduleCallback(self._turn_proxy, 0)

    def _wind(self) -> None:
        """Asks the browser to ring when the first timer is due."""
        if not self._timers or self._timers[0].when() >= self._due:
            return
        if self._timer is not None:
            js.clearTimeout(self._timer)
        self._due = self._timers[0].when()
        wait = math.ceil(1000 * max(0.0, self._due - self.time()))
        self._timer = js.setTimeout(self._ring_proxy, min(wait, LONGEST_MS))

    def _ring(self, *_: Any) -> None:
        self._timer, self._due = None, math.inf
        self._run_ready()

    def _turn(self, *_: Any) -> None:
        self._asked = False
        self._run_ready()

    def _run_ready(self) -> None:
        self._install_running_loop()
        self._install_asyncgen_hooks()
        now = self.time()
        while self._timers and self._timers[0].when() <= now:
            self._ready.append(heappop(self._timers))
        try:
            for _ in range(len(self._ready)):
                handle = self._ready.popleft()
                if not handle.cancelled():
                    handle._run()  # noqa: SLF001 - as each loop does
        finally:  # handles tell of all errors but an exit, and even after that the others go on
            if self._ready:
                self._ask()
            self._wind()


def begin() -> None:
    """Makes it the loop of all that begins from now on."""
    asyncio.set_event_loop(EventLoop())
