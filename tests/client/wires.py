"""A wire between a client and a server that runs in the test's event loop, which can be cut, and stay cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wire:
    """Forwards connections to a port of loopback.

    Attributes:
        port: where it listens.
        down: whether connections end as soon as they are made.
        slow: bytes that pass at a time, each in a turn of its own; 0 for all that come.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.down = False
        self.slow = 0

    def cut(self) -> None:
        """Ends all connections at once; what is on its way is lost."""
        for writer in self._open:
            writer.transport.abort()

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forwards a connection."""
        if self.down:
            writer.transport.abort()
            return
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            ends = {writer, back}
            self._open |= ends
            try:
                await asyncio.wait(
                    [
                        asyncio.ensure_future(self._pass(reader, back)),
                        asyncio.ensure_future(self._pass(there, writer)),
                    ]
                )
            finally:
                self._open -= ends

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(self.slow or 65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def wire(to: int) -> AsyncIterator[Wire]:
    """A wire to a port, as long as the block lasts."""
    found = Wire(to)
    server = await asyncio.start_server(found.join, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        found.cut()
