"""Publishes that share a transaction: what each sees of the others, and what is left when it fails."""

import asyncio
import sqlite3
import threading
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from panda_web import log, messages
from panda_web.bamboo import InvalidLink, digest
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys.protocols import Claim
from panda_web.keys.strict import InvalidSignature
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import SignedEntry
from panda_web.messages import infer_all
from panda_web.node import Node
from panda_web.node.aside import Aside, here, in_a_thread
from panda_web.node.ingest import checking
from panda_web.node.store.entries import LogRow
from panda_web.rpc.errors import SeqNumTaken
from tests.authors import SCHEMA, Author
from tests.node.waiting import until
from tests.sqlite import Store

T = TypeVar("T")
Entry = tuple[SignedEntry, bytes]


def disk_broken() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error


class Faulty(sqlite3.Connection):
    """A connection on which chosen statements fail, or other things happen first."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.commits = self.busy = 0
        self.failing: str | None = None
        self.gives_up_at = -1

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override]
        if self.gives_up_at == 0 and sql.startswith("INSERT INTO entries"):
            self.gives_up_at = -1
            super().execute("ROLLBACK")  # as SQLite does by itself when a disk breaks
            raise disk_broken()
        if sql.startswith("INSERT INTO entries"):
            self.gives_up_at -= 1
        if self.failing is not None and sql.startswith(self.failing):
            raise disk_broken()
        self.commits += sql == "COMMIT"
        try:
            return super().execute(sql, *values)
        except sqlite3.OperationalError as error:
            self.busy += error.sqlite_errorcode == sqlite3.SQLITE_BUSY
            raise


class Gate:
    """Lets work go aside when it is opened; what only reads always."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.waiting = 0

    async def __call__(self, work: Coroutine[Any, Any, T], /) -> T:
        if work.__name__ == "read":
            return await in_a_thread(work)
        self.waiting += 1
        try:
            await self.open.wait()
        except BaseException:
            work.close()
            raise
        finally:
            self.waiting -= 1
        return await in_a_thread(work)


class Group:
    """A node on a file, with what the tests need of its inside."""

    def __init__(self, path: Path | None, aside: Aside = here, *, checking: Aside = here) -> None:
        self.store = Store(path, aside, connection=Faulty)
        self.verifier = Verifier()
        self.node = Node(self.store, self.verifier, version="0", aside=checking)
        assert isinstance(self.store.sqlite, Faulty)
        self.connection = self.store.sqlite
        self.connection.commits = 0

    async def publish(self, entries: Sequence[Entry]) -> list[Any]:
        """All at once: what each gets, or the error."""
        return await asyncio.gather(
            *(self.node.publish_entry(signed.encoded, payload) for signed, payload in entries),
            return_exceptions=True,
        )

    async def stored(self) -> int:
        answer: Any = await self.node.query_entries(SCHEMA)
        return len(answer["entries"])

    def dump(self) -> list[str]:
        return list(self.connection.iterdump())


class Verifier(CryptographyVerifier):
    """Remembers where and how many it checked."""

    __slots__ = ("batches", "threads")

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.batches: list[int] = []

    async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
        self.threads.add(threading.get_ident())
        self.batches.append(len(claims))
        return await super().verify_many(claims)


@pytest.fixture(params=["in memory", "here", "in a thread"])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Group]:
    aside = in_a_thread if request.param == "in a thread" else here
    made = Group(None if request.param == "in memory" else tmp_path / "node.db", aside, checking=aside)
    yield made
    made.store.close()


def many(count: int, first: int = 1) -> list[Entry]:
    """One entry of each of so many authors."""
    return [Author(number).create() for number in range(first, first + count)]


def reasons(answers: Sequence[Any]) -> list[str]:
    return [answer.reason if isinstance(answer, PandaError) else "" for answer in answers]


def test_many_share_a_commit(group: Group) -> None:
    answers = asyncio.run(group.publish(many(40)))
    assert [answer["seqNum"] for answer in answers] == [2] * 40
    assert group.connection.commits == 1
    assert group.verifier.batches == [40]
    assert asyncio.run(group.stored()) == 40


def test_a_log_at_once(group: Group) -> None:
    """Each sees those before it in the group."""
    author = Author()
    entries = author.write_many([messages.create(SCHEMA, infer_all({"n": n})) for n in range(50)])
    answers = asyncio.run(group.publish(entries))
    assert [answer["seqNum"] for answer in answers] == list(range(2, 52))
    assert group.connection.commits == 1


def test_a_heavy_one_is_a_group_of_its_own(group: Group) -> None:
    """A group is bounded by what is to be written: others get their turn between."""
    fields = {f"f{n}": n for n in range(256)}
    wide = [Author(number).create(**fields) for number in range(1, 17)]
    large = [Author(number).create(text="x" * (1 << 19)) for number in range(17, 19)]
    answers = asyncio.run(group.publish([*wide, *large, *many(10, first=20)]))
    assert reasons(answers) == [""] * 28
    assert group.connection.commits == 16 // 8 + 2 + 1
    assert asyncio.run(group.stored()) == 28


