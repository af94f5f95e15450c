"""Subscriptions at the node: who follows knows what is shown, whatever happens, and however slow they are."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import log
from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages import decode
from panda_web.messages.schema import Schema
from panda_web.node import Node, Store
from panda_web.node.forks.trusting import Trust
from panda_web.node.live import followed, looking, share
from panda_web.node.live import live as lives
from panda_web.node.schemas import drop
from panda_web.node.store import earlier
from panda_web.node.store.changes import Cursor
from panda_web.rpc.caller import CALLER
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode, TooManySubscriptions
from panda_web.rpc.methods import PUBLISH_ITEMS, QUERY, StoredEntry
from panda_web.rpc.session import Session
from panda_web.rpc.subscriptions import SUBSCRIBE
from panda_web.rpc.transport import InProcess
from panda_web.rpc.within import in_process, pair
from tests.authors import Author
from tests.defining import loose
from tests.examples import examples
from tests.node.branches import NOTE_ID, VOTERS, made, votes
from tests.node.following import Follower, following
from tests.node.test_brought import Peered
from tests.node.waiting import until

PATIENCE = 20
"""Seconds after which something counts as hanging."""


class Written:
    """A node with a schema, and its author."""

    def __init__(self, **fields: str) -> None:
        self.store = Store()
        self.node = Node(self.store, CryptographyVerifier(), version="0")
        self.author = Client(
            in_process(self.node.dispatcher()), CryptographySigner(bytes(32)), store=MemoryStore()
        )
        self._fields = fields or {"n": "integer"}
        self.schema = ""

    async def define(self) -> None:
        self.schema = str((await self.author.define(loose(**self._fields))).id)

    async def create(self, *rows: dict[str, Any]) -> list[str]:
        return [each.id for each in await self.author.create_many(self.schema, rows)]


def run(work: Callable[[Written], Awaitable[None]], **fields: str) -> None:
    async def all_of_it() -> None:
        written = Written(**fields)
        await written.define()
        async with asyncio.timeout(PATIENCE), written.author:
            await work(written)
        await written.node.finish()
        written.store.close()

    asyncio.run(all_of_it())


FILTERS: list[dict[str, Any]] = [
    {},
    {"text": "a"},
    {"not": {"text": "a"}},
    {"text": {"gt": "a"}},
    {"next": {"exists": True}},
]


@examples(0.5)
@given(made(), st.data())
def test_whoever_follows_knows_what_is_shown(entries: Any, data: Any) -> None:
    """With forks, votes, late payloads, deletes, and what they hide; also for who left, and comes back."""
    voted = data.draw(votes(entries))
    entries = [*voted, *entries] if data.draw(st.booleans()) else [*entries, *voted]

    async def follow(node: Peered) -> None:
        wanted = data.draw(st.sampled_from(FILTERS))
        offered = [(each, data.draw(st.integers(0, 4)) > 0) for each in entries]
        offered += [(each, True) for each, payload in offered if not payload]
        away: dict[str, Any] = {}
        since = None
        while offered:
            async with following(node.node) as one:
                name = await one.subscribe(
                    NOTE_ID, page=since is None, known=away, filter=wanted, proof=True, since=since
                )
                for _ in range(data.draw(st.integers(1, 3))):
                    some, offered = offered[: (most := data.draw(st.integers(1, 5)))], offered[most:]
                    await bring(node, some)
                there = await node.connection.call(QUERY, schema=NOTE_ID, filter=wanted)
                texts = {each["id"]: each["text"] for each in there}
                async with asyncio.timeout(PATIENCE):
                    await until(partial(shows, one, name, texts))
                for each in one.shown[name].values():
                    assert all(
                        log.recall(bytes.fromhex(entry["entryBytes"])) for entry in each.get("_entries", ())
                    )
                away, since = dict(one.shown[name]), one.cursors[name]
            if offered and data.draw(st.booleans()):
                some, offered = offered[:2], offered[2:]
                await bring(node, some)

    def shows(one: Follower, name: str, texts: dict[str, str]) -> bool:
        return {each: shown["text"] for each, shown in one.shown[name].items()} == texts

    async def bring(node: Peered, some: Any) -> None:
        items = [
            {"entryBytes": e.signed.encoded.hex(), "payloadBytes": e.payload.hex() if with_payload else None}
            for e, with_payload in some
        ]
        await node.connection.call(PUBLISH_ITEMS, items=items)
        await node.node.count_anew()

    node = Peered(trust=Trust(frozenset(Author(each).signer.author for each in VOTERS[:2])))
    asyncio.run(follow(node))
    node.store.close()


def test_what_leaves_the_filter_is_told_and_what_never_was_in_it_is_not() -> None:
    async def work(at: Written) -> None:
        async with following(at.node) as one:
            await one.subscribe(at.schema, filter={"n": 1})
            first, other = await at.create({"n": 1}, {"n": 2})
            await at.author.update(at.schema, first, {"n": 3})
            await at.author.update(at.schema, other, {"n": 1})
            await at.author.delete(at.schema, other)
            await until(
                lambda: len(one.told) >= 1 and one.shown["1"] == {} and told(one)[-1] == (other, None)
            )
            assert {instance for instance, _ in told(one)} == {first, other}
            assert (first, None) in told(one)

    run(work)


def test_whoever_follows_something_else_hears_nothing_of_a_change() -> None:
    """Neither of updates nor of deletes, nor of what these hide: they cost nobody but those who knew it."""

    async def work(at: Written) -> None:
        ids = await at.create(*({"n": n} for n in range(3)))
        led = loose(n="integer", to="relation").fields
        to = replace(led[1], schema=at.schema, cascade=True)
        leading = str((await at.author.define(Schema("leading", "", (led[0], to)))).id)
        await at.author.create_many(leading, [{"n": 7, "to": ids[0]}])
        async with following(at.node) as idle, following(at.node) as one:
            for wanted in ({"n": 99}, {"n": {"gt": 50}}, {"not": {"n": {"lt": 50}}}, {"author": "ab" * 32}):
                for schema in (at.schema, leading):
                    await idle.subscribe(schema, filter=wanted)
            for schema in (at.schema, leading):
                await one.subscribe(schema)
            for n, each in enumerate(ids):
                await at.author.update(at.schema, each, {"n": 10 + n})
                await at.author.update(at.schema, each, {"n": 20 + n})
                await at.author.delete(at.schema, each)
            await until(lambda: [*one.shown.values()] == [{}, {}])
            (last,) = await at.create({"n": 99})
            await until(lambda: sum(last in shown for shown in idle.shown.values()) == 3)
            assert {instance for instance, _ in told(idle)} == {last}

    run(work)


def test_what_nobody_could_keep_is_told_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance that is too large, or one of too many at once; then nobody knows who knew it."""
    monkeypatch.setattr(earlier, "MAX_EARLIER", 3 * earlier.OVERHEAD)
    monkeypatch.setattr(lives, "GATHER", 0.1)

    async def work(at: Written) -> None:
        ids = await at.create(*({"n": 1, "text": "a" * (earlier.MAX_OF_ONE + 1)} for _ in range(2)))
        ids += await at.create(*({"n": 1} for _ in range(8)))
        async with following(at.node) as one:
            name = await one.subscribe(at.schema, filter={"n": 1})
            other = await one.subscribe(at.schema, filter={"n": 2})
            for each in ids:
                await at.author.update(at.schema, each, {"n": 2})
            await until(lambda: not one.shown[name] and one.shown[other].keys() == set(ids))

    run(work, n="integer", text="text")


