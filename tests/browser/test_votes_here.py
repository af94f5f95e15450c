"""Forked logs in the site's own node: whose votes count there, and what is brought for that."""

import json
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from panda_web import messages
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.log import SignedEntry
from panda_web.messages import infer_all
from panda_web.rpc.connection import Connection
from panda_web.rpc.forks import GET_FORK_PROOFS, ForkedLog
from panda_web.rpc.methods import PUBLISH_ITEMS
from panda_web.rpc.transport import InProcess
from panda_web.rpc.wish import Wish
from tests.authors import Author
from tests.browser.test_home import NODE, Browser, Network, Visit, others_write, run
from tests.sync.world import author

Written = tuple[SignedEntry, bytes]


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def browser(tmp_path: Path, network: Network) -> Browser:
    return Browser(tmp_path / "panda.sqlite", network)


class Branches:
    """Somebody's log of posts, which forks behind its first entries.

    Args:
        trunk: how many come before.
    """

    def __init__(self, network: Network, schema: str, trunk: int = 1) -> None:
        self._node = Connection(InProcess(network.dispatcher))
        one, other = Author(1), Author(1)
        self.hex, self.position = one.hex, trunk + 1

        def posts(author: Author, *texts: str) -> list[Written]:
            return author.write_many([messages.create(schema, infer_all({"text": each})) for each in texts])

        self.trunk = posts(one, *(f"trunk {n}" for n in range(trunk)))
        other.head = one.head
        self.posts, self._one = posts, one
        self.one, self.other = posts(one, "one", "one more"), posts(other, "other")

    async def go_on(self, text: str) -> None:
        """One branch has one more."""
        await self.publish(self.posts(self._one, text))

    async def publish(self, *branches: Sequence[Written]) -> None:
        """Brings some of it to the node."""
        for branch in branches:
            items = [
                {"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()}
                for signed, payload in branch
            ]
            if items:
                await self._node.call(PUBLISH_ITEMS, items=items)

    def first(self, branch: Sequence[Written]) -> tuple[str, int, int, str]:
        """What is voted for, to have a branch followed."""
        return self.hex, 1, self.position, branch[0][0].hash.hex()


async def until(visit: Visit, schema: str, *texts: str) -> None:
    """Returns once these posts are shown, and no others; whoever looks follows them."""
    async with aclosing(visit.client.subscribe(schema)) as told:
        async for each in told:
            if sorted(str(one["text"]) for one in each.instances) == sorted(texts):
                return


async def forks(visit: Visit) -> list[ForkedLog]:
    return list(await visit.home.connection.call(GET_FORK_PROOFS))


def test_votes_of_the_trusted_are_brought_and_count(network: Network, browser: Browser) -> None:
    async def work() -> None:
        schema = await others_write(network)
        log = Branches(network, schema)
        await log.publish(log.trunk, log.one)
        async with author(network, 20) as trusted, author(network, 21) as stranger:
            async with browser.visit() as visit:
                assert (await visit.read(schema))[0] == ["one", "one more", "trunk 0"]
                await log.publish(log.other)
                await visit.home.trust([NODE], [trusted.author or ""], [visit.client.author or ""])
                await until(visit, schema, "trunk 0")  # what proves the fork came by itself
                await stranger.vote(*log.first(log.one))
                await trusted.vote(*log.first(log.other))
                await until(visit, schema, "trunk 0", "other")
                (fork,) = await forks(visit)
                assert [each.voter.hex() for each in fork.votes] == [trusted.author], "no others are brought"
                await visit.client.vote(*log.first(log.one))
                await until(visit, schema, "trunk 0")  # one each
                await trusted.vote(*log.first(log.one))
                await until(visit, schema, "trunk 0", "one", "one more")
                await log.go_on("one later")
                await stranger.vote(*log.first(log.other))
                await trusted.vote(*log.first(log.one))  # somebody whom it listens to says something
                await until(visit, schema, "trunk 0", "one", "one more", "one later")
                assert await visit.home.trust([NODE], [], []) == []
                await until(visit, schema, "trunk 0")
                await visit.home.trust([NODE], [trusted.author or ""], [])
                await until(visit, schema, "trunk 0", "one", "one more", "one later")
            await network.cut()
            async with browser.visit() as visit:  # nobody has said yet whom to trust
                assert (await visit.read(schema))[0] == ["one", "one later", "one more", "trunk 0"]
                assert await visit.home.trust([NODE], None, []) == [trusted.author]

    run(work())


def test_a_branch_comes_of_a_log_that_was_never_here(network: Network, browser: Browser) -> None:
    async def work() -> None:
        schema = await others_write(network, "theirs")
        log = Branches(network, schema, trunk=0)
        await log.publish(log.one, log.other)
        async with browser.visit() as visit, author(network, 20) as trusted:
            assert (await visit.read(schema))[0] == ["theirs"]
            await trusted.vote(*log.first(log.one))
            await visit.home.trust([NODE], [trusted.author or ""], [])
            await until(visit, schema, "theirs", "one", "one more")

    run(work())


def test_as_many_authors_as_may_be(network: Network, browser: Browser) -> None:
    """Fifty that a page names, and the reader's own: for votes, and for what is read."""

    async def work() -> None:
        schema = await others_write(network, "theirs")
        keys = [CryptographySigner(bytes((1, n)) * 16).author.hex() for n in range(50)]
        async with browser.visit() as visit:
            own = visit.client.author or ""
            assert sorted(await visit.home.trust([NODE], keys, [own])) == sorted([*keys, own])
            wish = Wish(frozenset(bytes.fromhex(each) for each in (*keys, own)))
            async with aclosing(visit.home.kept([NODE], schema, wish).follow()) as standings:
                async for here in standings:
                    assert here["error"] is None
                    if here["state"] == "whole":
                        break

    run(work())


class Unasked(Network):
    """A node that names the logs of everybody, whoever is asked for."""

    async def send(self, body: bytes) -> bytes:
        request = json.loads(body)
        for each in request if isinstance(request, list) else [request]:
            if each["method"] == "panda_getLogs":
                each["params"].pop("authors", None)
        return await super().send(json.dumps(request).encode())


def test_votes_that_nobody_asked_for_are_not_taken(tmp_path: Path) -> None:
    async def work() -> None:
        network = Unasked()
        browser = Browser(tmp_path / "panda.sqlite", network)
        schema = await others_write(network)
        log = Branches(network, schema)
        await log.publish(log.trunk, log.one, log.other)
        async with author(network, 20) as trusted, browser.visit() as visit:
            for number in range(30, 40):
                async with author(network, number) as stranger:
                    await stranger.vote(*log.first(log.other))
            await trusted.vote(*log.first(log.one))
            assert (await visit.read(schema))[0] == ["trunk 0"]
            await visit.home.trust([NODE], [trusted.author or ""], [])
            await until(visit, schema, "trunk 0", "one", "one more")
            (fork,) = await forks(visit)
            assert [each.voter.hex() for each in fork.votes] == [trusted.author]

    run(work())