def test_a_refused_one_spoils_nothing(group: Group) -> None:
    first, second = Author(1), Author(2)
    created = first.create()
    ended = [created, first.delete(created[0].hash), first.update(created[0].hash, n=2)]
    gap = [second.create(), second.create()][1:]
    good = many(10, first=3)
    broken = good[0][0].encoded[:-1] + b"\x00"
    unsigned = (log.SignedEntry(good[0][0].entry, broken, digest(broken)), good[0][1])
    entries = [*good[:5], *ended, *gap, unsigned, *good[5:]]
    answers = asyncio.run(group.publish(entries))
    assert [reason for reason in reasons(answers) if reason] == [
        "instance-deleted",
        "backlink-missing",
        "signature-mismatch",
    ]
    assert group.connection.commits == 1
    alone = Group(None)
    for number, (entry, answer) in enumerate(zip(entries, answers, strict=True)):
        if not isinstance(answer, PandaError):
            assert asyncio.run(alone.publish([entry])) == [answer], number
    # A store's id is its own, and each commit is counted.
    rows = [
        [row for row in each.dump() if not row.startswith(('INSERT INTO "commits"', 'INSERT INTO "store"'))]
        for each in (alone, group)
    ]
    assert rows[0] == rows[1], "as if the refused ones had never come"
    alone.store.close()


