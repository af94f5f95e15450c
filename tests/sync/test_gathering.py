"""A key that was restored goes on behind what any node holds of its logs, wherever a copy of it wrote."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc.connection import Way
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.transport import InProcess
from panda_web.sync.gathering import gather
from tests.authors import SCHEMA
from tests.examples import examples

OTHER = "0040" + "cd" * 64
SIGNER = CryptographySigner(bytes(range(32)))


class Gone:
    """A node that is out of reach."""

    async def send(self, body: bytes) -> bytes:
        raise NodeUnreachable("It is gone.")

    async def close(self) -> None:
        pass


class Kept:
    """A node, with its store to look into."""

    def __init__(self) -> None:
        self.store = Store()
        self.node = Node(self.store, CryptographyVerifier(), version="0")
        self.way = InProcess(self.node.dispatcher())

    def ends(self) -> dict[int, int]:
        """Of each log of the author, where it ends; nothing of it is proven to be a fork."""
        found = {}
        for log_id in range(9):
            row = self.store.entries.log(SIGNER.author, log_id)
            if row is not None:
                assert row.whole, "no gap, and no fork"
                found[log_id] = row.seq_num
        return found


def client(way: Way, elsewhere: Mapping[str, Way] | None = None) -> Client:
    async def bring() -> Mapping[str, PandaError]:
        return await gather(SIGNER.author, elsewhere or {}, way)

    return Client(
        way,
        SIGNER,
        store=MemoryStore(),
        verifier=CryptographyVerifier(),
        gather=bring if elsewhere is not None else None,
    )


async def written(schemas: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """What a copy of the key signs, in order: entries with their messages."""
    found = []

    class Noted(InProcess):
        async def send(self, body: bytes) -> bytes:
            from panda_web.rpc import jsonrpc

            value = jsonrpc.loads(body)
            for each in value if isinstance(value, list) else [value]:
                if each["method"] == "panda_publishEntry":
                    params = each["params"]
                    found.append(
                        (bytes.fromhex(params["entryEncoded"]), bytes.fromhex(params["messageEncoded"]))
                    )
            return await super().send(body)

    kept = Kept()
    panda = client(Noted(kept.node.dispatcher()))
    await panda.key_restored()
    for n, schema in enumerate(schemas):
        await panda.create(schema, {"n": n})
    return found


@given(
    st.lists(st.sampled_from([SCHEMA, OTHER]), min_size=1, max_size=8),
    st.lists(st.integers(0, 8), min_size=2, max_size=4),
    st.sampled_from([SCHEMA, OTHER]),
)
@examples(1)
def test_wherever_the_copy_wrote(schemas: list[str], reached: list[int], schema: str) -> None:
    """Each node got what was written up to some entry, and no more."""

    async def run() -> None:
        entries = await written(schemas)
        nodes = [Kept() for _ in reached]
        for kept, count in zip(nodes, reached, strict=True):
            for entry, payload in entries[:count]:
                await kept.node.publish_entry(entry, payload)
        longest = max(nodes, key=lambda each: sum(each.ends().values())).ends()
        panda = client(nodes[0].way, {str(n): each.way for n, each in enumerate(nodes[1:])})
        await panda.key_restored()
        made = await panda.create(schema, {"n": 99})
        assert made.acknowledged
        ends = nodes[0].ends()
        assert sum(ends.values()) == sum(longest.values()) + 1
        assert all(ends[log] >= end for log, end in longest.items())
        for each in nodes[1:]:  # and what is there already fits before it
            for log, end in each.ends().items():
                assert end <= ends[log]

    asyncio.run(run())


def test_who_is_gone_is_told_and_the_others_are_asked() -> None:
    async def run() -> None:
        entries = await written([SCHEMA] * 3)
        node, peer = Kept(), Kept()
        for entry, payload in entries:
            await peer.node.publish_entry(entry, payload)
        wrong = await gather(SIGNER.author, {"gone": Gone(), "peer": peer.way}, node.way)
        assert {url: type(each) for url, each in wrong.items()} == {"gone": NodeUnreachable}
        assert node.ends() == peer.ends()

    asyncio.run(run())


def test_who_could_not_be_asked_is_asked_before_something_is_signed() -> None:
    """What is sent without anything new, as at each start of a page, does not count as having asked."""

    async def run() -> None:
        entries = await written([SCHEMA] * 3)
        node, peer = Kept(), Kept()
        for entry, payload in entries:
            await peer.node.publish_entry(entry, payload)
        elsewhere: dict[str, Way] = {"peer": Gone()}
        panda = client(node.way, elsewhere)
        await panda.key_restored()
        await panda.flush()
        elsewhere["peer"] = peer.way
        await panda.create(SCHEMA, {"n": 99})
        assert node.ends() == {log: end + 1 for log, end in peer.ends().items()}

    asyncio.run(run())


def test_a_node_that_takes_in_nothing_is_told() -> None:
    async def run() -> None:
        with pytest.raises(NodeUnreachable):
            await gather(SIGNER.author, {"peer": Kept().way}, Gone())

    asyncio.run(run())


def test_without_that_it_would_be_a_fork() -> None:
    """Why it is asked for: the node knows nothing, and the peer has what the copy wrote."""

    async def run() -> None:
        entries = await written([SCHEMA] * 2)
        node, peer = Kept(), Kept()
        for entry, payload in entries:
            await peer.node.publish_entry(entry, payload)
        panda = client(node.way)
        await panda.key_restored()
        await panda.create(SCHEMA, {"n": 99})
        await gather(SIGNER.author, {"peer": peer.way}, node.way)
        with pytest.raises(AssertionError, match="no fork"):
            node.ends()

    asyncio.run(run())


def test_nothing_is_signed_where_the_node_is_gone() -> None:
    async def run() -> None:
        panda = client(Gone(), {})
        await panda.key_restored()
        with pytest.raises(PandaError):
            await panda.create(SCHEMA, {"n": 1})
        assert await panda.pending() == 0

    asyncio.run(run())
