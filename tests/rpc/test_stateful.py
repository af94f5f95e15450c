"""Two sessions that talk over a channel that delays, floods, and is cut at any moment.

What must hold whatever happens:
- each call ends: with its own answer, with what its handler refused, cancelled, or because the channel ended;
- all that is open when the channel ends, ends with the one error for that;
- a handler that was begun and is no longer wanted is cancelled, and nothing is left of either session;
- what strangers send in between changes nothing of this.
"""

import asyncio
from collections import deque
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import ConnectionEnded, ErrorFromNode, TooManyCalls
from panda_web.rpc.session import Bounds, Session
from tests.contracts.channels import OWN, SERVED, Own, Served
from tests.examples import examples

SIDES = st.sampled_from([0, 1])
JUNK = st.sampled_from(
    [
        b'{"jsonrpc":"2.0","id":"no such","result":1}',
        b'{"jsonrpc":"2.0","id":null,"result":1}',
        b'{"jsonrpc":"2.0","method":"cancel","params":{"id":"no such"}}',
        b'{"jsonrpc":"2.0","method":"cancel","params":7}',
        b'{"jsonrpc":"2.0","method":"progress","params":{"id":"1","stage":1}}',
        b'{"jsonrpc":"2.0","method":"no such notification"}',
        b'{"jsonrpc":"2.0","method":"echo","params":{"value":1}}',
        b'[{"jsonrpc":"2.0","method":"refuse"},{"jsonrpc":"2.0","id":"stray","result":1}]',
    ]
)


class Way:
    """One direction: what is sent, and what of it has arrived."""

    def __init__(self) -> None:
        self.sent: deque[bytes] = deque()
        self.arrived: deque[bytes] = deque()
        self.changed = asyncio.Event()
        self.cut = False

    def deliver(self, most: int) -> None:
        for _ in range(min(most, len(self.sent))):
            self.arrived.append(self.sent.popleft())
        self.changed.set()


class Wire:
    """An end of the channel between the two."""

    def __init__(self, goes: Way, comes: Way) -> None:
        self.goes, self.comes = goes, comes

    async def send(self, message: bytes) -> None:
        if self.goes.cut:
            raise ConnectionEnded("It was cut.")
        self.goes.sent.append(message)

    async def receive(self) -> bytes:
        while not self.comes.arrived:
            if self.comes.cut:
                raise ConnectionEnded("It was cut.")
            self.comes.changed.clear()
            await self.comes.changed.wait()
        return self.comes.arrived.popleft()

    async def close(self, why: str = "") -> None:
        for way in (self.goes, self.comes):
            way.cut = True
            way.changed.set()


class Call:
    """A call, and what it may end with."""

    def __init__(self, task: "asyncio.Task[Any]", answer: object, refusal: str | None = None) -> None:
        self.task, self.answer, self.refusal = task, answer, refusal
        self.cancelled = False

    def ended_well(self, cut: bool) -> bool:
        if self.task.cancelled():
            return self.cancelled
        error = self.task.exception()
        if isinstance(error, ConnectionEnded):
            return cut
        if isinstance(error, ErrorFromNode):
            # notifications and what was cancelled a moment ago take places too
            return error.reason in (self.refusal, TooManyCalls.reason)
        if error is not None:
            return False
        found = self.task.result()
        refused = isinstance(found, list) and [getattr(each, "reason", "") for each in found]
        return found == self.answer or refused == [TooManyCalls.reason] * len(found)


