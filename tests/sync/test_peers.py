"""Who a node's peers are: those that were named stay, those that others tell of come, within bounds, and go."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from panda_web.errors import DiskFull, PandaError
from panda_web.node.groups import Groups
from panda_web.node.peers import KeptPeers
from panda_web.rpc.errors import NodeUnreachable, RpcError
from panda_web.rpc.peer import Peer as RpcPeer
from panda_web.rpc.peer import Progress
from panda_web.rpc.peers import MOST_PEERS, Found, Peer
from panda_web.rpc.within import in_process
from panda_web.sync import Platform, Source
from panda_web.sync.peers import GIVEN_UP, MOST_NEAR, MOST_OF_ONE, MOST_TOLD, Peers
from tests.authors import Author
from tests.sync.parties import Party
from tests.sync.world import PATIENCE, Between

Json = Any


class There(RpcPeer):
    """A way to whoever is at an address when it is called."""

    def __init__(self, world: "World", url: str) -> None:
        self._world = world
        self._url = url

    async def call(self, method: str, params: Mapping[str, Json], progress: Progress | None = None) -> Json:
        self._world.called.append(self._url)
        there = self._world.nodes.get(self._url)
        if there is None:
            raise NodeUnreachable(f"Nobody is at {self._url}.")
        return await there.call(method, params, progress)

    async def call_batch(self, method: str, calls: Sequence[Mapping[str, Json]]) -> Sequence[Json | RpcError]:
        raise NotImplementedError

    async def close(self) -> None:
        pass


class World:
    """Nodes by their addresses. What is not there cannot be reached."""

    def __init__(self) -> None:
        self.nodes: dict[str, RpcPeer] = {}
        self.called: list[str] = []

    def node(self, url: str) -> Party:
        party = Party()
        self.nodes[url] = in_process(party.dispatcher)
        return party

    def reach(self, url: str, found: Found) -> Source:
        return Source(url, There(self, url))

    @asynccontextmanager
    async def peers(self, here: Party, *named: str, finds: bool = True) -> AsyncIterator[Peers]:
        platform = Platform(here.clock.sleep, here.clock)
        peers = Peers(
            here.here, here.node.places, here.node.lacks, here.node.peers, self.reach, platform, finds=finds
        )
        for url in named:
            peers.add(url, "named")
        running = asyncio.create_task(peers.run())
        try:
            yield peers
        finally:
            running.cancel()
            await asyncio.wait([running])


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


def found(peers: Peers, how: Found) -> set[str]:
    return {each.url for each in peers.all if each.found == how}


ONE, OTHER, THIRD = (f"https://{name}.example/" for name in ("one", "other", "third"))


async def in_contact(party: Party, *urls: str) -> None:
    """As if a node had been in contact with others."""
    for url in urls:
        await party.node.peers.put(Peer(url, "named", last_contact=time.time()))


def test_a_peer_tells_of_others_and_what_they_have_comes_too() -> None:
    async def run() -> None:
        world, here = World(), Party()
        one, other = world.node(ONE), world.node(OTHER)
        await in_contact(one, OTHER)
        await other.write(Author(1), 3)
        async with world.peers(here, ONE) as peers:
            await until(lambda: found(peers, "told") == {OTHER})
            (told,) = (each for each in peers.all if each.found == "told")
            await until(lambda: any(each.brought == 3 for each in peers.all))
            assert told.url == OTHER
            await until(lambda: any(each.brought == 3 for each in here.node.peers.all()))

    asyncio.run(run())


def test_nobody_is_looked_for_where_nobody_said_so() -> None:
    async def run() -> None:
        world, here = World(), Party()
        await in_contact(world.node(ONE), OTHER)
        world.node(OTHER)
        async with world.peers(here, ONE, finds=False) as peers:
            await until(lambda: peers.all[0].last_contact is not None)
            await asyncio.sleep(0.1)
        assert set(world.called) == {ONE}

    asyncio.run(run())


def telling(party: Party, *urls: str) -> RpcPeer:
    """A node that tells of peers what it likes."""

    def otherwise(method: str, params: Mapping[str, Json], answer: Json) -> Json:
        told = [{"url": each, "lastContact": 1} for each in urls]
        return {"peers": told} if method == "panda_getPeers" else answer

    return Between(in_process(party.dispatcher), otherwise)


@pytest.mark.parametrize(
    "urls",
    [
        [
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "http://node.example/",
            "https://localhost/",
            "file:///x",
            "",
        ],
        [f"https://192.168.0.{n}/" for n in range(MOST_PEERS)],
        [f"https://n{n}.example/" for n in range(MOST_PEERS + 1)],
    ],
)
def test_a_hostile_list_has_nobody_called(urls: list[str]) -> None:
    async def run() -> None:
        world, here, one = World(), Party(), Party()
        world.nodes[ONE] = telling(one, *urls)
        async with world.peers(here, ONE) as peers:
            await until(lambda: peers.all[0].last_contact is not None)
            await asyncio.sleep(0.1)
            assert {each.url for each in peers.all} == {ONE}
        assert set(world.called) == {ONE}

    asyncio.run(run())


def test_nobody_fills_the_list_alone() -> None:
    async def run() -> None:
        world, here = World(), Party()
        tellers = [f"https://teller{n}.example/" for n in range(MOST_TOLD)]
        for n, teller in enumerate(tellers):
            world.nodes[teller] = telling(Party(), *(f"https://n{n}-{m}.example/" for m in range(MOST_PEERS)))
        async with world.peers(here, tellers[0]) as peers:
            await until(lambda: len(found(peers, "told")) == MOST_OF_ONE)
            await asyncio.sleep(0.1)
            assert len(found(peers, "told")) == MOST_OF_ONE
        async with world.peers(here, *tellers) as peers:
            await until(lambda: len(found(peers, "told")) == MOST_TOLD)
            await asyncio.sleep(0.1)
            assert len(found(peers, "told")) == MOST_TOLD

    asyncio.run(run())


def test_one_that_was_told_of_and_is_not_there_makes_room_and_one_that_was_named_stays() -> None:
    async def run() -> None:
        world, here = World(), Party()
        world.nodes[ONE] = telling(Party(), OTHER)
        async with world.peers(here, ONE, THIRD) as peers:
            await until(lambda: found(peers, "told") == {OTHER})
            here.clock.slept.append(GIVEN_UP + 1)
            await until(lambda: not found(peers, "told"))
            await asyncio.sleep(0.1)  # it is asked again who there is, and does not try that one anew
            assert found(peers, "told") == set()
            assert found(peers, "named") == {ONE, THIRD}
            await until(lambda: {each.url for each in here.node.peers.all()} == {ONE, THIRD})

    asyncio.run(run())


def test_those_that_were_found_are_there_after_a_start_and_others_are_forgotten() -> None:
    async def run() -> None:
        world, here = World(), Party()
        world.nodes[ONE] = telling(Party(), OTHER)
        world.node(OTHER)
        async with world.peers(here, ONE, THIRD) as peers:
            await until(lambda: any(each.url == OTHER for each in here.node.peers.all()))
        del world.nodes[ONE]
        async with world.peers(here, ONE) as peers:
            await until(lambda: found(peers, "told") == {OTHER})
            await until(lambda: {each.url for each in here.node.peers.all()} == {ONE, OTHER})
        async with world.peers(here, ONE, finds=False) as peers:
            await until(lambda: {each.url for each in here.node.peers.all()} == {ONE})
            assert found(peers, "told") == set()

    asyncio.run(run())


def test_near_ones_come_and_go() -> None:
    async def run() -> None:
        world, here = World(), Party()
        near = [f"http://192.168.0.{n}:2020/" for n in range(1, 2 + MOST_NEAR)]
        async with world.peers(here, near[0]) as peers:
            assert not peers.add(near[0], "near")
            assert [peers.add(each, "near") for each in near[1:]] == [True] * MOST_NEAR
            assert not peers.add("http://192.168.0.99:2020/", "near")
            for each in near:
                peers.remove(each, "near")
            assert {each.url for each in peers.all} == {near[0]}  # it was named
            await until(lambda: {each.url for each in here.node.peers.all()} == {near[0]})

    asyncio.run(run())


def test_others_are_told_of_public_ones_that_answered_lately() -> None:
    async def run() -> None:
        here = Party()
        now = here.clock()
        kept = KeptPeers(here.store, Groups(here.store), here.clock)
        for url, at in [
            (ONE, now - 5),
            (OTHER, now - 8 * 24 * 3600),
            (THIRD, None),
            ("http://10.0.0.1/", now),
        ]:
            await kept.put(Peer(url, "named", last_contact=at))
        assert [(each.url, each.last_contact) for each in kept.told()] == [(ONE, int(now) - 5)]
        assert [each.url for each in kept.all()][:2] == ["http://10.0.0.1/", ONE]

    asyncio.run(run())


def test_a_full_disk_stops_nobody() -> None:
    async def run() -> None:
        world, here = World(), Party()
        await world.node(ONE).write(Author(1), 2)

        class Full(KeptPeers):
            async def put(self, peer: Peer) -> None:
                raise DiskFull("There is no room.")

        here.node.peers = Full(here.store, Groups(here.store))
        async with world.peers(here, ONE) as peers:
            await until(lambda: peers.all[0].brought == 2)

    asyncio.run(run())


def test_an_error_is_kept_in_words() -> None:
    async def run() -> None:
        world, here = World(), Party()
        async with world.peers(here, ONE):
            await until(lambda: any(each.wrong == f"Nobody is at {ONE}." for each in here.node.peers.all()))
            world.node(ONE)
            await until(lambda: here.node.peers.all()[0].wrong is None)

    asyncio.run(run())


def test_pandaerror_is_what_a_reach_may_raise() -> None:
    async def run() -> None:
        here = Party()

        def reach(url: str, found: Found) -> Source:
            raise PandaError("It is none.")

        peers = Peers(
            here.here,
            here.node.places,
            here.node.lacks,
            here.node.peers,
            reach,
            Platform(here.clock.sleep, here.clock),
        )
        with pytest.raises(PandaError):
            peers.add("x", "named")
        assert peers.all == []

    asyncio.run(run())