def test_what_was_seen_between_its_create_and_an_update_is_told_as_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both are looked up together, and then it looks as if nobody could know of it."""
    monkeypatch.setattr(lives, "GATHER", 0.1)

    async def work(at: Written) -> None:
        async with following(at.node) as one:
            name = await one.subscribe(at.schema, page=False, filter={"n": 1})
            await at.create({"n": 5})  # which is looked up at once, and then not for a moment
            await asyncio.sleep(0.01)
            (instance,) = await at.create({"n": 1})
            (seen,) = await one.node.call(QUERY, schema=at.schema, filter={"n": 1})
            one.shown[name][seen["id"]] = seen
            await at.author.update(at.schema, instance, {"n": 2})
            await until(lambda: one.shown[name] == {})

    run(work)


@pytest.mark.parametrize(
    ("wanted", "passed"),
    [
        ({"n": 1}, 1),
        ({"n": 1, "text": "a"}, 1),
        ({"and": [{"text": "a"}, {"n": {"gt": 0}}]}, 2),
        ({"n": {"in": [1, 2]}}, 2),
        ({"not": {"n": 1}}, 1),
        ({"x": 1}, 1),
        ({"list": ["a"]}, 1),
        ({"when": "2020-01-01T00:00:00Z"}, 2),
    ],
)
def test_who_asks_for_one_value_is_told_of_what_has_it(wanted: dict[str, Any], passed: int) -> None:
    """Numbers that are alike are equal, moments are equal however they are written, and lists as a whole."""

    async def work(at: Written) -> None:
        async with following(at.node) as one:
            names = [await one.subscribe(at.schema, filter=each) for each in ({"n": 99}, wanted, {})]
            await at.create(
                {"n": 1, "text": "a", "x": 1.0, "list": ["a"], "when": "2020-01-01T01:00:00+01:00"},
                {"n": 2, "text": "a", "x": 2.5, "list": ["b"], "when": "2020-01-01T00:00:00Z"},
            )
            await until(lambda: len(one.shown[names[2]]) == 2)
            await until(lambda: len(one.shown[names[1]]) == passed)
            there = await one.node.call(QUERY, schema=at.schema, filter=wanted)
            assert one.shown[names[1]].keys() == {each["id"] for each in there}
            assert not one.shown[names[0]]

    run(work, n="integer", text="varchar", x="float", list="varchar[]", when="timestamp")


def test_the_fields_that_are_chosen_come_and_no_others() -> None:
    async def work(at: Written) -> None:
        async with following(at.node) as one:
            asked = ({}, {"select": ["text"]}, {"select": []}, {"select": ["text"], "proof": True})
            names = [await one.subscribe(at.schema, filter={"n": 1}, **more) for more in asked]
            (made,) = await at.create({"n": 1, "text": "a"})
            await until(lambda: all(made in one.shown[name] for name in names))
            found = [one.shown[name][made] for name in names]
            assert [each.keys() - {"id", "_meta"} for each in found] == [
                {"n", "text"},
                {"text"},
                set(),
                {"text", "_entries"},
            ]
            await at.author.update(at.schema, made, {"n": 2})
            await until(lambda: not any(one.shown[name] for name in names))

    run(work, n="integer", text="varchar")


def told(one: Follower) -> list[tuple[str, Any]]:
    return [(each.id, each.instance) for _, changes, *_ in one.told for each in changes]


def test_a_delete_is_told_with_the_entry_that_says_so() -> None:
    async def work(at: Written) -> None:
        (gone,) = await at.create({"n": 1})
        async with following(at.node) as one, following(at.node) as without:
            await one.subscribe(at.schema, proof=True)
            await without.subscribe(at.schema)
            await at.author.delete(at.schema, gone)
            await until(lambda: bool(one.told and without.told))
            (entry,) = one.told[-1][1][-1].entries
            signed = log.recall(entry.entry)
            assert entry.payload is not None
            assert decode(entry.payload).action == "delete"
            assert decode(entry.payload).id == gone
            assert signed.entry.author.hex() == at.author.author
            assert without.told[-1][1][-1].entries == []

    run(work)


def test_many_who_ask_the_same_are_served_by_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    look = looking.look
    monkeypatch.setattr(
        looking, "look", lambda view, touched: [looked.append(len(touched)), look(view, touched)][1]
    )

    async def work(at: Written) -> None:
        async with following(at.node) as one, following(at.node) as other:
            for follower in (one, other):
                for _ in range(20):
                    await follower.subscribe(at.schema, proof=True)
            (made,) = await at.create({"n": 1})
            everybody = [shown for each in (one, other) for shown in each.shown.values()]
            await until(lambda: all(made in shown for shown in everybody))
            assert len(everybody) == 40
            assert looked == [1]

    run(work)


class Stuck:
    """A channel whose other side reads when it is told to."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.reads, self.sent = inner, asyncio.Event(), 0

    async def send(self, message: bytes) -> None:
        self.sent += 1
        if b"panda_changed" in message:
            await self.reads.wait()
        await self.inner.send(message)

    async def receive(self) -> bytes:
        return await self.inner.receive()

    async def close(self, why: str = "") -> None:
        await self.inner.close(why)


