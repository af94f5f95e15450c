"""Votes: a branch that wins counts again; what a node shows hangs on what it holds and whom it trusts."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from panda_web import messages
from panda_web.bamboo import Unsigned, digest
from panda_web.log import SignedEntry, recall
from panda_web.messages import FORK_VOTE, FORK_VOTE_LOG, Message, Vote, infer_all
from panda_web.node.forks import following
from panda_web.node.forks.trusting import Trust
from panda_web.rpc.forks import GET_FORK_PROOFS, ForkedLog, HeldVote
from tests.authors import Author
from tests.node.branches import NOTE_ID, Made
from tests.node.test_brought import Peered


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done at once hangs on how many entries there are, and not on how busy the machine is."""
    monkeypatch.setattr(following, "AT_ONCE_SECONDS", 60.0)


def note(text: str) -> Message:
    return messages.create(NOTE_ID, infer_all({"text": text}))


class Forked:
    """A log of notes that forks, and who votes about it.

    Args:
        trunk: how many entries come before the fork.
        mine: how many are on one branch.
        other: how many are on the other one.
    """

    def __init__(self, trunk: int = 1, mine: int = 2, other: int = 2, number: int = 1) -> None:
        self.author, self.elsewhere = Author(number), Author(number)
        self.trunk = [Made(*each) for each in self.author.write_many([note(f"t{n}") for n in range(trunk)])]
        self.elsewhere.head = self.author.head
        self.mine = [Made(*each) for each in self.author.write_many([note(f"m{n}") for n in range(mine)])]
        self.other = [
            Made(*each) for each in self.elsewhere.write_many([note(f"o{n}") for n in range(other)])
        ]
        self.position = trunk + 1

    def vote(self, voter: Author, branch: Sequence[Made], at: int | None = None) -> Made:
        """A vote for a branch, or for what another one has at a place."""
        place = self.position if at is None else at
        chosen = next(each for each in branch if each.place[2] == place)
        return Made(*voter.write(Vote(*chosen.place, chosen.signed.hash).message()))

    @property
    def everything(self) -> list[Made]:
        return [*self.trunk, *self.mine, *self.other]


def voters(count: int = 3) -> list[Author]:
    return [Author(10 + number, log_id=FORK_VOTE_LOG) for number in range(count)]


def trusting(*trusted: Author, quorum: int = 1) -> Trust:
    return Trust(frozenset(each.signer.author for each in trusted), quorum)


def texts(node: Peered) -> list[str]:
    return sorted(node.shown().values())


def forks(node: Peered) -> list[ForkedLog]:
    found: list[ForkedLog] = node.call(GET_FORK_PROOFS)
    return found


def test_a_branch_that_wins_is_shown_and_goes_on() -> None:
    one, two, three = voters()
    log, node = Forked(), Peered(trust=trusting(one, two))
    node.bring(*log.everything)
    assert texts(node) == ["t0"]
    node.bring(log.vote(three, log.other))
    assert texts(node) == ["t0"], "nobody here trusts that voter"
    node.bring(log.vote(one, log.mine))
    assert texts(node) == ["m0", "m1", "t0"]
    later = Made(*log.author.update(log.mine[0].signed.hash, NOTE_ID, text="changed"))
    (outcome,) = node.bring(later)
    assert (outcome.state, outcome.reason) == ("stored", None)
    (outcome,) = node.bring(Made(*log.elsewhere.write(note("o2"))))
    assert (outcome.state, outcome.reason) == ("stored", "log-condemned")
    assert texts(node) == ["changed", "m1", "t0"]
    node.bring(log.vote(two, log.other))
    assert texts(node) == ["t0"], "a tie changes nothing back"
    node.bring(log.vote(one, log.other))
    assert texts(node) == ["o0", "o1", "o2", "t0"]


def test_a_quorum() -> None:
    one, two, three = voters()
    log, node = Forked(), Peered(trust=trusting(one, two, three, quorum=2))
    node.bring(*log.everything)
    for voter, branch, shown in ((one, log.mine, 1), (two, log.other, 1), (three, log.mine, 3)):
        node.bring(log.vote(voter, branch))
        assert len(texts(node)) == shown