class Sessions(RuleBasedStateMachine):
    """Both sides have the same methods, and call each other."""

    @initialize(calls=st.integers(1, 5))
    def begin(self, calls: int) -> None:
        self.loop = asyncio.new_event_loop()
        self.ways = Way(), Way()
        self.served = Served(), Served()
        bounds = Bounds(calls=calls, queued=10_000)
        self.sessions = [
            Session(Wire(self.ways[side], self.ways[1 - side]), self.dispatcher(side), bounds=bounds)
            for side in (0, 1)
        ]
        self.calls: list[Call] = []
        self.serial = 0
        self.cut_off = False

        async def start() -> None:
            for session in self.sessions:
                session.start()

        self.loop.run_until_complete(start())
        self.settle()

    def dispatcher(self, side: int) -> Dispatcher:
        own, served = Own(), self.served[side]
        handlers = {name: getattr(served, f"do_{name}") for name in SERVED}
        return Dispatcher(SERVED | OWN, handlers | {"answer": own.answer, "hear": own.hear})

    def settle(self) -> None:
        """Lets both do all that they can without the channel."""
        for _ in range(20):
            self.loop.run_until_complete(asyncio.sleep(0))

    def ask(self, work: Any, answer: object, refusal: str | None = None) -> None:
        self.calls.append(Call(self.loop.create_task(work), answer, refusal))
        self.settle()

    # -- what may happen ---------------------------------------------------------------------------

    @rule(side=SIDES)
    def echo(self, side: int) -> None:
        self.serial += 1
        self.ask(self.sessions[side].call("echo", {"value": self.serial}), self.serial)

    @rule(side=SIDES, many=st.integers(1, 4))
    def batch(self, side: int, many: int) -> None:
        self.serial += 1
        values = [[self.serial, n] for n in range(many)]
        self.ask(self.sessions[side].call_batch("echo", [{"value": each} for each in values]), values)

    @rule(side=SIDES)
    def refuse(self, side: int) -> None:
        self.ask(self.sessions[side].call("refuse", {}), None, "refused-here")

    @rule(side=SIDES)
    def count(self, side: int) -> None:
        told: list[tuple[str, int, int]] = []
        self.ask(self.sessions[side].call("count", {"total": 3}, lambda *each: told.append(each)), 3)

    @rule(side=SIDES)
    def ask_back(self, side: int) -> None:
        self.serial += 1
        self.ask(self.sessions[side].call("ask", {"question": self.serial}), ["answer", self.serial])

    @rule(side=SIDES)
    def wait(self, side: int) -> None:
        self.ask(self.sessions[side].call("wait", {}), "never")

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(self.calls))
        call.cancelled = True
        call.task.cancel()
        self.settle()

    @rule(side=SIDES, most=st.integers(1, 5))
    def deliver(self, side: int, most: int) -> None:
        self.ways[side].deliver(most)
        self.settle()

    @rule(side=SIDES, junk=JUNK, many=st.sampled_from([1, 50]))
    def flood(self, side: int, junk: bytes, many: int) -> None:
        self.ways[side].sent.extend([junk] * many)

    @rule(side=SIDES, orderly=st.booleans())
    def cut(self, side: int, orderly: bool) -> None:
        self.cut_off = True
        if orderly:
            self.loop.run_until_complete(self.sessions[side].close())
        else:
            self.loop.run_until_complete(Wire(*self.ways).close())
        self.settle()
        assert all(session.ended for session in self.sessions)
        assert all(call.task.done() for call in self.calls)
        assert [served.waiting for served in self.served] == [0, 0]

    # -- the end -----------------------------------------------------------------------------------

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            try:
                self.look()
            finally:
                for session in self.sessions:
                    self.loop.run_until_complete(session.close())
                self.settle()
                left = asyncio.all_tasks(self.loop)
                self.loop.close()
            assert left == set()

    def look(self) -> None:
        """What must hold in the end."""
        if not self.cut_off:
            self.arrive()
            waiting = [call for call in self.calls if not call.task.done()]
            assert all(call.answer == "never" or self.is_held_up() for call in waiting)
            for call in waiting:
                call.cancelled = True
                call.task.cancel()
            self.arrive()
            assert [served.waiting for served in self.served] == [0, 0]
        for call in self.calls:
            assert call.task.done()
            assert call.ended_well(self.cut_off), call.task

    def is_held_up(self) -> bool:
        """Whether calls that never end may keep others waiting for their turn."""
        return any(call.answer == "never" for call in self.calls)

    def arrive(self) -> None:
        """All that is under way arrives, and what is said to that."""
        self.settle()
        rounds = 0
        while any(way.sent for way in self.ways):
            rounds += 1
            assert rounds < 500, [list(way.sent)[:3] for way in self.ways]
            for way in self.ways:
                way.deliver(len(way.sent))
            self.settle()


Sessions.TestCase.settings = examples(1, deadline=None, stateful_step_count=40)
TestSessions = Sessions.TestCase
