"""Followers over real WebSockets who do not read: what is kept for them is bounded, and they miss nothing."""

import asyncio
import json

import pytest
from websockets.asyncio.client import ClientConnection, connect

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.node.live import live
from panda_web.node.live.looking import MAX_TOLD
from panda_web.rpc.within import in_process
from panda_web.server import Edge, Sessions, UnderWay
from panda_web.server.budget import Budget
from tests.defining import loose
from tests.server import serving
from tests.server.serving import Served

FOLLOWERS = 6
INSTANCES = 30
LARGE = "x" * (200 << 10)


@pytest.mark.parametrize("budget", [64 << 20, 600 << 10], ids=["room", "little room"])
def test_who_does_not_read_costs_one_notification(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAUSE", 0.01)
    node = Node(Store(), CryptographyVerifier(), version="0")
    under_way = UnderWay(answers=Budget(budget, clock=lambda: 0.0))  # nobody is cut off for others

    async def read(link: ClientConnection, ids: set[str]) -> None:
        seen: set[str] = set()
        while seen != ids:
            told = json.loads(await link.recv())["params"]
            seen |= {each["id"] for each in told["changes"]}
        await link.close()

    async def work(served: Served) -> None:
        author = Client(in_process(node.dispatcher()), CryptographySigner(bytes(32)), store=MemoryStore())
        schema = str((await author.define(loose(text="text"))).id)
        call = {"jsonrpc": "2.0", "id": "1", "method": "panda_subscribe", "params": {"schema": schema}}
        url = f"ws://127.0.0.1:{served.port}/"
        links = [await connect(url, max_size=None, max_queue=1) for _ in range(FOLLOWERS)]
        for link in links:
            await link.send(json.dumps(call))
            assert "subscription" in json.loads(await link.recv())["result"]
        most = 0
        ids = set()
        for _ in range(INSTANCES):
            ids.add((await author.create(schema, {"text": LARGE})).id)
            await asyncio.sleep(0.01)
            most = max(most, under_way.answers.used)
        assert most <= min(budget, FOLLOWERS * 2 * MAX_TOLD)
        async with asyncio.timeout(30):  # all at once: there is room for a few of them at a time
            await asyncio.gather(*(read(link, ids) for link in links))
        await author.close()

    serving.run(work, dispatcher=node.dispatcher(), opened=Sessions(node.dispatcher(), Edge(), under_way))
