"""What every channel must do, and every session on one. Runs on CPython and inside Pyodide.

The other side of a session has the methods of `SERVED`; this side has those of `OWN`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from panda_web.errors import PandaError
from panda_web.rpc import types
from panda_web.rpc.caller import SESSION
from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import ConnectionEnded, ErrorFromNode, RpcError
from panda_web.rpc.peer import Peer
from panda_web.rpc.session import Session
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json, Type

ANY: Type[Any] = Type({}, lambda value: value)
SERVED: Mapping[str, Method[Any]] = {
    method.name: method
    for method in (
        Method("echo", "Gives what it gets.", (Param("value", ANY, None),), ANY),
        Method("refuse", "Refuses.", (), ANY),
        Method("wait", "Never ends.", (), ANY),
        Method("waiting", "How many wait.", (), ANY),
        Method("count", "Counts, and says so.", (Param("total", types.integer(0, 1000)),), ANY, "counting"),
        Method("ask", "Asks back, and gives the answer.", (Param("question", ANY),), ANY),
        Method("hang_up", "Ends the session.", (), ANY),
    )
}
OWN: Mapping[str, Method[Any]] = {
    "answer": Method("answer", "Answers a question.", (Param("question", ANY),), ANY),
    "hear": Method("hear", "Is told something.", (Param("words", types.TEXT),), ANY),
}


class Refused(PandaError):
    """What the method `refuse` answers with."""

    reason = "refused-here"


class Served:
    """The handlers of the other side."""

    def __init__(self) -> None:
        self.waiting = 0

    def dispatcher(self) -> Dispatcher:
        return Dispatcher(SERVED, {name: getattr(self, f"do_{name}") for name in SERVED}, together={"echo"})

    async def do_echo(self, value: Json) -> Json:
        return value

    async def do_refuse(self) -> Json:
        raise Refused("Not here.", why="never")

    async def do_wait(self) -> Json:
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            self.waiting -= 1

    async def do_waiting(self) -> Json:
        return self.waiting

    async def do_count(self, total: int, progress: Callable[[int, int], None]) -> Json:
        for done in range(total):
            progress(done + 1, total)
        return total

    async def do_ask(self, question: Json) -> Json:
        session = SESSION.get()
        assert session is not None
        session.notify("hear", {"words": "it asks"})
        return await session.call("answer", {"question": question})

    async def do_hang_up(self) -> Json:
        session = SESSION.get()
        assert session is not None
        await session.close()
        return None


class Own:
    """The handlers of this side."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def dispatcher(self) -> Dispatcher:
        return Dispatcher(OWN, {"answer": self.answer, "hear": self.hear})

    async def answer(self, question: Json) -> Json:
        return ["answer", question]

    async def hear(self, words: str) -> Json:
        self.heard.append(words)
        return None


# -- what can be called, whatever the way there -----------------------------------------------------

VALUES: list[Json] = [None, 0, -1.5, "", "ä😀\u0000\ud800", [], {"": [{}]}, "x" * 1_000_000]


async def carries_values(peer: Peer) -> None:
    for value in VALUES:
        assert await peer.call("echo", {"value": value}) == value
    assert await peer.call_batch("echo", [{"value": value} for value in VALUES]) == VALUES
    assert await peer.call_batch("echo", []) == []


async def carries_errors(peer: Peer) -> None:
    assert (await reason_of(peer.call("refuse", {}))) == "refused-here"
    assert (await reason_of(peer.call("no such", {}))) == "method-not-found"
    assert (await reason_of(peer.call("count", {"total": -1}))) == "invalid-params"
    found = await peer.call_batch("count", [{"total": 1}, {"total": "x"}, {"total": 2}])
    assert [getattr(each, "reason", each) for each in found] == [1, "invalid-params", 2]


async def carries_many_at_once(peer: Peer) -> None:
    found = await asyncio.gather(*(peer.call("echo", {"value": n}) for n in range(300)))
    assert found == list(range(300))


CALLS = (carries_values, carries_errors, carries_many_at_once)


# -- what only a session can ------------------------------------------------------------------------


async def asks_back(session: Session, own: Own) -> None:
    found = await asyncio.gather(*(session.call("ask", {"question": n}) for n in range(20)))
    assert found == [["answer", n] for n in range(20)]
    assert own.heard == ["it asks"] * 20


async def tells_progress(session: Session, own: Own) -> None:
    told: list[tuple[str, int, int]] = []
    assert await session.call("count", {"total": 5}, lambda *each: told.append(each)) == 5
    assert told == [("counting", done + 1, 5) for done in range(5)]
    assert await session.call("count", {"total": 3}) == 3  # nobody listens