def test_a_fault_of_ours_with_one_entry(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    real, bad = group.store.writing.add, many(3)[1][0].hash

    def add(known: Any, verified: SignedEntry, *rest: Any) -> LogRow:
        log_row = real(known, verified, *rest)
        if verified.hash == bad:
            raise ZeroDivisionError
        return log_row

    monkeypatch.setattr(group.store.writing, "add", add)
    answers = asyncio.run(group.publish(many(3)))
    assert [type(answer) for answer in answers] == [dict, ZeroDivisionError, dict]
    assert asyncio.run(group.stored()) == 2


def test_a_fault_of_ours_in_checking_one_entry(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    real, bad = checking.check, many(3)[1][0].hash

    def check(signed: SignedEntry, *rest: Any) -> checking.Checked:
        if signed.hash == bad:
            raise ZeroDivisionError
        return real(signed, *rest)

    monkeypatch.setattr(checking, "check", check)
    answers = asyncio.run(group.publish(many(3)))
    assert [type(answer) for answer in answers] == [dict, ZeroDivisionError, dict]


def test_the_same_entry_twice_in_a_group(group: Group) -> None:
    (entry,) = many(1)
    first, second = asyncio.run(group.publish([entry, entry]))
    assert first == second
    assert asyncio.run(group.stored()) == 1


@pytest.mark.parametrize("statement", ["BEGIN", "COMMIT"])
def test_a_commit_that_fails_fails_for_all(group: Group, statement: str) -> None:
    author, other = Author(1), Author(1)
    asyncio.run(group.publish([Author(99).create()]))
    before = group.dump()
    taken = [author.create(n=1), other.create(n=2)]
    group.connection.failing = statement
    answers = asyncio.run(group.publish([*many(10, first=2), *taken]))
    assert reasons(answers) == ["store-failed"] * 12, "also the one refused for what is not there now"
    assert len({id(answer) for answer in answers}) == 12
    assert group.dump() == before
    group.connection.failing = None
    answers = asyncio.run(group.publish([*many(10, first=2), taken[1], taken[0]]))
    assert reasons(answers) == [""] * 11 + [SeqNumTaken.reason]
    assert asyncio.run(group.stored()) == 12


@pytest.mark.parametrize("at", [0, 3, 9])
def test_sqlite_gives_up_a_group_by_itself(group: Group, at: int) -> None:
    group.connection.gives_up_at = at
    before = group.dump()
    assert reasons(asyncio.run(group.publish(many(10)))) == ["store-failed"] * 10
    assert group.dump() == before
    assert reasons(asyncio.run(group.publish(many(10)))) == [""] * 10


def test_a_disk_that_is_full(group: Group) -> None:
    asyncio.run(group.publish(many(1)))
    (pages,) = group.connection.execute("PRAGMA page_count").fetchone()
    group.connection.execute(f"PRAGMA max_page_count={pages + 4}")
    big = [Author(number).create(text="x" * 3000) for number in range(2, 42)]
    answers = asyncio.run(group.publish(big))
    assert "disk-full" in reasons(answers)
    acknowledged = [answer["entryHash"] for answer in answers if isinstance(answer, dict)]
    assert asyncio.run(group.stored()) == 1 + len(acknowledged)
    group.connection.execute("PRAGMA max_page_count=100000")
    assert reasons(asyncio.run(group.publish(big))) == [""] * 40
    assert asyncio.run(group.stored()) == 41


def test_nothing_is_seen_before_it_is_durable(tmp_path: Path) -> None:
    async def work() -> None:
        gate = Gate()
        group = Group(tmp_path / "node.db", gate)
        author = Author()
        gate.open.set()
        created, payload = author.create(n=1)
        await group.publish([(created, payload)])
        real = group.store.durable

        async def durable() -> None:
            gate.open.clear()
            await real()

        group.store.durable = durable  # type: ignore[method-assign]
        published = asyncio.create_task(group.publish([author.delete(created.hash), *many(5, first=2)]))
        await until(lambda: gate.waiting and not gate.open.is_set())
        # The group is worked out and its COMMIT is under way: others are answered, from what is committed.
        assert await group.stored() == 1
        arguments: Any = await group.node.get_entry_arguments(author.signer.author, SCHEMA)
        assert arguments["seqNum"] == 2
        assert not published.done()
        gate.open.set()
        assert reasons(await published) == [""] * 6
        assert await group.stored() == 5
        arguments = await group.node.get_entry_arguments(author.signer.author, SCHEMA)
        assert arguments["seqNum"] == 3
        group.store.close()

    asyncio.run(work())


def test_another_program_that_writes_is_waited_for(tmp_path: Path) -> None:
    async def work() -> None:
        group = Group(tmp_path / "node.db", in_a_thread)
        other = sqlite3.connect(tmp_path / "node.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        published = asyncio.create_task(group.publish(many(3)))
        await until(lambda: group.connection.busy)
        assert await group.stored() == 0, "others are answered meanwhile"
        other.execute("ROLLBACK")
        other.close()
        assert reasons(await published) == [""] * 3
        group.store.close()

    asyncio.run(work())


def test_an_answer_is_of_one_state(tmp_path: Path) -> None:
    """A commit between two reads of one answer is not seen by the second."""
    one = Group(tmp_path / "node.db", in_a_thread)
    two = Group(tmp_path / "node.db")
    asyncio.run(one.publish(many(1)))
    with one.store.snapshot():
        assert list(one.store.entries.schemas()) == [SCHEMA]
        asyncio.run(two.publish(many(3, first=2)))
        assert len(list(one.store.entries.of_schema(SCHEMA))) == 1
    assert len(list(one.store.entries.of_schema(SCHEMA))) == 4
    one.store.close()
    two.store.close()


def test_checked_outside_of_the_event_loop() -> None:
    """Many entries, or a large one; for a small one alone the way to a thread is longer than the work."""
    for entries, aside in ((many(1), False), (many(20), True), ([Author().create(text="x" * 2000)], True)):
        group = Group(None, checking=in_a_thread)
        assert reasons(asyncio.run(group.publish(entries))) == [""] * len(entries)
        assert (threading.get_ident() not in group.verifier.threads) == aside
        group.store.close()


@pytest.mark.parametrize("when", ["before", "during"])
def test_whoever_is_cancelled_loses_nothing_of_the_others(tmp_path: Path, when: str) -> None:
    async def work() -> None:
        gate = Gate()
        group = Group(tmp_path / "node.db", gate)
        entries = many(10)
        running = [asyncio.create_task(group.publish([entry])) for entry in entries]
        if when == "during":
            gate.open.set()
            real = group.store.durable

            async def durable() -> None:
                for task in running[::2]:
                    task.cancel()
                await real()

            group.store.durable = durable  # type: ignore[method-assign]
        else:
            await until(lambda: gate.waiting)
            for task in running[::2]:
                task.cancel()
            gate.open.set()
        answers = await asyncio.gather(*running, return_exceptions=True)
        assert [isinstance(answer, asyncio.CancelledError) for answer in answers] == [True, False] * 5
        await group.node.finish()
        assert await group.stored() == 10, "what was begun is finished"
        again = await group.publish(entries)
        assert reasons(again) == [""] * 10
        assert await group.stored() == 10
        group.store.close()

    asyncio.run(work())


def test_finishing_waits_for_what_was_taken_in(tmp_path: Path) -> None:
    async def work() -> None:
        group = Group(tmp_path / "node.db", in_a_thread, checking=in_a_thread)
        running = [asyncio.create_task(group.publish([entry])) for entry in many(200)]
        await until(lambda: group.verifier.batches)
        await group.node.finish()
        assert await group.stored() == 200
        group.store.close()
        await asyncio.gather(*running)

    asyncio.run(work())


def test_a_group_outside_of_its_bounds(tmp_path: Path) -> None:
    """Nothing is written outside of a group, and one that was left behind is rolled back."""
    store = Store(tmp_path / "node.db")
    with pytest.raises(StoreFailed), store.transaction():
        pass
    with pytest.raises(StoreFailed):
        asyncio.run(store.durable())
    asyncio.run(store.begin())
    asyncio.run(store.begin())
    asyncio.run(store.durable())
    store.close()


def test_links_within_a_group_are_held_to_the_rules(group: Group) -> None:
    author = Author()
    first = author.create()
    author.head = author.head.advance(digest(b"something else"))
    wrong = author.create()
    answers = asyncio.run(group.publish([first, wrong]))
    assert isinstance(answers[1], InvalidLink)
