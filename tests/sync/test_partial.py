"""What a node wishes to hold of what others do comes, verified to entry 1, and nothing besides."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import decode, path
from panda_web.errors import PandaError
from panda_web.log import SignedEntry
from panda_web.node.dropping import allow, refuse
from panda_web.node.dropping.removing import drop, keep
from panda_web.node.slices import Pace
from panda_web.rpc.errors import AnswerMalformed, NodeUnreachable
from panda_web.rpc.heads import MAX_NAMED
from panda_web.rpc.wish import EVERYTHING, Wish, WishTooLarge
from panda_web.sync import SourceUnsound, carrying, listing
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.defining import loose
from tests.examples import examples
from tests.sync.parties import Party, heads, parties, run
from tests.sync.world import Between, author, view

Json = Any
Written = list[tuple[SignedEntry, bytes]]


async def held(party: Party) -> dict[tuple[int, int], bool]:
    """Log id and seq num of each entry, and whether its payload is held; of one author."""
    entries = [(decode(entry), payload) for entry, payload in await party.all()]
    return {(each.log_id, each.seq_num): payload is not None for each, payload in entries}


def linking(seq_num: int) -> set[int]:
    """The entries that link one to entry 1."""
    return {*path(seq_num, 1)}


async def write(party: Party, who: Author, sizes: list[int]) -> Written:
    """Somebody publishes messages of some sizes."""
    made = [who.create(s="x" * size) for size in sizes]
    await party.hold(*made)
    return made


def test_the_newest_of_each_log_with_what_links_them() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            who = Author(1)
            await write(other, who, [10] * 500)
            between = Between(one.to(other))
            await one.with_(other, between, wish=Wish(newest=100)).once()
            found = await held(one)
            assert {n for (_, n), payload in found.items() if payload} == {*range(401, 501)}
            assert {n for _, n in found} == {*range(401, 501)} | linking(401)
            assert between.calls["panda_getItems"] == 1, "its path comes with it"
            await write(other, who, [10] * 3)
            await one.with_(other, between, wish=Wish(newest=100)).once()
            assert {n for (_, n), payload in (await held(one)).items() if payload} == {*range(401, 504)}

    run(work())


def test_only_payloads_of_some_size_or_none() -> None:
    async def work() -> None:
        async with parties(3) as (small, bare, other):
            await write(other, Author(1), [10, 5000, 20, 70_000])
            await small.with_(other, wish=Wish(max_payload=6000)).once()
            assert [*(await held(small)).values()] == [True, True, True, False]
            await bare.with_(other, wish=Wish(payloads=False)).once()
            assert [*(await held(bare)).values()] == [False] * 4

    run(work())


def test_some_authors_and_schemas_with_the_definitions_that_they_need() -> None:
    """Others wrote the definitions, of the schema and of what it leads to; of their logs nothing else comes."""

    async def work() -> None:
        async with parties(2) as (one, other):
            definer, wished, stranger = (author(other.to(other), number) for number in (1, 2, 3))
            room = str((await definer.define(loose(name="varchar"))).id)
            await definer.define(loose(other="varchar"))
            await definer.create(room, {"name": "theirs"})
            await wished.create(room, {"name": "wished"})
            await stranger.create(room, {"name": "not wished"})
            wish = Wish(authors=frozenset([bytes.fromhex(wished.author)]))
            await one.with_(other, wish=wish).once()
            await one.node.keep_views()
            shown = await view(one.dispatcher, room)
            assert isinstance(shown, Mapping)
            assert [each["name"] for each in shown.values()] == ["wished"]
            assert len(await one.all()) == 2
            await one.with_(other, wish=Wish(schemas=frozenset([room]))).once()
            await one.node.keep_views()
            assert len(await view(one.dispatcher, room)) == 3
            assert await one.all() == await other.all()

    run(work())


def test_another_wish_compares_anew_and_gets_what_was_left_out() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            await write(other, Author(1), [10, 5000] * 20)
            await write(other, Author(2), [10])
            wishes = [
                Wish(authors=frozenset([Author(2).signer.author])),
                Wish(newest=3, payloads=False),
                Wish(newest=5),
                Wish(max_payload=100),
            ]
            for wish in wishes:
                await one.with_(other, wish=wish).once()
                assert await one.all() != await other.all()
            between = Between(one.to(other))
            both = one.with_(other, between)
            await both.once()
            assert await one.all() == await other.all()
            await both.once()
            between.calls.clear()
            await both.once()
            assert between.calls == {"panda_getLogs": 1}

    run(work())


def test_what_is_not_wished_is_offered_all_the_same() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            await write(one, Author(1), [10] * 3)
            await write(other, Author(2), [10] * 3)
            wish = Wish(authors=frozenset([Author(2).signer.author]))
            await one.with_(other, wish=wish).once()
            assert await one.all() == await other.all()
            await write(other, Author(3), [10])
            await write(one, Author(4), [10])
            await one.with_(other, wish=wish).once()
            assert len(await one.all()) == 7
            assert len(await other.all()) == 8

    run(work())


def test_system_logs_come_whole_whatever_is_wished() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            system = Author(1, log_id=0)
            await other.hold(*(system.write(b"x" * 1000) for _ in range(5)))
            await write(other, Author(1), [10] * 5)
            wish = Wish(schemas=frozenset([OTHER_SCHEMA]), newest=1, payloads=False)
            await one.with_(other, wish=wish).once()
            assert await held(one) == {(0, n): True for n in range(1, 6)}

    run(work())


def test_wishes_that_are_none() -> None:
    with pytest.raises(WishTooLarge):
        Wish(authors=frozenset(bytes((n,)) * 32 for n in range(MAX_NAMED + 1)))
    with pytest.raises(ValueError, match="newest"):
        Wish(newest=0)
    assert EVERYTHING.key == ""
    assert Wish(newest=3).key != Wish(max_payload=3).key


# -- gaps, and what comes late -----------------------------------------------------------------------


async def gapped(party: Party, written: Written) -> None:
    """It holds the end of a log, what links that, and one payload of these."""
    links = [written[n - 1][0] for n in sorted(linking(len(written)))]
    await party.hold(*((each, None) for each in links[:-1]), written[-1])


def test_a_gap_behind_equal_ends_is_filled() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            written = await write(other, Author(1), [10] * 50)
            await gapped(one, written)
            between = Between(one.to(other))
            await one.with_(other, between).once()
            assert await one.all() == await other.all()
            assert between.calls["panda_getItems"] == 1

    run(work())


def test_who_lacks_it_too_is_asked_once_and_again_when_it_came_there() -> None:
    async def work() -> None:
        async with parties(3) as (one, other, whole):
            written = await write(whole, Author(1), [10] * 50)
            await gapped(one, written)
            await gapped(other, written)
            between = Between(one.to(other))
            both = one.with_(other, between)
            for _ in range(3):
                await both.once()
            assert between.calls["panda_getItems"] == 1
            await other.hold(*written[13:20])
            await both.once()
            assert {n for _, n in await held(one)} == linking(50) | {*range(14, 21)}
            await other.with_(whole).once()
            await both.once()
            assert await one.all() == await other.all() == await whole.all()

    run(work())


def test_a_payload_that_comes_late_travels_both_ways() -> None:
    """To who asks, and, where somebody names another node, to that one too, which asks nobody."""

    async def work() -> None:
        async with parties(3) as (one, middle, other):
            written = _three()
            for each in (one, middle, other):
                await each.hold(*((signed, None) for signed, _ in written))
            first, second = middle.with_(one), middle.with_(other)
            await first.once()
            await second.once()
            await one.hold(written[1])
            await first.once()
            await second.once()
            assert await middle.all() == await other.all() == await one.all()
            assert [payload is not None for _, payload in await other.all()] == [False, True, False]
            assert (first.contact.brought, second.contact.sent) == (1, 1)

    run(work())


def _three() -> Written:
    who = Author(1)
    return [who.create(n=number) for number in range(3)]


def test_what_comes_late_is_not_sent_back() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            written = await write(other, Author(1), [10] * 50)
            await gapped(one, written)
            between = Between(one.to(other))
            both = one.with_(other, between)
            await both.once()
            await both.once()
            assert between.calls["panda_publishItems"] == 0

    run(work())


def test_a_payload_that_was_deleted_is_not_asked_for() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            who = Author(1)
            created = who.create(n=1)
            deleted = who.delete(created[0].hash)
            await one.hold(created, deleted)
            await other.hold((created[0], None), deleted)
            between = Between(one.to(other))
            await one.with_(other, between).once()
            await other.with_(one).once()
            assert [payload is None for _, payload in await one.all()] == [True, False]
            assert await one.all() == await other.all()
            assert between.calls["panda_getItems"] == 0

    run(work())


def test_what_was_dropped_comes_back_when_it_is_kept_again_and_not_before() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            written = await write(other, Author(1), [10] * 3)
            both = one.with_(other)
            await both.once()
            log_row = one.store.entries.log(Author(1).signer.author, 1)
            assert log_row is not None
            dropped = written[1][0].hash
            await one.node.write(lambda: drop(one.store, log_row, dropped))
            await both.once()
            await one.with_(other, wish=Wish(newest=50)).once()
            assert [*(await held(one)).values()] == [True, False, True]
            await one.node.write(lambda: keep(one.store, log_row, dropped))
            await both.once()
            assert [*(await held(one)).values()] == [True, True, True]

    run(work())


def test_nothing_is_asked_of_an_author_who_is_refused_here() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            who = Author(1)
            await write(other, who, [10] * 20)
            await refuse(one.store, who.signer.author, "No.", one.node.write, Pace(asyncio.sleep))
            between = Between(one.to(other))
            both = one.with_(other, between)
            for _ in range(3):
                await both.once()
                await write(other, who, [10])
            assert between.calls["panda_getItems"] == 0
            await allow(one.store, who.signer.author, one.node.write)
            await both.once()
            assert await one.all() == await other.all()

    run(work())


def test_each_page_of_a_list_is_a_place_to_go_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_LIMIT", 3)

    async def work() -> None:
        async with parties(2) as (one, other):
            await one.with_(other).once()
            for number in range(1, 11):
                await write(other, Author(number), [10])
            told: list[int] = []

            def cut(method: str, _: Json, answer: Json) -> Json:
                if method == "panda_getLogs":
                    told.append(len(answer["logs"]))
                    if len(told) == 3:
                        raise NodeUnreachable("It is cut.")
                return answer

            between = Between(one.to(other), cut)
            with pytest.raises(NodeUnreachable):
                await one.with_(other, between).once()
            assert len(await one.all()) == 6
            await one.with_(other, between).once()
            assert await one.all() == await other.all()
            assert told == [3, 3, 3, 3, 1], "the two pages before the cut are not told again"

    run(work())


# -- whoever lies ------------------------------------------------------------------------------------


def lying(
    otherwise: Any, error: type[PandaError], wish: Wish = EVERYTHING, sizes: tuple[int, ...] = (10,) * 300
) -> None:
    """Somebody answers otherwise: it ends with an error, and nothing is held that was not wished."""

    async def work() -> None:
        async with parties(2) as (one, other):
            await write(other, Author(1), [*sizes])
            between = Between(one.to(other), otherwise)
            with pytest.raises(error):
                await one.with_(other, between, wish=wish).once()
            found = await held(one)
            assert len(found) <= 20
            assert between.calls.total() < 100

    run(work())


def test_more_than_was_asked_for_is_nothing() -> None:
    everything: list[Json] = []

    def otherwise(method: str, params: Json, answer: Json) -> Json:
        return answer if method != "panda_getItems" else {"items": everything, "next": None}

    async def gather() -> None:
        async with parties(1) as (one,):
            await write(one, Author(1), [10] * 300)
            everything.extend(
                (
                    await one.here_peer.call(
                        "panda_getItems", {"author": Author(1).hex, "logId": 1, "start": 1, "end": -1}
                    )
                )["items"]
            )

    run(gather())
    lying(otherwise, SourceUnsound, Wish(newest=2))


def test_payloads_that_are_larger_than_wished_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "MOST_INVALID", 3)

    async def work() -> None:
        async with parties(2) as (one, other):
            await write(other, Author(1), [1000] * 8)
            whole = one.to(other)

            class Deaf(Between):
                async def call(self, method: str, params: Any, progress: Any = None) -> Json:
                    params = {key: value for key, value in params.items() if key != "maxPayload"}
                    return await super().call(method, params, progress)

            with pytest.raises(SourceUnsound):
                await one.with_(other, Deaf(whole), wish=Wish(max_payload=100)).once()
            assert not any((await held(one)).values())

    run(work())


def test_logs_of_others_than_were_wished_are_not_asked_for() -> None:
    """Whoever is asked for one author, and names the logs of many, fills no disk by it."""

    class Deaf(Between):
        async def call(self, method: str, params: Any, progress: Any = None) -> Json:
            params = {key: value for key, value in params.items() if key != "authors"}
            return await super().call(method, params, progress)

    async def work() -> None:
        async with parties(2) as (one, other):
            wished, strangers = Author(1), [Author(number) for number in range(2, 9)]
            for each in (wished, *strangers):
                await other.write(each, 2)
            wish = Wish(authors=frozenset([wished.signer.author]))
            deaf = Deaf(one.to(other))
            for _ in range(2):  # the first time by comparing, then by what changed
                await one.with_(other, deaf, wish=wish).once()
                assert {author for author, _ in await heads(one.here)} == {wished.signer.author}
                assert deaf.calls["panda_getItems"] <= 2
                for each in strangers:
                    await other.write(each)
                await other.write(wished)

    run(work())


@pytest.mark.parametrize("moving", [False, True], ids=["stands still", "moves for ever"])
def test_a_list_of_logs_without_end(moving: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a node that is known: what changed there is told page by page, and the last one never comes."""
    monkeypatch.setattr(listing, "MOST_PAGES", 20)

    async def work() -> None:
        async with parties(2) as (one, other):
            await write(other, Author(1), [10])
            await one.with_(other).once()
            count = 0

            def otherwise(method: str, params: Json, answer: Json) -> Json:
                nonlocal count
                if method != "panda_getLogs":
                    return answer
                count += 1
                assert count < 100
                cursor = f"{count}" if moving else params["since"]
                return {"logs": [], "cursor": cursor, "more": True, "reset": False}

            with pytest.raises(SourceUnsound if moving else AnswerMalformed):
                await one.with_(other, Between(one.to(other), otherwise)).once()

    run(work())


