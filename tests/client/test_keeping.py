"""The way to a node is kept: how it is, and what waits goes out by itself, on a real server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.node.dropping import allow, refuse
from panda_web.node.slices import Pace
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.link import LinkState
from panda_web.rpc.pauses import FIRST_PAUSE, LONGEST_PAUSE, Growing
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA
from tests.client.wires import Wire, wire
from tests.server import serving
from tests.server.serving import Served


async def come(states: AsyncIterator[LinkState], wanted: LinkState) -> None:
    async for state in states:
        if state == wanted:
            return


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_what_waits_goes_out_when_the_node_is_there_again(scheme: str) -> None:
    """The author writes while the node is out of reach, and nobody presses anything."""

    async def write(between: Wire) -> None:
        told: asyncio.Queue[tuple[int, PandaError | None]] = asyncio.Queue()
        signer = CryptographySigner(bytes(32))
        address = f"{scheme}://127.0.0.1:{between.port}/"
        async with Client(address, signer, store=MemoryStore()) as panda:
            await panda.key_made()
            states = panda.link.follow()
            assert await anext(states) == "idle"
            keeping = asyncio.create_task(panda.keep(lambda *what: told.put_nowait(what)))
            await come(states, "connected")
            between.down = True
            between.cut()
            await come(states, "unreachable")
            written = await panda.create(SCHEMA, {"n": 1})
            assert not written.acknowledged
            between.down = False
            panda.hurry()
            await come(states, "connected")
            assert await told.get() == (1, None)
            assert await panda.pending() == 0
            keeping.cancel()
        await come(states, "idle")

    async def work(node: Served) -> None:
        async with wire(node.port) as between:
            await write(between)

    serving.run(work)


def test_what_waits_though_the_session_went_on_is_sent_too() -> None:
    """A call failed, and what told of it was no end: the network was away for a moment, and is announced."""

    async def write(between: Wire) -> None:
        told: asyncio.Queue[tuple[int, PandaError | None]] = asyncio.Queue()
        signer = CryptographySigner(bytes(32))
        async with Client(f"http://127.0.0.1:{between.port}/", signer, store=MemoryStore()) as panda:
            await panda.key_made()
            keeping = asyncio.create_task(panda.keep(lambda *what: told.put_nowait(what)))
            await come(panda.link.follow(), "connected")
            between.down = True
            written = await panda.create(SCHEMA, {"n": 1})
            assert not written.acknowledged
            assert panda.link.state == "connected"
            between.down = False
            panda.hurry()
            assert await told.get() == (1, None)
            keeping.cancel()

    async def work(node: Served) -> None:
        async with wire(node.port) as between:
            await write(between)

    serving.run(work)


def test_a_node_without_a_session_is_called_from_time_to_time() -> None:
    slept: list[float] = []
    there: list[bool] = [True, False, True]

    class Sometimes(InProcess):
        async def send(self, body: bytes) -> bytes:
            return await super().send(body) if there[0] else b""

    async def run() -> None:
        over = asyncio.Event()

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            states.append(panda.link.state)
            there.pop(0)
            if not there:
                over.set()
                await asyncio.Event().wait()

        states: list[LinkState] = []
        dispatcher: Dispatcher = Node(Store(), CryptographyVerifier(), version="0").dispatcher()
        async with Client(Sometimes(dispatcher), sleep=sleep) as panda:
            keeping = asyncio.create_task(panda.keep())
            await over.wait()
            keeping.cancel()
        assert states == ["connected", "unreachable", "connected"]
        assert slept[0] == slept[2] == 30
        assert slept[1] <= FIRST_PAUSE

    asyncio.run(run())


def test_pauses_grow_up_to_a_bound_and_begin_anew() -> None:
    growing = Growing()
    pauses = [growing.next() for _ in range(20)]
    longest = [min(FIRST_PAUSE * 2**n, LONGEST_PAUSE) for n in range(20)]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))
    growing.again()
    assert growing.next() <= FIRST_PAUSE


def test_who_is_refused_is_told_why(tmp_path: Path) -> None:
    """The node is there, and takes nothing of this author: with what whoever runs it says."""

    async def work() -> None:
        told: asyncio.Queue[tuple[int, PandaError | None]] = asyncio.Queue()
        store, signer = Store(tmp_path / "node.db"), CryptographySigner(bytes(32))
        node = Node(store, CryptographyVerifier(), version="0")
        await refuse(store, signer.author, "Not here.", node.write, Pace(asyncio.sleep))
        way = InProcess(node.dispatcher())
        async with Client(way, signer, store=MemoryStore()) as panda:
            await panda.key_made()
            written = await panda.create(SCHEMA, {"n": 1})
            assert not written.acknowledged
            assert written.error is not None
            assert written.error.reason == "author-refused"
            keeping = asyncio.create_task(panda.keep(lambda *what: told.put_nowait(what)))
            sent, wrong = await told.get()
            assert (sent, wrong and wrong.reason) == (0, "author-refused")
            assert "Not here." in str(wrong)
            await allow(store, signer.author, node.write)
            panda.hurry()
            assert await told.get() == (1, None)
            keeping.cancel()
        store.close()

    asyncio.run(work())
