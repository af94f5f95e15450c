"""Nodes that lie over the wire, each on a port of its own: HTTP and WebSocket by hand, bytes counted."""

import asyncio
import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from tests.authors import Author

Json = Any
Answer = Callable[["Liar", str, Json, Json], Json]
"""What a liar answers: to a method, with params, in place of what an honest node says."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Writer:
    """Writes to one client, and counts."""

    def __init__(self, liar: "Liar", stream: asyncio.StreamWriter) -> None:
        self._liar = liar
        self._stream = stream

    async def write(self, data: bytes) -> None:
        """Returns once there is room for more."""
        self._liar.sent += len(data)
        self._stream.write(data)
        await self._stream.drain()

    async def tell(self, text: bytes) -> None:
        """A text over a WebSocket."""
        await self.write(framed(text))


def framed(text: bytes, size: int | None = None) -> bytes:
    """A text of one frame, as a server sends it; it may say that it has another size."""
    size = len(text) if size is None else size
    if size < 126:
        return bytes([0x81, size]) + text
    return b"\x81\x7f" + size.to_bytes(8, "big") + text


Raw = Callable[[Writer], Awaitable[None]]
"""What a liar writes, whatever it was asked."""


@dataclass
class Liar:
    """A node that lies.

    Attributes:
        answer: what it answers to a call.
        raw: what it says to a POST in place of HTTP.
        socket: what it says over a WebSocket once that is open; None where it speaks none.
        hasty: whether it answers over a WebSocket, at once, where it is asked to wait.
        entries: of its author, which it has.
        sent: bytes.
        asked: calls, and connections of the others.
        url: its address.
        node: that speaks the truth.
    """

    answer: Answer = lambda _, __, ___, answer: answer
    raw: Raw | None = None
    socket: Raw | None = None
    hasty: bool = False
    entries: int = 3
    sent: int = 0
    asked: int = 0
    url: str = ""
    node: Node | None = None
    tasks: set[Any] = field(default_factory=set)

    async def serve(self, number: int) -> None:
        """Begins; ends with the event loop."""
        self.node = Node(Store(), CryptographyVerifier(), version="0")
        author = Author(number)
        for signed, payload in [author.create(n=n) for n in range(self.entries)]:
            await self.node.publish_entry(signed.encoded, payload)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.tasks.add(server)
        self.url = f"http://localhost:{server.sockets[0].getsockname()[1]}/"

    async def _serve(self, reader: asyncio.StreamReader, stream: asyncio.StreamWriter) -> None:
        writer = Writer(self, stream)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                self.asked += 1
                headers = {
                    name.lower(): value.strip() for name, _, value in (e.partition(":") for e in head[1:])
                }
                if "sec-websocket-key" in headers:
                    await self._upgrade(headers, reader, writer)
                    break
                body = await reader.readexactly(int(headers["content-length"]))
                if self.raw is not None:
                    await self.raw(writer)
                    break
                answer = await self._answered(body)
                await writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(answer) + answer)
        stream.close()

    async def _upgrade(
        self, headers: Mapping[str, str], reader: asyncio.StreamReader, writer: Writer
    ) -> None:
        if self.socket is None and not self.hasty:
            await writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        key = headers["sec-websocket-key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key).digest())
        await writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        if self.socket is not None:
            await self.socket(writer)
        while True:
            kind, size = await reader.readexactly(2)
            size &= 0x7F
            if size > 125:
                size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
            mask = await reader.readexactly(4)
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(await reader.readexactly(size)))
            if kind & 0xF == 9:
                await writer.write(bytes([0x8A, len(data)]) + data)
            if kind & 0xF == 1:
                await writer.tell(await self._answered(data))

    async def _answered(self, body: bytes) -> bytes:
        assert self.node is not None
        call = json.loads(body)
        params = {name: value for name, value in call.get("params", {}).items() if name != "wait"}
        honest = await self.node.dispatcher().handle(json.dumps({**call, "params": params}).encode())
        reply = json.loads(honest) if honest else {}
        if "result" in reply:
            reply["result"] = self.answer(self, call["method"], params, reply["result"])
        return json.dumps(reply).encode()


@contextlib.contextmanager
def served(liars: Mapping[str, Liar]) -> Iterator[None]:
    """All of them serve as long as the block lasts, in a thread of their own."""
    begun = threading.Event()
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        for number, each in enumerate(liars.values(), 100):
            await each.serve(number)
        begun.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        task = loop.create_task(begin())
        loop.run_forever()
        for liar in liars.values():
            for server in liar.tasks:
                server.close()
        for each in [task, *asyncio.all_tasks(loop)]:
            each.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert begun.wait(30)
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
