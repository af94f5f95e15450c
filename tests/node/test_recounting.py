"""What a node shows while it finds out what counts of forked logs, and when it is killed meanwhile."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from panda_web.client.asked import Asked
from panda_web.client.check import check_answer
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import recall
from panda_web.messages import FORK_VOTE
from panda_web.node.dropping.removing import drop
from panda_web.node.forks import following as following_forks
from panda_web.node.forks.following import Recounting
from panda_web.node.views import changing
from panda_web.rpc.methods import QUERY, StoredEntry
from tests.node.branches import NOTE_ID, Made
from tests.node.following import following
from tests.node.test_brought import Peered
from tests.node.test_votes import Forked, counting, note, small_steps, texts, trusting, voters
from tests.node.waiting import until


def sound(node: Peered) -> dict[str, str]:
    """What a node shows, as a client that checks it does; the client rejects nothing."""
    raw = node.call(QUERY, schema=NOTE_ID, limit=1000, proof=True)
    answer = asyncio.run(check_answer(Asked.of(NOTE_ID, {}, limit=1000), raw, CryptographyVerifier()))
    assert not answer.rejected
    assert all(each.verified for each in answer)
    return {each.id: str(each["text"]) for each in answer}


def updating(log: Forked, count: int) -> None:
    """Puts updates of what was there before onto both branches."""
    for author, branch, name in ((log.author, log.mine, "m"), (log.elsewhere, log.other, "o")):
        for n in range(count):
            subject = log.trunk[n % len(log.trunk)].signed.hash
            branch.append(Made(*author.update(subject, NOTE_ID, text=f"{name}{n}")))


@pytest.mark.parametrize("votes_first", [True, False])
def test_each_proof_holds_between_slices_and_whoever_is_killed_comes_to_the_same(
    votes_first: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with small_steps(monkeypatch):
        for killed in range(1, 40, 4):
            (one,) = voters(1)
            log = Forked(trunk=2, mine=3, other=3)
            updating(log, 6)
            first, second = log.vote(one, log.mine), log.vote(one, log.other)
            path = tmp_path / f"{killed}.db"
            node = Peered(path, trust=trusting(one))
            if votes_first:
                node.bring(first)
            seen = 0
            for came, shown in (
                ([*log.trunk, *log.mine], {"m0", "m1", "m2", "m4", "m5"}),
                ([*log.other, first], {"m0", "m1", "m2", "m4", "m5"}),
                ([second], {"o0", "o1", "o2", "o4", "o5"}),
            ):
                node.bring(*came)
                work = counting(node, trusting(one))
                while not asyncio.run(node.node.write(partial(work.slice, 0.0))):
                    seen += 1
                    sound(node)
                    if seen == killed:
                        asyncio.run(node.node.finish())
                        node.store.close()
                        node = Peered(path, trust=trusting(one))
                        work = counting(node, trusting(one))
                assert {*sound(node).values()} == shown
            node.store.close()


def test_whoever_follows_hears_of_what_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also who looked while it was under way."""

    async def follow(node: Peered, vote: Made, work: Recounting) -> None:
        async with following(node.node) as one:
            name = await one.subscribe(NOTE_ID, proof=True)
            await node.node.publish_items([StoredEntry(vote.signed.encoded, vote.payload)])
            done = False
            while not done:
                done = await node.node.write(lambda: work.slice(0.0))
                await asyncio.sleep(0.02)
            there = await node.connection.call(QUERY, schema=NOTE_ID)
            want = {each["id"]: each["text"] for each in there}
            async with asyncio.timeout(5):
                await until(lambda: {each: shown["text"] for each, shown in one.shown[name].items()} == want)

    with small_steps(monkeypatch):
        (one,) = voters(1)
        log = Forked(trunk=2, mine=1, other=1)
        updating(log, 8)
        node = Peered(trust=trusting(one))
        node.bring(*log.everything, log.vote(one, log.mine))
        asyncio.run(node.node.count_anew())
        asyncio.run(follow(node, log.vote(one, log.other), counting(node, trusting(one))))
        node.store.close()


def test_nothing_stands_on_a_payload_of_another_size_that_comes_at_the_end() -> None:
    (one,) = voters(1)
    log = Forked()
    payload = note("size").encode()
    unsigned = replace(
        log.author.head.append(log.author.signer.author, 1, payload), payload_size=len(payload) + 1
    )
    wrong = Made(recall(log.author.sign(unsigned)), payload)
    log.author.head = log.author.head.advance(wrong.signed.hash)
    behind = Made(*log.author.write(note("behind")))
    vote = log.vote(one, log.mine)
    for calls in ([[*log.everything, wrong, behind], [vote]], [[*log.everything], [vote], [wrong], [behind]]):
        node = Peered(trust=trusting(one))
        for items in calls:
            node.bring(*items)
        asyncio.run(node.node.count_anew())
        assert texts(node) == ["m0", "m1", "t0"]
        node.store.close()


def test_of_a_vote_that_goes_only_what_it_is_about_is_looked_at() -> None:
    """Else who drops what somebody voted about in many logs would look at all of them for each vote."""
    (one,) = voters(1)
    logs = [Forked(number=number) for number in (1, 2, 3)]
    node = Peered(trust=trusting(one))
    votes = [log.vote(one, log.mine) for log in logs]
    node.bring(*(each for log in logs for each in log.everything), *votes)
    key = node.store.entries.log_of(votes[0].signed.hash)
    assert key is not None
    log_row = node.store.entries.log_at(key)

    def due() -> int:
        with node.store.snapshot():
            return sum(node.store.forks.is_due(each.key) for each in node.store.forks.condemned())

    async def forget(vote: Made) -> None:
        await node.node.write(lambda: drop(node.store, log_row, vote.signed.hash))

    asyncio.run(forget(votes[0]))
    assert due() == 1
    asyncio.run(node.node.count_anew())
    assert texts(node) == ["m0", "m0", "m1", "m1", "t0", "t0", "t0"]
    node.bring(Made(*one.delete(votes[1].signed.hash, FORK_VOTE)))
    asyncio.run(node.node.count_anew())
    assert texts(node) == ["m0", "m1", "t0", "t0", "t0"]


def test_an_instance_with_many_updates_before_the_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone for a moment, and comes back in slices, each of which has a proof."""
    (one,) = voters(1)
    log = Forked(trunk=1, mine=0, other=0)
    subject = log.trunk[0].signed.hash
    log.trunk += [Made(*log.author.update(subject, NOTE_ID, text=f"t{n}")) for n in range(30)]
    log.elsewhere.head, log.position = log.author.head, 32
    updating(log, 1)
    node = Peered(trust=trusting(one))
    node.bring(*log.trunk, *log.mine, log.vote(one, log.mine))
    monkeypatch.setattr(changing, "PAGE", 4)
    monkeypatch.setattr(following_forks, "AT_ONCE_SECONDS", 0)
    seen: set[str] = set()
    for came, shown in ((log.other[0], "m0"), (log.vote(one, log.other), "o0"), (None, "o0")):
        node.bring(*([came] if came else []))
        work = counting(node, trusting(one))
        while not asyncio.run(node.node.write(partial(work.slice, 0.0))):
            seen.add(*[*sound(node).values(), ""][:1])
        assert [*sound(node).values()] == [shown]
    assert len(seen) > 5
    node.store.close()