async def cancels(session: Session, own: Own) -> None:
    calls = [asyncio.ensure_future(session.call("wait", {})) for _ in range(3)]
    while await session.call("waiting", {}) < 3:
        pass
    calls[1].cancel()
    while await session.call("waiting", {}) > 2:
        pass
    assert [call.done() for call in calls] == [False, True, False]
    for call in calls:
        call.cancel()
    while await session.call("waiting", {}):
        pass


async def tells_all_when_it_ends(session: Session, own: Own) -> None:
    calls = [asyncio.ensure_future(session.call("wait", {})) for _ in range(3)]
    calls.append(asyncio.ensure_future(session.call("hang_up", {})))
    for call in calls:
        assert await reason_of(call) == ConnectionEnded.reason
    assert await reason_of(session.call("echo", {})) == ConnectionEnded.reason
    assert await reason_of(session.call_batch("echo", [{}])) == ConnectionEnded.reason
    with contextlib.suppress(ConnectionEnded):
        session.notify("echo", {})
        raise AssertionError
    assert session.ended is not None
    await session.close()  # again is no error


SESSIONS = (asks_back, tells_progress, cancels, tells_all_when_it_ends)


# -- both ends of a channel -------------------------------------------------------------------------

Ends = tuple[Channel, Channel]


async def keeps_messages_whole_and_in_order(ends: Ends) -> None:
    sent = [b"[%d]" % n for n in range(40)] + ['"ä😀"'.encode(), b'"' + b"x" * 2_000_000 + b'"', b"", b"[]"]
    for one, other in (ends, ends[::-1]):
        sending = asyncio.ensure_future(_send(one, sent))
        assert [await other.receive() for _ in sent] == sent
        await sending


async def waits_for_messages(ends: Ends) -> None:
    one, other = ends
    waiting = asyncio.ensure_future(other.receive())
    await asyncio.sleep(0.01)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    await one.send(b'"after a cancelled wait"')
    assert await other.receive() == b'"after a cancelled wait"'


async def ends_for_both(ends: Ends) -> None:
    one, _ = ends
    waiting = [asyncio.ensure_future(end.receive()) for end in ends]
    await asyncio.sleep(0.01)
    await one.close("messages-not-read")
    for each in waiting:
        assert await reason_of(each) == ConnectionEnded.reason
    assert "messages-not-read" in str(waiting[1].exception())
    for end in ends:
        assert await reason_of(end.receive()) == ConnectionEnded.reason
        assert await reason_of(end.send(b"[]")) == ConnectionEnded.reason
        await end.close()
        await end.close("again")


async def ends_in_the_middle(ends: Ends) -> None:
    """What was sent before arrives, or the end does; nothing arrives twice or torn."""
    one, other = ends
    sending = asyncio.ensure_future(_send(one, [b"[%d]" % n for n in range(10)]))
    came = [await other.receive() for _ in range(3)]
    await one.close()
    with contextlib.suppress(ConnectionEnded):
        while True:
            came.append(await other.receive())
    assert came == [b"[%d]" % n for n in range(len(came))]
    with contextlib.suppress(ConnectionEnded):
        await sending


CHANNELS = (keeps_messages_whole_and_in_order, waits_for_messages, ends_for_both, ends_in_the_middle)


async def waits_where_nobody_reads(ends: Ends) -> None:
    """For a channel that can: sending waits. (A MessagePort takes everything at once.)"""
    one, other = ends
    sent = [b'"' + b"%d" % n + b"x" * 1_000_000 + b'"' for n in range(100)]
    sending = asyncio.ensure_future(_send(one, sent))
    await asyncio.sleep(0.05)
    assert not sending.done()
    assert [await other.receive() for _ in sent] == sent
    await sending


async def _send(end: Channel, messages: list[bytes]) -> None:
    for message in messages:
        await end.send(message)


async def reason_of(work: Awaitable[object]) -> str:
    """The reason of what it raises."""
    try:
        await work
    except ErrorFromNode as error:
        return error.reason
    except RpcError as error:
        return error.reason
    raise AssertionError("nothing was raised")


@asynccontextmanager
async def session_on(ends: Ends) -> AsyncIterator[tuple[Session, Own]]:
    """This side of a session, whose other side has the methods of `SERVED`."""
    own = Own()
    there = Session(ends[1], Served().dispatcher())
    there.start()
    try:
        async with Session(ends[0], own.dispatcher()) as session:
            yield session, own
    finally:
        await there.close()
