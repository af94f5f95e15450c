"""Votes by a client: signed as all else is, and counted by a node that trusts who votes."""

import asyncio

import pytest

from panda_web import Client, messages
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages.errors import VoteOnVotes
from panda_web.node.forks.trusting import Trust
from panda_web.rpc.errors import InvalidParams
from panda_web.rpc.forks import GET_FORK_PROOFS
from panda_web.rpc.transport import InProcess
from tests.authors import Author
from tests.node.test_brought import Made, Peered
from tests.node.test_votes import note


def test_a_vote_is_cast_changed_and_taken_back() -> None:
    voter, one, other = Author(3), Author(1), Author(1)
    node = Peered(trust=Trust(frozenset({voter.signer.author})))
    halves = [Made(*each.write(note(text))) for each, text in ((one, "one"), (other, "other"))]
    node.bring(*halves)
    client = Client(InProcess(node.node.dispatcher()), voter.signer, verifier=CryptographyVerifier())

    async def followed() -> bytes | None:
        await node.node.count_anew()  # a node that is served does so by itself
        (fork,) = await node.connection.call(GET_FORK_PROOFS)
        return fork.followed

    async def walk() -> None:
        assert await followed() is None
        cast = []
        for half in halves:
            cast.append(await client.vote(one.hex, 1, 1, half.signed.hash.hex()))
            assert (cast[-1].acknowledged, cast[-1].error) == (True, None)
            assert await followed() == half.signed.hash
        for each, left in zip(reversed(cast), (halves[0].signed.hash, None), strict=True):
            await client.delete(messages.FORK_VOTE, each.id)
            assert await followed() == left

    asyncio.run(walk())


def test_what_is_no_vote_is_not_signed() -> None:
    node, voter = Peered(), Author(3)
    client = Client(InProcess(node.node.dispatcher()), voter.signer, verifier=CryptographyVerifier())
    right = {"author": voter.hex, "log_id": 1, "seq_num": 1, "entry": f"0040{'0' * 128}"}
    for name, value in (
        ("author", "me"),
        ("log_id", -1),
        ("log_id", 1 << 31),
        ("seq_num", 0),
        ("entry", "00"),
    ):
        with pytest.raises(InvalidParams, match=name):
            asyncio.run(client.vote(**{**right, name: value}))  # type: ignore[arg-type]
    with pytest.raises(VoteOnVotes):
        asyncio.run(client.vote(**{**right, "log_id": 2}))  # type: ignore[arg-type]
    assert asyncio.run(client.acknowledged()) == {}
