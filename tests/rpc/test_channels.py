"""The contract of channels, for those that CPython has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from panda_web.client import Client
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.rpc.channel import Channel
from panda_web.rpc.errors import NodeAddressWrong, NodeUnreachable
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.peer import Exchange
from panda_web.rpc.session import Session
from panda_web.rpc.transport import MAX_ANSWER
from panda_web.rpc.websocket import WebSocketChannel, open_websocket, over_websocket
from panda_web.rpc.within import in_process, pair
from tests.contracts import channels
from tests.processes import free_port
from tests.server import serving
from tests.server.serving import Served


def name_of(check: Any) -> str:
    return str(check.__name__)


@pytest.mark.parametrize("check", channels.CHANNELS, ids=name_of)
def test_in_process(check: Any) -> None:
    async def run() -> None:
        await check(pair())

    asyncio.run(run())


def test_in_process_sending_waits_where_nobody_reads() -> None:
    async def run() -> None:
        await channels.waits_where_nobody_reads(pair())

    asyncio.run(run())


@pytest.mark.parametrize("check", channels.SESSIONS, ids=name_of)
def test_sessions_in_process(check: Any) -> None:
    async def run() -> None:
        async with channels.session_on(pair()) as (session, own):
            await check(session, own)

    asyncio.run(run())


@pytest.mark.parametrize("check", channels.CALLS, ids=name_of)
def test_calls_in_process(check: Any) -> None:
    async def run() -> None:
        peer = in_process(channels.Served().dispatcher())
        await check(peer)
        await peer.close()

    asyncio.run(run())


@asynccontextmanager
async def websocket() -> AsyncIterator[channels.Ends]:
    """Both ends of a WebSocket, the other one by the library too."""
    there: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def serve_one(socket: ServerConnection) -> None:
        there.set_result(WebSocketChannel(socket))
        await done.wait()

    async with serve(serve_one, "127.0.0.1", 0, max_size=MAX_ANSWER, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        here = await open_websocket(f"ws://127.0.0.1:{port}/")
        try:
            yield here, await there
        finally:
            await here.close()
            done.set()


@pytest.mark.parametrize("check", [*channels.CHANNELS, channels.waits_where_nobody_reads], ids=name_of)
def test_websocket(check: Any) -> None:
    async def run() -> None:
        async with websocket() as ends:
            await check(ends)

    asyncio.run(run())


@pytest.mark.parametrize("check", channels.SESSIONS, ids=name_of)
def test_sessions_over_websocket(check: Any) -> None:
    async def run() -> None:
        async with websocket() as ends, channels.session_on(ends) as (session, own):
            await check(session, own)

    asyncio.run(run())


@pytest.mark.parametrize("check", channels.CALLS, ids=name_of)
def test_calls_over_websocket(check: Any) -> None:
    async def run() -> None:
        async with websocket() as ends, channels.session_on(ends) as (session, _):
            await check(session)

    asyncio.run(run())


def test_a_websocket_that_broke_is_opened_again() -> None:
    opened = 0

    async def serve_some(socket: ServerConnection) -> None:
        nonlocal opened
        opened += 1
        await Session(WebSocketChannel(socket), channels.Served().dispatcher()).run()

    async def run() -> None:
        async with serve(serve_some, "127.0.0.1", 0) as server:
            peer = over_websocket(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}")
            for _ in range(3):
                assert await peer.call("echo", {"value": 1}) == 1
                assert await channels.reason_of(peer.call("hang_up", {})) == "connection-ended"
            await peer.close()
            assert await channels.reason_of(peer.call("echo", {"value": 1})) == "connection-ended"

    asyncio.run(run())
    assert opened == 3


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, "answer-malformed"),
        (301, "answer-malformed"),
        (404, "answer-malformed"),
        (502, "node-down"),
        (503, "node-overloaded"),
    ],
)
def test_an_address_where_nobody_speaks_websocket(status: int, reason: str) -> None:
    def refuse(connection: ServerConnection, _: object) -> Any:
        answer = connection.respond(HTTPStatus(status), "no\n")
        answer.headers["Location"] = "ws://127.0.0.1:1/"
        return answer

    async def run() -> None:
        async with serve(lambda _: asyncio.sleep(0), "127.0.0.1", 0, process_request=refuse) as server:
            peer = over_websocket(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}")
            assert await channels.reason_of(peer.call("echo", {})) == reason

    asyncio.run(run())


def test_an_address_where_nobody_listens() -> None:
    async def run() -> None:
        peer = over_websocket(f"ws://127.0.0.1:{free_port()}")
        with pytest.raises(NodeUnreachable, match="cannot be reached"):
            await peer.call("echo", {})

    asyncio.run(run())


@pytest.mark.parametrize("url", ["http://localhost", "ws://", "ws://a:x", "wss:localhost", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(NodeAddressWrong):
        over_websocket(url)


@pytest.mark.parametrize("check", [channels.carries_values, channels.carries_errors], ids=name_of)
def test_calls_over_http(check: Any) -> None:
    """HTTP for its part: calls, and nothing that a node would have to begin."""

    async def work(node: Served) -> None:
        peer = Exchange(HttpTransport(f"http://127.0.0.1:{node.port}/"))
        await check(peer)
        await peer.close()

    serving.run(work, dispatcher=channels.Served().dispatcher())


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_a_client_writes_and_reads_over_either(scheme: str) -> None:
    schema = "0040" + "cd" * 64

    async def work(node: Served) -> None:
        signer = CryptographySigner.generate()
        async with Client(f"{scheme}://127.0.0.1:{node.port}/", signer) as panda:
            written = await panda.create_many(schema, [{"n": n} for n in range(20)])
            assert [each.error for each in written] == [None] * 20
            await panda.delete(schema, written[0].id)
            assert sorted(each["n"] for each in await panda.query(schema)) == list(range(1, 20))

    serving.run(work)
