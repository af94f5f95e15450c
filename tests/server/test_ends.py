"""Every wait for the other end has an end: on a real socket, with bounds that are shorter than the node's own."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import pytest

from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.methods import METHODS
from panda_web.server import answer, body, budget, connection, guests
from tests.server import serving
from tests.server.serving import Served

HEAD = b"POST / HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\n"
MIB = 1 << 20


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of a fraction of a second."""
    monkeypatch.setattr(guests, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(body, "FIRST_SECONDS", 0.3)
    monkeypatch.setattr(budget, "PATIENCE", 0.05)


Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Opens = Callable[..., Awaitable[Link]]


class Run(Protocol):
    def __call__(
        self, work: Callable[[Opens], Awaitable[None]], dispatcher: Dispatcher | None = None
    ) -> None: ...


@pytest.fixture(params=serving.KINDS)
def run(request: pytest.FixtureRequest) -> Run:
    """Does something with a server of each kind."""

    def run(work: Callable[[Opens], Awaitable[None]], dispatcher: Dispatcher | None = None) -> None:
        async def with_links(node: Served) -> None:
            links: list[Link] = []

            async def opens(sent: bytes = b"") -> Link:
                links.append(await asyncio.open_connection("127.0.0.1", node.port))
                links[-1][1].write(sent)
                return links[-1]

            try:
                await work(opens)
            finally:
                for _, writer in links:
                    writer.close()

        serving.run(with_links, request.param, dispatcher)

    return run


@pytest.mark.parametrize("sent", [b"", b"POST /", HEAD, b"GET /health HTTP/1.1\r\nHost: node\r\n\r\nGET"])
def test_a_head_that_does_not_come(
    run: Run, sent: bytes, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(opens: Opens) -> None:
        reader, writer = await opens(sent)
        if sent.endswith(b"GET"):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b" /")
        await _till_its_end(reader)

    run(work)


def test_a_body_that_stops(run: Run, short: None) -> None:
    async def work(opens: Opens) -> None:
        reader, _ = await opens(HEAD + b'Content-Length: 1000\r\n\r\n{"jsonrpc":"2.0","id":"x","method":')
        said = await _till_its_end(reader)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert b"body-too-slow" in said

    run(work)


def _large(size: int = 8 * MIB) -> Dispatcher:
    async def large(**_: object) -> Any:
        return "x" * size

    return Dispatcher(METHODS, {"panda_schemas": large})


ASKS = json.dumps({"jsonrpc": "2.0", "id": "1", "method": "panda_schemas"}).encode()
REQUEST = HEAD + b"Content-Length: %d\r\n\r\n" % len(ASKS) + ASKS


def test_an_answer_that_nobody_reads(run: Run, short: None) -> None:
    async def work(opens: Opens) -> None:
        reader, _ = await opens(REQUEST)
        await reader.readuntil(b"\r\n\r\n")  # to make the answer may take a busy machine longer than a second
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(1)  # the node has given up, and its socket holds what it was handed
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await _till_its_end(reader)) < 8 * MIB

    run(work, _large(32 * MIB))


def test_whoever_does_not_read_makes_room(run: Run, short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(answer, "BUDGET", 40 * MIB)

    async def work(opens: Opens) -> None:
        first, _ = await opens(REQUEST)
        first._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.3)
        reader, _ = await opens(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert len(await reader.readexactly(32 * MIB)) == 32 * MIB
        first._transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await _till_its_end(first)) < 32 * MIB

    run(work, _large(32 * MIB))


def test_an_answer_comes_whole(run: Run) -> None:
    async def work(opens: Opens) -> None:
        for _ in range(2):
            reader, writer = await opens(REQUEST)
            for again in range(2):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                assert json.loads(await reader.readexactly(length))["result"] == "x" * (8 * MIB)
                if not again:
                    writer.write(REQUEST)

    run(work, _large())


def test_a_batch_ends_with_its_connection(run: Run) -> None:
    begun: list[str] = []
    first = asyncio.Event()

    async def arguments(author: bytes, schema: str) -> Any:
        begun.append(schema)
        first.set()
        await asyncio.sleep(0.05)
        return {}

    one = {"jsonrpc": "2.0", "id": 1, "method": "panda_getEntryArguments"}
    params = {"author": "ab" * 32, "schema": "0040" + "ab" * 64}
    batch = json.dumps([{**one, "params": params}] * 200).encode()

    async def work(opens: Opens) -> None:
        _, writer = await opens(HEAD + b"Content-Length: %d\r\n\r\n" % len(batch) + batch)
        await first.wait()
        writer.close()
        before = -1
        while before < len(begun):
            before = len(begun)
            await asyncio.sleep(0.5)
        assert len(begun) < 100

    run(work, Dispatcher(METHODS, {"panda_getEntryArguments": arguments}))


async def _till_its_end(reader: asyncio.StreamReader) -> bytes:
    """What comes until the node ends the connection."""
    found = bytearray()
    try:
        while part := await reader.read(1 << 20):
            found += part
    except ConnectionError:
        pass
    return bytes(found)
