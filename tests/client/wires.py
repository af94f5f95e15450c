"""A wire between a client and a server that runs in the test's event loop, which can be cut, and stay cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wire:
    """Forwards connections to a port of loopback.

    Attributes:
        port: where it listens.
        to: the port that connections go on to.
        down: whether connections end as soon as they are made.
        slow: bytes that pass at a time, each in a turn of its own; 0 for all that come.
    """

    def __init__(self, to: int) -> None:
        self.to = to
        self._open: set[asyncio.StreamWriter] = set()
        self._joined: set[asyncio.Task[None]] = set()
        self.port = 0
        self.down = False
        self.slow = 0

    def cut(self) -> None:
        """Ends all connections at once; what is on its way is lost."""
        for writer in self._open:
            writer.transport.abort()

    async def end(self) -> None:
        """Ends all of it, and returns when nothing is left."""
        self.down = True
        while self._joined:
            self.cut()
            await asyncio.wait(self._joined, timeout=0.01)

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forwards a connection."""
        task = asyncio.current_task()
        assert task is not None
        self._joined.add(task)
        task.add_done_callback(self._joined.discard)
        ends = {writer}
        self._open.add(writer)
        with suppress(OSError):
            if not self.down:
                there, back = await asyncio.open_connection("127.0.0.1", self.to)
                ends.add(back)
                self._open.add(back)
                await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        self._open -= ends
        for each in ends:
            each.transport.abort()

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
        await found.end()
