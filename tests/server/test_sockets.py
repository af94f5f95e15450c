"""A node over WebSockets: the contract of channels on a real server, its bounds, and its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import MAX_BODY, Dispatcher
from panda_web.rpc.errors import ConnectionEnded
from panda_web.rpc.methods import METHODS
from panda_web.rpc.session import Session
from panda_web.rpc.websocket import open_websocket
from panda_web.server import answer, body, budget, connection, guests, socket
from panda_web.server.budget import Budget
from panda_web.server.socket import Socket
from tests.contracts import channels
from tests.server import serving
from tests.server.serving import Served
from tests.server.sockets import CONTINUATION, HANDSHAKE, PING, TEXT, frame

MIB = 1 << 20
SCHEMAS = json.dumps({"jsonrpc": "2.0", "id": "1", "method": "panda_schemas", "params": {}})


def name_of(check: Any) -> str:
    return str(check.__name__)


class Here:
    """Gives the server's end of each WebSocket to the test."""

    def __init__(self) -> None:
        self.ends: asyncio.Queue[Channel] = asyncio.Queue()

    def open(self, socket: Socket, *_: object) -> Callable[[], Coroutine[Any, Any, None]]:
        socket.holds = lambda: Budget(64 * MIB).hold(None, body.SMALL)

        async def serve() -> None:
            self.ends.put_nowait(socket)

        return serve


@pytest.mark.parametrize("check", [*channels.CHANNELS, channels.waits_where_nobody_reads], ids=name_of)
@pytest.mark.parametrize("kind", serving.KINDS)
def test_it_is_a_channel(check: Any, kind: str) -> None:
    opened = Here()

    async def work(node: Served) -> None:
        here = await open_websocket(f"ws://127.0.0.1:{node.port}/")
        there = await opened.ends.get()
        await check((here, there))
        await here.close()
        await there.close()

    serving.run(work, kind, opened=opened)


@pytest.mark.parametrize("check", channels.SESSIONS, ids=name_of)
def test_sessions(check: Any) -> None:
    async def work(node: Served) -> None:
        own = channels.Own()
        channel = await open_websocket(f"ws://127.0.0.1:{node.port}/")
        async with Session(channel, own.dispatcher()) as session:
            await check(session, own)

    serving.run(work, dispatcher=channels.Served().dispatcher())


@pytest.mark.parametrize("check", channels.CALLS, ids=name_of)
def test_calls(check: Any) -> None:
    async def work(node: Served) -> None:
        async with Session(await open_websocket(f"ws://127.0.0.1:{node.port}/")) as session:
            await check(session)

    serving.run(work, dispatcher=channels.Served().dispatcher())


def open_one(node: Served, path: str = "/", **more: Any) -> connect:
    return connect(f"ws://127.0.0.1:{node.port}{path}", max_size=None, **more)


def test_any_website_may_open_one_at_the_nodes_path() -> None:
    async def work(node: Served) -> None:
        async with open_one(node, origin="https://website.example") as link:  # type: ignore[arg-type]
            await link.send(SCHEMAS)
            assert json.loads(await link.recv())["result"] == []
        with pytest.raises(InvalidStatus) as refused:
            await open_one(node, "/elsewhere")
        assert refused.value.response.status_code == 404

    serving.run(work)


