"""The feed of changes: what is numbered, who is told when, and which cursors fit."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.errors import StoreFailed
from panda_web.messages import Field
from panda_web.node import Store
from panda_web.node.forks.following import Following
from panda_web.node.forks.trusting import Trust
from panda_web.node.ingest import Limits, checking, publish
from panda_web.node.ingest.limits import House
from panda_web.node.schemas import Registry
from panda_web.node.store.changes import Changes, Cursor
from panda_web.node.store.counting import EVERYTHING
from panda_web.rpc.methods import QUERY
from tests.authors import Author
from tests.examples import examples
from tests.node import earlier
from tests.node.branches import NOTE_ID, made
from tests.node.test_brought import Peered
from tests.node.test_formats import TALKS, logs
from tests.node.waiting import until

T = TypeVar("T")
Happened = tuple[str, bytes]
"""The kind of a change, and the hash of its entry."""


class Undone(Exception):
    """A transaction is given up."""


class Disk:
    """Where a store waits for its disk: it fails when it is told to."""

    def __init__(self) -> None:
        self.fails = False

    async def __call__(self, work: Coroutine[Any, Any, T], /) -> T:
        if self.fails:
            work.close()
            raise StoreFailed("The disk is broken.")
        return await work


class Life:
    """A store that lives through something, and what is expected of its feed.

    Attributes:
        history: of each commit what it did, in order.
        cursors: points in what happened, each with the history up to there, and where in its last commit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.disk = Disk()
        self.history: list[tuple[Happened, ...]] = []
        self.held: list[tuple[int, bytes]] = []
        self.copies: list[tuple[Any, ...]] = []
        self.cursors: list[tuple[Cursor, list[tuple[Happened, ...]], int]] = []
        self.heads = {number: Author(number).head for number in (1, 2)}
        self.open()

    def open(self) -> None:
        self.store = Store(self.path, self.disk)
        self.house = House(self.store, Registry(self.store), Limits(), Following(self.store, Trust()))

    def group(self, works: Sequence[tuple[int, int, bool]], end: str) -> None:
        """Some transactions; each writes as an author, a create or a delete, and may be undone."""
        asyncio.run(self.store.begin())
        heads, held, did = dict(self.heads), list(self.held), []
        for number, kind, undone in works:
            author = Author(number)
            author.head = heads[number]
            mine = [each for each in held if each[0] == number]
            gone = mine[kind % len(mine)][1] if mine and kind % 3 == 0 else None
            signed, payload = author.delete(gone) if gone else author.create(n=kind)
            with suppress(Undone), self.store.transaction():
                publish.take_in(self.house, checking.check(signed, payload, self.house.registry))
                if undone:
                    raise Undone
            if undone:
                continue
            heads[number] = author.head
            did.append(("entry", signed.hash))
            if gone:
                held.remove((number, gone))
                did.append(("payload", gone))
            else:
                held.append((number, signed.hash))
        if end == "left":
            return
        self.disk.fails = end == "fails"
        try:
            asyncio.run(self.store.durable())
        except StoreFailed:
            assert end == "fails"
            return
        finally:
            self.disk.fails = False
        self.heads, self.held = heads, held
        if did:
            self.history.append(tuple(did))

    def restart(self) -> None:
        self.store.close()
        self.open()

    def copy(self) -> None:
        self.restart()
        self.store.close()
        copy = self.path.with_name(f"copy {len(self.copies)}")
        shutil.copy(self.path, copy)
        self.copies.append((copy, list(self.history), dict(self.heads), list(self.held)))
        self.open()

    def restore(self) -> None:
        if self.copies:
            self.store.close()
            copy, history, heads, held = self.copies[-1]
            shutil.copy(copy, self.path)
            self.history, self.heads, self.held = list(history), dict(heads), list(held)
            self.open()

    def point(self, limit: int) -> None:
        """Follows from the beginning for one page, and keeps the cursor behind it."""
        cursor = self.store.feed.since(self.store.feed.start(), limit).cursor
        self.cursors.append((cursor, list(self.history), cursor.number))

    def check(self, limit: int) -> None:
        """From each cursor the feed gives what happened, or says that it does not fit."""
        flat = [each for commit in self.history for each in commit]
        for cursor, history, number in self.cursors:
            upto, counted = [], 0
            for commit in history:
                if counted < number:
                    upto.append(commit)
                    counted += len(commit)
            found = read(self.store, cursor, limit)
            if self.history[: len(upto)] == upto:
                assert found == [(at + 1, *flat[at]) for at in range(number, len(flat))]
            else:
                assert found is None