@pytest.mark.parametrize("kept", [followed.MAX_RECENT, 0])
def test_a_slow_one_keeps_one_message_and_goes_on_from_where_it_was(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for it. What it missed is at hand, or is read again, and then told together."""
    monkeypatch.setattr(followed, "MAX_RECENT", kept)

    async def work(at: Written) -> None:
        here, there = pair()
        stuck = Stuck(there)
        serving = Session(stuck, at.node.dispatcher()).start()
        slow = Follower(here)
        async with slow.session, following(at.node) as quick:
            name = await slow.subscribe(at.schema)
            await quick.subscribe(at.schema)
            before = stuck.sent
            ids = [each for _ in range(30) for each in await at.create({"n": 1}, {"n": 2})]
            await until(lambda: quick.shown["2"].keys() == set(ids))
            assert stuck.sent == before + 1
            stuck.reads.set()
            await until(lambda: slow.shown[name].keys() == set(ids))
            assert kept or len(slow.told) < 10
        await asyncio.wait([serving])

    run(work)


def test_slow_ones_that_come_back_leave_their_turns_to_others() -> None:
    async def work(at: Written) -> None:
        async with following(at.node) as one:
            name = await one.subscribe(at.schema)
            since = one.cursors[name]
            ids = await at.create(*({"n": n} for n in range(3)))
            await until(lambda: one.shown[name].keys() == set(ids))
            await one.unsubscribe(name)  # nothing is at hand now, as after a start of the node

        async def comes_back(caller: str, *, reads: bool) -> tuple[Follower, Stuck]:
            here, there = pair()
            stuck = Stuck(there)
            if reads:
                stuck.reads.set()
            CALLER.set(caller)
            Session(stuck, at.node.dispatcher()).start()
            follower = Follower(here)
            follower.session.start()
            await follower.subscribe(at.schema, page=False, since=since)
            return follower, stuck

        slow = [await asyncio.create_task(comes_back(f"slow {n}", reads=False)) for n in range(3)]
        quick, _ = await asyncio.create_task(comes_back("quick", reads=True))
        await until(lambda: any(shown.keys() == set(ids) for shown in quick.shown.values()))
        for follower, stuck in (*slow, (quick, None)):
            if stuck is not None:
                stuck.reads.set()
            await follower.session.close()

    run(work)


def test_a_fault_is_told_and_silences_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    page, faults = looking.page, ["once"]

    def fails_once(*arguments: Any) -> Any:
        if faults:
            raise RuntimeError(faults.pop())
        return page(*arguments)

    async def work(at: Written) -> None:
        async with following(at.node) as one:
            name = await one.subscribe(at.schema)
            monkeypatch.setattr(looking, "page", fails_once)
            await at.create({"n": 1})
            await until(lambda: any(each[0] == name and each[3] for each in one.told))
            again = await one.subscribe(at.schema)
            (instance,) = await at.create({"n": 2})
            await until(lambda: instance in one.shown[again])

    run(work)


def test_what_is_kept_for_slow_ones_is_bounded_for_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks the same in a thousand ways makes the node keep no more; what was told last is at hand."""
    monkeypatch.setattr(followed, "MAX_RECENT", 10_000)
    places = [Cursor(bytes(16), number, b"") for number in range(31)]
    questions = [
        followed.Question(("", str(n), False, None), "", bool, None, 1, places[0]) for n in range(10)
    ]
    recent = followed.Recent()
    kept = 0
    for begin, end in pairwise(places):
        for question in questions:
            recent.keep(question, followed.Step(begin, end, bytes(1000)))
        kept = sum(recent.behind(q, place) is not None for q in questions for place in places)
    assert 0 < kept <= 10_000 // (1000 + followed.STEP_SIZE)
    assert recent.behind(questions[-1], places[-2]) is not None
    assert recent.behind(questions[0], places[0]) is None


def test_whoever_is_too_far_behind_is_told_that_their_place_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(at: Written) -> None:
        async with following(at.node) as one:
            await one.subscribe(at.schema)
            cursor = one.cursors["1"]
            await one.unsubscribe("1")
            await at.create(*({"n": n} for n in range(12)))
            monkeypatch.setattr(lives, "MOST_BEHIND", 10)
            name = await one.subscribe(at.schema, page=False, since=cursor)
            await until(lambda: any(each[0] == name and each[3] for each in one.told))
            assert not await one.unsubscribe(name), "it is over"

    run(work)


@pytest.mark.parametrize("since", ["", "x", "....", "00.1.00.0", f"{'00' * 16}.0..0", "é" * 1000, "1.-1.1.1"])
def test_a_cursor_of_something_else_is_answered_with_reset(since: str) -> None:
    async def work(at: Written) -> None:
        async with following(at.node) as one:
            made = await one.node.call(SUBSCRIBE, schema=at.schema, since=since)
            assert made.reset
            (instance,) = await at.create({"n": 1})
            await until(lambda: instance in one.shown.get(made.subscription, {}))
            assert Cursor.read(made.cursor) is not None

    run(work)


def test_a_view_that_goes_is_told() -> None:
    async def work(at: Written) -> None:
        async with following(at.node) as one:
            name = await one.subscribe(at.schema)
            await drop(at.store, at.schema)
            await at.node.keep_views()
            await until(lambda: bool(one.told and one.told[-1][3]))
            assert one.told[-1][0] == name
            with pytest.raises(ErrorFromNode) as refused:
                await one.subscribe(at.schema)
            assert refused.value.reason == "schema-not-registered"

    run(work)


def test_what_may_not_be_subscribed() -> None:
    async def work(at: Written) -> None:
        async with following(at.node) as one:
            for more, reason in (
                ({"filter": {"colour": 1}}, "field-unknown"),
                ({"filter": {"n": {"x": {}}}}, "invalid-params"),
                ({"select": ["colour"]}, "field-unknown"),
                ({"include": ["n"]}, "invalid-params"),
                ({"filter": {"n": "x" * share.MAX_FILTER}}, "filter-too-large"),
                ({"schema": "nobody's"}, "schema-name-unknown"),
                ({"schema": "0040" + "ab" * 64}, "schema-not-defined"),
            ):
                with pytest.raises(ErrorFromNode) as refused:
                    await one.subscribe(**{"schema": at.schema, "page": False} | more)
                assert refused.value.reason == reason, more
            with pytest.raises(ErrorFromNode) as refused:
                await Connection(InProcess(at.node.dispatcher())).call(SUBSCRIBE, schema=at.schema)
            assert refused.value.reason == "session-needed"

    run(work)


def test_a_flood_of_subscriptions_ends_at_a_bound_and_ending_some_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(share, "OF_SESSION", 10)
    monkeypatch.setattr(share, "OF_ALL", 15)

    async def refused(one: Follower, schema: str) -> str:
        with pytest.raises(ErrorFromNode) as error:
            await one.subscribe(schema, page=False)
        assert error.value.reason == "too-many-subscriptions"
        return str(error.value)

    async def work(at: Written) -> None:
        async with following(at.node) as one:
            names = [await one.subscribe(at.schema, page=False, filter={"n": n}) for n in range(10)]
            assert "in this session" in await refused(one, at.schema)
            async with following(at.node) as other:
                for _ in range(5):
                    await other.subscribe(at.schema, page=False)
                assert "at this node" in await refused(other, at.schema)
            assert await one.unsubscribe(names[0])
            assert not await one.unsubscribe(names[0])
            await one.subscribe(at.schema, page=False)
        async with following(at.node) as again:  # what a session had is free when it has ended
            for _ in range(10):
                await again.subscribe(at.schema, page=False)
            assert "in this session" in await refused(again, at.schema)

    run(work)


def test_one_visitor_leaves_subscriptions_to_the_others() -> None:
    """However many sessions they open; and a filter of many values counts for more."""
    counted = share.Share()
    weighs = share.weight({"n": {"in": [*range(80)]}})
    assert weighs == 11
    taken = [f"session {number}" for number in range(share.OF_VISITOR // weighs)]
    for session in taken:
        counted.take(session, "one", weighs)
    with pytest.raises(TooManySubscriptions, match="from where you are"):
        counted.take("another session", "one", weighs)
    counted.take("another session", "other", weighs)
    counted.take("a session of this machine", None, weighs)
    counted.give_back(taken[0], "one", weighs)
    counted.take("another session", "one", weighs)


def test_large_instances_come_in_several_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("panda_web.node.live.comparing.MAX_TOLD", 5_000)

    async def work(at: Written) -> None:
        async with following(at.node) as one:
            name = await one.subscribe(at.schema, proof=True)
            ids = await at.create(*({"text": "x" * 2_000} for _ in range(10)))
            await until(lambda: one.shown[name].keys() == set(ids))
            assert len(one.told) >= 4
            # Each cursor is one to go on from.
            for _, _, cursor, _ in one.told:
                async with following(at.node) as other:
                    made = await other.node.call(SUBSCRIBE, schema=at.schema, since=cursor)
                    assert not made.reset

    run(work, text="text")


def test_a_place_that_is_far_behind_is_told_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "OFTEN", 5)

    async def work(at: Written) -> None:
        async with following(at.node) as one:
            name = await one.subscribe(at.schema, filter={"n": 99})
            begin = one.cursors[name]
            await at.create(*({"n": n} for n in range(12)))
            await until(lambda: one.cursors[name] != begin)
            assert told(one) == []

    run(work)


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_a_proof_ends_many_instances_page_by_page(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one change, and all that its author ever wrote; in one slot of it stand two entries."""
    monkeypatch.setattr(looking, "PAGE", most)

    async def work(at: Written) -> None:
        author, other = Author(1), Author(1)
        first = author.create(at.schema, n=0)
        other.head = author.head
        written = [first, *(author.create(at.schema, n=n) for n in range(1, 10))]
        for signed, payload in written:
            await at.node.publish_entry(signed.encoded, payload)
        async with following(at.node) as one:
            name = await one.subscribe(at.schema, proof=True)
            assert len(one.shown[name]) == 10
            signed, payload = other.create(at.schema, n=99)
            await at.node.publish_items([StoredEntry(signed.encoded, payload)])
            await until(lambda: one.shown[name].keys() == {first[0].hash.hex()})
            before = [*one.told]
            assert len(before) >= 9 / most
        ended = {each.hash.hex() for each, _ in written[1:]}
        told_before: set[str] = set()
        for _, changes, cursor, _ in before:  # whoever leaves in the middle of it goes on there
            told_before |= {each.id for each in changes}
            async with following(at.node) as one:
                await one.subscribe(at.schema, page=False, since=cursor)
                (last,) = await at.create({"n": 5})
                await until(partial(is_told, one, last))
                assert told_before | {instance for instance, _ in told(one)} >= ended

    def is_told(one: Follower, instance: str) -> bool:
        return instance in dict(told(one))

    run(work)