# -- its bounds -------------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of a fraction of a second."""
    monkeypatch.setattr(guests, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(body, "FIRST_SECONDS", 0.3)
    monkeypatch.setattr(budget, "PATIENCE", 0.05)
    monkeypatch.setattr(socket, "PING_SECONDS", 0.3)


Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def by_hand(node: Served, sent: bytes = b"") -> AsyncIterator[Link]:
    """A WebSocket of which the test makes each byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write(HANDSHAKE)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    writer.write(sent)
    try:
        yield reader, writer
    finally:
        writer.close()


async def till_its_end(reader: asyncio.StreamReader) -> bytes:
    found = b""
    with suppress(ConnectionError):
        while part := await reader.read(MIB):
            found += part
    return found


def code_of(said: bytes) -> int:
    """The code in the frame that ends it."""
    at = said.rindex(b"\x88")
    return int.from_bytes(said[at + 2 : at + 4], "big")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, size=MAX_BODY + 1), 1009),
        (frame(TEXT, bytes(1000), last=False) + frame(CONTINUATION, size=MAX_BODY), 1009),
        (frame(TEXT, b"", last=False) + frame(CONTINUATION, b"", last=False) * 300, 1008),
        (frame(PING) * 300, 1008),
        (b"nonsense, and not masked", 1002),
        (frame(TEXT, b"{}")[:1] + b"\x02{}", 1002),
    ],
    ids=["a huge frame", "a huge message", "empty fragments", "pings", "nonsense", "not masked"],
)
def test_it_ends_with_a_word(sent: bytes, code: int) -> None:
    async def work(node: Served) -> None:
        async with by_hand(node, sent) as (reader, _):
            assert code_of(await till_its_end(reader)) == code

    serving.run(work)


@pytest.mark.parametrize(
    "sent",
    [b"", frame(TEXT, b"{", last=False), frame(TEXT, b"{", size=1000), frame(TEXT, b"{")[:1]],
    ids=["who is not there any more", "half a message", "half a frame", "a byte"],
)
def test_who_says_nothing_is_not_waited_for(sent: bytes, short: None) -> None:
    """Pings are not answered here."""

    async def work(node: Served) -> None:
        async with by_hand(node, sent) as (reader, _):
            await till_its_end(reader)

    serving.run(work)


def test_who_sends_half_a_message_for_ever_is_not_waited_for(
    short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "PING_SECONDS", 60.0)

    async def work(node: Served) -> None:
        async with by_hand(node, frame(TEXT, b"", size=1000)) as (reader, writer):
            ended = asyncio.create_task(till_its_end(reader))
            while not ended.done():
                writer.write(b" ")
                await asyncio.sleep(0.02)

    serving.run(work)


def large(size: int) -> Dispatcher:
    async def large(**_: object) -> Any:
        return "x" * size

    return Dispatcher(METHODS, {"panda_schemas": large})


def test_an_answer_comes_whole_and_in_its_turn() -> None:
    async def work(node: Served) -> None:
        async with open_one(node) as link:
            for _ in range(3):
                await link.send(SCHEMAS)
            for _ in range(3):
                assert json.loads(await link.recv())["result"] == "x" * (8 * MIB)

    serving.run(work, dispatcher=large(8 * MIB))


def test_answers_that_nobody_reads_share_a_budget(short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(answer, "BUDGET", 40 * MIB)
    monkeypatch.setattr(socket, "PING_SECONDS", 60.0)

    async def work(node: Served) -> None:
        async with by_hand(node, frame(TEXT, SCHEMAS.encode())) as (first, _):
            first._transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(0.5)
            async with open_one(node) as link:
                await link.send(SCHEMAS)
                assert len(await link.recv()) > 32 * MIB
            first._transport.resume_reading()  # type: ignore[attr-defined]
            assert len(await till_its_end(first)) < 32 * MIB

    serving.run(work, dispatcher=large(32 * MIB))


def test_who_never_reads_is_ended(short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "PING_SECONDS", 60.0)

    async def work(node: Served) -> None:
        async with by_hand(node, frame(TEXT, SCHEMAS.encode()) * 20) as (reader, _):
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(1)
            reader._transport.resume_reading()  # type: ignore[attr-defined]
            assert len(await till_its_end(reader)) < 160 * MIB

    serving.run(work, dispatcher=large(8 * MIB))


def test_half_sent_messages_share_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BUDGET", 4 * MIB)

    async def work(node: Served) -> None:
        async with by_hand(node, frame(TEXT, bytes(3 * MIB), size=4 * MIB)), by_hand(node) as (other, writer):
            await asyncio.sleep(0.5)
            writer.write(frame(TEXT, bytes(2 * MIB), size=4 * MIB))
            assert code_of(await till_its_end(other)) == 1013
            async with open_one(node) as link:  # and a question is always heard
                await link.send(SCHEMAS)
                assert json.loads(await link.recv())["result"] == []

    serving.run(work)


def test_calls_under_way_hold_as_much_as_one_may_have() -> None:
    """More is not taken before: the first calls are slow, and what comes behind them waits where it is."""
    begun = 0
    go_on = asyncio.Event()

    async def slow(**_: object) -> Any:
        nonlocal begun
        begun += 1
        await go_on.wait()
        return []

    async def work(node: Served) -> None:
        async with open_one(node) as link:
            asked = [SCHEMAS.replace('"1"', f'"{n}"') + " " * (3 * MIB) for n in range(6)]
            sending = [asyncio.create_task(link.send(each)) for each in asked]
            await asyncio.sleep(1)
            assert begun == 2
            go_on.set()
            for _ in sending:
                assert json.loads(await link.recv())["result"] == []
            await asyncio.gather(*sending)

    serving.run(work, dispatcher=Dispatcher(METHODS, {"panda_schemas": slow}))


# -- its end ----------------------------------------------------------------------------------------


def test_what_is_under_way_is_answered_when_the_server_ends() -> None:
    begun = asyncio.Event()

    async def slow(**_: object) -> Any:
        begun.set()
        await asyncio.sleep(0.3)
        return ["done"]

    async def work(node: Served) -> None:
        async with (
            open_one(node) as link,
            open_one(node) as idle,
            by_hand(node, frame(TEXT, b"{", last=False)),
        ):
            await link.send(SCHEMAS)
            await begun.wait()
            ends = asyncio.create_task(node.end())
            assert json.loads(await link.recv())["result"] == ["done"]
            for each in (link, idle):
                assert await code_at_the_end(each) == 1001
            await ends

    serving.run(work, dispatcher=Dispatcher(METHODS, {"panda_schemas": slow}))


async def code_at_the_end(link: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as ended:
        await link.recv()
    return ended.value.rcvd.code if ended.value.rcvd else None


def test_calls_end_with_the_channel(short: None) -> None:
    ended = asyncio.Event()

    async def never(**_: object) -> Any:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    async def work(node: Served) -> None:
        channel = await open_websocket(f"ws://127.0.0.1:{node.port}/")
        async with Session(channel) as session:
            call = asyncio.create_task(session.call("panda_schemas", {}))
            await asyncio.sleep(0.1)
            await session.close()
            with pytest.raises(ConnectionEnded):
                await call
        await ended.wait()

    serving.run(work, dispatcher=Dispatcher(METHODS, {"panda_schemas": never}))
