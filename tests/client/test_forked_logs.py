"""The forked logs that a node names, as a client reads them: each is proven, and no lie of a node is passed on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from panda_web import Client, PandaError
from panda_web.bamboo import MAX_PROOF, ForkProof
from panda_web.client import forks
from panda_web.client.drawn import Forked, ToldVote
from panda_web.rpc.errors import AnswerMalformed, InvalidParams
from panda_web.rpc.forks import MOST_VOTES
from panda_web.rpc.types import Json
from tests.authors import Author
from tests.client.test_picture import Lie, Told, honest
from tests.node.branches import Made
from tests.node.test_brought import Peered, note
from tests.node.test_forks import forked
from tests.node.test_votes import Forked as Votable
from tests.node.test_votes import trusting, voters


def read(node: Peered, lie: Lie = honest, *log: Any, **options: Any) -> tuple[Forked, ...]:
    async def run() -> tuple[Forked, ...]:
        async with Client(Told(node, lie)) as reader:
            return await reader.forked(*log, **options)

    return asyncio.run(run())


def told(change: Callable[[list[dict[str, Any]]], Json]) -> Lie:
    return lambda method, result: change(result) if method == "panda_getForkProofs" else result


def places(found: tuple[Forked, ...]) -> list[tuple[str, int, int]]:
    return [(each.author, each.log_id, each.fork.position) for each in found]


def test_what_is_proven_what_is_voted_and_what_is_followed() -> None:
    one, two, three = voters()
    log, node = Votable(), Peered(trust=trusting(two))
    assert read(node) == ()
    node.bring(*log.everything, log.vote(one, log.mine), log.vote(two, log.other))
    (found,) = read(node)
    mine, other = (branch[0].signed for branch in (log.mine, log.other))
    proof = ForkProof.of(mine.entry, other.entry)
    assert (found.author, found.log_id, found.second) == (log.author.hex, 1, 2)
    assert (found.fork.position, found.fork.shape, found.fork.places) == (2, "entries", (2, 2))
    assert found.fork.proof == proof.encode().hex()
    assert found.fork.branches == found.fork.entries
    assert {*found.fork.entries} == {mine.hash.hex(), other.hash.hex()}
    assert found.votes == (
        ToldVote(two.hex, other.hash.hex(), counted=True),
        ToldVote(one.hex, mine.hash.hex(), counted=False),
    )
    assert found.followed == other.hash.hex()

    async def picture() -> tuple[Forked, ...]:
        async with Client(Told(node, honest)) as reader:
            return (await reader.log(log.author.hex, 1)).forks

    assert asyncio.run(picture()) == (found,)
    again = Author(1)
    again.head = log.author.head
    node.bring(*(Made(*each.write(note(n))) for n, each in enumerate((log.author, again))))
    node.bring(log.vote(two, log.mine))
    first, behind = read(node, honest, log.author.hex, 1)
    assert (first.followed, behind.followed) == (mine.hash.hex(), None)
    assert behind.fork.position == 4, "on the branch that is followed, the log forks again"
    assert three.hex not in {vote.voter for vote in first.votes}


def test_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Peered()
    for number, log_id in ((1, 0), (1, 3), (2, 1), (3, 5), (4, 1)):
        node.bring(*forked(number, log_id))
    monkeypatch.setattr(forks, "PAGE", 2)
    found: tuple[Forked, ...] = ()
    while page := read(node, after=found[-1].place if found else None):
        assert len(page) <= 2
        found += page
    one = Author(1).hex
    everything = sorted(
        [(one, 0, 2), (one, 3, 2), *((Author(n).hex, at, 2) for n, at in ((2, 1), (3, 5), (4, 1)))]
    )
    assert places(found) == everything
    assert places(read(node, honest, one)) == [(one, 0, 2), (one, 3, 2)]
    assert places(read(node, honest, one, 0)) == [(one, 0, 2)], "log 0 is a log as others are"
    assert read(node, honest, one, 1) == ()
    every = everything_of(node)
    for log, said in (((one, 1), "more logs"), ((Author(9).hex,), "another log")):
        with pytest.raises(AnswerMalformed, match=said):
            read(node, told(lambda _: every[:2]), *log)
    with pytest.raises(AnswerMalformed, match="another log"):
        read(node, told(lambda _: every[1:2]), one, 1)


def everything_of(node: Peered) -> Any:
    return asyncio.run(node.node.get_fork_proofs(None, None, None, 10))


def test_a_node_that_is_too_old() -> None:
    assert read(Peered(), told(lambda _: {"code": -32601, "message": "No."})) == ()
    with pytest.raises(PandaError):
        read(Peered(), told(lambda _: {"code": -32000, "message": "No."}))


def halves(number: int) -> tuple[bytes, bytes]:
    log = forked(number)
    proof = ForkProof.of(log[1].signed.entry, log[-1].signed.entry)
    return proof.first.encode(), proof.second.encode()


def behind(half: bytes) -> bytes:
    """A second half in a proof: without author and log id."""
    return half[:1] + half[34:]


ONE, OTHER = halves(1)
VOTE = {"voter": "ab" * 32, "entry": f"0040{'0' * 128}", "counted": False}


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        (ONE + behind(ONE), "proves something: .*same entry"),
        (OTHER + behind(ONE), "wrong order"),
        (ONE + behind(OTHER) + b"\0", "proves something"),
        (ONE, "first half"),
        (b"", "proves something"),
        (bytes(MAX_PROOF + 1), "at most"),
        (forked(1)[0].signed.encoded + behind(ONE), "prove no fork"),
    ],
)
def test_proofs_that_are_none(proof: bytes, reason: str) -> None:
    node = Peered()
    node.bring(*forked(1))
    with pytest.raises(AnswerMalformed, match=reason):
        read(node, told(lambda found: [{**each, "proof": proof.hex()} for each in found]))


def test_a_proof_that_its_author_has_not_signed() -> None:
    node = Peered()
    node.bring(*forked(1))
    for at in (-1, len(ONE) - 1):
        proof = bytearray(ONE + behind(OTHER))
        proof[at] ^= 1
        lie = told(lambda found, proof=proof: [{**each, "proof": proof.hex()} for each in found])  # type: ignore[misc]
        with pytest.raises(PandaError) as wrong:
            read(node, lie)
        assert wrong.value.reason.startswith("signature")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found[::-1], "not in order"),
        (lambda found: [found[0], *found], "not in order"),
        (lambda found: found * 501, "more logs"),
        (lambda found: [{**each, "votes": [VOTE, VOTE]} for each in found], "two votes"),
        (lambda found: [{**each, "votes": [VOTE] * (MOST_VOTES + 1)} for each in found], "at most 10000"),
        (lambda found: [{**each, "votes": [{}]} for each in found], "entry"),
        (lambda found: [{**each, "followed": "00"} for each in found], "followed"),
        (lambda found: {"forks": found}, "array"),
    ],
)
def test_answers_that_are_none(change: Callable[[list[dict[str, Any]]], Json], said: str) -> None:
    node = Peered()
    for number in (1, 2):
        node.bring(*forked(number))
    with pytest.raises(AnswerMalformed, match=said):
        read(node, told(change))


def test_pages_that_do_not_go_on() -> None:
    node = Peered()
    node.bring(*forked(1))
    (last,) = found = read(node)
    every = everything_of(node)
    with pytest.raises(AnswerMalformed, match="not in order"):
        read(node, told(lambda _: every), after=last.place)
    assert read(node, after=found[-1].place) == ()


def test_what_is_no_log() -> None:
    one = Author(1).hex
    for name, options in (
        ("author", {"author": "me"}),
        ("author", {"log_id": 1}),
        ("log_id", {"author": one, "log_id": -1}),
        ("log_id", {"author": one, "log_id": True}),
        ("after", {"after": one}),
        ("after", {"after": 1}),
    ):
        with pytest.raises(InvalidParams, match=name):
            read(Peered(), **options)
