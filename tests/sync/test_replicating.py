"""Two nodes are kept alike, through cuts; what is there already is not asked for again."""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from panda_web.errors import PandaError
from panda_web.negentropy import ReconcileMalformed
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, NodeUnreachable
from panda_web.rpc.heads import LogHead
from panda_web.rpc.peer import Peer, Progress
from panda_web.rpc.reopening import Reopening
from panda_web.sync import (
    NewsInVain,
    PartnerTooOld,
    Platform,
    Replicating,
    Source,
    SourceUnsound,
    carrying,
    hearing,
)
from panda_web.sync.rounds import FIRST_DROPPED
from tests.authors import Author
from tests.defining import loose
from tests.sync.parties import Party, parties, run
from tests.sync.world import PATIENCE, Between, author, view

Json = Any


def test_both_have_what_either_had() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            await one.write(Author(1), 20)
            await other.write(Author(2), 3)
            both = one.with_(other)
            await both.once()
            assert await one.all() == await other.all()
            assert (both.contact.brought, both.contact.sent) == (3, 20)
            await one.write(Author(3))
            await other.write(Author(4))
            await both.once()
            assert await one.all() == await other.all()
            assert (both.contact.brought, both.contact.sent) == (4, 21)

    run(work())


def test_nothing_new_costs_one_question() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            for number in range(1, 30):
                await one.write(Author(number))
            between = Between(one.to(other))
            both = one.with_(other, between)
            await both.once()
            await both.once()
            between.calls.clear()
            await both.once()
            assert between.calls == {"panda_getLogs": 1}

    run(work())


def test_after_a_cut_it_goes_on_where_it_was() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            for number in range(1, 9):
                await other.write(Author(number), 100)
            left = 3

            def cut(method: str, _: Json, answer: Json) -> Json:
                nonlocal left
                left -= method == "panda_getItems"
                if left < 0:
                    raise NodeUnreachable("It is cut.")
                return answer

            between = Between(one.to(other), cut)
            both = one.with_(other, between)
            with pytest.raises(NodeUnreachable):
                await both.once()
            had = len(await one.all())
            assert 0 < had < 800
            left = 1000
            await one.with_(other, between).once()
            assert await one.all() == await other.all()

    run(work())


def test_a_node_that_lost_its_database_gets_it_back() -> None:
    async def work() -> None:
        async with parties(3) as (one, other, fresh):
            await other.write(Author(1), 10)
            way = one.to(other)
            both = one.with_(other, way)
            await both.once()
            again = Replicating(
                one.here,
                Source(f"node {id(other)}", one.to(fresh)),
                one.node.places,
                one.node.lacks,
                Platform(one.clock.sleep, one.clock),
            )
            await again.once()
            assert await one.all() == await fresh.all()

    run(work())


def test_what_is_new_travels_at_once_through_others() -> None:
    """One asks another, which asks a third, all over sessions: nobody waits for a pause."""

    async def work() -> None:
        async with parties(3) as (one, middle, other):
            await other.write(Author(1))
            links = [each.with_(to, sessions=each.to(to)) for each, to in ((one, middle), (middle, other))]
            running = [asyncio.create_task(each.run()) for each in links]
            await _alike(one, middle, other)
            await one.write(Author(2), 3)
            await _alike(one, middle, other)
            await other.write(Author(3), 3)
            await _alike(one, middle, other)
            for each in running:
                each.cancel()
            await asyncio.wait(running)

    run(work())


async def _alike(*parties: Party) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = [await each.all() for each in parties]
            if found[0] and all(each == found[0] for each in found):
                return
            await asyncio.sleep(0.05)