def test_votes_before_the_branches_and_the_proof() -> None:
    (one,) = voters(1)
    log, node = Forked(), Peered(trust=trusting(one))
    node.bring(log.vote(one, log.other))
    node.bring(*log.trunk, *log.mine)
    assert texts(node) == ["m0", "m1", "t0"]
    node.bring(log.other[0])
    assert texts(node) == ["o0", "t0"]
    node.bring(log.other[1])
    assert texts(node) == ["o0", "o1", "t0"]


def test_what_a_node_says_of_votes() -> None:
    one, two, three = voters()
    log, node = Forked(), Peered(trust=trusting(two))
    node.bring(*log.everything)
    (fork,) = forks(node)
    assert (fork.proof.position, [*fork.votes], fork.followed) == (2, [], None)
    node.bring(log.vote(one, log.mine), log.vote(two, log.other), log.vote(three, log.mine))
    node.bring(log.vote(three, log.other))
    (fork,) = forks(node)
    mine, other = (branch[0].signed.hash for branch in (log.mine, log.other))
    uncounted = sorted([(one.signer.author, mine), (three.signer.author, other)])
    assert [*fork.votes] == [
        HeldVote(two.signer.author, other, counted=True),
        *(HeldVote(*each, counted=False) for each in uncounted),
    ]
    assert fork.followed == other
    (fork,) = node.call(GET_FORK_PROOFS, limit=1000)
    assert len(fork.votes) == 3


def test_many_voters_that_nobody_trusts() -> None:
    """They cost what they take, change nothing, and are told in part, behind those that count."""
    (one,) = voters(1)
    log, node = Forked(), Peered(trust=trusting(one))
    strangers = [Author(100 + number, log_id=FORK_VOTE_LOG) for number in range(60)]
    node.bring(*log.everything, *(log.vote(each, log.other) for each in strangers))
    node.bring(log.vote(one, log.mine))
    assert texts(node) == ["m0", "m1", "t0"]
    (fork,) = node.call(GET_FORK_PROOFS, limit=1000)
    assert [each.counted for each in fork.votes] == [True, *[False] * 9]


def test_a_fork_at_the_first_entry_and_a_fork_within_a_branch() -> None:
    (one,) = voters(1)
    log, node = Forked(trunk=0, mine=3), Peered(trust=trusting(one))
    again = Author(1)
    again.head = again.head.advance(log.mine[0].signed.hash)
    inner = [Made(*each) for each in again.write_many([note("i0"), note("i1")])]
    node.bring(*log.everything, *inner)
    assert texts(node) == []
    node.bring(log.vote(one, log.mine))
    assert texts(node) == ["m0"]
    assert [(each.proof.position, each.followed is None) for each in forks(node)] == [(1, False), (2, True)]
    node.bring(log.vote(one, inner, at=2))
    assert texts(node) == ["i0", "i1", "m0"]
    assert [each.followed for each in forks(node)] == [log.mine[0].signed.hash, inner[0].signed.hash]
    node.bring(log.vote(one, log.other))
    assert texts(node) == ["o0", "o1"]
    assert [each.proof.position for each in forks(node)] == [1]


def test_an_end_of_log_on_one_branch() -> None:
    (one,) = voters(1)
    log, node = Forked(other=0), Peered(trust=trusting(one))
    elsewhere = log.elsewhere
    last = elsewhere.head.append(elsewhere.signer.author, 1, note("end").encode(), end_of_log=True)
    end = Made(*_signed(elsewhere, last, note("end")))
    node.bring(*log.everything, end, log.vote(one, log.mine))
    assert texts(node) == ["m0", "m1", "t0"], "the end is on the other branch"
    node.bring(log.vote(one, [end]))
    assert texts(node) == ["end", "t0"]
    elsewhere.head = elsewhere.head.advance(end.signed.hash)
    node.bring(behind := Made(*elsewhere.write(note("behind"))))
    assert texts(node) == ["end", "t0"]
    node.bring(Made(*one.write(Vote(*behind.place, behind.signed.hash).message())))
    assert texts(node) == ["end", "t0"], "nobody goes on behind an end"


