"""Forks travel: branches that lie at two nodes, second entries before an equal end, and what proves them."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import Head, digest
from panda_web.log import SignedEntry
from panda_web.messages import infer_all
from panda_web.rpc.forks import GET_FORK_PROOFS
from panda_web.sync import SourceUnsound, forks
from tests.authors import SCHEMA, Author
from tests.examples import examples
from tests.sync.parties import Party, parties, run
from tests.sync.world import Between

Item = tuple[SignedEntry, bytes]


def write(head: Head, count: int, what: str) -> list[Item]:
    author = Author(1)
    author.head = head
    return author.write_many(
        [messages.create(SCHEMA, infer_all({"text": f"{what} {n}"})) for n in range(count)]
    )


def branches(shared: int, *lengths: int) -> list[list[Item]]:
    """Logs of one author that have so many entries together, and then others."""
    trunk = write(Head(), shared, "trunk")
    head = Head()
    for signed, _ in trunk:
        head = head.advance(signed.hash)
    return [[*trunk, *write(head, length, f"branch {n}")] for n, length in enumerate(lengths)]


async def said(party: Party) -> tuple[Any, ...]:
    """What a node holds, and what it can prove."""
    proofs = [(each.proof, each.second) for each in await party.here.call(GET_FORK_PROOFS)]
    return sorted(await party.all(), key=repr), proofs


async def meet(some: Sequence[tuple[Party, Party]], times: int = 3) -> None:
    for _ in range(times):
        for one, other in some:
            await one.with_(other).once()


@pytest.mark.parametrize(
    ("shared", "one", "other"),
    [
        (4, 1, 1),
        (0, 1, 1),
        (0, 3, 30),
        (4, 30, 3),
        (4, 3, 30),
        (12, 5, 5),
        (90, 20, 9),
        (3, 90, 90),
        (26, 14, 40),
        (2, 150, 130),
    ],
)
def test_halves_that_lie_at_two_nodes(shared: int, one: int, other: int) -> None:
    """Whoever asks: both hold both branches then, and prove the same."""

    async def work() -> None:
        for turned in (False, True):
            async with parties(2) as (first, second):
                mine, theirs = branches(shared, one, other)
                await first.hold(*mine)
                await second.hold(*theirs)
                await meet([(second, first) if turned else (first, second)])
                assert await said(first) == await said(second)
                ((proof, more),) = (await said(first))[1]
                assert proof.position == shared + 1
                assert more == min(one, other)

    run(work())


def test_a_second_entry_before_an_equal_end_travels() -> None:
    """At first contact, and later; to who asks, and to who is asked."""

    async def work() -> None:
        for known in (False, True):
            for turned in (False, True):
                async with parties(2) as (first, second):
                    mine, theirs = branches(4, 20, 3)
                    await first.hold(*mine)
                    await second.hold(*mine)
                    both = second.with_(first) if turned else first.with_(second)
                    if known:
                        await both.once()
                    await first.hold(*theirs)
                    await both.once()
                    await both.once()
                    assert await said(first) == await said(second)
                    assert len((await said(first))[1]) == 1

    run(work())


def test_a_proof_goes_through_others() -> None:
    async def work() -> None:
        async with parties(4) as (one, two, three, four):
            mine, theirs = branches(10, 8, 8)
            await one.hold(*mine)
            await four.hold(*theirs)
            await meet([(one, two), (two, three), (four, three)], times=4)
            found = [await said(each) for each in (one, two, three, four)]
            assert all(each == found[0] for each in found)
            assert found[0][1]

    run(work())


def test_nothing_new_costs_one_question_still() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            mine, theirs = branches(4, 9, 3)
            await one.hold(*mine)
            await other.hold(*theirs)
            between = Between(one.to(other))
            both = one.with_(other, between)
            for _ in range(3):
                await both.once()
            between.calls.clear()
            await both.once()
            assert between.calls == {"panda_getLogs": 1}

    run(work())


def test_proofs_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "MAX_LIMIT", 1)
    monkeypatch.setattr(forks, "MOST_FORKED", 1)

    async def work() -> None:
        async with parties(2) as (one, other):
            await other.hold(*(item for log in branches(4, 2, 2) for item in log))
            with pytest.raises(SourceUnsound, match="without end"):
                await one.with_(other, one.to(other)).once()

    run(work())


def test_an_end_that_is_a_lie_leads_nowhere() -> None:
    """A node that says that a log ends otherwise, and gives nothing, is asked a bounded number of times."""

    async def work() -> None:
        async with parties(2) as (one, other):
            mine, _ = branches(30, 0, 0)
            await one.hold(*mine)
            await other.hold(*mine)

            def lie(method: str, params: Any, answer: Any) -> Any:
                if method == "panda_getLogs":
                    for each in answer["logs"]:
                        each["entryHash"] = digest(b"a lie").hex()
                        each["broken"] = {"position": 1, "second": 7}
                return answer

            both = one.with_(other)
            await both.once()
            await other.write(Author(2))
            between = Between(one.to(other), lie)
            await one.with_(other, between).once()
            assert sum(between.calls.values()) < 30
            assert (await said(one))[1] == []

    run(work())


class Scene(NamedTuple):
    """What each of three nodes holds at first, and who meets whom."""

    held: list[list[Item]]
    meetings: list[tuple[int, int]]

    def __repr__(self) -> str:
        held = [[f"{each.entry.seq_num} {each.hash.hex()[-4:]}" for each, _ in items] for items in self.held]
        return f"{held} {self.meetings}"


@st.composite
def scenes(draw: Any) -> Scene:
    shared = draw(st.integers(0, 15))
    logs = branches(shared, *draw(st.lists(st.integers(0, 12), min_size=2, max_size=3)))
    again = draw(st.integers(0, max(len(logs[0]) - 1, 0)))
    head = Head()
    for signed, _ in logs[0][:again]:
        head = head.advance(signed.hash)
    logs.append([*logs[0][:again], *write(head, draw(st.integers(0, 6)), "a fork within")])
    held = [[item for log in logs for item in log[: draw(st.integers(0, len(log)))]] for _ in range(3)]
    pairs = st.tuples(st.integers(0, 2), st.integers(0, 2)).filter(lambda pair: pair[0] != pair[1])
    return Scene(held, draw(st.lists(pairs, max_size=4)))


@examples(1)
@given(scenes())
def test_nodes_that_meet_come_to_hold_and_prove_the_same(scene: Scene) -> None:
    async def work() -> None:
        async with parties(3) as found:
            for party, items in zip(found, scene.held, strict=True):
                if items:
                    await party.hold(*items)
            await meet([(found[a], found[b]) for a, b in scene.meetings], times=1)
            await meet([(found[0], found[1]), (found[1], found[2]), (found[2], found[0])])
            ends = [await said(each) for each in found]
            assert all(each == ends[0] for each in ends)

    asyncio.run(asyncio.wait_for(work(), 60))