def test_views_are_equal_whatever_came_in_which_order() -> None:
    """Random steps with a fixed seed: who writes, deletes, and who meets whom, with cuts in between."""

    async def work() -> None:
        chance = random.Random(18)
        async with parties(3) as made:
            writers = [author(each.to(each), number) for number, each in enumerate(made, 1)]
            room = str((await writers[0].define(loose(name="varchar"))).id)
            ids: list[list[str]] = [[], [], []]
            await made[0].with_(made[1]).once()
            await made[0].with_(made[2]).once()
            for step in range(60):
                at = chance.randrange(3)
                if chance.random() < 0.6:
                    created = await writers[at].create(room, {"name": f"{step}"})
                    ids[at].append(created.id)
                elif ids[at] and chance.random() < 0.5:
                    await writers[at].delete(room, ids[at].pop())
                else:
                    other = made[(at + chance.choice((1, 2))) % 3]
                    left = chance.choice((2, 5, 1000))

                    def cut(_: str, __: Json, answer: Json) -> Json:
                        nonlocal left
                        left -= 1
                        if left < 0:
                            raise NodeUnreachable("It is cut.")
                        return answer

                    with suppress(NodeUnreachable):
                        await made[at].with_(other, Between(made[at].to(other), cut)).once()
            for pair in ((0, 1), (1, 2), (0, 1), (0, 2)):
                await made[pair[0]].with_(made[pair[1]]).once()
            shown = [await view(each.dispatcher, room) for each in made]
            assert shown[0] == shown[1] == shown[2]
            assert len(shown[0]) == sum(map(len, ids))

    run(work())


# -- whoever lies ------------------------------------------------------------------------------------


def lying(answers: Callable[[str, Json, Json], Json], error: type[PandaError], *, count: int = 3) -> None:
    """Somebody answers otherwise: it ends with an error, soon, and what is held does not change."""

    async def work() -> None:
        async with parties(2) as (one, other):
            await one.write(Author(1), 2)
            for number in range(2, 2 + count):
                await other.write(Author(number))
            before = await one.all()
            between = Between(one.to(other), answers)
            with pytest.raises(error):
                await one.with_(other, between).once()
            assert await one.all() == before
            assert between.calls.total() < 1000

    run(work())


def test_a_reconciliation_without_end() -> None:
    """Fingerprints of nothing, for ever."""
    endless = "61" + "0000" + "01" + "00" * 16

    def answers(method: str, _: Json, answer: Json) -> Json:
        return {"message": endless, "heads": []} if method == "panda_reconcile" else answer

    lying(answers, SourceUnsound)


@pytest.mark.parametrize("message", ["", "60", "6100", "ff" * 100])
def test_reconciling_with_nonsense(message: str) -> None:
    def answers(method: str, _: Json, answer: Json) -> Json:
        return {"message": message, "heads": []} if method == "panda_reconcile" else answer

    lying(answers, ReconcileMalformed)


def test_logs_that_nobody_asked_for() -> None:
    stranger = LogHead(bytes(32), 1, None, 7, "0040" + "ab" * 64).to_json()

    def answers(method: str, _: Json, answer: Json) -> Json:
        return {**answer, "heads": [*answer["heads"], stranger]} if method == "panda_reconcile" else answer

    lying(answers, AnswerMalformed)


def test_items_that_go_back() -> None:
    def answers(method: str, _: Json, answer: Json) -> Json:
        return {"items": [], "next": 1} if method == "panda_getItems" else answer

    lying(answers, AnswerMalformed)