def _signed(author: Author, unsigned: Unsigned, message: Message) -> tuple[SignedEntry, bytes]:
    return recall(author.sign(unsigned)), message.encode()


def test_a_delete_counts_on_every_branch_and_stays() -> None:
    (one,) = voters(1)
    log, node = Forked(), Peered(trust=trusting(one))
    node.bring(*log.everything, Made(*log.elsewhere.delete(log.trunk[0].signed.hash, NOTE_ID)))
    assert texts(node) == []
    node.bring(log.vote(one, log.mine))
    assert texts(node) == ["m0", "m1"]
    node.bring(Made(*log.elsewhere.delete(log.mine[0].signed.hash, NOTE_ID)))
    assert texts(node) == ["m1"]


def test_a_vote_that_is_taken_back_and_a_voter_whose_votes_fork() -> None:
    one, two, three = voters()
    log, node = Forked(), Peered(trust=trusting(one, two))
    node.bring(*log.everything, log.vote(three, log.other))
    vote = log.vote(one, log.mine)
    node.bring(vote)
    assert len(texts(node)) == 3
    node.bring(Made(*one.delete(vote.signed.hash, FORK_VOTE)))
    asyncio.run(node.node.count_anew())
    assert texts(node) == ["t0"]
    again = Author(11, log_id=FORK_VOTE_LOG)
    node.bring(log.vote(two, log.mine))
    assert len(texts(node)) == 3
    node.bring(log.vote(again, log.other))
    asyncio.run(node.node.count_anew())
    assert texts(node) == ["t0"], "the votes of that log stand where it is condemned"


def test_a_node_that_trusts_others_when_it_starts_again(tmp_path: Path) -> None:
    one, two, _ = voters()
    log, node = Forked(), Peered(tmp_path / "node.db", trust=trusting(one))
    node.bring(*log.everything, log.vote(one, log.mine), log.vote(two, log.other))
    assert texts(node) == ["m0", "m1", "t0"]
    for trusted, shown in (((two,), ["o0", "o1", "t0"]), ((one, two), ["t0"]), ((one,), ["m0", "m1", "t0"])):
        asyncio.run(node.node.finish())
        node.store.close()
        node = Peered(tmp_path / "node.db", trust=trusting(*trusted))
        asyncio.run(node.node.count_anew())
        assert texts(node) == shown
    asyncio.run(node.node.trusts(trusting()))
    asyncio.run(node.node.count_anew())
    assert texts(node) == ["t0"]


def counting(node: Peered, trust: Trust) -> following.Recounting:
    return following.Recounting(node.store, following.Following(node.store, trust).steps)


@contextmanager
def small_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    with monkeypatch.context() as patched:
        patched.setattr(following, "AT_ONCE", 0)
        patched.setattr(following, "PAGE", 2)
        yield patched


