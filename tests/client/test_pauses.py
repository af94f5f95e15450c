"""A node that takes so many entries a second: the client waits as long as it is asked to, and goes on by itself."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages import SYSTEM_LOGS
from panda_web.node import Node, Store
from panda_web.node.rates import BURST_SECONDS, Rates
from panda_web.rpc.dispatch import Caller
from panda_web.rpc.pauses import MOST_WAITED
from panda_web.rpc.transport import InProcess

SCHEMA = "0040" + "ab" * 64


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds


class Charged(InProcess):
    """To a node that counts the calls of this client, as one does over HTTP."""

    def __init__(self, node: Node, rates: Rates) -> None:
        super().__init__(node.dispatcher())
        self._charge = Caller(charge=lambda count: rates.charge("me", count))

    async def send(self, body: bytes) -> bytes:
        return await self._dispatcher.handle(body, self._charge)


def written(connect: Callable[[Clock], Any], work: Callable[[Client], Awaitable[Any]]) -> tuple[Any, Clock]:
    clock = Clock()

    async def all_of_it() -> Any:
        signer = CryptographySigner(bytes(32))
        async with Client(
            connect(clock), signer, store=MemoryStore(), verifier=CryptographyVerifier(), sleep=clock.sleep
        ) as panda:
            return await work(panda)

    return asyncio.run(all_of_it()), clock


async def import_many(panda: Client) -> Any:
    return await panda.create_many(SCHEMA, [{"seats": number} for number in range(3 * BURST_SECONDS)])


def test_an_import_goes_on_at_the_rate_of_an_author() -> None:
    def connect(clock: Clock) -> Any:
        rates = Rates(1, "entries", "this author", clock=clock)
        return InProcess(Node(Store(), CryptographyVerifier(), version="0", rates=rates).dispatcher())

    made, clock = written(connect, import_many)
    assert all(one.acknowledged for one in made)
    assert 1.9 * BURST_SECONDS < sum(clock.pauses) < 2.1 * BURST_SECONDS


def test_an_import_goes_on_at_the_rate_of_an_address() -> None:
    def connect(clock: Clock) -> Any:
        rates = Rates(1, "calls", "this address", clock=clock)
        return Charged(Node(Store(), CryptographyVerifier(), version="0"), rates)

    made, clock = written(connect, import_many)
    assert all(one.acknowledged for one in made)
    assert sum(clock.pauses) > BURST_SECONDS


def test_who_reads_goes_on_at_the_rate_of_an_address() -> None:
    def connect(clock: Clock) -> Any:
        rates = Rates(1, "calls", "this address", clock=clock)
        return Charged(Node(Store(), CryptographyVerifier(), version="0"), rates)

    async def read_often(panda: Client) -> Any:
        return [len(await panda.query(SYSTEM_LOGS[0])) for _ in range(2 * BURST_SECONDS)]

    found, clock = written(connect, read_often)
    assert found == [0] * (2 * BURST_SECONDS)
    assert BURST_SECONDS - 2 < sum(clock.pauses) < BURST_SECONDS + 2


def test_a_node_that_asks_for_ever_is_not_waited_for() -> None:
    class Refuses(InProcess):
        async def send(self, body: bytes) -> bytes:
            if b"panda_publishEntry" not in body:
                return await super().send(body)
            data = {"reason": "rate-exceeded", "retryAfter": 7}
            error = {"code": -32000, "message": "Slow down.", "data": data}
            return json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()

    def connect(_: Clock) -> Any:
        return Refuses(Node(Store(), CryptographyVerifier(), version="0").dispatcher())

    made, clock = written(connect, lambda panda: panda.create(SCHEMA, {"seats": 1}))
    assert not made.acknowledged
    assert made.error.reason == "rate-exceeded"
    assert MOST_WAITED - 7 < sum(clock.pauses) <= MOST_WAITED