def read(store: Store, cursor: Cursor, limit: int) -> list[tuple[int, str, bytes]] | None:
    """All that is behind a cursor, page by page; None for a reset."""
    found: list[tuple[int, str, bytes]] = []
    while True:
        some = store.feed.since(cursor, limit)
        if some.reset:
            assert not some.changes
            assert some.cursor == store.feed.now()
            return None
        found += [(each.number, each.kind, each.entry) for each in some.changes]
        cursor = some.cursor
        if len(some.changes) < limit:
            assert cursor == store.feed.now()
            return found


GROUPS = st.tuples(
    st.just("group"),
    st.lists(st.tuples(st.sampled_from((1, 2)), st.integers(0, 8), st.booleans()), max_size=4),
    st.sampled_from(("commits", "commits", "commits", "fails", "left")),
)
STEPS = st.one_of(
    GROUPS,
    GROUPS,
    st.tuples(st.just("point"), st.integers(1, 6)),
    st.tuples(st.sampled_from(("restart", "copy", "restore"))),
)


@examples(1)
@given(st.lists(STEPS, max_size=12), st.integers(1, 4))
def test_from_any_cursor_what_happened_or_reset(steps: list[tuple[Any, ...]], limit: int) -> None:
    with TemporaryDirectory() as folder:
        life = Life(Path(folder) / "node.db")
        for name, *values in steps:
            getattr(life, name)(*values)
        life.restart()
        life.point(100)
        life.cursors.append((life.store.feed.start(), [], 0))
        life.check(limit)
        other = replace(life.store.feed.now(), store=bytes(16))
        assert life.store.feed.since(other).reset
        life.store.close()


WRITTEN = Peered().store
"""Of one commit."""


@given(
    st.integers() | st.integers(-(1 << 70), 1 << 70) | st.sampled_from([1 << 63, (1 << 63) - 1, -1]),
    st.binary(max_size=20) | st.none(),
)
def test_a_cursor_of_nonsense_fits_nothing(number: int, hash: bytes | None) -> None:
    """It may come from anybody, and from another store of the same id. None stands for the right hash."""
    now = WRITTEN.feed.now()
    found = WRITTEN.feed.since(replace(now, number=number, hash=now.hash if hash is None else hash))
    fits = (number, hash) == (0, b"") or (hash is None and 0 < number <= now.number)
    assert found.reset == (not fits)
    assert found.cursor == now


@examples(0.5)
@given(made(), st.data())
def test_who_looks_at_what_changed_knows_what_is_shown(entries: Any, data: Any) -> None:
    """With forks, late payloads, deletes and what they hide: nothing else has changed."""
    node = Peered()
    cursor, shown = node.store.feed.now(), dict[str, str]()
    about = {each.signed.hash: each for each in entries}
    offered = [(each, data.draw(st.integers(0, 4)) > 0) for each in entries]
    offered += [(each, True) for each, payload in offered if not payload]
    while offered:
        some, offered = offered[: (most := data.draw(st.integers(1, 5)))], offered[most:]
        node.bring(*some)
        found = node.store.feed.since(cursor)
        cursor = found.cursor
        for change in found.changes:
            message = about[change.entry].message if change.kind in ("entry", "payload") else None
            again = [message.id if message is not None and message.id else change.entry.hex()]
            if change.kind == "proof":
                log = about[change.entry].place[:2]
                again = [each.signed.hash.hex() for each in entries if each.place[:2] == log]
            for instance in again:
                shown.pop(instance, None)
                answer = node.call(QUERY, schema=NOTE_ID, filter={"id": instance}, proof=True)
                shown.update({each["id"]: each["text"] for each in answer})
        assert shown == node.shown()
    node.store.close()


