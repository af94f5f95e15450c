"""A forked log as a page gets it: which branch is followed, by whose votes, and which entries count."""

import asyncio

from panda_web.browser.drawing import to_json
from panda_web.browser.log_shapes import Log
from panda_web.client import Client
from panda_web.rpc.transport import InProcess
from tests.authors import Author
from tests.node.branches import Made
from tests.node.test_brought import Peered, note
from tests.node.test_votes import Forked, trusting, voters


def drawn(node: Peered, author: str, **window: int) -> Log:
    async def work() -> Log:
        async with Client(InProcess(node.node.dispatcher())) as reader:
            return to_json(await reader.log(author, 1, **window), "here")  # type: ignore[arg-type]

    return asyncio.run(work())


def counting(log: Log) -> dict[str, bool | None]:
    return {each["entryHash"]: each["counts"] for each in log["entries"]}


def test_a_log_without_a_fork_counts() -> None:
    log, node = Forked(other=0), Peered()
    node.bring(*log.everything)
    found = drawn(node, log.author.hex)
    assert (found["fork"], found["forks"]) == (None, [])
    assert {*counting(found).values()} == {True}


def test_what_is_followed_counts() -> None:
    one, two, stranger = voters()
    log, node = Forked(trunk=3, mine=4, other=3), Peered(trust=trusting(one, two))
    node.bring(*log.everything)
    found = drawn(node, log.author.hex)
    hashes = [{each.signed.hash.hex() for each in part} for part in (log.trunk, log.mine, log.other)]
    trunk, mine, other = hashes
    assert counting(found) == dict.fromkeys(trunk, True) | dict.fromkeys(mine | other, False)
    (fork,) = found["forks"]
    assert found["fork"] == fork
    assert (fork["position"], fork["votes"], fork["followed"]) == (4, [], None)
    first = {log.mine[0].signed.hash.hex(), log.other[0].signed.hash.hex()}
    assert {*fork["branches"]} == first == {*fork["entries"]}
    node.bring(log.vote(stranger, log.other), log.vote(one, log.mine))
    found = drawn(node, log.author.hex)
    (fork,) = found["forks"]
    assert fork["followed"] == log.mine[0].signed.hash.hex()
    assert [(each["voter"], each["counted"]) for each in fork["votes"]] == [
        (one.hex, True),
        (stranger.hex, False),
    ]
    assert counting(found) == dict.fromkeys(trunk | mine, True) | dict.fromkeys(other, False)
    node.bring(log.vote(one, log.other))
    found = drawn(node, log.author.hex)
    assert counting(found) == dict.fromkeys(trunk | other, True) | dict.fromkeys(mine, False)


def test_a_fork_within_a_followed_branch() -> None:
    (one,) = voters(1)
    log, node = Forked(trunk=1, mine=2, other=1), Peered(trust=trusting(one))
    again = Author(1)
    again.head = log.author.head
    more = [Made(*each) for each in log.author.write_many([note("a"), note("b")])]
    else_ = [Made(*each) for each in again.write_many([note("c"), note("d")])]
    node.bring(*log.everything, *more, *else_, log.vote(one, log.mine))
    found = drawn(node, log.author.hex)
    assert [(each["position"], each["followed"] is not None) for each in found["forks"]] == [
        (2, True),
        (4, False),
    ]
    counts = counting(found)
    assert [counts[each.signed.hash.hex()] for each in (*log.mine, *more, *else_)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    node.bring(log.vote(one, else_, at=4))
    found = drawn(node, log.author.hex)
    counts = counting(found)
    assert [counts[each.signed.hash.hex()] for each in (*log.mine, *more, *else_, *log.other)] == [
        True,
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_window_behind_a_fork_that_nothing_in_it_leads_to() -> None:
    """Entry 40 is linked to entry 13, and that to 4, past a fork at 10: nothing says on which branch it is."""
    (one,) = voters(1)
    log, node = Forked(trunk=9, mine=40, other=1), Peered(trust=trusting(one))
    node.bring(*log.everything)
    assert drawn(node, log.author.hex, last=48, limit=3)["fork"] is not None
    assert {each["counts"] for each in drawn(node, log.author.hex, last=48, limit=3)["entries"]} == {
        True,
        False,
    }
    node.bring(log.vote(one, log.mine))
    found = drawn(node, log.author.hex, last=48, limit=3)
    assert {each["counts"] for each in found["entries"] if each["seqNum"] >= 10} == {None}
    assert {
        each["counts"] for each in drawn(node, log.author.hex, limit=49)["entries"] if each["seqNum"] > 10
    } == {True}
