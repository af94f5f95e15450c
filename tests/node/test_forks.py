"""`panda_getForkProofs`: which logs are forked, each with what proves it."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from panda_web.bamboo import ForkProof, Head
from panda_web.log import recall
from panda_web.node.forks import proving
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.forks import GET_FORK_PROOFS, ForkedLog
from tests.authors import Author
from tests.node.branches import Made
from tests.node.test_brought import Peered, note


def forked(number: int, log_id: int = 1, at: int = 2) -> list[Made]:
    """A log of four entries, and another entry in one of its slots."""
    one, other = Author(number, log_id), Author(number, log_id)
    trunk = [Made(*each) for each in one.write_many([note(n) for n in range(at - 1)])]
    other.head = one.head
    return [
        *trunk,
        *(Made(*each) for each in one.write_many([note(n) for n in range(4)])),
        Made(*other.write(note(9))),
    ]


def places(found: Iterable[ForkedLog]) -> list[tuple[bytes, int, int]]:
    return [(each.proof.author, each.proof.log_id, each.proof.position) for each in found]


def ask(node: Peered, **params: Any) -> list[ForkedLog]:
    found: list[ForkedLog] = node.call(GET_FORK_PROOFS, **params)
    return found


def test_all_of_one_author_or_one_log_page_by_page() -> None:
    node = Peered()
    assert ask(node) == []
    for number, log_id, at in ((1, 1, 2), (1, 3, 1), (2, 1, 3), (3, 5, 2)):
        assert {each.state for each in node.bring(*forked(number, log_id, at))} == {"stored"}
    node.bring(*forked(4)[:-1])
    one, two, three = (Author(n).signer.author for n in (1, 2, 3))
    everything = sorted([(one, 1, 2), (one, 3, 1), (two, 1, 3), (three, 5, 2)])
    assert places(ask(node)) == everything
    assert places(ask(node, author=one.hex())) == [(one, 1, 2), (one, 3, 1)]
    assert places(ask(node, author=one.hex(), logId=3)) == [(one, 3, 1)]
    assert ask(node, author=Author(4).hex) == []
    found: list[ForkedLog] = []
    while page := ask(node, limit=1, after=found[-1].place if found else None):
        assert len(page) == 1
        found += page
    assert places(found) == everything


def test_what_goes_over_the_wire() -> None:
    node, log = Peered(), forked(1)
    node.bring(*log)
    (told,) = asyncio.run(node.node.get_fork_proofs(None, None, None, 10))
    proof = ForkProof.of(log[1].signed.entry, log[-1].signed.entry)
    assert told == {
        "author": Author(1).hex,
        "logId": 1,
        "position": 2,
        "entries": [proof.first.encode().hex(), proof.second.encode().hex()],
        "proof": proof.encode().hex(),
        "second": 1,
        "votes": [],
        "followed": None,
    }


def test_a_wrong_size_is_no_fork() -> None:
    """It proves that the author lied, but nothing that two could disagree on."""
    node, author = Peered(), Author(1)
    payload = note(1).encode()
    unsigned = Head().append(author.signer.author, 1, payload)
    (outcome,) = node.bring(Made(recall(author.sign(replace(unsigned, payload_size=1))), payload))
    assert (outcome.state, outcome.reason) == ("stored", "payload-size-mismatch")
    assert ask(node) == []


def test_logs_that_are_broken_otherwise_do_not_keep_the_answer_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "LOOKED_AT", 3)
    node = Peered()
    payload = note(1).encode()
    for log_id in (1, 3, 5):
        author = Author(1)
        unsigned = Head().append(author.signer.author, log_id, payload)
        node.bring(Made(recall(author.sign(replace(unsigned, payload_size=1))), payload))
    node.bring(*forked(1, 7))
    assert ask(node) == []
    (fork,) = ask(node, author=Author(1).hex, logId=7)
    assert fork.log == (Author(1).signer.author, 7)


@pytest.mark.parametrize(
    "after", ["", "/", "00/1", f"{'0' * 64}", f"{'0' * 64}/-1", f"{'0' * 64}/x", f"{'0' * 64}/" + "9" * 30]
)
def test_pages_that_are_none(after: str) -> None:
    with pytest.raises(ErrorFromNode, match="after"):
        ask(Peered(), after=after)


@pytest.mark.parametrize("proof", ["", "00", "zz", "00" * 2000])
def test_a_proof_from_a_node_that_proves_nothing(proof: str) -> None:
    with pytest.raises(ValueError, match="must"):
        ForkedLog.from_json({"proof": proof})