def test_followers_miss_nothing_and_are_given_nothing_twice() -> None:
    """Nor does it matter how slow they are."""

    async def follower(
        store: Store, cursor: Cursor | None, limit: int, pace: int, got: list[int], most: int
    ) -> None:
        async with aclosing(store.feed.follow(cursor, limit)) as following:
            async for some in following:
                assert 0 < len(some.changes) <= limit
                got += [each.number for each in some.changes]
                if len(got) == most:
                    return
                for _ in range(pace):
                    await asyncio.sleep(0)

    node, author = Peered(), Author()

    async def work() -> None:
        begun = node.store.feed.now()
        first = begun.number + 1
        written = [author.create(n=n) for n in range(60)]
        got: list[list[int]] = [[] for _ in range(5)]
        ways = [(begun, 1, 0), (begun, 3, 9), (None, 500, 0), (begun, 7, 40), (None, 2, 3)]
        following = [
            asyncio.create_task(follower(node.store, *way, numbers, 60))
            for way, numbers in zip(ways, got, strict=True)
        ]
        await asyncio.sleep(0)
        for start in range(0, 60, 6):
            await asyncio.gather(
                *(
                    node.node.publish_entry(each.encoded, payload)
                    for each, payload in written[start : start + 6]
                )
            )
        await asyncio.gather(*following)
        assert got == [list(range(first, first + 60))] * 5

    asyncio.run(work())
    node.store.close()


def test_of_what_an_instance_went_through_the_last_is_kept() -> None:
    """So hiding and showing one without end takes no room, and no cursor breaks by it."""
    node, author, other = Peered(), Author(1), Author(2)
    doomed, kept = other.create(NOTE_ID, text="doomed"), other.create(NOTE_ID, text="kept")
    leads = author.create(NOTE_ID, text="leads", next=_to(doomed))
    for each in (doomed, kept, leads, other.delete(doomed[0].hash, NOTE_ID)):
        node.publish(*each)
    cursors = [node.store.feed.start()]
    for target in (kept, doomed) * 3:
        cursors.append(node.store.feed.now())
        node.publish(*author.update(leads[0].hash, NOTE_ID, next=_to(target)))
    for cursor in cursors:
        found = node.store.feed.since(cursor)
        assert not found.reset
        about = [each.kind for each in found.changes if each.entry == leads[0].hash and each.kind != "entry"]
        assert about == ["hidden"]
        numbers = [each.number for each in found.changes]
        assert numbers == sorted(set(numbers))
    node.store.close()


def _to(target: Any) -> Field:
    return Field("relation", target[0].hash.hex())


@pytest.mark.parametrize("number", earlier.FORMATS)
def test_a_folder_of_before_has_an_id_and_numbers(tmp_path: Path, number: int) -> None:
    written, _ = logs()
    earlier.folder(tmp_path / "old.db", number, written, TALKS)
    store = Store(tmp_path / "old.db")
    found = store.feed.since(store.feed.start())
    assert [(each.kind, each.entry) for each in found.changes] == [
        ("entry", each.hash) for each, _ in written
    ]
    half = store.feed.since(store.feed.start(), 5)
    assert [*half.changes, *store.feed.since(half.cursor).changes] == list(found.changes)
    store.close()
    again = Store(tmp_path / "old.db")
    assert again.feed.store == store.feed.store != Store().feed.store
    assert again.feed.since(found.cursor) == Changes((), found.cursor)
    again.close()


def test_what_another_program_does_is_noticed_by_the_next_group(tmp_path: Path) -> None:
    """And who follows gets it too, in its place."""

    node, theirs = Peered(tmp_path / "node.db"), Store(tmp_path / "node.db")

    async def work() -> None:
        got: list[str] = []

        async def follow() -> None:
            async for some in node.store.feed.follow():
                got.extend(each.entry.hex() for each in some.changes)

        following = asyncio.create_task(follow())
        await asyncio.sleep(0)
        told: list[frozenset[str]] = []
        node.store.tell(told.append)
        one, two = Author(1).create(), Author(2).create()
        house = House(theirs, Registry(theirs), Limits(), Following(theirs, Trust()))
        theirs.at_once(_taking(house, *one))
        assert not told
        await node.node.publish_entry(two[0].encoded, two[1])
        assert [sorted(each) for each in told] == [
            sorted(EVERYTHING),
            ["entry"],
        ]
        await until(lambda: len(got) == 2)
        assert got == [one[0].hash.hex(), two[0].hash.hex()]
        following.cancel()

    asyncio.run(work())
    node.store.close()
    theirs.close()


def _taking(house: House, signed: Any, payload: bytes) -> Callable[[], object]:
    return lambda: publish.take_in(house, checking.check(signed, payload, house.registry))
