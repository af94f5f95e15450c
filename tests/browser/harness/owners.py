"""What whoever has, or wants, the node of all tabs must do, in one worker, with a node that says its name."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import js

from panda_web.browser.locks import WebLock
from panda_web.browser.owning import NodeNotOpened, Owning
from panda_web.errors import StoreFailed
from panda_web.rpc import types
from panda_web.rpc.again import Again
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import ConnectionEnded
from panda_web.rpc.table import Method

NAME = "owners"
WHO = Method("who", "Says its name.", (), types.TEXT)


class Named:
    """A node."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.taken = asyncio.Event()
        self.closed = False

    def dispatcher(self) -> Dispatcher:
        """Its one method."""
        return Dispatcher({WHO.name: WHO}, {WHO.name: self.who})

    async def who(self) -> types.Json:
        """Its name."""
        return self.name

    async def lost(self) -> None:
        """Returns once another has it."""
        await self.taken.wait()

    async def close(self) -> None:
        """Closes it."""
        self.closed = True


class Leases:
    """Locks that can be taken away from who holds them, as leases are that run out."""

    def __init__(self) -> None:
        self._held: dict[str, asyncio.Event] = {}

    def expire(self, name: str) -> None:
        """Whoever waits gets it now."""
        self._held.pop(name).set()

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[None]:
        """The context for `name`."""
        while name in self._held:
            await self._held[name].wait()
        free = self._held[name] = asyncio.Event()
        try:
            yield
        finally:
            free.set()
            if self._held.get(name) is free:
                del self._held[name]


async def what_fails_is_said_and_tried_again() -> None:
    """Whatever it fails with."""
    why: list[Exception] = [StoreFailed("There is no room."), RuntimeError("a bug")]

    async def opens() -> Named:
        if why:
            raise why.pop(0)
        return Named("it")

    owning = Owning(NAME, WebLock(), opens)
    node = Again(owning.sessions())
    for words in ("There is no room.", "a bug"):
        try:
            await node.call("who", {})
        except NodeNotOpened as error:
            assert str(error) == words
        else:
            raise AssertionError(words)
    assert await node.call("who", {}) == "it"
    await owning.close()


async def who_fails_leaves_it_to_the_next() -> None:
    """And reaches that one."""

    async def fails() -> Named:
        raise StoreFailed("There is no room.")

    async def opens() -> Named:
        return Named("next")

    first, second = (Owning(NAME, WebLock(), each) for each in (fails, opens))
    node = Again(first.sessions())
    second.start()
    try:
        await node.call("who", {})
    except NodeNotOpened:
        assert await Again(second.sessions()).call("who", {}) == "next"
    assert await node.call("who", {}) == "next"
    await first.close()
    await second.close()


async def nobody_waits_for_one_that_was_left() -> None:
    """Neither who waited before, nor who comes after; and what is opened meanwhile is closed."""
    named = Named("late")
    begun, may = asyncio.Event(), asyncio.Event()

    async def opens() -> Named:
        begun.set()
        await may.wait()
        return named

    owning = Owning(NAME, WebLock(), opens)
    waits = asyncio.create_task(owning.reach())
    await begun.wait()
    closing = asyncio.create_task(owning.close())
    await asyncio.sleep(0)
    may.set()
    await closing
    assert named.closed
    assert owning.owner is None
    for each in (waits, owning.reach()):
        try:
            await each
        except ConnectionEnded:
            pass
        else:
            raise AssertionError(each)


async def one_that_was_taken_away_is_asked_no_more() -> None:
    """Calls go to the next, over the same sessions."""
    leases = Leases()
    nodes = [Named("first"), Named("second")]
    owners = [Owning(NAME, leases, _opens(each)) for each in nodes]
    ways = [Again(each.sessions()) for each in owners]
    assert [await way.call("who", {}) for way in ways] == ["first", "first"]
    leases.expire(f"panda:{NAME}")
    while owners[1].owner is None:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    nodes[0].taken.set()
    while not nodes[0].closed:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert [await way.call("who", {}) for way in ways] == ["second", "second"]
    assert owners[0].owner is None
    assert not nodes[1].closed
    for each in owners:
        await each.close()


def _opens(named: Named) -> Callable[[], Awaitable[Named]]:
    async def opens() -> Named:
        return named

    return opens


ALL = (
    what_fails_is_said_and_tried_again,
    who_fails_leaves_it_to_the_next,
    nobody_waits_for_one_that_was_left,
    one_that_was_taken_away_is_asked_no_more,
)


async def locks() -> int:
    """How many locks are held, or waited for, once what was closed has let go."""
    for _wait in range(200):
        state = await js.navigator.locks.query()
        count = len(state.held) + len(state.pending)
        if count == 0:
            break
        await asyncio.sleep(0.02)
    return count