def test_slice_by_slice_and_killed_at_any_of_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is seen between is part of one branch, each note with its proof; and in the end it is as at once."""
    with small_steps(monkeypatch):
        for killed in range(0, 40, 3):
            (one,) = voters(1)
            log = Forked(trunk=2, mine=9, other=7)
            path = tmp_path / f"{killed}.db"
            node = Peered(path, trust=trusting(one))
            seen = 0
            for came, shown in (
                ([*log.trunk, *log.mine, log.other[0]], {"t0", "t1"}),
                ([log.vote(one, log.mine)], {"t0", "t1", *(f"m{n}" for n in range(9))}),
                ([*log.other[1:], log.vote(one, log.other)], {"t0", "t1", *(f"o{n}" for n in range(7))}),
            ):
                node.bring(*came)
                work = counting(node, trusting(one))
                while not asyncio.run(node.node.write(lambda work=work: work.slice(0.0))):
                    seen += 1
                    mixed = {each[0] for each in texts(node)} - {"t"}
                    assert len(mixed) <= 1
                    if seen == killed:
                        asyncio.run(node.node.finish())
                        node.store.close()
                        node = Peered(path, trust=trusting(one))
                        work = counting(node, trusting(one))
                assert {*texts(node)} == shown
            node.store.close()
    assert seen > 20


def test_an_entry_that_comes_while_it_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with small_steps(monkeypatch) as patched:
        for slices in range(20):
            (one,) = voters(1)
            log, node = Forked(mine=6), Peered(trust=trusting(one))
            node.bring(*log.trunk, *log.mine[:5], *log.other)
            asyncio.run(node.node.count_anew())
            node.bring(log.vote(one, log.mine))
            work = counting(node, trusting(one))
            done = [asyncio.run(node.node.write(lambda work=work: work.slice(0.0))) for _ in range(slices)]
            patched.setattr(following, "AT_ONCE", 64 * (slices % 2))  # alone it would be done at once
            node.bring(log.mine[5])
            patched.setattr(following, "AT_ONCE", 0)
            while not done[-1:] or not done[-1]:
                done.append(asyncio.run(node.node.write(lambda work=work: work.slice(0.0))))
            asyncio.run(node.node.count_anew())
            assert texts(node) == [*(f"m{n}" for n in range(6)), "t0"]
            node.store.close()


BAD = {
    "vote-changed": messages.update(FORK_VOTE, digest(b"x").hex(), infer_all({"entry": "x"})),
    "vote-on-votes": Vote(bytes(32), FORK_VOTE_LOG, 1, digest(b"x")).message(),
}
GOOD = Vote(bytes(32), 1, 1, digest(b"x")).message().fields
WRONG = (
    {name: value for name, value in GOOD.items() if name != "entry"},
    {**GOOD, "why": messages.Field("str", "so")},
    {**GOOD, "seq_num": messages.Field("int", 0)},
    {**GOOD, "log_id": messages.Field("int", -1)},
    {**GOOD, "log_id": messages.Field("str", "1")},
    {**GOOD, "author": messages.Field("str", "00")},
    {**GOOD, "author": messages.Field("str", "G" * 64)},
    {**GOOD, "entry": messages.Field("relation", digest(b"x").hex())},
    {**GOOD, "entry": messages.Field("str", "0040")},
)


@pytest.mark.parametrize(
    ("reason", "message"),
    [*BAD.items(), *(("vote-malformed", messages.create(FORK_VOTE, fields)) for fields in WRONG)],
)
def test_what_is_no_vote(reason: str, message: Message) -> None:
    """It is refused by an author's rules; by a peer's it is kept, and counts nothing."""
    voter = Author(3, log_id=FORK_VOTE_LOG)
    node = Peered(trust=trusting(voter))
    written = Made(*voter.write(message))
    node.refuses(*written, reason)
    (outcome,) = node.bring(written)
    assert (outcome.state, outcome.reason) == ("stored", reason)


def test_a_command_on_the_folder_leaves_it_to_the_node_whose_votes_count(tmp_path: Path) -> None:
    """It does not know that, and may bring entries, proofs and votes."""
    one, two = voters(2)
    log, path = Forked(), tmp_path / "node.db"
    node = Peered(path, trust=trusting(one))
    node.bring(*log.trunk, *log.mine, log.other[0], log.vote(one, log.mine))
    assert texts(node) == ["m0", "m1", "t0"]
    command = Peered(path, trust=None)

    def brings(*made: Made) -> list[str]:
        command.bring(*made)
        asyncio.run(command.node.count_anew())
        asyncio.run(node.node.count_anew())
        return texts(node)

    assert brings(log.other[1]) == ["m0", "m1", "t0"]
    assert brings(log.vote(two, log.other)) == ["m0", "m1", "t0"]
    assert brings(log.vote(one, log.other)) == ["o0", "o1", "t0"]
    fresh = Forked(number=2)
    assert brings(*fresh.everything) == sorted(["o0", "o1", "t0", "t0"])
    assert brings(fresh.vote(one, fresh.mine)) == sorted(["m0", "m1", "o0", "o1", "t0", "t0"])
    assert Peered(path, trust=None).store.forks.due(0) is None, "there is nothing to be found out anew"