# -- whatever is wished, from whatever there is -------------------------------------------------------

LENGTH = 45
SIZES = (0, 40, 400)


@st.composite
def mixtures(draw: Any) -> tuple[list[list[tuple[int, bool]]], Wish, list[int]]:
    """What some nodes hold of one log, parts of it, with and without payloads; a wish; whom to ask when."""
    count = draw(st.integers(1, 3))
    share = st.sets(st.integers(1, LENGTH), max_size=LENGTH)
    nodes = []
    for _ in range(count):
        entries, payloads = draw(share), draw(share)
        wanted = {n for each in entries | payloads for n in path(each, 1)}
        nodes.append([(n, n in payloads) for n in sorted(wanted)])
    wish = Wish(
        schemas=draw(st.sampled_from([None, frozenset([SCHEMA])])),
        newest=draw(st.sampled_from([None, 1, 7, 30])),
        payloads=draw(st.booleans()),
        max_payload=draw(st.sampled_from([None, 200])),
    )
    return nodes, wish, draw(st.permutations(range(count)))


_who = Author(1)
LOG = [_who.create(s="x" * SIZES[n % 3]) for n in range(LENGTH)]
SIZE = [len(payload) for _, payload in LOG]


@examples(1, dear=True)
@given(mixtures())
def test_what_is_wished_arrives_from_whatever_mixture_has_it(
    drawn: tuple[list[list[tuple[int, bool]]], Wish, list[int]],
) -> None:
    """And what is not wished does not, but for the entries that link the others."""
    nodes, wish, order = drawn
    known = [each for each in nodes if wish.schemas is None or any(payload for _, payload in each)]
    ends = [each[-1][0] for each in known if each]
    end = max(ends, default=0)

    async def work() -> None:
        async with parties(1 + len(nodes)) as (one, *others):
            for party, each in zip(others, nodes, strict=True):
                await party.hold(
                    *((LOG[n - 1][0], LOG[n - 1][1] if payload else None) for n, payload in each)
                )
            for _ in range(2):  # of a log that ends later elsewhere less is wished, which is known then
                for number in order:
                    await one.with_(others[number], wish=wish).once()
            found = {n: payload for (_, n), payload in (await held(one)).items()}
            entries = {n for each in known for n, _ in each if n >= wish.first(1, end)}
            payloads = {n for each in known for n, payload in each if payload and n in entries}
            assert entries <= found.keys()
            wished = {n for n in payloads if wish.wants_payload(1, SIZE[n - 1])}
            assert wished <= {n for n, payload in found.items() if payload}
            firsts = {wish.first(1, each) for each in ends}
            above = {n for n in found if n >= min(firsts)} | firsts if firsts else set()
            assert found.keys() <= above | {m for n in above for m in path(n, 1)}, "what links the others"
            assert not {
                n for n, payload in found.items() if payload and not wish.wants_payload(1, SIZE[n - 1])
            }

    run(work())