def test_items_of_other_logs_and_broken_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not of the log, and what no signature covers, counts as nothing, and too much of it ends."""
    monkeypatch.setattr(carrying, "MOST_INVALID", 5)
    strange, payload = Author(99).create()
    broken = bytearray(strange.encoded)
    broken[-1] ^= 1

    def answers(method: str, _: Json, answer: Json) -> Json:
        if method != "panda_getItems":
            return answer
        items = [{"entryBytes": bytes(broken).hex(), "payloadBytes": payload.hex()}] * 3
        return {"items": items, "next": None}

    lying(answers, SourceUnsound)


def test_logs_of_which_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "MOST_EMPTY", 5)

    def answers(method: str, _: Json, answer: Json) -> Json:
        return {"items": [], "next": None} if method == "panda_getItems" else answer

    lying(answers, SourceUnsound, count=8)


def test_a_cursor_that_is_a_book() -> None:
    def answers(method: str, _: Json, answer: Json) -> Json:
        return {**answer, "cursor": "x" * 5000} if method == "panda_getLogs" else answer

    lying(answers, AnswerMalformed)


NEWS: dict[str, Callable[[int, Json], Json]] = {
    "its past is lost": lambda _, __: {"logs": [], "reset": True},
    "one log for ever": lambda _, logs: {"logs": logs},
    "a log that grows, and is not given": lambda n, logs: {"logs": [{**logs[0], "seqNum": 1 + n}]},
    "more, and then none": lambda n, _: {"logs": [], "more": n % 2 == 1, "cursor": f"{n}"},
}


@pytest.mark.parametrize("kind", NEWS)
def test_news_without_end_keep_nobody_busy(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked to wait, and speaks at once, each time. So it is rested from, and then left alone for long."""
    monkeypatch.setattr(hearing, "MOST_VAIN", 20)

    async def work() -> None:
        async with parties(2) as (one, other):
            await one.write(Author(1))
            await other.write(Author(2))
            logs = (await other.here_peer.call("panda_getLogs", {}))["logs"]
            said = 0

            def answers(method: str, params: Json, answer: Json) -> Json:
                nonlocal said
                if method != "panda_getLogs" or not params.get("since"):
                    return answer
                said += 1
                return {**answer, **NEWS[kind](said, logs)}

            way = Between(one.to(other), answers)
            link = one.with_(other, way, _Hasty(Between(one.to(other), answers)))
            running = asyncio.create_task(link.run())
            async with asyncio.timeout(PATIENCE):
                while sum(each > FIRST_DROPPED / 2 for each in one.clock.slept) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert link.contact.error is not None and link.contact.error.reason == "news-in-vain"
            alone = [each for each in one.clock.slept if each > FIRST_DROPPED / 2]
            assert alone[-1] > alone[0], "longer each time"
            assert way.calls.total() < 15 * len(one.clock.slept), "it rests between any two rounds"
            running.cancel()
            await asyncio.wait([running])
            assert await one.all() == await other.all()

    run(work())


def test_more_pages_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a new place to go on from, and with logs that were named before."""
    monkeypatch.setattr(hearing, "MOST_VAIN_PAGES", 20)

    async def work() -> None:
        async with parties(2) as (one, other):
            await other.write(Author(2))
            said = 0

            def answers(method: str, params: Json, answer: Json) -> Json:
                nonlocal said
                if method != "panda_getLogs" or not params.get("since"):
                    return answer
                said += 1
                return {"logs": logs if said % 2 else [], "cursor": f"{said}", "more": True, "reset": False}

            logs = (await other.here_peer.call("panda_getLogs", {}))["logs"]
            link = one.with_(other, Between(one.to(other), answers))
            await link.once()
            with pytest.raises(NewsInVain):
                await link.once()
            assert said < 30

    run(work())


def test_much_news_of_honest_nodes_are_not_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one tells the other had before, from the third: each entry is news of two nodes, one too late.

    So it is with what went there, and comes back as news. Of an author who is refused nothing is taken.
    """
    monkeypatch.setattr(hearing, "MOST_VAIN", 1)

    async def work() -> None:
        async with parties(3) as (one, middle, other):
            links = [
                one.with_(middle, sessions=one.to(middle)),
                one.with_(other, sessions=one.to(other)),
                middle.with_(other, sessions=middle.to(other)),
            ]
            errors: set[str] = set()
            running = [asyncio.create_task(each.run()) for each in links]
            authors = [Author(number) for number in range(1, 4)]
            for number in range(40):
                for party, who in zip((one, middle, other), authors, strict=True):
                    if (number + int(who.hex, 16)) % 3:
                        await party.write(who)
                await asyncio.sleep(0.01)
                errors |= {each.contact.error.reason for each in links if each.contact.error is not None}
            await _alike(one, middle, other)
            errors |= {each.contact.error.reason for each in links if each.contact.error is not None}
            assert not errors
            for each in running:
                each.cancel()
            await asyncio.wait(running)

    run(work())


class _Hasty(Reopening):
    """Sessions in which whoever is asked to wait answers at once."""

    def __init__(self, way: Peer) -> None:
        self._way = way
        self.closed = False

    async def call(self, method: str, params: Mapping[str, Json], progress: Progress | None = None) -> Json:
        given = {name: value for name, value in params.items() if name != "wait"}
        return await self._way.call(method, given, progress)


def test_an_early_node_is_called_one() -> None:
    def answers(method: str, _: Json, answer: Json) -> Json:
        if method in ("panda_getLogs", "panda_reconcile"):
            raise ErrorFromNode("There is no such method.", node_code=-32601)
        return answer

    lying(answers, PartnerTooOld)
