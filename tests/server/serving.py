"""A server within the test's own event loop, of either kind."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from panda_web.cli.serve import served_by
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc.dispatch import Dispatcher
from panda_web.server import Edge, Sessions, UnderWay, application, fastest
from panda_web.server.connection import Connection
from panda_web.server.guests import Guests
from panda_web.server.socket import Opened
from panda_web.server.with_h11 import WithH11

KINDS = ("fastest", "plain")
Work = Callable[["Served"], Awaitable[None]]


class Served:
    """A server that runs.

    Attributes:
        port: on loopback.
        end: ends it, and returns when it has ended.
    """

    def __init__(self, port: int, end: Callable[[], Awaitable[None]]) -> None:
        self.port = port
        self.end = end


@asynccontextmanager
async def served(
    kind: type[Connection], dispatcher: Dispatcher | None = None, opened: Opened | None = None
) -> AsyncIterator[Served]:
    """A server. By default with a node's methods, by POST and over WebSockets."""
    dispatcher = dispatcher or Node(Store(), CryptographyVerifier(), version="0").dispatcher()
    under_way, guests = UnderWay(), Guests()
    sessions: Any = opened or Sessions(dispatcher, Edge(), under_way)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = application(dispatcher, under_way=under_way)
        server = uvicorn.Server(served_by(app, sessions, guests, kind=kind))
        serving = asyncio.create_task(server.serve([listener]))
        watching = asyncio.create_task(guests.watch())

        async def end() -> None:
            server.should_exit = True
            await serving
            assert not guests, "every connection has left"

        try:
            yield Served(listener.getsockname()[1], end)
        finally:
            await end()
            watching.cancel()


def run(
    work: Work, kind: str = KINDS[0], dispatcher: Dispatcher | None = None, opened: Opened | None = None
) -> None:
    """Does something with a server."""
    fast = kind == KINDS[0]
    if fast and fastest.Kind is WithH11:
        pytest.skip("there is no httptools here")

    async def all_of_it() -> None:
        async with asyncio.timeout(60), served(fastest.Kind if fast else WithH11, dispatcher, opened) as node:
            await work(node)

    with asyncio.Runner(loop_factory=fastest.new_loop if fast else None) as runner:
        runner.run(all_of_it())
