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
from panda_web.rpc.again import TIMES, Again
from panda_web.rpc.caller import SESSION
from panda_web.rpc.channel import Channel
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.errors import ConnectionEnded, NodeAddressWrong, NodeUnreachable
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.peer import Exchange
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Session
from panda_web.rpc.transport import MAX_ANSWER
from panda_web.rpc.types import Json
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


# -- calls that outlive a session --------------------------------------------------------------------


class Going:
    """Sessions with somebody who ends some of them in the middle of a call.

    Args:
        ends: of which sessions, counted from 1.
    """

    def __init__(self, *ends: int) -> None:
        self._ends = ends
        self.opened = 0
        self.carried_out = 0
        self.sessions = Reopening(self._reach)

    async def _reach(self) -> Channel:
        self.opened += 1
        ours, theirs = pair()
        handlers = {"echo": self._hang_up if self.opened in self._ends else self._echo}
        Session(theirs, Dispatcher({"echo": channels.SERVED["echo"]}, handlers)).start()
        return ours

    async def _echo(self, value: Json) -> Json:
        self.carried_out += 1
        return value

    async def _hang_up(self, value: Json) -> Json:
        self.carried_out += 1
        session = SESSION.get()
        assert session is not None
        await session.close()
        return value


def test_a_call_is_made_again_when_its_session_has_ended() -> None:
    async def run() -> None:
        node = Going(1, 2, 4)
        peer = Again(node.sessions)
        assert await peer.call("echo", {"value": 1}) == 1
        assert (node.opened, node.carried_out) == (3, 3)
        await node.sessions.close()
        with pytest.raises(ConnectionEnded):
            await peer.call("echo", {"value": 1})

    asyncio.run(run())


def test_a_call_is_not_made_again_for_ever() -> None:
    async def run() -> None:
        node = Going(*range(1, 100))
        with pytest.raises(ConnectionEnded):
            await Again(node.sessions).call_batch("echo", [{"value": 1}])
        assert node.opened == TIMES

    asyncio.run(run())


def test_whoever_closes_it_ends_what_is_under_way() -> None:
    async def run() -> None:
        peer = Again(in_process(channels.Served().dispatcher()))
        waiting = asyncio.ensure_future(peer.call("wait", {}))
        await peer.call("echo", {"value": 1})
        await peer.close()
        with pytest.raises(ConnectionEnded):
            await waiting

    asyncio.run(run())


@pytest.mark.parametrize("check", channels.CALLS, ids=name_of)
def test_calls_made_again_in_process(check: Any) -> None:
    async def run() -> None:
        peer = Again(in_process(channels.Served().dispatcher()))
        await check(peer)
        await peer.close()

    asyncio.run(run())
